//! Texts that were written and not sent: kept in this browser, and offered when one comes back.
//!
//! A text is sealed with a key that the server gives to a live session of its account alone, so it
//! opens after signing in again, and for nobody else who uses the browser. It is written behind
//! every change, removed once the outbox has the message, and after 7 days.
//!
//! # Invariants
//! - A text that is being written has an id of its own, and the tab that writes it holds the lock
//!   of that name: no tab writes over what another one has written.
//! - What cannot be kept is not silent: the form says so, and the browser asks before the page goes.

mod kept;
pub mod leaving;
pub mod text;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use self::text::{Form, Offer, Text};
use super::session::Session;
use super::upload::whole;
use crate::api::types::{AccountId, Draft, UploadView};
use crate::page::PageContext;

/// The pause between two writings of a text.
const PAUSE: Duration = Duration::from_millis(400);
/// The longest text that is kept, with its quote.
const MAX_BYTES: usize = 512 << 10;

/// What the page knows of its texts. Not in signals: those are code for every type that they hold.
#[derive(Default)]
struct State {
    /// What can be gone on with, the newest first.
    offers: Vec<Rc<Offer>>,
    /// What the form on the page, or the next one, is to hold.
    wanted: Option<Rc<Offer>>,
    /// The form on the page.
    form: Option<Form>,
    /// Counts the forms.
    forms: u32,
    /// What is written in the form, once that is anything.
    now: Option<Rc<Offer>>,
    /// Counts the changes of `now`.
    version: u32,
    /// The version that is stored.
    stored: u32,
    /// Whether it is being stored.
    is_storing: bool,
    /// Whether a file of it is on its way.
    is_uploading: bool,
    /// The path prefix of the product.
    base: String,
    /// Before the name of each text in the storage, and of its lock.
    prefix: String,
    tab: String,
    /// The name that the session's tabs share.
    session: String,
}

thread_local! {
    /// One page, one thread. On the server nothing is ever put here.
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(run: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(run)
}

/// The unsent texts of this browser, and the one that is being written. A handle: copies are the
/// same.
#[derive(Debug, Clone, Copy)]
pub struct Unsent {
    /// Counts the changes of what is offered or wanted.
    changes: RwSignal<u32>,
    /// Whether the text on the page cannot be kept.
    pub is_unkeepable: RwSignal<bool>,
}

impl Unsent {
    /// No texts.
    pub fn new() -> Self {
        Self {
            changes: RwSignal::new(0),
            is_unkeepable: RwSignal::new(false),
        }
    }

    /// The texts of the page.
    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// Looks for texts. One that this tab was writing when it was loaded anew goes back into its
    /// form by itself.
    pub fn start(self, page: &PageContext, session: Session) {
        with(|state| {
            state.prefix = format!("restante:{}:unsent:", page.base);
            state.base.clone_from(&page.base);
            state.tab = kept::tab_name();
            state.session.clone_from(&page.live);
        });
        spawn_local(async move {
            self.look(session).await;
            let written_here = with(|state| {
                let form = state.form.as_ref().filter(|_| state.now.is_none())?;
                let mut offers = state.offers.iter();
                let own = offers.find(|offer| offer.text.tab == state.tab && offer.is_of(form));
                own.map(|offer| offer.id.clone())
            });
            if let Some(id) = written_here {
                self.claim(&id).await;
            }
        });
    }

    fn tell(self) {
        self.changes.update(|n| *n = n.wrapping_add(1));
    }

    /// The newest offer, and how many there are.
    pub fn newest(self) -> Option<(Rc<Offer>, usize)> {
        self.changes.track();
        with(|state| Some((Rc::clone(state.offers.first()?), state.offers.len())))
    }

    /// Looks for texts: another tab may have kept one, or gone.
    async fn look(self, session: Session) {
        loop {
            let before = self.changes.get_untracked();
            let all = own(session).await;
            let held = kept::held().await;
            if self.changes.get_untracked() == before {
                with(|state| state.found(all, &held));
                return self.tell();
            }
            // A text was left, stored or taken meanwhile: what was read may be an older one.
        }
    }

    /// A form is on the page. `began` is what it holds at first, `None` where that is written
    /// already. Returns what [`Unsent::end`] asks for.
    pub fn begin(self, form: Form) -> u32 {
        self.leave();
        with(|state| {
            state.form = Some(form);
            state.forms = state.forms.wrapping_add(1);
            state.forms
        })
    }

    /// A form goes, unless another one has taken its place already.
    pub fn end(self, form: u32) {
        if with(|state| state.forms == form) {
            self.leave();
        }
    }

    /// Whether an offer is wanted whose form is not on the page; its address.
    pub fn wanted_elsewhere(self) -> Option<String> {
        self.changes.track();
        with(|state| {
            let wanted = state.wanted.as_ref()?;
            let is_here = state.form.as_ref().is_some_and(|form| wanted.is_of(form));
            (!is_here).then(|| wanted.address(&state.base))
        })
    }

    /// The offer that is wanted.
    pub fn wanted(self) -> Option<Rc<Offer>> {
        with(|state| state.wanted.clone())
    }

    /// Wants an offer as a message of its own: what it answers or corrects is gone.
    pub fn want_alone(self) {
        with(|state| {
            if let Some(wanted) = state.wanted.take() {
                let mut offer = Offer::clone(&wanted);
                let draft = &mut offer.text.draft;
                (draft.source, draft.replaces) = (None, None);
                draft.keep_parts = Vec::new();
                state.wanted = Some(Rc::new(offer));
            }
        });
        self.tell();
    }

    /// What the form on the page is to hold, where it is wanted in this form, and whether its files
    /// are of this session. It is being written from then on, and what stood in the form is an
    /// offer.
    pub fn take_wanted(self) -> Option<(Rc<Offer>, bool)> {
        self.changes.track();
        let (form, wanted) = with(|state| {
            let (form, wanted) = (state.form.clone()?, state.wanted.clone()?);
            if !wanted.is_of(&form) {
                return None;
            }
            state.wanted = None;
            Some((form, wanted))
        })?;
        self.leave();
        let is_same_session = with(|state| {
            state.form = Some(form);
            state.version = 1;
            state.stored = u32::from(wanted.is_stored);
            state.now = Some(Rc::clone(&wanted));
            state.session == wanted.text.session
        });
        self.store_soon();
        Some((wanted, is_same_session))
    }

    /// Whether the form on the page holds what is not sent.
    pub fn is_written(self) -> bool {
        with(|state| state.now.is_some())
    }

    /// The id of the text in the form on the page.
    pub fn id(self) -> Option<String> {
        with(|state| state.now.as_ref().map(|now| now.id.clone()))
    }

    /// What stands in the form on the page now.
    pub fn changed(self, draft: Draft, files: Vec<UploadView>, is_uploading: bool) {
        enum Change {
            None,
            Emptied(String),
            Written,
        }
        let change = with(|state| {
            let Some(form) = &state.form else {
                return Change::None;
            };
            state.is_uploading = is_uploading;
            let is_whole = files.iter().all(|file| !file.id.0.is_empty());
            if is_whole && form.began.as_ref() == Some(&draft) {
                let now = state.now.as_ref();
                return now.map_or(Change::None, |now| Change::Emptied(now.id.clone()));
            }
            let text = Text {
                draft,
                files,
                session: state.session.clone(),
                tab: state.tab.clone(),
            };
            let before = state.now.take();
            if let Some(before) = before.as_ref().filter(|before| before.text == text) {
                state.now = Some(Rc::clone(before));
                return Change::None;
            }
            state.now = Some(Rc::new(Offer {
                id: before.map_or_else(kept::new_name, |before| before.id.clone()),
                account: form.account.clone(),
                at_ms: now_ms(),
                text,
                is_stored: false,
            }));
            state.version = state.version.wrapping_add(1);
            Change::Written
        });
        match change {
            Change::None => {}
            Change::Emptied(id) => self.forget(&id),
            Change::Written => self.store_soon(),
        }
    }

    /// Stores what is written, at once and then with pauses for as long as it changes.
    fn store_soon(self) {
        let due = with(|state| {
            let is_due = state.version != state.stored && !state.is_storing;
            let now = state.now.clone().filter(|_| is_due)?;
            state.is_storing = true;
            Some((now, state.version))
        });
        let Some((now, version)) = due else {
            return;
        };
        spawn_local(async move {
            let (is_stored, is_same) = store_as(&now, version).await;
            if is_same {
                self.is_unkeepable.set(!is_stored);
            }
            set_timeout(
                move || {
                    with(|state| state.is_storing = false);
                    // What failed is tried again with the next change.
                    if is_stored || !is_same {
                        self.store_soon();
                    }
                },
                PAUSE,
            );
        });
    }

    /// Whether the text on the page is not stored as it stands.
    fn is_unstored(self) -> bool {
        with(|state| state.now.is_some() && state.version != state.stored)
    }

    /// Stores what is written, without a pause.
    async fn store_now(self) {
        let now = with(|state| state.now.clone().map(|now| (now, state.version)));
        if let Some((now, version)) = now {
            store_as(&now, version).await;
        }
    }

    /// The form goes: what stands in it is an offer from now on.
    fn leave(self) {
        self.is_unkeepable.set(false);
        let left = with(|state| {
            state.form = None;
            state.is_uploading = false;
            let is_stored = state.version == state.stored;
            let mut offer = Offer::clone(&*state.now.take()?);
            offer.is_stored = is_stored;
            let offer = Rc::new(offer);
            state.offer(Rc::clone(&offer));
            Some(offer)
        });
        let Some(offer) = left else {
            return;
        };
        self.tell();
        spawn_local(async move {
            if !offer.is_stored && store(&offer).await {
                with(|state| {
                    if state.offers.iter().any(|other| other.id == offer.id) {
                        let mut stored = Offer::clone(&offer);
                        stored.is_stored = true;
                        state.offer(Rc::new(stored));
                    }
                });
                self.tell();
            }
            with(|state| kept::release(&state.name(&offer.id)));
        });
    }

    /// A text is sent, or not wanted any more.
    pub fn forget(self, id: &str) {
        with(|state| {
            kept::remove(&state.name(id));
            if state.now.as_ref().is_some_and(|now| now.id == id) {
                state.now = None;
                state.is_uploading = false;
            }
            state.offers.retain(|offer| offer.id != id);
        });
        self.is_unkeepable.set(false);
        self.tell();
    }

    /// The text in the form is discarded.
    pub fn discard(self) {
        if let Some(id) = self.id() {
            self.forget(&id);
        }
    }

    /// Takes an offer for the form that comes next. `false` where another tab writes it.
    pub async fn claim(self, id: &str) -> bool {
        let (offer, name) = with(|state| {
            let at = state.offers.iter().position(|offer| offer.id == id);
            (at.map(|at| state.offers.remove(at)), state.name(id))
        });
        let Some(mut offer) = offer else {
            return false;
        };
        if offer.is_stored {
            if !kept::hold(&name).await {
                self.tell();
                return false;
            }
            // As the last tab left it.
            let mut stored = stored(&offer.account).await.into_iter();
            if let Some(now) = stored.find(|other| other.id == id) {
                offer = Rc::new(now);
            }
        }
        with(|state| state.wanted = Some(offer));
        self.tell();
        true
    }

    /// Whether something would be lost with the page.
    fn is_at_risk(self) -> bool {
        let is_unstored = self.is_unstored();
        with(|state| {
            let is_only_here = state.offers.iter().any(|offer| !offer.is_stored);
            state.is_uploading || is_unstored || is_only_here
        })
    }
}

impl Default for Unsent {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// The name of a text in the storage, and of its lock.
    fn name(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Takes what lies in the storage for what can be gone on with, except what a tab holds.
    fn found(&mut self, all: Vec<Offer>, held: &[String]) {
        self.offers.retain(|offer| !offer.is_stored);
        for offer in all {
            // What could not be stored is newer than what is stored of it.
            let is_here = self.offers.iter().any(|other| other.id == offer.id);
            if !is_here && !held.contains(&self.name(&offer.id)) {
                self.offer(Rc::new(offer));
            }
        }
    }

    /// Puts an offer in its place, and away what was there of it.
    fn offer(&mut self, offer: Rc<Offer>) {
        self.offers.retain(|other| other.id != offer.id);
        let newer = self
            .offers
            .iter()
            .take_while(|other| other.at_ms > offer.at_ms);
        let at = newer.count();
        self.offers.insert(at, offer);
    }
}

/// The stored texts of the session's accounts.
async fn own(session: Session) -> Vec<Offer> {
    let mut own = Vec::new();
    if !kept::is_any(&with(|state| state.prefix.clone())) {
        return own;
    }
    let accounts = session.0.await.map(|session| session.accounts);
    for account in accounts.unwrap_or_default() {
        own.append(&mut stored(&account.id).await);
    }
    own
}

/// The stored texts of an account.
async fn stored(account: &AccountId) -> Vec<Offer> {
    let (base, prefix) = with(|state| (state.base.clone(), state.prefix.clone()));
    let mut stored = Vec::new();
    let mut rows = kept::all(&base, &prefix, &account.0).await.into_iter();
    while let (Some(id), Some(at), Some(text)) = (rows.next(), rows.next(), rows.next()) {
        if let (Ok(at_ms), Some(text)) = (at.parse(), Text::read(&text)) {
            stored.push(Offer {
                id,
                account: account.clone(),
                at_ms,
                text,
                is_stored: true,
            });
        }
    }
    stored
}

/// Stores the text in the form as it stood at one version. Returns whether it is stored, and whether
/// it is in the form still.
async fn store_as(now: &Offer, version: u32) -> (bool, bool) {
    let is_stored = store(now).await;
    with(|state| {
        let is_same = state.now.as_ref().is_some_and(|text| text.id == now.id);
        if is_same && is_stored {
            state.stored = version;
        }
        (is_stored, is_same)
    })
}

/// Stores a text. `false` where it cannot be kept.
async fn store(offer: &Offer) -> bool {
    let Some(text) = offer.text.write().filter(|text| text.len() <= MAX_BYTES) else {
        return false;
    };
    let (base, prefix) = with(|state| (state.base.clone(), state.prefix.clone()));
    let at = offer.at_ms.to_string();
    kept::put(&base, &prefix, &offer.account.0, &offer.id, &at, &text).await
}

/// The time, in Unix milliseconds.
fn now_ms() -> u64 {
    whole(js_sys::Date::now())
}

/// A time as the reader's own clock shows it, with its day where that is not today.
pub fn moment(at_ms: u64, lang: &str) -> String {
    kept::moment(&at_ms.to_string(), lang)
}
