//! The initially focused field, and the questions before a message is sent.

use std::sync::Arc;

use leptos::prelude::*;

use super::fields::Fields;
use crate::api::types::{ComposeKind, Draft, Lang};
use crate::text::recipients::entries;
use crate::ui::question::{Answer, Question};

/// Returns the field to focus: the field at fault; in a reply the text, above the quote; in a
/// corrected message the recipients; otherwise the first empty field.
pub(super) fn first_field(draft: &Draft, invalid_field: Option<String>) -> &'static str {
    let invalid_field = invalid_field.as_deref();
    let named = ["to", "cc", "bcc", "subject", "body"].into_iter();
    if let Some(name) = named.clone().find(|name| Some(*name) == invalid_field) {
        return name;
    }
    match draft.source.as_ref().map(|source| source.kind) {
        _ if draft.replaces.is_some() => "to",
        Some(kind) if kind.is_reply() => "body",
        _ if draft.to.is_empty() => "to",
        _ if draft.subject.is_empty() => "subject",
        _ => "body",
    }
}

/// The number of recipients whose addresses all recipients see, from which on one is asked.
const MANY_RECIPIENTS: usize = 20;

/// Words that announce a file, in lower case.
const FILE_WORDS: [&str; 8] = [
    "attached",
    "attachment",
    "i attach",
    "enclosed",
    "附件",
    "附上",
    "附后",
    "随信附",
];

/// Whether the writer's own text, without quotations and without what the form began with,
/// announces a file.
fn promises_file(body: &str, initial: &str) -> bool {
    // In formatted text a quotation has no marks.
    let known: Vec<&str> = initial.lines().map(without_marks).collect();
    body.lines()
        .filter(|line| !line.starts_with('>') && !known.contains(&without_marks(line)))
        .map(str::to_lowercase)
        .any(|line| FILE_WORDS.iter().any(|word| line.contains(word)))
}

fn without_marks(line: &str) -> &str {
    line.trim_start_matches(['>', ' ']).trim_end()
}

/// Returns the question before sending a message without a subject, without text, without the file
/// that it announces, or to many people who see each other's addresses.
pub(super) fn omission_question(
    draft: &Draft,
    quote: &str,
    fields: Fields,
    is_confirmed: RwSignal<bool>,
    lang: Lang,
    warns_missing_file: bool,
) -> Option<Question> {
    let kind = draft.source.as_ref().map(|source| source.kind);
    // A forward and a message that leaves a list are whole as they begin.
    let is_begun = kind.is_none_or(|kind| kind == ComposeKind::New || kind.is_reply());
    let is_quote_only = || {
        let is_bare = draft.uploads.is_empty() && draft.replaces.is_none();
        is_begun && is_bare && draft.body.trim() == quote.trim()
    };
    let no_subject = draft.subject.trim().is_empty();
    let is_attached = kind == Some(ComposeKind::ForwardAttached);
    let no_text = !is_attached && draft.body.trim().is_empty() || is_quote_only();
    let public_count = entries(&draft.to).chain(entries(&draft.cc)).count();
    let title = if no_subject || no_text {
        lang.send_without(no_subject, no_text)
    } else if warns_missing_file
        && promises_file(&draft.body, quote)
        && draft.uploads.is_empty()
        && is_begun
    {
        lang.send_without_file()
    } else if public_count >= MANY_RECIPIENTS {
        lang.send_to_many(public_count)
    } else {
        return None;
    };
    Some(Question {
        title,
        text: "".into(),
        cancel_label: lang.go_on_writing(),
        on_cancel: Some(Arc::new(move || {
            fields.focus(if no_subject { "subject" } else { "body" });
        })),
        answers: vec![Answer {
            label: lang.send_anyway(),
            class: "btn-primary",
            action: Arc::new(move || is_confirmed.set(true)),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::ComposeSource;

    fn draft(kind: ComposeKind, to: &str, subject: &str, body: &str) -> Draft {
        Draft {
            to: to.into(),
            subject: subject.into(),
            body: body.into(),
            source: (kind != ComposeKind::New).then(|| ComposeSource {
                kind,
                folder: "f".into(),
                message: "1.2".into(),
            }),
            ..Draft::default()
        }
    }

    #[test]
    fn first_field_is_where_the_user_types_next() {
        let new = draft(ComposeKind::New, "", "", "");
        assert_eq!(first_field(&new, None), "to");
        let reply = draft(ComposeKind::Reply, "a@b.example", "Re: x", "\n> x");
        assert_eq!(first_field(&reply, None), "body");
        assert_eq!(first_field(&reply, Some("cc".into())), "cc");
        assert_eq!(first_field(&reply, Some("attachment".into())), "body");
        let forward = draft(ComposeKind::Forward, "", "Fwd: x", "> x");
        assert_eq!(first_field(&forward, None), "to");
        let corrected = Draft {
            replaces: Some("7".into()),
            ..reply
        };
        assert_eq!(first_field(&corrected, None), "to");
    }

    #[test]
    fn missing_subject_or_text_requires_confirmation() {
        Owner::new().with(|| {
            let question_for = |draft: &Draft, quote: &str| {
                omission_question(
                    draft,
                    quote,
                    Fields::unmounted(),
                    RwSignal::new(false),
                    Lang::En,
                    true,
                )
                .map(|question| question.title.into_owned())
            };
            let new = |subject, body| draft(ComposeKind::New, "a@b.example", subject, body);
            assert_eq!(question_for(&new("Boat", "Ten?"), ""), None);
            let both = "Send without a subject and without text?";
            assert_eq!(question_for(&new(" ", "\n"), "").as_deref(), Some(both));
            let text = Some("Send without text?".to_owned());
            assert_eq!(question_for(&new("Boat", ""), ""), text);
            let reply = draft(ComposeKind::Reply, "a@b.example", "Re: x", "\n> x\n");
            assert_eq!(question_for(&reply, "\n> x\n"), text);
            assert_eq!(question_for(&reply, "> other"), None);
            let announced = new("Boat", "The plan is ATTACHED.");
            let no_file = Some("Send without a file? The text speaks of one.".to_owned());
            assert_eq!(question_for(&announced, ""), no_file);
            assert_eq!(question_for(&new("船", "见附件。"), ""), no_file);
            let has_file = Draft {
                uploads: vec!["u".into()],
                ..announced
            };
            assert_eq!(question_for(&has_file, ""), None);
            let quoted = new("Boat", "Yes.\n> The plan is attached.");
            assert_eq!(question_for(&quoted, ""), None);
            let many = "a@b.example,".repeat(20);
            let to_many = draft(ComposeKind::New, &many, "Boat", "Ten?");
            let asked = question_for(&to_many, "").unwrap();
            assert!(asked.starts_with("Send to 20 people"), "{asked}");
            let with_file = Draft {
                uploads: vec!["u".into()],
                ..reply
            };
            assert_eq!(question_for(&with_file, "\n> x\n"), None);
            let forward = draft(ComposeKind::Forward, "a@b.example", "Fwd: x", "> x");
            assert_eq!(question_for(&forward, "> x"), None);
        });
    }
}
