//! `restante serve`: the web server.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use app::routes::login::DemoMailbox;
use mail_net::Dialer;
use mail_net::egress::{Egress, Listed};
use mail_net::tls::Trust;
use tokio_util::sync::CancellationToken;

use crate::account::Accounts;
use crate::config::{Config, Upstreams};
use crate::http::assets::Site;
use crate::http::{Bound, Web, WebState, serve};
use crate::store::seal::Sealer;
use crate::store::spool::Spool;
use crate::store::{SCHEMA, Store, now_unix_ms};
use crate::{telemetry, upkeep};

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    telemetry::start();
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let bound = Bound::new(&config.listen)
        .await
        .with_context(|| format!("listen = {}", config.listen))?;
    let shutdown = CancellationToken::new();
    let web = prepare(config.clone(), None, shutdown.clone()).await?;
    tracing::info!(listen = %bound.address()?, base_path = config.base_path, "serving");
    stop_on_signal(shutdown)?;
    serve(web, bound).await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens key, store and spool, recovers from an earlier process, and creates the state of the web
/// server.
///
/// # Errors
/// If the state folder cannot be used, or a CA file holds no usable certificate.
pub async fn prepare(
    config: Config,
    demo: Option<DemoMailbox>,
    shutdown: CancellationToken,
) -> anyhow::Result<Web> {
    let state_dir = config.state_dir.clone();
    let sealer = Arc::new(Sealer::open(&state_dir)?);
    let store = Store::open(&state_dir, SCHEMA)
        .await
        .with_context(|| format!("state_dir = {}", state_dir.display()))?;
    let spool = Spool::open(&state_dir, store.clone(), Arc::clone(&sealer), config.spool)?;
    let dialer = Arc::new(dialer(&config)?);
    let accounts = Accounts::new(dialer, store.clone(), Arc::clone(&sealer), spool.clone());
    accounts.convert().await?;
    upkeep::recover(&accounts, &store, now_unix_ms()).await?;
    let swept = spool.sweep(now_unix_ms()).await?;
    tracing::debug!(swept, "cleaned up after earlier processes");

    // Read from a folder during development; embedded in release builds.
    let site_dir = std::env::var_os("RESTANTE_SITE_DIR").map(PathBuf::from);
    let site = Site::load(site_dir.as_deref()).context("RESTANTE_SITE_DIR")?;
    Ok(WebState::new(
        config,
        site,
        accounts,
        (store, spool, sealer),
        demo,
        shutdown,
    ))
}

/// Creates the dialler with the servers that the operator allows.
fn dialer(config: &Config) -> anyhow::Result<Dialer> {
    let mut listed = Vec::new();
    for upstream in &config.upstream {
        let own_trust = upstream.ca_pem.as_ref().map(|pem| {
            Trust {
                is_platform_trusted: false,
                ca_pem: vec![pem.clone()],
            }
            .client_config()
        });
        let tls = own_trust
            .transpose()
            .with_context(|| format!("[[upstream]] {}: ca_file", upstream.host))?;
        listed.push(Listed {
            host: upstream.host.clone(),
            ports: upstream.ports(),
            tls,
        });
    }
    let egress = match config.upstreams {
        Upstreams::Public => Egress::public(listed),
        Upstreams::Listed => Egress::listed_only(listed),
    };
    Ok(Dialer::new(egress, Trust::platform().client_config()?))
}

/// Cancels the token on SIGINT or SIGTERM.
pub(super) fn stop_on_signal(shutdown: CancellationToken) -> anyhow::Result<()> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).context("SIGTERM")?
    };
    tokio::spawn(async move {
        #[cfg(unix)]
        let stopped = async { terminate.recv().await };
        #[cfg(not(unix))]
        let stopped = std::future::pending::<Option<()>>();
        tokio::select! {
            _ = stopped => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}
