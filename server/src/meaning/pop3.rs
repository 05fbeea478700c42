//! Explains commands refused by a POP3 server (RFC 1939, RFC 2449 §8, RFC 3206).

use app::api::types::Lang;

use super::{
    Meaning, ReplyFields, TOO_MANY_CONNECTIONS, contact_provider, fewer_connections, later,
};

/// Why a POP3 server refused a command after sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pop3Cause {
    /// The server has a temporary error.
    Unavailable,
    /// The server has an error that its operator has to repair.
    Broken,
    /// The message does not exist.
    NoSuchMessage,
    /// The message has internationalized addresses, which the server sends only to clients that
    /// enable UTF-8.
    NeedsUtf8,
    /// The session is no longer authenticated.
    NotSignedIn,
    /// The session timed out.
    Idle,
    /// The server has too many connections.
    TooManyConnections,
    /// Any other cause.
    Other,
}

impl Pop3Cause {
    /// Reads the cause from a server's reply.
    pub fn read(reply: ReplyFields<'_>) -> Self {
        match reply.response_code {
            _ if reply.text_contains_any(TOO_MANY_CONNECTIONS) => Self::TooManyConnections,
            Some("SYS/TEMP" | "IN-USE" | "LOGIN-DELAY") => Self::Unavailable,
            Some("SYS/PERM") => Self::Broken,
            Some("UTF8") => Self::NeedsUtf8,
            Some("AUTH") => Self::NotSignedIn,
            _ if reply.text_contains_any(&["no such message", "no message", "already deleted"]) => {
                Self::NoSuchMessage
            }
            _ if reply.text_contains_any(&[
                "inactiv",
                "idle",
                "autologout",
                "timeout",
                "timed out",
            ]) =>
            {
                Self::Idle
            }
            _ => Self::Other,
        }
    }

    /// Returns the seconds after which a retry may succeed; `None` if waiting does not help.
    pub const fn retry_after_secs(self) -> Option<u32> {
        match self {
            Self::Unavailable | Self::TooManyConnections => Some(60),
            _ => None,
        }
    }
}

/// Explains why a POP3 server refused a command.
pub fn meaning(lang: Lang, cause: Pop3Cause) -> Meaning {
    match (cause, lang) {
        (Pop3Cause::Unavailable, Lang::En) => {
            Meaning::new("The mail server has trouble at the moment.", later(lang))
        }
        (Pop3Cause::Unavailable, Lang::ZhCn) => Meaning::new("邮件服务器暂时异常。", later(lang)),
        (Pop3Cause::Broken, Lang::En) => Meaning::new(
            "Something is wrong with this mailbox at the provider.",
            "Ask your provider, with the server's answer.",
        ),
        (Pop3Cause::Broken, Lang::ZhCn) => Meaning::new(
            "此邮箱在服务商处出现问题。",
            "请带上服务器的应答咨询服务商。",
        ),
        (Pop3Cause::NoSuchMessage, Lang::En) => Meaning::new(
            "The message is not on the server any more.",
            "Another program may have fetched or deleted it. Load the list again.",
        ),
        (Pop3Cause::NoSuchMessage, Lang::ZhCn) => Meaning::new(
            "服务器上已没有这封邮件。",
            "可能已被其他程序收取或删除。请重新加载列表。",
        ),
        (Pop3Cause::NeedsUtf8, Lang::En) => Meaning::new(
            "The server does not hand this message out: it has international addresses.",
            "Read it by IMAP, or in the provider's own web mail.",
        ),
        (Pop3Cause::NeedsUtf8, Lang::ZhCn) => Meaning::new(
            "这封邮件含有国际化地址，服务器不予提供。",
            "请通过 IMAP 或服务商的网页邮箱阅读。",
        ),
        (Pop3Cause::NotSignedIn, Lang::En) => Meaning::new(
            "The server does not accept the sign-in any more.",
            "Sign out and in again.",
        ),
        (Pop3Cause::NotSignedIn, Lang::ZhCn) => {
            Meaning::new("服务器不再接受此次登录。", "请退出后重新登录。")
        }
        (Pop3Cause::Idle, Lang::En) => Meaning::new(
            "The server ended the session for want of use.",
            "Try again.",
        ),
        (Pop3Cause::Idle, Lang::ZhCn) => Meaning::new("会话因闲置被服务器结束。", "请重试。"),
        (Pop3Cause::TooManyConnections, Lang::En) => Meaning::new(
            "The mail server takes no more connections at the moment.",
            fewer_connections(lang),
        ),
        (Pop3Cause::TooManyConnections, Lang::ZhCn) => {
            Meaning::new("邮件服务器暂不接受更多连接。", fewer_connections(lang))
        }
        (Pop3Cause::Other, Lang::En) => {
            Meaning::new("The mail server refused.", contact_provider(lang))
        }
        (Pop3Cause::Other, Lang::ZhCn) => {
            Meaning::new("邮件服务器拒绝了此操作。", contact_provider(lang))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished};
    use super::*;

    fn read(response_code: Option<&str>, text: &str) -> Pop3Cause {
        Pop3Cause::read(ReplyFields {
            response_code,
            text,
            ..ReplyFields::default()
        })
    }

    #[test]
    fn codes_and_text_are_read() {
        assert_eq!(read(Some("SYS/TEMP"), ""), Pop3Cause::Unavailable);
        assert_eq!(read(Some("SYS/PERM"), ""), Pop3Cause::Broken);
        assert_eq!(read(Some("UTF8"), ""), Pop3Cause::NeedsUtf8);
        assert_eq!(read(Some("AUTH"), ""), Pop3Cause::NotSignedIn);
        assert_eq!(read(Some("IN-USE"), ""), Pop3Cause::Unavailable);
        assert_eq!(read(Some("LOGIN-DELAY"), ""), Pop3Cause::Unavailable);
        assert_eq!(
            read(None, "no such message, only 2 messages in maildrop"),
            Pop3Cause::NoSuchMessage
        );
        assert_eq!(read(None, "Disconnected for inactivity."), Pop3Cause::Idle);
        assert_eq!(read(None, "no"), Pop3Cause::Other);
    }

    #[test]
    fn every_cause_is_explained_in_complete_sentences() {
        let causes = [
            Pop3Cause::Unavailable,
            Pop3Cause::Broken,
            Pop3Cause::NoSuchMessage,
            Pop3Cause::NeedsUtf8,
            Pop3Cause::NotSignedIn,
            Pop3Cause::Idle,
            Pop3Cause::TooManyConnections,
            Pop3Cause::Other,
        ];
        for lang in LANGS {
            for cause in causes {
                assert_finished(lang, &meaning(lang, cause));
            }
        }
    }
}
