//! Explains refused sign-ins.

use app::api::types::Lang;

use super::provider::{self, Provider, Requirement};
use super::{Endpoint, Meaning, Protocol, ReplyFields, TOO_MANY_CONNECTIONS, later};

/// Why a server refused a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInCause {
    /// User name or password are wrong.
    WrongPassword,
    /// The password has expired (IMAP `EXPIRED`).
    PasswordExpired,
    /// The provider requires an authorisation code instead of the web password.
    AuthorisationCodeNeeded,
    /// The provider requires an app password.
    AppPasswordNeeded,
    /// The provider accepts no passwords.
    OAuthOnly,
    /// Access by mail programs is disabled for this account.
    ServiceOff,
    /// The account has too many connections.
    TooManyConnections,
    /// Another session holds the lock of the maildrop.
    MaildropLocked,
    /// The minimum time between sign-ins has not passed.
    TooSoon,
    /// The server requires encryption first.
    EncryptionNeeded,
    /// The server cannot check passwords now.
    Unavailable,
    /// The provider requires a sign-in on its web page before it allows mail programs again.
    WebSignInNeeded,
    /// The provider locked the account.
    AccountLocked,
    /// The provider's administrator has to act.
    ContactAdmin,
}

impl SignInCause {
    /// Reads the cause from a server's reply to a sign-in.
    ///
    /// Codes take precedence, then phrases that have only one cause, then the known providers. The
    /// fallback is a wrong password, by far the most common cause.
    pub fn read(endpoint: Endpoint<'_>, reply: ReplyFields<'_>) -> Self {
        let by_code = match endpoint.protocol {
            Protocol::Imap => imap_code(reply),
            Protocol::Pop3 => pop3_code(reply),
            Protocol::Smtp => smtp_code(reply),
        };
        let cause = by_code
            .or_else(|| by_text(endpoint.protocol, reply))
            .unwrap_or(Self::WrongPassword);
        match (cause, Provider::of(endpoint.host)) {
            // The provider never accepts the web password, so its refusal says nothing new. Some
            // replies (QQ) list five possible causes, so their text does not decide.
            (Self::WrongPassword | Self::ServiceOff, Some(provider)) => {
                match provider.requirement {
                    Requirement::AuthorisationCode => Self::AuthorisationCodeNeeded,
                    Requirement::AppPassword => Self::AppPasswordNeeded,
                    Requirement::OAuth => Self::OAuthOnly,
                }
            }
            (cause, _) => cause,
        }
    }

    /// Returns whether only another password can help.
    pub const fn is_about_password(self) -> bool {
        matches!(
            self,
            Self::WrongPassword
                | Self::PasswordExpired
                | Self::AuthorisationCodeNeeded
                | Self::AppPasswordNeeded
                | Self::OAuthOnly
        )
    }

    /// Returns the seconds after which the same sign-in may succeed; `None` if waiting does not
    /// help.
    pub const fn retry_after_secs(self) -> Option<u32> {
        match self {
            Self::TooManyConnections | Self::MaildropLocked | Self::Unavailable => Some(60),
            Self::TooSoon => Some(300),
            _ => None,
        }
    }
}

/// Reads IMAP response codes (RFC 5530 §3, RFC 9051 §7.1).
fn imap_code(reply: ReplyFields<'_>) -> Option<SignInCause> {
    Some(match reply.response_code? {
        "EXPIRED" => SignInCause::PasswordExpired,
        "PRIVACYREQUIRED" => SignInCause::EncryptionNeeded,
        "CONTACTADMIN" => SignInCause::ContactAdmin,
        "UNAVAILABLE" | "SERVERBUG" => SignInCause::Unavailable,
        "INUSE" | "LIMIT" => SignInCause::TooManyConnections,
        // AUTHENTICATIONFAILED, AUTHORIZATIONFAILED, ALERT: the text may be more specific.
        _ => return None,
    })
}

/// Reads POP3 response codes (RFC 2449 §8, RFC 3206).
fn pop3_code(reply: ReplyFields<'_>) -> Option<SignInCause> {
    Some(match reply.response_code? {
        "IN-USE" => SignInCause::MaildropLocked,
        "LOGIN-DELAY" => SignInCause::TooSoon,
        "SYS/TEMP" => SignInCause::Unavailable,
        "SYS/PERM" => SignInCause::ContactAdmin,
        _ => return None,
    })
}

/// Reads SMTP codes (RFC 4954 §4 and §6), and those that large providers add.
fn smtp_code(reply: ReplyFields<'_>) -> Option<SignInCause> {
    match reply.subject_and_detail() {
        Some((7, 9)) => return Some(SignInCause::AppPasswordNeeded),
        Some((7, 11)) => return Some(SignInCause::EncryptionNeeded),
        Some((7, 139)) => return Some(SignInCause::OAuthOnly),
        _ => {}
    }
    Some(match reply.code? {
        538 | 530 if reply.text_contains_any(&["encrypt", "starttls", "tls"]) => {
            SignInCause::EncryptionNeeded
        }
        538 => SignInCause::EncryptionNeeded,
        421 if reply.text_contains_any(&["too many", "limit"]) => SignInCause::TooManyConnections,
        // 454 and similar, unless the text has a more specific cause such as "too many".
        400..=499 if by_text(Protocol::Smtp, reply).is_none() => SignInCause::Unavailable,
        _ => return None,
    })
}

fn by_text(protocol: Protocol, reply: ReplyFields<'_>) -> Option<SignInCause> {
    const RULES: &[(&[&str], SignInCause)] = &[
        (
            &[
                "application-specific password",
                "app password",
                "app-specific password",
                "application password",
            ],
            SignInCause::AppPasswordNeeded,
        ),
        (
            &[
                "authorized code",
                "authorization code",
                "authorisation code",
                "授权码",
            ],
            SignInCause::AuthorisationCodeNeeded,
        ),
        (
            &[
                "basic authentication is disabled",
                "basicauthblocked",
                "basic auth",
                "web login required",
            ],
            SignInCause::OAuthOnly,
        ),
        (TOO_MANY_CONNECTIONS, SignInCause::TooManyConnections),
        (
            &[
                "via your web browser",
                "log in via the web",
                "login via the web",
                "sign in using your web browser",
            ],
            SignInCause::WebSignInNeeded,
        ),
        (
            &[
                "account is locked",
                "account locked",
                "account has been locked",
                "account is temporarily locked",
                "account has been suspended",
                "account is suspended",
                "account is blocked",
                "帐号被锁定",
                "账号被锁定",
                "帐户被锁定",
            ],
            SignInCause::AccountLocked,
        ),
        (
            &[
                "not enabled",
                "not open",
                "access is disabled",
                "access disabled",
                "is disabled",
                "未开启",
                "未开通",
            ],
            SignInCause::ServiceOff,
        ),
        (
            &[
                "internal error",
                "server error",
                "system error",
                "temporary",
                "temporarily",
                "try again later",
                "unavailable",
            ],
            SignInCause::Unavailable,
        ),
    ];
    // Servers older than RFC 2449 report a locked maildrop only in the text.
    const LOCKED: &[&str] = &["lock", "in use", "another session", "already open"];
    if protocol == Protocol::Pop3 && reply.text_contains_any(LOCKED) {
        return Some(SignInCause::MaildropLocked);
    }
    RULES
        .iter()
        .find(|(needles, _)| reply.text_contains_any(needles))
        .map(|(_, cause)| *cause)
}

/// Explains why a server refused a sign-in.
pub fn meaning(lang: Lang, endpoint: Endpoint<'_>, cause: SignInCause) -> Meaning {
    let Endpoint { protocol, host, .. } = endpoint;
    let name = protocol.name();
    match (cause, lang) {
        (SignInCause::AuthorisationCodeNeeded, _) => provider::authorisation_code(lang, host),
        (SignInCause::AppPasswordNeeded, _) => provider::app_password(lang, host),
        (SignInCause::OAuthOnly, _) => provider::oauth_only(lang, host),
        (SignInCause::WrongPassword, Lang::En) => Meaning::new(
            "The server refused this password.",
            "Check user name and password. Some providers want an app password or an authorisation code instead.",
        ),
        (SignInCause::WrongPassword, Lang::ZhCn) => Meaning::new(
            "服务器拒绝了此密码。",
            "请检查用户名和密码。有些服务商要求应用专用密码或客户端授权码。",
        ),
        (SignInCause::PasswordExpired, Lang::En) => Meaning::new(
            "The password is not valid any more.",
            "Set a new one at your provider, then use it here.",
        ),
        (SignInCause::PasswordExpired, Lang::ZhCn) => {
            Meaning::new("密码已过期。", "请在服务商处设置新密码，再在此使用。")
        }
        (SignInCause::ServiceOff, Lang::En) => Meaning::new(
            format!("{name} is switched off for this account."),
            "Switch it on in the settings of your provider's web mail.",
        ),
        (SignInCause::ServiceOff, Lang::ZhCn) => Meaning::new(
            format!("此账户未开启 {name} 服务。"),
            "请在服务商网页邮箱的设置中开启。",
        ),
        (SignInCause::TooManyConnections, Lang::En) => Meaning::new(
            "Too many connections to this account.",
            "Close another mail program or wait.",
        ),
        (SignInCause::TooManyConnections, Lang::ZhCn) => {
            Meaning::new("此账户连接过多。", "请关闭其他邮件程序或稍候。")
        }
        (SignInCause::MaildropLocked, Lang::En) => Meaning::new(
            "The maildrop is in use by another program. The password is not the problem.",
            "Close the other program or wait a minute, then try again.",
        ),
        (SignInCause::MaildropLocked, Lang::ZhCn) => Meaning::new(
            "邮箱正被其他程序占用，与密码无关。",
            "请关闭其他程序，或等一分钟后再试。",
        ),
        (SignInCause::TooSoon, Lang::En) => Meaning::new(
            "The server wants a longer pause between two sign-ins.",
            later(lang),
        ),
        (SignInCause::TooSoon, Lang::ZhCn) => {
            Meaning::new("服务器要求两次登录之间间隔更久。", later(lang))
        }
        (SignInCause::EncryptionNeeded, Lang::En) => Meaning::new(
            "The server wants encryption before a password.",
            format!(
                "Use port {} with TLS, or switch to STARTTLS.",
                protocol.tls_port()
            ),
        ),
        (SignInCause::EncryptionNeeded, Lang::ZhCn) => Meaning::new(
            "服务器要求先加密再登录。",
            format!(
                "请用 {} 端口（TLS），或改用 STARTTLS。",
                protocol.tls_port()
            ),
        ),
        (SignInCause::Unavailable, Lang::En) => Meaning::new(
            format!("{host} cannot check passwords right now."),
            later(lang),
        ),
        (SignInCause::Unavailable, Lang::ZhCn) => {
            Meaning::new(format!("{host} 暂时无法验证密码。"), later(lang))
        }
        (SignInCause::WebSignInNeeded, Lang::En) => Meaning::new(
            "The provider wants to see you on its web page first.",
            "Sign in to its web mail in a browser and confirm that it was you, then try again here.",
        ),
        (SignInCause::WebSignInNeeded, Lang::ZhCn) => Meaning::new(
            "服务商要求先在网页上登录。",
            "请在浏览器中登录其网页邮箱并确认是您本人，再回到这里重试。",
        ),
        (SignInCause::AccountLocked, Lang::En) => Meaning::new(
            "The provider locked this account. The password is not the problem.",
            "Unlock it in the provider's web mail, or ask the provider.",
        ),
        (SignInCause::AccountLocked, Lang::ZhCn) => Meaning::new(
            "此账户已被服务商锁定，与密码无关。",
            "请在服务商的网页邮箱中解锁，或咨询服务商。",
        ),
        (SignInCause::ContactAdmin, Lang::En) => Meaning::new(
            "Something is wrong with this account at the provider.",
            "Ask your provider, with the server's answer.",
        ),
        (SignInCause::ContactAdmin, Lang::ZhCn) => Meaning::new(
            "此账户在服务商处出现问题。",
            "请带上服务器的应答咨询服务商。",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished};
    use super::*;
    use mail_proto::Tls;

    fn endpoint(protocol: Protocol, host: &str) -> Endpoint<'_> {
        Endpoint {
            protocol,
            host,
            port: protocol.tls_port(),
            tls: Tls::Implicit,
        }
    }

    fn imap(host: &str, response_code: Option<&str>, text: &str) -> SignInCause {
        SignInCause::read(
            endpoint(Protocol::Imap, host),
            ReplyFields {
                response_code,
                text,
                ..ReplyFields::default()
            },
        )
    }

    fn pop3(response_code: Option<&str>, text: &str) -> SignInCause {
        let reply = ReplyFields {
            response_code,
            text,
            ..ReplyFields::default()
        };
        SignInCause::read(endpoint(Protocol::Pop3, "pop.example.org"), reply)
    }

    fn smtp(code: u16, enhanced: Option<&str>, text: &str) -> SignInCause {
        let reply = ReplyFields {
            code: Some(code),
            enhanced,
            text,
            ..ReplyFields::default()
        };
        SignInCause::read(endpoint(Protocol::Smtp, "smtp.example.org"), reply)
    }

    #[test]
    fn an_ordinary_refusal_is_a_wrong_password() {
        let code = Some("AUTHENTICATIONFAILED");
        let dovecot = imap(
            "imap.example.org",
            code,
            "[AUTHENTICATIONFAILED] Authentication failed.",
        );
        assert_eq!(dovecot, SignInCause::WrongPassword);
        assert_eq!(
            imap("imap.example.org", None, "LOGIN failed."),
            SignInCause::WrongPassword
        );
        assert_eq!(
            pop3(Some("AUTH"), "[AUTH] Authentication failed."),
            SignInCause::WrongPassword
        );
        let postfix = smtp(
            535,
            Some("5.7.8"),
            "5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
        );
        assert_eq!(postfix, SignInCause::WrongPassword);
        assert_eq!(
            smtp(535, None, "Authentication failed"),
            SignInCause::WrongPassword
        );
    }

    #[test]
    fn provider_requirements_are_recognised_by_text_or_host_name() {
        let gmail = "[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)";
        assert_eq!(
            imap("imap.gmail.com", Some("ALERT"), gmail),
            SignInCause::AppPasswordNeeded
        );
        let code = Some("AUTHENTICATIONFAILED");
        let bare = imap(
            "imap.gmail.com",
            code,
            "[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        );
        assert_eq!(bare, SignInCause::AppPasswordNeeded);
        let netease = imap("imap.163.com", None, "LOGIN Login error or password error");
        assert_eq!(netease, SignInCause::AuthorisationCodeNeeded);
        let qq = "Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy. More information at https://help.mail.qq.com/detail/108/1023";
        let cause = imap("imap.qq.com", None, qq);
        assert_eq!(cause, SignInCause::AuthorisationCodeNeeded);
        assert_eq!(
            imap("outlook.office365.com", None, "LOGIN failed."),
            SignInCause::OAuthOnly
        );
        let own = imap("mx.example.cn", None, "请使用授权码登录");
        assert_eq!(own, SignInCause::AuthorisationCodeNeeded);
    }

    #[test]
    fn smtp_enhanced_codes_of_microsoft_and_google_are_recognised() {
        let basic = smtp(
            535,
            Some("5.7.139"),
            "5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        );
        assert_eq!(basic, SignInCause::OAuthOnly);
        let app = smtp(
            534,
            Some("5.7.9"),
            "5.7.9 Application-specific password required.",
        );
        assert_eq!(app, SignInCause::AppPasswordNeeded);
    }

    #[test]
    fn locked_maildrop_is_not_a_wrong_password() {
        assert_eq!(
            pop3(Some("IN-USE"), "[IN-USE] Mailbox is locked"),
            SignInCause::MaildropLocked
        );
        assert_eq!(
            pop3(None, "maildrop already locked"),
            SignInCause::MaildropLocked
        );
        assert_eq!(
            pop3(Some("LOGIN-DELAY"), "[LOGIN-DELAY] wait"),
            SignInCause::TooSoon
        );
        assert!(!SignInCause::MaildropLocked.is_about_password());
    }

    #[test]
    fn too_many_connections_are_recognised_by_code_and_text() {
        let dovecot = "[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)";
        assert_eq!(
            imap("imap.example.org", Some("LIMIT"), dovecot),
            SignInCause::TooManyConnections
        );
        let gmail = "[ALERT] Too many simultaneous connections. (Failure)";
        assert_eq!(
            imap("imap.gmail.com", Some("ALERT"), gmail),
            SignInCause::TooManyConnections
        );
        assert_eq!(
            smtp(421, Some("4.7.0"), "4.7.0 Too many connections"),
            SignInCause::TooManyConnections
        );
    }

    #[test]
    fn temporary_error_is_distinguished_from_a_refusal() {
        let down = imap(
            "imap.example.org",
            Some("UNAVAILABLE"),
            "[UNAVAILABLE] Temporary authentication failure.",
        );
        assert_eq!(down, SignInCause::Unavailable);
        assert_eq!(
            smtp(454, Some("4.7.0"), "4.7.0 Temporary authentication failure"),
            SignInCause::Unavailable
        );
        assert_eq!(
            pop3(Some("SYS/TEMP"), "[SYS/TEMP] later"),
            SignInCause::Unavailable
        );
        assert!(down.retry_after_secs().is_some());
        assert_eq!(SignInCause::WrongPassword.retry_after_secs(), None);
    }

    #[test]
    fn required_encryption_is_recognised() {
        assert_eq!(
            smtp(538, Some("5.7.11"), "5.7.11 Encryption required"),
            SignInCause::EncryptionNeeded
        );
        assert_eq!(
            smtp(
                530,
                Some("5.7.0"),
                "5.7.0 Must issue a STARTTLS command first"
            ),
            SignInCause::EncryptionNeeded
        );
        let imap = imap(
            "imap.example.org",
            Some("PRIVACYREQUIRED"),
            "[PRIVACYREQUIRED] no",
        );
        assert_eq!(imap, SignInCause::EncryptionNeeded);
    }

    #[test]
    fn every_cause_is_explained_in_complete_sentences() {
        let causes = [
            SignInCause::WrongPassword,
            SignInCause::PasswordExpired,
            SignInCause::AuthorisationCodeNeeded,
            SignInCause::AppPasswordNeeded,
            SignInCause::OAuthOnly,
            SignInCause::ServiceOff,
            SignInCause::TooManyConnections,
            SignInCause::MaildropLocked,
            SignInCause::TooSoon,
            SignInCause::EncryptionNeeded,
            SignInCause::Unavailable,
            SignInCause::WebSignInNeeded,
            SignInCause::AccountLocked,
            SignInCause::ContactAdmin,
        ];
        for lang in LANGS {
            let mut texts: Vec<String> = Vec::new();
            for cause in causes {
                let meaning = meaning(lang, endpoint(Protocol::Imap, "imap.example.org"), cause);
                assert_finished(lang, &meaning);
                assert!(!meaning.fix.is_empty());
                texts.push(meaning.cause);
            }
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), causes.len());
        }
        let explanation = meaning(
            Lang::ZhCn,
            endpoint(Protocol::Imap, "x"),
            SignInCause::WrongPassword,
        );
        assert_eq!(explanation.cause, "服务器拒绝了此密码。");
    }
}
