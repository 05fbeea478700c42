//! `--transcript`: prints the protocol lines of each connection on standard error, with their time.
//!
//! The protocol state machines produce the lines and omit secrets.

use std::fmt;
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The log target for the protocol lines.
const TARGET: &str = "wire";

/// Prints the protocol lines of this process from now on.
pub(super) fn show() {
    let is_wire = |metadata: &Metadata<'_>| metadata.target() == TARGET;
    let layer = StderrLayer.with_filter(filter_fn(is_wire));
    // A second start fails and changes nothing.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

struct StderrLayer;

impl<S: Subscriber> Layer<S> for StderrLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut transcript_line = TranscriptLine::default();
        event.record(&mut transcript_line);
        let time = jiff::Zoned::now().strftime("%H:%M:%S%.3f");
        let TranscriptLine { host, line } = transcript_line;
        // Ignores a closed standard error.
        let _ = writeln!(std::io::stderr().lock(), "{time} {host} {line}");
    }
}

#[derive(Default)]
struct TranscriptLine {
    host: String,
    line: String,
}

impl Visit for TranscriptLine {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "host" => self.host = format!("{value:?}"),
            "message" => self.line = format!("{value:?}"),
            _ => {}
        }
    }
}
