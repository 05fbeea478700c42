//! Explains commands refused by an IMAP server (RFC 9051 §7.1, RFC 5530).

use app::api::types::Lang;

use super::{
    Meaning, ReplyFields, TOO_MANY_CONNECTIONS, contact_provider, fewer_connections, later,
};

/// Why an IMAP server refused a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImapCause {
    /// The mailbox is full.
    OverQuota,
    /// The folder or message no longer exists.
    NonExistent,
    /// A folder of this name already exists.
    AlreadyExists,
    /// The account lacks the permission.
    NoPermission,
    /// Another session uses the folder or message.
    InUse,
    /// The command exceeds a limit of the server.
    Limit,
    /// The server has a temporary error.
    Unavailable,
    /// The provider rejects unknown mail programs (163, 126, yeah).
    UnknownProgram,
    /// The server does not support the operation.
    Cannot,
    /// Another client changed the same data meanwhile.
    Changed,
    /// The server did not understand the command.
    NotUnderstood,
    /// The mailbox is damaged, or the provider has to act.
    ContactProvider,
    /// The server requires an encrypted connection for the command.
    EncryptionNeeded,
    /// The session or the password has expired.
    Expired,
    /// The folder is on another server.
    Elsewhere,
    /// The sign-in succeeded, but the mailbox is not opened (Exchange and Microsoft 365).
    NotConnected,
    /// The server has too many connections.
    TooManyConnections,
    /// The provider's rate limit is reached.
    Throttled,
    /// Any other cause.
    Other,
}

impl ImapCause {
    /// Reads the cause from a server's reply.
    pub fn read(reply: ReplyFields<'_>) -> Self {
        match reply.response_code {
            _ if reply.text_contains_any(&["authenticated but not connected"]) => {
                Self::NotConnected
            }
            // Gmail sends OVERQUOTA for throttling, although the mailbox is not full.
            _ if reply.text_contains_any(&["bandwidth limit", "is throttled", "backoff time"]) => {
                Self::Throttled
            }
            Some("OVERQUOTA") => Self::OverQuota,
            Some("NONEXISTENT" | "TRYCREATE" | "EXPUNGEISSUED" | "UIDNOTSTICKY") => {
                Self::NonExistent
            }
            Some("ALREADYEXISTS") => Self::AlreadyExists,
            Some("NOPERM" | "AUTHORIZATIONFAILED" | "READ-ONLY") => Self::NoPermission,
            Some("INUSE") => Self::InUse,
            _ if reply.text_contains_any(TOO_MANY_CONNECTIONS) => Self::TooManyConnections,
            Some("LIMIT" | "TOOBIG" | "APPENDLIMIT" | "NOTIFICATIONOVERFLOW") => Self::Limit,
            Some("UNAVAILABLE" | "SERVERBUG" | "TEMPFAIL") => Self::Unavailable,
            Some(
                "CANNOT" | "HASCHILDREN" | "BADCHARSET" | "UNKNOWN-CTE" | "USEATTR" | "NOMODSEQ"
                | "NOTSAVED" | "BADEVENT" | "BADCOMPARATOR" | "UNDEFINED-FILTER",
            ) => Self::Cannot,
            Some("THROTTLED") => Self::Throttled,
            Some("MODIFIED") => Self::Changed,
            Some("CLIENTBUG" | "PARSE" | "BADURL") => Self::NotUnderstood,
            Some("CONTACTADMIN" | "CORRUPTION") => Self::ContactProvider,
            Some("PRIVACYREQUIRED") => Self::EncryptionNeeded,
            Some("EXPIRED" | "AUTHENTICATIONFAILED") => Self::Expired,
            Some("REFERRAL") => Self::Elsewhere,
            _ if reply.text_contains_any(&["unsafe login"]) => Self::UnknownProgram,
            _ if reply.text_contains_any(&["quota", "mailbox full", "mailbox is full"]) => {
                Self::OverQuota
            }
            _ if reply.text_contains_any(&[
                "server unavailable",
                "system error",
                "internal error",
            ]) =>
            {
                Self::Unavailable
            }
            _ if reply.text_contains_any(&[
                "mailbox doesn't exist",
                "mailbox does not exist",
                "unknown mailbox",
                "no such mailbox",
            ]) =>
            {
                Self::NonExistent
            }
            _ if reply.text_contains_any(&["permission denied", "access denied"]) => {
                Self::NoPermission
            }
            _ => Self::Other,
        }
    }

    /// Returns the seconds after which a retry may succeed; `None` if waiting does not help.
    pub const fn retry_after_secs(self) -> Option<u32> {
        match self {
            Self::InUse | Self::Unavailable | Self::TooManyConnections => Some(60),
            Self::Throttled => Some(600),
            _ => None,
        }
    }
}

/// Explains why an IMAP server refused a command.
pub fn meaning(lang: Lang, cause: ImapCause) -> Meaning {
    match (cause, lang) {
        (ImapCause::OverQuota, Lang::En) => Meaning::new(
            "Your mailbox is full.",
            "Delete large messages and empty Trash, then try again.",
        ),
        (ImapCause::OverQuota, Lang::ZhCn) => {
            Meaning::new("您的邮箱已满。", "请删除较大的邮件并清空废纸篓，然后重试。")
        }
        (ImapCause::NonExistent, Lang::En) => Meaning::new(
            "It is not on the server any more.",
            "Another program may have moved or deleted it. Load the folder again.",
        ),
        (ImapCause::NonExistent, Lang::ZhCn) => Meaning::new(
            "服务器上已没有它。",
            "可能已被其他程序移动或删除。请重新加载文件夹。",
        ),
        (ImapCause::AlreadyExists, Lang::En) => Meaning::new(
            "A folder of this name is there already.",
            "Choose another name.",
        ),
        (ImapCause::AlreadyExists, Lang::ZhCn) => {
            Meaning::new("已有同名文件夹。", "请换一个名称。")
        }
        (ImapCause::NoPermission, Lang::En) => Meaning::new(
            "This account may not do that in this folder.",
            "Ask whoever owns the folder, or your provider.",
        ),
        (ImapCause::NoPermission, Lang::ZhCn) => Meaning::new(
            "此账户无权在该文件夹中执行此操作。",
            "请咨询文件夹的所有者或服务商。",
        ),
        (ImapCause::InUse, Lang::En) => {
            Meaning::new("Another program is working on this folder.", later(lang))
        }
        (ImapCause::InUse, Lang::ZhCn) => Meaning::new("其他程序正在使用此文件夹。", later(lang)),
        (ImapCause::Limit, Lang::En) => Meaning::new(
            "That is more than the server takes at once.",
            "Do it in smaller parts.",
        ),
        (ImapCause::Limit, Lang::ZhCn) => {
            Meaning::new("超出服务器一次能处理的量。", "请分批进行。")
        }
        (ImapCause::Unavailable, Lang::En) => {
            Meaning::new("The mail server has trouble at the moment.", later(lang))
        }
        (ImapCause::Unavailable, Lang::ZhCn) => Meaning::new("邮件服务器暂时异常。", later(lang)),
        (ImapCause::UnknownProgram, Lang::En) => Meaning::new(
            "The provider does not let this mail program in.",
            "Allow mail programs in the security settings of its web mail, then try again.",
        ),
        (ImapCause::UnknownProgram, Lang::ZhCn) => Meaning::new(
            "服务商不允许此邮件程序访问。",
            "请在网页邮箱的安全设置中允许客户端访问，然后重试。",
        ),
        (ImapCause::Changed, Lang::En) => Meaning::new(
            "Another program changed it meanwhile.",
            "Load the folder again and look before you repeat it.",
        ),
        (ImapCause::Changed, Lang::ZhCn) => {
            Meaning::new("其他程序刚刚修改过它。", "请重新加载文件夹，确认后再操作。")
        }
        (ImapCause::NotUnderstood, Lang::En) => Meaning::new(
            "The server did not understand what was asked.",
            "It is an old server, or a fault of ours: please report it with the server's answer.",
        ),
        (ImapCause::NotUnderstood, Lang::ZhCn) => Meaning::new(
            "服务器没有理解请求。",
            "可能是服务器过旧，或是我们的缺陷：请附上服务器的应答反馈给我们。",
        ),
        (ImapCause::ContactProvider, Lang::En) => Meaning::new(
            "Something is wrong with this mailbox at the provider.",
            "Ask your provider, with the server's answer.",
        ),
        (ImapCause::ContactProvider, Lang::ZhCn) => Meaning::new(
            "此邮箱在服务商处出现问题。",
            "请带上服务器的应答咨询服务商。",
        ),
        (ImapCause::EncryptionNeeded, Lang::En) => Meaning::new(
            "The server wants an encrypted connection for that.",
            "Sign in again with the encryption TLS or STARTTLS.",
        ),
        (ImapCause::EncryptionNeeded, Lang::ZhCn) => Meaning::new(
            "服务器要求使用加密连接。",
            "请重新登录，并把加密方式设为 TLS 或 STARTTLS。",
        ),
        (ImapCause::Expired, Lang::En) => Meaning::new(
            "The server does not accept the sign-in any more.",
            "Sign out and in again. If it stays so, change the password at your provider.",
        ),
        (ImapCause::Expired, Lang::ZhCn) => Meaning::new(
            "服务器不再接受此次登录。",
            "请退出后重新登录。如仍然如此，请在服务商处修改密码。",
        ),
        (ImapCause::Elsewhere, Lang::En) => Meaning::new(
            "This folder is kept by another server.",
            "The server's answer names it. Sign in there to reach it.",
        ),
        (ImapCause::Elsewhere, Lang::ZhCn) => Meaning::new(
            "此文件夹保存在另一台服务器上。",
            "服务器的应答中有其地址，请登录那台服务器。",
        ),
        (ImapCause::Cannot, Lang::En) => Meaning::new("This server cannot do that.", ""),
        (ImapCause::Cannot, Lang::ZhCn) => Meaning::new("此服务器做不到。", ""),
        (ImapCause::NotConnected, Lang::En) => Meaning::new(
            "You are signed in, but the server does not open the mailbox.",
            "On Microsoft's servers this means one of three things: too many connections (close other mail programs and wait a few minutes); IMAP is switched off for this mailbox (its administrator can allow it); or it is a shared mailbox, which wants the user name as USER/MAILBOX.",
        ),
        (ImapCause::NotConnected, Lang::ZhCn) => Meaning::new(
            "已登录，但服务器未能打开邮箱。",
            "微软的服务器这样应答有三种可能：连接过多（请关闭其他邮件程序，过几分钟再试）；此邮箱未开启 IMAP（须由其管理员开启）；或这是共享邮箱，用户名须写成“用户/邮箱”。",
        ),
        (ImapCause::TooManyConnections, Lang::En) => Meaning::new(
            "The mail server takes no more connections at the moment.",
            fewer_connections(lang),
        ),
        (ImapCause::TooManyConnections, Lang::ZhCn) => {
            Meaning::new("邮件服务器暂不接受更多连接。", fewer_connections(lang))
        }
        (ImapCause::Throttled, Lang::En) => Meaning::new(
            "More was fetched from this account than the provider allows in this time.",
            "Wait a while: providers lift this by themselves, some after minutes, some after a day.",
        ),
        (ImapCause::Throttled, Lang::ZhCn) => Meaning::new(
            "此账户的访问量超过了服务商当前允许的上限。",
            "请稍候：限制会自动解除，短则几分钟，长则一天。",
        ),
        (ImapCause::Other, Lang::En) => {
            Meaning::new("The mail server refused.", contact_provider(lang))
        }
        (ImapCause::Other, Lang::ZhCn) => {
            Meaning::new("邮件服务器拒绝了此操作。", contact_provider(lang))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished};
    use super::*;

    fn read(response_code: Option<&str>, text: &str) -> ImapCause {
        ImapCause::read(ReplyFields {
            response_code,
            text,
            ..ReplyFields::default()
        })
    }

    #[test]
    fn codes_take_precedence_over_text() {
        assert_eq!(
            read(Some("OVERQUOTA"), "[OVERQUOTA] Quota exceeded"),
            ImapCause::OverQuota
        );
        assert_eq!(read(Some("TRYCREATE"), "no quota"), ImapCause::NonExistent);
        assert_eq!(read(Some("UNAVAILABLE"), ""), ImapCause::Unavailable);
        assert_eq!(read(Some("X-ODD"), "Quota exceeded"), ImapCause::OverQuota);
        assert_eq!(read(None, "no"), ImapCause::Other);
    }

    // docs/protocols.md, IMAP: response codes
    #[test]
    fn every_registered_code_that_refuses_has_a_meaning() {
        for code in [
            "ALREADYEXISTS",
            "APPENDLIMIT",
            "AUTHENTICATIONFAILED",
            "AUTHORIZATIONFAILED",
            "BADCHARSET",
            "BADCOMPARATOR",
            "BADEVENT",
            "BADURL",
            "CANNOT",
            "CLIENTBUG",
            "CONTACTADMIN",
            "CORRUPTION",
            "EXPIRED",
            "EXPUNGEISSUED",
            "HASCHILDREN",
            "INUSE",
            "LIMIT",
            "MODIFIED",
            "NOMODSEQ",
            "NONEXISTENT",
            "NOPERM",
            "NOTIFICATIONOVERFLOW",
            "NOTSAVED",
            "OVERQUOTA",
            "PARSE",
            "PRIVACYREQUIRED",
            "READ-ONLY",
            "REFERRAL",
            "SERVERBUG",
            "TEMPFAIL",
            "TOOBIG",
            "TRYCREATE",
            "UNAVAILABLE",
            "UNDEFINED-FILTER",
            "UNKNOWN-CTE",
            "USEATTR",
        ] {
            assert_ne!(read(Some(code), ""), ImapCause::Other, "{code}");
        }
    }

    #[test]
    fn replies_of_large_providers_are_explained_with_a_fix() {
        let not_connected = read(None, "BAD User is authenticated but not connected.");
        assert_eq!(not_connected, ImapCause::NotConnected);
        for (lang, phrases) in [
            (
                Lang::En,
                ["too many connections", "switched off", "shared mailbox"],
            ),
            (Lang::ZhCn, ["连接过多", "未开启 IMAP", "共享邮箱"]),
        ] {
            let explanation = meaning(lang, not_connected);
            assert!(
                phrases
                    .iter()
                    .all(|phrase| explanation.fix.contains(phrase)),
                "{explanation:?}"
            );
        }
        let gmail = "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)";
        assert_eq!(read(Some("OVERQUOTA"), gmail), ImapCause::Throttled);
        assert!(
            !meaning(Lang::En, ImapCause::Throttled)
                .cause
                .contains("full")
        );
        let throttled = "BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds";
        assert_eq!(read(None, throttled), ImapCause::Throttled);
        assert_eq!(
            read(None, "NO Server Unavailable. 15"),
            ImapCause::Unavailable
        );
        let missing = "NO Mailbox doesn't exist: Work";
        assert_eq!(read(None, missing), ImapCause::NonExistent);
        let many = "BYE Too many connections from your IP address.";
        assert_eq!(read(None, many), ImapCause::TooManyConnections);
        let limit = "BYE Maximum number of connections from user+IP exceeded";
        assert_eq!(read(Some("LIMIT"), limit), ImapCause::TooManyConnections);
    }

    // docs/protocols.md, IMAP: ID
    #[test]
    fn netease_is_recognised_by_its_text() {
        let text = "SELECT Unsafe Login. Please contact kefu@188.com for help";
        assert_eq!(read(None, text), ImapCause::UnknownProgram);
    }

    #[test]
    fn every_cause_is_explained_in_complete_sentences() {
        let causes = [
            ImapCause::OverQuota,
            ImapCause::NonExistent,
            ImapCause::AlreadyExists,
            ImapCause::NoPermission,
            ImapCause::InUse,
            ImapCause::Limit,
            ImapCause::Unavailable,
            ImapCause::UnknownProgram,
            ImapCause::Cannot,
            ImapCause::Changed,
            ImapCause::NotUnderstood,
            ImapCause::ContactProvider,
            ImapCause::EncryptionNeeded,
            ImapCause::Expired,
            ImapCause::Elsewhere,
            ImapCause::NotConnected,
            ImapCause::TooManyConnections,
            ImapCause::Throttled,
            ImapCause::Other,
        ];
        for lang in LANGS {
            for cause in causes {
                assert_finished(lang, &meaning(lang, cause));
            }
        }
    }
}
