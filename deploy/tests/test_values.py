"""Every value file of every chart: linted, rendered, and valid for Kubernetes."""

import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

from charts import CHARTS, HELM, PUBLIC_KEY, ROOT, Packed, Rendered, nested, values_files, values_of

# The oldest that Chart.yaml names, and the newest that is known here.
VERSIONS = ["1.25", kubernetes_validate.latest_version()]


class Values(Packed):
    def each(self, pattern, check):
        for chart in CHARTS:
            for file in values_files(chart, pattern):
                with self.subTest(f"{chart}/ci/{file.name}"):
                    check(self.archives[chart], file)

    def test_there_are_at_least_six_good_and_five_bad_ones(self):
        for chart in CHARTS:
            self.assertGreaterEqual(len(values_files(chart, "*-values.yaml")), 6, chart)
            self.assertGreaterEqual(len(values_files(chart, "refused-*.yaml")), 5, chart)
            every = len(values_files(chart, "*"))
            both = len(values_files(chart, "*-values.yaml")) + len(values_files(chart, "refused-*.yaml"))
            self.assertEqual(every, both, f"{chart}/ci holds a file that no test reads")

    def test_good_ones_pass_lint(self):
        def check(archive, file):
            report = helm.lint(archive, values_of(file), strict=True, kube_version="v1.25.0")
            # An icon would have to be fetched from somewhere.
            told = [it for it in report["messages"] if it["error"] != "icon is recommended"]
            self.assertEqual((told, report["errors"]), ([], []))

        self.each("*-values.yaml", check)

    def test_good_ones_render_what_kubernetes_takes(self):
        def check(archive, file):
            rendered = Rendered(archive, values_of(file)).objects
            self.assertGreaterEqual(len(rendered), 2)
            for item in rendered.values():
                for version in VERSIONS:
                    kubernetes_validate.validate(item, version, strict=True)

        self.each("*-values.yaml", check)

    def test_a_name_that_looks_like_a_number_or_a_switch_is_a_text(self):
        # In YAML each of these is something else, unless it is quoted.
        for text in ("2026", "true", "on", "null", "0x1", "1.0", "1e3", "0777"):
            shared = {
                "imagePullSecrets": [text], "admin": {"existingSecret": text}, "image": {"tag": text},
                "persistence": {"existingClaim": text, "storageClassName": text},
                "extraEnv": [{"name": "RUST_LOG", "value": text}],
                "nodeSelector": {"pool": text},
            }
            volume = {"persistence": {"storageClassName": text}}
            for chart, values in [
                ("polygent", shared | {"database": {"secretName": text, "secretKey": text}}),
                ("polygent", shared | {"machineId": "1" * 16}),
                ("align", shared | {"license": {"secretName": text, "secretKey": text}}),
                ("alexandria-ee", shared | {"license": {"secretName": text}}),
                ("alexandria-ee", volume | {"license": {"key": "1.1.1"}}),
            ]:
                with self.subTest(f"{chart}: {text}"):
                    rendered = Rendered(self.archives[chart], values, name=text)
                    for item in rendered.objects.values():
                        for version in VERSIONS:
                            kubernetes_validate.validate(item, version, strict=True)
                    self.assertEqual(rendered.deployment["metadata"]["labels"]["app.kubernetes.io/instance"], text)
                    # Where only Helm's reader takes it for something else.
                    for lines in rendered.text.values():
                        for line in lines.splitlines():
                            if not re.search("(runAsNonRoot|readOnlyRootFilesystem|readOnly|optional): true", line):
                                self.assertNotRegex(line, rf"[:-] {re.escape(text)}( |,|$)")

    def test_bad_ones_are_refused_with_their_message(self):
        def check(archive, file):
            first = file.read_text().splitlines()[0]
            self.assertTrue(first.startswith("# refused: "), first)
            with self.assertRaises(helm.HelmError) as raised:
                Rendered(archive, values_of(file))
            self.assertIn(first.removeprefix("# refused: "), str(raised.exception))

        self.each("refused-*.yaml", check)

    def test_a_member_that_is_missing_or_unknown_is_refused_at_every_depth(self):
        def places(schema, path=()):
            if schema.get("type") == "object" and "properties" in schema:
                yield path, schema
                for name, member in schema["properties"].items():
                    yield from places(member, (*path, name))

        for chart, archive in self.archives.items():
            with helm.Chart.load(archive) as loaded:
                for path, schema in places(loaded.schema):
                    self.assertIs(schema["additionalProperties"], False, path)
                    for member in schema["properties"].values():
                        self.assertTrue(member.get("description", "").endswith("."), (chart, path, member))
                    values = nested(path, {"surplus": 1})
                    with self.subTest(f"{chart}: {path}"), self.assertRaises(helm.HelmValuesError):
                        loaded.validate_schema(loaded.merge_values(values))
                    for name in schema.get("required", []):
                        values = nested(path, {name: None})
                        with self.subTest(f"{chart}: {path} {name}"), self.assertRaises(helm.HelmError):
                            Rendered(archive, values)

    def test_what_the_charts_share_is_the_same_in_all(self):
        def shared(file, read):
            first, *others = (read((HELM / chart / file).read_text()) for chart in CHARTS)
            own = {"license", "admin", "database", "machineId", "replicaCount", "image"}
            for other in others:
                self.assertEqual(first.keys() - own, other.keys() - own)
                self.assertEqual({k: first[k] for k in first.keys() - own}, {k: other[k] for k in other.keys() - own})

        shared("values.yaml", helm.values_from_yaml)
        shared("values.schema.json", lambda text: json.loads(text)["properties"])

    def test_every_value_of_the_schema_has_a_default(self):
        for chart in CHARTS:
            values = helm.values_from_yaml((HELM / chart / "values.yaml").read_text())
            schema = json.loads((HELM / chart / "values.schema.json").read_text())
            self.assertEqual(schema["properties"].keys() - {"global", "common"}, values.keys(), chart)

    def test_charts_have_the_version_of_the_workspace(self):
        workspace = (ROOT / "Cargo.toml").read_text().split('\nversion = "', 1)[1].split('"', 1)[0]
        for chart in CHARTS:
            with helm.Chart.load(HELM / chart) as loaded:
                self.assertEqual((loaded.version, loaded.metadata["appVersion"]), (workspace, workspace))

    def test_the_library_is_there_in_the_directory_in_the_archive_and_after_a_build(self):
        values = {"license": {"publicKeys": [PUBLIC_KEY]}, "admin": {"existingSecret": "a"}}
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(HELM, directory, symlinks=True, dirs_exist_ok=True)
            for chart in CHARTS:
                expected = Rendered(HELM / chart, values).text
                self.assertEqual(expected, Rendered(self.archives[chart], values).text)
                # Offline: it is a directory, and no repository is asked.
                helm.dependency_build(Path(directory) / chart)
                self.assertEqual(expected, Rendered(Path(directory) / chart, values).text)
                for place in (HELM, Path(directory)):
                    self.assertEqual([it["status"] for it in helm.dependency_list(place / chart)], ["unpacked"])

    def test_the_pod_that_the_guide_backs_up_with_has_the_volume(self):
        text = (HELM / "README.md").read_text().split("<<'END'\n", 1)[1].split("\nEND\n", 1)[0]
        pod = yaml.safe_load(text)
        for version in VERSIONS:
            kubernetes_validate.validate(pod, version, strict=True)
        rendered = Rendered(self.archives["polygent"])
        self.assertIn(rendered.volume("data"), pod["spec"]["volumes"])
        given = pod["spec"]["securityContext"]
        self.assertLessEqual(given.items(), rendered.pod["securityContext"].items())

    def test_a_chart_without_the_vendors_key_is_refused(self):
        for chart in CHARTS:
            with self.assertRaises(helm.HelmRenderError) as raised:
                Rendered(HELM / chart)
            self.assertIn("the vendor's public key is missing", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
