//! The styles of one document: its sheet, its `style` attributes, and the colours of its other
//! attributes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::css::{self, Css, Effects, Rgba, Role, Sheet};
use super::policy::{self, Source, Sources};
use super::scan::Tag;
use super::{Scheme, tracking};

/// Maximum number of different colours of attributes that are adapted in both schemes.
const COLORS_MAX: usize = 200;
/// The second class of the wrapper of a document without media rules of its own.
const FLUID: &str = "fluid";
/// The sides of an image that the box in its place keeps, in pixels.
const BOX_MIN_PX: u32 = 48;
const BOX_MAX_PX: u32 = 2_000;

/// How the styles of a document are cleaned.
#[derive(Clone, Copy)]
pub(super) struct Look<'l> {
    /// The class of the wrapper of the document.
    pub(super) scope: &'l str,
    /// The scheme that the document is shown in.
    pub(super) scheme: Scheme,
    /// Whether colours are adapted to the dark scheme.
    pub(super) is_adapted: bool,
    /// Which styles are kept.
    pub(super) kept: Kept,
}

/// Which styles of a document are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Sheets, classes, ids and `style` attributes: the document is shown alone.
    All,
    /// `style` attributes: the document becomes a part of another one.
    Attributes,
    /// None. Only what `style` hides is found.
    Nothing,
}

impl Look<'_> {
    /// For a document that is read only for its text.
    pub(super) const NONE: Self = Self {
        scope: "m0",
        scheme: Scheme::Light,
        is_adapted: false,
        kept: Kept::Nothing,
    };
}

/// The style of an element.
#[derive(Debug, Default)]
pub(super) struct ElementStyle {
    /// The position of the `style` among the styles of the document; `None` if there is none.
    index: Option<usize>,
    /// The length of the `style`, in bytes.
    pub(super) bytes: usize,
    pub(super) effects: Effects,
    /// Whether the element is hidden, and no rule of the sheet can show it.
    pub(super) hides: bool,
}

impl ElementStyle {
    /// Appends the attribute.
    pub(super) fn push(&self, out: &mut String) {
        if let Some(index) = self.index {
            out.push_str(&format!(" style=\"{index}\""));
        }
    }
}

/// What the styles of a document load.
#[derive(Debug, Default, Clone)]
pub(super) struct Loads {
    /// Number of removed remote images that are meant to be visible.
    pub(super) blocked: u32,
    /// Number of removed remote images that are not meant to be visible.
    pub(super) trackers: u32,
    /// The content ids of the parts that are loaded.
    pub(super) content_ids: Vec<String>,
}

impl Loads {
    /// Decides about an address in a style.
    fn resolve(&mut self, address: &str, is_seen: bool, sources: &Sources<'_>) -> Option<String> {
        let source = policy::source(address);
        let is_remote = matches!(source, Source::Remote { .. });
        if is_remote && (!is_seen || tracking::counts_openings(address)) {
            self.trackers = self.trackers.saturating_add(1);
            return None;
        }
        let Some(resolved) = sources.resolve(&source).map(Cow::into_owned) else {
            self.blocked = self.blocked.saturating_add(u32::from(is_remote));
            return None;
        };
        if let Source::Part(content_id) = source {
            self.content_ids.push(content_id);
        }
        Some(resolved)
    }

    fn add(&mut self, other: &Self) {
        self.blocked = self.blocked.saturating_add(other.blocked);
        self.trackers = self.trackers.saturating_add(other.trackers);
    }
}

/// A cleaned `style`, with what one use of it loads.
struct Known {
    text: String,
    effects: Effects,
    loads: Loads,
}

/// The styles of one document while it is read.
pub(super) struct Styles<'s> {
    look: Look<'s>,
    sources: &'s Sources<'s>,
    sheet: Sheet,
    /// The rules of the attributes of `body`.
    root_rules: String,
    /// The rules that adapt the colours of attributes: `light-dark()` cannot be written there.
    color_rules: BTreeSet<String>,
    /// The cleaned `style` attributes, and their positions by source: newsletters repeat them.
    known: Vec<Known>,
    positions: HashMap<String, usize>,
    loads: Loads,
}

/// The styles of a document that was read.
pub(super) struct DocumentStyles {
    /// The style sheet.
    pub(super) sheet: String,
    /// The values of the `style` attributes, by index.
    pub(super) attributes: Vec<String>,
    /// The classes of the wrapper.
    pub(super) wrapper: String,
    pub(super) loads: Loads,
    /// Whether the sheet has rules for the dark scheme.
    pub(super) has_dark_rules: bool,
}

impl<'s> Styles<'s> {
    pub(super) fn new(look: Look<'s>, sources: &'s Sources<'s>) -> Self {
        Self {
            look,
            sources,
            sheet: Sheet::default(),
            root_rules: String::new(),
            color_rules: BTreeSet::new(),
            known: Vec::new(),
            positions: HashMap::new(),
            loads: Loads::default(),
        }
    }

    /// Cleans the text of a `style` element.
    pub(super) fn add_sheet(&mut self, text: &str, media: &str) {
        if self.look.kept != Kept::All {
            return;
        }
        let (look, sources, loads) = (self.look, self.sources, &mut self.loads);
        let sheet = &mut self.sheet;
        with_css(look, loads, sources, true, |css| {
            css::clean_sheet(text, media, css, sheet);
        });
    }

    /// Cleans the `style` of an element, and counts what it loads if it is shown.
    pub(super) fn of_element(&mut self, tag: &Tag<'_>, is_shown: bool) -> ElementStyle {
        let source = tag.value("style");
        let style = source.map(|source| self.of_source(source, is_shown));
        let style = style.unwrap_or_default();
        let is_hidden = tag.value("hidden").is_some();
        ElementStyle {
            hides: is_hidden || (style.effects.hides && !self.is_revealed(tag)),
            ..style
        }
    }

    /// Returns the style of the box for an image that is not loaded: the size that the attributes
    /// of the image give, then its own `style`. Beside a small image its words need more room.
    pub(super) fn of_missing_image(&mut self, tag: &Tag<'_>) -> ElementStyle {
        let side = |name| {
            let value = tag.value(name)?;
            let pixels = value.trim().trim_end_matches("px").parse::<u32>().ok()?;
            (BOX_MIN_PX..=BOX_MAX_PX)
                .contains(&pixels)
                .then_some(pixels)
        };
        let mut source = match (side("width"), side("height")) {
            (Some(width), Some(height)) => {
                format!("width:{width}px;aspect-ratio:{width}/{height};")
            }
            (Some(width), None) => format!("width:{width}px;"),
            (None, _) => String::new(),
        };
        source.push_str(&tag.value("style").unwrap_or_default());
        self.of_source(Cow::Owned(source), false)
    }

    fn of_source(&mut self, source: Cow<'_, str>, is_shown: bool) -> ElementStyle {
        let index = match self.positions.get(&*source) {
            Some(index) => *index,
            None => self.add_style(source.into_owned()),
        };
        let Some(known) = self.known.get(index) else {
            return ElementStyle::default();
        };
        if is_shown {
            self.loads.add(&known.loads);
        }
        let is_written = self.look.kept != Kept::Nothing && !known.text.is_empty();
        ElementStyle {
            index: is_written.then_some(index),
            bytes: known.text.len(),
            effects: known.effects,
            hides: false,
        }
    }

    fn add_style(&mut self, source: String) -> usize {
        let mut loads = Loads::default();
        let mut clean = |is_seen: bool| {
            loads = Loads::default();
            with_css(self.look, &mut loads, self.sources, is_seen, |css| {
                css::clean_attribute(&source, css)
            })
        };
        let mut style = clean(true);
        if tracking::has_unseen_background(&style.effects) {
            style = clean(false);
        }
        self.loads.content_ids.append(&mut loads.content_ids);
        let index = self.known.len();
        self.known.push(Known {
            text: style.text,
            effects: style.effects,
            loads,
        });
        self.positions.insert(source, index);
        index
    }

    /// Whether a rule shows an element although its `style` hides it: newsletters hide the variant
    /// of a layout for phones so.
    fn is_revealed(&self, tag: &Tag<'_>) -> bool {
        let revealed = &self.sheet.revealed;
        let is_revealed = |attribute| {
            let names = tag.value(attribute);
            names.is_some_and(|names| css::shares_name(&names, |name| revealed.contains(name)))
        };
        !revealed.is_empty() && (is_revealed("class") || is_revealed("id"))
    }

    /// Returns the value of a `class` or `id` with its prefixes; `None` if nothing of it is kept.
    pub(super) fn names(&self, attribute: &str, value: &str) -> Option<String> {
        let mut names = String::new();
        match attribute {
            _ if self.look.kept != Kept::All => {}
            "class" => css::push_names(&mut names, value),
            "id" => drop(css::push_name(&mut names, value)),
            _ => {}
        }
        (!names.is_empty()).then_some(names)
    }

    /// Whether the image of a `background` attribute is loaded; counts it if not.
    pub(super) fn is_loaded(&mut self, address: &str) -> bool {
        let resolved = self.loads.resolve(address, true, self.sources);
        resolved.is_some() && self.look.kept != Kept::Nothing
    }

    /// Returns the adapted value of an attribute that is a colour, if it has another one in the
    /// scheme. In both schemes a rule does it.
    pub(super) fn adapt(&mut self, attribute: &str, role: Role, value: &str) -> Option<String> {
        let color = Rgba::of_attribute(value).filter(|_| self.look.is_adapted)?;
        let adapted = color.adapted(role)?;
        if self.look.scheme == Scheme::Dark {
            let mut out = String::new();
            adapted.write(&mut out);
            return Some(out);
        }
        if self.color_rules.len() < COLORS_MAX {
            let property = match role {
                Role::Surface => "background-color",
                Role::Text | Role::Line => "color",
            };
            let mut rule = format!(
                ":where(.{} [{attribute}='{value}']){{{property}:light-dark(",
                self.look.scope
            );
            color.write(&mut rule);
            rule.push(',');
            adapted.write(&mut rule);
            rule.push_str(")}");
            self.color_rules.insert(rule);
        }
        None
    }

    /// Whether the document becomes a part of another one.
    pub(super) fn is_fragment(&self) -> bool {
        self.look.kept == Kept::Attributes
    }

    /// Whether a tag is the wrapper of this document, written by an earlier pass.
    pub(super) fn is_wrapper(&self, tag: &Tag<'_>) -> bool {
        if self.is_fragment() {
            return false;
        }
        let class = tag.value("class").unwrap_or_default();
        class.split(' ').next() == Some(self.look.scope)
    }

    /// Writes the colours and the image of `body` as rules.
    pub(super) fn add_root_rules(&mut self, tag: &Tag<'_>) {
        let color = |attribute| Rgba::of_attribute(&tag.value(attribute)?);
        let scope = self.look.scope;
        let mut body = String::new();
        let loads = &mut self.loads;
        with_css(self.look, loads, self.sources, true, |css| {
            let mut push = |name, color: Option<Rgba>, role| {
                if let Some(color) = color {
                    if !body.is_empty() {
                        body.push(';');
                    }
                    css::push_color(name, color, role, css, &mut body);
                }
            };
            push("background-color", color("bgcolor"), Role::Surface);
            push("color", color("text"), Role::Text);
            if let Some(image) = tag.value("background").and_then(|url| (css.resolve)(&url)) {
                if !body.is_empty() {
                    body.push(';');
                }
                css::push_image("background-image", &image, &mut body);
            }
            if !body.is_empty() {
                self.root_rules = format!(".{scope}>{}{{{body}}}", css::ROOT);
            }
            if let Some(color) = color("link") {
                self.root_rules.push_str(&format!(".{scope} a{{"));
                css::push_color("color", color, Role::Text, css, &mut self.root_rules);
                self.root_rules.push('}');
            }
        });
    }

    /// Returns the styles once the whole document is read.
    pub(super) fn finish(self) -> DocumentStyles {
        let mut sheet: String = self.color_rules.into_iter().collect();
        if self.sheet.has_room(self.root_rules.len()) {
            sheet.push_str(&self.root_rules);
        }
        sheet.push_str(&self.sheet.text);
        let mut wrapper = self.look.scope.to_owned();
        if !self.sheet.has_media_rules {
            wrapper.extend([" ", FLUID]);
        }
        DocumentStyles {
            sheet,
            attributes: self.known.into_iter().map(|known| known.text).collect(),
            wrapper,
            loads: self.loads,
            has_dark_rules: self.sheet.has_dark_rules,
        }
    }
}

/// Runs `clean` with the decisions of a look and its sources.
fn with_css<T>(
    look: Look<'_>,
    loads: &mut Loads,
    sources: &Sources<'_>,
    is_seen: bool,
    clean: impl FnOnce(&Css<'_>) -> T,
) -> T {
    let loads = std::cell::RefCell::new(loads);
    clean(&Css {
        scope: look.scope,
        scheme: look.scheme,
        is_adapted: look.is_adapted,
        resolve: &|address| loads.borrow_mut().resolve(address, is_seen, sources),
    })
}
