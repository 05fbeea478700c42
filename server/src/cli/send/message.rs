//! The message of `send`: built once, then read once for each server. Attachments are read from
//! their files each time and never held in memory as a whole.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Zoned;
use mail_mime::address::{EmailAddress, parse_typed};
use mail_mime::compose::{AttachmentMeta, ComposeError, Composer, OutgoingMessage, Wire};
use mail_mime::date::Date;
use mail_mime::{text, transfer};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::SendArgs;
use super::notices::Notices;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::clients::MessageBody;

/// Number of bytes read from a file at a time; base64 turns 3 octets into 4.
const READ_BYTES: usize = 48 << 10;

/// A message and its envelope.
pub(super) struct Message {
    composer: Composer,
    pub(super) message_id: String,
    /// The requested delivery status notifications.
    pub(super) notices: Notices,
    files: Vec<PathBuf>,
    sizes_bytes: Vec<u64>,
}

impl Message {
    /// Builds the message from the command line.
    pub(super) fn build(args: &SendArgs) -> Result<Self, CliError> {
        let notices = Notices::parse(args.dsn.as_deref().unwrap_or_default())?;
        let from = parse_single_address(&args.from)?;
        let domain = from
            .envelope()
            .map_err(|why| CliError::usage(format!("--from {}: {why}.", args.from)))?
            .domain()
            .to_owned();
        let message_id = format!("{}@{domain}", random_id()?);
        let html = args.html.as_deref().map(read_text).transpose()?;
        let body = match (&args.text, &html) {
            (Some(path), _) => read_text(path)?,
            (None, Some(html)) => text::from_html(html),
            (None, None) => String::new(),
        };
        let (mut attachments, mut sizes_bytes) = (Vec::new(), Vec::new());
        for path in &args.attach {
            let size_bytes = size_of(path)?;
            sizes_bytes.push(size_bytes);
            attachments.push(AttachmentMeta {
                name: path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                media_type: mime_guess::from_path(path)
                    .first_raw()
                    .unwrap_or("application/octet-stream")
                    .to_owned(),
                size_bytes,
                content_id: None,
                is_literal: false,
            });
        }
        let now = Zoned::now();
        let date = Date {
            unix_ms: now.timestamp().as_millisecond(),
            offset_minutes: i16::try_from(now.offset().seconds() / 60).unwrap_or_default(),
        };
        let mut outgoing = OutgoingMessage {
            to: parse_addresses("--to", &args.to)?,
            cc: parse_addresses("--cc", &args.cc)?,
            bcc: parse_addresses("--bcc", &args.bcc)?,
            subject: args.subject.clone(),
            body,
            html,
            attachments,
            ..OutgoingMessage::new(from, message_id.clone(), date)
        };
        if outgoing.first_utf8_mailbox().is_some() {
            outgoing.wire = Wire::Utf8;
        }
        let composer = Composer::new(&outgoing, &random_id()?).map_err(|error| match error {
            ComposeError::NoRecipient => {
                CliError::usage("There is nobody to send to: use --to, --cc or --bcc.")
            }
            ComposeError::Address { field, text, why } => {
                CliError::usage(format!("{field} {text}: {why}."))
            }
            other => CliError::new(Exit::Software, format!("{other}."), ""),
        })?;
        Ok(Self {
            composer,
            message_id,
            notices,
            files: args.attach.clone(),
            sizes_bytes,
        })
    }

    /// Returns the envelope's sender.
    pub(super) fn sender(&self) -> &str {
        self.composer.sender().as_str()
    }

    /// Returns the envelope's recipients, each once.
    pub(super) fn recipients(&self) -> Vec<String> {
        let recipients = self.composer.recipients().iter();
        recipients.map(|one| one.as_str().to_owned()).collect()
    }

    /// Returns whether it needs a server with SMTPUTF8.
    pub(super) fn needs_smtputf8(&self) -> bool {
        self.composer.needs_smtputf8()
    }

    /// Returns the size of the whole message, with CRLF line ends.
    pub(super) fn size_bytes(&self) -> u64 {
        self.composer.size_bytes()
    }

    /// Returns the file of the attachment at a position of the message.
    fn path(&self, position: usize) -> &Path {
        let mut parts = self.composer.parts();
        let file = parts
            .nth(position)
            .and_then(|(index, _)| self.files.get(index));
        file.map_or(Path::new(""), PathBuf::as_path)
    }

    /// Returns a reader at the start of the message.
    pub(super) fn read(&self) -> MessageReader<'_> {
        MessageReader {
            message: self,
            next: Part::Head,
            rest: Bytes::new(),
        }
    }
}

/// A reader of a message.
pub(super) struct MessageReader<'a> {
    message: &'a Message,
    next: Part,
    rest: Bytes,
}

enum Part {
    Head,
    AttachmentHead(usize),
    File {
        position: usize,
        file: File,
        encoder: transfer::Encoder,
        remaining_bytes: u64,
    },
    Tail,
    End,
}

impl MessageReader<'_> {
    /// Returns the next chunk; `None` after the last. A chunk may be empty.
    async fn chunk(&mut self) -> Result<Option<Bytes>, CliError> {
        let message = self.message;
        let part = std::mem::replace(&mut self.next, Part::End);
        let chunk = match part {
            Part::Head => {
                self.next = Part::AttachmentHead(0);
                Bytes::copy_from_slice(message.composer.head())
            }
            Part::AttachmentHead(position) => {
                let Some((index, head)) = message.composer.parts().nth(position) else {
                    self.next = Part::Tail;
                    return Ok(Some(Bytes::new()));
                };
                let (Some(path), Some(size_bytes)) =
                    (message.files.get(index), message.sizes_bytes.get(index))
                else {
                    return Err(CliError::new(
                        Exit::Software,
                        "An attachment is missing.",
                        "",
                    ));
                };
                self.next = Part::File {
                    position,
                    file: File::open(path).await.map_err(|e| unreadable(path, &e))?,
                    encoder: transfer::Encoder::new(),
                    remaining_bytes: *size_bytes,
                };
                Bytes::copy_from_slice(head)
            }
            Part::File {
                position,
                file,
                encoder,
                remaining_bytes,
            } => {
                self.file_chunk(position, file, encoder, remaining_bytes)
                    .await?
            }
            Part::Tail => Bytes::copy_from_slice(message.composer.tail()),
            Part::End => return Ok(None),
        };
        Ok(Some(chunk))
    }

    async fn file_chunk(
        &mut self,
        position: usize,
        mut file: File,
        mut encoder: transfer::Encoder,
        remaining_bytes: u64,
    ) -> Result<Bytes, CliError> {
        let path = self.message.path(position);
        let mut read = vec![0; READ_BYTES];
        let count = file.read(&mut read).await;
        let count = count.map_err(|error| unreadable(path, &error))?;
        let octets = read.get(..count).unwrap_or_default();
        let mut encoded = Vec::new();
        // The size was announced to the server, so the file must not change while it is sent.
        let changed = || {
            let cause = format!("{} changed while it was sent.", path.display());
            CliError::new(Exit::InputOutput, cause, "")
        };
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let remaining_bytes = remaining_bytes.checked_sub(count).ok_or_else(changed)?;
        if count > 0 {
            encoder.push(octets, &mut encoded);
            self.next = Part::File {
                position,
                file,
                encoder,
                remaining_bytes,
            };
        } else if remaining_bytes == 0 {
            encoder.finish(&mut encoded);
            self.next = Part::AttachmentHead(position.saturating_add(1));
        } else {
            return Err(changed());
        }
        Ok(Bytes::from(encoded))
    }
}

impl MessageBody for MessageReader<'_> {
    type Error = CliError;

    async fn next(&mut self, max: usize) -> Result<Option<Bytes>, CliError> {
        while self.rest.is_empty() {
            match self.chunk().await? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(None),
            }
        }
        let length = self.rest.len().min(max);
        Ok(Some(self.rest.split_to(length)))
    }
}

fn parse_single_address(text: &str) -> Result<EmailAddress, CliError> {
    let mut addresses = parse_addresses("--from", &[text.to_owned()])?;
    match (addresses.pop(), addresses.is_empty()) {
        (Some(from), true) => Ok(from),
        _ => Err(CliError::usage("--from takes one address.")),
    }
}

fn parse_addresses(option: &str, lists: &[String]) -> Result<Vec<EmailAddress>, CliError> {
    let mut addresses = Vec::new();
    for list in lists {
        let parsed = parse_typed(list);
        addresses.extend(parsed.map_err(|error| {
            let (text, why) = (error.text, error.why);
            CliError::usage(format!(
                "{option}: {text} cannot be used as an address: {why}."
            ))
        })?);
    }
    Ok(addresses)
}

fn read_text(path: &Path) -> Result<String, CliError> {
    let mut octets = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut octets).map(drop)
    } else {
        std::fs::read(path).map(|read| octets = read)
    };
    read.map_err(|error| unreadable(path, &error))?;
    String::from_utf8(octets).map_err(|_| {
        let cause = format!("{} is no text in UTF-8.", path.display());
        CliError::new(Exit::NoInput, cause, "Send it with --attach.")
    })
}

fn size_of(path: &Path) -> Result<u64, CliError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        let cause = format!("{} is no file.", path.display());
        return Err(CliError::new(Exit::NoInput, cause, ""));
    }
    Ok(metadata.len())
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    let cause = format!("{} cannot be read: {error}.", path.display());
    CliError::new(Exit::NoInput, cause, "")
}

/// Returns 128 random bits as letters and digits.
fn random_id() -> Result<String, CliError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        CliError::new(Exit::Software, format!("No random numbers: {error}."), "")
    })?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}
