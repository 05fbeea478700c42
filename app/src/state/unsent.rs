//! Unsent texts: stored in this browser, and offered when the user returns.
//!
//! A text is encrypted with a key that the server gives only to a live session of its account, so
//! it can be read after the next sign-in, and not by other users of the browser. It is stored after
//! every change, and removed once the outbox has the message, or after 7 days.
//!
//! # Invariants
//! - A text that is being written has its own id, and the tab that writes it holds the lock of that
//!   name: no tab overwrites the text of another.
//! - A text that cannot be stored is reported: the form shows it, and the browser asks before the
//!   page is left.

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

/// The pause between two writes of a text.
const PAUSE: Duration = Duration::from_millis(400);
/// Maximum size of a stored text, with its quote, in bytes.
const MAX_BYTES: usize = 512 << 10;

/// The unsent texts of the page. Not in signals, which compile code per type.
#[derive(Default)]
struct State {
    /// The texts that the user can continue, newest first.
    offers: Vec<Rc<Offer>>,
    /// The offer that the current or next form is to be filled with.
    wanted: Option<Rc<Offer>>,
    /// The form on the page.
    form: Option<Form>,
    /// A counter of forms.
    forms: u32,
    /// The text in the form, if it has unsent content.
    now: Option<Rc<Offer>>,
    /// A counter of the changes of `now`.
    version: u32,
    /// The version that is stored.
    stored: u32,
    /// Whether a write is running.
    is_storing: bool,
    /// Whether one of its files is being uploaded.
    is_uploading: bool,
    /// The path prefix of the product.
    base: String,
    /// The prefix of the names of texts and locks in the storage.
    prefix: String,
    tab: String,
    /// The channel name that the session's tabs share.
    session: String,
}

thread_local! {
    /// One page per thread. Always empty on the server.
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T>(run: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(run)
}

/// The unsent texts of this browser, and the one that is being written. A handle: copies share the
/// same state.
#[derive(Debug, Clone, Copy)]
pub struct Unsent {
    /// A counter of the changes of offers and the wanted offer.
    changes: RwSignal<u32>,
    /// Whether storing the text on the page failed.
    pub is_unkeepable: RwSignal<bool>,
}

impl Unsent {
    /// Creates a handle without texts.
    pub fn new() -> Self {
        Self {
            changes: RwSignal::new(0),
            is_unkeepable: RwSignal::new(false),
        }
    }

    /// Returns the texts from context.
    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// Loads the stored texts. A text that this tab was writing before a reload goes back into its
    /// form automatically.
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

    /// Returns the newest offer, and the number of offers.
    pub fn newest(self) -> Option<(Rc<Offer>, usize)> {
        self.changes.track();
        with(|state| Some((Rc::clone(state.offers.first()?), state.offers.len())))
    }

    /// Loads the stored texts again: another tab may have stored one, or been closed.
    async fn look(self, session: Session) {
        loop {
            let before = self.changes.get_untracked();
            let all = own(session).await;
            let held = kept::held().await;
            if self.changes.get_untracked() == before {
                with(|state| state.found(all, &held));
                return self.tell();
            }
            // The texts changed meanwhile, so the loaded ones may be outdated: try again.
        }
    }

    /// Registers a form on the page. [`Form::began`] is its initial content, `None` if that is
    /// already an unsent text. Returns the number for [`Unsent::end`].
    pub fn begin(self, form: Form) -> u32 {
        self.leave();
        with(|state| {
            state.form = Some(form);
            state.forms = state.forms.wrapping_add(1);
            state.forms
        })
    }

    /// Unregisters a form, unless another one has replaced it.
    pub fn end(self, form: u32) {
        if with(|state| state.forms == form) {
            self.leave();
        }
    }

    /// Returns the URL of the wanted offer's form, if that form is not on the page.
    pub fn wanted_elsewhere(self) -> Option<String> {
        self.changes.track();
        with(|state| {
            let wanted = state.wanted.as_ref()?;
            let is_here = state.form.as_ref().is_some_and(|form| wanted.is_of(form));
            (!is_here).then(|| wanted.address(&state.base))
        })
    }

    /// Returns the wanted offer.
    pub fn wanted(self) -> Option<Rc<Offer>> {
        with(|state| state.wanted.clone())
    }

    /// Turns the wanted offer into a new message: the message that it answers, or the entry that it
    /// corrects, no longer exists.
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

    /// Takes the wanted offer for the form on the page, and returns whether its files are of this
    /// session. The offer becomes the text in the form, and the form's former text becomes an
    /// offer. `None` if no offer is wanted in this form.
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

    /// Whether the form on the page contains unsent text.
    pub fn is_written(self) -> bool {
        with(|state| state.now.is_some())
    }

    /// Returns the id of the text in the form on the page.
    pub fn id(self) -> Option<String> {
        with(|state| state.now.as_ref().map(|now| now.id.clone()))
    }

    /// Updates the text with the current content of the form.
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

    /// Stores the text at once, and then after every `PAUSE` in which it changed.
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
                    // After a failure, the next change triggers a retry.
                    if is_stored || !is_same {
                        self.store_soon();
                    }
                },
                PAUSE,
            );
        });
    }

    /// Whether the stored text differs from the one on the page.
    fn is_unstored(self) -> bool {
        with(|state| state.now.is_some() && state.version != state.stored)
    }

    /// Stores the text without a pause.
    async fn store_now(self) {
        let now = with(|state| state.now.clone().map(|now| (now, state.version)));
        if let Some((now, version)) = now {
            store_as(&now, version).await;
        }
    }

    /// Handles the removal of the form: its text becomes an offer.
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

    /// Deletes a text that was sent or discarded.
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

    /// Discards the text in the form.
    pub fn discard(self) {
        if let Some(id) = self.id() {
            self.forget(&id);
        }
    }

    /// Claims an offer for the next form. `false` if another tab writes it.
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
            // Read again: another tab may have changed it.
            let mut stored = stored(&offer.account).await.into_iter();
            if let Some(now) = stored.find(|other| other.id == id) {
                offer = Rc::new(now);
            }
        }
        with(|state| state.wanted = Some(offer));
        self.tell();
        true
    }

    /// Whether closing the page would lose a text or an upload.
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
    /// Returns the name of a text in the storage, and of its lock.
    fn name(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Replaces the stored offers by the texts in the storage, except those that a tab holds.
    fn found(&mut self, all: Vec<Offer>, held: &[String]) {
        self.offers.retain(|offer| !offer.is_stored);
        for offer in all {
            // An offer that could not be stored is newer than its stored text.
            let is_here = self.offers.iter().any(|other| other.id == offer.id);
            if !is_here && !held.contains(&self.name(&offer.id)) {
                self.offer(Rc::new(offer));
            }
        }
    }

    /// Inserts an offer by its time, and removes its former version.
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

/// Loads the stored texts of the session's accounts.
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

/// Loads the stored texts of an account.
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

/// Stores one version of the text in the form. Returns whether it is stored, and whether the text
/// is still in the form.
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

/// Stores a text. `false` if it is too long or storing failed.
async fn store(offer: &Offer) -> bool {
    let Some(text) = offer.text.write().filter(|text| text.len() <= MAX_BYTES) else {
        return false;
    };
    let (base, prefix) = with(|state| (state.base.clone(), state.prefix.clone()));
    let at = offer.at_ms.to_string();
    kept::put(&base, &prefix, &offer.account.0, &offer.id, &at, &text).await
}

/// Returns the time, in Unix milliseconds.
fn now_ms() -> u64 {
    whole(js_sys::Date::now())
}

/// Formats a time in the browser's zone, with its day if that is not today.
pub fn moment(at_ms: u64, lang: &str) -> String {
    kept::moment(&at_ms.to_string(), lang)
}
