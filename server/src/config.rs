//! The configuration: a TOML file, then the environment, then these defaults.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `listen` | `127.0.0.1:3000` | `ADDRESS:PORT`, or `unix:/PATH` for a socket behind a proxy |
//! | `base_path` | `""` | the path below which the product is served: `""` or `"/webmail"` |
//! | `public_origin` | none | how browsers reach it: `https://mail.example.org`, without a path. Needed unless `listen` is a loopback address |
//! | `insecure_http` | `false` | allows plain http beyond this machine. Passwords and mail then travel unprotected |
//! | `state_dir` | `restante-state` | database, spool and key; made with mode 0700 |
//! | `trusted_proxies` | `[]` | peers whose `X-Forwarded-For` is believed: addresses, networks (`10.0.0.0/8`), or `"unix"` |
//! | `upstreams` | `"public"` | mail servers that users may name: `"public"` (any public host on mail ports) or `"listed"` (only those below) |
//! | `sessions_per_account` | `16` | how many browsers may be signed in to one mail account at once, 1 to 1000; the one unused the longest gives way |
//! | `upload_max_bytes` | `26214400` | the most that one message's attachments may weigh, at most 256 MiB |
//! | `spool_account_max_bytes` | 256 MiB, or 4 times `upload_max_bytes` | what the waiting messages and files of one account may take on the disk; at least 3 times `upload_max_bytes` |
//! | `spool_max_bytes` | 16 times `spool_account_max_bytes` | the same for all accounts together |
//! | `ledger_keep_days` | `90` | how long an entry of the outbox is kept after its last change, 1 to 3650 |
//!
//! `[[upstream]]`, any number of times, describes a mail server; it may have a private address:
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `host` | needed | its name, as in its certificate |
//! | `ports` | the usual ones | `{ imap = 993, pop3 = 995, smtp = 465 }`; each a port or a list, the first being the preset |
//! | `tls` | by port | the preset's mode: `"implicit"`, `"starttls"`, or `"plain"`, which also allows logins without TLS to this host |
//! | `ca_file` | none | a PEM file with the authority that signed its certificate |
//! | `domains` | `[]` | mail addresses of these domains use this server |
//!
//! In the environment each top-level key is `RESTANTE__` and its name in capitals
//! (`RESTANTE__BASE_PATH=/webmail`); lists and tables are written as in TOML.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use mail_net::TlsMode;
use mail_net::dial::Endpoint;
use serde::Deserialize;

use crate::store::spool::SpoolLimits;

/// The largest `sessions_per_account`.
pub const SESSIONS_PER_ACCOUNT_CEILING: usize = 1000;
/// The largest `upload_max_bytes`.
pub const UPLOAD_CEILING_BYTES: u64 = 256 << 20;
/// The default of `upload_max_bytes`.
pub const UPLOAD_DEFAULT_BYTES: u64 = 25 << 20;
/// The default of `ledger_keep_days`.
pub const LEDGER_KEEP_DAYS: u32 = 90;
/// The largest `ledger_keep_days`.
pub const LEDGER_KEEP_MAX_DAYS: u32 = 3650;

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens.
    pub listen: Listen,
    /// `""` or `"/x"`, never with a slash at its end.
    pub base_path: String,
    /// How browsers reach it, without a path and a slash at its end.
    pub public_origin: Option<String>,
    /// Plain http is allowed beyond this machine.
    pub insecure_http: bool,
    /// The folder of database, spool and key.
    pub state_dir: PathBuf,
    /// Peers whose forwarded headers are believed.
    pub trusted_proxies: Vec<Peer>,
    /// Mail servers that users may name.
    pub upstreams: Upstreams,
    /// Mail servers that the operator described.
    pub upstream: Vec<Upstream>,
    /// How many sessions one account may have at once.
    pub sessions_per_account: usize,
    /// The most that one message's attachments may weigh.
    pub upload_max_bytes: u64,
    /// What waiting messages and files may take on the disk.
    pub spool: SpoolLimits,
    /// How long an entry of the outbox is kept after its last change.
    pub ledger_keep_days: u32,
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A peer that is trusted to say whom it forwards for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An address with the count of its leading bits that matter.
    Network(IpAddr, u8),
    /// Whoever can reach the Unix socket.
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

/// A mail server that the operator described.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name, lower case.
    pub host: String,
    /// Its IMAP ports; the first is the preset.
    pub imap_ports: Vec<u16>,
    /// Its POP3 ports.
    pub pop3_ports: Vec<u16>,
    /// Its SMTP submission ports.
    pub smtp_ports: Vec<u16>,
    /// The preset's mode; by the port where absent.
    pub tls: Option<TlsMode>,
    /// The authority of its certificate, in PEM.
    pub ca_pem: Option<String>,
    /// Mail domains that use it, lower case.
    pub domains: Vec<String>,
}

/// What the operator said about the mail servers of a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preset {
    /// IMAP.
    pub imap: Option<Endpoint>,
    /// POP3.
    pub pop3: Option<Endpoint>,
    /// Submission.
    pub smtp: Option<Endpoint>,
}

impl Config {
    /// A server for this machine alone, on a free port.
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
        }
    }

    /// Whether browsers reach the product over https.
    pub fn is_https(&self) -> bool {
        self.public_origin
            .as_deref()
            .is_some_and(|o| o.starts_with("https://"))
    }

    /// What the operator said about the mail servers of a domain.
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

    /// The description of a host, where the operator gave one.
    pub fn listed(&self, host: &str) -> Option<&Upstream> {
        self.upstream
            .iter()
            .find(|u| u.host.eq_ignore_ascii_case(host))
    }

    /// What an operator should know although it is no fault.
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
    /// Every port of it.
    pub fn ports(&self) -> Vec<u16> {
        [&self.imap_ports, &self.pop3_ports, &self.smtp_ports]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// One port of it with the mode that goes with the port.
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
    /// Whether a peer on the network is this one.
    pub fn contains(self, address: IpAddr) -> bool {
        let Self::Network(network, bits) = self else {
            return false;
        };
        let mask = |all: u32| {
            u128::MAX
                .checked_shl(all.saturating_sub(bits.into()))
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
        let all = if address.is_ipv4() { 32 } else { 128 };
        match bits.unwrap_or(all) {
            bits if bits <= all => Ok(Self::Network(address, bits)),
            _ => Err(()),
        }
    }
}

impl Listen {
    /// Whether only this machine can reach it.
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

/// What the spool may take, where the operator said one number, both, or none.
pub fn spool_limits(
    upload_max_bytes: u64,
    account_max_bytes: Option<u64>,
    max_bytes: Option<u64>,
) -> SpoolLimits {
    // A message takes its files, and itself: encoded they are a third larger.
    let room = upload_max_bytes.saturating_mul(4).max(256 << 20);
    let account_max_bytes = account_max_bytes.unwrap_or(room);
    SpoolLimits {
        account_max_bytes,
        max_bytes: max_bytes.unwrap_or(account_max_bytes.saturating_mul(16)),
    }
}

/// A warning where other users can reach the state folder.
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

/// A text as a base path: with a slash before, none behind. `None` where it holds anything but
/// `A–Z a–z 0–9 . _ ~ -` between its slashes.
pub fn base_path(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
    let segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(plain);
    match text.strip_prefix('/') {
        None if text.is_empty() => Some(String::new()),
        Some(rest) if rest.split('/').all(segment) => Some(text.to_owned()),
        _ => None,
    }
}

/// Whether a host name or address means this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|a| a.to_canonical().is_loopback())
}
