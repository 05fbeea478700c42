//! `restante demo`: the whole product with its own mail server, on this machine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use app::routes::login::DemoMailbox;
use clap::Args;
use mail_demo::{ADDRESS, DOMAIN, Demo, Options, PASSWORD};
use tokio_util::sync::CancellationToken;

use super::serve::{prepare, stop_on_signal};
use crate::config::{
    Config, Listen, UNDO_SEND_MAX_SECS, UNDO_SEND_SECS, Upstream, Upstreams, base_path,
};
use crate::http::{Bound, serve};
use crate::store::now_unix_ms;
use crate::telemetry;

/// What `restante demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to listen. An address beyond this machine opens the demo to its network, over plain
    /// http.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// How many messages the inbox holds; about 300 in several folders unless given.
    #[arg(long, value_name = "N")]
    pub messages: Option<u32>,
    /// A new message arrives every so many seconds.
    #[arg(long, value_name = "SECS")]
    pub mail_every: Option<u64>,
    /// Writes the authority of the mail server's certificate (PEM) into this file, for
    /// `restante send --ca-file` and other mail programs.
    #[arg(long, value_name = "FILE")]
    pub ca_out: Option<PathBuf>,
    /// The path below which it is served, such as /webmail.
    #[arg(long, value_name = "PATH", default_value = "")]
    pub base_path: String,
    /// For how many seconds a message can be stopped after "Send", 0 to 30.
    #[arg(long, value_name = "SECS", default_value_t = UNDO_SEND_SECS,
          value_parser = clap::value_parser!(u32).range(..=i64::from(UNDO_SEND_MAX_SECS)))]
    pub undo_send_secs: u32,
}

pub(super) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    telemetry::start();
    let listen = Listen::Tcp(args.listen);
    let bound = Bound::new(&listen)
        .await
        .with_context(|| format!("--listen {listen}"))?;
    let state = StateDir::new()?;
    let options = Options {
        messages: args.messages,
        mail_every: args.mail_every.map(Duration::from_secs),
        now_unix_ms: now_unix_ms(),
        ..Options::default()
    };
    let demo = Demo::start(options)
        .await
        .context("the demo's mail server")?;
    if let Some(path) = &args.ca_out {
        std::fs::write(path, demo.ca_pem()).context("--ca-out")?;
    }
    let base = base_path(&args.base_path).context("--base-path takes a path such as /webmail")?;
    let config = Config {
        insecure_http: !listen.is_loopback(),
        listen,
        base_path: base.clone(),
        undo_send_secs: args.undo_send_secs,
        ..config(&demo, state.0.clone())
    };
    let shutdown = CancellationToken::new();
    let mailbox = DemoMailbox {
        address: ADDRESS.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let web = prepare(config, Some(mailbox), shutdown.clone()).await?;
    stop_on_signal(shutdown)?;

    let address = bound.address()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "Restante demo: http://{address}{base}/")?;
    writeln!(out, "Address:       {ADDRESS}")?;
    writeln!(out, "Password:      {PASSWORD}")?;
    let ports = demo.ports();
    writeln!(
        out,
        "Mail server:   localhost, IMAP {} or {} (STARTTLS), POP3 {} or {} (STLS), SMTP {} or {} (STARTTLS)",
        ports.imaps, ports.imap, ports.pop3s, ports.pop3, ports.smtps, ports.submission
    )?;
    out.flush()?;
    drop(out);

    serve(web, bound).await;
    demo.stop().await;
    Ok(())
}

/// Returns the configuration for a demo mail server: allows only its ports and trusts only its CA.
pub fn config(demo: &Demo, state_dir: PathBuf) -> Config {
    let ports = demo.ports();
    let upstream = |host: &str, domains: Vec<String>| Upstream {
        host: host.to_owned(),
        imap_ports: vec![ports.imaps, ports.imap],
        pop3_ports: vec![ports.pop3s, ports.pop3],
        smtp_ports: vec![ports.smtps, ports.submission],
        tls: None,
        ca_pem: Some(demo.ca_pem().to_owned()),
        domains,
    };
    Config {
        upstreams: Upstreams::Listed,
        upstream: vec![
            upstream("localhost", vec![DOMAIN.to_owned()]),
            upstream("127.0.0.1", Vec::new()),
        ],
        ..Config::local(&state_dir)
    }
}

/// A state folder that is removed when the demo ends.
struct StateDir(PathBuf);

impl StateDir {
    fn new() -> anyhow::Result<Self> {
        let name = format!(
            "restante-demo-{}-{:08x}",
            std::process::id(),
            getrandom::u32()?
        );
        Ok(Self(std::env::temp_dir().join(name)))
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
