//! Framer: splits input bytes into responses of lines, inline literals and streamed literals.

use alloc::vec::Vec;

use bytes::{Buf as _, Bytes, BytesMut};

use super::event::Status;
use super::fetch::{self, FetchData, FetchedItem, LiteralItem};
use super::number::SequenceNumber;
use super::tokens::{Tokens, announced_literal};
use super::value::{LiteralId, Value};
use crate::limits::{Limits, OverLimit};
use crate::transcript::Transcript;

/// A response, or a part of one.
#[derive(Debug)]
pub(crate) enum Frame {
    /// `+`, with its text.
    Continuation(Bytes),
    /// A status response. Its text is human-readable, so it is not tokenized.
    Status {
        tag: Option<Bytes>,
        condition: Condition,
        text: Bytes,
    },
    /// Any other untagged response. `balanced` is `false` if its parentheses do not match. `cut`
    /// names the FETCH items that are incomplete because they exceed a limit.
    Data {
        values: Vec<Value>,
        balanced: bool,
        cut: Vec<Bytes>,
    },
    /// A FETCH response that was parsed directly from its line.
    Fetch(FetchData),
    /// A line that is none of the above.
    Other(Bytes),
    LiteralStart {
        id: LiteralId,
        item: Option<LiteralItem>,
        size_bytes: u64,
    },
    LiteralChunk {
        id: LiteralId,
        bytes: Bytes,
    },
    LiteralEnd {
        id: LiteralId,
    },
}

/// The condition of a status response: its first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Is(Status),
    Bye,
    PreAuth,
}

#[derive(Debug)]
enum State {
    /// At the start of a response.
    Fresh,
    /// On a line that continues after a literal.
    Continued,
    /// In an inline literal, which becomes part of the response.
    Inline { size_bytes: usize },
    /// In a streamed literal, which is reported in chunks.
    Streamed {
        id: LiteralId,
        size_bytes: u64,
        remaining_bytes: u64,
    },
    /// In a FETCH response that exceeds the size limit: it is discarded up to its end.
    /// `remaining_bytes` is the rest of the present literal in it.
    Skipped {
        seq: SequenceNumber,
        skipped_bytes: u64,
        remaining_bytes: u64,
    },
}

/// Maximum size of a literal announcement at the end of a line, rounded up: `{`, 20 digits, `+}`,
/// CR, LF.
const ANNOUNCEMENT_BYTES: usize = 32;

#[derive(Debug)]
pub(crate) struct Framer {
    limits: Limits,
    input: BytesMut,
    /// Length of the prefix of `input` that has no line end.
    scanned: usize,
    state: State,
    tokens: Tokens,
    /// Bytes of the present response so far.
    response_bytes: usize,
    /// Bytes of the last complete response.
    finished_bytes: usize,
    next_literal: u64,
    hides_challenges: bool,
}

impl Framer {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: BytesMut::new(),
            scanned: 0,
            state: State::Fresh,
            tokens: Tokens::new(limits.imap_nesting),
            response_bytes: 0,
            finished_bytes: 0,
            next_literal: 1,
            hides_challenges: false,
        }
    }

    /// Sets whether the transcript omits the text of continuations: the challenges of a sign-in
    /// allow an offline attack on the password.
    pub(crate) const fn hide_challenges(&mut self, hides: bool) {
        self.hides_challenges = hides;
    }

    pub(crate) fn feed(&mut self, input: &[u8]) {
        self.input.extend_from_slice(input);
    }

    /// Takes the input that does not belong to a frame yet.
    pub(crate) fn take_input(&mut self) -> Bytes {
        self.scanned = 0;
        core::mem::take(&mut self.input).freeze()
    }

    /// Returns the number of buffered bytes of an incomplete response.
    pub(crate) fn held_bytes(&self) -> usize {
        self.input.len().saturating_add(self.response_bytes)
    }

    /// Returns whether there is input that does not belong to a frame yet.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Returns the next frame, or `None` if it needs more input.
    pub(crate) fn next(&mut self, transcript: &mut Transcript) -> Result<Option<Frame>, OverLimit> {
        loop {
            let frame = match self.state {
                State::Fresh | State::Continued => {
                    let line = match self.take_line() {
                        Ok(Some(line)) => line,
                        Ok(None) => break,
                        Err(over) => {
                            self.skip(over, 0)?;
                            continue;
                        }
                    };
                    if self.hides_challenges && line.starts_with(b"+ ") {
                        transcript.received_secret("+");
                    } else {
                        transcript.received(&line);
                    }
                    self.line(line)?
                }
                State::Inline { size_bytes } => {
                    if let Err(over) = self.check_size(size_bytes) {
                        self.skip(over, size_bytes as u64)?;
                        continue;
                    }
                    if self.input.len() < size_bytes {
                        break;
                    }
                    let literal = self.input.split_to(size_bytes).freeze();
                    transcript.received_body(size_bytes as u64);
                    self.response_bytes += size_bytes;
                    self.tokens.push(Value::Literal(literal));
                    self.state = State::Continued;
                    None
                }
                State::Streamed {
                    id,
                    size_bytes,
                    remaining_bytes: 0,
                } => {
                    transcript.received_body(size_bytes);
                    self.tokens.push(Value::Streamed { id, size_bytes });
                    self.state = State::Continued;
                    Some(Frame::LiteralEnd { id })
                }
                State::Streamed {
                    id,
                    size_bytes,
                    remaining_bytes,
                } => {
                    if self.input.is_empty() {
                        break;
                    }
                    let available = usize::try_from(remaining_bytes)
                        .unwrap_or(usize::MAX)
                        .min(self.input.len());
                    let bytes = self.input.split_to(available).freeze();
                    let remaining_bytes = remaining_bytes.saturating_sub(available as u64);
                    self.state = State::Streamed {
                        id,
                        size_bytes,
                        remaining_bytes,
                    };
                    Some(Frame::LiteralChunk { id, bytes })
                }
                State::Skipped {
                    seq,
                    skipped_bytes,
                    remaining_bytes,
                } => match self.read_past(seq, skipped_bytes, remaining_bytes)? {
                    Some(skipped_bytes) => {
                        transcript.received_body(skipped_bytes);
                        Some(self.skipped(seq))
                    }
                    None if matches!(
                        self.state,
                        State::Skipped {
                            remaining_bytes: 0,
                            ..
                        }
                    ) =>
                    {
                        if memchr::memchr(b'\n', &self.input).is_none() {
                            break;
                        }
                        None
                    }
                    None if self.input.is_empty() => break,
                    None => None,
                },
            };
            if frame.is_some() {
                return Ok(frame);
            }
        }
        if self.input.is_empty() {
            // An idle connection holds no buffer: there can be thousands of connections.
            self.input = BytesMut::new();
            self.tokens.shrink();
        }
        Ok(None)
    }

    /// Takes a line without its line end. A single LF also ends a line.
    fn take_line(&mut self) -> Result<Option<Bytes>, OverLimit> {
        let unread = self.input.get(self.scanned..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', unread) else {
            self.scanned = self.input.len();
            self.check_size(self.scanned)?;
            return Ok(None);
        };
        let line_bytes = self.scanned + end + 1;
        self.check_size(line_bytes)?;
        let mut line = self.input.split_to(line_bytes).freeze();
        self.scanned = 0;
        self.response_bytes += line_bytes;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        line.truncate(text.strip_suffix(b"\r").unwrap_or(text).len());
        Ok(Some(line))
    }

    fn line(&mut self, line: Bytes) -> Result<Option<Frame>, OverLimit> {
        let data = if matches!(self.state, State::Fresh) {
            match classify(line) {
                Ok(frame) => {
                    self.end_response();
                    return Ok(Some(frame));
                }
                Err(data) => {
                    if let Some(fetched) = fetch::read(&data, &mut self.tokens) {
                        self.end_response();
                        return Ok(Some(Frame::Fetch(fetched)));
                    }
                    data
                }
            }
        } else {
            line
        };
        let Some(size_bytes) = self.tokens.line(&data)? else {
            let cut = self.tokens.take_cut();
            let (values, balanced) = self.tokens.finish();
            self.end_response();
            return Ok(Some(Frame::Data {
                values,
                balanced,
                cut,
            }));
        };
        if let Ok(inline) = usize::try_from(size_bytes)
            && inline <= self.limits.imap_inline_literal_bytes
        {
            self.state = State::Inline { size_bytes: inline };
            return Ok(None);
        }
        let id = LiteralId(self.next_literal);
        self.next_literal += 1;
        self.state = State::Streamed {
            id,
            size_bytes,
            remaining_bytes: size_bytes,
        };
        let open = self.tokens.open_list_values();
        let item = open.and_then(|(response, items)| fetch::literal_item(response, items));
        Ok(Some(Frame::LiteralStart {
            id,
            item,
            size_bytes,
        }))
    }

    fn end_response(&mut self) {
        self.state = State::Fresh;
        self.finished_bytes = core::mem::take(&mut self.response_bytes);
    }

    /// Returns the size in bytes of the last complete response, without streamed literals.
    pub(crate) const fn finished_bytes(&self) -> usize {
        self.finished_bytes
    }

    /// Starts to discard a FETCH response that is too long; for any other response returns the
    /// error. The next `remaining_bytes` belong to a literal.
    fn skip(&mut self, over: OverLimit, remaining_bytes: u64) -> Result<(), OverLimit> {
        let seq = match self.state {
            State::Fresh => seq_of_fetch(&self.input),
            _ => self.tokens.fetch_seq(),
        };
        let seq = seq.ok_or(over)?;
        self.tokens.clear();
        self.scanned = 0;
        self.state = State::Skipped {
            seq,
            skipped_bytes: self.response_bytes as u64,
            remaining_bytes,
        };
        Ok(())
    }

    /// Drops the available input of a discarded response. Returns the total size of the response at
    /// its end.
    fn read_past(
        &mut self,
        seq: SequenceNumber,
        skipped_bytes: u64,
        remaining_bytes: u64,
    ) -> Result<Option<u64>, OverLimit> {
        let available = self.input.len();
        let (dropped, remaining_bytes, is_over) = if remaining_bytes > 0 {
            let dropped = usize::try_from(remaining_bytes)
                .unwrap_or(usize::MAX)
                .min(available);
            (
                dropped,
                remaining_bytes.saturating_sub(dropped as u64),
                false,
            )
        } else {
            match memchr::memchr(b'\n', &self.input) {
                // The end of the line may announce a literal.
                None => (available.saturating_sub(ANNOUNCEMENT_BYTES), 0, false),
                Some(end) => {
                    let announced = announced_at_end(self.input.get(..end).unwrap_or_default());
                    (end + 1, announced.unwrap_or_default(), announced.is_none())
                }
            }
        };
        self.input.advance(dropped);
        let skipped_bytes = skipped_bytes.saturating_add(dropped as u64);
        let max = self.limits.imap_skipped_bytes;
        if skipped_bytes.saturating_add(remaining_bytes) > max {
            return Err(OverLimit {
                what: "data of a message",
                max,
            });
        }
        if is_over {
            return Ok(Some(skipped_bytes));
        }
        self.state = State::Skipped {
            seq,
            skipped_bytes,
            remaining_bytes,
        };
        Ok(None)
    }

    /// Returns the frame that replaces a discarded FETCH response.
    fn skipped(&mut self, seq: SequenceNumber) -> Frame {
        self.end_response();
        Frame::Fetch(FetchData {
            seq,
            items: [FetchedItem::TooLarge { name: Bytes::new() }].into(),
        })
    }

    const fn check_size(&self, more_bytes: usize) -> Result<(), OverLimit> {
        let max = self.limits.imap_line_bytes;
        if self.response_bytes.saturating_add(more_bytes) > max {
            return Err(OverLimit {
                what: "IMAP response",
                max: max as u64,
            });
        }
        Ok(())
    }
}

/// Returns the sequence number if a line begins like a FETCH response: `* 7 FETCH (`.
///
/// ```abnf
/// message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)) ; the front of a FETCH
/// ```
/// RFC 9051 §9.
fn seq_of_fetch(line: &[u8]) -> Option<SequenceNumber> {
    let rest = line.strip_prefix(b"* ")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (seq, rest) = rest.split_at_checked(digits)?;
    let word = rest.strip_prefix(b" ")?.get(..b"FETCH (".len())?;
    word.eq_ignore_ascii_case(b"FETCH (")
        .then(|| SequenceNumber::parse(seq))
        .flatten()
}

/// Returns the size of the literal that the end of a line announces, if any.
///
/// ```abnf
/// literal  = "{" number64 ["+"] "}" CRLF *CHAR8
/// literal8 = "~{" number64 "}" CRLF *OCTET
/// ```
/// RFC 9051 §9.
fn announced_at_end(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let brace = memchr::memrchr(b'{', line)?;
    announced_literal(line.get(brace..)?)
}

/// Classifies the first line of a response; `Err` holds the values of a data response.
///
/// ```abnf
/// greeting        = "*" SP (resp-cond-auth / resp-cond-bye) CRLF
/// continue-req    = "+" SP (resp-text / base64) CRLF
/// response-data   = "*" SP (resp-cond-state / resp-cond-bye /
///                   mailbox-data / message-data / capability-data /
///                   enable-data) CRLF
/// response-tagged = tag SP resp-cond-state CRLF
/// ```
/// RFC 9051 §9. `+` may stand alone.
fn classify(mut line: Bytes) -> Result<Frame, Bytes> {
    let (head, rest) = match memchr::memchr(b' ', &line) {
        Some(space) => line.split_at_checked(space).unwrap_or((&line, &[])),
        None if line == b"+"[..] => return Ok(Frame::Continuation(Bytes::new())),
        None => return Ok(Frame::Other(line)),
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    if head == b"+" {
        return Ok(Frame::Continuation(line.slice_ref(rest)));
    }
    let is_tagged = head != b"*";
    let word_len = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (word, text) = rest.split_at_checked(word_len).unwrap_or((rest, &[]));
    match condition(word) {
        Some(condition) if !is_tagged || matches!(condition, Condition::Is(_)) => {
            Ok(Frame::Status {
                tag: is_tagged.then(|| line.slice_ref(head)),
                condition,
                text: line.slice_ref(text.strip_prefix(b" ").unwrap_or(text)),
            })
        }
        None if !is_tagged => {
            let head_bytes = line.len().saturating_sub(rest.len());
            line.advance(head_bytes);
            Err(line)
        }
        _ => Ok(Frame::Other(line)),
    }
}

/// Returns the condition that the word of a status response names.
///
/// ```abnf
/// resp-cond-state = ("OK" / "NO" / "BAD") SP resp-text
/// resp-cond-bye   = "BYE" SP resp-text
/// resp-cond-auth  = ("OK" / "PREAUTH") SP resp-text
/// ```
/// RFC 9051 §9.
fn condition(word: &[u8]) -> Option<Condition> {
    let known = [
        (&b"OK"[..], Condition::Is(Status::Ok)),
        (b"NO", Condition::Is(Status::No)),
        (b"BAD", Condition::Is(Status::Bad)),
        (b"BYE", Condition::Bye),
        (b"PREAUTH", Condition::PreAuth),
    ];
    known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, condition)| condition)
}
