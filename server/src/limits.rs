//! Limits of connections, requests, event streams and sessions.
//!
//! | resource | limit | beyond the limit |
//! |---|---|---|
//! | connections in all | [`Room::connections`], from the descriptor limit | the server closes a stranger's connection, silent ones first; then a signed-in connection without a request; otherwise it answers the new one with 503 |
//! | connections of strangers from one address (IPv6: /64) | [`Room::anonymous_per_address`] | the server closes the oldest silent or idle one, else 503 |
//! | signed-in connections from one address | [`Room::signed_in_per_address`] | the connection counts as a stranger's |
//! | first request of a connection | [`FIRST_REQUEST_WITHIN`] | closed; 408 if a part of the request arrived |
//! | head of a later request, from its first byte | [`HEAD_WITHIN`] | 408, closed |
//! | connection without a request | [`KEEP_ALIVE`] | closed |
//! | size of a request head | [`HEAD_MAX_BYTES`] (HTTP/1), [`HEADER_LIST_MAX_BYTES`] (HTTP/2) | 431 |
//! | request body | [`BODY_PACE_BYTES`] per [`BODY_WITHIN`] of waiting | 408, closed |
//! | response | [`RESPONSE_PACE_BYTES`] per [`RESPONSE_WITHIN`] of waiting | cut off, closed |
//! | requests of one session at once | [`SESSION_REQUESTS`] | at most [`SESSION_WAITING`] requests wait for [`TURN_WITHIN`], then 429 |
//! | downloads of one session at once | [`SESSION_DOWNLOADS`] | as above |
//! | downloads in all | [`DOWNLOADS`] | requests wait for [`TURN_WITHIN`], then 503 |
//! | prepared SMTP connections, in all | [`PREPARED_CONNECTIONS`] | the connection is opened when the message is complete |
//! | accounts of one session | [`SESSION_ACCOUNTS`] | the next one is refused |
//! | event streams of one session | [`SESSION_STREAMS`] | the oldest gets the event `replaced` and ends |
//! | event streams in all | [`Room::streams`] | 503 |
//! | sessions of one account | `sessions_per_account` of the configuration | the least recently used one ends; its sign-in page shows the reason |
//! | sessions in all | [`Room::sessions`] | one without a request for [`SESSION_UNUSED_MS`] and without an open page ends, else 429 |
//!
//! Connections of trusted proxies and of the Unix socket serve many users: they count in all, but
//! not by address. A connection without a session is called a stranger's.

use std::time::Duration;

/// Timeout from the start of a connection to the end of its first request's head. Also limits the
/// detection of HTTP/2, whose preface may never be completed.
pub const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Timeout from the first byte of a later request's head to its end.
pub const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Time that a connection stays open without a request. Above the 60 s of nginx's upstream
/// connections: the side that sends requests should close first.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Maximum time for open requests after the process received the signal to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Maximum size of an HTTP/1 request head, and of the buffer of a response.
pub const HEAD_MAX_BYTES: usize = 64 << 10;
/// Maximum size of an HTTP/2 request head (`SETTINGS_MAX_HEADER_LIST_SIZE`).
pub const HEADER_LIST_MAX_BYTES: u32 = 16 << 10;
/// Maximum number of concurrent requests on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION: u32 = 64;
/// The HTTP/2 window of one request body.
pub const STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// The HTTP/2 window of all request bodies of a connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// Maximum buffer of one HTTP/2 response that waits for the peer's window.
pub const SEND_BUFFER_BYTES: usize = 64 << 10;
/// Interval between HTTP/2 PINGs.
pub const PING_EVERY: Duration = Duration::from_secs(30);
/// Timeout of the reply to an HTTP/2 PING.
pub const PING_WITHIN: Duration = Duration::from_secs(15);

/// Minimum number of request body bytes in each [`BODY_WITHIN`] of waiting.
pub const BODY_PACE_BYTES: u64 = 16 << 10;
/// Period of [`BODY_PACE_BYTES`]: together 0.8 KiB/s.
pub const BODY_WITHIN: Duration = Duration::from_secs(20);
/// Minimum number of response bytes that the peer takes in each [`RESPONSE_WITHIN`] of waiting.
pub const RESPONSE_PACE_BYTES: u64 = 64 << 10;
/// Period of [`RESPONSE_PACE_BYTES`]: together 2.1 KiB/s.
pub const RESPONSE_WITHIN: Duration = Duration::from_secs(30);
/// Maximum number of unsent response bytes in the system's send buffer. The server sees progress in
/// steps of this size.
pub const UNSENT_BYTES: u32 = 64 << 10;
/// Time that sent bytes may stay unacknowledged before the system closes the connection. Detects
/// dead peers with open event streams.
pub const UNACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Maximum number of sockets that the server is closing to free their place; beyond it, no
/// connection is accepted.
pub const CLOSING_CONNECTIONS: usize = 32;

/// Maximum number of concurrent requests of one session, without downloads and event streams.
pub const SESSION_REQUESTS: usize = 32;
/// Maximum number of concurrent downloads of one session: message parts and sources. Each holds up
/// to 2 MiB.
pub const SESSION_DOWNLOADS: usize = 4;
/// Maximum number of requests of one session that wait for its other requests to end.
pub const SESSION_WAITING: usize = 64;
/// Maximum number of concurrent downloads of all sessions.
pub const DOWNLOADS: usize = 64;
/// Maximum time that a request waits for its turn.
pub const TURN_WITHIN: Duration = Duration::from_secs(10);

/// Maximum number of SMTP connections, of all sessions, that are opened before their message is
/// complete.
pub const PREPARED_CONNECTIONS: usize = 64;

/// Maximum number of accounts of one session.
pub const SESSION_ACCOUNTS: usize = 16;

/// Maximum number of event streams of one session. A browser opens one, or one for each visible
/// tab.
pub const SESSION_STREAMS: usize = 8;

/// The default of `sessions_per_account`.
pub const SESSIONS_PER_ACCOUNT: usize = 16;
/// Time without a request after which a session may be ended for a new one of another account.
pub const SESSION_UNUSED_MS: i64 = 30 * 60 * 1000;
/// Maximum number of ended sessions whose reason is stored for their sign-in page.
pub const REPLACED_SESSIONS_MAX: usize = 1024;

/// Descriptors reserved for the database, spool files, the log and the listener.
const OWN_DESCRIPTORS: u64 = 96;
/// Maximum number of connections, independent of the descriptor limit.
const CONNECTIONS_MAX: u64 = 16 << 10;
const ANONYMOUS_PER_ADDRESS_MAX: usize = 256;
/// Maximum number of sessions, independent of the descriptor limit.
const SESSIONS_MAX: u64 = 16 << 10;

/// Limits derived from the number of descriptors that the process may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Connections in all.
    pub connections: usize,
    /// Connections without a session from one IPv4 address or IPv6 /64: a quarter, 256 at most.
    pub anonymous_per_address: usize,
    /// Signed-in connections from one address: half.
    pub signed_in_per_address: usize,
    /// Sessions in all.
    pub sessions: usize,
    /// Event streams in all.
    pub streams: usize,
}

impl Room {
    /// Computes the limits: a third of the descriptors for connections of browsers, a third for two
    /// mail connections per session, a third for sign-ins in progress, sending, and files.
    pub fn of(descriptors: u64) -> Self {
        let third = descriptors.saturating_sub(OWN_DESCRIPTORS) / 3;
        let at_most = |count: u64, max: u64| usize::try_from(count.clamp(8, max)).unwrap_or(8);
        let connections = at_most(third, CONNECTIONS_MAX);
        Self {
            connections,
            anonymous_per_address: (connections / 4).clamp(2, ANONYMOUS_PER_ADDRESS_MAX),
            signed_in_per_address: connections / 2,
            sessions: at_most(third / 2, SESSIONS_MAX),
            streams: connections,
        }
    }
}

/// Raises the soft descriptor limit to the hard limit, logs the derived limits and returns them.
pub fn raise_descriptors() -> Room {
    let descriptors = raise_soft_limit();
    let room = Room::of(descriptors);
    tracing::info!(
        descriptors,
        connections = room.connections,
        sessions = room.sessions,
        "limits that follow from the number of descriptors"
    );
    room
}

#[cfg(unix)]
fn raise_soft_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let new_limit = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, new_limit) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of descriptors could not be raised");
            limit.current
        }
    };
    // `None` means no limit.
    current.unwrap_or(u64::MAX)
}

/// Windows has no descriptor limit: it uses handles, of which a process may have millions.
#[cfg(not(unix))]
fn raise_soft_limit() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_mail_connections_fit_into_the_descriptors() {
        for descriptors in [256_u64, 1024, 4096, 20_000, 65_536, u64::MAX] {
            let room = Room::of(descriptors);
            let used = room.connections + 2 * room.sessions;
            let used = u64::try_from(used).unwrap();
            assert!(
                used + OWN_DESCRIPTORS <= descriptors,
                "{descriptors}: {room:?}"
            );
        }
        assert_eq!(
            Room::of(1024),
            Room {
                connections: 309,
                anonymous_per_address: 77,
                signed_in_per_address: 154,
                sessions: 154,
                streams: 309
            }
        );
        assert_eq!(Room::of(u64::MAX).sessions, 16 << 10);
    }

    #[test]
    fn a_process_with_few_descriptors_still_serves() {
        assert_eq!(Room::of(16).connections, 8);
        assert_eq!(Room::of(0).sessions, 8);
    }
}
