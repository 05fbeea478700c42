//! Explains failed connections: name, port, firewall, TLS, certificate.

use app::api::types::Lang;
use mail_proto::Tls;

use super::{Endpoint, Meaning, fewer_connections, later};
use crate::domain::{DialCause, Protocol};

/// Explains why a connection to a server could not be opened.
pub fn meaning(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    match cause {
        DialCause::NameNotFound
        | DialCause::Refused
        | DialCause::TimedOut { .. }
        | DialCause::Unreachable => unreached(lang, endpoint, cause),
        DialCause::HostNotListed | DialCause::PortNotAllowed | DialCause::TooManyHosts => {
            not_allowed(lang, endpoint, cause)
        }
        DialCause::CertificateExpired { .. }
        | DialCause::CertificateNotYetValid
        | DialCause::WrongName { .. }
        | DialCause::Untrusted
        | DialCause::CertificateInvalid => certificate(lang, endpoint, cause),
        DialCause::ClosedInHandshake | DialCause::SilentInHandshake => {
            handshake(lang, endpoint, cause)
        }
        DialCause::NotTls | DialCause::TlsTooOld | DialCause::TlsFailed => {
            tls(lang, endpoint, cause)
        }
    }
}

fn unreached(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    let Endpoint { host, port, .. } = endpoint;
    match (cause, lang) {
        (DialCause::NameNotFound, Lang::En) => Meaning::new(
            format!("No server called {host} can be reached from here."),
            "Check the spelling. If it is inside a private network, whoever runs this installation may have to allow it.",
        ),
        (DialCause::NameNotFound, Lang::ZhCn) => Meaning::new(
            format!("从这里找不到名为 {host} 的服务器。"),
            "请检查拼写。如果它位于内部网络，可能须由管理员允许。",
        ),
        (DialCause::Refused, Lang::En) => Meaning::new(
            format!("{host} does not accept connections on port {port}."),
            format!("Try {}.", other_port(lang, endpoint)),
        ),
        (DialCause::Refused, Lang::ZhCn) => Meaning::new(
            format!("{host} 的 {port} 端口拒绝连接。"),
            format!("请试{}。", other_port(lang, endpoint)),
        ),
        (DialCause::TimedOut { secs }, Lang::En) => Meaning::new(
            format!("No answer from {host}:{port} in {secs} s."),
            format!(
                "A firewall may be in between. Check the name, or try {}.",
                other_port(lang, endpoint)
            ),
        ),
        (DialCause::TimedOut { secs }, Lang::ZhCn) => Meaning::new(
            format!("{host}:{port} 在 {secs} 秒内没有应答。"),
            format!(
                "可能被防火墙拦截。请检查服务器名，或试{}。",
                other_port(lang, endpoint)
            ),
        ),
        (_, Lang::En) => Meaning::new(
            format!("There is no way from this server to {host}."),
            "Check the name. If it is right, try again in a few minutes.",
        ),
        (_, Lang::ZhCn) => Meaning::new(
            format!("本服务器无法到达 {host}。"),
            "请检查服务器名。如果无误，请过几分钟再试。",
        ),
    }
}

/// Names the usual port that was not tried, with its encryption.
fn other_port(lang: Lang, endpoint: Endpoint<'_>) -> String {
    let Endpoint { protocol, port, .. } = endpoint;
    let (other, mode) = if port == protocol.tls_port() {
        (protocol.starttls_port(), "STARTTLS")
    } else {
        (protocol.tls_port(), "TLS")
    };
    match lang {
        Lang::En => format!("port {other} with {mode}"),
        Lang::ZhCn => format!(" {other} 端口（{mode}）"),
    }
}

fn not_allowed(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    let Endpoint { host, port, .. } = endpoint;
    match (cause, lang) {
        (DialCause::HostNotListed, Lang::En) => Meaning::new(
            format!("This installation does not connect to {host}."),
            "Whoever runs it can add the host to its configuration.",
        ),
        (DialCause::HostNotListed, Lang::ZhCn) => Meaning::new(
            format!("本站不连接 {host}。"),
            "管理员可以在配置中添加此服务器。",
        ),
        (DialCause::PortNotAllowed, Lang::En) => Meaning::new(
            format!("Port {port} is no mail port, so this installation does not connect to it."),
            format!(
                "Use port {} or {}. Whoever runs this installation can allow others.",
                endpoint.protocol.tls_port(),
                endpoint.protocol.starttls_port()
            ),
        ),
        (DialCause::PortNotAllowed, Lang::ZhCn) => Meaning::new(
            format!("{port} 不是邮件端口，本站不连接。"),
            format!(
                "请用 {} 或 {} 端口。其他端口须由管理员允许。",
                endpoint.protocol.tls_port(),
                endpoint.protocol.starttls_port()
            ),
        ),
        (_, Lang::En) => Meaning::new(
            "Too many different servers were tried from your network.",
            "Try again in an hour.",
        ),
        (_, Lang::ZhCn) => Meaning::new("从您的网络尝试的服务器过多。", "请一小时后再试。"),
    }
}

fn certificate(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    let host = endpoint.host;
    match (cause, lang) {
        (DialCause::CertificateExpired { ended_on }, Lang::En) => Meaning::new(
            match ended_on {
                Some(date) => format!("The certificate of {host} ended on {date}."),
                None => format!("The certificate of {host} has ended."),
            },
            "The provider has to renew it. Your password was not sent.",
        ),
        (DialCause::CertificateExpired { ended_on }, Lang::ZhCn) => Meaning::new(
            match ended_on {
                Some(date) => format!("{host} 的证书已于 {date} 过期。"),
                None => format!("{host} 的证书已过期。"),
            },
            "需由服务商更新。密码没有发出。",
        ),
        (DialCause::CertificateNotYetValid, Lang::En) => Meaning::new(
            format!("The certificate of {host} is not valid yet."),
            "The clock of this server or of the provider may be wrong. Your password was not sent.",
        ),
        (DialCause::CertificateNotYetValid, Lang::ZhCn) => Meaning::new(
            format!("{host} 的证书尚未生效。"),
            "本服务器或服务商的时钟可能有误。密码没有发出。",
        ),
        (DialCause::WrongName { presented }, Lang::En) => Meaning::new(
            match presented.first() {
                Some(other) => format!("The certificate is for {other}, not {host}."),
                None => format!("The certificate is not for {host}."),
            },
            "Check the server name with your provider. Your password was not sent.",
        ),
        (DialCause::WrongName { presented }, Lang::ZhCn) => Meaning::new(
            match presented.first() {
                Some(other) => format!("证书属于 {other}，不是 {host}。"),
                None => format!("证书不属于 {host}。"),
            },
            "请向服务商核对服务器名。密码没有发出。",
        ),
        (DialCause::Untrusted, Lang::En) => Meaning::new(
            format!("Nobody we trust vouches for the certificate of {host}."),
            "If it is your own server, whoever runs this installation can add its CA. Your password was not sent.",
        ),
        (DialCause::Untrusted, Lang::ZhCn) => Meaning::new(
            format!("{host} 的证书不是由受信任的机构签发。"),
            "如果是自建服务器，管理员可以添加其 CA。密码没有发出。",
        ),
        (_, Lang::En) => Meaning::new(
            format!("The certificate of {host} cannot be accepted."),
            "The provider has to replace it. Your password was not sent.",
        ),
        (_, Lang::ZhCn) => Meaning::new(
            format!("{host} 的证书无效。"),
            "需由服务商更换。密码没有发出。",
        ),
    }
}

fn tls(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    let Endpoint {
        host,
        port,
        protocol,
        ..
    } = endpoint;
    match (cause, lang) {
        // RFC 8314: a port that answers without TLS most likely uses STARTTLS.
        (DialCause::NotTls, Lang::En) if endpoint.tls == Tls::Implicit => Meaning::new(
            format!("Port {port} of {host} speaks STARTTLS."),
            format!(
                "Change the encryption to STARTTLS, or use port {}.",
                protocol.tls_port()
            ),
        ),
        (DialCause::NotTls, Lang::ZhCn) if endpoint.tls == Tls::Implicit => Meaning::new(
            format!("{host} 的 {port} 端口使用 STARTTLS。"),
            format!(
                "请把加密方式改为 STARTTLS，或用 {} 端口。",
                protocol.tls_port()
            ),
        ),
        (DialCause::TlsTooOld, Lang::En) => Meaning::new(
            format!("{host} speaks only versions of TLS that are not safe any more."),
            "The provider has to offer TLS 1.2 or later. Your password was not sent.",
        ),
        (DialCause::TlsTooOld, Lang::ZhCn) => Meaning::new(
            format!("{host} 只支持不再安全的旧版 TLS。"),
            "服务商需提供 TLS 1.2 或更高版本。密码没有发出。",
        ),
        (_, Lang::En) => Meaning::new(
            format!("No encrypted connection to {host}:{port} came about."),
            format!("{} {}", check_mode(lang, protocol), later(lang)),
        ),
        (_, Lang::ZhCn) => Meaning::new(
            format!("无法与 {host}:{port} 建立加密连接。"),
            format!("{}{}", check_mode(lang, protocol), later(lang)),
        ),
    }
}

/// Explains a failed TLS handshake. On the usual port the user's settings are not the cause.
fn handshake(lang: Lang, endpoint: Endpoint<'_>, cause: &DialCause) -> Meaning {
    let Endpoint {
        host,
        port,
        protocol,
        ..
    } = endpoint;
    let cause = match (cause, lang) {
        (DialCause::SilentInHandshake, Lang::En) => {
            format!("{host} took the connection, but no encryption came about in time.")
        }
        (DialCause::SilentInHandshake, Lang::ZhCn) => {
            format!("{host} 接受了连接，但未能及时建立加密。")
        }
        (_, Lang::En) => format!("{host} closed the connection before it was encrypted."),
        (_, Lang::ZhCn) => format!("{host} 在加密建立之前关闭了连接。"),
    };
    let fix = fewer_connections(lang);
    let is_usual_port = match endpoint.tls {
        Tls::Implicit => port == protocol.tls_port(),
        _ => port == protocol.starttls_port(),
    };
    match (is_usual_port, lang) {
        (true, _) => Meaning::new(cause, fix),
        (false, Lang::En) => Meaning::new(cause, format!("{fix} {}", check_mode(lang, protocol))),
        (false, Lang::ZhCn) => Meaning::new(cause, format!("{fix}{}", check_mode(lang, protocol))),
    }
}

fn check_mode(lang: Lang, protocol: Protocol) -> String {
    let (tls, starttls) = (protocol.tls_port(), protocol.starttls_port());
    match lang {
        Lang::En => format!("Check port and encryption: {tls} is TLS, {starttls} is STARTTLS."),
        Lang::ZhCn => format!("请检查端口和加密方式：{tls} 为 TLS，{starttls} 为 STARTTLS。"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{LANGS, assert_finished, imap};
    use super::*;

    fn meaning(lang: Lang, endpoint: Endpoint<'_>, cause: DialCause) -> Meaning {
        super::meaning(lang, endpoint, &cause)
    }

    #[test]
    fn unknown_host_name_is_shown() {
        let endpoint = imap(Tls::Implicit, 993);
        let explanation = meaning(Lang::En, endpoint, DialCause::NameNotFound);
        assert_eq!(
            explanation.cause,
            "No server called imap.example.org can be reached from here."
        );
        assert!(explanation.fix.starts_with("Check the spelling."));
        let explanation = meaning(Lang::ZhCn, endpoint, DialCause::NameNotFound);
        assert_eq!(
            explanation.cause,
            "从这里找不到名为 imap.example.org 的服务器。"
        );
    }

    #[test]
    fn a_refused_port_names_the_other_one_of_its_protocol() {
        let fix = |protocol, port| {
            let endpoint = Endpoint {
                protocol,
                host: "x.example",
                port,
                tls: Tls::Implicit,
            };
            meaning(Lang::En, endpoint, DialCause::Refused).fix
        };
        assert_eq!(fix(Protocol::Imap, 993), "Try port 143 with STARTTLS.");
        assert_eq!(fix(Protocol::Imap, 143), "Try port 993 with TLS.");
        assert_eq!(fix(Protocol::Pop3, 995), "Try port 110 with STARTTLS.");
        assert_eq!(fix(Protocol::Smtp, 25), "Try port 465 with TLS.");
    }

    #[test]
    fn every_certificate_error_states_that_no_password_was_sent() {
        let names = ["mail.other.example".to_string()];
        let causes = [
            DialCause::CertificateExpired {
                ended_on: Some("3 May 2026".to_owned()),
            },
            DialCause::CertificateExpired { ended_on: None },
            DialCause::CertificateNotYetValid,
            DialCause::WrongName {
                presented: names.to_vec(),
            },
            DialCause::WrongName {
                presented: Vec::new(),
            },
            DialCause::Untrusted,
            DialCause::CertificateInvalid,
            DialCause::TlsTooOld,
        ];
        for cause in causes {
            let explanation = meaning(Lang::En, imap(Tls::Implicit, 993), cause.clone());
            assert!(
                explanation.fix.ends_with("Your password was not sent."),
                "{explanation:?}"
            );
            let explanation = meaning(Lang::ZhCn, imap(Tls::Implicit, 993), cause.clone());
            assert!(
                explanation.fix.ends_with("密码没有发出。"),
                "{explanation:?}"
            );
        }
        let explanation = meaning(
            Lang::En,
            imap(Tls::Implicit, 993),
            DialCause::WrongName {
                presented: names.to_vec(),
            },
        );
        assert_eq!(
            explanation.cause,
            "The certificate is for mail.other.example, not imap.example.org."
        );
    }

    #[test]
    fn a_port_that_answers_without_tls_names_the_encryption_it_speaks() {
        let explanation = meaning(Lang::En, imap(Tls::Implicit, 143), DialCause::NotTls);
        assert_eq!(
            explanation.cause,
            "Port 143 of imap.example.org speaks STARTTLS."
        );
        assert_eq!(
            explanation.fix,
            "Change the encryption to STARTTLS, or use port 993."
        );
    }

    #[test]
    fn server_that_closes_in_the_handshake_is_not_reported_as_a_wrong_port() {
        for cause in [DialCause::ClosedInHandshake, DialCause::SilentInHandshake] {
            let explanation = meaning(Lang::En, imap(Tls::Implicit, 993), cause.clone());
            assert!(
                explanation.fix.contains("limit how many connections"),
                "{explanation:?}"
            );
            assert!(!explanation.fix.contains("Check port"), "{explanation:?}");
            // On another port the port may also be wrong.
            let explanation = meaning(Lang::En, imap(Tls::Implicit, 2993), cause.clone());
            assert!(explanation.fix.contains("Check port"), "{explanation:?}");
        }
    }

    #[test]
    fn every_cause_is_explained_in_complete_sentences() {
        let causes = DialCause::every();
        for lang in LANGS {
            let mut texts: Vec<String> = Vec::new();
            for cause in causes.clone() {
                for tls in [Tls::Implicit, Tls::StartTls] {
                    let meaning = meaning(lang, imap(tls, 993), cause.clone());
                    assert_finished(lang, &meaning);
                    assert!(!meaning.fix.is_empty());
                    texts.push(meaning.cause);
                }
            }
            texts.sort();
            texts.dedup();
            // Each cause has its own text; none falls through to the text of another. The exception
            // is NotTls under STARTTLS, which has the text of a failed handshake.
            assert_eq!(texts.len(), causes.len());
        }
    }
}
