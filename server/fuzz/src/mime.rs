//! The fuzz targets of `mail-mime`, like those in `mod.rs`, for text that no connection feeds:
//! parsers, and the sanitizer.
//!
//! `mail-mime/tests/fuzz_replay.rs` replays them, because `mail-proto` must not depend on this
//! crate.

mod address_display;
mod addresses;
mod auth_results;
mod calendar;
mod clean_css;
mod clean_html;
/// The tree that a browser builds.
#[path = "../../crates/mail-mime/tests/dom.rs"]
mod dom;
mod mime_view;
mod report;
mod smime;
mod text_links;
mod tnef;
mod uuencode;

/// A target.
type Target = fn(&[u8]);

/// All targets by name: the name of the file in `fuzz_targets/` and of the folder in `seeds/`.
pub(crate) const TARGETS: [(&str, Target); 12] = [
    ("address_display", address_display::run),
    ("addresses", addresses::run),
    ("auth_results", auth_results::run),
    ("calendar", calendar::run),
    ("clean_css", clean_css::run),
    ("clean_html", clean_html::run),
    ("mime_view", mime_view::run),
    ("report", report::run),
    ("smime", smime::run),
    ("text_links", text_links::run),
    ("tnef", tnef::run),
    ("uuencode", uuencode::run),
];

/// Runs one target. An unknown name is a mistake of the caller.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of this name");
    target(data);
}
