//! The configuration: values of the environment, else of a TOML file, else the defaults below.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `listen` | `127.0.0.1:3000` | `ADDRESS:PORT`, or `unix:/PATH` for a socket behind a proxy |
//! | `base_path` | `""` | the URL path prefix of the product: `""` or `"/webmail"` |
//! | `public_origin` | none | the origin that browsers use: `https://mail.example.org`, without a path. Required unless `listen` is a loopback address |
//! | `insecure_http` | `false` | allows plain HTTP from other machines. Passwords and mail are then sent unencrypted |
//! | `state_dir` | `restante-state` | folder of database, spool and key; created with mode 0700 |
//! | `trusted_proxies` | `[]` | peers whose `X-Forwarded-For` is trusted: addresses, networks (`10.0.0.0/8`), or `"unix"` |
//! | `upstreams` | `"public"` | mail servers that users may name: `"public"` (any public host on mail ports) or `"listed"` (only those below) |
//! | `sessions_per_account` | `16` | number of browsers signed in to one mail account at once, 1 to 1000; beyond it the least recently used session ends |
//! | `upload_max_bytes` | `26214400` | maximum size of one message's attachments together, at most 256 MiB |
//! | `spool_account_max_bytes` | 256 MiB, or 4 times `upload_max_bytes` | maximum disk space of one account's queued messages and files, and again of each of its local folders; at least 3 times `upload_max_bytes` |
//! | `spool_max_bytes` | 16 times `spool_account_max_bytes` | the same for all accounts together; half of it again for all local folders |
//! | `ledger_keep_days` | `90` | days after its last change until an outbox entry is deleted, 1 to 3650 |
//! | `undo_send_secs` | `10` | seconds for which a message can be stopped after "Send", 0 to 30; users can choose another time |
//!
//! Each `[[upstream]]` table describes a mail server, which may have a private address:
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `host` | required | host name, as in the server's certificate |
//! | `ports` | the standard ports | `{ imap = 993, pop3 = 995, smtp = 465 }`; each a port or a list, the first being the preset |
//! | `tls` | by port | the preset's mode: `"implicit"`, `"starttls"`, or `"plain"`, which also allows logins without TLS to this host |
//! | `ca_file` | none | a PEM file with the CA of the server's certificate |
//! | `domains` | `[]` | mail addresses of these domains use this server |
//!
//! The environment variable of a top-level key is `RESTANTE__` and the key in capitals
//! (`RESTANTE__BASE_PATH=/webmail`); lists and tables have TOML syntax.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use app::api::types::ComposingChoices;
use mail_net::TlsMode;
use mail_net::dial::Endpoint;
use serde::Deserialize;

use crate::store::spool::SpoolLimits;

/// Maximum of `sessions_per_account`.
pub const SESSIONS_PER_ACCOUNT_CEILING: usize = 1000;
/// Maximum of `upload_max_bytes`.
pub const UPLOAD_CEILING_BYTES: u64 = 256 << 20;
/// The default of `upload_max_bytes`.
pub const UPLOAD_DEFAULT_BYTES: u64 = 25 << 20;
/// The default of `ledger_keep_days`.
pub const LEDGER_KEEP_DAYS: u32 = 90;
/// Maximum of `ledger_keep_days`.
pub const LEDGER_KEEP_MAX_DAYS: u32 = 3650;

/// The default of `undo_send_secs`.
pub const UNDO_SEND_SECS: u32 = 10;
/// Maximum of `undo_send_secs`.
pub const UNDO_SEND_MAX_SECS: u32 = ComposingChoices::UNDO_SEND_MAX_SECS;

/// The validated configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The listening address.
    pub listen: Listen,
    /// The URL path prefix: `""` or `"/x"`, without a trailing slash.
    pub base_path: String,
    /// The origin that browsers use, without path and trailing slash.
    pub public_origin: Option<String>,
    /// Whether plain HTTP from other machines is allowed.
    pub insecure_http: bool,
    /// The folder of database, spool and key.
    pub state_dir: PathBuf,
    /// Peers whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<Peer>,
    /// Mail servers that users may name.
    pub upstreams: Upstreams,
    /// Mail servers that the configuration describes.
    pub upstream: Vec<Upstream>,
    /// Maximum number of concurrent sessions of one account.
    pub sessions_per_account: usize,
    /// Maximum size of one message's attachments together.
    pub upload_max_bytes: u64,
    /// Disk quotas of queued messages and files.
    pub spool: SpoolLimits,
    /// Days after its last change until an outbox entry is deleted.
    pub ledger_keep_days: u32,
    /// For how many seconds a message can be stopped, unless its user chose another time.
    pub undo_send_secs: u32,
}

/// The listening address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A peer whose forwarding headers are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A network: an address and its prefix length in bits.
    Network(IpAddr, u8),
    /// Every peer on the Unix socket.
    Unix,
}

/// Which mail servers users may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upstreams {
    /// Any public host, on mail ports.
    Public,
    /// Those of `[[upstream]]` only.
    Listed,
}

/// A mail server that the configuration describes.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its host name, in lower case.
    pub host: String,
    /// Its IMAP ports; the first is the preset.
    pub imap_ports: Vec<u16>,
    /// Its POP3 ports.
    pub pop3_ports: Vec<u16>,
    /// Its SMTP submission ports.
    pub smtp_ports: Vec<u16>,
    /// The preset's TLS mode; chosen by the port if absent.
    pub tls: Option<TlsMode>,
    /// The CA of its certificate, in PEM.
    pub ca_pem: Option<String>,
    /// Mail domains that use it, in lower case.
    pub domains: Vec<String>,
}

/// The configured mail servers of a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preset {
    /// IMAP.
    pub imap: Option<Endpoint>,
    /// POP3.
    pub pop3: Option<Endpoint>,
    /// SMTP submission.
    pub smtp: Option<Endpoint>,
}

impl Config {
    /// Returns a configuration for this machine only, on a free port.
    pub fn local(state_dir: &Path) -> Self {
        Self {
            listen: Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            base_path: String::new(),
            public_origin: None,
            insecure_http: false,
            state_dir: state_dir.to_owned(),
            trusted_proxies: Vec::new(),
            upstreams: Upstreams::Public,
            upstream: Vec::new(),
            sessions_per_account: crate::limits::SESSIONS_PER_ACCOUNT,
            upload_max_bytes: UPLOAD_DEFAULT_BYTES,
            spool: spool_limits(UPLOAD_DEFAULT_BYTES, None, None),
            ledger_keep_days: LEDGER_KEEP_DAYS,
            undo_send_secs: UNDO_SEND_SECS,
        }
    }

    /// Returns whether browsers use HTTPS.
    pub fn is_https(&self) -> bool {
        self.public_origin
            .as_deref()
            .is_some_and(|o| o.starts_with("https://"))
    }

    /// The configured mail servers of a domain.
    pub fn preset(&self, domain: &str) -> Option<Preset> {
        let domain = domain.to_ascii_lowercase();
        let mut found = None::<Preset>;
        for upstream in self.upstream.iter().filter(|u| u.domains.contains(&domain)) {
            let preset = found.get_or_insert_default();
            let first = |ports: &[u16]| ports.first().map(|port| upstream.endpoint(*port));
            preset.imap = preset.imap.take().or_else(|| first(&upstream.imap_ports));
            preset.pop3 = preset.pop3.take().or_else(|| first(&upstream.pop3_ports));
            preset.smtp = preset.smtp.take().or_else(|| first(&upstream.smtp_ports));
        }
        found
    }

    /// Returns the configured server with this host name.
    pub fn listed(&self, host: &str) -> Option<&Upstream> {
        self.upstream
            .iter()
            .find(|u| u.host.eq_ignore_ascii_case(host))
    }

    /// Returns warnings about settings that are valid but risky.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        warnings.extend(exposed_state(&self.state_dir));
        if self.public_origin.is_none() {
            warnings.push(
                "public_origin is not set: only browsers on this machine can sign in; behind a \
                 proxy set it to the address that browsers use, such as https://mail.example.org"
                    .into(),
            );
        }
        if !self.is_https() {
            warnings.push(
                "plain http: the session cookie is not marked Secure, and on other machines than \
                 this one passwords and mail travel unprotected"
                    .into(),
            );
        }
        if matches!(self.listen, Listen::Unix(_)) && !self.trusted_proxies.contains(&Peer::Unix) {
            warnings.push(
                "listen is a Unix socket and trusted_proxies does not hold \"unix\": all users share \
                 the limits of one address (failed sign-ins, new mail servers); add \"unix\""
                    .into(),
            );
        } else if self.trusted_proxies.is_empty() {
            warnings.push(
                "trusted_proxies is empty: X-Forwarded-For is ignored, so behind a proxy all users \
                 share the limits of one address (failed sign-ins, new mail servers); list the \
                 proxy's address"
                    .into(),
            );
        }
        for upstream in self
            .upstream
            .iter()
            .filter(|u| u.tls == Some(TlsMode::Plain))
        {
            warnings.push(format!(
                "[[upstream]] {}: tls = \"plain\" sends passwords to it unprotected",
                upstream.host
            ));
        }
        if self.upstreams == Upstreams::Listed && self.upstream.is_empty() {
            warnings
                .push("upstreams = \"listed\" without any [[upstream]]: nobody can sign in".into());
        }
        warnings
    }
}

impl Upstream {
    /// Returns all its ports.
    pub fn ports(&self) -> Vec<u16> {
        [&self.imap_ports, &self.pop3_ports, &self.smtp_ports]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// Returns the endpoint of a port, with the configured TLS mode or the port's default.
    pub fn endpoint(&self, port: u16) -> Endpoint {
        let by_port = match port {
            25 | 110 | 143 | 587 => TlsMode::StartTls,
            _ => TlsMode::Implicit,
        };
        Endpoint {
            host: self.host.clone(),
            port,
            tls: self.tls.unwrap_or(by_port),
        }
    }
}

impl Peer {
    /// Returns whether an address belongs to this network; `false` for [`Peer::Unix`].
    pub fn contains(self, address: IpAddr) -> bool {
        let Self::Network(network, bits) = self else {
            return false;
        };
        let mask = |width: u32| {
            u128::MAX
                .checked_shl(width.saturating_sub(bits.into()))
                .unwrap_or(0)
        };
        match (network, address.to_canonical()) {
            (IpAddr::V4(n), IpAddr::V4(a)) => {
                (u128::from(n.to_bits()) ^ u128::from(a.to_bits())) & mask(32) == 0
            }
            (IpAddr::V6(n), IpAddr::V6(a)) => (n.to_bits() ^ a.to_bits()) & mask(128) == 0,
            _ => false,
        }
    }
}

impl std::str::FromStr for Peer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| ())?.to_canonical();
        let max_bits = if address.is_ipv4() { 32 } else { 128 };
        match bits.unwrap_or(max_bits) {
            bits if bits <= max_bits => Ok(Self::Network(address, bits)),
            _ => Err(()),
        }
    }
}

impl Listen {
    /// Returns whether only this machine can connect.
    pub fn is_loopback(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.ip().is_loopback())
    }
}

impl std::str::FromStr for Listen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(_) => Err(()),
            None => text.parse().map(Self::Tcp).map_err(|_| ()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Returns the quotas of the spool, with defaults for absent values.
pub fn spool_limits(
    upload_max_bytes: u64,
    account_max_bytes: Option<u64>,
    max_bytes: Option<u64>,
) -> SpoolLimits {
    // A message takes its uploaded files and their encoded copies, which are a third larger.
    let default_max_bytes = upload_max_bytes.saturating_mul(4).max(256 << 20);
    let account_max_bytes = account_max_bytes.unwrap_or(default_max_bytes);
    SpoolLimits {
        account_max_bytes,
        max_bytes: max_bytes.unwrap_or(account_max_bytes.saturating_mul(16)),
    }
}

/// Returns a warning if other users can access the state folder.
fn exposed_state(state_dir: &Path) -> Option<String> {
    #[cfg(unix)]
    if let Ok(Some(mode)) = crate::store::private::exposed_mode(state_dir) {
        let path = state_dir.display();
        return Some(format!(
            "state_dir can be reached by other users (mode {mode:o}): chmod 700 {path}; serve does \
             it by itself where the folder holds nothing else"
        ));
    }
    let _ = state_dir;
    None
}

/// Parses a base path: with a leading slash, without a trailing one. `None` if a segment has
/// characters other than `A–Z a–z 0–9 . _ ~ -`, is empty, `.` or `..`.
pub fn base_path(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
    let is_segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(is_plain);
    match text.strip_prefix('/') {
        None if text.is_empty() => Some(String::new()),
        Some(rest) if rest.split('/').all(is_segment) => Some(text.to_owned()),
        _ => None,
    }
}

/// Returns whether a host name or address is this machine's loopback.
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|a| a.to_canonical().is_loopback())
}
