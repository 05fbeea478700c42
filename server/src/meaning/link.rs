//! Explains connections that ended after they were open, and servers that lack a capability.

use app::api::types::Lang;
use mail_proto::Tls;

use super::{Endpoint, Meaning, contact_provider, fewer_connections, later, provider};
use crate::domain::LinkCause;

/// Explains why a connection to a server cannot continue.
pub fn meaning(lang: Lang, endpoint: Endpoint<'_>, cause: &LinkCause) -> Meaning {
    let Endpoint {
        protocol,
        host,
        port,
        tls,
    } = endpoint;
    let (tls_port, name) = (protocol.tls_port(), protocol.name());
    match (cause, lang) {
        (LinkCause::Closed, Lang::En) => {
            Meaning::new(format!("{host} closed the connection."), later(lang))
        }
        (LinkCause::Closed, Lang::ZhCn) => {
            Meaning::new(format!("{host} 关闭了连接。"), later(lang))
        }
        (LinkCause::ClosedEarly, Lang::En) => Meaning::new(
            format!("{host} closed the connection before the sign-in."),
            fewer_connections(lang),
        ),
        (LinkCause::ClosedEarly, Lang::ZhCn) => Meaning::new(
            format!("{host} 在登录之前关闭了连接。"),
            fewer_connections(lang),
        ),
        (LinkCause::ServerUnproven, Lang::En) => Meaning::new(
            format!(
                "{host} could not prove that it knows your password. It may not be your server."
            ),
            "Check the server's name. If it is right, tell your provider before you sign in again.",
        ),
        (LinkCause::ServerUnproven, Lang::ZhCn) => Meaning::new(
            format!("{host} 无法证明它知道您的密码，可能不是您的服务器。"),
            "请检查服务器名称。如无误，请先告知服务商再登录。",
        ),
        // A TLS port sends no greeting in plain text, so a client without TLS waits for ever.
        (LinkCause::NoGreeting, Lang::En) if tls != Tls::Implicit && port == tls_port => {
            Meaning::new(
                format!("Port {port} speaks TLS."),
                "Change the encryption to TLS.",
            )
        }
        (LinkCause::NoGreeting, Lang::ZhCn) if tls != Tls::Implicit && port == tls_port => {
            Meaning::new(format!("{port} 端口使用 TLS。"), "请把加密方式改为 TLS。")
        }
        (LinkCause::Silent | LinkCause::NoGreeting, Lang::En) => Meaning::new(
            format!("{host} does not answer."),
            "Restante works, your mail server does not. Try again in a few minutes.",
        ),
        (LinkCause::Silent | LinkCause::NoGreeting, Lang::ZhCn) => Meaning::new(
            format!("{host} 没有应答。"),
            "Restante 正常，邮件服务器异常。请过几分钟再试。",
        ),
        (LinkCause::Misbehaved, Lang::En) => Meaning::new(
            format!("{host}:{port} does not answer as {name} servers do."),
            format!(
                "Check that this is the {name} server and its port. {}",
                contact_provider(lang)
            ),
        ),
        (LinkCause::Misbehaved, Lang::ZhCn) => Meaning::new(
            format!("{host}:{port} 的应答不符合 {name} 协议。"),
            format!(
                "请确认这是 {name} 服务器及其端口。{}",
                contact_provider(lang)
            ),
        ),
        (LinkCause::PlaintextInjected, Lang::En) => Meaning::new(
            format!(
                "{host} went on unencrypted after encryption had been agreed on. Somebody in between may be interfering."
            ),
            format!("Your password was not sent. Use port {tls_port} with TLS."),
        ),
        (LinkCause::PlaintextInjected, Lang::ZhCn) => Meaning::new(
            format!("约定加密后 {host} 仍发来未加密的内容，线路上可能有人干扰。"),
            format!("密码没有发出。请用 {tls_port} 端口（TLS）。"),
        ),
        (LinkCause::OverLimit, Lang::En) => Meaning::new(
            format!("{host} sent an answer that is too large to be right."),
            contact_provider(lang),
        ),
        (LinkCause::OverLimit, Lang::ZhCn) => Meaning::new(
            format!("{host} 的应答过大，不可能正确。"),
            contact_provider(lang),
        ),
        (LinkCause::StartTlsNotOffered, Lang::En) => Meaning::new(
            format!("{host} does not offer STARTTLS on port {port}."),
            format!("Use port {tls_port} with TLS. Your password was not sent."),
        ),
        (LinkCause::StartTlsNotOffered, Lang::ZhCn) => Meaning::new(
            format!("{host} 的 {port} 端口不提供 STARTTLS。"),
            format!("请用 {tls_port} 端口（TLS）。密码没有发出。"),
        ),
        (LinkCause::LoginNotOffered, Lang::En) if tls == Tls::Plain => Meaning::new(
            "The server offers no sign-in on this unencrypted port.",
            "Switch to STARTTLS.",
        ),
        (LinkCause::LoginNotOffered, Lang::ZhCn) if tls == Tls::Plain => {
            Meaning::new("服务器在未加密端口上不提供登录。", "请改用 STARTTLS。")
        }
        (LinkCause::LoginNotOffered, Lang::En) => Meaning::new(
            format!("{host} offers no sign-in on port {port}."),
            format!(
                "Check the port: sign-in is usually on {tls_port} or {}.",
                protocol.starttls_port()
            ),
        ),
        (LinkCause::LoginNotOffered, Lang::ZhCn) => Meaning::new(
            format!("{host} 的 {port} 端口不提供登录。"),
            format!(
                "请检查端口：通常为 {tls_port} 或 {}。",
                protocol.starttls_port()
            ),
        ),
        (LinkCause::LoginNeedsTls, Lang::En) => Meaning::new(
            "Passwords are not sent over an unencrypted connection.",
            format!("Use port {tls_port} with TLS, or switch to STARTTLS."),
        ),
        (LinkCause::LoginNeedsTls, Lang::ZhCn) => Meaning::new(
            "密码不会通过未加密的连接发送。",
            format!("请用 {tls_port} 端口（TLS），或改用 STARTTLS。"),
        ),
        (LinkCause::NoCommonMechanism { offered }, _) => no_mechanism(lang, host, offered),
        (LinkCause::Incompatible, Lang::En) => Meaning::new(
            format!("{host} lacks something that is needed here."),
            "Tell your provider, with the server's answer.",
        ),
        (LinkCause::Incompatible, Lang::ZhCn) => Meaning::new(
            format!("{host} 缺少所需的功能。"),
            "请将服务器的应答告知服务商。",
        ),
    }
}

fn no_mechanism(lang: Lang, host: &str, offered: &[String]) -> Meaning {
    let is_oauth = |name: &String| matches!(name.as_str(), "XOAUTH2" | "OAUTHBEARER");
    if offered.iter().any(is_oauth) {
        return provider::oauth_only(lang, host);
    }
    let list = offered.join(", ");
    match lang {
        Lang::En => Meaning::new(
            format!("{host} offers only ways to sign in that are not known here: {list}."),
            "Ask your provider to allow PLAIN or LOGIN over TLS.",
        ),
        Lang::ZhCn => Meaning::new(
            format!("{host} 只提供本站不支持的登录方式：{list}。"),
            "请服务商允许 TLS 上的 PLAIN 或 LOGIN。",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished, imap};
    use super::*;

    fn meaning(lang: Lang, endpoint: Endpoint<'_>, cause: LinkCause) -> Meaning {
        super::meaning(lang, endpoint, &cause)
    }

    #[test]
    fn missing_sign_in_without_tls_is_explained_with_a_fix() {
        let explanation = meaning(Lang::En, imap(Tls::Plain, 143), LinkCause::LoginNotOffered);
        assert_eq!(
            explanation.cause,
            "The server offers no sign-in on this unencrypted port."
        );
        assert_eq!(explanation.fix, "Switch to STARTTLS.");
        let explanation = meaning(
            Lang::ZhCn,
            imap(Tls::Plain, 143),
            LinkCause::LoginNotOffered,
        );
        assert_eq!(explanation.cause, "服务器在未加密端口上不提供登录。");
        let explanation = meaning(
            Lang::En,
            imap(Tls::Implicit, 993),
            LinkCause::LoginNotOffered,
        );
        assert!(
            !explanation.cause.contains("unencrypted"),
            "{explanation:?}"
        );
    }

    #[test]
    fn silent_tls_port_is_distinguished_from_a_silent_server() {
        let explanation = meaning(Lang::En, imap(Tls::StartTls, 993), LinkCause::NoGreeting);
        assert_eq!(explanation.cause, "Port 993 speaks TLS.");
        let explanation = meaning(Lang::En, imap(Tls::StartTls, 143), LinkCause::NoGreeting);
        assert_eq!(explanation.cause, "imap.example.org does not answer.");
        let explanation = meaning(Lang::En, imap(Tls::Implicit, 993), LinkCause::NoGreeting);
        assert_eq!(explanation.cause, "imap.example.org does not answer.");
    }

    #[test]
    fn oauth_only_server_is_distinguished_from_one_with_unknown_mechanisms() {
        let oauth = ["XOAUTH2".to_string(), "GSSAPI".to_string()];
        let cause = LinkCause::NoCommonMechanism {
            offered: oauth.to_vec(),
        };
        let explanation = meaning(Lang::En, imap(Tls::Implicit, 993), cause.clone());
        assert_eq!(explanation.cause, "imap.example.org refuses all passwords.");
        let odd = ["GSSAPI".to_string(), "NTLM".to_string()];
        let cause = LinkCause::NoCommonMechanism {
            offered: odd.to_vec(),
        };
        let explanation = meaning(Lang::En, imap(Tls::Implicit, 993), cause.clone());
        assert!(
            explanation.cause.ends_with("GSSAPI, NTLM."),
            "{explanation:?}"
        );
    }

    #[test]
    fn every_cause_is_explained_in_complete_sentences() {
        let causes = LinkCause::every();
        for lang in LANGS {
            for cause in causes.clone() {
                for tls in [Tls::Implicit, Tls::StartTls, Tls::Plain] {
                    let meaning = meaning(lang, imap(tls, 993), cause.clone());
                    assert_finished(lang, &meaning);
                    assert!(!meaning.fix.is_empty());
                }
            }
        }
    }
}
