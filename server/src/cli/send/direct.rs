//! `--direct`: delivers to the mail exchangers of each recipient's domain, as a mail server does
//! (RFC 5321 §5.1).
//!
//! TLS is used if the host offers it, without verifying its certificate: an active attacker could
//! also remove the offer (RFC 7435). Hosts are tried in order until one accepts the message or
//! refuses it permanently; a message that may have been delivered is never sent to another host.

use std::net::IpAddr;

use mail_net::resolve::{Lookup as _, LookupError, ResolveError, Resolver, mail_hosts};
use mail_net::{Dialer, Egress, Endpoint, Recorder, TlsMode, opportunistic};
use mail_proto::smtp::{EhloName, Error, Incompatibility};
use tokio_util::sync::CancellationToken;

use super::message::Message;
use super::report::{RecipientReport, SendOutcome};
use super::submit::{in_transactions, run_transaction, stage_of};
use super::{SendArgs, not_sent_reports};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::server_url::EndpointDisplay;
use crate::clients::smtp::{Route, SmtpConnection};
use crate::clients::{ClientError, LinkError};

/// Maximum number of addresses tried for one domain.
const ADDRESSES_MAX: usize = 10;

/// Delivers to each domain in turn. The results are in the envelope's order.
pub(super) async fn deliver(
    args: &SendArgs,
    ehlo_name: Option<EhloName>,
    message: &Message,
    stop: &CancellationToken,
) -> Result<Vec<RecipientReport>, CliError> {
    let resolver = match args.resolver {
        Some(server) => Resolver::of_server(server),
        None => Resolver::of_this_machine(),
    };
    let resolver = resolver.map_err(|error| {
        CliError::new(
            Exit::Temporary,
            format!("Names cannot be looked up: {error}."),
            "",
        )
    })?;
    let config = opportunistic::client_config()
        .map_err(|error| CliError::new(Exit::Software, format!("{error}."), ""))?;
    let delivery = DirectDelivery {
        resolver,
        dialer: Dialer::new(Egress::unrestricted(), config),
        port: args.mx_port,
        ehlo_name,
        message,
        stop,
    };
    let all = message.recipients();
    let mut results = Vec::new();
    for (domain, recipients) in by_domain(&all) {
        let reports = in_transactions(recipients, async |recipients| {
            delivery.deliver_to(&domain, &recipients).await
        });
        results.extend(reports.await?);
    }
    results.sort_by_key(|result| all.iter().position(|address| *address == result.address));
    Ok(results)
}

/// Groups the recipients by domain, in the order in which the domains first occur.
fn by_domain(recipients: &[String]) -> Vec<(String, Vec<String>)> {
    let mut domains: Vec<(String, Vec<String>)> = Vec::new();
    for address in recipients {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let domain = domain.to_ascii_lowercase();
        match domains.iter_mut().find(|(known, _)| *known == domain) {
            Some((_, addresses)) => addresses.push(address.clone()),
            None => domains.push((domain, vec![address.clone()])),
        }
    }
    domains
}

struct DirectDelivery<'a> {
    resolver: Resolver,
    dialer: Dialer,
    port: u16,
    ehlo_name: Option<EhloName>,
    message: &'a Message,
    stop: &'a CancellationToken,
}

impl DirectDelivery<'_> {
    async fn deliver_to(
        &self,
        domain: &str,
        recipients: &[String],
    ) -> Result<Vec<RecipientReport>, CliError> {
        let hosts = tokio::select! {
            hosts = self.hosts(domain) => hosts,
            () = self.stop.cancelled() => Err(CliError::interrupted()),
        };
        let hosts = match hosts {
            Ok(hosts) => hosts,
            Err(error) => return Ok(not_sent_reports(recipients, &error, domain)),
        };
        let mut last = Vec::new();
        let mut remaining = ADDRESSES_MAX;
        for host in hosts {
            if remaining == 0 {
                break;
            }
            let addresses = match self.addresses(&host).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    if last.is_empty() {
                        last = not_sent_reports(recipients, &error, &host);
                    }
                    continue;
                }
            };
            for address in addresses.into_iter().take(remaining) {
                remaining = remaining.saturating_sub(1);
                last = self.try_host(&host, address, recipients).await?;
                if is_final(&last) || self.stop.is_cancelled() {
                    return Ok(last);
                }
            }
        }
        Ok(last)
    }

    async fn hosts(&self, domain: &str) -> Result<Vec<String>, CliError> {
        if literal(domain).is_some() {
            return Ok(vec![domain.to_owned()]);
        }
        let entropy = getrandom::u64().map_err(|error| {
            CliError::new(Exit::Software, format!("No random numbers: {error}."), "")
        })?;
        let hosts = mail_hosts(&self.resolver, domain, entropy).await;
        hosts.map_err(|error| match error {
            ResolveError::NullMx => CliError::new(
                Exit::Refused,
                format!("{domain} takes no mail (null MX)."),
                "",
            ),
            ResolveError::NoSuchDomain => CliError::new(
                Exit::Refused,
                format!("There is no domain {domain}."),
                "Check the part after the @.",
            ),
            error => lookup_error(domain, &error.to_string()),
        })
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, CliError> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let addresses = tokio::select! {
            addresses = self.resolver.addresses(host) => addresses,
            () = self.stop.cancelled() => return Err(CliError::interrupted()),
        };
        addresses.map_err(|error| match error {
            LookupError::NoSuchName | LookupError::NoRecords => CliError::new(
                Exit::Refused,
                format!("The mail host {host} has no address."),
                "Check the part after the @.",
            ),
            error => lookup_error(host, &error.to_string()),
        })
    }

    async fn try_host(
        &self,
        host: &str,
        address: IpAddr,
        recipients: &[String],
    ) -> Result<Vec<RecipientReport>, CliError> {
        let endpoint = |tls| Endpoint {
            host: address.to_string(),
            port: self.port,
            tls,
        };
        let server = format!("{host} ({})", EndpointDisplay(&endpoint(TlsMode::StartTls)));
        let opened = tokio::select! {
            opened = self.open(host, endpoint) => opened.map_err(|e| (stage_of(&e), e.into())),
            () = self.stop.cancelled() => Err((None, CliError::interrupted())),
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err((stage, error)) => {
                let mut reports = not_sent_reports(recipients, &error, &server);
                reports.iter_mut().for_each(|report| report.stage = stage);
                return Ok(reports);
            }
        };
        let message = self.message;
        let result =
            run_transaction(&mut connection, &server, message, recipients, self.stop).await?;
        if result.can_quit {
            connection.quit().await;
        }
        Ok(result.reports)
    }

    /// Opens a connection with TLS; without TLS if the host does not offer it or TLS fails.
    async fn open(
        &self,
        host: &str,
        endpoint: impl Fn(TlsMode) -> Endpoint,
    ) -> Result<SmtpConnection, ClientError> {
        let connect = |tls| {
            let tls_name = match literal(host) {
                Some(address) => address.to_string(),
                None => host.to_owned(),
            };
            let route = Route {
                endpoint: endpoint(tls),
                tls_name,
                ehlo_name: self.ehlo_name.clone(),
                transcript: Recorder::new(0),
                secrets: None,
            };
            SmtpConnection::connect(&self.dialer, route)
        };
        match connect(TlsMode::StartTls).await {
            // STARTTLS is offered, but temporarily unavailable (RFC 3207 §4).
            Err(ClientError::Refused { reply, .. }) if reply.code == Some(454) => {
                connect(TlsMode::Plain).await
            }
            Err(ClientError::Link {
                error:
                    LinkError::Tls(_)
                    | LinkError::Smtp(Error::PeerIncompatible(Incompatibility::StartTlsNotOffered)),
                ..
            }) => connect(TlsMode::Plain).await,
            other => other,
        }
    }
}

/// Returns whether no other host may or need be tried: a recipient was accepted, may have been
/// accepted, or was refused permanently by a reply.
fn is_final(results: &[RecipientReport]) -> bool {
    results.iter().any(|result| match result.outcome {
        SendOutcome::Accepted | SendOutcome::Unknown => true,
        SendOutcome::Refused => result.code.is_some(),
        // A file that cannot be read also fails for the next host.
        SendOutcome::NotSent => matches!(result.exit, Exit::NoInput | Exit::InputOutput),
        SendOutcome::Deferred => false,
    })
}

/// Parses an address literal: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
fn literal(domain: &str) -> Option<IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner.get(5..)?.parse().ok(),
        _ => inner.parse().ok(),
    }
}

fn lookup_error(name: &str, why: &str) -> CliError {
    CliError::new(
        Exit::Temporary,
        format!("{name} cannot be looked up: {why}."),
        "Try again in a few minutes.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_grouped_by_domain_ignoring_case() {
        let all = ["a@x.example", "b@y.example", "c@X.Example"].map(str::to_owned);
        let domains = by_domain(&all);
        assert_eq!(domains.len(), 2);
        assert_eq!(domains[0].0, "x.example");
        assert_eq!(domains[0].1, ["a@x.example", "c@X.Example"]);
    }

    #[test]
    fn rfc5321_4_1_3_address_literals_are_addresses() {
        assert_eq!(literal("[192.0.2.1]"), Some([192, 0, 2, 1].into()));
        assert_eq!(literal("[IPv6:::1]"), "::1".parse().ok());
        assert_eq!(literal("192.0.2.1"), None);
    }
}
