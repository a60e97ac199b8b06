"""The charts as a vendor packs them, and what they render."""

import copy
import shutil
import tempfile
import unittest
from pathlib import Path

import helm_python as helm
import yaml

ROOT = Path(__file__).resolve().parents[2]
HELM = ROOT / "deploy" / "helm"
CHARTS = ["polygent", "align", "alexandria-ee"]
# What each chart's texts call the deployment.
DEPLOYMENTS = {"polygent": "polygent", "align": "align-gateway", "alexandria-ee": "alexandria-ee"}
# Only its form counts where no service is started.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
-----END PUBLIC KEY-----
"""


def packed(chart, directory, public_key=PUBLIC_KEY):
    """A copy of a chart with the vendor's key in it, packed; the archive."""
    copied = Path(directory) / "charts" / chart
    shutil.copytree(HELM / chart, copied)
    (copied / "keys").mkdir()
    (copied / "keys" / "vendor.pem").write_text(public_key)
    return Path(helm.package(copied, destination=directory))


def values_files(chart, pattern):
    files = sorted((HELM / chart / "ci").glob(pattern))
    assert files, f"no {pattern} for {chart}"
    return files


def values_of(file):
    return helm.values_from_yaml(file.read_text())


def nested(path, value):
    """Values with this one at a path, whose members are names, and 0 for a list."""
    for member in reversed(path):
        value = [value] if member == 0 else {member: value}
    return value


def objects(rendered):
    """All objects of what a chart renders, by kind and name."""
    found = {}
    for text in rendered.values():
        for item in yaml.safe_load_all(text):
            if item:
                key = (item["kind"], item["metadata"]["name"])
                assert key not in found, f"{key} is rendered twice"
                found[key] = item
    return found


def commands(notes):
    """The commands of a chart's notes, a line each."""
    return [line.strip() for line in notes.splitlines() if line.startswith("  ")]


class Packed(unittest.TestCase):
    """Tests of the charts as a vendor packs them, by name in `archives`."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.archives = {chart: packed(chart, cls.directory.name) for chart in CHARTS}

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()


class Rendered:
    """What a chart renders for a release of its own name."""

    def __init__(self, archive, values=None, **options):
        with helm.Chart.load(archive) as chart:
            self.chart = chart.name
            self.values = chart.merge_values(values)
            self.text = chart.render(copy.deepcopy(values or {}), **{"name": self.chart, "namespace": "acme"} | options)
        self.notes = self.text.pop(f"{self.chart}/templates/NOTES.txt")
        self.objects = objects(self.text)

    def kind(self, kind):
        return [item for (of, _), item in self.objects.items() if of == kind]

    @property
    def deployment(self):
        (deployment,) = self.kind("Deployment")
        return deployment

    @property
    def pod(self):
        return self.deployment["spec"]["template"]["spec"]

    @property
    def container(self):
        (container,) = self.pod["containers"]
        return container

    @property
    def env(self):
        return {variable["name"]: variable for variable in self.container["env"]}

    def volume(self, name):
        volumes = [volume for volume in self.pod["volumes"] if volume["name"] == name]
        return volumes[0] if volumes else None
