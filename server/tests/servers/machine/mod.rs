//! Servers of Debian and their resources: folders, ports, a certificate authority, and their
//! shutdown. The tests of the product and those of the protocol clients share them.

mod authority;
mod dovecot;
mod postfix;

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) use self::authority::Authority;
pub(crate) use self::dovecot::Dovecot;
pub(crate) use self::postfix::{Postfix, SIZE_LIMIT_BYTES};

/// The one mail account of the real servers; mail to it arrives in its Dovecot inbox.
pub(crate) const ADDRESS: &str = "anna@servers.test";
/// Its password, with characters that break under wrong quoting.
pub(crate) const PASSWORD: &str = "p\"a\\ss wörd%1";
/// A second account, to which [`ADDRESS`] can write.
pub(crate) const OTHER_ADDRESS: &str = "ben@servers.test";

/// Maximum time until a server accepts connections on its port.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A folder below the temporary one that is removed when this value is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(purpose: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("restante-{purpose}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for a server");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file in a server's folder");
        path
    }

    /// Returns the server's own log, to be shown with a failure.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A server that runs in the foreground as our child; stopped when this value is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null());
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) if error.kind() == ErrorKind::NotFound => panic!(
                "{:?} is not installed: `cargo xtask test --only servers` installs it",
                command.get_program()
            ),
            Err(error) => panic!("{:?} did not start: {error}", command.get_program()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        // SIGTERM, so that it stops its own children as well.
        Command::new("kill")
            .arg(self.0.id().to_string())
            .status()
            .ok();
        let has_ended = || !matches!(self.0.try_wait(), Ok(None));
        if !holds_within(Duration::from_secs(5), has_ended) {
            self.0.kill().ok();
            self.0.wait().ok();
        }
    }
}

/// Returns a port of this machine that no other test gets.
///
/// Counted up from a start that differs between test processes, below the range from which the
/// system takes the ports of outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..10_000 {
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (std::process::id() * 41 + count) % 18_000;
        let port = u16::try_from(port).expect("a port below 30000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port on this machine");
}

/// Waits until a port accepts connections; panics with the server's log if it does not.
pub(crate) fn wait_for(port: u16, what: &str, log: impl Fn() -> String) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let is_listening = || TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
    assert!(
        holds_within(START_TIMEOUT, is_listening),
        "{what} does not answer on port {port}:\n{}",
        log()
    );
}

/// Polls a condition that no event reports: a file, port or end of another program. Returns `false`
/// if it did not hold in time.
pub(crate) fn holds_within(timeout: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    const POLL_INTERVAL: Duration = Duration::from_millis(20);
    let deadline = Instant::now() + timeout;
    while !is_so() {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(POLL_INTERVAL);
    }
    true
}

/// Runs a server's own tool to its end.
pub(crate) fn tool(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
