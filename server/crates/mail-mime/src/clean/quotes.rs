//! The quoted message at the end of an answer, which is shown folded.
//!
//! Only the last quote is folded, and only behind a text: a quote that is followed by an answer is
//! needed to understand it, and a message without a text of its own is a quote to be read.

use super::css;
use super::scan::Tag;

/// What is written before the quote, and behind it. The words of the summary are the frame's.
const FOLD: [&str; 2] = ["<details><summary></summary>", "</details>"];
/// The number of elements that a fold adds.
pub(super) const FOLD_ELEMENTS: usize = 2;

/// The class of quotes that Gmail writes; other programs write `type="cite"`.
const GMAIL_CLASS: &str = "m-gmail_quote";
/// The first words of messages that Apple Mail forwards, as a quote.
const FORWARDED: [&str; 7] = [
    "Begin forwarded message",
    "下面是被转发的邮件",
    "以下是轉寄的郵件",
    "Anfang der weitergeleiteten",
    "Début du message réexpédié",
    "Inicio del mensaje reenviado",
    "Inizio messaggio inoltrato",
];

/// The last quote of a document while the document is read.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    last: Option<Quote>,
    /// Whether the document has content outside of quotes.
    has_own: bool,
}

#[derive(Debug)]
struct Quote {
    /// Its place in the HTML.
    start: usize,
    /// The end of the same; `None` while the quote is open.
    end: Option<usize>,
    /// The number of elements around it.
    depth: usize,
    /// The number of elements that are open at its deepest place.
    deepest: usize,
    has_content: bool,
}

impl Quotes {
    /// Notes that an element is written at a place in the HTML, `depth` elements around it.
    pub(super) fn begin(&mut self, name: &str, tag: &Tag<'_>, at: usize, depth: usize) {
        let is_inside = self.open().is_some();
        if !is_inside && self.has_own && is_quote(name, tag) {
            self.last = Some(Quote {
                start: at,
                end: None,
                depth,
                deepest: depth,
                has_content: false,
            });
        }
    }

    /// Notes that an element was opened, or written, inside of `depth` elements.
    pub(super) fn note_depth(&mut self, depth: usize) {
        if let Some(quote) = self.open() {
            quote.deepest = quote.deepest.max(depth);
        }
    }

    /// Notes a text, or an image (`""`), that is shown.
    pub(super) fn note_content(&mut self, text: &str) {
        match self.open() {
            Some(quote) if !quote.has_content => {
                quote.has_content = true;
                let start = text.trim_start();
                if FORWARDED.iter().any(|words| start.starts_with(words)) {
                    self.last = None;
                }
            }
            Some(_) => {}
            None => {
                self.has_own = true;
                self.last = None;
            }
        }
    }

    /// Notes that an element inside of `depth` elements ended at a place in the HTML.
    pub(super) fn end(&mut self, depth: usize, at: usize) {
        if let Some(quote) = self.open().filter(|quote| quote.depth == depth) {
            quote.end = Some(at);
        }
    }

    /// Writes the fold, if a quote ends the document. The quote may be `depth_max` deep.
    pub(super) fn fold(self, html: &mut String, depth_max: usize) {
        let Some(quote) = self.last.filter(|quote| quote.has_content) else {
            return;
        };
        if let Some(end) = quote.end
            && quote.deepest < depth_max
        {
            let [before, behind] = FOLD;
            html.insert_str(end, behind);
            html.insert_str(quote.start, before);
        }
    }

    fn open(&mut self) -> Option<&mut Quote> {
        self.last.as_mut().filter(|quote| quote.end.is_none())
    }
}

/// Whether an element holds the message that is answered.
fn is_quote(name: &str, tag: &Tag<'_>) -> bool {
    name == "blockquote"
        && (tag
            .value("type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("cite"))
            || tag
                .value("class")
                .is_some_and(|class| css::shares_name(&class, |class| class == GMAIL_CLASS)))
}

#[cfg(test)]
mod tests {
    use super::super::{CleanOptions, Images, Scheme, clean};
    use super::*;
    use proptest::prelude::*;

    fn cleaned(html: &str) -> String {
        let options = CleanOptions {
            part_url: &|_| None,
            images: Images::Blocked,
            scheme: Scheme::Light,
        };
        clean(html, &options).html
    }

    /// What is inside of the fold; `None` without one.
    fn folded(html: &str) -> Option<String> {
        let cleaned = cleaned(html);
        let (_, rest) = cleaned.split_once(FOLD[0])?;
        let (inside, _) = rest.split_once(FOLD[1]).expect("an end");
        Some(inside.to_owned())
    }

    #[test]
    fn the_quote_at_the_end_of_an_answer_is_folded() {
        for (program, html) in [
            (
                "Thunderbird",
                "<p>Yes.</p><div class=moz-cite-prefix>On Monday, Ann wrote:<br></div>\
                 <blockquote type=\"cite\" cite=\"mid:1@x\"><p>Now?</p></blockquote>",
            ),
            (
                "Gmail",
                "<div dir=ltr>Yes.</div><br><div class=\"gmail_quote\"><div class=gmail_attr>On \
                 Monday, Ann wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0 0 \
                 0 .8ex\"><p>Now?</p></blockquote></div>",
            ),
            (
                "Apple Mail",
                "<html><body>Yes.<br><div><blockquote type=cite><p>Now?</p></blockquote></div><br>\
                 </body></html>",
            ),
            ("unclosed", "Yes.<BLOCKQUOTE TYPE=Cite><p>Now?</p>"),
        ] {
            let inside = folded(html).unwrap_or_else(|| panic!("{program}"));
            assert!(
                inside.starts_with("<blockquote") && inside.contains("<p>Now?</p>"),
                "{program}: {inside}"
            );
        }
    }

    #[test]
    fn a_quote_in_a_quote_is_folded_with_it() {
        let inside =
            folded("c<blockquote type=cite>b<blockquote type=cite>a</blockquote>b</blockquote>");
        assert_eq!(inside.unwrap().matches("<blockquote>").count(), 2);
    }

    #[test]
    fn what_one_needs_to_read_is_not_folded() {
        for (why, html) in [
            (
                "an answer follows",
                "a<blockquote type=cite>q</blockquote>b",
            ),
            (
                "an image follows",
                "a<blockquote type=cite>q</blockquote><img alt=b>",
            ),
            (
                "no text before",
                "<p> </p><blockquote type=cite>q</blockquote>",
            ),
            ("no quote of a message", "a<blockquote>q</blockquote>"),
            ("empty", "a<blockquote type=cite><p> </blockquote>"),
            ("hidden", "a<blockquote type=cite hidden>q</blockquote>"),
            (
                "forwarded",
                "see<blockquote type=cite><div>Begin forwarded message:</div>q</blockquote>",
            ),
        ] {
            assert_eq!(folded(html), None, "{why}");
        }
    }

    #[test]
    fn of_several_quotes_only_the_last_is_folded() {
        let html = "a<blockquote type=cite>1</blockquote>b<blockquote type=cite>2</blockquote>";
        assert_eq!(folded(html).unwrap(), "<blockquote>2</blockquote>");
        assert_eq!(cleaned(html).matches("<details>").count(), 1);
    }

    #[test]
    fn a_quote_too_deep_to_be_folded_stays() {
        let deep = |depth: usize| {
            let open = "<div>".repeat(depth);
            folded(&format!("a<blockquote type=cite>{open}q"))
        };
        assert!(deep(200).is_some());
        assert_eq!(deep(300), None);
    }

    proptest! {
        #[test]
        fn cleaning_the_result_again_changes_nothing(
            html in "(a|<br>| |<img alt=x>|</?(p|b|td|table|details|summary)>|</?blockquote( type=cite)?>){0,40}"
        ) {
            let once = cleaned(&html);
            prop_assert_eq!(cleaned(&once), once);
        }
    }
}
