//! Message HTML on its way to the frame: cleaned once, kept for the request that follows.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use app::api::types::{FolderId, MessageId};
use mail_mime::clean::{self, CleanOptions, Images};
use mail_mime::document;
use mail_mime::tree::Part;

use super::error::AccountError;
use super::off_thread::off_thread;

/// The cleaned documents of the last few messages, in bytes all together.
const KEPT_MAX_BYTES: usize = 1 << 20;

/// A cleaned document and what was found in it.
#[derive(Debug)]
pub(super) struct CleanedBody {
    /// The complete document of the frame.
    pub(super) document: String,
    pub(super) blocked_images: u32,
    pub(super) content_ids: BTreeSet<String>,
}

/// Documents that were cleaned when a message was opened and are about to be asked for.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    kept: Mutex<VecDeque<(Place, Arc<CleanedBody>)>>,
}

/// Which message, with or without remote images, with which address of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: FolderId,
    pub(super) message: MessageId,
    pub(super) images: Images,
    /// Where the message's own parts are served, up to the part's number.
    pub(super) part_prefix: String,
}

impl Bodies {
    /// A document that was cleaned a moment ago.
    pub(super) fn find(&self, place: &Place) -> Option<Arc<CleanedBody>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == place)
            .map(|(_, body)| Arc::clone(body))
    }

    /// Keeps a document for the frame's request.
    pub(super) fn keep(&self, place: Place, body: Arc<CleanedBody>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != place);
        kept.push_back((place, body));
        let mut sum: usize = kept.iter().map(|(_, body)| body.document.len()).sum();
        while sum > KEPT_MAX_BYTES {
            match kept.pop_front() {
                Some((_, oldest)) => sum = sum.saturating_sub(oldest.document.len()),
                None => break,
            }
        }
    }
}

/// Cleans a message's HTML on a thread of its own.
///
/// # Errors
/// [`AccountError::Unreadable`] where a library below the cleaner gave up on it.
pub(super) async fn clean_html(
    html: String,
    root: Part,
    place: &Place,
) -> Result<CleanedBody, AccountError> {
    let (prefix, images) = (place.part_prefix.clone(), place.images);
    off_thread(move || {
        let part_url = |content_id: &str| {
            let readable = root.readable();
            let part = readable.by_content_id(content_id)?;
            Some(format!("{prefix}{}", part.section))
        };
        let cleaned = clean::clean(
            &html,
            &CleanOptions {
                part_url: &part_url,
                images,
            },
        );
        CleanedBody {
            document: document::wrap(&cleaned),
            blocked_images: cleaned.blocked_images,
            content_ids: cleaned.content_ids,
        }
    })
    .await
    .map_err(|_| AccountError::Unreadable("HTML".to_owned()))
}
