//! Runs the real program in a directory of its own.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A directory in which the program runs.
pub(crate) struct Place(TempDir);

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory with an ES256 key pair and the profile of polygent.
    pub(crate) fn polygent() -> Self {
        let place = Self::empty();
        place.write("profile.toml", POLYGENT);
        place.good("keygen --alg es256 --out .");
        place
    }

    /// The same with a license in `acme.lic`, of changed claims.
    pub(crate) fn licensed(change: impl FnOnce(&mut Value)) -> Self {
        let place = Self::polygent();
        let mut claims = standard();
        change(&mut claims);
        place.write("acme.lic", &place.sign(&claims));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Runs the program with arguments that hold no spaces, and more of them.
    pub(crate) fn run_with(&self, line: &str, more: &[&str], input: &str) -> Run {
        self.run_in(&[], line, more, input)
    }

    /// Runs it in this environment, as far as it differs.
    pub(crate) fn run_in(
        &self,
        environment: &[(&str, &str)],
        line: &str,
        more: &[&str],
        input: &str,
    ) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_license"))
            .args(line.split_whitespace())
            .args(more)
            .envs(environment.iter().copied())
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may end without having read everything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The status of a run whose standard error nobody reads any more.
    pub(crate) fn run_unheard(&self, line: &str) -> i32 {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Command::new(env!("CARGO_BIN_EXE_license"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(writer)
            .status()
            .unwrap()
            .code()
            .unwrap()
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with(line, &[], "")
    }

    /// A run that must succeed; its output without the line break.
    pub(crate) fn good(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.status, 0, "{line}: {}", run.err);
        run.out.trim_end().to_owned()
    }

    /// A run that must fail with this status, one line of error and no output.
    #[track_caller]
    pub(crate) fn bad(&self, status: i32, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.status, status, "{line}: {run:?}");
        assert_eq!(run.out, "", "{line}");
        run.err
    }

    /// Signs claims and returns the token.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.write("claims.json", &claims.to_string());
        self.good("issue --key private.pem --product profile.toml --claims claims.json")
    }

    /// `verify --json` of a license in a file.
    pub(crate) fn verdict(&self, line: &str) -> Value {
        let run = self.run(&format!("verify --json --public-key public.pem {line}"));
        let verdict: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
        assert_eq!(run.status, i32::from(verdict["valid"] == false), "{run:?}");
        assert_eq!(run.err, "", "a verdict in JSON is the whole answer");
        verdict
    }
}

/// The claims of a token, unverified.
pub(crate) fn claims_of(token: &str) -> Value {
    let token: license_core::Token = token.parse().unwrap();
    Value::Object(token.dangerous_unverified_claims().unwrap())
}

/// Claims at their standard places.
pub(crate) fn standard() -> Value {
    serde_json::json!({
        "iss": "https://polygent.example", "aud": "polygent", "jti": "lic_01",
        "iat": 1_767_225_600, "nbf": 1_767_225_600, "exp": 1_798_761_600,
        "customer": {"id": "cust_1", "name": "Acme Corp", "email": "it@acme.example"},
        "plan": "enterprise",
        "features": ["workflows", "sso-saml"],
        "limits": {"users": 50, "session_hosts": 10, "deploy_hosts": null},
        "binding": {"domain": "*.acme.internal"},
    })
}

pub(crate) const POLYGENT: &str = r#"
name = "polygent"
issuer = "https://polygent.example"
audience = "polygent"
algorithms = ["ES256"]
known_plans_only = true

[features]
workflows = "Workflows"
sso-saml = "Single sign-on with SAML"

[limits]
users = { kind = "seats" }
session_hosts = { kind = "leases" }
deploy_hosts = { kind = "leases" }

[plans.standard]
withheld = ["sso-saml"]
machine = "required"
domain = "forbidden"

[plans.enterprise]
machine = "forbidden"
"#;

pub(crate) const ALIGN: &str = r#"
name = "align"
issuer = "https://align.tech"
audience = "align-self-hosted"
token_type = "any"
algorithms = ["RS256", "RS384", "RS512", "PS256"]
min_rsa_bits = 4096

[claims]
id = "/sub"
features = "/limits/features"
limits = { users = "/limits/users", decisions = "/limits/decisions" }
names = { connectors = "/limits/connectors" }
require = { "/deployment/type" = "self-hosted" }

[policy]
warn = "30d"
grace = "14d"
lapsed = "read-only"
unlicensed = "everything"
freshness = "none"

[features]
sso = "Single sign-on"
auditLog = "Audit log"
customBranding = "Custom branding"
apiAccess = "API access"

[limits]
users = { kind = "seats" }
decisions = { kind = "monthly" }
connectors = { kind = "names" }

[plans.starter]
features = []
limits = { users = 25 }

[plans.enterprise]
features = ["sso", "auditLog", "customBranding", "apiAccess"]
limits = { users = "unlimited", decisions = "unlimited", connectors = "unlimited" }
"#;
