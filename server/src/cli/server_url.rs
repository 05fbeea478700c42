//! Server URLs of the command line: `imaps://user%40example.org@imap.example.org/Archive`.

use std::borrow::Cow;
use std::fmt;

use mail_net::{Endpoint, TlsMode};
use url::{Host, Url};

/// The text of `--help` about server URLs.
pub(super) const HELP: &str = "\
Servers are URLs, scheme://user@host:port
  smtps imaps pop3s                 TLS from the beginning   (465, 993, 995)
  smtp imap pop3                    STARTTLS, or nothing     (587, 143, 110)
  smtp+plain imap+plain pop3+plain  no TLS, on purpose       (587, 143, 110)
An @ within the user is written %40. The password is asked for, or comes from
--password-file or the variable RESTANTE_PASSWORD; it is never an argument.";

/// The protocol of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerProtocol {
    Smtp,
    Imap,
    Pop3,
}

/// A server, and the user to sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUrl {
    pub(super) protocol: ServerProtocol,
    pub(super) endpoint: Endpoint,
    /// The user to sign in as; `None` to connect without a sign-in.
    pub(super) user: Option<String>,
    /// The IMAP folder, decoded; `None` means INBOX.
    pub(super) folder: Option<String>,
}

/// Why a text is not a server URL. Errors do not repeat the text: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ServerUrlError {
    #[error("it is no URL ({0}); servers are written like smtps://user@mail.example.org")]
    Malformed(url::ParseError),
    #[error(
        "{0}:// is not known here; it is one of smtps, smtp, smtp+plain, imaps, imap, imap+plain, \
         pop3s, pop3, pop3+plain"
    )]
    Scheme(String),
    #[error(
        "a password does not belong into a URL: other users of this machine can read it there. \
         Leave it out to be asked, or use --password-file, or the variable RESTANTE_PASSWORD"
    )]
    Password,
    #[error("it names no host")]
    NoHost,
    #[error("its host is no host name ({0})")]
    Host(url::ParseError),
    #[error("its {0} is no UTF-8 behind the %")]
    NotUtf8(&'static str),
    #[error("only an IMAP server has folders")]
    FolderNotImap,
    #[error("what follows ? or # means nothing here; in a name they are written %3F and %23")]
    Trailer,
}

impl ServerUrl {
    /// Parses a URL from the command line.
    pub(super) fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let url = Url::parse(text).map_err(ServerUrlError::Malformed)?;
        if url.password().is_some() {
            return Err(ServerUrlError::Password);
        }
        let (protocol, tls) = scheme(url.scheme())?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::Trailer);
        }
        let folder = folder(&url)?;
        if folder.is_some() && protocol != ServerProtocol::Imap {
            return Err(ServerUrlError::FolderNotImap);
        }
        let user = decoded("user", url.username())?.into_owned();
        Ok(Self {
            protocol,
            endpoint: Endpoint {
                host: host(&url)?,
                port: url.port().unwrap_or(default_port(protocol, tls)),
                tls,
            },
            user: Some(user).filter(|user| !user.is_empty()),
            folder,
        })
    }
}

/// Writes `host:port`, without the user.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", EndpointDisplay(&self.endpoint))
    }
}

/// An endpoint as `host:port`.
pub(super) struct EndpointDisplay<'a>(pub(super) &'a Endpoint);

impl fmt::Display for EndpointDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port, .. } = self.0;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

fn scheme(scheme: &str) -> Result<(ServerProtocol, TlsMode), ServerUrlError> {
    Ok(match scheme {
        "smtps" => (ServerProtocol::Smtp, TlsMode::Implicit),
        "smtp" => (ServerProtocol::Smtp, TlsMode::StartTls),
        "smtp+plain" => (ServerProtocol::Smtp, TlsMode::Plain),
        "imaps" => (ServerProtocol::Imap, TlsMode::Implicit),
        "imap" => (ServerProtocol::Imap, TlsMode::StartTls),
        "imap+plain" => (ServerProtocol::Imap, TlsMode::Plain),
        "pop3s" => (ServerProtocol::Pop3, TlsMode::Implicit),
        "pop3" => (ServerProtocol::Pop3, TlsMode::StartTls),
        "pop3+plain" => (ServerProtocol::Pop3, TlsMode::Plain),
        other => return Err(ServerUrlError::Scheme(other.to_owned())),
    })
}

/// Returns the default port (RFC 8314 §7).
const fn default_port(protocol: ServerProtocol, tls: TlsMode) -> u16 {
    match (protocol, tls) {
        (ServerProtocol::Smtp, TlsMode::Implicit) => 465,
        (ServerProtocol::Smtp, _) => 587,
        (ServerProtocol::Imap, TlsMode::Implicit) => 993,
        (ServerProtocol::Imap, _) => 143,
        (ServerProtocol::Pop3, TlsMode::Implicit) => 995,
        (ServerProtocol::Pop3, _) => 110,
    }
}

/// Returns the host in the form used for DNS lookups and in certificates.
fn host(url: &Url) -> Result<String, ServerUrlError> {
    match url.host() {
        None => Err(ServerUrlError::NoHost),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        // `url` does not normalize the hosts of schemes that it does not know.
        Some(Host::Domain("")) => Err(ServerUrlError::NoHost),
        Some(Host::Domain(name)) => {
            let host = Host::parse(&decoded("host", name)?).map_err(ServerUrlError::Host)?;
            Ok(match host {
                Host::Domain(name) => name,
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            })
        }
    }
}

fn folder(url: &Url) -> Result<Option<String>, ServerUrlError> {
    let path = url.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let folder = decoded("folder", path)?.into_owned();
    Ok(Some(folder).filter(|folder| !folder.is_empty()))
}

fn decoded<'a>(what: &'static str, text: &'a str) -> Result<Cow<'a, str>, ServerUrlError> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| ServerUrlError::NotUtf8(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ServerUrl {
        ServerUrl::parse(text).unwrap()
    }

    fn refusal(text: &str) -> ServerUrlError {
        ServerUrl::parse(text).unwrap_err()
    }

    #[test]
    fn each_scheme_has_its_protocol_its_encryption_and_its_port() {
        use ServerProtocol::{Imap, Pop3, Smtp};
        use TlsMode::{Implicit, Plain, StartTls};
        for (scheme, protocol, tls, port) in [
            ("smtps", Smtp, Implicit, 465),
            ("smtp", Smtp, StartTls, 587),
            ("smtp+plain", Smtp, Plain, 587),
            ("imaps", Imap, Implicit, 993),
            ("imap", Imap, StartTls, 143),
            ("imap+plain", Imap, Plain, 143),
            ("pop3s", Pop3, Implicit, 995),
            ("pop3", Pop3, StartTls, 110),
            ("pop3+plain", Pop3, Plain, 110),
        ] {
            let url = parse(&format!("{scheme}://mail.example.org"));
            let endpoint = Endpoint {
                host: "mail.example.org".into(),
                port,
                tls,
            };
            assert_eq!(
                (url.protocol, url.endpoint),
                (protocol, endpoint),
                "{scheme}"
            );
            assert_eq!((url.user, url.folder), (None, None));
        }
    }

    #[test]
    fn user_host_port_and_folder_are_decoded() {
        let url = parse("imaps://ann%40example.org@Mail.Example.ORG:1993/Arch%C3%ADv%2F2026");
        assert_eq!(url.user.as_deref(), Some("ann@example.org"));
        assert_eq!(url.endpoint.host, "mail.example.org");
        assert_eq!(url.endpoint.port, 1993);
        assert_eq!(url.folder.as_deref(), Some("Archív/2026"));
        assert_eq!(parse("imap://h/a/b").folder.as_deref(), Some("a/b"));
        assert_eq!(parse("pop3s://h/").folder, None);
        assert_eq!(
            parse("smtps://mail.bücher.example").endpoint.host,
            "mail.xn--bcher-kva.example"
        );
    }

    #[test]
    fn address_literals_have_no_brackets_where_they_are_dialled() {
        let url = parse("smtp://[::1]:2525");
        assert_eq!(url.endpoint.host, "::1");
        assert_eq!(url.to_string(), "[::1]:2525");
        assert_eq!(parse("smtp://127.0.0.1").endpoint.host, "127.0.0.1");
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for text in [
            "smtps://ann:sesame@h",
            "imaps://ann:sesame%zz@h/x?y",
            "pop3s://:sesame@h",
        ] {
            let message = refusal(text).to_string();
            assert!(message.contains("--password-file"), "{message}");
            assert!(message.contains("RESTANTE_PASSWORD"), "{message}");
            assert!(message.contains("to be asked"), "{message}");
            assert!(!message.contains("sesame"), "{message}");
        }
    }

    #[test]
    fn invalid_urls_are_refused() {
        assert_eq!(refusal("https://h"), ServerUrlError::Scheme("https".into()));
        assert_eq!(refusal("imaps:///x"), ServerUrlError::NoHost);
        assert_eq!(refusal("pop3s://h/Archive"), ServerUrlError::FolderNotImap);
        assert_eq!(refusal("imaps://h/a?b"), ServerUrlError::Trailer);
        assert_eq!(refusal("imaps://h/%ff"), ServerUrlError::NotUtf8("folder"));
        assert_eq!(refusal("imaps://%ff@h"), ServerUrlError::NotUtf8("user"));
        assert!(matches!(
            refusal("mail.example.org"),
            ServerUrlError::Malformed(_)
        ));
        assert!(matches!(
            refusal("imaps://h:99999"),
            ServerUrlError::Malformed(_)
        ));
        assert!(matches!(
            refusal("imaps://a b"),
            ServerUrlError::Malformed(_)
        ));
        assert!(matches!(refusal("imaps://a%20b"), ServerUrlError::Host(_)));
    }
}
