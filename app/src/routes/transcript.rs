//! The page of an outbox entry's transcript: the protocol lines of its last attempt. Plain HTML
//! without the app; the same as text.

use std::borrow::Cow;
use std::fmt::Write as _;

use leptos::prelude::*;

use super::plain_page::PlainPage;
use crate::api::types::{DateText, Lang, OutboxEntry, OutboxState};
use crate::mail::ledger::{error_text, state_label};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::Icon;

/// The transcript of one attempt to send a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The time of its first line.
    pub started: DateText,
    /// Whether earlier lines were left out.
    pub is_cut: bool,
    /// Whether the connection had been opened for an earlier message.
    pub is_reused: bool,
    /// The lines, in order.
    pub lines: Vec<TranscriptLine>,
}

/// The origin of a transcript line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// A new connection; the text of the line is its host and port.
    Connection,
    /// This program.
    Client,
    /// The mail server.
    Server,
    /// A remark of this program.
    Note,
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptLine {
    /// Milliseconds since the first line.
    pub after_ms: u64,
    /// The origin.
    pub speaker: Speaker,
    /// The text; secrets are masked.
    pub text: String,
}

impl TranscriptLine {
    /// Returns the time since the first line in seconds: "12.034".
    fn seconds(&self) -> String {
        format!("{}.{:03}", self.after_ms / 1000, self.after_ms % 1000)
    }

    /// Returns who said the line.
    fn mark(&self) -> &'static str {
        match self.speaker {
            Speaker::Connection | Speaker::Note => "#",
            Speaker::Client => "C:",
            Speaker::Server => "S:",
        }
    }

    /// Returns whether it is a reply that refuses something (RFC 5321 §4.2.1: 4yz and 5yz).
    fn is_refusal(&self) -> bool {
        self.speaker == Speaker::Server && self.text.starts_with(['4', '5'])
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct TranscriptPage {
    /// The context of the request.
    pub context: PageContext,
    /// The entry.
    pub entry: OutboxEntry,
    /// The transcript of its last attempt, if there is one.
    pub transcript: Option<Transcript>,
}

/// Renders the document.
pub fn render(page: TranscriptPage) -> String {
    Owner::new().with(|| {
        provide_context(page.context.clone());
        let lang = page.context.lang;
        let base = &page.context.base;
        let TranscriptPage {
            entry, transcript, ..
        } = page;
        let back = url::outbox_entry(base, &entry.id);
        let text_address = url::outbox_transcript_text(base, &entry.id);
        let state = state_label(&entry, lang);
        let title = subject(&entry, lang);
        let trouble = entry.trouble.map(error_text);
        let found = match transcript {
            Some(transcript) => shown(transcript, text_address, lang),
            None => view! { <p role="status">{lang.transcript_none()}</p> }.into_any(),
        };
        let head = PlainPage {
            title: lang.transcript(),
            back,
            back_label: lang.outbox(),
            class: "set-page set-alone set-wide",
        };
        head.into_document(view! {
            <p>
                <bdi>{title}</bdi>
                " "
                <span class="badge">{state}</span>
            </p>
            {trouble}
            {found}
        })
    })
}

fn subject(entry: &OutboxEntry, lang: Lang) -> Cow<'static, str> {
    match entry.subject.as_str() {
        _ if matches!(entry.state, OutboxState::Damaged { .. }) => lang.unreadable_entry(),
        "" => lang.no_subject(),
        subject => subject.to_owned().into(),
    }
}

fn shown(transcript: Transcript, text_address: String, lang: Lang) -> AnyView {
    let attempt = lang.transcript_attempt(transcript.attempt, transcript.started.long);
    let reused = transcript.is_reused.then(|| lang.transcript_reused());
    let cut = transcript
        .is_cut
        .then(|| view! { <p class="small muted">{lang.transcript_cut()}</p> });
    let lines = transcript.lines.into_iter().map(|line| {
        let class = match line.speaker {
            _ if line.is_refusal() => "s fail",
            Speaker::Server => "s",
            Speaker::Client => "c",
            Speaker::Connection | Speaker::Note => "",
        };
        view! {
            <li class=class>
                <span class="at">{line.seconds()}</span>
                <span class="d">{line.mark()}</span>
                <span class="l">{line.text}</span>
            </li>
        }
        .into_any()
    });
    view! {
        <p class="muted">
            {attempt} " " {reused.map(|reused| format!("{reused} "))} {lang.transcript_lead()}
        </p>
        {cut}
        <ol class="wire" dir="ltr" aria-label=lang.transcript()>
            {lines.collect_view()}
        </ol>
        <a class="btn btn-line" href=text_address download="transcript.txt">
            <Icon name="download" />
            {lang.transcript_as_text()}
        </a>
    }
    .into_any()
}

/// Returns a transcript as text: the time of its start, then a line for each of its lines, with the
/// seconds since the start and who said it (`C:` this program, `S:` the mail server, `#` a remark).
pub fn text(transcript: &Transcript) -> String {
    let mut text = format!("# {}\n", transcript.started.iso);
    if transcript.is_cut {
        text.push_str("# [...]\n");
    }
    for line in &transcript.lines {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:>8} {:<2} {}",
            line.seconds(),
            line.mark(),
            line.text
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript() -> Transcript {
        let line = |after_ms, speaker, text: &str| TranscriptLine {
            after_ms,
            speaker,
            text: text.to_owned(),
        };
        Transcript {
            attempt: 2,
            started: DateText {
                long: "30 Nov 2026, 11:02".to_owned(),
                iso: "2026-11-30T11:02:00+00:00".to_owned(),
                ..DateText::default()
            },
            is_cut: false,
            is_reused: false,
            lines: vec![
                line(0, Speaker::Connection, "smtp.peer.test:465"),
                line(20, Speaker::Server, "220 <b>ready</b>"),
                line(1_203, Speaker::Client, "MAIL FROM:<ann@peer.test>"),
                line(61_000, Speaker::Server, "451 4.3.0 later"),
            ],
        }
    }

    #[test]
    fn text_has_the_time_and_the_speaker_of_each_line() {
        assert_eq!(
            text(&transcript()),
            "# 2026-11-30T11:02:00+00:00\n\
             \x20  0.000 #  smtp.peer.test:465\n\
             \x20  0.020 S: 220 <b>ready</b>\n\
             \x20  1.203 C: MAIL FROM:<ann@peer.test>\n\
             \x20 61.000 S: 451 4.3.0 later\n"
        );
        let cut = Transcript {
            is_cut: true,
            ..transcript()
        };
        assert!(text(&cut).contains("\n# [...]\n"));
    }

    #[test]
    fn only_replies_that_refuse_are_marked() {
        let refusals: Vec<bool> = transcript().lines.iter().map(|l| l.is_refusal()).collect();
        assert_eq!(refusals, [false, false, false, true]);
    }
}
