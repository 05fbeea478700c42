//! The fuzz targets, and the properties that they check for any input.
//!
//! Each target is one function of bytes that panics if a property does not hold. It is built twice:
//! by `fuzz_targets/` for libFuzzer (`cargo xtask fuzz`), and as a module of
//! `mail-proto/tests/fuzz_replay.rs`, which replays every file of `seeds/` in the normal tests. It
//! is a module and not a crate, because one package cannot belong to two workspaces, and this one
//! has to stay out of the product's: it needs another compiler and other flags. Targets of
//! `mail-mime` are in `mime.rs`.
//!
//! Beyond "no panic" the three protocol targets check that
//! - the same bytes give the same events, commands and errors, whole and cut at any position;
//! - a client becomes idle, and its error or its end is final;
//! - no password is in a transcript.

mod dot_stuff_roundtrip;
mod imap_response;
mod imap_roundtrip;
mod mailbox_state;
mod pop3_reply;
mod sasl;
mod smtp_reply;
mod talk;
mod title;

/// The functions with which the page escapes text.
#[cfg_attr(test, expect(unreachable_pub, reason = "the page's crate exports it"))]
#[path = "../../../app/src/text/markup.rs"]
mod markup;
/// The parser that reads a page as a browser does.
#[path = "../../tests/web/outline.rs"]
mod outline;

/// A target.
type Target = fn(&[u8]);

/// All targets by name: the name of the file in `fuzz_targets/` and of the folder in `seeds/`.
pub(crate) const TARGETS: [(&str, Target); 8] = [
    ("dot_stuff_roundtrip", dot_stuff_roundtrip::run),
    ("imap_response", imap_response::run),
    ("imap_roundtrip", imap_roundtrip::run),
    ("mailbox_state", mailbox_state::run),
    ("pop3_reply", pop3_reply::run),
    ("sasl", sasl::run),
    ("smtp_reply", smtp_reply::run),
    ("title", title::run),
];

/// Runs one target. An unknown name is a mistake of the caller.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of this name");
    target(data);
}
