//! The wish of an author to be told that the message was read (RFC 8098 §2.1).

use app::api::types::{Card, CardKind, Lang};
use mail_mime::header::Headers;

/// The field of the standard, and those of older programs.
const FIELDS: [&str; 3] = [
    "Disposition-Notification-To",
    "X-Confirm-Reading-To",
    "Return-Receipt-To",
];

/// Returns the card; `None` if the author asks for nothing, or is the reader.
pub(super) fn card(headers: &Headers, own_address: &str, lang: Lang) -> Option<Card> {
    FIELDS.iter().find(|name| headers.first(name).is_some())?;
    let from = headers.from();
    if from
        .iter()
        .any(|author| author.address.eq_ignore_ascii_case(own_address))
    {
        return None;
    }
    let (title, line) = match lang {
        Lang::En => (
            "The sender asks to be told when you have read this",
            "Restante tells them nothing.",
        ),
        Lang::ZhCn => ("发件人希望得到已读回执", "Restante 不会向对方发送回执。"),
    };
    Some(super::card(
        CardKind::Report,
        title.to_owned(),
        vec![line.to_owned()],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: &str, own: &str) -> Option<Card> {
        let header = format!("From: Ann <ann@x.example>\r\n{field}\r\n\r\n");
        card(&Headers::parse(header.as_bytes()).unwrap(), own, Lang::En)
    }

    #[test]
    fn a_wished_receipt_is_told_and_not_sent() {
        let me = "me@x.example";
        for field in [
            "Disposition-Notification-To: ann@x.example",
            "x-confirm-reading-to: <ann@x.example>",
        ] {
            let card = shown(field, me).unwrap_or_else(|| panic!("{field}"));
            assert!(card.title.starts_with("The sender asks"), "{field}");
        }
        assert_eq!(shown("Subject: receipt", me), None);
    }

    #[test]
    fn ones_own_wish_is_not_told() {
        let field = "Disposition-Notification-To: ann@x.example";
        assert_eq!(shown(field, "Ann@X.example"), None);
    }
}
