//! The password that must not appear in clear, and the checks for it.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_net::transcript::Recorder;
use mail_proto::Secret;
use mail_proto::sasl::Credentials;

const USER: &str = "ann@peer.test";
pub(crate) const PASSWORD: &str = "Sesame-offne-dich-7731";

pub(crate) fn credentials() -> Credentials {
    Credentials::new(USER, Secret::new(PASSWORD)).unwrap()
}

/// The same secret as an access token.
pub(crate) fn token() -> Credentials {
    Credentials::with_token(USER, Secret::new(PASSWORD)).unwrap()
}

/// Returns every encoding in which the password could be sent.
fn forms() -> [String; 5] {
    let bearer = format!("auth=Bearer {PASSWORD}\x01\x01");
    [
        PASSWORD.to_owned(),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(format!("\0{USER}\0{PASSWORD}")),
        STANDARD.encode(format!("n,a={USER},\x01{bearer}")),
        STANDARD.encode(format!("user={USER}\x01{bearer}")),
    ]
}

/// Returns whether these bytes hold the password in any encoding.
pub(crate) fn are_in(bytes: &[u8]) -> bool {
    forms().iter().any(|form| {
        bytes
            .windows(form.len())
            .any(|window| window == form.as_bytes())
    })
}

/// Receives the transcript of the driver, line by line, and stores only its first lines.
#[derive(Debug, Clone)]
pub(crate) struct Transcript(Arc<State>);

#[derive(Debug)]
struct State {
    forms: [String; 5],
    has_secret: AtomicBool,
    lines: AtomicUsize,
    /// The first lines, including those of the sign-in.
    head: Mutex<String>,
}

/// Maximum length of the stored part of a transcript, in bytes.
const HEAD_BYTES: usize = 8 << 10;

impl Transcript {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            forms: forms(),
            has_secret: AtomicBool::new(false),
            lines: AtomicUsize::new(0),
            head: Mutex::new(String::new()),
        }))
    }

    /// Returns the recorder that passes each line to this transcript.
    pub(crate) fn recorder(&self) -> Recorder {
        let state = Arc::clone(&self.0);
        Recorder::listening(move |entry| {
            state.lines.fetch_add(1, Ordering::SeqCst);
            if state
                .forms
                .iter()
                .any(|form| entry.line.text.contains(form))
            {
                state.has_secret.store(true, Ordering::SeqCst);
            }
            let mut head = state.head.lock().unwrap();
            if head.len() < HEAD_BYTES {
                head.push_str(&entry.line.text);
                head.push('\n');
            }
        })
    }

    /// Returns the number of recorded lines.
    pub(crate) fn lines(&self) -> usize {
        self.0.lines.load(Ordering::SeqCst)
    }

    /// Returns whether the first lines hold this text.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.head.lock().unwrap().contains(text)
    }

    /// Returns whether any line held the password.
    pub(crate) fn has_secret(&self) -> bool {
        self.0.has_secret.load(Ordering::SeqCst)
    }
}

/// Returns whether a value shows the password in `Debug` or `Display`.
pub(crate) fn are_shown_by(value: &(impl Debug + fmt::Display)) -> bool {
    are_in(format!("{value:?} {value}").as_bytes())
}
