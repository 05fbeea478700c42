//! Determines the client's address: the peer, or the client that a trusted proxy forwards for.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Once;

use http::HeaderMap;

use crate::config::Peer;

/// Maximum number of hops of `X-Forwarded-For` that are examined, nearest first.
const HOPS_MAX: usize = 32;
/// The address that stands for a peer on the Unix socket: no client can have it.
const UNIX_PEER: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// The peer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connected {
    /// A peer on the network.
    Ip(IpAddr),
    /// A peer on the Unix socket.
    Unix,
}

/// Returns the address that limits count by.
///
/// For a listed peer it is the rightmost address of `X-Forwarded-For` that is not itself a listed
/// peer. If there is none, it is the farthest valid hop: no trusted proxy wrote what stands before
/// it. The header of a peer that is not listed may be forged, so it is ignored and the peer itself
/// is counted: all users behind a proxy that the operator did not list share one limit. At most 32
/// hops are examined.
pub(super) fn client_ip(peer: Connected, headers: &HeaderMap, trusted: &[Peer]) -> IpAddr {
    let (mut nearest, is_listed) = match peer {
        Connected::Ip(ip) => (ip.to_canonical(), is_trusted(ip, trusted)),
        Connected::Unix => (UNIX_PEER, trusted.contains(&Peer::Unix)),
    };
    let values = headers.get_all("x-forwarded-for");
    if !is_listed {
        if values.iter().next().is_some() {
            warn_once(peer);
        }
        return nearest;
    }
    let lines = values.iter().rev().filter_map(|value| value.to_str().ok());
    let hops = lines.flat_map(|line| line.rsplit(','));
    for hop in hops.map(str::trim).take(HOPS_MAX) {
        // A trusted proxy writes only addresses; any other text was sent to it.
        let Some(ip) = parse(hop) else { break };
        nearest = ip;
        if !is_trusted(ip, trusted) {
            break;
        }
    }
    nearest
}

fn is_trusted(ip: IpAddr, trusted: &[Peer]) -> bool {
    trusted.iter().any(|peer| peer.contains(ip))
}

/// Warns once per process, so that forged headers cannot fill the log.
fn warn_once(peer: Connected) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            ?peer,
            "X-Forwarded-For of a peer that is not in trusted_proxies is ignored. If this peer is \
             your proxy, list it: until then all of its users share the limits of one address"
        );
    });
}

/// Parses an address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let ip = bare
        .parse()
        .ok()
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let peer = match peer {
            "unix" => Connected::Unix,
            ip => Connected::Ip(ip.parse().unwrap()),
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Peer> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        client_ip(peer, &headers, &trusted).to_string()
    }

    #[test]
    fn the_rightmost_hop_that_is_not_trusted_counts() {
        let proxies = &["10.0.0.0/8", "unix"];
        let seen = from("10.0.0.1", &["6.6.6.6, 203.0.113.5, 10.0.0.9"], proxies);
        assert_eq!(seen, "203.0.113.5");
        let seen = from("10.0.0.1", &["6.6.6.6", "203.0.113.5:4444"], proxies);
        assert_eq!(seen, "203.0.113.5");
        assert_eq!(from("unix", &["[2001:db8::1]:5"], proxies), "2001:db8::1");
    }

    #[test]
    fn the_header_of_a_peer_that_is_not_listed_is_ignored() {
        let trusted = &["10.0.0.0/8"];
        assert_eq!(
            from("198.51.100.7", &["203.0.113.5"], trusted),
            "198.51.100.7"
        );
        assert_eq!(from("unix", &["203.0.113.5"], &[]), "::");
    }

    #[test]
    fn without_the_header_the_peer_counts() {
        assert_eq!(from("198.51.100.7", &[], &[]), "198.51.100.7");
        assert_eq!(from("::ffff:198.51.100.7", &[], &[]), "198.51.100.7");
        assert_eq!(from("unix", &[], &["unix"]), "::");
    }

    #[test]
    fn invalid_hop_is_not_skipped() {
        let trusted = &["10.0.0.0/8"];
        let seen = from("10.0.0.1", &["203.0.113.5, unknown"], trusted);
        assert_eq!(seen, "10.0.0.1");
        let seen = from("10.0.0.1", &["203.0.113.5, x, 10.0.0.2"], trusted);
        assert_eq!(seen, "10.0.0.2");
        assert_eq!(from("10.0.0.1", &[""], trusted), "10.0.0.1");
    }

    #[test]
    fn only_the_nearest_hops_of_a_long_chain_count() {
        let chain = format!("203.0.113.5{}", ", 10.0.0.9".repeat(5000));
        assert_eq!(from("10.0.0.1", &[&chain], &["10.0.0.0/8"]), "10.0.0.9");
        let chain = format!("203.0.113.5{}", ", 10.0.0.9".repeat(HOPS_MAX - 1));
        assert_eq!(from("10.0.0.1", &[&chain], &["10.0.0.0/8"]), "203.0.113.5");
    }
}
