//! The hosts that a Received field names (RFC 5321 §4.4).

use std::net::{IpAddr, SocketAddr};

use crate::charset;
use crate::header::Field;
use crate::structured::split;

/// What a Received field tells about the hop from one host to the next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// The host that received the message and wrote the field, lower case.
    pub(super) by: Option<String>,
    /// Whether the message came from the same machine or network: the field names no peer, or only
    /// peers with a private address, or LMTP without an address.
    pub(super) is_internal: bool,
}

impl Hop {
    /// Parses a Received field.
    ///
    /// The peer chooses its name of HELO, and some servers write it with spaces; the host that
    /// wrote the field is the one after the last `by`. Any public address before that counts as the
    /// peer's.
    pub(super) fn parse(field: &Field) -> Self {
        let text = charset::decode(field.raw(), None);
        let (mut at, mut by_at) = (0, None);
        let mut by = None;
        let mut with = None;
        let mut has_peer = false;
        let mut last = "";
        for piece in split(&text, |c| c.is_ascii_whitespace() || c == ';') {
            let start = at;
            at += piece.len() + 1;
            // A comment may stand next to a word.
            let word = piece.split('(').next().unwrap_or_default();
            if word.is_empty() {
                continue;
            }
            match last {
                "by" => (by, with) = (Some(word), None),
                "with" => with = with.or(Some(word)),
                _ => {}
            }
            last = ["by", "with", "from"]
                .into_iter()
                .find(|keyword| word.eq_ignore_ascii_case(keyword))
                .unwrap_or_default();
            has_peer |= last == "from";
            if last == "by" {
                by_at = Some(start);
            }
        }
        let peer = text.get(..by_at.unwrap_or(text.len())).unwrap_or_default();
        let mut addresses = ip_addresses(peer).peekable();
        let is_lmtp = with.is_some_and(|with| with.to_ascii_uppercase().starts_with("LMTP"));
        let has_private_peer = (is_lmtp || addresses.peek().is_some()) && addresses.all(is_private);
        Self {
            by: by
                .map(|by| by.trim_end_matches('.').to_lowercase())
                .filter(|by| !by.is_empty()),
            is_internal: !has_peer || has_private_peer,
        }
    }
}

/// Finds the IP addresses of a text, with or without brackets.
fn ip_addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    text.split(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':'))
        .filter_map(|word| {
            let word = word.trim_matches('.');
            // `IPv6:::1` is split after the v.
            let word = word.strip_prefix("6:").unwrap_or(word);
            let with_port = || word.parse().ok().map(|peer: SocketAddr| peer.ip());
            word.parse().ok().or_else(with_port)
        })
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
