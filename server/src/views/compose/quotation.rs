//! The lines around a message that is answered or forwarded.

use app::api::types::Lang;
use mail_mime::address::EmailAddress;
use mail_mime::quote;

use super::super::locale::Locale;
use crate::domain::Opened;

fn author_of(opened: &Opened) -> String {
    let from = opened.headers.from();
    from.first()
        .map_or_else(String::new, |mailbox| match mailbox.name.as_str() {
            "" => mailbox.address.clone(),
            name => name.to_owned(),
        })
}

fn sent_at(opened: &Opened, locale: &Locale) -> Option<String> {
    let date = opened
        .headers
        .date_or_received()
        .map(|date| date.unix_ms)
        .or(opened.arrived_unix_ms);
    date.map(|date| locale.attribution(date))
}

/// Formats the body of a reply: an empty line for the text, the attribution, then the text quoted
/// one level deeper.
pub(super) fn quoted(attribution: &str, text: &str) -> String {
    format!("\n\n{attribution}{}", quote::quote(text))
}

/// Returns the line before the text of a message that is answered; unknown parts of it are omitted.
pub(super) fn attribution(opened: &Opened, locale: &Locale) -> String {
    let (writer, date) = (author_of(opened), sent_at(opened, locale));
    match (locale.lang, date.as_deref(), writer.as_str()) {
        (_, None, "") => String::new(),
        (Lang::En, None, writer) => format!("{writer} wrote:\n"),
        (Lang::En, Some(date), "") => format!("On {date}:\n"),
        (Lang::En, Some(date), writer) => format!("On {date}, {writer} wrote:\n"),
        (Lang::ZhCn, None, writer) => format!("{writer} 写道：\n"),
        (Lang::ZhCn, Some(date), "") => format!("{date}：\n"),
        (Lang::ZhCn, Some(date), writer) => format!("{date}，{writer} 写道：\n"),
    }
}

/// Formats the body of a forward: an empty line for the text, then the message with its main
/// fields.
pub(super) fn forwarded(head: &str, text: &str) -> String {
    format!("\n\n{head}\n\n{text}")
}

/// Returns the main fields of a message that is forwarded, one per line.
pub(super) fn forward_head(opened: &Opened, locale: &Locale) -> String {
    let headers = &opened.headers;
    let date = sent_at(opened, locale).unwrap_or_default();
    let (from, to) = (
        format_addresses(&headers.from()),
        format_addresses(&headers.to()),
    );
    let (title, names) = match locale.lang {
        Lang::En => (
            "---------- Forwarded message ----------",
            ["From: ", "Date: ", "Subject: ", "To: "],
        ),
        Lang::ZhCn => (
            "---------- 转发的邮件 ----------",
            ["发件人：", "日期：", "主题：", "收件人："],
        ),
    };
    let mut head = title.to_owned();
    for (name, value) in names.into_iter().zip([from, date, headers.subject(), to]) {
        if !value.is_empty() {
            head.push('\n');
            head.push_str(name);
            head.push_str(&value);
        }
    }
    head
}

/// Formats addresses as one line of text, valid or not.
fn format_addresses(mailboxes: &[EmailAddress]) -> String {
    let shown: Vec<String> = mailboxes.iter().map(EmailAddress::to_string).collect();
    shown.join(", ")
}
