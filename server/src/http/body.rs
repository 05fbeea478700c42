//! Reads request bodies up to a limit, and drops the bytes over it.
//!
//! A browser shows a response only after it has sent its whole request. So the rest of a body that
//! is too large is read and dropped, up to the bounds of [`Drain`], before the response 413 is sent
//! and the connection is closed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

/// Maximum time for one whole upload, whatever its size.
const UPLOAD_MAX_TIME: Duration = Duration::from_secs(30 * 60);

/// How much of a body that is too large is read and dropped, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drain {
    max_bytes: u64,
    within: Duration,
}

impl Drain {
    /// Bounds for a signed-in session.
    pub(super) const SIGNED_IN: Self = Self {
        max_bytes: 256 << 20,
        within: Duration::from_secs(60),
    };
    /// Bounds for requests without a session.
    pub(super) const ANONYMOUS: Self = Self {
        max_bytes: 16 << 20,
        within: Duration::from_secs(5),
    };

    /// Returns the bounds for a visitor.
    pub(super) fn of(is_signed_in: bool) -> Self {
        if is_signed_in {
            Self::SIGNED_IN
        } else {
            Self::ANONYMOUS
        }
    }

    /// Returns whether the announced size is within the bounds; an unknown size counts as within.
    pub(super) fn allows(self, headers: &HeaderMap) -> bool {
        content_length(headers).is_none_or(|size| size <= self.max_bytes)
    }

    /// Reads and drops a body. Returns `false` if a bound was reached first or reading failed.
    pub(super) async fn discard(self, stream: &mut BodyDataStream) -> bool {
        let deadline = Instant::now() + self.within;
        let mut dropped = 0_u64;
        loop {
            match timeout_at(deadline, stream.next()).await {
                Ok(Some(Ok(bytes))) => {
                    dropped =
                        dropped.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                    if dropped > self.max_bytes {
                        return false;
                    }
                }
                Ok(Some(Err(_))) | Err(_) => return false,
                Ok(None) => return true,
            }
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The body is over the limit. It was dropped up to the bounds; the connection has to be
    /// closed.
    TooLarge,
    /// The body ended early or did not arrive in time.
    Incomplete,
}

/// Returns the size from `Content-Length`.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a whole body of at most `max_bytes`.
pub(super) async fn read_to_end(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
    drain: Drain,
) -> Result<Bytes, BodyError> {
    if !drain.allows(headers) {
        return Err(BodyError::TooLarge);
    }
    let mut stream = body.into_data_stream();
    // A body announced as too large is dropped without being buffered.
    let announced = content_length(headers).unwrap_or_default();
    if usize::try_from(announced).unwrap_or(usize::MAX) > max_bytes {
        drain.discard(&mut stream).await;
        return Err(BodyError::TooLarge);
    }
    let mut buffer = BytesMut::new();
    let deadline = Instant::now() + drain.within.max(Duration::from_secs(30));
    while let Some(bytes) = timeout_at(deadline, stream.next())
        .await
        .map_err(|_| BodyError::Incomplete)?
    {
        let bytes = bytes.map_err(|_| BodyError::Incomplete)?;
        if buffer.len().saturating_add(bytes.len()) > max_bytes {
            drain.discard(&mut stream).await;
            return Err(BodyError::TooLarge);
        }
        buffer.extend_from_slice(&bytes);
    }
    Ok(buffer.freeze())
}

/// Returns the deadline of an upload that starts now.
pub(super) fn upload_deadline() -> Instant {
    Instant::now() + UPLOAD_MAX_TIME
}

/// Adds `Connection: close` to a response.
pub(super) fn close(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// The fields of a form in their order.
pub(super) type Fields = Vec<(String, String)>;

/// Returns the first value of a field.
pub(super) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// Parses a form of type `application/x-www-form-urlencoded`.
pub(super) fn parse_form(body: &[u8]) -> Fields {
    body.split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let mut text = || {
                let half = halves.next().unwrap_or_default();
                let spaced: Vec<u8> = half
                    .iter()
                    .map(|b| if *b == b'+' { b' ' } else { *b })
                    .collect();
                app::text::url::decode(&String::from_utf8_lossy(&spaced))
            };
            (text(), text())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_is_parsed_with_repeated_fields() {
        let fields =
            parse_form(b"message=1.2&message=1.3&to=a%26b+c&empty=&bare&%E9%82%AE=%E4%BB%B6");
        let expected = [
            ("message", "1.2"),
            ("message", "1.3"),
            ("to", "a&b c"),
            ("empty", ""),
            ("bare", ""),
            ("邮", "件"),
        ];
        let expected: Fields = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(fields, expected);
        assert_eq!(field(&fields, "message"), Some("1.2"));
        assert_eq!(field(&fields, "none"), None);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_dropped_and_refused() {
        let none = HeaderMap::new();
        let body = || Body::from(vec![b'x'; 100]);
        assert_eq!(
            read_to_end(&none, body(), 100, Drain::ANONYMOUS)
                .await
                .unwrap()
                .len(),
            100
        );
        assert_eq!(
            read_to_end(&none, body(), 99, Drain::ANONYMOUS).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn an_announced_size_beyond_the_bounds_is_refused_unread() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(17_u64 << 20));
        let unread = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let refused = read_to_end(&headers, Body::from_stream(unread), 100, Drain::ANONYMOUS).await;
        assert_eq!(refused, Err(BodyError::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn endless_body_is_refused_at_the_drain_bound() {
        let chunks = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789"))
        })
        .then(|chunk| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            chunk
        });
        let started = Instant::now();
        let refused = read_to_end(
            &HeaderMap::new(),
            Body::from_stream(chunks),
            15,
            Drain::ANONYMOUS,
        )
        .await;
        assert_eq!(refused, Err(BodyError::TooLarge));
        assert!(started.elapsed() < Duration::from_secs(6));
    }

    proptest::proptest! {
        #[test]
        fn encoded_fields_round_trip_and_arbitrary_bytes_parse(
            noise: Vec<u8>,
            fields in proptest::collection::vec((".{1,20}", ".{0,20}"), 0..8),
        ) {
            parse_form(&noise);
            let encode = |(name, value): &(String, String)| {
                format!("{}={}", app::text::url::encode(name), app::text::url::encode(value))
            };
            let form: Vec<String> = fields.iter().map(encode).collect();
            proptest::prop_assert_eq!(parse_form(form.join("&").as_bytes()), fields);
        }
    }
}
