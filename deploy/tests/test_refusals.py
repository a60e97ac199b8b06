"""Values that would fail later, or tell what is secret: a chart refuses them
itself, says what to change, and prints nothing of what it refuses.
"""

import ipaddress
import tempfile
import unittest
from pathlib import Path

import helm_python as helm

from charts import CHARTS, HELM, PUBLIC_KEY, Packed, Rendered, nested, packed

MARK = "c2VjcmV0LW1hcms"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----\n"
OTHER_KEY = PUBLIC_KEY.replace("DQgAE", "DQgAF")
ID = "polygent/berlin-1"

# What is refused, by the beginning of the message.
EVERYWHERE = {
    "image.repository": [{"image": {"repository": it}} for it in ("reg/x:1.2", "x:1", "reg/x@sha256:0", "Reg", "a//b", "u:p@h/x")],
    "image.tag": [{"image": {"tag": it}} for it in (":1", "a b", "-1", "x" * 129)],
    "image.digest": [{"image": {"digest": it}} for it in ("sha256:0", "0" * 64)],
    "imagePullSecrets[1]": [{"imagePullSecrets": ["good", it]} for it in ("a..b", "A", "-a", "a.", "x" * 254)],
    "admin.existingSecret": [{"admin": {"existingSecret": it}} for it in ("a..b", "a.-b", "Password1")],
    "persistence.existingClaim": [{"persistence": {"existingClaim": it}} for it in ("a..b", "a/b")],
    "persistence.storageClassName": [{"persistence": {"storageClassName": "a b"}}],
    "persistence.size": [{"persistence": {"size": it}} for it in ("0Gi", "0.0Mi", "-1Gi", "1", "1G", "much")],
    "the name of extraEnv[0]": [{"extraEnv": [{"name": it}]} for it in ("PASSWORD=x", "lower", "1X", "")],
    "extraEnv sets RUST_LOG twice": [{"extraEnv": [{"name": "RUST_LOG", "value": it} for it in ("info", "warn")]}],
    "extraEnv gives RUST_LOG both": [{"extraEnv": [{"name": "RUST_LOG", "value": "info", "valueFrom": {"fieldRef": {}}}]}],
    "extraEnv sets SMTP_URL to a text": [{"extraEnv": [{"name": "SMTP_URL", "value": f"smtp://u:{MARK}@mail"}]}],
    "extraEnv sets METRICS_TOKEN to a text": [{"extraEnv": [{"name": "METRICS_TOKEN", "value": MARK}]}],
    "extraEnv sets TRUSTED_PROXY, which belongs into trustedProxies": [{"extraEnv": [{"name": "TRUSTED_PROXY", "value": "10.0.0.1"}]}],
    "extraEnv sets LICENSE_PUBLIC_KEY, which belongs into license.publicKeys": [
        {"extraEnv": [{"name": "LICENSE_PUBLIC_KEY", "value": "/data/vendor.pem"}]}
    ],
    "a private key is among": [
        {"license": {"publicKeys": it}}
        for it in ([PUBLIC_KEY, PRIVATE_KEY], [PUBLIC_KEY + PRIVATE_KEY], [PRIVATE_KEY.replace("PRIVATE", "EC PRIVATE") + PUBLIC_KEY])
    ],
    "a public key of the vendor is none": [
        {"license": {"publicKeys": it}}
        for it in (
            [PUBLIC_KEY * 2], [PUBLIC_KEY, MARK], [f"{PUBLIC_KEY},{PUBLIC_KEY}"], [PUBLIC_KEY.split("-----END")[0]],
            [PUBLIC_KEY + "trailing"], [PUBLIC_KEY.replace("PUBLIC KEY", "CERTIFICATE")],
        )
    ],
    "two public keys of the vendor have one KID": [
        {"license": {"publicKeys": it}}
        for it in ([PUBLIC_KEY, PUBLIC_KEY.replace("\n", "\r\n")], [f"a={PUBLIC_KEY}", f"a=ES256:{OTHER_KEY}"])
    ],
}
SECRET = "extraEnv sets {}, which belongs into the {}"
OF_ONE = {
    "polygent": {
        "database.secretName": [{"database": {"secretName": f"postgres://u:{MARK}@h/db"}}],
        "database.secretKey": [{"database": {"secretKey": it}} for it in (".", "..", "..data", "a/b", f"postgres://u:{MARK}@h/db")],
        "machineId": [{"machineId": it} for it in ("too-short", "x" * 257, "sixteen and spaces", "sixteen-umlauts-ü")],
        SECRET.format("ADMIN_PASSWORD", "key password of the Secret that admin.existingSecret"): [
            {"extraEnv": [{"name": "ADMIN_PASSWORD", "value": MARK}]}
        ],
        "extraEnv sets DATABASE_URL, which belongs into a Secret that database.secretName": [
            {"extraEnv": [{"name": "DATABASE_URL", "value": f"postgres://u:{MARK}@h/db"}]}
        ],
        SECRET.format("LICENSE_KEY", "license page"): [{"extraEnv": [{"name": "LICENSE_KEY", "value": MARK}]}],
        "extraEnv sets MACHINE_ID_FILE, which belongs into machineId": [
            {"machineId": ID, "extraEnv": [{"name": "MACHINE_ID_FILE", "value": "/data/id"}]}
        ],
    },
    "align": {
        "license.secretName": [{"license": {"secretName": it}} for it in ("a..b", f"eyJ{MARK}.{MARK}.{MARK}")],
        "license.secretKey": [{"license": {"secretKey": it}} for it in (".", "..", "..data", "a/b", "x" * 254)],
        SECRET.format("LICENSE_FILE", "Secret that license.secretName"): [
            {"license": {"enabled": False}, "extraEnv": [{"name": "LICENSE_FILE", "value": "/tmp/x"}]}
        ],
        "extraEnv sets DATABASE_URL to a text": [{"extraEnv": [{"name": "DATABASE_URL", "value": f"postgres://u:{MARK}@h/db"}]}],
    },
    "alexandria-ee": {
        "license.secretName": [{"license": {"secretName": it}} for it in ("a..b", f"eyJ{MARK}.{MARK}.{MARK}")],
        "license.key is no": [{"license": {"key": it}} for it in (" . . ", "a.b", "a.b.", "a.b.c.d", "<YOUR_LICENSE_KEY>", f"{MARK}!")],
        SECRET.format("LICENSE_KEY", "key license.key of the Secret alexandria-ee-license"): [
            {"extraEnv": [{"name": "LICENSE_KEY", "value": MARK}]},
            {"extraEnv": [{"name": "LICENSE_KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
        ],
        SECRET.format("ADMIN_JWT_SECRET", "key jwt-secret of the Secret that admin.existingSecret"): [
            {"extraEnv": [{"name": "ADMIN_JWT_SECRET", "value": MARK}]}
        ],
        "extraEnv sets ADMIN_PASSWORD, which": [{"extraEnv": [{"name": "ADMIN_PASSWORD", "value": MARK}]}],
    },
}
GOOD = [
    {"image": {"repository": it}}
    for it in ("x", "reg/x", "reg.example:5000/a/b_c__d---e.f", "localhost:5000/x", "[fd00::1]:5000/x", "Reg.example/x")
] + [
    {"persistence": {"size": it}} for it in ("1Gi", "0.5Gi", "10Mi", "2.25Ti")
] + [
    {"admin": {"existingSecret": it}} for it in ("a", "a.b-c.1", "x" * 253)
] + [
    {"extraEnv": [{"name": "SMTP_URL", "value": "smtp://mail:25"}, {"name": "ALERT_FROM", "value": "a@acme.example"}]},
    {"extraEnv": [{"name": "METRICS_TOKEN", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
] + [
    {"license": {"publicKeys": it}}
    for it in (
        [PUBLIC_KEY, OTHER_KEY], [f"a={PUBLIC_KEY}", f"b={PUBLIC_KEY}"], [f"kid=ES256:{PUBLIC_KEY}"], [PUBLIC_KEY.replace("\n", "\\n")],
        [PUBLIC_KEY.replace("\n", "\r\n")],
        [PUBLIC_KEY.replace("PUBLIC", "RSA PUBLIC")], [f"subject: x\n\n{PUBLIC_KEY}"], [f'"{PUBLIC_KEY}"'],
    )
]


class Refusals(Packed):
    def refused(self, chart, values):
        with self.assertRaises(helm.HelmError) as raised:
            Rendered(self.archives[chart], values)
        self.assertNotIn(MARK, str(raised.exception))
        return str(raised.exception)

    def test_what_would_fail_later_is_refused_with_what_to_change(self):
        for chart in CHARTS:
            for message, every in [*EVERYWHERE.items(), *OF_ONE[chart].items()]:
                for values in every:
                    with self.subTest(f"{chart}: {values}"):
                        self.assertIn(f": {message}", self.refused(chart, values))

    def test_what_is_right_is_taken(self):
        for chart in CHARTS:
            for values in GOOD:
                with self.subTest(f"{chart}: {values}"):
                    Rendered(self.archives[chart], values)

    def test_proxies_are_taken_and_refused_as_by_a_library(self):
        good = [
            "10.0.0.0/8", "0.0.0.0", "255.255.255.255/32", "192.168.1.7", "128.0.0.0/1", "192.168.128.0/17", "10.1.2.3/32",
            "::1", "fd00::/8", "1:2:3:4:5:6:7:8", "1::8/128", "1:2:3:4:5:6:7::", "FD00::1", "::",
        ]
        bad = [
            "10.0.0.0/99", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "256.0.0.1", "10.0.0.0/", "10.0.0.0/8/8", "01.2.3.4", "0.0.0.0/0",
            ":::", "1:2:3", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "fd00::/129", "::/0", ":1:", "10.0.0.0/08",
            "proxy.example", "-", "",
        ]
        for text in good:
            ipaddress.ip_network(text)
            self.assertEqual(self.render_proxies(text), text)
        for text in bad:
            if text and not text.endswith("/0"):
                with self.assertRaises(ValueError):
                    # Python takes a prefix with a zero before it.
                    ipaddress.ip_network(text.replace("/08", "/x"))
            with self.subTest(text), self.assertRaises(helm.HelmError):
                self.render_proxies(text)

    def render_proxies(self, text):
        return Rendered(self.archives["align"], {"trustedProxies": [text]}).env["TRUSTED_PROXY"]["value"]

    def test_no_refusal_shows_a_secret_wherever_it_was_put(self):
        # With what makes it be refused by each form that there is.
        secrets = [f"<{MARK}>", f"postgres://u:{MARK}@h/db?x=..", PRIVATE_KEY, f"..{MARK} " * 2000]

        def places(schema, path=()):
            if "string" in schema.get("type", "string"):
                yield path
            for name, member in schema.get("properties", {}).items():
                if name not in ("global", "common"):
                    yield from places(member, (*path, name))
            if "items" in schema and schema["items"].get("type") != "object":
                yield (*path, 0)
            elif schema.get("items", {}).get("properties"):
                yield from places(schema["items"], (*path, 0))

        # What Kubernetes itself reads, and what is handed to the program.
        passed_on = {("extraEnv", 0, "value")}
        for chart, archive in self.archives.items():
            with helm.Chart.load(archive) as loaded:
                schema = loaded.schema
            found = [path for path in places(schema) if path not in passed_on]
            self.assertIn(("extraEnv", 0, "name"), found)
            self.assertGreater(len(found), 14)
            for path in found:
                refused = 0
                for secret in secrets:
                    with self.subTest(f"{chart}: {path}"):
                        try:
                            Rendered(self.archives[chart], nested(path, secret))
                        except helm.HelmError as error:
                            refused += 1
                            self.assertNotIn(MARK, str(error))
                self.assertGreater(refused, 1, f"{chart}: {path}")

    def test_a_private_key_that_the_vendor_packed_is_refused(self):
        for name in ("private.pem", "vendor.key", "old/private.txt"):
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                packed("polygent", directory)
                chart = Path(directory) / "charts" / "polygent"
                (chart / "keys" / name).parent.mkdir(exist_ok=True)
                (chart / "keys" / name).write_text(PRIVATE_KEY)
                with self.assertRaises(helm.HelmRenderError) as raised:
                    Rendered(chart, {"license": {"publicKeys": [PUBLIC_KEY]}})
                self.assertIn("a private key is among", str(raised.exception))
                self.assertNotIn(MARK, str(raised.exception))

    def test_a_key_in_lines_is_the_same_key(self):
        def secret(key):
            values = {"license": {"key": key}, "admin": {"existingSecret": "admin"}}
            return Rendered(self.archives["alexandria-ee"], values).objects["Secret", "alexandria-ee-license"]

        for text in ("eyJh.\neyJz.\nc2ln\n", "  eyJh.ey\n    Jz.c2ln", "eyJh.eyJz.\r\n\tc2ln"):
            self.assertEqual(secret(text), secret("eyJh.eyJz.c2ln"))


if __name__ == "__main__":
    unittest.main()
