"""The real programs, started with what the charts render: no value file makes a
pod that does not start, as another user, on a root that cannot be written.
"""

import os
import re
import subprocess
import unittest
import uuid

import yaml

from charts import Rendered, values_files, values_of
from kubelet import ASSIGNED
from product import Product, missing
from vendor import Vendor

# What stands in Secrets that a value file names, by the variable it becomes.
GIVEN = {
    "ADMIN_PASSWORD": "correct horse battery staple",
    "ADMIN_JWT_SECRET": "0123456789abcdef0123456789abcdef",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "METRICS_TOKEN": "metrics",
}


def database():
    """A new database on the server of all tests, as a URL."""
    url = os.environ.get("LICENSE_TEST_POSTGRES")
    if not url:
        missing("LICENSE_TEST_POSTGRES, which scripts/test sets,")
    name = f"charts_{uuid.uuid4().hex}"
    subprocess.run(["psql", url, "-qc", f"CREATE DATABASE {name}"], check=True, capture_output=True)
    return f"{url.rsplit('/', 1)[0]}/{name}"


def license(vendor, *flags):
    limits = (flag for name in ("users", "session_hosts", "deploy_hosts") for flag in ("--limit", f"{name}=5"))
    return vendor.license("lic_1", "--plan", "enterprise", "--feature", "workflows", *limits, *flags).encode()


class Programs(Product):
    def give(self, rendered, given):
        """Makes the Secrets to which a chart refers and that it does not make."""
        for variable in rendered.container["env"]:
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference and ("Secret", reference["name"]) not in rendered.objects:
                self.run_command(
                    f"kubectl create secret generic {reference['name']} --dry-run=client -o yaml"
                    f" --from-literal={reference['key']}='{given[variable['name']]}' | kubectl apply -f -"
                )

    def started(self, values, given=GIVEN):
        """The pods of these values, each of which has answered its probes."""
        self.give(Rendered(self.archive, values), given)
        self.write("values.yaml", yaml.safe_dump(values))
        self.run_command(f"helm upgrade --install {self.chart} {self.chart} --values values.yaml")
        self.assertEqual(len(self.pods), values.get("replicaCount", 1))
        return self.pods


class Started:
    def test_every_value_file_starts_the_program(self):
        for file in values_files(self.chart, "*-values.yaml"):
            values = values_of(file)
            # Those are several; see below.
            if not values.get("database"):
                with self.subTest(file.name):
                    self.start(values)

    def start(self, values):
        if keys := values.get("license", {}).get("publicKeys"):
            pems = [Vendor(self.chart, self.directory).public_key for _ in keys]
            values["license"]["publicKeys"] = [key.split("-----", 1)[0] + pem for key, pem in zip(keys, pems)]
        for pod in self.started(values):
            self.check(pod, values)
        self.run_command(f"helm uninstall {self.chart}")

    def check(self, pod, values):
        with open(f"/proc/{pod.process.pid}/status", encoding="ascii") as lines:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
        # The chart's, or what the platform assigned.
        user = str(values.get("userId", 65532) or ASSIGNED)
        self.assertEqual(status["Uid"].split(), [user] * 4)
        self.assertEqual(status["Groups"].split(), [user])
        self.assertEqual((status["CapEff"], status["CapBnd"], status["NoNewPrivs"]), ("0" * 16, "0" * 16, "1"))
        size, unit = re.fullmatch(r"(\d+)([MG])i", pod.container["resources"]["limits"]["memory"]).groups()
        self.assertLess(int(status["VmHWM"].split()[0]), int(size) * {"M": 1024, "G": 1024**2}[unit])
        writable = {mount["mountPath"] for mount in pod.container["volumeMounts"] if not mount.get("readOnly")}
        self.assertEqual(writable, {"/data", "/tmp"})
        for path in ("/", "/etc", "/usr"):
            flags = os.statvfs(f"/proc/{pod.process.pid}/root{path}").f_flag
            self.assertTrue(flags & os.ST_RDONLY, f"{path} can be written")
        self.assertNotIn("DEMO MODE", pod.log())


class Polygent(Started, Programs):
    chart = "polygent"


class Align(Started, Programs):
    chart = "align"


class Alexandria(Started, Programs):
    chart = "alexandria-ee"


class Keys(Programs):
    chart = "polygent"

    def test_licenses_of_each_key_of_the_values_are_taken(self):
        vendors = [Vendor(self.chart, self.directory / name) for name in ("old", "new")]
        self.started({"license": {"publicKeys": [vendor.public_key for vendor in vendors]}})
        token = self.sign_in(self.secret("polygent-admin", "password"))
        for vendor, status in [*((vendor, 200) for vendor in vendors), (self.vendor, 422)]:
            self.assertEqual(self.ask("/api/license", license(vendor), token, kind="application/jwt")[0], status)


class Machine(Programs):
    chart = "polygent"

    def machine_info(self):
        status, info = self.ask("/api/license/machine-info", token=self.sign_in(self.secret("polygent-admin", "password")))
        self.assertEqual(status, 200, info)
        return info

    def on(self, machine_id):
        """The machine of a new pod, on a node with this id of its own."""
        self.cluster.kubelet.machine_id = machine_id
        for replicas in (0, 1):
            self.run_command(f"helm upgrade polygent polygent --values values.yaml --set replicaCount={replicas}")
        info = self.machine_info()
        return info["scheme"], info["fingerprint"]

    def test_a_machine_id_of_the_values_stays_wherever_the_pod_runs(self):
        nodes = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
        self.started({})
        here, there = map(self.on, nodes)
        self.assertEqual((here[0], there[0]), ("machine-id", "machine-id"))
        self.assertNotEqual(here, there)
        self.started({"machineId": "polygent/berlin-1"})
        here, there, nowhere = map(self.on, [*nodes, None])
        self.assertEqual((here[0], there, nowhere), ("custom", here, here))


class Ingress(Programs):
    chart = "polygent"

    def sign_in_through(self, client, password):
        """The status of a sign-in that an Ingress passes on."""
        headers = {"X-Forwarded-For": client, "X-Forwarded-Host": "polygent.acme.example"}
        return self.ask("/api/auth/sign-in", {"email": "admin@example.com", "password": password}, headers=headers)[0]

    def test_wrong_passwords_count_for_whom_a_trusted_proxy_names_and_else_for_all(self):
        for proxies, status in [([], 429), (["127.0.0.0/8"], 200)]:
            for pod in self.started({"trustedProxies": proxies}):
                wrong = [self.sign_in_through("192.0.2.1", "wrong") for _ in range(11)]
                self.assertIn(429, wrong)
                password = self.secret("polygent-admin", "password")
                self.assertEqual(self.sign_in_through("192.0.2.2", password), status, pod.log())

    def test_a_license_for_a_domain_is_asked_through_a_forwarded_port_with_its_host(self):
        self.started({})
        token = self.sign_in(self.secret("polygent-admin", "password"))
        text = license(self.vendor, "--domain", "polygent.acme.example")
        host = {"Host": "polygent.acme.example"}
        for headers, uploaded, asked in [({}, 422, 503), (host, 200, 200), ({}, 422, 403)]:
            status, body = self.ask("/api/license", text, token, kind="application/jwt", headers=headers)
            self.assertEqual(status, uploaded, body)
            self.assertEqual(self.ask("/api/workflows", token=token, headers=headers)[0], asked)


class Replicas(Programs):
    chart = "polygent"

    def test_one_upload_serves_all_replicas(self):
        (file,) = [file for file in values_files(self.chart, "*-values.yaml") if values_of(file).get("database")]
        pods = self.started(values_of(file), {"DATABASE_URL": database()})
        self.assertEqual(len(pods), 3)
        token = self.sign_in(self.secret("polygent-admin", "password"), pods[0])
        status, body = self.ask("/api/license", license(self.vendor), token, pods[0], "application/jwt")
        self.assertEqual(status, 200, body)
        for pod in pods:
            serves = lambda: self.ask("/api/workflows", token=token, pod=pod)[0] == 200
            self.until(serves, "it serves", pod)
        # New pods come before the old ones leave, on the same database.
        self.run_command("kubectl rollout restart deployment/polygent")
        self.assertFalse(set(pods) & set(self.pods))
        for pod in self.pods:
            self.assertEqual(self.ask("/api/workflows", token=token, pod=pod)[0], 200)


if __name__ == "__main__":
    unittest.main()
