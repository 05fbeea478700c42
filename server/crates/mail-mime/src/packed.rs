//! Parts that pack a body and files: winmail.dat, and S/MIME that needs no key.
//!
//! [`crate::supplement`] opens them: a [`Content`] is what is shown, without the octets of the files.
//! [`take_file`] takes one file out of the part later. Both read the same files in the same order, so
//! the index of a file names it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::body::{Body, Texts};
use crate::limits::{Limits, OverLimit};
use crate::parse::Message;
use crate::smime::{self, Smime, SmimeLimits};
use crate::text::Format;
use crate::tnef::{self, Attachment, TnefLimits};
use crate::transfer;
use crate::tree::{Part, Sealed, SignatureKind};

/// Maximum number of S/MIME layers and embedded messages that are opened, one around the other.
const LAYERS_MAX: usize = 3;
/// Step size of decoding a text, in bytes: only the beginning of a long one is shown.
const DECODE_STEP_BYTES: usize = 64 << 10;

/// The content of a part that packs several.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Packed {
    /// The section of the part.
    pub section: String,
    /// Its content.
    pub content: Arc<Content>,
}

/// A body and files.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Content {
    /// How they are packed.
    pub container: Container,
    /// The body.
    pub body: Body,
    /// The files, in order.
    pub files: Vec<PackedFile>,
    /// The protocol of a signature around or beside the body. It is not verified.
    pub signature: Option<SignatureKind>,
}

/// How a body and files are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// winmail.dat.
    Tnef,
    /// S/MIME, signed or compressed.
    Smime,
}

/// A file that is packed with others. The sender controls every value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackedFile {
    /// The name for saving, as of [`crate::display::file_name`].
    pub name: Option<String>,
    /// The media type in lower case, without parameters; `None` if the sender declares none.
    pub media_type: Option<String>,
    /// Its size in bytes; approximate if it is encoded.
    pub size_bytes: u64,
    /// The identifier without angle brackets by which the body may refer to it (`cid:`).
    pub content_id: Option<String>,
    /// Whether the file is a part of the body. It is listed only if the body does not refer to it.
    pub is_embedded: bool,
}

impl Content {
    /// Returns the files to list with their indexes, given the content ids that the body uses
    /// ([`crate::clean::Cleaned::content_ids`]).
    pub fn files_except<'a>(
        &'a self,
        used: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = (usize, &'a PackedFile)> {
        let is_used = |file: &PackedFile| {
            let content_id = file.content_id.as_ref();
            file.is_embedded && content_id.is_some_and(|content_id| used.contains(content_id))
        };
        let files = self.files.iter().enumerate();
        files.filter(move |(_, file)| !is_used(file))
    }

    /// Returns the indexes of the files that the body may refer to, by content id. Of two files with
    /// the same id the first counts, and an embedded file before an attachment.
    pub fn by_content_id(&self) -> HashMap<&str, usize> {
        let mut found = HashMap::new();
        for is_embedded in [true, false] {
            for (index, file) in self.files.iter().enumerate() {
                if let Some(content_id) = file.content_id.as_deref()
                    && file.is_embedded == is_embedded
                {
                    found.entry(content_id).or_insert(index);
                }
            }
        }
        found
    }
}

/// A file that was taken out of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile<'a> {
    /// The file.
    pub file: PackedFile,
    /// Its octets; borrowed from the part if they are in one piece there.
    pub octets: Cow<'a, [u8]>,
}

/// Takes a file out of a part, given the part's decoded octets and the index of the file. `None` if
/// the part packs no files, or has no such file. The octets decide whether it is winmail.dat, its media
/// type or name whether it is S/MIME.
pub fn take_file<'a>(part: &Part, octets: &'a [u8], index: usize) -> Option<TakenFile<'a>> {
    if let Some(tnef) = tnef::parse(octets, &TnefLimits::DEFAULT) {
        let file = tnef.attachments.get(index)?;
        return Some(TakenFile {
            file: tnef_file(file),
            octets: Cow::Borrowed(file.bytes(octets)),
        });
    }
    part.smime()?;
    let entity = Entity::unwrap(octets).ok()?;
    let message = entity.message().ok()?;
    let parts = files_of(message.root());
    let (part, is_embedded) = parts.get(index)?;
    let encoded = message.part_bytes(&part.section)?;
    Some(TakenFile {
        file: part_file(part, *is_embedded),
        octets: Cow::Owned(transfer::decode(encoded, part.encoding)),
    })
}

/// Returns the content of a winmail.dat; `None` if the octets are none.
pub(crate) fn tnef_content(octets: &[u8]) -> Option<Content> {
    let tnef = tnef::parse(octets, &TnefLimits::DEFAULT)?;
    let is_cut = tnef.is_over_limit;
    let body = match (tnef.html, tnef.text) {
        (Some(html), _) => Body::Html {
            documents: vec![html],
            is_cut,
        },
        (None, Some(text)) => Body::Text {
            text,
            format: Format::Fixed,
            is_cut,
        },
        (None, None) => Body::Empty,
    };
    Some(Content {
        container: Container::Tnef,
        body,
        files: tnef.attachments.iter().map(tnef_file).collect(),
        signature: None,
    })
}

fn tnef_file(file: &Attachment) -> PackedFile {
    // The body refers to its own files only, not to those of an embedded message.
    let content_id = file.content_id.clone().filter(|_| file.parent.is_none());
    let media_type = file.media_type.as_deref().unwrap_or_default();
    PackedFile {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size_bytes: u64::try_from(file.data.len()).unwrap_or(u64::MAX),
        is_embedded: content_id.is_some() && media_type.starts_with("image/"),
        content_id,
    }
}

/// A MIME entity inside S/MIME.
#[derive(Debug, Default)]
pub(crate) struct Entity {
    octets: Vec<u8>,
    is_signed: bool,
}

/// What is inside an entity, if it is only a wrapper.
enum Layer<'a> {
    Smime(Cow<'a, [u8]>),
    Message(Vec<u8>),
}

impl Entity {
    /// Opens the layers around an entity, given the decoded octets of an S/MIME part. What is below
    /// 3 layers stays a file.
    ///
    /// # Errors
    /// What the layer is that cannot be opened, if that is known.
    pub(crate) fn unwrap(octets: &[u8]) -> Result<Self, Option<Sealed>> {
        let mut entity = Self::default();
        let mut layer = Layer::Smime(Cow::Borrowed(octets));
        for _ in 0..LAYERS_MAX {
            entity.octets = match layer {
                Layer::Message(message) => message,
                Layer::Smime(octets) => match smime::open(&octets, &SmimeLimits::DEFAULT) {
                    Smime::Signed(content) => {
                        entity.is_signed = true;
                        content
                    }
                    Smime::Compressed(content) => content,
                    Smime::Encrypted => return Err(Some(Sealed::SmimeEncrypted)),
                    Smime::Certificates => return Err(Some(Sealed::SmimeCertificates)),
                    Smime::Detached | Smime::OverLimit | Smime::Unreadable => {
                        return Err(None);
                    }
                },
            };
            match entity.inner() {
                Some(inner) => layer = inner,
                None => break,
            }
        }
        Ok(entity)
    }

    /// Splits the entity.
    ///
    /// # Errors
    /// Its header is over the limits.
    pub(crate) fn message(&self) -> Result<Message<'_>, OverLimit> {
        Message::parse(&self.octets, &Limits::DEFAULT)
    }

    fn inner(&self) -> Option<Layer<'static>> {
        let message = self.message().ok()?;
        let root = message.root();
        let decoded = || {
            let octets = message.part_bytes(&root.section)?;
            Some(transfer::decode(octets, root.encoding))
        };
        if root.smime().is_some() {
            return Some(Layer::Smime(Cow::Owned(decoded()?)));
        }
        // RFC 8551 §3.1: the message was put into another so that its header is signed as well.
        let forwarded = root.params.value("forwarded").unwrap_or_default();
        let is_wrapper = root.media_type == "message/rfc822" && forwarded == "no";
        is_wrapper.then(decoded).flatten().map(Layer::Message)
    }

    /// Returns the content, given the entity as split; `None` if it is empty.
    pub(crate) fn content(&self, message: &Message<'_>) -> Option<Content> {
        let root = message.root();
        let files = files_of(root).into_iter();
        let signature = self.is_signed.then_some(SignatureKind::Smime);
        let content = Content {
            container: Container::Smime,
            body: body_of(message),
            files: files
                .map(|(part, is_embedded)| part_file(part, is_embedded))
                .collect(),
            signature: signature.or_else(|| root.signature()),
        };
        let is_empty = content.body == Body::Empty && content.files.is_empty();
        (!is_empty).then_some(content)
    }
}

fn body_of(message: &Message<'_>) -> Body {
    let mut texts = Texts::default();
    for part in message.root().readable().texts {
        if texts.is_full() {
            break;
        }
        texts.begin(part);
        let octets = message.part_bytes(&part.section).unwrap_or_default();
        for step in octets.chunks(DECODE_STEP_BYTES) {
            // One step beyond the shown size reveals that there is more.
            if texts.is_full() {
                break;
            }
            texts.push(step);
        }
    }
    texts.finish()
}

/// Returns the parts of a message that are files, in order, and whether each is a part of the body.
fn files_of(root: &Part) -> Vec<(&Part, bool)> {
    let readable = root.readable();
    let embedded: BTreeSet<&str> = readable
        .inline
        .iter()
        .map(|part| part.section.as_str())
        .collect();
    let parts = readable.attachments_except(&BTreeSet::new()).into_iter();
    parts
        .map(|part| (part, embedded.contains(part.section.as_str())))
        .collect()
}

fn part_file(part: &Part, is_embedded: bool) -> PackedFile {
    PackedFile {
        name: part.name.clone(),
        media_type: Some(part.media_type.clone()),
        size_bytes: part.decoded_size_bytes(),
        content_id: part.content_id.clone(),
        is_embedded,
    }
}

#[cfg(test)]
mod tests;
