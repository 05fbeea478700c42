//! Text bounces: reports of qmail, Exim and Postfix that have no part for programs.

use super::status::StatusCode;
use super::{
    ADDRESS_BYTES, Action, DeliveryReport, Diagnostic, NAME_BYTES, RECIPIENTS_MAX, REPORT_BYTES,
    Recipient, TEXT_BYTES, returned_message_id, shortened,
};
use crate::address::EmailAddress;
use crate::display;

/// The program that wrote a bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceProgram {
    /// qmail, or another program with the bounce format of qmail (QSBMF).
    Qmail,
    /// Exim.
    Exim,
    /// Postfix.
    Postfix,
}

/// A bounce recognized by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextBounce {
    /// The program, by the opening line.
    pub program: BounceProgram,
    /// The report; its `is_guessed` is true.
    pub report: DeliveryReport,
    /// The id of the message that came back, if a copy of it follows in the text.
    pub returned_message_id: Option<String>,
}

/// Recognizes the text bounce of qmail, Exim or Postfix by its opening line, and takes recipients
/// and reasons from it. Reads at most 256 KiB.
///
/// Returns `None` for any other text, and if no recipient is found. The result is a guess: the
/// texts are made for people, and anyone can write them.
pub fn parse_text_bounce(text: &str) -> Option<TextBounce> {
    let text = display::prefix(text, REPORT_BYTES).trim_start();
    let (opening, _) = text.split_once('\n')?;
    let program = program(opening)?;
    let (notice, copy) = split_copy(text);
    let action = if is_warning(notice) {
        Action::Delayed
    } else {
        Action::Failed
    };
    let blocks = match program {
        BounceProgram::Exim => indented_blocks(notice),
        BounceProgram::Qmail | BounceProgram::Postfix => bracketed_blocks(notice),
    };
    let recipients: Vec<_> = blocks
        .into_iter()
        .map(|block| block.into_recipient(action))
        .collect();
    (!recipients.is_empty()).then(|| TextBounce {
        program,
        report: DeliveryReport {
            reporting_mta: reporting_host(opening),
            recipients,
            is_guessed: true,
        },
        returned_message_id: copy.and_then(|copy| returned_message_id(copy.as_bytes())),
    })
}

fn program(opening: &str) -> Option<BounceProgram> {
    let openings = [
        ("Hi. This is the ", BounceProgram::Qmail),
        (
            "This message was created automatically by mail delivery software",
            BounceProgram::Exim,
        ),
        ("This is the mail system at host ", BounceProgram::Postfix),
        (
            "This is the Postfix program at host ",
            BounceProgram::Postfix,
        ),
    ];
    openings
        .into_iter()
        .find_map(|(start, program)| opening.starts_with(start).then_some(program))
}

/// Returns the host that an opening line names: `... at host mail.a.example.`
fn reporting_host(opening: &str) -> Option<String> {
    let (_, host) = opening.split_once(" at ")?;
    let host = host.strip_prefix("host ").unwrap_or(host);
    let host = host.trim().trim_end_matches(['.', ':']);
    let is_host = host.contains('.') && !host.contains(char::is_whitespace);
    is_host.then(|| shortened(host, NAME_BYTES))
}

/// Whether the program still tries to deliver.
fn is_warning(notice: &str) -> bool {
    // Exim, Postfix.
    ["not yet been delivered", "THIS IS A WARNING ONLY"]
        .iter()
        .any(|phrase| notice.contains(phrase))
}

/// Splits a bounce at the line of dashes before the copy of the message.
fn split_copy(text: &str) -> (&str, Option<&str>) {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        let start = length;
        length += line.len();
        let is_break = line.starts_with("---")
            && ["copy", "message", "Enclosed", "body"]
                .iter()
                .any(|word| line.contains(word));
        if is_break {
            return (
                text.get(..start).unwrap_or_default(),
                text.get(length..).filter(|copy| !copy.trim().is_empty()),
            );
        }
    }
    (text, None)
}

/// A recipient with the lines about it.
struct Block<'t> {
    address: &'t str,
    reason: String,
}

impl<'t> Block<'t> {
    fn new(address: &'t str, reason: &str) -> Self {
        Self {
            address,
            reason: reason.trim().to_owned(),
        }
    }

    fn add(&mut self, line: &str) {
        // A longer text is cut anyway.
        if self.reason.len() < 4 * TEXT_BYTES {
            self.reason.push(' ');
            self.reason.push_str(line.trim());
        }
    }

    fn into_recipient(self, action: Action) -> Recipient {
        let text = shortened(&self.reason, TEXT_BYTES);
        Recipient {
            final_recipient: Some(EmailAddress::new("", self.address)),
            action: Some(action),
            status: StatusCode::find(&text),
            diagnostic: (!text.is_empty()).then_some(Diagnostic {
                kind: String::new(),
                text,
            }),
            ..Recipient::default()
        }
    }
}

fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_BYTES && text.contains('@') && !text.contains(char::is_whitespace)
}

/// Finds the blocks of qmail and Postfix: `<ann@a.example>: reason`, further lines of the reason,
/// and an empty line.
fn bracketed_blocks(notice: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for line in notice.lines() {
        let start = line.strip_prefix('<').and_then(|rest| {
            let (address, rest) = rest.split_once('>')?;
            // Postfix: ` (expanded from <alias@a.example>)`.
            let (_, reason) = rest.split_once(':')?;
            is_address(address).then_some((address, reason))
        });
        match start {
            Some(_) if blocks.len() >= RECIPIENTS_MAX => break,
            // A reason may quote the reply of a host, with its addresses in brackets.
            Some((address, reason)) if !is_open => {
                blocks.push(Block::new(address, reason));
                is_open = true;
            }
            _ if line.trim().is_empty() => is_open = false,
            _ => {
                if let Some(block) = blocks.last_mut().filter(|_| is_open) {
                    block.add(line);
                }
            }
        }
    }
    blocks
}

/// Finds the blocks of Exim: an address indented by 2 spaces, and the reason by 4.
fn indented_blocks(notice: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for line in notice.lines() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent == 2 && is_address(text) {
            if blocks.len() >= RECIPIENTS_MAX {
                break;
            }
            blocks.push(Block::new(text, ""));
            is_open = true;
        } else if indent < 2 {
            is_open = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| is_open) {
            block.add(text);
        }
    }
    blocks
}
