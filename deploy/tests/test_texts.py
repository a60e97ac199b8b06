"""Every command about the license in the products' texts, against the charts.

The commands stand here as the texts give them; names of hosts apart. Where a
text restarts for a renewal, the renewal is in force before that.
"""

import json
import re
import time
import unittest
from datetime import datetime, timezone

import helm_python

from product import Load, Product

DAY = 86_400


def date(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).date().isoformat()


class Align(Product):
    chart = "align"
    namespace = "align"

    RENEW = """kubectl create secret generic align-license \\
--namespace align \\
--from-file=license.jwt=./new-license.jwt \\
--dry-run=client -o yaml | kubectl apply -f -"""
    LOOK = "kubectl logs -l app.kubernetes.io/component=gateway -n align | grep -i license"

    def license(self, id, expires, features=("sso",)):
        begins = min(int(time.time()), expires - 30 * DAY)
        return self.vendor.claims({
            "iss": "https://align.tech", "sub": id, "aud": "align-self-hosted",
            "iat": begins, "exp": expires, "nbf": begins,
            "customer": {"id": "cust_abc123", "name": "Acme Corp", "email": "admin@acme.com"},
            "plan": "enterprise",
            "limits": {
                "users": 500, "decisions": None,
                "connectors": ["slack", "github", "jira", "linear", "teams"], "features": list(features),
            },
            "deployment": {"type": "self-hosted"},
        })

    def in_force(self):
        status, body = self.ask("/api/license", token=self.token)
        self.assertEqual(status, 200, body)
        return body["license"] and body["license"]["id"]

    def test_from_the_secret_to_a_renewal_under_load(self):
        # Before there is a license: the pod is ready, and refuses.
        self.run_command("helm upgrade --install align oci://registry.example/align/charts/align --namespace align")
        pod = self.pod
        self.assertIn("License file not found at /etc/align/license/license.jwt", pod.log())
        self.assertEqual(self.ask("/api/users")[0], 503)
        self.token = self.sign_in(self.secret("align-admin", "password"))

        expires = int(time.time()) // DAY * DAY + 200 * DAY
        self.write("license.jwt", self.license("lic_abc123", expires))
        self.run_command("""kubectl create secret generic align-license \\
--namespace align \\
--from-file=license.jwt=./license.jwt""")
        self.until(lambda: self.in_force() == "lic_abc123", "the first license is in force")
        self.write("values.yaml", """license:
  enabled: true
  secretName: align-license
  secretKey: license.jwt
""")
        self.run_command("""helm upgrade align oci://registry.example/align/charts/align \\
--namespace align \\
--values values.yaml""")
        looked = self.run_command(self.LOOK)
        self.assertIn("License validated successfully: Acme Corp (Enterprise)", looked)
        self.assertIn(f"License expires: {date(expires - 1)}", looked)

        renewals = [self.license(f"lic_{year}", expires + year * 365 * DAY, ["auditLog"]) for year in range(1, 6)]
        with Load(pod, "/api/banner") as load:
            time.sleep(0.5)
            for year, text in enumerate(renewals, 1):
                self.write("new-license.jwt", text)
                self.run_command(self.RENEW)
                self.until(lambda: self.in_force() == f"lic_{year}", "the renewal is in force")
            time.sleep(0.5)
        self.assertEqual(load.faults, [])
        print(f"{sum(load.answers)} answers in {load.seconds:.1f} s while the Secret was replaced five times")
        self.assertGreater(sum(load.answers), 200)
        self.assertEqual(self.ask("/api/audit-log", token=self.token)[0], 200)
        renewed = f"License expires: {date(expires + 5 * 365 * DAY - 1)}"
        self.until(lambda: renewed in self.run_command(self.LOOK), "the log says it")

        # A bad one changes nothing.
        self.write("new-license.jwt", "no license")
        self.run_command(self.RENEW)
        self.until(lambda: self.ask("/api/license", token=self.token)[1]["warnings"], "it is reported")
        self.assertEqual(self.in_force(), "lic_5")
        self.assertIs(self.pod, pod)
        self.assertIsNone(pod.process.poll())

        # The restart that the text asks for does no harm: the store remembers.
        self.run_command("kubectl rollout restart deployment/align-gateway -n align")
        self.assertIsNot(self.pod, pod)
        self.assertEqual(self.in_force(), "lic_5")

        # Troubleshooting.
        self.assertIn("align-license", self.run_command("kubectl get secret align-license -n align"))
        described = self.run_command("kubectl describe pod -l app.kubernetes.io/component=gateway -n align")
        self.assertIn("/etc/align/license from license (ro)", described)

    def test_an_expired_license_and_a_forged_one_are_told_as_the_text_says(self):
        expires = int(time.time()) // DAY * DAY - 2 * DAY
        self.write("license.jwt", self.license("lic_expired", expires))
        self.run_command("kubectl create secret generic align-license --namespace align --from-file=license.jwt=./license.jwt")
        notes = self.run_command("helm upgrade --install align oci://registry.example/align/charts/align --namespace align")
        told = f"License expired on {date(expires - 1)}. Grace period ends {date(expires + 14 * DAY - 1)}."
        self.assertIn(told, self.run_command(self.LOOK))
        text = self.license("lic_forged", expires + 400 * DAY)
        self.write("new-license.jwt", text[:-8] + "AAAAAAAA")
        self.run_command(self.RENEW)
        self.until(lambda: "License signature verification failed" in self.pod.log(), "it is told")

        # The commands of the notes, the last of which installs another license.
        self.write("license.jwt", self.license("lic_good", expires + 400 * DAY))
        password, log, state, install = self.commands(notes)
        self.token = self.sign_in(self.run_command(password))
        self.assertIn(told, self.run_command(log))
        self.assertEqual(json.loads(self.run_command(state))["phase"], "grace")
        self.run_command(install)
        self.until(lambda: self.in_force() == "lic_good", "what the notes install is in force")


class Alexandria(Product):
    chart = "alexandria-ee"
    namespace = "alexandria"

    INSTALL = """helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/ \\
--set license.key='{key}'"""
    REPLACE = """kubectl create secret generic alexandria-ee-license \\
--from-literal=license.key='{key}' \\
--namespace alexandria \\
--dry-run=client -o yaml | kubectl apply -f -"""
    PATCH = """kubectl patch secret alexandria-ee-license -n alexandria \\
--type='json' \\
-p='[{{"op":"replace","path":"/data/license.key","value":"'$(echo -n '{key}' | base64 -w0)'"}}]'"""
    LOOK = "kubectl logs -l app.kubernetes.io/component=api -n alexandria | grep -i license"

    def license(self, id, expires, *entitlements, tier="enterprise"):
        now = int(time.time())
        return self.vendor.claims({
            "iss": "https://alexandria.example", "sub": id, "aud": "alexandria-ee", "iat": now, "exp": expires,
            "tier": tier, "entitlements": list(entitlements),
        })

    def notes_token(self, notes):
        """What the commands of the notes make of the secret that they read."""
        *script, log, state, _ = self.commands(notes)
        script = "\n".join(script)
        self.assertIn("license", self.run_command(log).lower())
        status, token = self.run_command(f'{script}\n{state} -o /dev/null -w %{{http_code}}\necho " $token"').split()
        self.assertEqual(status, "200")
        return token

    def in_force(self):
        status, body = self.ask("/admin/license", token=self.token)
        self.assertEqual(status, 200, body)
        return body["entitlements"]

    def test_a_key_in_the_values_is_replaced_in_every_way_without_a_restart(self):
        expires = int(time.time()) + 359 * DAY - DAY // 2
        first = self.license("lic_1", expires, "oidc", "scim")
        notes = self.run_command(self.INSTALL.format(key=first))
        pod, secret = self.pod, self.secret("alexandria-ee-admin", "jwt-secret")
        self.token = self.notes_token(notes)
        status, body = self.ask("/admin/license", token=self.token)
        self.assertEqual((status, body["tier"], body["entitlements"]), (200, "enterprise", ["oidc", "scim"]))
        self.assertEqual((body["days_remaining"], body["grace_remaining_seconds"]), (359, 0))
        looked = self.run_command(self.LOOK)
        self.assertIn(f"license loaded tier=enterprise expires_at={date(expires)} entitlements=[oidc scim]", looked)

        self.run_command(self.REPLACE.format(key=self.license("lic_2", expires, "vault")))
        self.until(lambda: self.in_force() == ["vault"], "the replaced key is in force")
        self.run_command(self.PATCH.format(key=self.license("lic_3", expires, "scim")))
        self.until(lambda: self.in_force() == ["scim"], "the patched key is in force")
        fourth = self.license("lic_4", expires, "multi_tenant")
        notes = self.run_command(self.INSTALL.format(key=fourth))
        self.until(lambda: self.in_force() == ["multi_tenant"], "the key of an upgrade is in force")
        self.assertIn("WARNING: the license key stands in the values of this release", notes)
        self.assertIn(fourth, self.run_command("helm get values alexandria-ee"))

        # Out of the values, as the notes say it, and the Secret stays.
        away = notes[notes.index("--set license.key= ") :].split("\n", 1)[0]
        self.run_command(f"helm upgrade alexandria-ee k8s/helm/alexandria-ee/ {away}")
        self.assertNotIn("eyJ", self.run_command("helm get values alexandria-ee"))
        self.assertEqual(self.secret("alexandria-ee-license", "license.key"), fourth)
        self.run_command(self.REPLACE.format(key=self.license("lic_5", expires, "audit_export")))
        self.until(lambda: self.in_force() == ["audit_export"], "a key after that is in force")
        self.assertIs(self.pod, pod)
        self.assertIsNone(pod.process.poll())
        # What the chart made is kept over all of these.
        self.assertEqual(self.secret("alexandria-ee-admin", "jwt-secret"), secret)

        self.run_command("kubectl rollout restart deployment/alexandria-ee -n alexandria")
        self.assertIsNot(self.pod, pod)
        self.assertEqual(self.in_force(), ["audit_export"])
        self.assertFalse("eyJ" in self.pod.log() + pod.log(), "a token in the log")

    def test_a_secret_that_the_values_name_may_come_later(self):
        self.write("values.yaml", "license:\n  secretName: alexandria-ee-license\n")
        notes = self.run_command("helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/ --values values.yaml")
        self.token = self.notes_token(notes)
        self.assertEqual(self.in_force(), [])
        self.assertEqual(self.ask("/v1/blobs")[0], 200)
        self.assertEqual(self.ask("/scim/v2/Users")[0], 402)
        pod = self.pod
        self.run_command(self.REPLACE.format(key=self.license("lic_1", int(time.time()) + 30 * DAY, "scim")))
        self.until(lambda: self.in_force() == ["scim"], "the key is in force")
        self.assertIs(self.pod, pod)

    def test_what_another_made_is_not_taken_over_and_the_refusal_says_what_to_do(self):
        expires = int(time.time()) + 30 * DAY
        first = self.run_command("helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/")
        *_, install = self.commands(first)
        self.run_command(install.replace("<LICENSE_KEY>", self.license("lic_1", expires, "vault")))
        self.token = self.notes_token(first)
        self.until(lambda: self.in_force() == ["vault"], "the Secret of the notes is in force")
        key = self.license("lic_2", expires, "scim")
        with self.assertRaises(helm_python.HelmError) as raised:
            self.run_command(self.INSTALL.format(key=key))
        told = str(raised.exception)
        self.assertIn("the Secret alexandria-ee-license is there already, and this release did not make it", told)
        self.assertNotIn("eyJ", told)
        self.assertEqual(self.in_force(), ["vault"])
        # Each of the two ways that it tells.
        flag = re.search(r"--set license\.secretName=\S+(?=;)", told).group()
        self.run_command(f"helm upgrade alexandria-ee k8s/helm/alexandria-ee/ {flag}")
        self.assertEqual(self.in_force(), ["vault"])
        self.run_command(re.search(r"kubectl delete secret \S+ --namespace \S+", told).group())
        self.run_command(self.INSTALL.format(key=key))
        self.until(lambda: self.in_force() == ["scim"], "the key of the values is in force")

    def test_a_secret_of_the_name_that_the_chart_would_make_is_named_in_the_refusal(self):
        self.run_command("kubectl create secret generic alexandria-ee-admin --from-literal=jwt-secret=0123456789abcdef0123456789abcdef")
        with self.assertRaises(helm_python.HelmError) as raised:
            self.run_command("helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/")
        told = str(raised.exception)
        self.assertIn("the Secret alexandria-ee-admin is there already, and this release did not make it", told)
        flag = re.search(r"--set admin\.existingSecret=\S+", told).group()
        self.token = self.notes_token(self.run_command(f"helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/ {flag}"))

    def test_a_release_that_is_removed_and_comes_back_knows_its_administrators_and_its_license(self):
        key = self.license("lic_1", int(time.time()) + 30 * DAY, "scim")
        self.token = self.notes_token(self.run_command(self.INSTALL.format(key=key)))
        self.run_command("helm uninstall alexandria-ee")
        self.assertEqual(self.pods, [])
        self.run_command("helm upgrade --install alexandria-ee k8s/helm/alexandria-ee/")
        self.assertEqual(self.in_force(), ["scim"])


class Polygent(Product):
    chart = "polygent"

    def license(self, id, *features, days=365):
        return self.vendor.license(
            id, "--plan", "enterprise", "--limit", "users=5", "--limit", "session_hosts=1", "--limit", "deploy_hosts=1",
            *(flag for feature in features for flag in ("--feature", feature)), days=days,
        )

    def upload(self, text, pod=None):
        status, body = self.ask("/api/license", text.encode(), self.token, pod, "application/jwt")
        self.assertEqual(status, 200, body)

    def test_an_uploaded_license_is_renewed_without_a_restart_and_outlives_the_pod(self):
        notes = self.run_command("helm upgrade --install polygent oci://registry.example/charts/polygent")
        pod = self.pod
        password, look = self.commands(notes)
        self.token = self.sign_in(self.run_command(password))
        self.assertEqual(self.ask("/api/workflows", token=self.token)[0], 503)
        self.upload(self.license("lic_1", "workflows"))
        self.assertEqual(self.ask("/api/workflows", token=self.token)[0], 200)
        self.upload(self.license("lic_2", "planner", days=400))
        self.assertEqual(self.ask("/api/planner", token=self.token)[0], 200)
        self.assertIs(self.pod, pod)
        self.run_command("kubectl rollout restart deployment/polygent")
        self.assertIsNot(self.pod, pod)
        status, body = self.ask("/api/license", token=self.token)
        self.assertEqual((status, body["license"]["id"], body["phase"]), (200, "lic_2", "active"))
        password, look = self.commands(notes)
        self.assertEqual(json.loads(self.run_command(look))["phase"], "active")


if __name__ == "__main__":
    unittest.main()
