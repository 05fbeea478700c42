//! The product in its own process, over a state folder that is removed with it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::client::{Client, Request, Response};
use crate::mailserver::MailServer;

/// Maximum time until the program listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of stored lines of the program's log.
const LOG_MAX_LINES: usize = 200_000;
/// The address that signs in to a [`MailServer`].
pub(crate) const ADDRESS: &str = "ann@localhost";
/// Its password. It must not occur in pages and logs.
pub(crate) const PASSWORD: &str = "hunter2-Zq9-secret";

/// Returns the program under attack: the one under test, or that of `RESTANTE_BINARY`, so that a
/// release can be measured.
fn binary() -> OsString {
    let chosen = std::env::var_os("RESTANTE_BINARY");
    chosen.unwrap_or_else(|| env!("CARGO_BIN_EXE_restante").into())
}

/// A running `restante serve`.
pub(crate) struct Product {
    child: Child,
    /// `127.0.0.1:port`
    pub(crate) authority: String,
    pub(crate) state_dir: PathBuf,
    log: Arc<Mutex<Vec<String>>>,
}

impl Product {
    /// Starts the product; it may reach only these mail servers.
    pub(crate) fn start(servers: &[&MailServer]) -> Self {
        Self::start_with(servers, "")
    }

    /// Starts the product with additional lines at the top of its configuration.
    pub(crate) fn start_with(servers: &[&MailServer], config: &str) -> Self {
        let (state_dir, file) = Self::configure(servers, config);
        Self::run(state_dir, &file)
    }

    /// The same with environment variables, such as `RUST_LOG`. Mail servers are restricted to the
    /// listed ones unless `config` sets `upstreams`.
    pub(crate) fn start_in(
        servers: &[&MailServer],
        config: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let (state_dir, file) = Self::configure(servers, config);
        let mut program = Command::new(binary());
        program.envs(environment.iter().copied());
        Self::spawn(program, state_dir, &file)
    }

    /// Starts the product with at most this many descriptors, hard and soft.
    pub(crate) fn start_with_descriptors(servers: &[&MailServer], descriptors: u32) -> Self {
        let (state_dir, file) = Self::configure(servers, "");
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""))
            .arg(binary());
        Self::spawn(shell, state_dir, &file)
    }

    fn configure(servers: &[&MailServer], config: &str) -> (PathBuf, PathBuf) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("restante-attack-{}-{nth}", std::process::id());
        let state_dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&state_dir).unwrap();
        restrict(&state_dir);
        let ports = |port: fn(&MailServer) -> u16| -> Vec<u16> {
            servers.iter().map(|server| port(server)).collect()
        };
        let upstreams = match config.contains("upstreams") {
            true => "",
            false => "upstreams = \"listed\"\n",
        };
        let undo = match config.contains("undo_send_secs") {
            true => "",
            false => "undo_send_secs = 0\n",
        };
        let text = format!(
            "listen = \"127.0.0.1:0\"\nstate_dir = {state_dir:?}\n{upstreams}{undo}{config}\n\
             [[upstream]]\nhost = \"localhost\"\ntls = \"plain\"\n\
             ports = {{ imap = {:?}, pop3 = {:?}, smtp = {:?} }}\n",
            ports(|s| s.imap),
            ports(|s| s.pop3),
            ports(|s| s.smtp),
        );
        let file = state_dir.join("restante.toml");
        std::fs::write(&file, text).unwrap();
        (state_dir, file)
    }

    /// Starts the program with an existing configuration.
    pub(crate) fn run(state_dir: PathBuf, config: &Path) -> Self {
        let program = Command::new(binary());
        Self::spawn(program, state_dir, config)
    }

    /// Starts the program over the state of an earlier start; writes beyond `max_bytes` to any of
    /// its files fail, as on a full disk.
    pub(crate) fn run_limited(state_dir: PathBuf, max_bytes: u64) -> Self {
        let mut program = Command::new("sh");
        // The ignored signal is inherited, so the write fails and the process survives.
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
            max_bytes / 512
        );
        program.arg("-c").arg(script).arg(binary());
        let config = state_dir.join("restante.toml");
        Self::spawn(program, state_dir, &config)
    }

    fn spawn(mut program: Command, state_dir: PathBuf, config: &Path) -> Self {
        let mut child = program
            .arg("serve")
            .arg("--config")
            .arg(config)
            .env_remove("RESTANTE_SITE_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (found, listens) = mpsc::channel();
        let (lines, stored) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("\"listen\":\"") {
                    let _ = found.send(rest.split('"').next().unwrap_or_default().to_owned());
                }
                let mut stored: std::sync::MutexGuard<'_, Vec<String>> = stored.lock().unwrap();
                if stored.len() < LOG_MAX_LINES {
                    stored.push(line);
                }
            }
        });
        let authority = listens.recv_timeout(START_TIMEOUT).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("the product did not start: {:#?}", log.lock().unwrap());
        });
        Self {
            child,
            authority,
            state_dir,
            log,
        }
    }

    /// A browser without a session.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.authority)
    }

    /// Signs in by IMAP and returns the response: 303 on success.
    pub(crate) async fn try_sign_in(&self, server: &MailServer) -> (Client, Response) {
        self.try_sign_in_by("imap", server.imap, server, ADDRESS)
            .await
    }

    /// Signs in by IMAP with another address.
    pub(crate) async fn try_sign_in_as(
        &self,
        server: &MailServer,
        address: &str,
    ) -> (Client, Response) {
        self.try_sign_in_by("imap", server.imap, server, address)
            .await
    }

    /// Returns a browser that signed in by IMAP with another address.
    pub(crate) async fn signed_in_as(&self, server: &MailServer, address: &str) -> Client {
        let signed_in = self
            .try_sign_in_by("imap", server.imap, server, address)
            .await;
        let (client, response) = signed_in;
        assert_eq!(response.status, 303, "{}\n{}", response.text(), self.log());
        client
    }

    /// Signs in by POP3.
    pub(crate) async fn try_sign_in_by_pop3(&self, server: &MailServer) -> (Client, Response) {
        self.try_sign_in_by("pop3", server.pop3, server, ADDRESS)
            .await
    }

    async fn try_sign_in_by(
        &self,
        kind: &str,
        port: u16,
        server: &MailServer,
        address: &str,
    ) -> (Client, Response) {
        let mut client = self.client();
        let email = address.replace('@', "%40");
        let form = format!("email={email}&{}", servers_form(kind, port, server));
        let response = client.send(Request::form("/login", &form)).await;
        (client, response)
    }

    /// Returns a browser that signed in by IMAP.
    pub(crate) async fn signed_in(&self, server: &MailServer) -> Client {
        let (client, response) = self.try_sign_in(server).await;
        assert_eq!(response.status, 303, "{}\n{}", response.text(), self.log());
        client
    }

    /// Returns a browser that signed in by POP3.
    pub(crate) async fn signed_in_by_pop3(&self, server: &MailServer) -> Client {
        let (client, response) = self.try_sign_in_by_pop3(server).await;
        assert_eq!(response.status, 303, "{}\n{}", response.text(), self.log());
        client
    }

    /// Returns the program's log.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory now, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// Peak resident memory since [`reset_peak`](Self::reset_peak), in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    /// Resets the peak to the current resident memory.
    pub(crate) fn reset_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    /// Number of open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    fn status_bytes(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kib = kib.unwrap_or_else(|| panic!("the product is gone: {}", self.log()));
        kib.trim().parse::<u64>().unwrap() << 10
    }

    /// Stops the process and keeps its state folder, for another start over it.
    pub(crate) fn stop_and_keep(mut self) -> PathBuf {
        self.end();
        std::mem::take(&mut self.state_dir)
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        self.end();
        if !self.state_dir.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.state_dir);
        }
    }
}

/// Formats the fields of the sign-in form without the address.
pub(crate) fn servers_form(kind: &str, port: u16, server: &MailServer) -> String {
    format!(
        "password={PASSWORD}&incoming={kind}&incoming_host=localhost&incoming_port={port}\
         &incoming_tls=plain&outgoing_host=localhost&outgoing_port={}&outgoing_tls=plain",
        server.smtp,
    )
}

#[cfg(unix)]
pub(crate) fn restrict(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}
