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
pub(super) enum Speaks {
    Smtp,
    Imap,
    Pop3,
}

/// A server, and the user to sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUrl {
    pub(super) speaks: Speaks,
    pub(super) endpoint: Endpoint,
    /// The user to sign in as; `None` to connect without a sign-in.
    pub(super) user: Option<String>,
    /// The IMAP folder, decoded; `None` means INBOX.
    pub(super) folder: Option<String>,
}

/// Why a text is not a server URL. Errors do not repeat the text: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidUrl {
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
    pub(super) fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(InvalidUrl::Malformed)?;
        if url.password().is_some() {
            return Err(InvalidUrl::Password);
        }
        let (speaks, tls) = scheme(url.scheme())?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidUrl::Trailer);
        }
        let folder = folder(&url)?;
        if folder.is_some() && speaks != Speaks::Imap {
            return Err(InvalidUrl::FolderNotImap);
        }
        let user = decoded("user", url.username())?.into_owned();
        Ok(Self {
            speaks,
            endpoint: Endpoint {
                host: host(&url)?,
                port: url.port().unwrap_or(default_port(speaks, tls)),
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

fn scheme(scheme: &str) -> Result<(Speaks, TlsMode), InvalidUrl> {
    Ok(match scheme {
        "smtps" => (Speaks::Smtp, TlsMode::Implicit),
        "smtp" => (Speaks::Smtp, TlsMode::StartTls),
        "smtp+plain" => (Speaks::Smtp, TlsMode::Plain),
        "imaps" => (Speaks::Imap, TlsMode::Implicit),
        "imap" => (Speaks::Imap, TlsMode::StartTls),
        "imap+plain" => (Speaks::Imap, TlsMode::Plain),
        "pop3s" => (Speaks::Pop3, TlsMode::Implicit),
        "pop3" => (Speaks::Pop3, TlsMode::StartTls),
        "pop3+plain" => (Speaks::Pop3, TlsMode::Plain),
        other => return Err(InvalidUrl::Scheme(other.to_owned())),
    })
}

/// Returns the default port (RFC 8314 §7).
const fn default_port(speaks: Speaks, tls: TlsMode) -> u16 {
    match (speaks, tls) {
        (Speaks::Smtp, TlsMode::Implicit) => 465,
        (Speaks::Smtp, _) => 587,
        (Speaks::Imap, TlsMode::Implicit) => 993,
        (Speaks::Imap, _) => 143,
        (Speaks::Pop3, TlsMode::Implicit) => 995,
        (Speaks::Pop3, _) => 110,
    }
}

/// Returns the host in the form used for DNS lookups and in certificates.
fn host(url: &Url) -> Result<String, InvalidUrl> {
    match url.host() {
        None => Err(InvalidUrl::NoHost),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        // `url` does not normalize the hosts of schemes that it does not know.
        Some(Host::Domain("")) => Err(InvalidUrl::NoHost),
        Some(Host::Domain(name)) => {
            let host = Host::parse(&decoded("host", name)?).map_err(InvalidUrl::Host)?;
            Ok(match host {
                Host::Domain(name) => name,
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            })
        }
    }
}

fn folder(url: &Url) -> Result<Option<String>, InvalidUrl> {
    let path = url.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let folder = decoded("folder", path)?.into_owned();
    Ok(Some(folder).filter(|folder| !folder.is_empty()))
}

fn decoded<'a>(what: &'static str, text: &'a str) -> Result<Cow<'a, str>, InvalidUrl> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| InvalidUrl::NotUtf8(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ServerUrl {
        ServerUrl::parse(text).unwrap()
    }

    fn refusal(text: &str) -> InvalidUrl {
        ServerUrl::parse(text).unwrap_err()
    }

    #[test]
    fn each_scheme_has_its_protocol_its_encryption_and_its_port() {
        use Speaks::{Imap, Pop3, Smtp};
        use TlsMode::{Implicit, Plain, StartTls};
        for (scheme, speaks, tls, port) in [
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
            assert_eq!((url.speaks, url.endpoint), (speaks, endpoint), "{scheme}");
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
            let told = refusal(text).to_string();
            assert!(told.contains("--password-file"), "{told}");
            assert!(told.contains("RESTANTE_PASSWORD"), "{told}");
            assert!(told.contains("to be asked"), "{told}");
            assert!(!told.contains("sesame"), "{told}");
        }
    }

    #[test]
    fn what_is_no_server_is_told() {
        assert_eq!(refusal("https://h"), InvalidUrl::Scheme("https".into()));
        assert_eq!(refusal("imaps:///x"), InvalidUrl::NoHost);
        assert_eq!(refusal("pop3s://h/Archive"), InvalidUrl::FolderNotImap);
        assert_eq!(refusal("imaps://h/a?b"), InvalidUrl::Trailer);
        assert_eq!(refusal("imaps://h/%ff"), InvalidUrl::NotUtf8("folder"));
        assert_eq!(refusal("imaps://%ff@h"), InvalidUrl::NotUtf8("user"));
        assert!(matches!(
            refusal("mail.example.org"),
            InvalidUrl::Malformed(_)
        ));
        assert!(matches!(
            refusal("imaps://h:99999"),
            InvalidUrl::Malformed(_)
        ));
        assert!(matches!(refusal("imaps://a b"), InvalidUrl::Malformed(_)));
        assert!(matches!(refusal("imaps://a%20b"), InvalidUrl::Host(_)));
    }
}
