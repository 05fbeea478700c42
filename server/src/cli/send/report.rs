//! What became of a message, for each recipient: for people, and as JSON for scripts.

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

/// What became of the message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SendOutcome {
    /// A server took responsibility.
    Accepted,
    /// A server refused for good.
    Refused,
    /// A server refused for now.
    Deferred,
    /// It was not sent, and nobody refused it.
    NotSent,
    /// It was sent whole, and no answer came.
    Unknown,
}

/// The result for one recipient.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RecipientReport {
    pub(super) address: String,
    pub(super) outcome: SendOutcome,
    /// Who said it.
    pub(super) server: Option<String>,
    /// Where in the conversation it was decided.
    pub(super) stage: Option<&'static str>,
    pub(super) code: Option<u16>,
    pub(super) enhanced_code: Option<String>,
    /// The server's own words.
    pub(super) reply: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) fix: Option<String>,
    /// What was asked for and does not come, because the server does not offer it.
    pub(super) left_out: Vec<&'static str>,
    /// How the command would end for this recipient alone.
    #[serde(skip)]
    pub(super) exit: Exit,
    /// There was no room beside the others: the next transaction is its turn.
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

    /// Nobody was asked, or nobody could be.
    pub(super) fn not_sent(address: &str, trouble: &CliError) -> Self {
        let outcome = match trouble.exit {
            Exit::Refused => SendOutcome::Refused,
            Exit::Unknown => SendOutcome::Unknown,
            _ => SendOutcome::NotSent,
        };
        let mut this = Self::new(address, outcome, trouble.exit);
        this.cause = Some(trouble.cause.clone());
        this.fix = Some(trouble.fix.clone());
        this.reply = trouble.reply.clone();
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
            let words = ReplyFields {
                code: Some(reply.code),
                enhanced: this.enhanced_code.as_deref(),
                response_code: None,
                text: &text,
            };
            let refused = match stage {
                Stage::Rcpt => Refused::Recipient,
                _ => Refused::Message,
            };
            let told = refusal(Lang::En, RefusalCause::read(words), refused, None);
            this.explain(told);
        }
        this
    }

    /// Whether another recipient's result is told in the same words.
    fn is_like(&self, other: &Self) -> bool {
        let words = |this: &Self| {
            let words = (this.cause.clone(), this.fix.clone(), this.reply.clone());
            (this.outcome, this.server.clone(), this.stage, words)
        };
        words(self) == words(other)
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
            // Named by DNS where mail is delivered directly.
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
            // A reply may hold what a terminal obeys.
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

    fn explain(&mut self, told: Meaning) {
        self.cause = Some(told.cause);
        self.fix = Some(told.fix);
    }
}

/// The results of one transaction, in the order of the envelope.
pub(super) fn reports(outcome: Outcome, server: &str) -> Vec<RecipientReport> {
    let mut reports = match outcome {
        Outcome::Accepted {
            reply,
            recipients,
            left_out,
        } => {
            let left_out = left_out.into_iter().filter(|what| *what != Parameter::Size);
            let left_out: Vec<_> = left_out.map(Parameter::as_str).collect();
            each(&recipients, true, |address| RecipientReport {
                left_out: left_out.clone(),
                ..RecipientReport::by_reply(address, Stage::Final, &reply)
            })
        }
        Outcome::Rejected {
            stage,
            reply,
            recipients,
        } => each(&recipients, true, |address| {
            RecipientReport::by_reply(address, stage, &reply)
        }),
        Outcome::NotSent {
            stage,
            cause,
            recipients,
        } => {
            let exit = Exit::of_unsent(&cause);
            let text = AccountError::NotSent { cause }.text(Lang::En);
            each(&recipients, false, |address| RecipientReport {
                stage: Some(stage.as_str()),
                cause: Some(text.cause.clone()),
                fix: Some(text.fix.clone()),
                reply: text.reply.clone(),
                ..RecipientReport::new(address, SendOutcome::NotSent, exit)
            })
        }
        Outcome::Unknown { recipients, .. } => each(&recipients, false, |address| {
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

/// What the server said to a recipient, else what became of the whole.
fn each(
    recipients: &[(Address, RecipientResult)],
    goes_on: bool,
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
                this.is_next = goes_on;
                this
            }
            RecipientResult::Accepted(_) | RecipientResult::Unanswered => of_whole(address),
        }
    });
    reports.collect()
}

/// The results for all recipients.
#[derive(Debug, Serialize)]
pub(super) struct SendReport {
    pub(super) outcome: &'static str,
    pub(super) exit_code: u8,
    pub(super) message_id: String,
    pub(super) size_bytes: u64,
    pub(super) from: String,
    pub(super) recipients: Vec<RecipientReport>,
}

/// How the command ends. What may have gone out outweighs everything else.
pub(super) fn exit_of(recipients: &[RecipientReport]) -> Exit {
    let count = |fate| recipients.iter().filter(|r| r.outcome == fate).count();
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
        // Some may go out later.
        false if recipients.iter().any(|r| r.exit == Exit::Temporary) => Exit::Temporary,
        false => Exit::Refused,
    }
}

impl SendReport {
    /// One word for the whole.
    pub(super) const fn word(exit: Exit) -> &'static str {
        match exit {
            Exit::Done => "accepted",
            Exit::SomeRefused => "partly_accepted",
            Exit::Refused => "refused",
            Exit::Unknown => "unknown",
            _ => "not_sent",
        }
    }

    /// Writes the results to standard output.
    pub(super) fn write(&self, as_json: bool) -> io::Result<()> {
        let mut out = Plain(io::stdout().lock());
        if as_json {
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
            return out.flush();
        }
        // Who has the same result is told of together.
        for alike in self.recipients.chunk_by(RecipientReport::is_like) {
            let addresses: Vec<&str> = alike.iter().map(|r| r.address.as_str()).collect();
            if let Some(first) = alike.first() {
                first.write(&mut out, &addresses.join(", "))?;
            }
        }
        out.flush()
    }
}
