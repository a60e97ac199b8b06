"""Runs commands as the texts give them: `helm` through the library that Helm
itself is, everything else by a shell with the real kubectl.
"""

import argparse
import os
import shlex
import subprocess

import helm_python


class Shell:
    """A directory of an administrator, whose kubectl and helm know a cluster."""

    def __init__(self, cluster, directory, chart):
        self.cluster, self.directory, self.chart = cluster, directory, chart
        # What was installed is known to this process alone.
        self.configs = {}

    def close(self):
        for config in self.configs.values():
            config.close()

    def run(self, command):
        """What a command prints."""
        if command.startswith("helm "):
            return self.helm(shlex.split(command.replace("\\\n", " "))[1:])
        env = os.environ | {"KUBECONFIG": str(self.cluster.kubeconfig)}
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], cwd=self.directory, env=env, capture_output=True, text=True
        )
        if ran.returncode != 0:
            raise RuntimeError(f"{command}\nended with {ran.returncode}: {ran.stderr}{ran.stdout}")
        return ran.stdout

    def helm(self, arguments):
        parser = argparse.ArgumentParser("helm")
        commands = parser.add_subparsers(dest="command", required=True)
        upgrade = commands.add_parser("upgrade")
        upgrade.add_argument("release")
        upgrade.add_argument("chart")
        upgrade.add_argument("--install", action="store_true")
        upgrade.add_argument("--set", action="append", default=[])
        upgrade.add_argument("--values", action="append", default=[])
        values = commands.add_parser("get").add_subparsers(dest="what", required=True).add_parser("values")
        values.add_argument("release")
        uninstall = commands.add_parser("uninstall")
        uninstall.add_argument("release")
        for command in (upgrade, values, uninstall):
            command.add_argument("--namespace", "-n", default=self.cluster.namespace)
        given = parser.parse_args(arguments)
        config = self.config(given.namespace)
        if given.command == "get":
            return str(config.get_values(given.release))
        if given.command == "uninstall":
            return config.uninstall(given.release)["info"]
        overrides = {}
        for file in given.values:
            merge(overrides, helm_python.values_from_yaml((self.directory / file).read_text()))
        for expression in given.set:
            merge(overrides, helm_python.parse_set_string(expression))
        known = any(release["name"] == given.release for release in config.list())
        act = config.install if given.install and not known else config.upgrade
        # A registry's, or one of a directory that the text names.
        assert given.chart.rstrip("/").endswith(self.chart.name.rsplit("-", 1)[0]), given.chart
        release = act(self.chart, given.release, overrides, namespace=given.namespace)
        return release["notes"]

    def config(self, namespace):
        if namespace not in self.configs:
            self.configs[namespace] = helm_python.Config(
                kubeconfig_path=self.cluster.kubeconfig, namespace=namespace, storage_driver="memory"
            )
        return self.configs[namespace]


def merge(values, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merge(values[key], value)
        else:
            values[key] = value
