//! Reads the configuration: file, then environment. Errors name the location, the key and the fix.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mail_net::TlsMode;
use serde::Deserialize;
use toml::Spanned;

use crate::config::{
    Config, LEDGER_KEEP_DAYS, LEDGER_KEEP_MAX_DAYS, Listen, SESSIONS_PER_ACCOUNT_CEILING,
    UNDO_SEND_MAX_SECS, UNDO_SEND_SECS, UPLOAD_CEILING_BYTES, UPLOAD_DEFAULT_BYTES, Upstream,
    Upstreams, base_path, is_loopback_host, spool_limits,
};
use crate::limits::SESSIONS_PER_ACCOUNT;
use crate::store::spool::SpoolLimits;

/// The prefix of the environment variables.
pub const ENV_PREFIX: &str = "RESTANTE__";

/// An error in the configuration: where it is, what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {problem}\n  fix: {fix}")]
pub struct ConfigError {
    /// File and line, or the variable.
    pub location: String,
    /// What is wrong, with the key.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// Reads the file, if one is given, and `environment` (all variables, others are ignored).
///
/// # Errors
/// The first error found, with its location and what to write instead.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut raw = Raw::default();
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| ConfigError {
            location: name.clone(),
            problem: format!("cannot be read: {e}"),
            fix: "give the path of a readable file after --config".into(),
        })?;
        raw.overlay(parse(
            &text,
            &Source::File {
                name,
                text: text.clone(),
            },
        )?);
    }
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix(ENV_PREFIX) {
            let text = toml_line(&key.to_ascii_lowercase(), &value);
            raw.overlay(parse(&text, &Source::Variable { name: name.clone() })?);
        }
    }
    raw.validate(file.and_then(Path::parent))
}

/// The source of a configuration text.
enum Source {
    File { name: String, text: String },
    Variable { name: String },
}

impl Source {
    fn location(&self, offset: usize) -> String {
        match self {
            Self::File { name, text } => {
                let before = text.as_bytes().iter().take(offset);
                let line = before.filter(|b| **b == b'\n').count().saturating_add(1);
                format!("{name}, line {line}")
            }
            Self::Variable { name } => format!("environment, {name}"),
        }
    }
}

/// A value, and where it was set.
#[derive(Debug, Clone)]
struct Setting<T> {
    value: T,
    location: String,
}

impl<T> Setting<T> {
    fn error(&self, problem: impl Into<String>, fix: impl Into<String>) -> ConfigError {
        ConfigError {
            location: self.location.clone(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    listen: Option<Spanned<String>>,
    base_path: Option<Spanned<String>>,
    public_origin: Option<Spanned<String>>,
    insecure_http: Option<Spanned<bool>>,
    state_dir: Option<Spanned<PathBuf>>,
    trusted_proxies: Option<Spanned<Vec<String>>>,
    upstreams: Option<Spanned<Upstreams>>,
    upstream: Option<Vec<Spanned<UpstreamTable>>>,
    sessions_per_account: Option<Spanned<usize>>,
    upload_max_bytes: Option<Spanned<u64>>,
    spool_account_max_bytes: Option<Spanned<u64>>,
    spool_max_bytes: Option<Spanned<u64>>,
    ledger_keep_days: Option<Spanned<u32>>,
    undo_send_secs: Option<Spanned<u32>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpstreamTable {
    host: String,
    ports: Option<PortsTable>,
    tls: Option<TlsWord>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    domains: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TlsWord {
    Implicit,
    StartTls,
    Plain,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PortsTable {
    imap: Option<PortList>,
    pop3: Option<PortList>,
    smtp: Option<PortList>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum PortList {
    One(u16),
    Many(Vec<u16>),
}

#[derive(Default)]
struct Raw {
    listen: Option<Setting<String>>,
    base_path: Option<Setting<String>>,
    public_origin: Option<Setting<String>>,
    insecure_http: Option<Setting<bool>>,
    state_dir: Option<Setting<PathBuf>>,
    trusted_proxies: Option<Setting<Vec<String>>>,
    upstreams: Option<Setting<Upstreams>>,
    upstream: Option<Vec<Setting<UpstreamTable>>>,
    sessions_per_account: Option<Setting<usize>>,
    upload_max_bytes: Option<Setting<u64>>,
    spool_account_max_bytes: Option<Setting<u64>>,
    spool_max_bytes: Option<Setting<u64>>,
    ledger_keep_days: Option<Setting<u32>>,
    undo_send_secs: Option<Setting<u32>>,
}

/// Returns a variable's value as a line of TOML: a value that is not valid TOML becomes a string.
fn toml_line(key: &str, value: &str) -> String {
    let written = format!("{key} = {value}");
    if toml::from_str::<toml::Table>(&written).is_ok() {
        written
    } else {
        format!("{key} = {}", toml::Value::String(value.to_owned()))
    }
}

fn parse(text: &str, source: &Source) -> Result<Raw, ConfigError> {
    let document: Document = toml::from_str(text).map_err(|e| {
        let fix = if e.message().starts_with("unknown field") {
            "remove the key or correct its name; docs/self-hosting.md lists every key"
        } else {
            "docs/self-hosting.md shows how every key is written"
        };
        ConfigError {
            location: source.location(e.span().map_or(0, |s| s.start)),
            problem: e.message().trim_end().to_owned(),
            fix: fix.into(),
        }
    })?;
    fn setting<T>(value: Spanned<T>, source: &Source) -> Setting<T> {
        let location = source.location(value.span().start);
        Setting {
            value: value.into_inner(),
            location,
        }
    }
    Ok(Raw {
        listen: document.listen.map(|v| setting(v, source)),
        base_path: document.base_path.map(|v| setting(v, source)),
        public_origin: document.public_origin.map(|v| setting(v, source)),
        insecure_http: document.insecure_http.map(|v| setting(v, source)),
        state_dir: document.state_dir.map(|v| setting(v, source)),
        trusted_proxies: document.trusted_proxies.map(|v| setting(v, source)),
        upstreams: document.upstreams.map(|v| setting(v, source)),
        upstream: document
            .upstream
            .map(|list| list.into_iter().map(|v| setting(v, source)).collect()),
        sessions_per_account: document.sessions_per_account.map(|v| setting(v, source)),
        upload_max_bytes: document.upload_max_bytes.map(|v| setting(v, source)),
        spool_account_max_bytes: document.spool_account_max_bytes.map(|v| setting(v, source)),
        spool_max_bytes: document.spool_max_bytes.map(|v| setting(v, source)),
        ledger_keep_days: document.ledger_keep_days.map(|v| setting(v, source)),
        undo_send_secs: document.undo_send_secs.map(|v| setting(v, source)),
    })
}

impl Raw {
    fn overlay(&mut self, newer: Self) {
        fn put<T>(slot: &mut Option<T>, newer: Option<T>) {
            if newer.is_some() {
                *slot = newer;
            }
        }
        put(&mut self.listen, newer.listen);
        put(&mut self.base_path, newer.base_path);
        put(&mut self.public_origin, newer.public_origin);
        put(&mut self.insecure_http, newer.insecure_http);
        put(&mut self.state_dir, newer.state_dir);
        put(&mut self.trusted_proxies, newer.trusted_proxies);
        put(&mut self.upstreams, newer.upstreams);
        put(&mut self.upstream, newer.upstream);
        put(&mut self.sessions_per_account, newer.sessions_per_account);
        put(&mut self.upload_max_bytes, newer.upload_max_bytes);
        put(
            &mut self.spool_account_max_bytes,
            newer.spool_account_max_bytes,
        );
        put(&mut self.spool_max_bytes, newer.spool_max_bytes);
        put(&mut self.ledger_keep_days, newer.ledger_keep_days);
        put(&mut self.undo_send_secs, newer.undo_send_secs);
    }

    /// Validates the values; relative CA files are resolved against the folder of the file.
    fn validate(self, folder: Option<&Path>) -> Result<Config, ConfigError> {
        let listen = match &self.listen {
            None => Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 3000))),
            Some(setting) => setting.value.parse().map_err(|()| {
                setting.error(
                    format!("`listen`: \"{}\" is no address with a port", setting.value),
                    "write \"127.0.0.1:3000\", \"[::1]:3000\" or \"unix:/run/restante/http.sock\"",
                )
            })?,
        };
        let base_path = match &self.base_path {
            None => String::new(),
            Some(setting) => base_path(&setting.value).ok_or_else(|| {
                setting.error(
                    format!("`base_path`: \"{}\" is no path", setting.value),
                    "write \"\" or a path such as \"/webmail\"",
                )
            })?,
        };
        let insecure_http = self.insecure_http.as_ref().is_some_and(|g| g.value);
        let public_origin = self
            .public_origin
            .as_ref()
            .map(|g| origin(g, insecure_http))
            .transpose()?;
        if public_origin.is_none() && !listen.is_loopback() && !insecure_http {
            let location = self
                .listen
                .as_ref()
                .map_or_else(String::new, |g| g.location.clone());
            return Err(ConfigError {
                location,
                problem: format!("`public_origin` is needed when `listen` is {listen}"),
                fix: "set public_origin = \"https://…\" to the address that browsers use, or \
                      insecure_http = true in a network where everybody may read along"
                    .into(),
            });
        }
        let mut trusted_proxies = Vec::new();
        if let Some(setting) = &self.trusted_proxies {
            for text in &setting.value {
                trusted_proxies.push(text.parse().map_err(|()| {
                    setting.error(
                        format!("`trusted_proxies`: \"{text}\" is no address or network"),
                        "write addresses (\"127.0.0.1\"), networks (\"10.0.0.0/8\") or \"unix\"",
                    )
                })?);
            }
        }
        let sessions_per_account = match &self.sessions_per_account {
            None => SESSIONS_PER_ACCOUNT,
            Some(setting) if (1..=SESSIONS_PER_ACCOUNT_CEILING).contains(&setting.value) => {
                setting.value
            }
            Some(setting) => {
                return Err(setting.error(
                    format!("`sessions_per_account`: {} is out of range", setting.value),
                    format!("write a number from 1 to {SESSIONS_PER_ACCOUNT_CEILING}"),
                ));
            }
        };
        let upload_max_bytes = match &self.upload_max_bytes {
            None => UPLOAD_DEFAULT_BYTES,
            Some(setting) if (1..=UPLOAD_CEILING_BYTES).contains(&setting.value) => setting.value,
            Some(setting) => {
                return Err(setting.error(
                    format!("`upload_max_bytes`: {} is out of range", setting.value),
                    format!("write a number from 1 to {UPLOAD_CEILING_BYTES}"),
                ));
            }
        };
        let spool = self.spool_limits(upload_max_bytes)?;
        let ledger_keep_days = match &self.ledger_keep_days {
            None => LEDGER_KEEP_DAYS,
            Some(setting) if (1..=LEDGER_KEEP_MAX_DAYS).contains(&setting.value) => setting.value,
            Some(setting) => {
                return Err(setting.error(
                    format!("`ledger_keep_days`: {} is out of range", setting.value),
                    format!("write a number from 1 to {LEDGER_KEEP_MAX_DAYS}"),
                ));
            }
        };
        let undo_send_secs = match &self.undo_send_secs {
            None => UNDO_SEND_SECS,
            Some(setting) if setting.value <= UNDO_SEND_MAX_SECS => setting.value,
            Some(setting) => {
                return Err(setting.error(
                    format!("`undo_send_secs`: {} is out of range", setting.value),
                    format!("write a number from 0 to {UNDO_SEND_MAX_SECS}"),
                ));
            }
        };
        let mut upstream = Vec::new();
        for setting in self.upstream.into_iter().flatten() {
            upstream.push(setting.validate(folder)?);
        }
        Ok(Config {
            listen,
            base_path,
            public_origin,
            insecure_http,
            state_dir: self
                .state_dir
                .map_or_else(|| "restante-state".into(), |g| g.value),
            trusted_proxies,
            upstreams: self.upstreams.map_or(Upstreams::Public, |g| g.value),
            upstream,
            sessions_per_account,
            upload_max_bytes,
            spool,
            ledger_keep_days,
            undo_send_secs,
        })
    }

    /// Returns the limits of the spool: at least one message with the largest attachments has to
    /// fit.
    fn spool_limits(&self, upload_max_bytes: u64) -> Result<SpoolLimits, ConfigError> {
        let value = |setting: &Option<Setting<u64>>| setting.as_ref().map(|setting| setting.value);
        let limits = spool_limits(
            upload_max_bytes,
            value(&self.spool_account_max_bytes),
            value(&self.spool_max_bytes),
        );
        let least = upload_max_bytes.saturating_mul(3);
        if let Some(setting) = &self.spool_account_max_bytes
            && setting.value < least
        {
            return Err(setting.error(
                format!("`spool_account_max_bytes`: {} is too little", setting.value),
                format!("write at least {least}, 3 times `upload_max_bytes`"),
            ));
        }
        if let Some(setting) = &self.spool_max_bytes
            && setting.value < limits.account_max_bytes
        {
            return Err(setting.error(
                format!("`spool_max_bytes`: {} is too little", setting.value),
                format!(
                    "write at least {}, what one account may take",
                    limits.account_max_bytes
                ),
            ));
        }
        Ok(limits)
    }
}

impl Setting<UpstreamTable> {
    fn validate(self, folder: Option<&Path>) -> Result<Upstream, ConfigError> {
        let host = self
            .value
            .host
            .trim()
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) {
            return Err(self.error(
                format!("`host`: \"{}\" is no host name", self.value.host),
                "write the name that stands in its certificate, such as \"mail.example.org\"",
            ));
        }
        let ports = self.value.ports.clone();
        let list = |port_list: Option<PortList>| match port_list {
            None => Vec::new(),
            Some(PortList::One(port)) => vec![port],
            Some(PortList::Many(ports)) => ports,
        };
        let (imap_ports, pop3_ports, smtp_ports) = match ports {
            None => (vec![993, 143], vec![995, 110], vec![465, 587]),
            Some(table) => (list(table.imap), list(table.pop3), list(table.smtp)),
        };
        let ca_pem = match &self.value.ca_file {
            None => None,
            Some(path) => {
                let full = folder.map_or_else(|| path.clone(), |f| f.join(path));
                let pem = std::fs::read_to_string(&full).map_err(|e| {
                    self.error(
                        format!("`ca_file`: {} cannot be read: {e}", full.display()),
                        "give the path of a readable PEM file",
                    )
                })?;
                if !pem.contains("-----BEGIN CERTIFICATE-----") {
                    return Err(self.error(
                        format!("`ca_file`: {} holds no certificate", full.display()),
                        "give a PEM file that begins with -----BEGIN CERTIFICATE-----",
                    ));
                }
                Some(pem)
            }
        };
        let tls = self.value.tls.map(|word| match word {
            TlsWord::Implicit => TlsMode::Implicit,
            TlsWord::StartTls => TlsMode::StartTls,
            TlsWord::Plain => TlsMode::Plain,
        });
        let domains = self
            .value
            .domains
            .iter()
            .map(|d| d.trim().to_ascii_lowercase())
            .collect();
        Ok(Upstream {
            host,
            imap_ports,
            pop3_ports,
            smtp_ports,
            tls,
            ca_pem,
            domains,
        })
    }
}

fn origin(setting: &Setting<String>, insecure_http: bool) -> Result<String, ConfigError> {
    let text = setting
        .value
        .strip_suffix('/')
        .unwrap_or(&setting.value)
        .to_ascii_lowercase();
    let fix = "write scheme and host only, such as \"https://mail.example.org\"";
    let wrong = || {
        setting.error(
            format!("`public_origin`: \"{}\" is no origin", setting.value),
            fix,
        )
    };
    let uri = text.parse::<http::Uri>().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    let is_bare = uri.query().is_none() && matches!(uri.path(), "" | "/");
    let has_user = uri.authority().is_some_and(|a| a.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https") if is_bare && !has_user => Ok(text),
        Some("http") if is_bare && !has_user => {
            if insecure_http || is_loopback_host(host) {
                Ok(text)
            } else {
                Err(setting.error(
                    "`public_origin`: plain http would send passwords unprotected",
                    "use https, or set insecure_http = true in a network where everybody may read along",
                ))
            }
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
