//! The first layer: rewrites HTML with allowed tags only, each closed where it belongs.
//!
//! Tree builders repair bad nesting at a cost: html5ever is quadratic in depth, and unclosed
//! formatting is copied into every paragraph that follows, so that 2 MB of `<font><p>` grow to
//! gigabytes. This module makes the same repairs within fixed budgets, and its output is so regular
//! that the tree builder has nothing left to repair. Disallowed content never reaches the tree
//! builder: no SVG, no `MathML`, no raw text element, no form.

mod images;

use std::borrow::Cow;
use std::collections::HashMap;

use super::css::Role;
use super::markup::{push_attribute, push_escaped};
use super::policy::{self, Kind, Source, Sources};
use super::quotes::{FOLD_ELEMENTS, Quotes};
use super::root::Root;
use super::scan::{Scanner, Tag, Token};
use super::styles::{ElementStyle, Styles};
use super::{references, tracking};

/// Maximum nesting depth of elements. Deeper start tags are dropped, their text stays. Chromium
/// moves elements that nest deeper than 512, `html` and `body` counted, next to their parent.
pub(super) const DEPTH_MAX: usize = 256;
/// The maximum nesting depth once [`WALKED_MAX`] is used up.
const DEPTH_MAX_LATE: usize = 32;
/// Number of steps before [`DEPTH_MAX_LATE`] applies: for every tag html5ever may walk through all
/// open elements. A message of 10,000 tags that are all 200 deep takes an eighth of them.
const WALKED_MAX: usize = 16 << 20;
/// Maximum number of elements of a document; the rest is cut off. The tree that ammonia builds
/// takes about 330 bytes for each.
const ELEMENTS_MAX: usize = 60_000;
/// Maximum number of formatting elements that are reopened when the element around them closes.
const REOPENED_AT_ONCE: usize = 8;
/// Maximum length of all reopened tags of a document, in bytes.
const REOPENED_BYTES: usize = 256 << 10;

/// Length in bytes after which a `<wbr>`, which is invisible, cuts a text that goes on with
/// characters whose escaping takes html5ever time quadratic in the length of the text.
const RUN_BYTES: usize = 4 << 10;

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Elements with self-contained content: an end tag inside does not close elements outside.
const SCOPE_BOUNDARIES: [&str; 4] = ["table", "td", "th", "caption"];

const ROW_GROUPS: [&str; 3] = ["tbody", "thead", "tfoot"];

/// HTML that is well nested and holds allowed elements and attributes only.
#[derive(Debug, Default)]
pub(super) struct Balanced {
    pub(super) html: String,
    /// Number of removed remote images: those that may not be loaded, and those of attributes that
    /// are always removed.
    pub(super) dropped_images: u32,
    /// Number of remote images that are not meant to be visible. They are always removed.
    pub(super) tracking_pixels: u32,
    /// The content ids that images refer to, percent-decoded.
    pub(super) content_ids: Vec<String>,
    /// Whether the source had more elements than the limit.
    pub(super) is_cut: bool,
    /// The start tag of the root of the document.
    pub(super) root: String,
}

/// Reads any text as HTML and writes it again. An image that is not loaded is replaced by its
/// alternative text. The value of a `style` is an index into `styles`.
pub(super) fn balance(html: &str, sources: &Sources<'_>, styles: &mut Styles<'_>) -> Balanced {
    let mut balancer = Balancer {
        sources,
        styles,
        root: Root::default(),
        quotes: Quotes::default(),
        out: Balanced::default(),
        open: Vec::new(),
        positions: HashMap::new(),
        dropped: HashMap::new(),
        hidden: 0,
        reopened_bytes: 0,
        walked: 0,
        elements: 0,
        is_at_pre_start: false,
        run_bytes: 0,
    };
    balancer.out.html.reserve(html.len());
    for token in Scanner::new(html) {
        if balancer.elements >= ELEMENTS_MAX {
            balancer.out.is_cut = true;
            break;
        }
        match token {
            Token::Text(text) => balancer.text(text, false),
            Token::Literal(text) => balancer.text(text, true),
            Token::Start(tag) => balancer.start(&tag),
            Token::End(name) => balancer.end(&name),
            Token::Style(text, media) if balancer.hidden == 0 => {
                balancer.styles.add_sheet(text, &media);
            }
            Token::Style(..) => {}
        }
    }
    while let Some(element) = balancer.pop() {
        drop(element);
    }
    balancer.fold_quote();
    let mut out = balancer.out;
    out.root = balancer.root.finish(balancer.styles);
    out
}

/// An element that is open.
struct Open {
    name: String,
    kind: Kind,
    /// The start tag as written; empty for an element that is not written.
    tag: String,
    /// The length that its style adds to the tag, in bytes.
    style_bytes: usize,
    hides: bool,
}

struct Balancer<'l, 's> {
    sources: &'l Sources<'l>,
    styles: &'l mut Styles<'s>,
    root: Root,
    quotes: Quotes,
    out: Balanced,
    open: Vec<Open>,
    /// The positions in `open` of the elements of a name, the innermost last. With it no tag needs
    /// a search through all open elements: there may be as many tags as bytes.
    positions: HashMap<String, Vec<usize>>,
    /// The number of start tags of a name that were dropped for their depth; as many end tags are
    /// dropped.
    dropped: HashMap<String, usize>,
    /// The number of open elements that hide their content.
    hidden: usize,
    reopened_bytes: usize,
    /// The sum of the number of open elements at each tag that was written.
    walked: usize,
    /// The number of elements that were written.
    elements: usize,
    is_at_pre_start: bool,
    /// The length of the text since the last tag, in bytes.
    run_bytes: usize,
}

impl Balancer<'_, '_> {
    fn text(&mut self, text: &str, is_literal: bool) {
        if self.hidden > 0 {
            return;
        }
        let decoded = if is_literal {
            Cow::Borrowed(text)
        } else {
            references::decode(text, false)
        };
        let mut text = &*decoded;
        // Parsers drop a line end right after `<pre>`; serializers do not write it back.
        if self.is_at_pre_start {
            text = text.trim_start_matches(['\n', '\r']);
        }
        self.is_at_pre_start &= text.is_empty();
        if text.contains(|c: char| !c.is_whitespace()) {
            self.quotes.note_content(text);
        }
        for c in text.chars() {
            // html5ever's serializer escapes these by scanning all that follows in the same text.
            let is_costly = c == '&' || matches!(c, '\u{80}'..='\u{bf}');
            if is_costly && self.run_bytes >= RUN_BYTES {
                self.write("<wbr>");
            }
            self.run_bytes += c.len_utf8();
            push_escaped(&mut self.out.html, c);
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        let address = tag.value("src");
        let source = address.as_deref().map(policy::source);
        self.count_images(tag, source.as_ref());
        if policy::ends_foreign_content(name) {
            self.end_foreign_content();
        }
        let hides = policy::hides_content(name);
        if hides {
            self.push(name, Kind::Inline, String::new(), 0, true);
            return;
        }
        let is_at_start = self.out.html.is_empty();
        if self.hidden == 0 && self.root.read(tag, is_at_start, self.styles) {
            return;
        }
        let Some((name, kind, own)) = policy::element(name) else {
            return;
        };
        let style = self.styles.of_element(tag, self.hidden == 0);
        let is_table_part = kind == Kind::Table || name == "col";
        if is_table_part && !self.is_open("table") {
            return;
        }
        if let (true, Some(address), Some(source)) = (name == "img", &address, &source)
            && tracking::is_tracking_pixel(tag, address, source, &style.effects, style.hides)
        {
            self.out.tracking_pixels = self.out.tracking_pixels.saturating_add(1);
            return;
        }
        self.close_implied(name, kind);
        let parents: &[&str] = match name {
            "tr" => &ROW_GROUPS,
            "td" | "th" => &["tr"],
            "col" => &["colgroup"],
            "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => &["table"],
            _ => &[],
        };
        if parents.is_empty() {
            self.open_cell();
        } else {
            self.open_table_parents(name);
            if !self.is_top(parents) {
                // Too deep, or a column inside a cell.
                if kind != Kind::Void {
                    *self.dropped.entry(name.to_owned()).or_default() += 1;
                }
                return;
            }
        }
        let own = match name == "img" && !self.is_source_loaded(source.as_ref()) {
            true if self.write_alternative(tag, &style) => return,
            true if self.styles.is_fragment() => return,
            true => own.strip_suffix(&["src"]).unwrap_or(own),
            false => own,
        };
        let is_written = self.hidden == 0 && !style.hides && self.has_room();
        let start_tag = match is_written {
            true => self.format_start_tag(name, own, tag, source.as_ref(), &style),
            false => String::new(),
        };
        if kind == Kind::Void {
            if self.take_room() && is_written {
                self.write(&start_tag);
                self.elements += 1;
                self.quotes.note_depth(self.open.len() + 1);
                if name == "img" {
                    self.quotes.note_content("");
                }
            }
        } else {
            if is_written {
                let at = self.out.html.len();
                self.quotes.begin(name, tag, at, self.open.len());
            }
            self.push(name, kind, start_tag, style.bytes, style.hides);
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(count) = self.dropped.get_mut(name).filter(|count| **count > 0) {
            *count -= 1;
            return;
        }
        let is_heading = HEADINGS.contains(&name) && self.is_top(&HEADINGS);
        if is_heading {
            // The end tag of any heading ends it.
            self.pop();
            return;
        }
        if !self.is_open(name) {
            return;
        }
        // Only table tags reach out of a cell.
        let reaches_out = policy::element(name).is_some_and(|(_, kind, _)| kind == Kind::Table)
            || name == "table";
        let boundaries: &[&str] = match reaches_out {
            true if name == "table" => &[],
            true => &["table"],
            false => &SCOPE_BOUNDARIES,
        };
        if let Some(target) = self.innermost(&[name])
            && self.innermost(boundaries) < Some(target)
        {
            self.close_to(target, !reaches_out);
        }
    }

    /// Wraps content of a table that is in no cell in a cell. Parsers would move it before the
    /// table.
    fn open_cell(&mut self) {
        if self.is_top(&["colgroup"]) {
            self.pop();
        }
        if self.is_top(&["table", "tbody", "thead", "tfoot", "tr"]) {
            self.open_table_parents("td");
            if self.is_top(&["tr"]) {
                self.push("td", Kind::Table, "<td>".to_owned(), 0, false);
            }
        }
    }

    /// Opens the row and the row group that parsers add where they are not written.
    fn open_table_parents(&mut self, name: &str) {
        if name == "col" && self.is_top(&["table"]) {
            self.push("colgroup", Kind::Table, "<colgroup>".to_owned(), 0, false);
        }
        if matches!(name, "tr" | "td" | "th") && self.is_top(&["table"]) {
            self.push("tbody", Kind::Table, "<tbody>".to_owned(), 0, false);
        }
        if matches!(name, "td" | "th") && self.is_top(&ROW_GROUPS) {
            self.push("tr", Kind::Table, "<tr>".to_owned(), 0, false);
        }
    }

    fn is_top(&self, names: &[&str]) -> bool {
        let top = self.open.last();
        top.is_some_and(|element| names.contains(&element.name.as_str()))
    }

    /// Closes the elements that a start tag closes implicitly (HTML standard §13.2.6.4.7 and the
    /// table modes).
    fn close_implied(&mut self, name: &str, kind: Kind) {
        match name {
            "li" => self.close_nearest(&["li"], &["ul", "ol", "blockquote"]),
            "dt" | "dd" => self.close_nearest(&["dt", "dd"], &["dl", "blockquote"]),
            "a" => self.close_nearest(&["a"], &[]),
            "td" | "th" => self.close_nearest(&["td", "th", "caption", "colgroup"], &["table"]),
            "tr" => self.close_farthest(&["tr", "td", "th", "caption", "colgroup"]),
            "tbody" | "thead" | "tfoot" | "caption" | "colgroup" => self.close_farthest(&[
                "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup",
            ]),
            _ => {}
        }
        if kind == Kind::Block {
            self.close_nearest(&["p"], &[]);
        }
        if HEADINGS.contains(&name) && self.is_top(&HEADINGS) {
            self.pop();
        }
    }

    /// Closes the innermost element of these names, unless an element of `boundaries` is inside of
    /// it.
    fn close_nearest(&mut self, names: &[&str], boundaries: &[&str]) {
        let Some(found) = self.innermost(names) else {
            return;
        };
        let is_cell_part = boundaries == ["table"];
        let boundary = match is_cell_part {
            true => None,
            false => self.innermost(&SCOPE_BOUNDARIES),
        };
        if self.innermost(boundaries).max(boundary) < Some(found) {
            self.close_to(found, !is_cell_part);
        }
    }

    /// Closes all elements of these names that belong to the innermost table.
    fn close_farthest(&mut self, names: &[&str]) {
        let first = self.innermost(&["table"]).map_or(0, |index| index + 1);
        let found = names.iter().filter_map(|name| {
            let positions = self.positions.get(*name)?;
            let nth = positions.partition_point(|position| *position < first);
            positions.get(nth).copied()
        });
        if let Some(index) = found.min() {
            self.close_to(index, false);
        }
    }

    fn end_foreign_content(&mut self) {
        let outermost = |name| self.positions.get(name)?.first().copied();
        let found = ["svg", "math"].into_iter().filter_map(outermost).min();
        if let Some(index) = found {
            self.close_to(index, false);
        }
    }

    /// Returns the position of the innermost open element of these names.
    fn innermost(&self, names: &[&str]) -> Option<usize> {
        let positions = names.iter().filter_map(|name| self.positions.get(*name));
        positions
            .filter_map(|of_name| of_name.last().copied())
            .max()
    }

    /// Closes the element at `index` and all elements inside it; `reopens` says whether formatting
    /// inside is reopened.
    fn close_to(&mut self, index: usize, reopens: bool) {
        let mut formatting = Vec::new();
        while self.open.len() > index + 1 {
            if let Some(element) = self.pop()
                && element.kind == Kind::Formatting
                && !element.hides
            {
                formatting.push(element);
            }
        }
        self.pop();
        if !reopens || self.hidden > 0 {
            return;
        }
        for element in formatting.into_iter().take(REOPENED_AT_ONCE).rev() {
            let bytes = element.tag.len() + element.style_bytes;
            if self.reopened_bytes + bytes <= REOPENED_BYTES {
                self.reopened_bytes += bytes;
                let (name, tag) = (&element.name, element.tag);
                self.push(name, element.kind, tag, element.style_bytes, false);
            }
        }
    }

    fn push(&mut self, name: &str, kind: Kind, tag: String, style_bytes: usize, hides: bool) {
        if !self.take_room() {
            *self.dropped.entry(name.to_owned()).or_default() += 1;
            return;
        }
        let index = self.open.len();
        match self.positions.get_mut(name) {
            Some(positions) => positions.push(index),
            None => drop(self.positions.insert(name.to_owned(), vec![index])),
        }
        self.hidden += usize::from(hides);
        let is_written = self.hidden == 0;
        if is_written {
            self.elements += 1;
            self.write(&tag);
            self.is_at_pre_start = name == "pre";
        }
        self.open.push(Open {
            name: name.to_owned(),
            kind,
            tag: if is_written { tag } else { String::new() },
            style_bytes,
            hides,
        });
        self.quotes.note_depth(self.open.len());
    }

    /// Whether a tag may be written here: not too deep, given all that was written so far.
    fn has_room(&self) -> bool {
        let depth = self.open.len();
        let is_late = self.walked.saturating_add(depth) > WALKED_MAX;
        depth < if is_late { DEPTH_MAX_LATE } else { DEPTH_MAX }
    }

    /// Counts the steps of a tag, and returns whether there is room for it.
    fn take_room(&mut self) -> bool {
        let has_room = self.has_room();
        self.walked = self.walked.saturating_add(self.open.len());
        has_room
    }

    fn pop(&mut self) -> Option<Open> {
        let element = self.open.pop()?;
        if let Some(positions) = self.positions.get_mut(&element.name) {
            positions.pop();
        }
        if !element.tag.is_empty() {
            self.write(&format!("</{}>", element.name));
            self.quotes.end(self.open.len(), self.out.html.len());
        }
        self.hidden -= usize::from(element.hides);
        Some(element)
    }

    /// Folds the quote at the end, if another pass over the result cuts nothing off.
    fn fold_quote(&mut self) {
        let steps = self.walked + 2 * self.elements + FOLD_ELEMENTS * DEPTH_MAX;
        if self.styles.is_fragment() {
            return;
        }
        if steps < WALKED_MAX && self.elements + FOLD_ELEMENTS < ELEMENTS_MAX {
            let quotes = std::mem::take(&mut self.quotes);
            quotes.fold(&mut self.out.html, DEPTH_MAX - 1);
        }
    }

    fn write(&mut self, markup: &str) {
        if self.hidden == 0 {
            self.out.html.push_str(markup);
            self.is_at_pre_start = false;
            self.run_bytes = 0;
        }
    }

    fn is_open(&self, name: &str) -> bool {
        self.positions
            .get(name)
            .is_some_and(|of_name| !of_name.is_empty())
    }

    /// Formats a start tag in canonical form: known attributes, double quotes.
    fn format_start_tag(
        &mut self,
        name: &str,
        own: &'static [&'static str],
        tag: &Tag<'_>,
        source: Option<&Source<'_>>,
        style: &ElementStyle,
    ) -> String {
        let mut out = format!("<{name}");
        if name == "a" && !self.styles.is_fragment() {
            out.push_str(policy::LINK_ATTRIBUTES);
        }
        for attribute in policy::attributes(own) {
            let Some(mut value) = tag.value(attribute) else {
                continue;
            };
            let role = match (attribute, name) {
                ("bgcolor", _) => Some(Role::Surface),
                ("color", "font") => Some(Role::Text),
                _ => None,
            };
            match attribute {
                "src" => self.note_content_id(source),
                // The mark of a quotation: a shown document marks it by its fold.
                "type" if name == "blockquote" && !self.styles.is_fragment() => continue,
                "href" if policy::link(&value).is_some() => {}
                "background" if self.styles.is_loaded(&value) => {}
                "class" | "id" => match self.styles.names(attribute, &value) {
                    Some(names) => value = Cow::Owned(names),
                    None => continue,
                },
                "href" | "background" => continue,
                _ if policy::is_plain_value(attribute, &value) => {}
                _ => continue,
            }
            if let Some(role) = role
                && let Some(adapted) = self.styles.adapt(attribute, role, &value)
            {
                value = Cow::Owned(adapted);
            }
            push_attribute(&mut out, attribute, &value);
        }
        style.push(&mut out);
        out.push('>');
        out
    }
}

#[cfg(test)]
mod tests;
