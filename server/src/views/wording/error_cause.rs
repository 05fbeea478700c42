//! Error causes of servers as finished sentences.

use app::api::types::{ApiErrorText, Lang, RecipientState};

use super::{both, missing_folder, unsupported};
use crate::account::judged::{endpoint, reply_fields, sign_in};
use crate::domain::{ErrorCause, FullSpace, Protocol, RecipientResult, ServerReply};
use crate::meaning::imap::ImapCause;
use crate::meaning::pop3::Pop3Cause;
use crate::meaning::smtp::{RefusalCause, Refused};
use crate::meaning::{self, Meaning};

/// Returns the text of an error cause in a language, with the server's reply.
pub(in crate::views) fn text(error: &ErrorCause, lang: Lang) -> ApiErrorText {
    let Meaning { cause, fix } = meaning(error, lang);
    ApiErrorText {
        cause,
        fix,
        reply: reply(error).map(str::to_owned),
    }
}

/// Returns the server's reply, if it sent one.
pub(super) fn reply(error: &ErrorCause) -> Option<&str> {
    let text = match error {
        ErrorCause::LoginRefused(_, reply) | ErrorCause::Refused(_, reply) => {
            Some(reply.text.as_str())
        }
        ErrorCause::NotSent { words: text, .. } | ErrorCause::Earlier { words: text } => {
            text.as_deref()
        }
        _ => None,
    };
    text.filter(|text| !text.trim().is_empty())
}

/// Returns the sentences of cause and fix.
pub(super) fn meaning(error: &ErrorCause, lang: Lang) -> Meaning {
    match error {
        ErrorCause::Dial(server, cause) => meaning::dial::meaning(lang, endpoint(server), cause),
        ErrorCause::Link(server, cause) => meaning::link::meaning(lang, endpoint(server), cause),
        ErrorCause::LoginRefused(server, reply) => {
            let cause = sign_in(server, reply);
            meaning::sign_in::meaning(lang, endpoint(server), cause)
        }
        ErrorCause::Refused(protocol, reply) => refusal(*protocol, reply, lang),
        ErrorCause::NotSent { cause, .. } => meaning::smtp::not_sent(lang, cause),
        ErrorCause::MissingFolder(role) => missing_folder(*role, lang),
        ErrorCause::Unsupported(what) => unsupported(*what, lang),
        ErrorCause::NotFound
        | ErrorCause::Withheld
        | ErrorCause::Overloaded
        | ErrorCause::SignedOut
        | ErrorCause::FileLost
        | ErrorCause::NoRoom(_)
        | ErrorCause::Internal
        | ErrorCause::Earlier { .. } => plain(error, lang),
    }
}

fn refusal(protocol: Protocol, reply: &ServerReply, lang: Lang) -> Meaning {
    match protocol {
        Protocol::Imap => meaning::imap::meaning(lang, ImapCause::read(reply_fields(reply))),
        Protocol::Pop3 => meaning::pop3::meaning(lang, Pop3Cause::read(reply_fields(reply))),
        Protocol::Smtp => {
            let cause = RefusalCause::read(reply_fields(reply));
            meaning::smtp::refusal(lang, cause, Refused::Message, None)
        }
    }
}

fn plain(error: &ErrorCause, lang: Lang) -> Meaning {
    match error {
        ErrorCause::Overloaded => both(
            lang,
            (
                "Restante has no memory left for this at the moment.",
                "Try again in a minute. If it happens again, tell whoever runs this server.",
            ),
            (
                "Restante 目前没有足够的内存完成此操作。",
                "请一分钟后重试;若再次发生，请告知管理员。",
            ),
        ),
        ErrorCause::NotFound => both(
            lang,
            (
                "This is not there any more.",
                "Go back to the list: another program may have moved or deleted it.",
            ),
            (
                "这里已经没有该内容。",
                "请返回列表，可能已被其他程序移动或删除。",
            ),
        ),
        ErrorCause::Withheld => both(
            lang,
            (
                "The mail server did not give this message: its answer had nothing of it that can be read.",
                "Try again later. Nothing says that the message is gone; another mail program may get it.",
            ),
            (
                "邮件服务器没有给出这封邮件：其答复中没有可读取的内容。",
                "请稍后重试。没有迹象表明邮件已被删除，其他邮件程序或许可以读取。",
            ),
        ),
        ErrorCause::SignedOut => both(
            lang,
            ("Your session ended.", "Sign in again to go on."),
            ("会话已结束。", "请重新登录以继续。"),
        ),
        ErrorCause::FileLost => both(
            lang,
            (
                "The file of this message is missing on this server, or damaged.",
                "Correct the message and send it again: what you typed is kept. Files that are missing have to be attached anew.",
            ),
            (
                "这封邮件在本服务器上的文件已丢失或损坏。",
                "请更正后重新发送：您输入的内容仍在，缺少的附件需重新添加。",
            ),
        ),
        ErrorCause::NoRoom(FullSpace::Sent) => both(
            lang,
            (
                "The space for sent mail here is full.",
                "Delete messages in Sent that you do not need.",
            ),
            (
                "这里存放已发送邮件的空间已满。",
                "请删除“已发送”中不需要的邮件。",
            ),
        ),
        ErrorCause::NoRoom(FullSpace::Server) => both(
            lang,
            (
                "This server has no room for more messages.",
                "Tell whoever runs this server.",
            ),
            ("服务器已没有空间存放更多邮件。", "请告诉管理员。"),
        ),
        ErrorCause::Earlier { .. } => both(
            lang,
            ("An earlier version of Restante could not finish this.", ""),
            ("较早版本的 Restante 未能完成此操作。", ""),
        ),
        _ => both(
            lang,
            (
                "Restante failed at this. It is not your mail server's fault.",
                "Try again. If it happens again, tell whoever runs this server the reference below.",
            ),
            (
                "Restante 内部出错，与您的邮件服务器无关。",
                "请重试;若再次发生，请把下面的编号告诉管理员。",
            ),
        ),
    }
}

/// Returns the text for the result of one recipient; empty if there is nothing to explain.
pub(in crate::views) fn of_recipient(recipient: &RecipientResult, lang: Lang) -> String {
    let meaning = match (recipient.state, &recipient.reply) {
        (RecipientState::Refused | RecipientState::Delayed, Some(reply)) => {
            // The outbox retries delayed recipients: the user does not have to act.
            let refused = match recipient.state {
                RecipientState::Delayed => Refused::RecipientForNow,
                _ => Refused::Recipient,
            };
            meaning::smtp::refusal(lang, RefusalCause::read(reply_fields(reply)), refused, None)
        }
        (RecipientState::Unknown, _) => meaning::smtp::unknown(lang),
        _ => return String::new(),
    };
    match meaning.fix.as_str() {
        "" => meaning.cause,
        fix if lang == Lang::ZhCn => format!("{}{fix}", meaning.cause),
        fix => format!("{} {fix}", meaning.cause),
    }
}
