//! The allow list of properties, with the kinds of values of each.
//!
//! Nothing here moves a box over others or out of its place: no `position`, `z-index`, `transform`
//! or negative margin. Nothing generates text, runs, or takes a value from elsewhere: no `content`,
//! `animation`, `transition` or custom property.

use std::cmp::Ordering;

/// A set of kinds of values, one bit each.
pub(super) type Kinds = u16;

/// A keyword. Every property takes keywords.
pub(super) const WORD: Kinds = 1;
/// A number without a unit.
pub(super) const NUMBER: Kinds = 1 << 1;
/// A length.
pub(super) const LENGTH: Kinds = 1 << 2;
/// A percentage.
pub(super) const PERCENT: Kinds = 1 << 3;
/// A colour.
pub(super) const COLOR: Kinds = 1 << 4;
/// An image: `url()` or a gradient.
pub(super) const IMAGE: Kinds = 1 << 5;
/// A font family: a string, or words whose case is kept.
pub(super) const FAMILY: Kinds = 1 << 6;
/// A comma or a slash between values.
pub(super) const LIST: Kinds = 1 << 7;
/// `calc()`. Only for properties that cannot be negative: the result is not computed here.
pub(super) const CALC: Kinds = 1 << 8;
/// Negative values, down to [`super::SMALL_MAX`] pixels.
pub(super) const NEGATIVE: Kinds = 1 << 9;
/// Lengths up to [`super::SMALL_MAX`] pixels only: what is painted around a box must not cover
/// others.
pub(super) const SMALL: Kinds = 1 << 10;
/// An angle, inside a gradient.
pub(super) const ANGLE: Kinds = 1 << 11;

const SIZE: Kinds = WORD | NUMBER | LENGTH | PERCENT | CALC;
const SPACE: Kinds = WORD | NUMBER | LENGTH | PERCENT;
const PAINT: Kinds = WORD | COLOR;
const BORDER: Kinds = WORD | NUMBER | LENGTH | COLOR | SMALL;
const POSITION: Kinds = WORD | NUMBER | LENGTH | PERCENT | LIST | NEGATIVE;
const SHADOW: Kinds = WORD | NUMBER | LENGTH | COLOR | LIST | NEGATIVE | SMALL;

const PROPERTIES: &[(&str, Kinds)] = &[
    ("-moz-text-size-adjust", WORD | PERCENT),
    ("-ms-interpolation-mode", WORD),
    ("-ms-text-size-adjust", WORD | PERCENT),
    ("-webkit-text-fill-color", PAINT),
    ("-webkit-text-size-adjust", WORD | PERCENT),
    ("align-content", WORD),
    ("align-items", WORD),
    ("align-self", WORD),
    ("aspect-ratio", WORD | NUMBER | LIST),
    ("background", PAINT | IMAGE | POSITION),
    ("background-attachment", WORD | LIST),
    ("background-clip", WORD | LIST),
    ("background-color", PAINT),
    ("background-image", WORD | IMAGE | LIST),
    ("background-origin", WORD | LIST),
    ("background-position", POSITION),
    ("background-position-x", POSITION),
    ("background-position-y", POSITION),
    ("background-repeat", WORD | LIST),
    ("background-size", SPACE | LIST),
    ("border", BORDER),
    ("border-bottom", BORDER),
    ("border-bottom-color", PAINT),
    ("border-bottom-left-radius", SPACE | LIST),
    ("border-bottom-right-radius", SPACE | LIST),
    ("border-bottom-style", WORD),
    ("border-bottom-width", BORDER),
    ("border-collapse", WORD),
    ("border-color", PAINT),
    ("border-left", BORDER),
    ("border-left-color", PAINT),
    ("border-left-style", WORD),
    ("border-left-width", BORDER),
    ("border-radius", SPACE | LIST),
    ("border-right", BORDER),
    ("border-right-color", PAINT),
    ("border-right-style", WORD),
    ("border-right-width", BORDER),
    ("border-spacing", SPACE),
    ("border-style", WORD),
    ("border-top", BORDER),
    ("border-top-color", PAINT),
    ("border-top-left-radius", SPACE | LIST),
    ("border-top-right-radius", SPACE | LIST),
    ("border-top-style", WORD),
    ("border-top-width", BORDER),
    ("border-width", BORDER),
    ("box-shadow", SHADOW),
    ("box-sizing", WORD),
    ("caption-side", WORD),
    ("clear", WORD),
    ("color", PAINT),
    ("column-count", WORD | NUMBER),
    ("column-gap", SPACE),
    ("columns", SPACE),
    ("cursor", WORD),
    ("direction", WORD),
    ("display", WORD),
    ("empty-cells", WORD),
    ("flex", SIZE),
    ("flex-basis", SIZE),
    ("flex-direction", WORD),
    ("flex-flow", WORD),
    ("flex-grow", WORD | NUMBER),
    ("flex-shrink", WORD | NUMBER),
    ("flex-wrap", WORD),
    ("float", WORD),
    ("font", SPACE | FAMILY | LIST),
    ("font-family", WORD | FAMILY | LIST),
    ("font-size", SIZE),
    ("font-stretch", WORD | PERCENT),
    ("font-style", WORD),
    ("font-variant", WORD),
    ("font-weight", WORD | NUMBER),
    ("gap", SPACE),
    ("height", SIZE),
    ("hyphens", WORD),
    ("justify-content", WORD),
    ("justify-items", WORD),
    ("justify-self", WORD),
    ("letter-spacing", SPACE | NEGATIVE | SMALL),
    ("line-break", WORD),
    ("line-height", SIZE),
    ("list-style", WORD | IMAGE),
    ("list-style-image", WORD | IMAGE),
    ("list-style-position", WORD),
    ("list-style-type", WORD),
    ("margin", SPACE),
    ("margin-bottom", SPACE),
    ("margin-left", SPACE),
    ("margin-right", SPACE),
    ("margin-top", SPACE),
    ("max-height", SIZE),
    ("max-width", SIZE),
    ("min-height", SIZE),
    ("min-width", SIZE),
    ("object-fit", WORD),
    ("object-position", POSITION),
    ("opacity", WORD | NUMBER),
    ("order", WORD | NUMBER),
    ("outline", BORDER),
    ("outline-color", PAINT),
    ("outline-style", WORD),
    ("outline-width", BORDER),
    ("overflow", WORD),
    ("overflow-wrap", WORD),
    ("overflow-x", WORD),
    ("overflow-y", WORD),
    ("padding", SIZE),
    ("padding-bottom", SIZE),
    ("padding-left", SIZE),
    ("padding-right", SIZE),
    ("padding-top", SIZE),
    ("row-gap", SPACE),
    ("table-layout", WORD),
    ("text-align", WORD),
    ("text-align-last", WORD),
    ("text-decoration", BORDER),
    ("text-decoration-color", PAINT),
    ("text-decoration-line", WORD),
    ("text-decoration-style", WORD),
    ("text-decoration-thickness", SPACE | SMALL),
    ("text-indent", SPACE),
    ("text-overflow", WORD),
    ("text-rendering", WORD),
    ("text-shadow", SHADOW),
    ("text-size-adjust", WORD | PERCENT),
    ("text-transform", WORD),
    ("text-underline-offset", SPACE | SMALL),
    ("text-wrap", WORD),
    ("unicode-bidi", WORD),
    ("vertical-align", SPACE | NEGATIVE | SMALL),
    ("visibility", WORD),
    ("white-space", WORD),
    ("width", SIZE),
    ("word-break", WORD),
    ("word-spacing", SPACE | NEGATIVE | SMALL),
    ("word-wrap", WORD),
    ("writing-mode", WORD),
];

/// What a colour paints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Role {
    /// Text, on a surface.
    Text,
    /// The area behind text.
    Surface,
    /// A line around or between surfaces.
    Line,
}

/// An allowed property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kinds: Kinds,
}

impl Property {
    /// What the colours of the property paint; `None` if they stay the same on any scheme.
    pub(super) fn role(self) -> Option<Role> {
        match self.name {
            name if name.starts_with("background") => Some(Role::Surface),
            name if name.starts_with("border") || name.starts_with("outline") => Some(Role::Line),
            "box-shadow" | "text-shadow" => None,
            _ => Some(Role::Text),
        }
    }
}

/// Returns an allowed property by its name in any case.
pub(super) fn find(name: &str) -> Option<Property> {
    let compare = |other: &str| -> Ordering {
        other
            .bytes()
            .cmp(name.bytes().map(|b| b.to_ascii_lowercase()))
    };
    let index = PROPERTIES
        .binary_search_by(|(other, _)| compare(other))
        .ok()?;
    let (name, kinds) = *PROPERTIES.get(index)?;
    Some(Property { name, kinds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allow_list_is_sorted_and_holds_no_property_that_moves_or_generates() {
        assert!(PROPERTIES.is_sorted_by_key(|(name, _)| name));
        for forbidden in [
            "position",
            "z-index",
            "top",
            "left",
            "inset",
            "content",
            "behavior",
            "-moz-binding",
            "animation",
            "animation-name",
            "transition",
            "transform",
            "translate",
            "rotate",
            "scale",
            "zoom",
            "filter",
            "backdrop-filter",
            "clip",
            "clip-path",
            "mask",
            "pointer-events",
            "--x",
            "src",
            "all",
            "quotes",
            "counter-reset",
            "border-image",
            "shape-outside",
            "offset-path",
            "will-change",
            "contain",
            "user-select",
            "appearance",
        ] {
            assert!(find(forbidden).is_none(), "{forbidden}");
        }
        assert_eq!(
            find("Background-COLOR").map(|p| p.name),
            Some("background-color")
        );
    }

    #[test]
    fn only_properties_that_cannot_be_negative_take_calc() {
        for (name, kinds) in PROPERTIES {
            assert!(kinds & WORD != 0, "{name}");
            assert!(kinds & CALC == 0 || kinds & NEGATIVE == 0, "{name}");
            assert!(
                !name.starts_with("margin") || kinds & (CALC | NEGATIVE) == 0,
                "{name}"
            );
        }
    }
}
