//! Authentication-Results (RFC 8601): what the receiving server found out about the sender.
//!
//! Anyone can write such a field into a message. [`verdict`] finds the ones that the reader's own
//! server wrote. ARC-Authentication-Results (RFC 8617) are not used.

mod parse;
mod received;

pub use parse::{AuthResults, MethodResult, Outcome, Property};

use std::net::IpAddr;

use crate::header::{Field, Headers};
use received::Hop;

/// Maximum number of fields that are merged.
const FIELDS_MAX: usize = 20;

/// The results of the reader's own server for one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Authentication {
    /// The service that authenticated the message; empty if it gave no name.
    pub authserv_id: String,
    /// The result of SPF (RFC 7208); `None` if the server did not check.
    pub spf: Option<Spf>,
    /// The results of DKIM (RFC 6376); `None` if the server did not check.
    pub dkim: Option<Dkim>,
    /// The result of DMARC (RFC 7489); `None` if the server did not check.
    pub dmarc: Option<Dmarc>,
    /// The domain of the author, lower case, as A-labels; `None` without exactly one author who has
    /// a valid address.
    pub from_domain: Option<String>,
    /// Whether a domain that passed SPF, DKIM or DMARC is the author's domain or a parent of it.
    /// Only then do the results say anything about the author who is shown.
    pub is_aligned: bool,
}

/// The result of SPF.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spf {
    /// The result.
    pub outcome: Outcome,
    /// The domain of the envelope sender, or of HELO if that was empty, lower case.
    pub domain: Option<String>,
}

/// The results of DKIM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dkim {
    /// [`Outcome::Pass`] if any signature passed, else the result of the first.
    pub outcome: Outcome,
    /// The domains whose signatures passed, lower case, each once.
    pub passed_domains: Vec<String>,
}

/// The result of DMARC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dmarc {
    /// The result.
    pub outcome: Outcome,
    /// The domain of the author that was checked, lower case.
    pub from_domain: Option<String>,
}

/// Merges the results that the reader's own server wrote into a header; `None` if there are none.
///
/// `trusted` decides by the authserv-id, in lower case, whether a field claims to be of the own
/// server; a field without an id asks for the empty one. [`Provider`] is a default. Servers of
/// one trust boundary (RFC 8601 §1.2) remove fields that come in with their id (§5). Not all do, so
/// the position counts as well (§7.1). Fields are added at the top, one block by each host:
///
/// 1. The border is the first Received field from the top that names a peer outside: not one on a
///    private address, nor one that speaks LMTP. If there is none, the last Received field is the
///    border. Without a Received field no server wrote anything, and no field counts.
/// 2. The trusted fields above the border count. For each method the topmost field that has it
///    counts alone.
/// 3. If there is none, the topmost trusted field below the border counts: Gmail and Exchange write
///    theirs below their Received field. A forged one would be below theirs.
/// 4. No field counts that is below a Received field of a foreign host. A host is foreign if its
///    name has a public suffix, `trusted` does not hold for it, and its registrable domain is not
///    that of the field's authserv-id.
///
/// So a forged field counts only if the own server wrote none and did not remove it. If a proxy
/// hides the addresses of all peers from the own server, every hop looks as if it came from inside;
/// then a forged field can also add a method that the own server did not check.
pub fn verdict(headers: &Headers, trusted: &dyn Fn(&str) -> bool) -> Option<Authentication> {
    let fields = headers.fields();
    let border = fields
        .iter()
        .position(|field| is_received(field) && !Hop::parse(field).is_internal)
        .or_else(|| fields.iter().rposition(is_received))?;
    // The registrable domain of all hosts so far for which `trusted` does not hold.
    let mut other_domain: Option<String> = None;
    let mut merged: Vec<AuthResults> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let is_below = index > border;
        if merged.len() >= FIELDS_MAX || (is_below && !merged.is_empty()) {
            break;
        }
        if is_received(field) {
            let by = Hop::parse(field).by;
            if let Some(by) = by.filter(|by| is_public_name(by) && !trusted(by)) {
                let domain = registrable(&by);
                if other_domain.as_deref().is_some_and(|other| other != domain) {
                    break;
                }
                other_domain = Some(domain.to_owned());
            }
        } else if field.name().eq_ignore_ascii_case("Authentication-Results") {
            let results = AuthResults::parse(field.raw());
            let domain = registrable(&results.authserv_id);
            if results.version == 1
                && trusted(&results.authserv_id)
                && other_domain.as_deref().is_none_or(|other| other == domain)
            {
                merged.push(results);
            }
        }
    }
    let authserv_id = merged.first()?.authserv_id.clone();
    Some(Authentication::new(
        authserv_id,
        &merged,
        from_domain(headers),
    ))
}

/// The reader's mail provider, as far as it is known without a configuration: a default for
/// `trusted` of [`verdict`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The registrable domain of the host that mail is fetched from.
    incoming_domain: String,
    /// The registrable domain of the host that delivered the message.
    delivering_domain: Option<String>,
}

impl Provider {
    /// Finds the provider of a message by the host of the IMAP or POP3 server, and by the topmost
    /// host of the public DNS in the Received fields.
    pub fn of(headers: &Headers, incoming_host: &str) -> Self {
        let received = headers.fields().iter().filter(|field| is_received(field));
        let delivered_by = received
            .filter_map(|field| Hop::parse(field).by)
            .find(|by| is_public_name(by));
        Self {
            incoming_domain: registrable(&incoming_host.to_lowercase()).to_owned(),
            delivering_domain: delivered_by.map(|by| registrable(&by).to_owned()),
        }
    }

    /// Whether an authserv-id is the provider's: its registrable domain (Public Suffix List) is
    /// that of one of the two hosts. An empty id is accepted only from Exchange Online, which
    /// writes none.
    pub fn is_own(&self, authserv_id: &str) -> bool {
        let delivering_domain = self.delivering_domain.as_deref();
        if authserv_id.is_empty() {
            return delivering_domain == Some("outlook.com");
        }
        let id = authserv_id.to_lowercase();
        let domain = registrable(&id);
        domain == self.incoming_domain || delivering_domain == Some(domain)
    }
}

impl Authentication {
    fn new(authserv_id: String, fields: &[AuthResults], from_domain: Option<String>) -> Self {
        let spf = results_of(fields, "spf");
        let dkim = results_of(fields, "dkim");
        let dmarc = results_of(fields, "dmarc");
        let mut out = Self {
            authserv_id,
            spf: spf_of(&spf),
            dkim: dkim_of(&dkim),
            dmarc: dmarc.first().map(|result| Dmarc {
                outcome: result.outcome,
                from_domain: result.property("header", "from").and_then(domain_of),
            }),
            from_domain,
            is_aligned: false,
        };
        let from = out.from_domain.as_deref();
        let is_aligned =
            from.is_some_and(|from| out.passed_domains().any(|domain| covers(domain, from)));
        out.is_aligned = is_aligned;
        out
    }

    fn passed_domains(&self) -> impl Iterator<Item = &str> {
        let passed = |outcome: Outcome| outcome == Outcome::Pass;
        let spf = self.spf.as_ref().filter(|spf| passed(spf.outcome));
        let dmarc = self.dmarc.as_ref().filter(|dmarc| passed(dmarc.outcome));
        let dkim = self.dkim.iter().flat_map(|dkim| &dkim.passed_domains);
        dkim.chain(spf.and_then(|spf| spf.domain.as_ref()))
            .chain(dmarc.and_then(|dmarc| dmarc.from_domain.as_ref()))
            .map(String::as_str)
    }
}

/// Returns the results of a method from the topmost field that has any.
fn results_of<'f>(fields: &'f [AuthResults], method: &str) -> Vec<&'f MethodResult> {
    let of_field = |field: &'f AuthResults| -> Vec<_> {
        let results = field.results.iter();
        results.filter(|result| result.method == method).collect()
    };
    let mut found = fields.iter().map(of_field);
    found
        .find(|results| !results.is_empty())
        .unwrap_or_default()
}

fn spf_of(results: &[&MethodResult]) -> Option<Spf> {
    let of_sender = results
        .iter()
        .find(|result| result.property("smtp", "mailfrom").is_some());
    let result = of_sender.or(results.first())?;
    let domain = ["mailfrom", "helo"]
        .iter()
        .find_map(|name| result.property("smtp", name).and_then(domain_of));
    Some(Spf {
        outcome: result.outcome,
        domain,
    })
}

fn dkim_of(results: &[&MethodResult]) -> Option<Dkim> {
    let first = results.first()?;
    let mut passed_domains = Vec::new();
    let mut outcome = first.outcome;
    for result in results {
        if result.outcome == Outcome::Pass {
            outcome = Outcome::Pass;
            let domain = ["d", "i"]
                .iter()
                .find_map(|name| result.property("header", name).and_then(domain_of));
            passed_domains.extend(domain.filter(|domain| !passed_domains.contains(domain)));
        }
    }
    Some(Dkim {
        outcome,
        passed_domains,
    })
}

/// Returns the domain of a property, an address or a domain, as A-labels.
fn domain_of(value: &str) -> Option<String> {
    let domain = value.rsplit('@').next()?.trim_matches(['<', '>', '.']);
    let ascii = idna::domain_to_ascii(domain).ok()?;
    // Exchange Online writes `header.d=none`.
    (ascii.contains('.') && !ascii.starts_with('.')).then_some(ascii)
}

fn from_domain(headers: &Headers) -> Option<String> {
    let authors = headers.from();
    let [author] = authors.as_slice() else {
        return None;
    };
    let address = author.envelope().ok()?;
    Some(address.domain().to_ascii_lowercase())
}

/// Whether a domain is another one or a parent of it that is no public suffix.
fn covers(domain: &str, other: &str) -> bool {
    let is_parent = |rest: &str| rest.ends_with('.') && psl::domain_str(domain).is_some();
    other
        .strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || is_parent(rest))
}

/// Returns the registrable domain of a host by the Public Suffix List; the name itself if it has
/// none, such as an IP address.
fn registrable(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    match psl::domain_str(host) {
        Some(domain) if host.parse::<IpAddr>().is_err() => domain,
        _ => host,
    }
}

/// Whether a host has a name of the public DNS, other than `localhost` and `mx.internal`.
fn is_public_name(host: &str) -> bool {
    psl::domain(host.as_bytes()).is_some_and(|domain| domain.suffix().is_known())
}

fn is_received(field: &Field) -> bool {
    field.name().eq_ignore_ascii_case("Received")
}

#[cfg(test)]
mod tests;
