//! Leaving a list with one click (RFC 8058).

use ammonia::Url;

use crate::header::Headers;

/// The fields that the signature must cover (RFC 8058 §4).
const COVERED: [&str; 2] = ["list-unsubscribe", "list-unsubscribe-post"];

/// Where the form of one click is posted: an `https:` URL in parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OneClick {
    /// The host, as ASCII.
    pub host: String,
    /// The port, 443 if the URL names none.
    pub port: u16,
    /// The path and the query.
    pub target: String,
}

impl OneClick {
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
        let query = url.query().map(|query| format!("?{query}"));
        Some(Self {
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            target: format!("{}{}", url.path(), query.unwrap_or_default()),
        })
    }
}

/// Whether a signature of one of these domains covers the fields that one click is read from.
/// `passed` are the domains whose DKIM signature the receiving server found valid, lower case.
///
/// Several signatures of one domain are taken together: which of them passed is not told.
pub fn is_signed_by(headers: &Headers, passed: &[String]) -> bool {
    let signatures = headers.fields().iter();
    let signatures = signatures.filter(|field| field.name().eq_ignore_ascii_case("dkim-signature"));
    signatures.into_iter().any(|field| {
        let text = String::from_utf8_lossy(field.raw());
        let domain = tag(&text, "d").unwrap_or_default().to_ascii_lowercase();
        let covered = tag(&text, "h").unwrap_or_default();
        let covers = |name: &&str| {
            let mut names = covered.split(':').map(str::trim);
            names.any(|other| other.eq_ignore_ascii_case(name))
        };
        passed.contains(&domain) && COVERED.iter().all(covers)
    })
}

/// Returns the value of a tag (RFC 6376 §3.2).
fn tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let (_, value) = tags.find(|(other, _)| other.trim() == name)?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_taken_apart() {
        for (url, parts) in [
            (
                "https://shop.example/leave?u=1&v=2#x",
                Some(("shop.example", 443, "/leave?u=1&v=2")),
            ),
            ("https://shop.example", Some(("shop.example", 443, "/"))),
            (
                "https://例子.测试:8443/a b",
                Some(("xn--fsqu00a.xn--0zwm56d", 8443, "/a%20b")),
            ),
            ("http://shop.example/leave", None),
            ("mailto:leave@shop.example", None),
            ("https://", None),
        ] {
            let parsed = OneClick::parse(url);
            let parsed = parsed
                .as_ref()
                .map(|one| (&*one.host, one.port, &*one.target));
            assert_eq!(parsed, parts, "{url}");
        }
    }

    #[test]
    fn only_a_valid_signature_over_both_fields_counts() {
        let signed = |signature: &str, passed: &[&str]| {
            let header = format!("From: a@shop.example\r\n{signature}\r\n\r\n");
            let passed: Vec<String> = passed.iter().map(|domain| (*domain).to_owned()).collect();
            is_signed_by(&Headers::parse(header.as_bytes()).unwrap(), &passed)
        };
        let both = "DKIM-Signature: v=1; a=rsa-sha256; d=Shop.example; s=x;\r\n\
                    \th=From : Subject:List-Unsubscribe:\r\n\tlist-unsubscribe-post; bh=a=; b=b==";
        assert!(signed(both, &["shop.example"]));
        assert!(signed(both, &["mailer.example", "shop.example"]));
        assert!(!signed(both, &["mailer.example"]));
        assert!(!signed(both, &[]));
        let one = "DKIM-Signature: v=1; d=shop.example; h=from:list-unsubscribe; b=x";
        assert!(!signed(one, &["shop.example"]));
        assert!(!signed("DKIM-Signature: nothing", &["shop.example", ""]));
        assert!(!signed("Subject: no signature", &["shop.example"]));
    }
}
