//! Tests of the command line: the program itself, run against the embedded mail server, scripted
//! servers and connections that are cut.

mod direct;
mod dns;
mod fetch;
mod fetch_cut;
mod link;
mod send;
mod source;
mod usage;
mod view;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_demo::{Demo, Options};
use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "Sesame-offne-dich-7731";

/// The result of a run of the program.
#[derive(Debug)]
struct RunOutput {
    code: i32,
    stdout: String,
    stderr: String,
}

impl RunOutput {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that the output does not contain the password, in any encoding in which it is sent.
    fn assert_no_password(&self, user: &str, password: &str) {
        let plain = STANDARD.encode(format!("\0{user}\0{password}"));
        for secret in [password, &STANDARD.encode(password), &plain] {
            assert!(!self.stdout.contains(secret), "{self:?}");
            assert!(!self.stderr.contains(secret), "{self:?}");
        }
    }
}

/// One run of the program. It gets the password by its environment.
struct Run {
    command: Command,
    input: Vec<u8>,
}

/// Prepares a run with these arguments.
fn restante(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante"));
    command.args(args).env("RESTANTE_PASSWORD", PASSWORD);
    Run {
        command,
        input: Vec::new(),
    }
}

impl Run {
    fn args<A: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    fn password(mut self, password: &str) -> Self {
        self.command.env("RESTANTE_PASSWORD", password);
        self
    }

    fn input(mut self, input: &str) -> Self {
        self.input = input.as_bytes().to_vec();
        self
    }

    fn spawn(mut self) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // A program that reads no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        child
    }

    /// Runs to the end, while the test's servers keep running.
    async fn end(self) -> RunOutput {
        wait_for_output(self.spawn()).await
    }
}

async fn wait_for_output(child: Child) -> RunOutput {
    let waiting = tokio::task::spawn_blocking(|| child.wait_with_output());
    let output = tokio::time::timeout(Duration::from_secs(240), waiting).await;
    RunOutput::of(output.expect("the program ends").unwrap().unwrap())
}

/// The folder of one test, with the CA of its servers' certificates.
struct TestDir {
    folder: TempDir,
    ca_file: PathBuf,
}

impl TestDir {
    fn new(ca_pem: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, ca_pem).unwrap();
        Self { folder, ca_file }
    }

    /// Creates a file of this test.
    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns `--ca-file FILE`.
    fn trust(&self) -> [&str; 2] {
        ["--ca-file", text(&self.ca_file)]
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Starts the demo's mail server, with this many generated messages or with its sample mailbox.
async fn demo(messages: Option<u32>) -> Demo {
    let options = Options {
        messages,
        mail_every: None,
        now_unix_ms: 1_790_000_000_000,
        ..Options::default()
    };
    Demo::start(options).await.unwrap()
}

/// Sends a signal to the program.
fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-s", name, &id]).status();
    assert!(status.unwrap().success());
}
