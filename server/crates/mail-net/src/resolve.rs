//! Finds the mail exchangers of a domain, for delivery without a submission server (RFC 5321 §5.1,
//! RFC 7505).
//!
//! CNAME records are followed only to find addresses: the domain of a recipient and the name of a
//! host are never replaced by the target of a CNAME.

use std::cmp::Reverse;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// Maximum number of mail exchangers that are considered per domain.
const EXCHANGERS_MAX: usize = 32;

/// One MX record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailExchanger {
    /// The lowest value is tried first.
    pub preference: u16,
    /// The host without the trailing dot; empty for the root, which is not a host.
    pub name: String,
}

/// The DNS queries that delivery needs.
pub trait Lookup {
    /// The MX records of a domain, in any order.
    fn mail_exchangers(
        &self,
        domain: &str,
    ) -> impl Future<Output = Result<Vec<MailExchanger>, LookupError>> + Send;

    /// The addresses of a host, in the order in which to try them.
    fn addresses(
        &self,
        host: &str,
    ) -> impl Future<Output = Result<Vec<IpAddr>, LookupError>> + Send;
}

/// Why a DNS query has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name.
    #[error("there is no such name")]
    NoSuchName,
    /// The name has no records of this kind.
    #[error("the name has no such records")]
    NoRecords,
    /// No name server answered. A retry may succeed.
    #[error("no answer from a name server: {0}")]
    NoResponse(String),
}

/// Why the mail hosts of a domain are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The domain accepts no mail (RFC 7505).
    #[error("the domain takes no mail")]
    NullMx,
    /// There is no such domain.
    #[error("there is no such domain")]
    NoSuchDomain,
    /// No name server answered. A retry may succeed.
    #[error("no answer from a name server: {0}")]
    NoResponse(String),
}

/// Returns the hosts that accept mail for a domain, in the order in which to try them.
///
/// A domain without MX records is its own host (RFC 5321 §5.1). Hosts of equal preference are
/// shuffled by `entropy`, so that senders spread over them.
///
/// # Errors
/// [`ResolveError`]. A failing name server is never treated as a domain without MX records: the
/// message would go to a host that the domain did not name.
pub async fn mail_hosts(
    lookup: &impl Lookup,
    domain: &str,
    entropy: u64,
) -> Result<Vec<String>, ResolveError> {
    let mut exchangers = match lookup.mail_exchangers(domain).await {
        Ok(exchangers) => exchangers,
        Err(LookupError::NoRecords) => Vec::new(),
        Err(LookupError::NoSuchName) => return Err(ResolveError::NoSuchDomain),
        Err(LookupError::NoResponse(why)) => return Err(ResolveError::NoResponse(why)),
    };
    if exchangers.is_empty() {
        return Ok(vec![domain.to_owned()]);
    }
    // A null MX beside other records is ignored (RFC 7505 §3).
    exchangers.retain(|exchanger| !exchanger.name.is_empty());
    if exchangers.is_empty() {
        return Err(ResolveError::NullMx);
    }
    let mut state = entropy;
    exchangers.sort_by_cached_key(|exchanger| (exchanger.preference, Reverse(shuffle(&mut state))));
    exchangers.truncate(EXCHANGERS_MAX);
    Ok(exchangers.into_iter().map(|mx| mx.name).collect())
}

/// `SplitMix64`: derives one random number per host from one seed.
const fn shuffle(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A [`Lookup`] that queries DNS name servers.
pub struct Resolver(TokioResolver);

impl Resolver {
    /// Uses the name servers and the hosts file of this machine.
    ///
    /// # Errors
    /// The system configuration cannot be read.
    pub fn of_this_machine() -> Result<Self, LookupError> {
        let builder = TokioResolver::builder_tokio().map_err(|error| no_response(&error))?;
        builder
            .build()
            .map(Self)
            .map_err(|error| no_response(&error))
    }

    /// Uses one name server, and no hosts file.
    ///
    /// # Errors
    /// The resolver cannot be built.
    pub fn of_server(server: SocketAddr) -> Result<Self, LookupError> {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        let servers = vec![NameServerConfig::new(
            server.ip(),
            true,
            connections.to_vec(),
        )];
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut options = ResolverOpts::default();
        options.use_hosts_file = ResolveHosts::Never;
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map(Self)
            .map_err(|error| no_response(&error))
    }
}

impl Lookup for Resolver {
    async fn mail_exchangers(&self, domain: &str) -> Result<Vec<MailExchanger>, LookupError> {
        let lookup = self.0.lookup(absolute(domain)?, RecordType::MX).await;
        let lookup = lookup.map_err(|error| classify(&error))?;
        let records = lookup.answers().iter().filter_map(|record| {
            let RData::MX(mx) = &record.data else {
                return None;
            };
            Some(MailExchanger {
                preference: mx.preference,
                name: mx.exchange.to_ascii().trim_end_matches('.').to_owned(),
            })
        });
        Ok(records.collect())
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        let lookup = self.0.lookup_ip(absolute(host)?).await;
        let addresses: Vec<IpAddr> = lookup.map_err(|error| classify(&error))?.iter().collect();
        if addresses.is_empty() {
            return Err(LookupError::NoRecords);
        }
        Ok(addresses)
    }
}

/// Parses a name as absolute: no search domain is appended.
fn absolute(name: &str) -> Result<Name, LookupError> {
    let mut name = Name::from_ascii(name).map_err(|_| LookupError::NoSuchName)?;
    name.set_fqdn(true);
    Ok(name)
}

fn classify(error: &NetError) -> LookupError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => LookupError::NoSuchName,
            ResponseCode::NoError => LookupError::NoRecords,
            _ => no_response(error),
        },
        _ => no_response(error),
    }
}

fn no_response(error: &NetError) -> LookupError {
    LookupError::NoResponse(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A domain with these MX records.
    struct Zone(Result<Vec<MailExchanger>, LookupError>);

    impl Lookup for Zone {
        async fn mail_exchangers(&self, _: &str) -> Result<Vec<MailExchanger>, LookupError> {
            self.0.clone()
        }

        async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, LookupError> {
            Err(LookupError::NoRecords)
        }
    }

    fn zone(records: &[(u16, &str)]) -> Zone {
        let records = records.iter().map(|(preference, name)| MailExchanger {
            preference: *preference,
            name: (*name).to_owned(),
        });
        Zone(Ok(records.collect()))
    }

    async fn hosts(zone: &Zone, entropy: u64) -> Result<Vec<String>, ResolveError> {
        mail_hosts(zone, "example.org", entropy).await
    }

    // docs/protocols.md, SMTP: direct delivery
    #[tokio::test]
    async fn rfc5321_5_1_the_lowest_preference_is_tried_first() {
        let zone = zone(&[(20, "b"), (5, "a"), (300, "c")]);
        for entropy in 0..16 {
            assert_eq!(hosts(&zone, entropy).await.unwrap(), ["a", "b", "c"]);
        }
    }

    // docs/protocols.md, SMTP: direct delivery
    #[tokio::test]
    async fn rfc5321_5_1_hosts_of_equal_preference_are_shuffled() {
        let zone = zone(&[(10, "b"), (10, "c"), (5, "a"), (10, "d")]);
        let mut seen = BTreeSet::new();
        for entropy in 0..64 {
            let order = hosts(&zone, entropy).await.unwrap();
            assert_eq!(order[0], "a");
            assert_eq!(order.len(), 4);
            seen.insert(order);
        }
        assert_eq!(seen.len(), 6, "every order of the three occurs: {seen:?}");
    }

    // docs/protocols.md, SMTP: direct delivery
    #[tokio::test]
    async fn rfc5321_5_1_a_domain_without_mx_is_its_own_host() {
        let zone = Zone(Err(LookupError::NoRecords));
        assert_eq!(hosts(&zone, 1).await.unwrap(), ["example.org"]);
    }

    // docs/protocols.md, SMTP: direct delivery
    #[tokio::test]
    async fn rfc7505_a_null_mx_is_refused_and_beside_others_ignored() {
        assert_eq!(hosts(&zone(&[(0, "")]), 1).await, Err(ResolveError::NullMx));
        assert_eq!(hosts(&zone(&[(0, ""), (9, "a")]), 1).await.unwrap(), ["a"]);
    }

    #[tokio::test]
    async fn failing_name_server_is_not_treated_as_a_domain_without_mx() {
        let zone = Zone(Err(LookupError::NoResponse("SERVFAIL".into())));
        assert!(matches!(
            hosts(&zone, 1).await,
            Err(ResolveError::NoResponse(_))
        ));
        let zone = Zone(Err(LookupError::NoSuchName));
        assert_eq!(hosts(&zone, 1).await, Err(ResolveError::NoSuchDomain));
    }
}
