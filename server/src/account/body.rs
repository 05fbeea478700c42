//! Cache of sanitized message HTML between the opening of a message and the request of its frame.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::types::{FolderId, MessageId, PartId};
use mail_mime::clean::{self, CleanOptions, Images, Scheme};
use mail_mime::document;
use mail_mime::supplement::{Referenced, Supplements};
use mail_mime::tree::Part;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::error::AccountError;
use super::off_thread::off_thread;

/// Maximum size of the cached documents of all accounts of the process, in bytes.
const CACHE_MAX_BYTES: usize = 16 << 20;
/// How long a document is cached for the frame's request.
const CACHE_LIFETIME: Duration = Duration::from_secs(12);
/// How many KiB of HTML are cleaned at a time: the element tree takes up to 20 times as much.
const CLEANING_MAX_KIB: u32 = 3 << 10;
/// Permits for cleaning, one for each KiB.
static CLEANING_PERMITS: Semaphore = Semaphore::const_new(CLEANING_MAX_KIB as usize);

/// A cleaned document and the facts that the cleaner found in it.
#[derive(Debug)]
pub(crate) struct CleanedBody {
    /// The complete document of the frame.
    pub(crate) document: String,
    pub(crate) blocked_images: u32,
    pub(crate) tracking_pixels: u32,
    pub(crate) content_ids: BTreeSet<String>,
    /// Whether the document had more than is shown.
    pub(crate) is_cut: bool,
}

impl CleanedBody {
    fn size_bytes(&self) -> usize {
        let ids: usize = self.content_ids.iter().map(String::len).sum();
        self.document.len() + ids
    }
}

/// The cache key: a message, whether remote images load, the colour scheme, our words, and the
/// URL of the message's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyKey {
    pub(crate) folder: FolderId,
    pub(crate) message: MessageId,
    pub(crate) images: Images,
    /// The colour scheme that the frame shows the document in.
    pub(crate) scheme: Scheme,
    /// What the fold of a quote is called.
    pub(crate) quote_label: Cow<'static, str>,
    /// The URL prefix of the message's own parts, up to the part's number.
    pub(crate) part_prefix: String,
}

/// The cache that all accounts share. The oldest documents are dropped for new ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyBudget(Arc<Mutex<BodyCache>>);

#[derive(Debug, Default)]
struct BodyCache {
    /// Oldest first.
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Whether a task that drops expired documents is running.
    is_sweeping: bool,
}

#[derive(Debug)]
struct Entry {
    owner: u64,
    key: BodyKey,
    body: Arc<CleanedBody>,
    expires_at: Instant,
}

/// The cached documents of one account: cleaned when a message is opened, before the frame requests
/// them. Dropped with this value.
#[derive(Debug)]
pub(crate) struct Bodies {
    budget: BodyBudget,
    owner: u64,
}

impl BodyBudget {
    /// Returns a new account's part of the cache.
    pub(crate) fn share(&self) -> Bodies {
        static OWNERS: AtomicU64 = AtomicU64::new(0);
        Bodies {
            budget: self.clone(),
            owner: OWNERS.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BodyCache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops expired documents until the cache is empty.
    async fn sweep(self) {
        loop {
            let next = {
                let mut cache = self.lock();
                let now = Instant::now();
                cache.drop_where(|entry| entry.expires_at <= now);
                match cache.entries.front() {
                    Some(entry) => entry.expires_at,
                    None => {
                        cache.is_sweeping = false;
                        return;
                    }
                }
            };
            sleep_until(next).await;
        }
    }
}

impl BodyCache {
    fn drop_where(&mut self, is_dropped: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| !is_dropped(entry));
        self.bytes = self
            .entries
            .iter()
            .map(|entry| entry.body.size_bytes())
            .sum();
    }
}

impl Bodies {
    /// Returns a cached document.
    pub(crate) fn find(&self, key: &BodyKey) -> Option<Arc<CleanedBody>> {
        let cache = self.budget.lock();
        let is_match = |entry: &&Entry| entry.owner == self.owner && entry.key == *key;
        cache
            .entries
            .iter()
            .find(is_match)
            .map(|entry| Arc::clone(&entry.body))
    }

    /// Caches a document for the frame's request. Must be called on the runtime.
    pub(crate) fn keep(&self, key: BodyKey, body: Arc<CleanedBody>) {
        let mut cache = self.budget.lock();
        cache.drop_where(|entry| entry.owner == self.owner && entry.key == key);
        cache.bytes += body.size_bytes();
        cache.entries.push_back(Entry {
            owner: self.owner,
            key,
            body,
            expires_at: Instant::now() + CACHE_LIFETIME,
        });
        while cache.bytes > CACHE_MAX_BYTES {
            let Some(oldest) = cache.entries.pop_front() else {
                break;
            };
            cache.bytes = cache.bytes.saturating_sub(oldest.body.size_bytes());
        }
        if !std::mem::replace(&mut cache.is_sweeping, true) {
            tokio::spawn(self.budget.clone().sweep());
        }
    }
}

impl Drop for Bodies {
    fn drop(&mut self) {
        let owner = self.owner;
        self.budget.lock().drop_where(|entry| entry.owner == owner);
    }
}

/// Cleans a message's HTML documents one after the other, on a separate thread. They may refer to
/// the parts below `root`, and to files of `supplements`.
///
/// # Errors
/// [`AccountError::Unreadable`] if a library that the cleaner uses panicked.
pub(crate) async fn clean_html(
    documents: Vec<String>,
    root: Part,
    supplements: Supplements,
    key: &BodyKey,
) -> Result<CleanedBody, AccountError> {
    let (prefix, images, scheme) = (key.part_prefix.clone(), key.images, key.scheme);
    let label = key.quote_label.clone();
    let bytes: usize = documents.iter().map(String::len).sum();
    let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
    let _permits = CLEANING_PERMITS
        .acquire_many(kib.clamp(1, CLEANING_MAX_KIB))
        .await;
    off_thread(move || {
        let referenced = supplements.by_content_id(&root.readable());
        let part_url = |content_id: &str| {
            let part = match referenced.get(content_id)? {
                Referenced::Part(part) => PartId(part.section.clone()),
                Referenced::Packed { section, index } => PartId::packed(section, *index),
            };
            Some(format!("{prefix}{part}"))
        };
        let options = CleanOptions {
            part_url: &part_url,
            images,
            scheme,
        };
        let cleaned = clean::clean_all(&documents, &options);
        CleanedBody {
            document: document::wrap(&cleaned, &label),
            blocked_images: cleaned.blocked_images,
            tracking_pixels: cleaned.tracking_pixels,
            content_ids: cleaned.content_ids,
            is_cut: cleaned.is_cut,
        }
    })
    .await
    .map_err(|_| AccountError::Unreadable("HTML".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(message: u32) -> BodyKey {
        BodyKey {
            folder: "f".into(),
            message: MessageId(format!("7.{message}")),
            images: Images::Blocked,
            scheme: Scheme::Light,
            quote_label: Cow::Borrowed(""),
            part_prefix: String::new(),
        }
    }

    fn body(bytes: usize) -> Arc<CleanedBody> {
        Arc::new(CleanedBody {
            document: "x".repeat(bytes),
            blocked_images: 0,
            tracking_pixels: 0,
            content_ids: BTreeSet::new(),
            is_cut: false,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn large_document_stays_cached_until_its_lifetime_ends() {
        let budget = BodyBudget::default();
        let bodies = budget.share();
        bodies.keep(key(1), body(2 << 20));
        assert!(bodies.find(&key(1)).is_some());
        assert!(budget.share().find(&key(1)).is_none(), "another account's");
        tokio::time::sleep(CACHE_LIFETIME / 2).await;
        bodies.keep(key(2), body(1));
        tokio::time::sleep(CACHE_LIFETIME / 2 + Duration::from_millis(1)).await;
        assert!(bodies.find(&key(1)).is_none() && bodies.find(&key(2)).is_some());
        tokio::time::sleep(CACHE_LIFETIME).await;
        let cache = budget.lock();
        assert!(cache.entries.is_empty() && cache.bytes == 0 && !cache.is_sweeping);
    }

    #[tokio::test]
    async fn all_accounts_share_one_budget_and_release_it() {
        let budget = BodyBudget::default();
        let accounts: Vec<Bodies> = (0..40).map(|_| budget.share()).collect();
        for account in &accounts {
            account.keep(key(1), body(1 << 20));
            account.keep(key(1), body(1 << 20));
            assert!(budget.lock().bytes <= CACHE_MAX_BYTES);
        }
        assert_eq!(budget.lock().entries.len(), CACHE_MAX_BYTES >> 20);
        accounts[0].keep(key(1), body(CACHE_MAX_BYTES + 1));
        assert_eq!(budget.lock().bytes, 0);
        accounts[0].keep(key(1), body(1));
        drop(accounts);
        assert!(budget.lock().entries.is_empty());
    }
}
