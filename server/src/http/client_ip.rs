//! Whose request it is: the peer, or whom a trusted proxy says it forwards for.

use std::net::IpAddr;
use std::sync::Once;

use http::HeaderMap;

use crate::config::Peer;

/// Who connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connected {
    /// A peer on the network.
    Ip(IpAddr),
    /// A peer on the Unix socket.
    Unix,
}

/// The address to count failures by: `None` where it cannot be known.
///
/// From a listed peer the rightmost address of `X-Forwarded-For` that is not itself a listed peer.
/// From a peer that is not listed the header may be forged, or the operator forgot to list the
/// proxy; either way the peer's own address would be everybody's, so none is returned.
pub(super) fn client_ip(peer: Connected, headers: &HeaderMap, trusted: &[Peer]) -> Option<IpAddr> {
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let is_listed = match peer {
        Connected::Ip(ip) => trusted.iter().any(|p| p.contains(ip)),
        Connected::Unix => trusted.contains(&Peer::Unix),
    };
    match (peer, is_listed, forwarded.is_empty()) {
        (Connected::Ip(ip), _, true) => Some(ip.to_canonical()),
        (Connected::Unix, _, true) => None,
        (_, false, false) => {
            // Once: whoever forges the header shall not fill the log as well.
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(
                    ?peer,
                    "X-Forwarded-For from a peer that is not in trusted_proxies: its requests are \
                     not limited by address"
                );
            });
            None
        }
        (_, true, false) => {
            for text in forwarded.iter().rev() {
                // What a trusted proxy wrote is an address; anything else was sent to it.
                let ip = parse(text)?;
                if !trusted.iter().any(|p| p.contains(ip)) {
                    return Some(ip);
                }
            }
            None
        }
    }
}

/// An address, with or without a port.
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

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> Option<String> {
        let peer = match peer {
            "unix" => Connected::Unix,
            ip => Connected::Ip(ip.parse().unwrap()),
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Peer> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        client_ip(peer, &headers, &trusted).map(|ip| ip.to_string())
    }

    #[test]
    fn the_rightmost_hop_that_is_not_trusted_counts() {
        let proxies = &["10.0.0.0/8", "unix"];
        let seen = from("10.0.0.1", &["6.6.6.6, 203.0.113.5, 10.0.0.9"], proxies);
        assert_eq!(seen.as_deref(), Some("203.0.113.5"));
        let seen = from("10.0.0.1", &["6.6.6.6", "203.0.113.5:4444"], proxies);
        assert_eq!(seen.as_deref(), Some("203.0.113.5"));
        assert_eq!(
            from("unix", &["[2001:db8::1]:5"], proxies).as_deref(),
            Some("2001:db8::1")
        );
    }

    #[test]
    fn a_header_from_a_peer_that_is_not_listed_leaves_no_address() {
        assert_eq!(
            from("198.51.100.7", &["203.0.113.5"], &["10.0.0.0/8"]),
            None
        );
        assert_eq!(from("unix", &["203.0.113.5"], &[]), None);
    }

    #[test]
    fn without_the_header_the_peer_counts() {
        assert_eq!(
            from("198.51.100.7", &[], &[]).as_deref(),
            Some("198.51.100.7")
        );
        assert_eq!(
            from("::ffff:198.51.100.7", &[], &[]).as_deref(),
            Some("198.51.100.7")
        );
        assert_eq!(from("unix", &[], &["unix"]), None);
    }

    #[test]
    fn words_in_the_place_of_an_address_are_not_skipped() {
        assert_eq!(
            from("10.0.0.1", &["203.0.113.5, unknown"], &["10.0.0.0/8"]),
            None
        );
    }
}
