//! Explains refused recipients and messages, unsent messages, and messages of unknown fate.

use app::api::types::Lang;

use super::{Meaning, later, megabytes};
use crate::domain::NotSentCause;

mod cause;

pub use cause::RefusalCause;

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// One recipient (`RCPT`).
    Recipient,
    /// One recipient, temporarily (4yz): the outbox retries automatically.
    RecipientForNow,
    /// The sender or the message as a whole (`MAIL`, `DATA`, the final reply).
    Message,
}

/// Explains why a recipient or a message was refused. `max_bytes` is the largest message that the
/// server accepts, if known.
pub fn refusal(
    lang: Lang,
    cause: RefusalCause,
    refused: Refused,
    max_bytes: Option<u64>,
) -> Meaning {
    let meaning = by_cause(lang, cause, refused, max_bytes);
    match (refused, lang) {
        // The outbox retries, so the user need not do anything.
        (Refused::RecipientForNow, Lang::En) => {
            Meaning::new(meaning.cause, "It is tried again by itself.")
        }
        (Refused::RecipientForNow, Lang::ZhCn) => Meaning::new(meaning.cause, "稍后会自动重试。"),
        (Refused::Recipient | Refused::Message, _) => meaning,
    }
}

fn by_cause(lang: Lang, cause: RefusalCause, refused: Refused, max_bytes: Option<u64>) -> Meaning {
    match cause {
        RefusalCause::NoSuchUser
        | RefusalCause::NoSuchDomain
        | RefusalCause::AddressSyntax
        | RefusalCause::Moved
        | RefusalCause::MailboxDisabled
        | RefusalCause::MailboxFull => address_refusal(lang, cause),
        RefusalCause::TooLarge if refused == Refused::Message => too_large(lang, max_bytes),
        RefusalCause::TooLarge => too_large_for_them(lang, max_bytes),
        RefusalCause::NotAllowedToSend
        | RefusalCause::SenderNotOwned
        | RefusalCause::NotVerified
        | RefusalCause::Junk
        | RefusalCause::Policy
        | RefusalCause::RateLimited => policy_refusal(lang, cause),
        RefusalCause::MailingList
        | RefusalCause::ContentNotSupported
        | RefusalCause::InternationalAddress
        | RefusalCause::Loop
        | RefusalCause::Expired
        | RefusalCause::OwnerChanged
        | RefusalCause::EncryptionMissing
        | RefusalCause::ServerBroken => delivery_refusal(lang, cause),
        RefusalCause::Busy
        | RefusalCause::SystemFull
        | RefusalCause::NotUnderstood
        | RefusalCause::Later
        | RefusalCause::Other => server_refusal(lang, cause, refused),
    }
}

fn address_refusal(lang: Lang, cause: RefusalCause) -> Meaning {
    match (cause, lang) {
        (RefusalCause::NoSuchUser, Lang::En) => {
            Meaning::new("This address does not exist there.", "Check the spelling.")
        }
        (RefusalCause::NoSuchUser, Lang::ZhCn) => {
            Meaning::new("对方没有这个地址。", "请检查拼写。")
        }
        (RefusalCause::NoSuchDomain, Lang::En) => Meaning::new(
            "No server takes mail for this domain.",
            "Check the part after the @.",
        ),
        (RefusalCause::NoSuchDomain, Lang::ZhCn) => {
            Meaning::new("没有服务器接收发往此域名的邮件。", "请检查 @ 后面的部分。")
        }
        (RefusalCause::AddressSyntax, Lang::En) => Meaning::new(
            "The server cannot read this address.",
            "Check the spelling, both yours and the recipient's.",
        ),
        (RefusalCause::AddressSyntax, Lang::ZhCn) => {
            Meaning::new("服务器无法识别此地址。", "请检查发件人和收件人的拼写。")
        }
        (RefusalCause::Moved, Lang::En) => Meaning::new(
            "This person has another address now.",
            "The server's answer may tell it.",
        ),
        (RefusalCause::Moved, Lang::ZhCn) => {
            Meaning::new("对方已改用其他地址。", "服务器的应答中可能有新地址。")
        }
        (RefusalCause::MailboxDisabled, Lang::En) => Meaning::new(
            "Their mailbox is switched off.",
            "Ask them in another way for an address that works.",
        ),
        (RefusalCause::MailboxDisabled, Lang::ZhCn) => {
            Meaning::new("对方邮箱已停用。", "请通过其他方式询问可用的地址。")
        }
        (_, Lang::En) => Meaning::new("Their mailbox is full.", "Try again tomorrow."),
        (_, Lang::ZhCn) => Meaning::new("对方邮箱已满。", "请明天再试。"),
    }
}

/// Explains failures on the route, and refusals because of the kind of message.
fn delivery_refusal(lang: Lang, cause: RefusalCause) -> Meaning {
    match (cause, lang) {
        (RefusalCause::MailingList, Lang::En) => Meaning::new(
            "The mailing list does not take this message.",
            "Write from an address that belongs to the list, or ask its owner.",
        ),
        (RefusalCause::MailingList, Lang::ZhCn) => Meaning::new(
            "此邮件列表不接收这封邮件。",
            "请用列表成员的地址发送，或咨询列表管理者。",
        ),
        (RefusalCause::ContentNotSupported, Lang::En) => Meaning::new(
            "Their server does not take the form in which this message is written.",
            "Send it as plain text, or the attachment in another format.",
        ),
        (RefusalCause::ContentNotSupported, Lang::ZhCn) => Meaning::new(
            "对方服务器不接收这种格式的邮件。",
            "请改发纯文本，或换一种附件格式。",
        ),
        (RefusalCause::InternationalAddress, Lang::En) => Meaning::new(
            "A server on the way does not take international addresses.",
            "Use an address in plain letters for this recipient.",
        ),
        (RefusalCause::InternationalAddress, Lang::ZhCn) => Meaning::new(
            "途中的服务器不支持国际化地址。",
            "请改用该收件人的英文地址。",
        ),
        (RefusalCause::Loop, Lang::En) => Meaning::new(
            "The mail goes round in circles between servers.",
            "Somebody forwards to an address that forwards back. Tell the recipient in another way.",
        ),
        (RefusalCause::Loop, Lang::ZhCn) => Meaning::new(
            "邮件在服务器之间循环转发。",
            "有人设置了互相转发，请通过其他方式告知收件人。",
        ),
        (RefusalCause::Expired, Lang::En) => Meaning::new(
            "It could not be delivered in time.",
            "Try again, or reach the recipient in another way.",
        ),
        (RefusalCause::Expired, Lang::ZhCn) => {
            Meaning::new("未能在期限内送达。", "请重试，或通过其他方式联系收件人。")
        }
        (RefusalCause::OwnerChanged, Lang::En) => Meaning::new(
            "This address belongs to somebody else now.",
            "Ask in another way for the address that is valid today.",
        ),
        (RefusalCause::OwnerChanged, Lang::ZhCn) => {
            Meaning::new("此地址现在已属于他人。", "请通过其他方式询问当前的地址。")
        }
        (RefusalCause::EncryptionMissing, Lang::En) => Meaning::new(
            "It cannot go encrypted all the way.",
            "Send it without that wish, or reach the recipient in another way.",
        ),
        (RefusalCause::EncryptionMissing, Lang::ZhCn) => Meaning::new(
            "无法全程加密传送。",
            "请取消此要求后发送，或通过其他方式联系收件人。",
        ),
        (_, Lang::En) => Meaning::new(
            "Something is wrong with a server on the way.",
            "The server's answer may say what. Tell your provider.",
        ),
        (_, Lang::ZhCn) => Meaning::new(
            "途中的服务器出现问题。",
            "服务器的应答中可能有说明。请告知服务商。",
        ),
    }
}

/// Explains that a message is too large for the account's server.
pub fn too_large(lang: Lang, max_bytes: Option<u64>) -> Meaning {
    let cause = match (lang, displayed_limit(max_bytes)) {
        (Lang::En, Some(n)) => format!("Too large for your server. It takes {n} MB."),
        (Lang::En, None) => "Too large for your server.".to_string(),
        (Lang::ZhCn, Some(n)) => format!("超出您的服务器限制，最多 {n} MB。"),
        (Lang::ZhCn, None) => "超出您的服务器限制。".to_string(),
    };
    Meaning::new(cause, make_it_smaller(lang))
}

/// Explains that a message is too large for a recipient's server.
fn too_large_for_them(lang: Lang, max_bytes: Option<u64>) -> Meaning {
    let cause = match (lang, displayed_limit(max_bytes)) {
        (Lang::En, Some(n)) => format!("Too large for their server. It takes {n} MB."),
        (Lang::En, None) => "Too large for their server.".to_string(),
        (Lang::ZhCn, Some(n)) => format!("超出对方服务器限制，最多 {n} MB。"),
        (Lang::ZhCn, None) => "超出对方服务器限制。".to_string(),
    };
    Meaning::new(cause, make_it_smaller(lang))
}

/// Returns a limit in megabytes, if known and at least 1 MB.
fn displayed_limit(max_bytes: Option<u64>) -> Option<u64> {
    max_bytes.map(megabytes).filter(|megabytes| *megabytes > 0)
}

const fn make_it_smaller(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Remove an attachment or make it smaller.",
        Lang::ZhCn => "请移除或压缩附件。",
    }
}

fn policy_refusal(lang: Lang, cause: RefusalCause) -> Meaning {
    match (cause, lang) {
        (RefusalCause::NotAllowedToSend, Lang::En) => Meaning::new(
            "Your server does not send to this address for you.",
            "Check the outgoing server and its sign-in.",
        ),
        (RefusalCause::NotAllowedToSend, Lang::ZhCn) => Meaning::new(
            "您的服务器不为您向此地址发送。",
            "请检查发件服务器及其登录。",
        ),
        (RefusalCause::SenderNotOwned, Lang::En) => Meaning::new(
            "The server does not let you send under this address.",
            "Send from the address of the account you signed in with.",
        ),
        (RefusalCause::SenderNotOwned, Lang::ZhCn) => {
            Meaning::new("服务器不允许您用此地址发信。", "请用登录账户的地址发送。")
        }
        (RefusalCause::NotVerified, Lang::En) => Meaning::new(
            "Their server could not verify that the mail is from your domain.",
            "Whoever runs your domain has to check SPF, DKIM and the reverse name of the server.",
        ),
        (RefusalCause::NotVerified, Lang::ZhCn) => Meaning::new(
            "对方服务器无法验证邮件来自您的域名。",
            "域名管理者需检查 SPF、DKIM 和服务器的反向解析。",
        ),
        (RefusalCause::Junk, Lang::En) => Meaning::new(
            "Their server takes this message, or your server, for a source of junk.",
            "Try another wording or fewer links. If nothing helps, tell your provider.",
        ),
        (RefusalCause::Junk, Lang::ZhCn) => Meaning::new(
            "对方服务器把这封邮件或您的服务器当作垃圾邮件来源。",
            "请修改措辞或减少链接。如果无效，请告知服务商。",
        ),
        (RefusalCause::RateLimited, Lang::En) => Meaning::new(
            "You sent more than is allowed in this time.",
            "Wait an hour, or send to fewer people at once.",
        ),
        (RefusalCause::RateLimited, Lang::ZhCn) => Meaning::new(
            "发送量超出此时段的限制。",
            "请等一小时，或减少每次的收件人。",
        ),
        (_, Lang::En) => Meaning::new(
            "Their server does not accept mail from yours.",
            "The server's answer may say why. Tell your provider.",
        ),
        (_, Lang::ZhCn) => Meaning::new(
            "对方服务器不接收来自您服务器的邮件。",
            "服务器的应答中可能有原因。请告知服务商。",
        ),
    }
}

fn server_refusal(lang: Lang, cause: RefusalCause, refused: Refused) -> Meaning {
    match (cause, refused, lang) {
        (RefusalCause::Busy, Refused::Recipient | Refused::RecipientForNow, Lang::En) => {
            Meaning::new("Their mailbox is busy.", later(lang))
        }
        (RefusalCause::Busy, Refused::Recipient | Refused::RecipientForNow, Lang::ZhCn) => {
            Meaning::new("对方邮箱正忙。", later(lang))
        }
        (RefusalCause::Busy, Refused::Message, Lang::En) => {
            Meaning::new("The server is busy or going down.", later(lang))
        }
        (RefusalCause::Busy, Refused::Message, Lang::ZhCn) => {
            Meaning::new("服务器正忙或即将停止服务。", later(lang))
        }
        (RefusalCause::SystemFull, _, Lang::En) => Meaning::new(
            "The server has no room left at the moment.",
            "Try again in an hour.",
        ),
        (RefusalCause::SystemFull, _, Lang::ZhCn) => {
            Meaning::new("服务器空间暂时不足。", "请一小时后再试。")
        }
        (RefusalCause::NotUnderstood, _, Lang::En) => Meaning::new(
            "The server did not understand what was asked.",
            "It is an old server, or a fault of ours: please report it with the server's answer.",
        ),
        (RefusalCause::NotUnderstood, _, Lang::ZhCn) => Meaning::new(
            "服务器没有理解请求。",
            "可能是服务器过旧，或是我们的缺陷：请附上服务器的应答反馈给我们。",
        ),
        (RefusalCause::Later, _, Lang::En) => {
            Meaning::new("The server does not take it for now.", later(lang))
        }
        (RefusalCause::Later, _, Lang::ZhCn) => Meaning::new("服务器暂不接收。", later(lang)),
        (_, Refused::Recipient | Refused::RecipientForNow, Lang::En) => Meaning::new(
            "The server refused this recipient.",
            "The server's answer may say why.",
        ),
        (_, Refused::Recipient | Refused::RecipientForNow, Lang::ZhCn) => {
            Meaning::new("服务器拒绝了此收件人。", "服务器的应答中可能有原因。")
        }
        (_, Refused::Message, Lang::En) => Meaning::new(
            "The server refused this message.",
            "The server's answer may say why.",
        ),
        (_, Refused::Message, Lang::ZhCn) => {
            Meaning::new("服务器拒绝了这封邮件。", "服务器的应答中可能有原因。")
        }
    }
}

/// Explains why a message was not sent although no server refused it.
pub fn not_sent(lang: Lang, cause: &NotSentCause) -> Meaning {
    match (cause, lang) {
        (NotSentCause::ConnectionLost, Lang::En) => Meaning::new(
            "The link died before the message was sent. Nothing went out.",
            "While it waits in the outbox it is tried again by itself.",
        ),
        (NotSentCause::ConnectionLost, Lang::ZhCn) => Meaning::new(
            "邮件发完之前连接中断，没有送出任何内容。",
            "在发件箱等待期间会自动重试。",
        ),
        (NotSentCause::Smtputf8Missing, Lang::En) => Meaning::new(
            "Your server does not take international addresses.",
            "Use an address in plain letters for this recipient.",
        ),
        (NotSentCause::Smtputf8Missing, Lang::ZhCn) => {
            Meaning::new("您的服务器不支持国际化地址。", "请改用该收件人的英文地址。")
        }
        (NotSentCause::EightBitMimeMissing, Lang::En) => Meaning::new(
            "Your server does not take the form in which this message is written.",
            "Forward the message as an attachment.",
        ),
        (NotSentCause::EightBitMimeMissing, Lang::ZhCn) => Meaning::new(
            "您的服务器不接受这封邮件的编码形式。",
            "请将邮件作为附件转发。",
        ),
        (NotSentCause::TooLarge { max_bytes }, _) => too_large(lang, Some(*max_bytes)),
        (NotSentCause::NoRecipients, Lang::En) => {
            Meaning::new("There is no recipient.", "Fill in To, Cc or Bcc.")
        }
        (NotSentCause::NoRecipients, Lang::ZhCn) => {
            Meaning::new("没有收件人。", "请填写收件人、抄送或密送。")
        }
        (NotSentCause::Unreadable, Lang::En) => Meaning::new(
            "The message could not be read to its end. Nothing went out.",
            "Open it, attach its files again, and send it.",
        ),
        (NotSentCause::Unreadable, Lang::ZhCn) => Meaning::new(
            "无法完整读取这封邮件，没有送出任何内容。",
            "请打开邮件，重新添加附件后发送。",
        ),
    }
}

/// Explains that the fate of a message is unknown.
pub fn unknown(lang: Lang) -> Meaning {
    match lang {
        Lang::En => Meaning::new(
            "The link died after the message was sent, before the server answered. It may have gone out.",
            "Check Sent before repeating.",
        ),
        Lang::ZhCn => Meaning::new(
            "邮件发出后、服务器答复前连接中断。邮件可能已送出。",
            "重发前请先查看“已发送”。",
        ),
    }
}

#[cfg(test)]
mod tests;
