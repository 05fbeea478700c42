//! The answer to an invitation: its buttons, what became of it, and the text of its message.

use app::api::types::{CardAction, InvitationAnswer, Lang, OutboxState};
use mail_mime::calendar::Invitation;

use super::invitation::{LINE_CHARS, excerpt, shown_event};

/// Returns the buttons of an invitation. `known` is the answer that was given.
pub(in crate::views) fn actions(
    url: &str,
    known: Option<InvitationAnswer>,
    lang: Lang,
) -> Vec<CardAction> {
    let first = known.unwrap_or(InvitationAnswer::Accepted);
    let actions = InvitationAnswer::ALL.into_iter().map(|answer| CardAction {
        url: url.to_owned(),
        answer: answer.word().to_owned(),
        label: match (answer, lang) {
            (InvitationAnswer::Accepted, Lang::En) => "Accept",
            (InvitationAnswer::Accepted, Lang::ZhCn) => "接受",
            (InvitationAnswer::Tentative, Lang::En) => "Maybe",
            (InvitationAnswer::Tentative, Lang::ZhCn) => "暂定",
            (InvitationAnswer::Declined, Lang::En) => "Decline",
            (InvitationAnswer::Declined, Lang::ZhCn) => "拒绝",
        }
        .to_owned(),
        is_primary: answer == first,
    });
    actions.collect()
}

/// Returns what became of an answer, as a sentence.
pub(in crate::views) fn answer_line(
    answer: InvitationAnswer,
    state: &OutboxState,
    lang: Lang,
) -> String {
    let answer = title(answer, lang);
    match lang {
        Lang::En => match state {
            OutboxState::Held { secs } => format!("Your answer “{answer}” leaves in {secs} s."),
            OutboxState::Scheduled { .. }
            | OutboxState::Waiting
            | OutboxState::WaitingForSignIn
            | OutboxState::WaitingToRetry { .. } => {
                format!("Your answer “{answer}” waits in the outbox.")
            }
            OutboxState::Sending => format!("Your answer “{answer}” is being sent."),
            OutboxState::HandedOver => format!("Your answer: {answer}."),
            OutboxState::Unknown => {
                format!("Your answer “{answer}” may have been sent. The outbox says what is known.")
            }
            OutboxState::Stopped => format!("Your answer “{answer}” was not sent."),
            OutboxState::PartlyRefused
            | OutboxState::Refused
            | OutboxState::NotSent
            | OutboxState::Damaged { .. } => {
                format!("Your answer “{answer}” was not delivered. The outbox says why.")
            }
        },
        Lang::ZhCn => match state {
            OutboxState::Held { secs } => format!("您的答复“{answer}”将在 {secs} 秒后发出。"),
            OutboxState::Scheduled { .. }
            | OutboxState::Waiting
            | OutboxState::WaitingForSignIn
            | OutboxState::WaitingToRetry { .. } => {
                format!("您的答复“{answer}”在发件箱中等待发送。")
            }
            OutboxState::Sending => format!("您的答复“{answer}”正在发送。"),
            OutboxState::HandedOver => format!("您的答复：{answer}。"),
            OutboxState::Unknown => format!("您的答复“{answer}”可能已发出，详情见发件箱。"),
            OutboxState::Stopped => format!("您的答复“{answer}”没有发送。"),
            OutboxState::PartlyRefused
            | OutboxState::Refused
            | OutboxState::NotSent
            | OutboxState::Damaged { .. } => format!("您的答复“{answer}”未送达，原因见发件箱。"),
        },
    }
}

/// Returns the subject of the message of an answer.
pub(in crate::views) fn answer_subject(
    answer: InvitationAnswer,
    invitation: &Invitation,
    lang: Lang,
) -> String {
    let (title, summary) = (title(answer, lang), summary(invitation));
    match lang {
        _ if summary.is_empty() => title.to_owned(),
        Lang::En => format!("{title}: {summary}"),
        Lang::ZhCn => format!("{title}：{summary}"),
    }
}

/// Returns the text of the message of an answer, for people and for programs that read no calendars.
pub(in crate::views) fn answer_text(
    answer: InvitationAnswer,
    invitation: &Invitation,
    lang: Lang,
) -> String {
    let sentence = match (answer, lang) {
        (InvitationAnswer::Accepted, Lang::En) => "I accept this invitation.",
        (InvitationAnswer::Accepted, Lang::ZhCn) => "我接受此邀请。",
        (InvitationAnswer::Tentative, Lang::En) => "I accept this invitation tentatively.",
        (InvitationAnswer::Tentative, Lang::ZhCn) => "我暂定接受此邀请。",
        (InvitationAnswer::Declined, Lang::En) => "I decline this invitation.",
        (InvitationAnswer::Declined, Lang::ZhCn) => "我谢绝此邀请。",
    };
    match summary(invitation) {
        summary if summary.is_empty() => format!("{sentence}\n"),
        summary => format!("{sentence}\n\n{summary}\n"),
    }
}

fn title(answer: InvitationAnswer, lang: Lang) -> &'static str {
    match (answer, lang) {
        (InvitationAnswer::Accepted, Lang::En) => "Accepted",
        (InvitationAnswer::Accepted, Lang::ZhCn) => "已接受",
        (InvitationAnswer::Tentative, Lang::En) => "Tentatively accepted",
        (InvitationAnswer::Tentative, Lang::ZhCn) => "暂定接受",
        (InvitationAnswer::Declined, Lang::En) => "Declined",
        (InvitationAnswer::Declined, Lang::ZhCn) => "已谢绝",
    }
}

/// Returns the summary of an invitation as one short line; empty if it has none.
fn summary(invitation: &Invitation) -> String {
    let event = shown_event(invitation);
    event.map_or_else(String::new, |event| excerpt(&event.summary, LINE_CHARS))
}
