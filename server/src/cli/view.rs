//! `restante view`: shows a message file as the webmail shows it.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use app::api::types::{CardKind, Lang, PartId};
use bytes::Bytes;
use clap::{ArgGroup, Args};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use mail_mime::address::EmailAddress;
use mail_mime::body::Body;
use mail_mime::clean::{Images, Scheme};
use mail_mime::date::Date;
use mail_mime::supplement::Supplements;
use mail_mime::tree::{Part, Sealed};
use mail_mime::{display, document, text, transfer};
use serde::Serialize;

use super::clean::without_controls;
use super::error::CliError;
use super::exit::{self, Exit};
use super::files;
use crate::account::AccountError;
use crate::account::body::{BodyKey, CleanedBody, clean_html};
use crate::account::handle::supplements::unpack;
use crate::account::off_thread::off_thread;
use crate::account::whole::Split;
use crate::domain::{Marks, Opened};
use crate::plain::Plain;
use crate::views::{Locale, cards};

/// What `restante view` takes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("form"), after_help = exit::FILES_HELP)]
pub(super) struct ViewArgs {
    /// The message; `-` reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Writes one JSON document: header fields, kind of body, text, attachments.
    #[arg(long, group = "form")]
    json: bool,
    /// Writes the sanitized document that the message frame shows.
    #[arg(long, group = "form")]
    html: bool,
    /// Writes the text; this is the default.
    #[arg(long, group = "form")]
    text: bool,
    /// Writes the decoded octets of one part, such as 2 or 1.2.
    #[arg(long, value_name = "N", group = "form")]
    part: Option<String>,
}

/// Writes the message in the requested form to standard output.
pub(super) async fn run(args: &ViewArgs) -> Result<Exit, CliError> {
    let raw = Bytes::from(files::read(&args.file)?);
    let split = Arc::new(Split::of(raw).await.map_err(unreadable)?);
    let body = split.body().await.map_err(unreadable)?;
    let (body, supplements) = split.supplement(body).await.map_err(unreadable)?;
    let message = Message {
        split,
        body,
        supplements,
    };
    if args.json {
        write_json(&MessageJson::of(&message).await?)?;
        return Ok(Exit::Done);
    }
    let Message { split, body, .. } = &message;
    if matches!(body, Body::OverLimits) {
        return Err(CliError::new(
            Exit::Refused,
            "The message has more parts or header fields than are read.",
            "Its source can be read with another program.",
        ));
    }
    if let Some(section) = &args.part {
        files::write(&part_octets(split, section).await?)?;
        return Ok(Exit::Done);
    }
    let mut is_cut = matches!(
        body,
        Body::Html { is_cut: true, .. } | Body::Text { is_cut: true, .. }
    );
    let shown = match args.html {
        true => {
            let cleaned = message.cleaned().await?;
            is_cut |= cleaned.as_ref().is_some_and(|cleaned| cleaned.is_cut);
            without_controls(&cleaned.map(|body| body.document).unwrap_or_default())
        }
        false => text_of(body.clone()).await? + "\n",
    };
    files::write(shown.as_bytes())?;
    match is_cut {
        true => Err(CliError::cut()),
        false => Ok(Exit::Done),
    }
}

/// A message as it is shown.
struct Message {
    split: Arc<Split>,
    body: Body,
    supplements: Supplements,
}

impl Message {
    /// Sanitizes the body as the message frame gets it, plain text too. Its parts are `part/N`.
    async fn cleaned(&self) -> Result<Option<CleanedBody>, CliError> {
        let documents = match &self.body {
            Body::Html { documents, .. } => documents.clone(),
            Body::Text { text, format, .. } => {
                vec![document::preformatted(&text::unwrapped(text, *format))]
            }
            Body::Empty | Body::OverLimits => return Ok(None),
        };
        let key = BodyKey {
            folder: "".into(),
            message: "".into(),
            images: Images::Blocked,
            scheme: Scheme::Light,
            quote_label: Lang::En.quoted_text(),
            part_prefix: "part/".to_owned(),
        };
        let (root, supplements) = (self.split.root.clone(), self.supplements.clone());
        let cleaned = clean_html(documents, root, supplements, &key).await;
        cleaned.map(Some).map_err(unreadable)
    }

    /// Returns what the page says above the body, in English and UTC.
    fn cards(&self) -> Vec<CardJson> {
        let opened = Opened {
            id: "".into(),
            headers: self.split.headers.clone(),
            root: self.split.root.clone(),
            body: self.body.clone(),
            parts: Vec::new(),
            supplements: self.supplements.clone(),
            marks: Marks::default(),
            size_bytes: 0,
            arrived_unix_ms: None,
            position: 0,
            total: 0,
            newer: None,
            older: None,
        };
        let cards = cards(&opened, "", "", &Locale::default());
        let json = cards.into_iter().map(|card| CardJson {
            kind: card.kind,
            title: card.title,
            lines: card.lines,
        });
        json.collect()
    }
}

/// Returns the decoded octets of a part, or of a file that is packed into one.
async fn part_octets(split: &Split, section: &str) -> Result<Vec<u8>, CliError> {
    let missing = || {
        let cause = format!("The message has no part {}.", display::line(section));
        CliError::new(Exit::NoInput, cause, "")
    };
    let packed = PartId(section.to_owned()).in_part();
    let outer = packed.as_ref().map_or(section, |(part, _)| part.as_str());
    let part = split.root.find(outer).zip(split.part(outer));
    let (part, encoded) = part.ok_or_else(missing)?;
    let octets = transfer::decode(encoded, part.encoding);
    let Some((_, number)) = packed else {
        return Ok(octets);
    };
    match unpack(part.clone(), octets, number).await {
        Ok(file) => {
            let windows: Vec<Bytes> = file.stream.try_collect().await.map_err(unreadable)?;
            Ok(windows.concat())
        }
        Err(AccountError::NotFound) => Err(missing()),
        Err(error) => Err(unreadable(error)),
    }
}

/// Returns the text of a body, without characters that a terminal obeys.
async fn text_of(body: Body) -> Result<String, CliError> {
    let text = off_thread(move || {
        let text = match body {
            Body::Text { text, format, .. } => text::unwrapped(&text, format),
            Body::Html { documents, .. } => {
                let texts = documents.iter().map(|html| text::from_html(html));
                texts.collect::<Vec<_>>().join("\n\n")
            }
            Body::Empty | Body::OverLimits => String::new(),
        };
        display::lines(&text).trim_end().to_owned()
    });
    text.await.map_err(unreadable)
}

fn unreadable(error: AccountError) -> CliError {
    CliError::new(
        Exit::Software,
        format!("The message cannot be read: {error}."),
        "",
    )
}

fn write_json(message: &MessageJson) -> Result<(), CliError> {
    let mut out = Plain(io::BufWriter::new(io::stdout().lock()));
    serde_json::to_writer_pretty(&mut out, message)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out))
        .and_then(|()| out.flush())
        .map_err(|error| CliError::output(&error))
}

/// A message as JSON; docs/api.md describes the fields.
#[derive(Debug, Serialize)]
struct MessageJson {
    subject: String,
    from: Vec<AddressJson>,
    sender: Vec<AddressJson>,
    reply_to: Vec<AddressJson>,
    to: Vec<AddressJson>,
    cc: Vec<AddressJson>,
    bcc: Vec<AddressJson>,
    /// RFC 3339, in the author's zone.
    date: Option<String>,
    message_id: Option<String>,
    in_reply_to: Vec<String>,
    references: Vec<String>,
    body: BodyJson,
    text: String,
    attachments: Vec<AttachmentJson>,
    cards: Vec<CardJson>,
    sealed: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct CardJson {
    kind: CardKind,
    title: String,
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AddressJson {
    name: String,
    address: String,
    has_suspicious_name: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum BodyJson {
    Html {
        blocked_images: u32,
        tracking_pixels: u32,
        is_cut: bool,
    },
    Text {
        is_cut: bool,
    },
    Empty,
    OverLimits,
}

#[derive(Debug, Serialize)]
struct AttachmentJson {
    /// Its part, for `--part`.
    part: String,
    name: Option<String>,
    #[serde(rename = "type")]
    media_type: String,
    /// Approximate size of the decoded part.
    size_bytes: u64,
    cid: Option<String>,
}

impl MessageJson {
    async fn of(message: &Message) -> Result<Self, CliError> {
        let Message {
            split,
            body,
            supplements,
        } = message;
        let readable = split.root.readable();
        let cleaned = match body {
            Body::Html { .. } => message.cleaned().await?,
            _ => None,
        };
        let shown = cleaned.as_ref().map(|cleaned| cleaned.content_ids.clone());
        let shown = shown.unwrap_or_default();
        let (body_json, parts) = match (body, &cleaned) {
            (Body::Html { is_cut, .. }, Some(cleaned)) => (
                BodyJson::Html {
                    blocked_images: cleaned.blocked_images,
                    tracking_pixels: cleaned.tracking_pixels,
                    is_cut: *is_cut || cleaned.is_cut,
                },
                readable.attachments_except(&cleaned.content_ids),
            ),
            (Body::Text { is_cut, .. }, _) => {
                (BodyJson::Text { is_cut: *is_cut }, readable.attachments)
            }
            // The only part is the whole message.
            (Body::OverLimits, _) => (BodyJson::OverLimits, Vec::new()),
            _ => (BodyJson::Empty, readable.attachments),
        };
        let headers = &split.headers;
        Ok(Self {
            subject: headers.subject(),
            from: addresses(headers.from()),
            sender: addresses(headers.sender()),
            reply_to: addresses(headers.reply_to()),
            to: addresses(headers.to()),
            cc: addresses(headers.cc()),
            bcc: addresses(headers.bcc()),
            date: headers.date_or_received().and_then(rfc3339),
            message_id: headers.message_id(),
            in_reply_to: headers.in_reply_to(),
            references: headers.references(),
            body: body_json,
            text: text_of(body.clone()).await?,
            attachments: attachments(parts, supplements, &shown),
            cards: message.cards(),
            sealed: supplements.sealed(&split.root).map(sealed_name),
        })
    }
}

impl AttachmentJson {
    fn of(part: &Part) -> Self {
        Self {
            part: part.section.clone(),
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            size_bytes: part.decoded_size_bytes(),
            cid: part.content_id.clone(),
        }
    }
}

/// Returns the attachments; in place of a part that packs files, these, but those that are shown.
fn attachments(
    parts: Vec<&Part>,
    supplements: &Supplements,
    shown: &BTreeSet<String>,
) -> Vec<AttachmentJson> {
    let packed_in = |part: &Part| {
        let packed = supplements.packed.as_ref();
        packed.filter(|packed| packed.section == part.section)
    };
    let mut found = Vec::new();
    for part in parts {
        match packed_in(part) {
            None => found.push(AttachmentJson::of(part)),
            Some(packed) => {
                let files = packed.content.files_except(shown);
                found.extend(files.map(|(index, file)| AttachmentJson {
                    part: PartId::packed(&packed.section, index).to_string(),
                    name: file.name.clone(),
                    media_type: file.media_type.clone().unwrap_or_default(),
                    size_bytes: file.size_bytes,
                    cid: file.content_id.clone(),
                }));
            }
        }
    }
    found
}

fn addresses(addresses: Vec<EmailAddress>) -> Vec<AddressJson> {
    let json = addresses.into_iter().map(|one| AddressJson {
        name: one.name,
        address: one.address,
        has_suspicious_name: one.has_suspicious_name,
    });
    json.collect()
}

fn sealed_name(sealed: Sealed) -> &'static str {
    match sealed {
        Sealed::SmimeEncrypted => "smime_encrypted",
        Sealed::SmimeSigned => "smime_signed",
        Sealed::SmimeCertificates => "smime_certificates",
        Sealed::Smime => "smime",
        Sealed::OpenPgp => "openpgp",
        Sealed::Other => "other",
    }
}

/// Formats a date as RFC 3339 §5.6 does; `None` before the year 0 and after 9999-12-30.
fn rfc3339(date: Date) -> Option<String> {
    let time = Timestamp::from_millisecond(date.unix_ms).ok()?;
    let offset = Offset::from_seconds(i32::from(date.offset_minutes) * 60).ok()?;
    let zoned = time.to_zoned(TimeZone::fixed(offset));
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}
