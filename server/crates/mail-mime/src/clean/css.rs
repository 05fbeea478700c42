//! Sanitizer for style sheets and `style` attributes.
//!
//! CSS is parsed to tokens (CSS Syntax Level 3) and written again from allow lists of properties,
//! functions, selectors and media features. Nothing of the source is copied: names, strings and
//! numbers are written in a form that needs no escapes, so the result holds no `<`, no `\`, and no
//! address that the caller has not accepted. Cleaning the result again changes nothing.
//!
//! What a message cannot do with its styles:
//! - reach an element outside its own document: each selector begins with the class of the wrapper
//!   around it, and no selector can select the wrapper;
//! - place a box over another document or outside its own: see [`property`];
//! - load anything, or disclose an attribute or a visited link by what it loads: see [`selector`].

mod color;
mod media;
mod names;
mod property;
mod selector;
mod sheet;
mod value;
mod write;

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser,
};

pub(super) use color::Rgba;
pub(super) use names::{is_names, push_name, push_names, shares_name};
pub(super) use property::Role;
pub(super) use selector::ROOT;
pub(super) use sheet::{Sheet, clean_sheet};

use super::Scheme;
use value::Value;

/// Maximum size of the style sheet that is written for a document, in bytes. Rules beyond it are
/// dropped.
pub(super) const SHEET_BYTES: usize = 256 << 10;
/// Maximum length of a `style` attribute, in bytes; a longer one is dropped.
const ATTRIBUTE_BYTES: usize = 64 << 10;
/// Maximum number of selectors of a document: browsers try many of them on every element.
const SHEET_SELECTORS_MAX: usize = 3_000;
/// Maximum number of declarations of a rule or an attribute.
const DECLARATIONS_MAX: usize = 200;
/// Maximum number of selectors of a rule.
const SELECTORS_MAX: usize = 100;
/// Maximum number of compounds of a selector.
const COMPOUNDS_MAX: usize = 12;
/// Maximum nesting depth of `@media` and `@supports`.
const DEPTH_MAX: usize = 4;
/// Maximum size of a box, in pixels.
const SIZE_MAX: f32 = 5_000.0;
/// Maximum size of what is painted around a box or moves text, in pixels.
const SMALL_MAX: f32 = 100.0;

/// The document whose styles are cleaned.
#[derive(Clone, Copy)]
pub(super) struct Css<'c> {
    /// The class of the wrapper of the document.
    pub(super) scope: &'c str,
    /// The scheme that the document is shown in.
    pub(super) scheme: Scheme,
    /// Whether colours are adapted to the dark scheme.
    pub(super) is_adapted: bool,
    /// Returns the address to load for an address of the message; `None` if it is not loaded.
    pub(super) resolve: &'c dyn Fn(&str) -> Option<String>,
}

/// A cleaned `style` attribute.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Style {
    /// The declarations.
    pub(super) text: String,
    /// What they do to the element.
    pub(super) effects: Effects,
}

/// What declarations do to the visibility of an element.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Effects {
    /// The element is not shown.
    pub(super) hides: bool,
    /// The element is shown, even if its own `style` hides it.
    pub(super) reveals: bool,
    /// The element is fully transparent.
    pub(super) is_transparent: bool,
    /// The smallest width or maximum width, in whole pixels.
    pub(super) width_px: Option<u32>,
    /// The smallest height or maximum height, in whole pixels.
    pub(super) height_px: Option<u32>,
}

/// Cleans the value of a `style` attribute.
pub(super) fn clean_attribute(text: &str, css: &Css<'_>) -> Style {
    let mut style = Style::default();
    if text.len() <= ATTRIBUTE_BYTES {
        let mut value = Value::default();
        style.effects = push_declarations(&mut Parser::new(text), css, &mut value, &mut style.text);
    }
    style
}

/// Appends the declaration of one colour.
pub(super) fn push_color(name: &str, color: Rgba, role: Role, css: &Css<'_>, out: &mut String) {
    let mut value = Value::default();
    value.push_color(color);
    push_declaration(name, &value, Some(role), "", css, out);
}

/// Appends the declaration of one image, whose address was accepted.
pub(super) fn push_image(name: &str, address: &str, out: &mut String) {
    out.extend([name, ":"]);
    write::url(out, address);
}

/// Cleans the declarations up to the end of a block and appends them.
fn push_declarations(
    input: &mut Parser<'_>,
    css: &Css<'_>,
    value: &mut Value,
    out: &mut String,
) -> Effects {
    let mut declarations = Declarations {
        css,
        value,
        start: out.len(),
        out,
        effects: Effects::default(),
    };
    let body = RuleBodyParser::new(input, &mut declarations);
    for declaration in body.take(DECLARATIONS_MAX) {
        // What is refused is left out.
        drop(declaration);
    }
    declarations.effects
}

/// Appends a declaration, and its form for a dark scheme where the colours differ.
fn push_declaration(
    name: &str,
    value: &Value,
    role: Option<Role>,
    important: &str,
    css: &Css<'_>,
    out: &mut String,
) {
    let adapts = |role: &Role| css.is_adapted && value.is_adapted(*role);
    let adapted = role.filter(adapts);
    if css.scheme != Scheme::Dark || adapted.is_none() {
        out.extend([name, ":", value.text(), important]);
    }
    if let Some(role) = adapted {
        if css.scheme != Scheme::Dark {
            // Browsers without `light-dark()` ignore the second declaration.
            out.push(';');
        }
        out.extend([name, ":"]);
        value.push_adapted(role, css.scheme, out);
        out.push_str(important);
    }
}

/// Cleans declarations one by one.
struct Declarations<'d, 'c> {
    css: &'d Css<'c>,
    value: &'d mut Value,
    out: &'d mut String,
    /// The length of `out` before the first declaration.
    start: usize,
    effects: Effects,
}

impl<'i> DeclarationParser<'i> for Declarations<'_, '_> {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _start: &ParserState,
    ) -> Result<(), ParseError<()>> {
        let property = property::find(&name).ok_or_else(ParseError::unexpected_token)?;
        let is_important = self.value.parse(input, property.kinds, self.css.resolve)?;
        if self.out.len() > self.start {
            self.out.push(';');
        }
        let important = if is_important { "!important" } else { "" };
        let role = property.role();
        push_declaration(
            property.name,
            self.value,
            role,
            important,
            self.css,
            self.out,
        );
        self.effects
            .note(property.name, self.value.text(), is_important);
        Ok(())
    }
}

impl AtRuleParser<'_> for Declarations<'_, '_> {
    type Prelude = ();
    type AtRule = ();
    type Error = ();
}

impl QualifiedRuleParser<'_> for Declarations<'_, '_> {
    type Prelude = ();
    type QualifiedRule = ();
    type Error = ();
}

impl RuleBodyItemParser<'_, (), ()> for Declarations<'_, '_> {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

impl Effects {
    /// Notes the effect of a declaration as it was written.
    fn note(&mut self, name: &str, value: &str, is_important: bool) {
        match name {
            "display" if value == "none" => self.hides = true,
            "visibility" if value == "hidden" => self.hides = true,
            "display" => self.reveals |= is_important,
            "opacity" => self.is_transparent |= value == "0",
            "width" | "max-width" => least(&mut self.width_px, pixels(value)),
            "height" | "max-height" => least(&mut self.height_px, pixels(value)),
            _ => {}
        }
    }
}

fn least(side: &mut Option<u32>, value: Option<u32>) {
    *side = side.iter().copied().chain(value).min();
}

/// Returns the whole pixels of a length, if it is in pixels or without a unit; zero of any unit is
/// zero.
pub(super) fn pixels(value: &str) -> Option<u32> {
    let value = value.trim();
    let end = value
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u32 = match whole {
        "" if !fraction.is_empty() => 0,
        digits => digits.parse().ok()?,
    };
    let is_zero = whole == 0 && fraction.bytes().all(|b| b == b'0');
    (is_zero || matches!(unit.trim(), "" | "px")).then_some(whole)
}

#[cfg(test)]
mod tests;
