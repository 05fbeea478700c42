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
use crate::api::types::{AccountId, Draft, MessageRef, SavedDraft, UploadView};
use crate::page::PageContext;

/// The pause between two writes of a text.
const STORE_INTERVAL: Duration = Duration::from_millis(400);
/// Maximum size of a stored text, with its quote, in bytes.
const MAX_BYTES: usize = 512 << 10;

/// The unsent texts of the page. Not in signals, which compile code per type.
#[derive(Default)]
struct State {
    /// The texts that the user can continue, newest first.
    offers: Vec<Rc<Offer>>,
    /// The offer that the current or next form is to be filled with.
    claimed: Option<Rc<Offer>>,
    /// The form on the page.
    form: Option<Form>,
    /// A counter of forms.
    forms: u32,
    /// The text in the form, if it has unsent content.
    current: Option<Rc<Offer>>,
    /// A counter of the changes of `current`.
    version: u32,
    /// The version that is stored.
    stored_version: u32,
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
    /// A counter of the changes of offers and the claimed offer.
    changes: RwSignal<u32>,
    /// Whether storing the text on the page failed.
    pub has_store_failed: RwSignal<bool>,
}

impl Unsent {
    /// Creates a handle without texts.
    pub fn new() -> Self {
        Self {
            changes: RwSignal::new(0),
            has_store_failed: RwSignal::new(false),
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
        let was_docked = kept::was_docked();
        spawn_local(async move {
            self.reload(session).await;
            let reloaded_id = with(|state| {
                if state.current.is_some() {
                    return None;
                }
                let mut offers = state.offers.iter();
                let own_offer = offers.find(|offer| {
                    let of_page = state.form.as_ref().map(|form| offer.is_of(form));
                    offer.text.tab == state.tab && of_page.unwrap_or(was_docked)
                });
                own_offer.map(|offer| offer.id.clone())
            });
            if let Some(id) = reloaded_id {
                self.claim(&id).await;
            }
        });
    }

    /// Remembers whether the form of this tab is beside the page. It is there again after a reload.
    pub fn set_docked(self, is_docked: bool) {
        kept::set_docked(is_docked);
    }

    fn notify(self) {
        self.changes.update(|n| *n = n.wrapping_add(1));
    }

    /// Returns the newest offer, and the number of offers.
    pub fn newest(self) -> Option<(Rc<Offer>, usize)> {
        self.changes.track();
        with(|state| Some((Rc::clone(state.offers.first()?), state.offers.len())))
    }

    /// Loads the stored texts again: another tab may have stored one, or been closed.
    async fn reload(self, session: Session) {
        loop {
            let before = self.changes.get_untracked();
            let all = load_stored(session).await;
            let locked = kept::locked_names().await;
            if self.changes.get_untracked() == before {
                with(|state| state.replace_stored(all, &locked));
                return self.notify();
            }
            // The texts changed meanwhile, so the loaded ones may be outdated: try again.
        }
    }

    /// Registers a form on the page. [`Form::initial`] is its initial content, `None` if that is
    /// already an unsent text. Returns the number for [`Unsent::unregister_form`].
    pub fn register_form(self, form: Form) -> u32 {
        self.close_form();
        with(|state| {
            state.form = Some(form);
            state.forms = state.forms.wrapping_add(1);
            state.forms
        })
    }

    /// Unregisters a form, unless another one has replaced it.
    pub fn unregister_form(self, form: u32) {
        if with(|state| state.forms == form) {
            self.close_form();
        }
    }

    /// Returns the URL of the claimed offer's form, if that form is not on the page.
    pub fn claimed_form_url(self) -> Option<String> {
        self.changes.track();
        with(|state| {
            let claimed = state.claimed.as_ref()?;
            let is_on_page = state.form.as_ref().is_some_and(|form| claimed.is_of(form));
            (!is_on_page).then(|| claimed.url(&state.base))
        })
    }

    /// Returns the claimed offer.
    pub fn claimed(self) -> Option<Rc<Offer>> {
        with(|state| state.claimed.clone())
    }

    /// Turns the claimed offer into a new message: the message that it answers, or the entry that
    /// it corrects, no longer exists.
    pub fn detach_claimed(self) {
        with(|state| {
            if let Some(claimed) = state.claimed.take() {
                let mut offer = Offer::clone(&claimed);
                let draft = &mut offer.text.draft;
                (draft.source, draft.replaces, draft.saved) = (None, None, None);
                draft.keep_parts = Vec::new();
                state.claimed = Some(Rc::new(offer));
            }
        });
        self.notify();
    }

    /// Takes the claimed offer for the form on the page, and returns whether its files are of this
    /// session. The offer becomes the text in the form, and the form's former text becomes an
    /// offer. `None` if no offer is claimed for this form.
    pub fn take_claimed(self) -> Option<(Rc<Offer>, bool)> {
        self.changes.track();
        let (form, claimed) = with(|state| {
            let (form, claimed) = (state.form.clone()?, state.claimed.clone()?);
            if !claimed.is_of(&form) {
                return None;
            }
            state.claimed = None;
            Some((form, claimed))
        })?;
        self.close_form();
        let is_same_session = with(|state| {
            state.form = Some(form);
            state.version = 1;
            state.stored_version = u32::from(claimed.is_stored);
            state.current = Some(Rc::clone(&claimed));
            state.session == claimed.text.session
        });
        self.store_soon();
        Some((claimed, is_same_session))
    }

    /// Whether the form on the page contains unsent text.
    pub fn is_written(self) -> bool {
        with(|state| state.current.is_some())
    }

    /// Whether a URL is that of the form with the text on the page.
    pub fn is_form_at(self, url: &str) -> bool {
        with(|state| {
            let current = state.current.as_ref();
            current.is_some_and(|current| current.url(&state.base) == url)
        })
    }

    /// Returns the id of the text in the form on the page.
    pub fn id(self) -> Option<String> {
        with(|state| state.current.as_ref().map(|current| current.id.clone()))
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
            if is_whole && form.initial.as_ref() == Some(&draft) {
                let current = state.current.as_ref();
                return current.map_or(Change::None, |current| Change::Emptied(current.id.clone()));
            }
            let text = Text {
                draft,
                files,
                session: state.session.clone(),
                tab: state.tab.clone(),
            };
            let before = state.current.take();
            if let Some(before) = before.as_ref().filter(|before| before.text == text) {
                state.current = Some(Rc::clone(before));
                return Change::None;
            }
            state.current = Some(Rc::new(Offer {
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
            Change::Emptied(id) => self.delete(&id),
            Change::Written => self.store_soon(),
        }
    }

    /// Stores the text at once, and then after every `STORE_INTERVAL` in which it changed.
    fn store_soon(self) {
        let due = with(|state| {
            let is_due = state.version != state.stored_version && !state.is_storing;
            let current = state.current.clone().filter(|_| is_due)?;
            state.is_storing = true;
            Some((current, state.version))
        });
        let Some((current, version)) = due else {
            return;
        };
        spawn_local(async move {
            let (is_stored, is_same) = store_version(&current, version).await;
            if is_same {
                self.has_store_failed.set(!is_stored);
            }
            set_timeout(
                move || {
                    with(|state| state.is_storing = false);
                    // After a failure, the next change triggers a retry.
                    if is_stored || !is_same {
                        self.store_soon();
                    }
                },
                STORE_INTERVAL,
            );
        });
    }

    /// Whether the stored text differs from the one on the page.
    fn is_unstored(self) -> bool {
        with(|state| state.current.is_some() && state.version != state.stored_version)
    }

    /// Stores the text without a pause.
    async fn store_now(self) {
        let current = with(|state| {
            state
                .current
                .clone()
                .map(|current| (current, state.version))
        });
        if let Some((current, version)) = current {
            store_version(&current, version).await;
        }
    }

    /// Handles the removal of the form: its text becomes an offer.
    fn close_form(self) {
        self.has_store_failed.set(false);
        let closed = with(|state| {
            state.form = None;
            state.is_uploading = false;
            let is_stored = state.version == state.stored_version;
            let mut offer = Offer::clone(&*state.current.take()?);
            offer.is_stored = is_stored;
            let offer = Rc::new(offer);
            state.insert_offer(Rc::clone(&offer));
            Some(offer)
        });
        let Some(offer) = closed else {
            return;
        };
        self.notify();
        spawn_local(async move {
            if !offer.is_stored && store(&offer).await {
                with(|state| {
                    if state.offers.iter().any(|other| other.id == offer.id) {
                        let mut stored = Offer::clone(&offer);
                        stored.is_stored = true;
                        state.insert_offer(Rc::new(stored));
                    }
                });
                self.notify();
            }
            with(|state| kept::release(&state.storage_key(&offer.id)));
        });
    }

    /// Deletes a text that was sent or discarded.
    pub fn delete(self, id: &str) {
        with(|state| {
            kept::remove(&state.storage_key(id));
            if state
                .current
                .as_ref()
                .is_some_and(|current| current.id == id)
            {
                state.current = None;
                state.is_uploading = false;
            }
            state.offers.retain(|offer| offer.id != id);
        });
        self.has_store_failed.set(false);
        self.notify();
    }

    /// Discards the text in the form. Returns its copy among the drafts of its account.
    pub fn discard(self) -> Option<MessageRef> {
        let current = with(|state| state.current.clone())?;
        self.delete(&current.id);
        let saved = current.text.draft.saved.as_ref()?;
        Some(saved.of(&current.account))
    }

    /// Records that a text that was left has a copy among the drafts of its account.
    pub fn set_saved_of(self, id: &str, saved: &SavedDraft) {
        let found = with(|state| {
            let offer = state.offers.iter().find(|offer| offer.id == id)?;
            let mut offer = Offer::clone(offer);
            offer.text.draft.saved = Some(saved.clone());
            let offer = Rc::new(offer);
            state.insert_offer(Rc::clone(&offer));
            Some(offer)
        });
        if let Some(offer) = found {
            self.notify();
            spawn_local(async move {
                store(&offer).await;
                // No form of this tab holds it.
                with(|state| kept::release(&state.storage_key(&offer.id)));
            });
        }
    }

    /// Returns the account and the content of the text in the form, and its version.
    pub fn written(self) -> Option<(Rc<Offer>, u32)> {
        with(|state| {
            state
                .current
                .clone()
                .map(|current| (current, state.version))
        })
    }

    /// Records that the text in the form has a copy among the drafts of its account.
    pub fn set_saved(self, saved: &SavedDraft) {
        with(|state| {
            if let Some(form) = &mut state.form {
                form.draft = Some(saved.id.clone());
            }
            if let Some(current) = state.current.take() {
                let mut offer = Offer::clone(&current);
                offer.text.draft.saved = Some(saved.clone());
                state.current = Some(Rc::new(offer));
                state.version = state.version.wrapping_add(1);
            }
        });
        self.store_soon();
    }

    /// Claims an offer for the next form. `false` if another tab writes it.
    pub async fn claim(self, id: &str) -> bool {
        let (offer, name) = with(|state| {
            let at = state.offers.iter().position(|offer| offer.id == id);
            (at.map(|at| state.offers.remove(at)), state.storage_key(id))
        });
        let Some(mut offer) = offer else {
            return false;
        };
        if offer.is_stored {
            if !kept::lock(&name).await {
                self.notify();
                return false;
            }
            // Read again: another tab may have changed it.
            let mut stored = load_account(&offer.account).await.into_iter();
            if let Some(current) = stored.find(|other| other.id == id) {
                offer = Rc::new(current);
            }
        }
        with(|state| state.claimed = Some(offer));
        self.notify();
        true
    }

    /// Whether closing the page would lose a text or an upload.
    fn is_at_risk(self) -> bool {
        let is_unstored = self.is_unstored();
        with(|state| {
            let has_unstored_offer = state.offers.iter().any(|offer| !offer.is_stored);
            state.is_uploading || is_unstored || has_unstored_offer
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
    fn storage_key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Replaces the stored offers by the texts in the storage, except those that a tab holds.
    fn replace_stored(&mut self, all: Vec<Offer>, locked: &[String]) {
        self.offers.retain(|offer| !offer.is_stored);
        for offer in all {
            // An offer that could not be stored is newer than its stored text.
            let is_listed = self.offers.iter().any(|other| other.id == offer.id);
            if !is_listed && !locked.contains(&self.storage_key(&offer.id)) {
                self.insert_offer(Rc::new(offer));
            }
        }
    }

    /// Inserts an offer by its time, and removes its former version.
    fn insert_offer(&mut self, offer: Rc<Offer>) {
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
async fn load_stored(session: Session) -> Vec<Offer> {
    let mut texts = Vec::new();
    if !kept::has_any(&with(|state| state.prefix.clone())) {
        return texts;
    }
    let accounts = session.0.await.map(|session| session.accounts);
    for account in accounts.unwrap_or_default() {
        texts.append(&mut load_account(&account.id).await);
    }
    texts
}

/// Loads the stored texts of an account.
async fn load_account(account: &AccountId) -> Vec<Offer> {
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
async fn store_version(current: &Offer, version: u32) -> (bool, bool) {
    let is_stored = store(current).await;
    with(|state| {
        let is_same = state
            .current
            .as_ref()
            .is_some_and(|text| text.id == current.id);
        if is_same && is_stored {
            state.stored_version = version;
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
pub fn format_time(at_ms: u64, lang: &str) -> String {
    kept::format_time(&at_ms.to_string(), lang)
}
