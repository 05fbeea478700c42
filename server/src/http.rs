//! The web server: routes, headers, limits, forms, streams.
//!
//! # Invariants
//! - Only POST changes state, and every POST passes the CSRF layer (`csrf`). One exception: opening
//!   a message page marks the message as read ([`app_page`]).
//! - Each class of response has its own headers ([`headers`]). The only header on every response is
//!   the build id, `x-restante-build`.
//! - Everything works with links and forms; scripts only make it faster.

mod admission;
mod app_page;
pub mod assets;
mod attachment;
mod body;
mod client_ip;
mod compose;
mod composing;
mod connection;
mod contacts;
mod csrf;
mod editor;
mod error;
mod events;
mod files;
mod forms;
pub mod headers;
mod health;
mod home;
mod identities;
mod list_page;
mod login;
mod message_body;
mod multipart;
mod origin;
mod page;
pub mod rate_limit;
mod request_error;
mod router;
mod search_form;
mod serve;
mod settings_page;
mod source;
mod templates;
mod transcript;
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

/// The state shared by all requests.
pub struct WebState {
    /// Name, path and flags of the session cookie.
    pub config: Config,
    /// The rules of the session cookie.
    pub cookie: CookieRules,
    /// The front-end build: scripts, WebAssembly, styles and icons.
    pub site: assets::Site,
    /// Build settings that the framework needs.
    pub leptos: LeptosOptions,
    /// Opens accounts at mail servers.
    pub accounts: Accounts,
    /// The live sessions.
    pub registry: Registry,
    /// Seals stored data with the server key.
    pub sealer: Arc<Sealer>,
    /// The database.
    pub store: Store,
    /// Files of outgoing messages.
    pub spool: Spool,
    /// Maximum numbers of connections, sessions and event streams.
    pub room: Room,
    /// Permits for downloads, shared by all sessions.
    pub downloads: Arc<Semaphore>,
    /// Permits for event streams, shared by all sessions.
    pub streams: Arc<Semaphore>,
    /// Rate limits for failed sign-ins.
    pub sign_ins: rate_limit::SignInLimits,
    /// The demo's mailbox, shown on the sign-in page; `None` outside the demo.
    pub demo: Option<DemoMailbox>,
    /// Cancelled when the process has to stop.
    pub shutdown: CancellationToken,
}

/// The shared state as handlers receive it.
pub type Web = Arc<WebState>;

impl WebState {
    /// Creates the state before the first request.
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
        // All visitors of the demo share its account.
        let per_account = match demo {
            Some(_) => room.sessions,
            None => config.sessions_per_account,
        };
        let bounds = Bounds {
            per_account,
            total: room.sessions,
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

    /// Returns the base path: `""` or, for example, `"/x"`.
    pub fn base(&self) -> &str {
        &self.config.base_path
    }

    fn sessions(&self) -> SealedSessions {
        SealedSessions::new(self.store.clone(), Arc::clone(&self.sealer))
    }
}
