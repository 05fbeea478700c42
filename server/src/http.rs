//! The web server: routes, headers, limits, forms, streams.
//!
//! # Invariants
//! - State changes on POST only, past one CSRF layer; the one exception is a message page that
//!   marks its message read ([`page`]).
//! - Every class of answer has its own headers ([`headers`]); none is set globally.
//! - Everything works by links and forms; scripts only make it quicker.

mod admission;
pub mod assets;
mod attachment;
mod body;
mod client_ip;
mod compose;
mod connection;
mod csrf;
mod error;
mod events;
mod forms;
pub mod headers;
mod health;
mod home;
mod login;
mod message_body;
mod multipart;
mod page;
pub mod rate_limit;
mod request_error;
mod router;
mod serve;
mod source;
mod turns;
mod upload;
mod visitor;

use std::sync::Arc;

use app::routes::login::DemoMailbox;
use leptos::prelude::LeptosOptions;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::account::Accounts;
use crate::config::Config;
use crate::limits::{self, Room};
use crate::session::registry::Bounds;
use crate::session::{CookieRules, Registry, SealedSessions};
use crate::store::Store;
use crate::store::seal::Sealer;
use crate::store::spool::Spool;

pub use router::router;
pub use serve::{Bound, serve};

/// What every request can reach.
pub struct WebState {
    /// The configuration.
    pub config: Config,
    /// The rules of the session cookie.
    pub cookie: CookieRules,
    /// The front-end build.
    pub site: assets::Site,
    /// What the framework has to know of the build.
    pub leptos: LeptosOptions,
    /// Opens accounts.
    pub accounts: Accounts,
    /// The live sessions.
    pub registry: Registry,
    /// The server key.
    pub sealer: Arc<Sealer>,
    /// The database.
    pub store: Store,
    /// Outgoing files.
    pub spool: Spool,
    /// How many connections, sessions and streams there may be.
    pub room: Room,
    /// Turns of downloads, of all sessions.
    pub downloads: Arc<Semaphore>,
    /// Turns of event streams, of all sessions.
    pub streams: Arc<Semaphore>,
    /// Failed sign-ins.
    pub sign_ins: rate_limit::SignInLimits,
    /// The demo's mailbox, told on the sign-in page.
    pub demo: Option<DemoMailbox>,
    /// Ends when the process has to stop.
    pub shutdown: CancellationToken,
}

/// The state as it is handed around.
pub type Web = Arc<WebState>;

impl WebState {
    /// The state of a server, before its first request.
    pub fn new(
        config: Config,
        site: assets::Site,
        accounts: Accounts,
        (store, spool, sealer): (Store, Spool, Arc<Sealer>),
        demo: Option<DemoMailbox>,
        shutdown: CancellationToken,
    ) -> Web {
        let leptos = LeptosOptions::builder()
            .output_name(assets::OUTPUT_NAME)
            .site_pkg_dir(site.pkg_dir())
            .build();
        let room = limits::raise_descriptors();
        // Everybody shares the account of the demo.
        let per_account = match demo {
            Some(_) => room.sessions,
            None => config.sessions_per_account,
        };
        let bounds = Bounds {
            per_account,
            in_all: room.sessions,
        };
        Arc::new(Self {
            cookie: CookieRules::of(&config),
            config,
            leptos,
            site,
            accounts,
            registry: Registry::new(store.clone(), bounds),
            room,
            downloads: Arc::new(Semaphore::new(limits::DOWNLOADS)),
            streams: Arc::new(Semaphore::new(room.streams)),
            sealer,
            store,
            spool,
            sign_ins: rate_limit::SignInLimits::default(),
            demo,
            shutdown,
        })
    }

    /// `""` or `"/x"`.
    pub fn base(&self) -> &str {
        &self.config.base_path
    }

    fn sessions(&self) -> SealedSessions {
        SealedSessions::new(self.store.clone(), Arc::clone(&self.sealer))
    }
}
