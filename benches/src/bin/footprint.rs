//! What an example takes before anybody asks it: `footprint [ROUNDS]` prints a
//! table of how soon each answers, by default of thirty starts, and of how much
//! memory it has then.
#![allow(clippy::disallowed_methods, reason = "a start is timed by the clock")]

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use license_benches::memory::resident;
use license_core::{Product, key::SigningKey};
use license_tests::{
    alexandria::{self, admin_token},
    now,
};
use tempfile::TempDir;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The examples, with their profiles.
const EXAMPLES: [(&str, &str); 3] = [
    ("polygent", include_str!("../../../examples/polygent/polygent.toml")),
    ("align", include_str!("../../../examples/align/align.toml")),
    ("alexandria", include_str!("../../../examples/alexandria/alexandria.toml")),
];
/// How long a service is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// An example, and what it is started with.
struct Example {
    name: &'static str,
    executable: PathBuf,
    public_key: String,
}

/// An example that runs; killed when it is dropped.
struct Running {
    name: &'static str,
    process: Child,
    address: SocketAddr,
    /// From its start to the end of its first answer.
    answered: Duration,
}

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).map_or(Ok(30), |text| text.parse());
    let Ok(rounds) = rounds else {
        eprintln!("usage: footprint [ROUNDS]");
        return ExitCode::from(2);
    };
    match report(rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(rounds: usize) -> Outcome<()> {
    println!("| | first start | from the disk | later start | doctor | idle | after use |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (name, profile) in EXAMPLES {
        let example = Example::build(name, profile)?;
        let (mut first, mut cold, mut later) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let data = tempfile::tempdir()?;
            first.push(example.start(&data)?.answered);
            later.push(example.start(&data)?.answered);
            forget(&example.executable)?;
            cold.push(example.start(&tempfile::tempdir()?)?.answered);
        }
        let data = tempfile::tempdir()?;
        let service = example.start(&data)?;
        sleep(IDLE);
        let idle = service.resident()?;
        service.use_it()?;
        sleep(IDLE);
        let used = service.resident()?;
        let examined = service.examine(rounds)?;
        let [first, cold, later, examined] = [first, cold, later, examined].map(times);
        println!("| `{name}` | {first} | {cold} | {later} | {examined} | {idle} | {used} |");
    }
    Ok(())
}

/// The median, and the longest.
fn times(mut found: Vec<Duration>) -> String {
    found.sort();
    let milliseconds = |time: Option<&Duration>| time.map_or(0, Duration::as_millis);
    let median = milliseconds(found.get(found.len() / 2));
    format!("{median} ms ({})", milliseconds(found.last()))
}

/// Has the system read a file from the disk when it is needed next.
fn forget(file: &Path) -> Outcome<()> {
    let mut input = std::ffi::OsString::from("if=");
    input.push(file);
    // GNU's words for it.
    let forgot = Command::new("dd").arg(input).args(["iflag=nocache", "count=0"]).output()?;
    if forgot.status.success() { Ok(()) } else { Err("dd cannot drop a cache".into()) }
}

impl Example {
    fn build(name: &'static str, profile: &str) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--package", "license-examples", "--example", name])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()?;
        let messages = String::from_utf8(built.stdout)?;
        let path = messages
            .lines()
            .find_map(|line| Some(line.split_once("\"executable\":\"")?.1.split_once('"')?.0));
        let executable = PathBuf::from(path.ok_or("it was not built")?);
        let product = Product::from_toml(profile)?;
        let algorithm = *product.algorithms().first().ok_or("the profile names no algorithm")?;
        let bits = algorithm.is_rsa().then(|| product.min_rsa_bits());
        let public_key = SigningKey::generate(algorithm, bits)?.public_pem()?;
        Ok(Self { name, executable, public_key })
    }

    /// Starts it with its data in this directory, and waits for an answer.
    fn start(&self, data: &TempDir) -> Outcome<Running> {
        let began = Instant::now();
        let mut process = Command::new(&self.executable)
            .env_clear()
            .env("LISTEN", "127.0.0.1:0")
            .env("DATA_DIR", data.path())
            .env("LICENSE_PUBLIC_KEY", &self.public_key)
            .env("LICENSE_FILE", data.path().join("license.jwt"))
            .env("ADMIN_PASSWORD", "correct horse")
            .env("ADMIN_JWT_SECRET", alexandria::SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.ok_or_else(|| format!("{} does not start", self.name))?.parse()?;
        let mut running = Running { name: self.name, process, address, answered: Duration::ZERO };
        running.ask("GET /healthz", "", "")?;
        running.answered = began.elapsed();
        Ok(running)
    }
}

impl Running {
    /// Asks for something that is answered 200.
    fn ask(&self, what: &str, header: &str, body: &str) -> Outcome<String> {
        let mut stream = TcpStream::connect(self.address)?;
        let length = body.len();
        write!(
            stream,
            "{what} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{header}content-type: \
             application/json\r\ncontent-length: {length}\r\n\r\n{body}",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200 ") {
            Ok(answer)
        } else {
            Err(format!("{what}: {}", answer.lines().next().unwrap_or_default()).into())
        }
    }

    /// A thousand requests for the license page, and ten people who sign in where
    /// there are passwords.
    fn use_it(&self) -> Outcome<()> {
        for _ in 0..1000 {
            self.ask("GET /license", "", "")?;
        }
        for _ in 0..10 {
            if self.sign_in().is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The header of an administrator, where there are passwords.
    fn sign_in(&self) -> Option<String> {
        let person = r#"{"email":"admin@example.com","password":"correct horse"}"#;
        let answer = self.ask("POST /api/auth/sign-in", "", person).ok()?;
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
        Some(format!("cookie: {}\r\n", cookie.split(';').next()?))
    }

    /// How long the service takes to examine itself.
    fn examine(&self, rounds: usize) -> Outcome<Vec<Duration>> {
        let path = if self.name == "alexandria" { "/admin/license" } else { "/api/license" };
        let by_token = || {
            let until = now().saturating_add(Duration::from_secs(3600));
            format!("authorization: Bearer {}\r\n", admin_token(until))
        };
        let administrator = self.sign_in().unwrap_or_else(by_token);
        let once = |_| {
            let began = Instant::now();
            self.ask(&format!("GET {path}/doctor"), &administrator, "")?;
            Ok(began.elapsed())
        };
        (0..rounds).map(once).collect()
    }

    /// Resident memory.
    fn resident(&self) -> Outcome<String> {
        let kib = resident(self.process.id()).ok_or("no resident memory")?;
        Ok(format!("{:.1} MiB", kib as f64 / 1024.0))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
