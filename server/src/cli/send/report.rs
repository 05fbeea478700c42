//! The result for each recipient, as text and as JSON for scripts.

use std::io::{self, Write};

use app::api::types::Lang;
use mail_proto::smtp::{Address, Outcome, Parameter, RecipientResult, Reply, Stage};
use serde::Serialize;

use crate::account::error::AccountError;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::meaning::smtp::{RefusalCause, Refused, refusal, unknown};
use crate::meaning::{Meaning, ReplyFields};
use crate::plain::Plain;

/// The result for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SendOutcome {
    /// A server accepted responsibility.
    Accepted,
    /// A server refused permanently.
    Refused,
    /// A server refused temporarily.
    Deferred,
    /// The message was not sent, and no server refused it.
    NotSent,
    /// The message was sent completely, and no reply arrived.
    Unknown,
}

/// The report of one recipient.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RecipientReport {
    pub(super) address: String,
    pub(super) outcome: SendOutcome,
    /// The server that decided the result.
    pub(super) server: Option<String>,
    /// The stage of the session at which the result was decided.
    pub(super) stage: Option<&'static str>,
    pub(super) code: Option<u16>,
    pub(super) enhanced_code: Option<String>,
    /// The server's reply.
    pub(super) reply: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) fix: Option<String>,
    /// Requested parameters that were omitted because the server does not offer them.
    pub(super) left_out: Vec<&'static str>,
    /// The exit code for this recipient alone.
    #[serde(skip)]
    pub(super) exit: Exit,
    /// The transaction had no room for this recipient: the next one includes it.
    #[serde(skip)]
    pub(super) is_next: bool,
}

impl RecipientReport {
    fn new(address: &str, outcome: SendOutcome, exit: Exit) -> Self {
        Self {
            address: address.to_owned(),
            outcome,
            server: None,
            stage: None,
            code: None,
            enhanced_code: None,
            reply: None,
            cause: None,
            fix: None,
            left_out: Vec::new(),
            exit,
            is_next: false,
        }
    }

    /// Creates a report for an error before any server decided about the recipient.
    pub(super) fn not_sent(address: &str, error: &CliError) -> Self {
        let outcome = match error.exit {
            Exit::Refused => SendOutcome::Refused,
            Exit::Unknown => SendOutcome::Unknown,
            _ => SendOutcome::NotSent,
        };
        let mut this = Self::new(address, outcome, error.exit);
        this.cause = Some(error.cause.clone());
        this.fix = Some(error.fix.clone());
        this.reply = error.reply.clone();
        this
    }

    fn by_reply(address: &str, stage: Stage, reply: &Reply) -> Self {
        let (outcome, exit) = match () {
            () if reply.is_positive() => (SendOutcome::Accepted, Exit::Done),
            () if reply.is_transient() => (SendOutcome::Deferred, Exit::Temporary),
            () => (SendOutcome::Refused, Exit::Refused),
        };
        let mut this = Self::new(address, outcome, exit);
        this.stage = Some(stage.as_str());
        this.code = Some(reply.code);
        this.enhanced_code = reply.enhanced.map(|code| code.to_string());
        this.reply = Some(reply.to_string());
        if outcome != SendOutcome::Accepted {
            let text = reply.to_string();
            let fields = ReplyFields {
                code: Some(reply.code),
                enhanced: this.enhanced_code.as_deref(),
                response_code: None,
                text: &text,
            };
            let refused = match stage {
                Stage::Rcpt => Refused::Recipient,
                _ => Refused::Message,
            };
            let meaning = refusal(Lang::En, RefusalCause::read(fields), refused, None);
            this.explain(meaning);
        }
        this
    }

    /// Returns whether another recipient has the same result with the same texts.
    fn is_like(&self, other: &Self) -> bool {
        let result = |this: &Self| {
            let texts = (this.cause.clone(), this.fix.clone(), this.reply.clone());
            (this.outcome, this.server.clone(), this.stage, texts)
        };
        result(self) == result(other)
    }

    fn write(&self, out: &mut impl Write, addresses: &str) -> io::Result<()> {
        let what = match self.outcome {
            SendOutcome::Accepted => "accepted",
            SendOutcome::Refused => "refused",
            SendOutcome::Deferred => "refused for now",
            SendOutcome::NotSent => "not sent",
            SendOutcome::Unknown => "unknown",
        };
        write!(out, "{addresses}: {what}")?;
        if let Some(server) = &self.server {
            // The name comes from DNS in direct delivery, so control characters are removed.
            write!(out, " by {}", mail_mime::display::line(server))?;
        }
        if let Some(stage) = self.stage {
            write!(out, " at {stage}")?;
        }
        writeln!(out)?;
        for line in [&self.cause, &self.fix].into_iter().flatten() {
            if !line.is_empty() {
                writeln!(out, "  {}", mail_mime::display::line(line))?;
            }
        }
        for line in self.reply.iter().flat_map(|reply| reply.lines()) {
            // A reply may contain terminal control characters.
            writeln!(out, "  {}", mail_mime::display::line(line))?;
        }
        for what in &self.left_out {
            writeln!(
                out,
                "  The server does not offer {what}: asked for in vain."
            )?;
        }
        Ok(())
    }

    fn explain(&mut self, meaning: Meaning) {
        self.cause = Some(meaning.cause);
        self.fix = Some(meaning.fix);
    }
}

/// Returns the reports of one transaction, in the order of the envelope.
pub(super) fn reports(outcome: Outcome, server: &str) -> Vec<RecipientReport> {
    let mut reports = match outcome {
        Outcome::Accepted {
            reply,
            recipients,
            left_out,
        } => {
            let left_out = left_out.into_iter().filter(|what| *what != Parameter::Size);
            let left_out: Vec<_> = left_out.map(Parameter::as_str).collect();
            recipient_reports(&recipients, true, |address| RecipientReport {
                left_out: left_out.clone(),
                ..RecipientReport::by_reply(address, Stage::Final, &reply)
            })
        }
        Outcome::Rejected {
            stage,
            reply,
            recipients,
        } => recipient_reports(&recipients, true, |address| {
            RecipientReport::by_reply(address, stage, &reply)
        }),
        Outcome::NotSent {
            stage,
            cause,
            recipients,
        } => {
            let exit = Exit::of_unsent(&cause);
            let text = AccountError::NotSent { cause }.text(Lang::En);
            recipient_reports(&recipients, false, |address| RecipientReport {
                stage: Some(stage.as_str()),
                cause: Some(text.cause.clone()),
                fix: Some(text.fix.clone()),
                reply: text.reply.clone(),
                ..RecipientReport::new(address, SendOutcome::NotSent, exit)
            })
        }
        Outcome::Unknown { recipients, .. } => recipient_reports(&recipients, false, |address| {
            let mut this = RecipientReport::new(address, SendOutcome::Unknown, Exit::Unknown);
            this.stage = Some(Stage::Final.as_str());
            this.explain(unknown(Lang::En));
            this
        }),
    };
    for report in &mut reports {
        report.server = Some(server.to_owned());
    }
    reports
}

/// Reports the server's reply to each recipient, or else the result of the transaction.
fn recipient_reports(
    recipients: &[(Address, RecipientResult)],
    has_next_transaction: bool,
    of_whole: impl Fn(&str) -> RecipientReport,
) -> Vec<RecipientReport> {
    let reports = recipients.iter().map(|(address, result)| {
        let address = address.as_str();
        match result {
            RecipientResult::Refused(reply) => {
                RecipientReport::by_reply(address, Stage::Rcpt, reply)
            }
            RecipientResult::Deferred(reply) => {
                let mut this = match reply {
                    Some(reply) => RecipientReport::by_reply(address, Stage::Rcpt, reply),
                    None => RecipientReport {
                        cause: Some("The server takes only so many recipients at a time.".into()),
                        ..RecipientReport::new(address, SendOutcome::Deferred, Exit::Temporary)
                    },
                };
                this.is_next = has_next_transaction;
                this
            }
            RecipientResult::Accepted(_) | RecipientResult::Unanswered => of_whole(address),
        }
    });
    reports.collect()
}

/// The reports of all recipients.
#[derive(Debug, Serialize)]
pub(super) struct SendReport {
    pub(super) outcome: &'static str,
    pub(super) exit_code: u8,
    pub(super) message_id: String,
    pub(super) size_bytes: u64,
    pub(super) from: String,
    pub(super) recipients: Vec<RecipientReport>,
}

/// Returns the exit code. A message that may have been delivered outweighs all other results.
pub(super) fn exit_of(recipients: &[RecipientReport]) -> Exit {
    let count = |outcome| recipients.iter().filter(|r| r.outcome == outcome).count();
    if count(SendOutcome::Unknown) > 0 {
        return Exit::Unknown;
    }
    match count(SendOutcome::Accepted) {
        0 => {}
        all if all == recipients.len() => return Exit::Done,
        _ => return Exit::SomeRefused,
    }
    let mut exits = recipients.iter().map(|recipient| recipient.exit);
    let first = exits.next().unwrap_or(Exit::Usage);
    match exits.all(|exit| exit == first) {
        true => first,
        // Some of the recipients may succeed later.
        false if recipients.iter().any(|r| r.exit == Exit::Temporary) => Exit::Temporary,
        false => Exit::Refused,
    }
}

impl SendReport {
    /// Returns one word for the overall result.
    pub(super) const fn word(exit: Exit) -> &'static str {
        match exit {
            Exit::Done => "accepted",
            Exit::SomeRefused => "partly_accepted",
            Exit::Refused => "refused",
            Exit::Unknown => "unknown",
            _ => "not_sent",
        }
    }

    /// Writes the reports to standard output.
    pub(super) fn write(&self, as_json: bool) -> io::Result<()> {
        let mut out = Plain(io::stdout().lock());
        if as_json {
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
            return out.flush();
        }
        // Recipients with the same result share one line.
        for alike in self.recipients.chunk_by(RecipientReport::is_like) {
            let addresses: Vec<&str> = alike.iter().map(|r| r.address.as_str()).collect();
            if let Some(first) = alike.first() {
                first.write(&mut out, &addresses.join(", "))?;
            }
        }
        out.flush()
    }
}
