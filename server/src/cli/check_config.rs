//! `restante check-config`: prints the effective configuration and warnings about it.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::config::{Config, Peer, Upstreams};

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    std::io::stdout().write_all(describe(config).as_bytes())?;
    Ok(())
}

fn describe(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key:<17} {value}");
    };
    let origin = config
        .public_origin
        .as_deref()
        .unwrap_or("(this machine only)");
    line("listen", &config.listen.to_string());
    line("address", &format!("{origin}{}/", config.base_path));
    line("state_dir", &config.state_dir.display().to_string());
    let peers: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(|peer| match peer {
            Peer::Unix => "unix".to_owned(),
            Peer::Network(address, bits) => format!("{address}/{bits}"),
        })
        .collect();
    line(
        "trusted_proxies",
        if peers.is_empty() {
            "none".to_owned()
        } else {
            peers.join(", ")
        }
        .as_str(),
    );
    line(
        "sessions_per_account",
        &config.sessions_per_account.to_string(),
    );
    line("upload_max_bytes", &config.upload_max_bytes.to_string());
    line(
        "spool",
        &format!(
            "{} bytes an account, {} in all",
            config.spool.account_max_bytes, config.spool.max_bytes
        ),
    );
    line("ledger_keep_days", &config.ledger_keep_days.to_string());
    line("undo_send_secs", &config.undo_send_secs.to_string());
    line(
        "upstreams",
        match config.upstreams {
            Upstreams::Public => "any public host on mail ports, and those below",
            Upstreams::Listed => "those below only",
        },
    );
    for upstream in &config.upstream {
        let ports: Vec<String> = upstream.ports().iter().map(u16::to_string).collect();
        let mut value = format!("{}, ports {}", upstream.host, ports.join(" "));
        if upstream.ca_pem.is_some() {
            value.push_str(", own authority");
        }
        if !upstream.domains.is_empty() {
            let _ = write!(value, ", for {}", upstream.domains.join(" "));
        }
        line("[[upstream]]", &value);
    }
    for warning in config.warnings() {
        line("warning", &warning);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn settings_and_warnings_are_described() {
        let mut config = Config::local(Path::new("/var/lib/restante"));
        config.base_path = "/webmail".into();
        let text = describe(&config);
        assert!(text.contains("(this machine only)/webmail/"), "{text}");
        assert!(
            text.contains("warning           trusted_proxies is empty"),
            "{text}"
        );
        assert!(text.contains("share the limits of one address"), "{text}");
        config.listen = "unix:/run/restante.sock".parse().unwrap();
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let text = describe(&config);
        assert!(text.contains("add \"unix\""), "{text}");
        config.listen = "127.0.0.1:3000".parse().unwrap();
        config.public_origin = Some("https://mail.example.org".into());
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        let text = describe(&config);
        assert!(text.contains("https://mail.example.org/webmail/"), "{text}");
        assert!(!text.contains("warning"), "{text}");
    }
}
