//! Courier: IMAP and POP3 without modern extensions, by implicit TLS and STARTTLS.
//!
//! Its packages conflict with Dovecot's, and the path of its sign-in daemon is compiled in. So
//! `cargo xtask test` unpacks them, and each Courier runs in its own root folder, with copies of
//! its programs and of the libraries that they use.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::machine::{
    ADDRESS, Authority, Folder, PASSWORD, Running, free_port, holds_within, tool, wait_for,
};

/// The installed files, which conflict with no other package.
const INSTALLED: [&str; 4] = [
    "/usr/sbin/couriertcpd",
    "/usr/bin/couriertls",
    "/usr/lib/courier/courier-authlib/authdaemond",
    "/usr/lib/courier-authlib/libauthuserdb.so.0",
];
/// The unpacked files.
const UNPACKED: [&str; 4] = [
    "usr/bin/imapd",
    "usr/lib/courier/courier/imaplogin",
    "usr/lib/courier/courier/courierpop3d",
    "usr/lib/courier/courier/courierpop3login",
];
const AUTH_SOCKET: &str = "run/courier/authdaemon/socket";
const MAILDIR: &str = "home/anna/Maildir";

/// A running Courier with the account [`ADDRESS`].
pub(super) struct Courier {
    pub(super) imap: u16,
    pub(super) imaps: u16,
    pub(super) pop3: u16,
    pub(super) pop3s: u16,
    // Stopped before the folder is removed.
    running: Vec<Running>,
    root: Folder,
}

impl Courier {
    /// Starts Courier with the certificate of `authority`.
    ///
    /// # Panics
    /// If its packages are missing, or if the test does not run as root.
    pub(super) fn start(authority: &Authority) -> Self {
        let mut server = Self {
            imap: free_port(),
            imaps: free_port(),
            pop3: free_port(),
            pop3s: free_port(),
            running: Vec::new(),
            root: Folder::new("courier"),
        };
        server.fill_root();
        server.make_account();
        let pem = [authority.key(), authority.certificate()]
            .map(|path| fs::read_to_string(path).expect("the key and the certificate"));
        server.root.write("etc/courier/server.pem", &pem.concat());
        server.run(
            "auth",
            "authmodulelist=authuserdb daemons=2",
            "/usr/lib/courier/courier-authlib/authdaemond",
        );
        server.await_sign_in_daemon();
        let imapd = "/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir";
        let pop3d = "/usr/lib/courier/courier/courierpop3login \
                     /usr/lib/courier/courier/courierpop3d Maildir";
        let tls = "/usr/bin/couriertls -server -tcpd -user=courier";
        let (imap, imaps) = (server.imap, server.imaps);
        let (pop3, pop3s) = (server.pop3, server.pop3s);
        server.listen("imapd", imap, "IMAP_STARTTLS=YES", imapd);
        server.listen("imapd", imaps, "IMAP_TLS=1", &format!("{tls} {imapd}"));
        server.listen("pop3d", pop3, "POP3_STARTTLS=YES", pop3d);
        server.listen("pop3d", pop3s, "POP3_TLS=1", &format!("{tls} {pop3d}"));
        for port in [imap, imaps, pop3, pop3s] {
            wait_for(port, "Courier", || server.log());
        }
        server
    }

    /// Delivers a message to the inbox.
    pub(super) fn deliver(&self, rfc822: &[u8]) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let maildir = self.root.join(MAILDIR);
        // Courier sorts messages by these names.
        let name = format!("{}.M{count:06}.test", 1_700_000_000 + count);
        let (draft, delivered) = (
            maildir.join("tmp").join(&name),
            maildir.join("new").join(&name),
        );
        // A Maildir stores LF line ends.
        let stored = String::from_utf8_lossy(rfc822).replace("\r\n", "\n");
        fs::write(&draft, stored).expect("a message");
        tool(Command::new("chown").arg("mail:mail").arg(&draft));
        fs::rename(draft, delivered).expect("a delivery");
    }

    /// Returns Courier's log, for messages of failed assertions.
    pub(super) fn log(&self) -> String {
        self.root.log("log")
    }

    fn fill_root(&self) {
        let packages = unpacked();
        for folder in [
            "run/courier/authdaemon",
            "dev",
            "tmp",
            "home",
            "var/lib/courier",
        ] {
            fs::create_dir_all(self.root.join(folder)).expect("a folder for Courier");
        }
        let tmp = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(self.root.join("tmp"), tmp).expect("a folder for all");
        tool(
            Command::new("cp")
                .arg("-a")
                .arg(packages.join("."))
                .arg(self.root.path()),
        );
        let programs = UNPACKED.map(|name| packages.join(name));
        let programs = programs.into_iter().chain(INSTALLED.map(PathBuf::from));
        let mut files: Vec<PathBuf> = programs
            .flat_map(|program| libraries(&program, &packages))
            .collect();
        files.extend(INSTALLED.map(PathBuf::from));
        files.sort();
        files.dedup();
        tool(
            Command::new("cp")
                .args(["-L", "--parents", "-t"])
                .arg(self.root.path())
                .args(files),
        );
        for (device, minor) in [("null", "3"), ("urandom", "9")] {
            let path = self.root.join("dev").join(device);
            tool(
                Command::new("mknod")
                    .args(["-m", "666"])
                    .arg(path)
                    .args(["c", "1", minor]),
            );
        }
        for file in ["etc/passwd", "etc/group"] {
            fs::copy(Path::new("/").join(file), self.root.join(file)).expect("the users");
        }
        self.root.write(
            "etc/courier/authdaemonrc",
            "authmodulelist=\"authuserdb\"\ndaemons=2\n",
        );
    }

    fn make_account(&self) {
        let home = self.root.join("home/anna");
        fs::create_dir(&home).expect("a home");
        tool(Command::new("/usr/bin/maildirmake.courier").arg(self.root.join(MAILDIR)));
        tool(Command::new("chown").args(["-R", "mail:mail"]).arg(home));
        let id = |of: &str| {
            let output = tool(Command::new("id").args([of, "mail"]));
            String::from_utf8(output.stdout)
                .expect("a number")
                .trim()
                .to_owned()
        };
        let (uid, gid) = (id("-u"), id("-g"));
        let (crypted, keyed) = (hashed("-md5"), hashed("-hmac-md5"));
        let userdb = self.root.write(
            "etc/courier/userdb",
            &format!(
                "{ADDRESS}\tuid={uid}|gid={gid}|home=/home/anna|mail=/{MAILDIR}|\
                 systempw={crypted}|hmac-md5pw={keyed}\n"
            ),
        );
        fs::set_permissions(&userdb, fs::Permissions::from_mode(0o600)).expect("a private file");
        tool(Command::new("/usr/sbin/makeuserdb").arg("-f").arg(userdb));
    }

    /// Runs a daemon in the root folder, with these environment variables.
    fn run(&mut self, name: &str, variables: &str, command: &str) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.root.join("log"));
        let log = log.unwrap_or_else(|error| panic!("the log of {name}: {error}"));
        let root = self.root.path().display();
        let script = format!("set -a; {variables}; exec chroot {root} {command}");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdout(log.try_clone().expect("the log"))
            .stderr(log);
        self.running.push(Running::start(&mut shell));
    }

    /// Listens on a port as Courier's own scripts do: with the variables of its configuration, in
    /// which only the values that depend on this machine are changed.
    fn listen(&mut self, service: &str, port: u16, variable: &str, command: &str) {
        let etc = self.root.join("etc/courier");
        let etc = etc.display();
        let variables = format!(
            ". {etc}/{service}; . {etc}/{service}-ssl; TLS_CERTFILE=/etc/courier/server.pem; \
             TLS_TRUSTCERTS=; TLS_CACHEFILE=; TLS_DHPARAMS=; IMAP_IDLE_TIMEOUT=1; \
             IMAP_CAPABILITY=$IMAP_CAPABILITY_ORIG; POP3AUTH=$POP3AUTH_ORIG; \
             POP3AUTH_TLS=$POP3AUTH_TLS_ORIG; {variable}"
        );
        let tcpd = format!(
            "/usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=40 -maxperip=40 -nodnslookup \
             -noidentlookup {port} {command}"
        );
        self.run(service, &variables, &tcpd);
    }

    fn await_sign_in_daemon(&self) {
        let is_there = || self.root.join(AUTH_SOCKET).exists();
        assert!(
            holds_within(Duration::from_secs(20), is_there),
            "no sign-in daemon:\n{}",
            self.log()
        );
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.running.clear();
    }
}

/// Returns the folder where `cargo xtask test` unpacks the packages.
fn unpacked() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("courier");
    for (program, package) in [(UNPACKED[0], "courier-imap"), (UNPACKED[2], "courier-pop")] {
        assert!(
            folder.join(program).is_file(),
            "{package} is not unpacked in {}: `cargo xtask test --only servers` does it",
            folder.display()
        );
    }
    for program in INSTALLED {
        assert!(
            Path::new(program).exists(),
            "courier-base and courier-authlib-userdb are not installed ({program}): \
             `cargo xtask test --only servers` installs them"
        );
    }
    folder
}

/// Returns the libraries of this machine that a program needs, except the unpacked ones.
fn libraries(program: &Path, packages: &Path) -> Vec<PathBuf> {
    let lib = packages.join("usr/lib");
    let folders = fs::read_dir(&lib)
        .expect("usr/lib")
        .flatten()
        .map(|entry| entry.path());
    let folders: Vec<String> = folders.map(|path| path.display().to_string()).collect();
    let output = tool(
        Command::new("ldd")
            .arg(program)
            .env("LD_LIBRARY_PATH", folders.join(":")),
    );
    let text = String::from_utf8(output.stdout).expect("paths");
    assert!(!text.contains("not found"), "{}: {text}", program.display());
    let tokens = text.split_ascii_whitespace();
    tokens
        .filter(|token| token.starts_with('/') && !token.ends_with(':'))
        .map(PathBuf::from)
        .filter(|path| !path.starts_with(packages))
        .collect()
}

/// Returns [`PASSWORD`] in the format of Courier's account file.
fn hashed(scheme: &str) -> String {
    let mut child = Command::new("/usr/sbin/userdbpw")
        .arg(scheme)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("userdbpw of courier-authlib-userdb");
    let mut stdin = child.stdin.take().expect("its input");
    writeln!(stdin, "{PASSWORD}").expect("the password is taken");
    drop(stdin);
    let output = child.wait_with_output().expect("userdbpw");
    assert!(output.status.success(), "userdbpw: {}", output.status);
    String::from_utf8(output.stdout)
        .expect("a hash")
        .trim()
        .to_owned()
}
