"""A vendor: a key pair, and licenses from the program `license`."""

import json
import os
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from charts import ROOT

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "debug"
PROGRAMS = {
    "polygent": TARGET / "examples" / "polygent",
    "align": TARGET / "examples" / "align",
    "alexandria-ee": TARGET / "examples" / "alexandria",
}
PROFILES = {name: ROOT / "examples" / file.name / f"{file.name}.toml" for name, file in PROGRAMS.items()}


class Vendor:
    def __init__(self, product, directory):
        self.profile = PROFILES[product]
        Path(directory).mkdir(exist_ok=True)
        self.private_key = Path(directory) / f"{product}.pem"
        # Faster than the program, in a build for tests.
        key = rsa.generate_private_key(65537, 4096) if product == "align" else ec.generate_private_key(ec.SECP256R1())
        self.private_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.private_key.chmod(0o600)
        self.public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def license(self, id, *flags, days=365):
        command = [TARGET / "license", "issue", "--key", self.private_key, "--product", self.profile, "--id", id]
        command += ["--customer-id", "cust_1", "--customer", "Acme Corp", "--days", str(days), *flags]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def claims(self, claims):
        """A license of these claims, as the text of a product shows them."""
        file = self.private_key.with_suffix(".json")
        file.write_text(json.dumps(claims))
        command = [TARGET / "license", "issue", "--key", self.private_key, "--product", self.profile, "--claims", file]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
