//! The program in its own process in front of the real servers, which a test ends and starts again.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::real_server::RealServer;
use super::{ADDRESS, Folder, PASSWORD, Running};
use crate::web::client::{Client, Request, Response};

/// Maximum time until the program listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running `restante serve`.
pub(super) struct Program {
    authority: String,
    running: Running,
    folder: Folder,
    /// The ports of Dovecot's IMAP and of Postfix, both with implicit TLS.
    ports: (u16, u16),
}

impl Program {
    /// Starts the program; its messages can be stopped for these seconds.
    pub(super) fn start(server: &RealServer, undo_send_secs: u32) -> Self {
        let folder = Folder::new("program");
        Command::new("chmod")
            .arg("700")
            .arg(folder.path())
            .status()
            .expect("chmod");
        let ca = folder.write("ca.pem", server.authority.ca_pem());
        let ports = (server.dovecot.imaps, server.postfix.smtps);
        let configuration = folder.write(
            "restante.toml",
            &format!(
                "listen = \"127.0.0.1:0\"\nstate_dir = {:?}\nupstreams = \"listed\"\n\
                 undo_send_secs = {undo_send_secs}\n[[upstream]]\nhost = \"localhost\"\n\
                 tls = \"implicit\"\nca_file = {ca:?}\nports = {{ imap = {}, smtp = {} }}\n",
                folder.path(),
                ports.0,
                ports.1
            ),
        );
        let (running, authority) = run(&configuration);
        Self {
            authority,
            running,
            folder,
            ports,
        }
    }

    /// Kills the process.
    pub(super) fn kill(&mut self) {
        self.running.0.kill().expect("the program runs");
        self.running.0.wait().expect("the program ends");
    }

    /// Starts the next process over the same state.
    pub(super) fn start_again(&mut self) {
        let (running, authority) = run(&self.folder.join("restante.toml"));
        self.running = running;
        self.authority = authority;
    }

    /// Signs in as [`ADDRESS`]. Returns its browser, and the id of its account.
    pub(super) async fn sign_in(&self) -> (Client, String) {
        let mut client = Client::new(&self.authority);
        let fields = [
            ("email", ADDRESS),
            ("password", PASSWORD),
            ("incoming", "imap"),
            ("incoming_host", "localhost"),
            ("incoming_port", &self.ports.0.to_string()),
            ("incoming_tls", "implicit"),
            ("outgoing_host", "localhost"),
            ("outgoing_port", &self.ports.1.to_string()),
            ("outgoing_tls", "implicit"),
        ];
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        let response = client.send(Request::form("/login", &form.join("&"))).await;
        assert_eq!(response.status, 303, "{}", response.text());
        let mail = client.get("/mail").await;
        let inbox = mail.header("location").expect("the inbox").to_owned();
        let account = inbox.split('/').nth(2).expect("an account");
        (client, account.to_owned())
    }
}

fn run(configuration: &PathBuf) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante"));
    command
        .args(["serve", "--config"])
        .arg(configuration)
        .env_remove("RESTANTE_SITE_DIR")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut running = Running::start(&mut command);
    let stderr = running.0.stderr.take().expect("its log");
    let (found, listens) = mpsc::channel();
    // The pipe is read to its end, so that the program never writes into a closed pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once("\"listen\":\"") {
                drop(found.send(rest.split('"').next().unwrap_or_default().to_owned()));
            }
        }
    });
    let authority = listens.recv_timeout(START_TIMEOUT).expect("it listens");
    (running, authority)
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Calls a function of the page. Returns the response, which succeeded.
pub(super) async fn call(client: &mut Client, name: &str, json: &serde_json::Value) -> Response {
    let path = format!("/api/{name}");
    let request = Request::post(&path, "application/json", json.to_string());
    let response = client.send(request).await;
    assert_eq!(response.status, 200, "{name}: {}", response.text());
    response
}
