"""What the charts promise, held against what they render."""

import base64
import unittest
from pathlib import PurePosixPath

import helm_python as helm

from charts import CHARTS, DEPLOYMENTS, Packed, Rendered, commands, values_files, values_of

COMPONENTS = {"polygent": "api", "align": "gateway", "alexandria-ee": "api"}
KEYS = ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJsaWNfMSJ9.b25l", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJsaWNfMiJ9.dHdv"]


class Rules(Packed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = {
            f"{chart}/ci/{file.name}": (chart, Rendered(cls.archives[chart], values_of(file)))
            for chart in CHARTS
            for file in values_files(chart, "*-values.yaml")
        }

    def each(self, check):
        for label, (chart, rendered) in self.all.items():
            with self.subTest(label):
                check(chart, rendered)

    def render(self, chart, values=None, **options):
        return Rendered(self.archives[chart], values, **options)

    def test_the_license_is_a_directory_of_an_optional_secret(self):
        places = {"align": "LICENSE_FILE", "alexandria-ee": "LICENSE_KEY_FILE"}

        def check(chart, rendered):
            self.assertFalse("subPath" in repr(rendered.objects), "a subPath")
            self.assertNotIn("LICENSE_KEY", rendered.env)
            volume = rendered.volume("license")
            if volume is None:
                self.assertTrue(chart == "polygent" or not rendered.values["license"]["enabled"])
                return
            self.assertIs(volume["secret"]["optional"], True)
            self.assertEqual(volume["secret"]["defaultMode"], 0o440)
            self.assertNotIn("items", volume["secret"])
            (mount,) = [it for it in rendered.container["volumeMounts"] if it["name"] == "license"]
            self.assertIs(mount["readOnly"], True)
            file = PurePosixPath(rendered.env[places[chart]]["value"])
            self.assertEqual(str(file.parent), mount["mountPath"])
            self.assertEqual(file.name, rendered.values["license"].get("secretKey", "license.key"))
            named = rendered.values["license"]["secretName"] or f"{chart}-license"
            self.assertEqual(volume["secret"]["secretName"], named)

        self.each(check)

    def test_an_align_without_values_takes_the_secret_of_the_text(self):
        secret = self.render("align").volume("license")["secret"]
        self.assertEqual(secret["secretName"], "align-license")
        self.assertEqual(self.render("align").env["LICENSE_FILE"]["value"], "/etc/align/license/license.jwt")

    def test_probes_ask_whether_it_runs_and_never_for_the_license(self):
        def check(_, rendered):
            (port,) = rendered.container["ports"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertEqual(rendered.container[probe]["httpGet"], {"path": "/healthz", "port": port["name"]})

        self.each(check)

    def test_pods_have_no_privilege(self):
        def check(_, rendered):
            pod, container = rendered.pod, rendered.container
            self.assertIs(pod["automountServiceAccountToken"], False)
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertEqual(pod["securityContext"].get("runAsUser"), rendered.values.get("userId"))
            self.assertEqual(pod["securityContext"].get("fsGroup"), rendered.values.get("userId"))
            expected = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            self.assertEqual(container["securityContext"], expected)
            self.assertFalse({"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys())
            kinds = {key for volume in pod["volumes"] for key in volume} - {"name"}
            self.assertLessEqual(kinds, {"secret", "emptyDir", "persistentVolumeClaim"})
            self.assertIn("memory", container["resources"]["limits"])
            self.assertFalse({"command", "args", "lifecycle"} & container.keys())

        self.each(check)

    def test_the_store_is_on_a_volume_that_outlives_the_release(self):
        def check(chart, rendered):
            volume = rendered.volume("data")
            (mount,) = [it for it in rendered.container["volumeMounts"] if it["name"] == "data"]
            self.assertEqual(rendered.env["DATA_DIR"]["value"], mount["mountPath"])
            claims = rendered.kind("PersistentVolumeClaim")
            if rendered.values.get("database", {}).get("secretName"):
                self.assertEqual((claims, list(volume)), ([], ["name", "emptyDir"]))
                self.assertEqual(rendered.deployment["spec"]["strategy"]["type"], "RollingUpdate")
                return
            # Under RollingUpdate the new pod would wait for the store of the old one.
            self.assertEqual(rendered.deployment["spec"]["strategy"], {"type": "Recreate"})
            name = volume["persistentVolumeClaim"]["claimName"]
            if existing := rendered.values["persistence"]["existingClaim"]:
                self.assertEqual((claims, name), ([], existing))
                return
            (claim,) = claims
            self.assertEqual((claim["metadata"]["name"], name), (f"{chart}-data", f"{chart}-data"))
            self.assertEqual(claim["metadata"]["annotations"], {"helm.sh/resource-policy": "keep"})

        self.each(check)

    def test_names_and_labels_are_those_of_the_texts(self):
        def check(chart, rendered):
            deployment = rendered.deployment
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(deployment["metadata"]["name"], DEPLOYMENTS[chart])
            self.assertEqual(labels["app.kubernetes.io/component"], COMPONENTS[chart])
            self.assertEqual(deployment["spec"]["selector"]["matchLabels"], labels)
            (service,) = rendered.kind("Service")
            self.assertEqual(service["spec"]["selector"], labels)
            (port,) = service["spec"]["ports"]
            self.assertEqual(port["targetPort"], rendered.container["ports"][0]["name"])
            forward = f"kubectl port-forward -n acme service/{service['metadata']['name']} 3000:{port['port']}"
            self.assertEqual(commands(rendered.notes)[0], forward)

        self.each(check)

    def test_a_release_of_another_name_has_names_of_its_own(self):
        for release, name in [
            ("prod", "prod-align"), ("align-prod", "align-prod"), ("x" * 53, "x" * 50),
            # The name of a Service begins with a letter, and has no dot.
            ("2026", "align-2026"), ("1.0", "align-1-0"), ("2-align", "align-2-align"), ("a.b", "a-b-align"),
        ]:
            rendered = self.render("align", name=release)
            self.assertEqual(rendered.deployment["metadata"]["name"], f"{name}-gateway")
            self.assertEqual(rendered.volume("data")["persistentVolumeClaim"]["claimName"], f"{name}-data")
            for (_, found) in rendered.objects:
                self.assertLessEqual(len(found), 63)

    def test_replicas_share_a_database_and_no_machine(self):
        for replicas in (0, 1, 2, 100):
            for database in ("", "polygent-database"):
                for machine_bound in (False, True):
                    for machine_id in ("", "polygent/berlin-1"):
                        values = {
                            "replicaCount": replicas, "database": {"secretName": database},
                            "license": {"machineBound": machine_bound}, "machineId": machine_id,
                        }
                        alone = replicas <= 1
                        good = alone or (bool(database) and not machine_bound and not machine_id)
                        with self.subTest(values):
                            if good:
                                rendered = self.render("polygent", values)
                                self.assertEqual(rendered.deployment["spec"]["replicas"], replicas)
                            else:
                                with self.assertRaises(helm.HelmRenderError):
                                    self.render("polygent", values)

    def test_a_database_is_named_and_never_written_out(self):
        rendered = self.render("polygent", {"database": {"secretName": "shared", "secretKey": "dsn"}})
        self.assertEqual(rendered.env["DATABASE_URL"]["valueFrom"], {"secretKeyRef": {"name": "shared", "key": "dsn"}})
        self.assertNotIn("DATABASE_URL", self.render("polygent").env)

    def test_a_new_key_changes_the_secret_and_no_pod(self):
        admin = {"existingSecret": "admin"}
        one, two = (self.render("alexandria-ee", {"license": {"key": key}, "admin": admin}) for key in KEYS)
        self.assertNotEqual(one.text, two.text)
        self.assertEqual(one.deployment, two.deployment)
        secret = one.objects["Secret", "alexandria-ee-license"]
        self.assertEqual(base64.b64decode(secret["data"]["license.key"]).decode(), KEYS[0])
        self.assertEqual(secret["metadata"]["annotations"], {"helm.sh/resource-policy": "keep"})
        self.assertEqual(one.volume("license")["secret"]["secretName"], "alexandria-ee-license")
        for part in (*one.text.values(), one.notes):
            self.assertFalse(KEYS[0] in part, "the key itself is rendered")
        self.assertIn("WARNING: the license key stands in the values", one.notes)
        self.assertNotIn("WARNING", self.render("alexandria-ee").notes)
        self.assertNotIn(("Secret", "alexandria-ee-license"), self.render("alexandria-ee").objects)

    def test_a_credential_is_made_or_taken_from_a_secret(self):
        for chart, key, variable, length in [
            ("polygent", "password", "ADMIN_PASSWORD", 24),
            ("align", "password", "ADMIN_PASSWORD", 24),
            ("alexandria-ee", "jwt-secret", "ADMIN_JWT_SECRET", 48),
        ]:
            made = [self.render(chart).objects["Secret", f"{chart}-admin"] for _ in range(2)]
            texts = {base64.b64decode(secret["data"][key]).decode() for secret in made}
            self.assertEqual([len(text) for text in texts], [length, length])
            self.assertEqual(made[0]["metadata"]["annotations"], {"helm.sh/resource-policy": "keep"})
            given = self.render(chart, {"admin": {"existingSecret": "credentials"}})
            self.assertEqual(given.kind("Secret"), [])
            reference = {"secretKeyRef": {"name": "credentials", "key": key}}
            self.assertEqual(given.env[variable], {"name": variable, "valueFrom": reference})

    def test_a_machine_id_is_passed_on(self):
        id = "polygent/berlin-1"
        self.assertNotIn("MACHINE_ID", self.render("polygent").env)
        self.assertEqual(self.render("polygent", {"machineId": id}).env["MACHINE_ID"]["value"], id)
        notes = {
            (bound, given): self.render("polygent", {"license": {"machineBound": bound}, "machineId": given}).notes
            for bound in (False, True)
            for given in ("", id)
        }
        for (bound, given), text in notes.items():
            self.assertEqual("set machineId" in text, not given, text)
            self.assertEqual("WARNING" in text, bound and not given, text)

    def test_the_notes_say_what_a_host_and_an_address_are_held_against(self):
        for chart in CHARTS:
            for proxies in ([], ["10.0.0.0/8"]):
                notes = self.render(chart, {"trustedProxies": proxies}).notes
                self.assertIn("curl -H 'Host: HOST'", notes)
                # Alexandria's administrators have no passwords.
                advised = chart != "alexandria-ee" and not proxies
                self.assertEqual("name its addresses in trustedProxies" in notes, advised, notes)

    def test_the_vendors_keys_are_those_of_the_values_or_of_the_chart(self):
        pem = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"
        for chart in CHARTS:
            self.assertIn("BEGIN PUBLIC KEY", self.render(chart).env["LICENSE_PUBLIC_KEY"]["value"])
            given = [pem.format("one"), "new=" + pem.format("two")]
            rendered = self.render(chart, {"license": {"publicKeys": given}})
            self.assertEqual(rendered.env["LICENSE_PUBLIC_KEY"]["value"], ",".join(given))

    def test_an_image_is_named_by_tag_or_digest(self):
        digest = "sha256:" + "0" * 64
        for image, name in [({}, "align:0.1.0"), ({"tag": "2"}, "align:2"), ({"tag": "2", "digest": digest}, f"align@{digest}")]:
            self.assertEqual(self.render("align", {"image": image}).container["image"], name)

    def test_a_variable_of_the_chart_is_not_set_twice(self):
        for chart in CHARTS:
            for variable in self.render(chart).env:
                with self.subTest(f"{chart}: {variable}"), self.assertRaises(helm.HelmRenderError):
                    self.render(chart, {"extraEnv": [{"name": variable, "value": "x"}]})


if __name__ == "__main__":
    unittest.main()
