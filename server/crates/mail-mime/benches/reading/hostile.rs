//! Hostile input of the largest size that is read, through each function that reads a message.
//!
//! Every input is made to be slow: it nests, leaves something open, or repeats what has to be found
//! again. `tests/growth.rs` proves for the same kinds that time is linear; here the worst times are
//! printed.

mod fields;
mod files;
mod html;

use std::hint::black_box;
use std::time::Duration;

use mail_mime::clean::{CleanOptions, Images, Scheme, clean};
use mail_mime::limits::SHOWN_BYTES;
use mail_mime::text::{self, Format};
use mail_mime::{EmailAddress, quote, spoofing};

use crate::{cpu_time, median, ms, verdict};

const ROUNDS: usize = 3;
/// Maximum CPU time of one input.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Size of one header field, below the limit of a field.
const FIELD_BYTES: usize = 250 << 10;
const PREVIEW_BYTES: usize = 200;

/// Measures every input whose group or name contains `filter`; without a filter, prints the slowest
/// of each group only. Returns whether all are within the limit.
pub(crate) fn run(filter: &str) -> bool {
    println!(
        "\nHostile input, medians of {ROUNDS}, limit {} s for each input",
        TIME_MAX.as_secs()
    );
    println!(
        "  {:<26} {:>6} {:>8} {:>6}   slowest input",
        "", "inputs", "KiB", "ms"
    );
    let mut times = Times {
        filter,
        inputs: Vec::new(),
    };
    for (name, html) in html::documents() {
        times.of_document(name, &html);
    }
    texts(&mut times);
    fields::run(&mut times);
    files::run(&mut times);
    times.print();
    times.inputs.iter().all(Input::is_within)
}

/// The times of inputs.
struct Times<'f> {
    filter: &'f str,
    inputs: Vec<Input>,
}

/// One input and its time.
struct Input {
    /// The functions that read it.
    group: &'static str,
    name: String,
    size_bytes: usize,
    took: Duration,
}

impl Input {
    fn is_within(&self) -> bool {
        self.took <= TIME_MAX
    }

    fn print(&self, inputs: usize) {
        println!(
            "  {:<26} {inputs:>6} {:>8} {:>6.0}   {}, {}",
            self.group,
            self.size_bytes >> 10,
            ms(self.took),
            self.name,
            verdict(self.is_within()),
        );
    }
}

impl Times<'_> {
    /// Measures the functions of a group on one input.
    fn measure<T>(
        &mut self,
        group: &'static str,
        name: &str,
        size_bytes: usize,
        work: impl Fn() -> T,
    ) {
        if !group.contains(self.filter) && !name.contains(self.filter) {
            return;
        }
        let times = (0..ROUNDS).map(|_| cpu_time(|| drop(black_box(work()))).1);
        self.inputs.push(Input {
            group,
            name: name.to_owned(),
            size_bytes,
            took: median(times.collect()),
        });
    }

    fn print(&self) {
        let mut rest: Vec<&Input> = self.inputs.iter().collect();
        rest.sort_by_key(|input| std::cmp::Reverse(input.took));
        while let Some(first) = rest.first().copied() {
            let (group, others): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|input| input.group == first.group);
            let is_listed = |input: &&&Input| !self.filter.is_empty() || !input.is_within();
            first.print(group.len());
            for input in group.iter().skip(1).filter(is_listed) {
                input.print(1);
            }
            rest = others;
        }
    }

    /// Sanitizes a document in both schemes and converts it to text. Before the dark scheme stands
    /// its name, which makes the sanitizer read the document twice.
    fn of_document(&mut self, name: &str, html: &str) {
        let options = |scheme| CleanOptions {
            part_url: &|id| Some(format!("/part/{}", id.len())),
            images: Images::Blocked,
            scheme,
        };
        let size_bytes = html.len();
        self.measure("HTML, light", name, size_bytes, || {
            clean(html, &options(Scheme::Light))
        });
        let mut mentioning = format!("prefers-color-scheme {html}");
        mentioning.truncate(mentioning.floor_char_boundary(SHOWN_BYTES));
        self.measure("HTML, dark", name, size_bytes, || {
            clean(&mentioning, &options(Scheme::Dark))
        });
        self.measure("HTML as text", name, size_bytes, || text::from_html(html));
    }
}

/// Repeats pieces, each made from its number, until the text has a size.
fn filled(head: &str, size_bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut out = head.to_owned();
    let mut count = 0;
    while out.len() < size_bytes {
        out.push_str(&piece(count));
        count += 1;
    }
    out.truncate(out.floor_char_boundary(size_bytes));
    out
}

/// Measures the functions that read plain text.
fn texts(times: &mut Times<'_>) {
    for (name, piece) in [
        ("flowed", "a \n"),
        ("quoted", "> a \n"),
        ("levels", ">\n>>\n"),
        ("web addresses", "http://x.example/a?b "),
        ("mail addresses", "a@x.example "),
        ("letters and at signs", "a@"),
        ("at signs", "@"),
        ("dots", "a."),
        ("colons", "a:"),
        ("slashes", "://"),
        ("brackets in addresses", "http://x.example/(("),
        ("names of hosts", "www."),
        ("hyphens", "a-@-"),
        ("one word", "a"),
        ("one word of Chinese", "会"),
        ("letters of two scripts", "aа"),
        ("line ends", "\r\r\n"),
    ] {
        let text = filled("", SHOWN_BYTES, |_| piece.to_owned());
        for (group, format) in [
            ("text, fixed", Format::Fixed),
            ("text, flowed", Format::Flowed { del_sp: true }),
        ] {
            times.measure(group, name, text.len(), || text::blocks(&text, format));
        }
        times.measure("quotation and preview", name, text.len(), || {
            (quote::quote(&text), text::preview(&text, PREVIEW_BYTES))
        });
        let (display_name, _) = text.split_at(text.floor_char_boundary(FIELD_BYTES));
        times.measure("display name", name, display_name.len(), || {
            let mailbox = EmailAddress::new(display_name, "a@x.example");
            (spoofing::signs(&mailbox), spoofing::shown_address(&mailbox))
        });
    }
}
