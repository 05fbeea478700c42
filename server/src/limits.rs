//! The bounds of connections, requests, event streams and sessions, in one place.
//!
//! | what | how much | beyond it |
//! |---|---|---|
//! | connections in all | [`Room::connections`], from the descriptor limit | strangers give way to new connections, the silent ones first; then signed-in connections without a request; then the new one is answered 503 |
//! | connections of strangers from one address (IPv6: /64) | [`Room::strangers_per_address`] | the oldest silent or idle one gives way, else 503 |
//! | signed-in connections from one address | [`Room::signed_in_per_address`] | the connection counts as a stranger's |
//! | first request of a connection | [`FIRST_REQUEST_WITHIN`] | closed; 408 if a part of it came |
//! | head of a later request, from its first byte | [`HEAD_WITHIN`] | 408, closed |
//! | connection without a request | [`KEEP_ALIVE`] | closed |
//! | size of a request head | [`HEAD_MAX_BYTES`] (HTTP/1), [`HEADER_LIST_MAX_BYTES`] (HTTP/2) | 431 |
//! | request body | [`BODY_PACE_BYTES`] in each [`BODY_WITHIN`] of waiting | 408, closed |
//! | response | [`RESPONSE_PACE_BYTES`] in each [`RESPONSE_WITHIN`] of waiting | cut off, closed |
//! | requests of one session at once | [`SESSION_REQUESTS`] | they wait for [`TURN_WITHIN`], [`SESSION_WAITING`] of them at most, then 429 |
//! | downloads of one session at once | [`SESSION_DOWNLOADS`] | as above |
//! | downloads in all | [`DOWNLOADS`] | they wait for [`TURN_WITHIN`], then 503 |
//! | connections to outgoing servers that wait for a message, in all | [`PREPARED_CONNECTIONS`] | the connection opens once the message is there |
//! | accounts of one session | [`SESSION_ACCOUNTS`] | the next one is refused |
//! | event streams of one session | [`SESSION_STREAMS`] | the oldest is told `replaced` and ends |
//! | event streams in all | [`Room::streams`] | 503 |
//! | sessions of one account | `sessions_per_account` of the configuration | the one unused the longest ends; its sign-in page says why |
//! | sessions in all | [`Room::sessions`] | one unused for [`SESSION_UNUSED_MS`] and without an open page ends, else 429 |
//!
//! Connections of trusted proxies and of the Unix socket carry many people: they count in all, but
//! not by address.

use std::time::Duration;

/// From the beginning of a connection to the end of its first request's head. Also bounds the
/// detection of HTTP/2, whose preface may never be completed.
pub const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// From the first byte of a later request's head to its end.
pub const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// How long a connection stays open without a request. Above the 60 s of nginx's upstream
/// connections: the side that sends requests should close first.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long open requests may take once the process has to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The largest head of an HTTP/1 request, and how much of a response is buffered.
pub const HEAD_MAX_BYTES: usize = 64 << 10;
/// The largest head of an HTTP/2 request (`SETTINGS_MAX_HEADER_LIST_SIZE`).
pub const HEADER_LIST_MAX_BYTES: u32 = 16 << 10;
/// Requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION: u32 = 64;
/// The HTTP/2 window of one request body.
pub const STREAM_WINDOW_BYTES: u32 = 64 << 10;
/// The HTTP/2 window of all request bodies of a connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// What one HTTP/2 response may have waiting for the peer's window.
pub const SEND_BUFFER_BYTES: usize = 64 << 10;
/// How often an HTTP/2 peer has to answer a PING …
pub const PING_EVERY: Duration = Duration::from_secs(30);
/// … and within which time.
pub const PING_WITHIN: Duration = Duration::from_secs(15);

/// While a request body is waited for, so much of it has to come …
pub const BODY_PACE_BYTES: u64 = 16 << 10;
/// … in each such time: 0.8 KiB/s.
pub const BODY_WITHIN: Duration = Duration::from_secs(20);
/// While a response waits for its peer, so much of it has to be taken …
pub const RESPONSE_PACE_BYTES: u64 = 64 << 10;
/// … in each such time: 2.1 KiB/s.
pub const RESPONSE_WITHIN: Duration = Duration::from_secs(30);
/// How much of a response the system may hold that it has not sent yet, so that progress is seen
/// in steps of this size.
pub const UNSENT_BYTES: u32 = 64 << 10;
/// How long sent bytes may stay unacknowledged before the system closes the connection: finds
/// peers that are gone, which have event streams open.
pub const UNACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Sockets that gave way and are not closed yet; with more of them no connection is accepted.
pub const CLOSING_CONNECTIONS: usize = 32;

/// Requests of one session at once, without downloads and event streams.
pub const SESSION_REQUESTS: usize = 32;
/// Downloads of one session at once: message parts and sources. Each holds up to 2 MiB.
pub const SESSION_DOWNLOADS: usize = 4;
/// Requests of one session that wait for others of it to end.
pub const SESSION_WAITING: usize = 64;
/// Downloads at once, of all sessions.
pub const DOWNLOADS: usize = 64;
/// How long a request waits for its turn.
pub const TURN_WITHIN: Duration = Duration::from_secs(10);

/// Connections to outgoing servers that wait for a message which is being written, of all
/// sessions.
pub const PREPARED_CONNECTIONS: usize = 64;

/// Accounts of one session.
pub const SESSION_ACCOUNTS: usize = 16;

/// Event streams of one session. A browser has one, or one for each visible tab.
pub const SESSION_STREAMS: usize = 8;

/// The default of `sessions_per_account`.
pub const SESSIONS_PER_ACCOUNT: usize = 16;
/// After which time without a request a session gives way to a new one of another account.
pub const SESSION_UNUSED_MS: i64 = 30 * 60 * 1000;
/// Sessions whose end is remembered, for their sign-in page.
pub const ENDED_REMEMBERED: usize = 1024;

/// Descriptors for the database, spool files, the log and the listener.
const OWN_DESCRIPTORS: u64 = 96;
/// No more connections than this, whatever the system allows.
const CONNECTIONS_MAX: u64 = 16 << 10;
const STRANGERS_PER_ADDRESS_MAX: usize = 256;
/// No more sessions than this, whatever the system allows.
const SESSIONS_MAX: u64 = 16 << 10;

/// What follows from the number of descriptors that the process may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Connections in all.
    pub connections: usize,
    /// Connections without a session from one IPv4 address or IPv6 /64: a quarter, 256 at most.
    pub strangers_per_address: usize,
    /// Signed-in connections from one address: half.
    pub signed_in_per_address: usize,
    /// Sessions in all.
    pub sessions: usize,
    /// Event streams in all.
    pub streams: usize,
}

impl Room {
    /// A third of the descriptors for connections of browsers, a third for two mail connections of
    /// each session, a third for sign-ins under way, sending, and files.
    pub fn of(descriptors: u64) -> Self {
        let third = descriptors.saturating_sub(OWN_DESCRIPTORS) / 3;
        let at_most = |count: u64, max: u64| usize::try_from(count.clamp(8, max)).unwrap_or(8);
        let connections = at_most(third, CONNECTIONS_MAX);
        Self {
            connections,
            strangers_per_address: (connections / 4).clamp(2, STRANGERS_PER_ADDRESS_MAX),
            signed_in_per_address: connections / 2,
            sessions: at_most(third / 2, SESSIONS_MAX),
            streams: connections,
        }
    }
}

/// Raises the soft limit of descriptors to the hard one and returns it. The log tells what follows
/// from it.
pub fn raise_descriptors() -> Room {
    let descriptors = raised();
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
fn raised() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of descriptors could not be raised");
            limit.current
        }
    };
    // None: no limit.
    current.unwrap_or(u64::MAX)
}

/// Windows has handles, of which there are millions.
#[cfg(not(unix))]
fn raised() -> u64 {
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
                strangers_per_address: 77,
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
