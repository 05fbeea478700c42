//! What a report about a sent message says: for whom, what became of it, why, and what can be done.

use app::api::types::{Card, CardKind, Lang};
use mail_mime::report::{Action, DeliveryReport, DispositionKind, DispositionReport, Recipient};
use mail_mime::supplement::Supplements;

use crate::domain::bounds::cut;
use crate::meaning::ReplyFields;
use crate::meaning::smtp::{self, RefusalCause, Refused};

/// Number of recipients that are named.
const NAMED_MAX: usize = 5;
/// Maximum length of a server's words that are shown, in bytes.
const WORDS_MAX_BYTES: usize = 500;

/// Returns the card of a report; `None` if the message is none.
pub(super) fn card(supplements: &Supplements, lang: Lang) -> Option<Card> {
    let (title, lines) = match (&supplements.delivery, &supplements.disposition) {
        (Some(delivery), _) => delivery_report(delivery, lang)?,
        (None, Some(disposition)) => receipt(disposition, lang)?,
        (None, None) => return None,
    };
    Some(super::card(CardKind::Report, title, lines))
}

fn delivery_report(report: &DeliveryReport, lang: Lang) -> Option<(String, Vec<String>)> {
    // The action that needs most attention is in the title.
    let order = [
        Action::Failed,
        Action::Delayed,
        Action::Delivered,
        Action::Relayed,
        Action::Expanded,
    ];
    let has = |action: &Action| report.recipients.iter().any(|r| r.action == Some(*action));
    let title = title(order.into_iter().find(has)?, lang);
    let named = report.recipients.iter().take(NAMED_MAX);
    let mut lines: Vec<String> = named.flat_map(|one| recipient_lines(one, lang)).collect();
    let more = report.recipients.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        lines.push(match lang {
            Lang::En => format!("and {more} more recipients"),
            Lang::ZhCn => format!("另有 {more} 位收件人"),
        });
    }
    if report.is_guessed {
        lines.push(match lang {
            Lang::En => "Taken from the text of the message below.".to_owned(),
            Lang::ZhCn => "以上内容取自下方邮件正文。".to_owned(),
        });
    }
    Some((title, lines))
}

fn title(action: Action, lang: Lang) -> String {
    let title = match (action, lang) {
        (Action::Failed, Lang::En) => "A message of yours was not delivered",
        (Action::Failed, Lang::ZhCn) => "您发出的一封邮件未能送达",
        (Action::Delayed, Lang::En) => "A message of yours is delayed; the server tries again",
        (Action::Delayed, Lang::ZhCn) => "您发出的一封邮件被延迟，服务器会继续重试",
        (Action::Delivered, Lang::En) => "A message of yours was delivered",
        (Action::Delivered, Lang::ZhCn) => "您发出的一封邮件已送达",
        (Action::Relayed, Lang::En) => {
            "A message of yours was passed on to a server that sends no reports"
        }
        (Action::Relayed, Lang::ZhCn) => "您发出的一封邮件已转给不提供回报的服务器",
        (Action::Expanded, Lang::En) => "A message of yours was passed on to several addresses",
        (Action::Expanded, Lang::ZhCn) => "您发出的一封邮件已转发给多个地址",
    };
    title.to_owned()
}

/// Returns who, why and what can be done, and the server's own words.
fn recipient_lines(recipient: &Recipient, lang: Lang) -> Vec<String> {
    let address = recipient.address();
    let address = address.map(|address| address.address.clone());
    let mut lines = Vec::new();
    let status = recipient.status.map(|status| status.to_string());
    let words = recipient.diagnostic.as_ref().map(|said| said.text.as_str());
    let meaning = matches!(recipient.action, Some(Action::Failed | Action::Delayed)).then(|| {
        let cause = RefusalCause::read(ReplyFields {
            code: words.and_then(|words| words.get(..3)?.parse().ok()),
            enhanced: status.as_deref(),
            text: words.unwrap_or_default(),
            ..ReplyFields::default()
        });
        smtp::refusal(lang, cause, Refused::Recipient, None)
    });
    let colon = match lang {
        Lang::En => ": ",
        Lang::ZhCn => "：",
    };
    match (address, meaning) {
        (Some(address), Some(meaning)) => {
            lines.push(format!("{address}{colon}{}", meaning.cause));
            lines.push(meaning.fix);
        }
        (Some(address), None) => lines.push(address),
        (None, Some(meaning)) => lines.extend([meaning.cause, meaning.fix]),
        (None, None) => {}
    }
    if let Some(words) = words {
        let words = cut(words.to_owned(), WORDS_MAX_BYTES);
        lines.push(match lang {
            Lang::En => format!("The server said: {words}"),
            Lang::ZhCn => format!("服务器的答复：{words}"),
        });
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn receipt(report: &DispositionReport, lang: Lang) -> Option<(String, Vec<String>)> {
    let disposition = report.disposition.as_ref()?;
    let title = match (&disposition.kind, lang) {
        (DispositionKind::Displayed, Lang::En) => {
            "A message of yours was opened. That does not mean that it was read."
        }
        (DispositionKind::Displayed, Lang::ZhCn) => "您发出的一封邮件已被打开，但不代表已被阅读。",
        (DispositionKind::Deleted, Lang::En) => "A message of yours was deleted",
        (DispositionKind::Deleted, Lang::ZhCn) => "您发出的一封邮件已被删除",
        (DispositionKind::Dispatched, Lang::En) => "A message of yours was forwarded or printed",
        (DispositionKind::Dispatched, Lang::ZhCn) => "您发出的一封邮件已被转发或打印",
        (DispositionKind::Processed, Lang::En) => {
            "A message of yours was handled by a program; nobody has seen it"
        }
        (DispositionKind::Processed, Lang::ZhCn) => "您发出的一封邮件已由程序处理，无人看过",
        (_, Lang::En) => "A receipt for a message of yours",
        (_, Lang::ZhCn) => "您发出的一封邮件的回执",
    };
    let recipient = report.original_recipient.as_ref();
    let recipient = recipient.or(report.final_recipient.as_ref());
    let lines = recipient.map(|recipient| recipient.address.clone());
    Some((title.to_owned(), lines.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_mime::supplement::Purpose;
    use mail_mime::tree::{LeafFields, Part};

    fn shown(purpose: Purpose, text: &str, lang: Lang) -> Card {
        let mut supplements = Supplements::default();
        let part = Part::leaf(LeafFields::default());
        supplements.add(purpose, &part, text.as_bytes());
        card(&supplements, lang).unwrap()
    }

    #[test]
    fn a_bounce_says_who_why_and_what_to_do() {
        let text = "Reporting-MTA: dns; mx.example\r\n\r\n\
                    Final-Recipient: rfc822; nobody@shop.example\r\nAction: failed\r\n\
                    Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n";
        let card = shown(Purpose::DeliveryStatus, text, Lang::En);
        assert_eq!(card.title, "A message of yours was not delivered");
        assert_eq!(card.lines.len(), 3, "{:?}", card.lines);
        assert!(
            card.lines[0].starts_with("nobody@shop.example: "),
            "{:?}",
            card.lines
        );
        assert_eq!(card.lines[2], "The server said: 550 5.1.1 No such user");
        let zh = shown(Purpose::DeliveryStatus, text, Lang::ZhCn);
        assert_eq!(zh.title, "您发出的一封邮件未能送达");
        assert!(
            zh.lines[0].starts_with("nobody@shop.example："),
            "{:?}",
            zh.lines
        );
    }

    #[test]
    fn a_report_for_many_names_some_and_counts_the_rest() {
        let mut text = "Reporting-MTA: dns; mx.example\r\n".to_owned();
        for n in 0..8 {
            text += &format!(
                "\r\nFinal-Recipient: rfc822; u{n}@x.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
            );
        }
        let card = shown(Purpose::DeliveryStatus, &text, Lang::En);
        assert_eq!(card.title, "A message of yours was delivered");
        assert_eq!(card.lines.len(), 6);
        assert_eq!(card.lines[5], "and 3 more recipients");
    }

    #[test]
    fn a_receipt_promises_no_more_than_is_known() {
        let text = "Final-Recipient: rfc822; ann@x.example\r\n\
                    Disposition: manual-action/MDN-sent-manually; displayed\r\n";
        let card = shown(Purpose::Disposition, text, Lang::En);
        assert!(card.title.contains("does not mean that it was read"));
        assert_eq!(card.lines, ["ann@x.example"]);
    }
}
