//! Values of declarations: parsed by kind and written in canonical form.

use std::ops::Range;

use cssparser::{ParseError, Parser, Token};

use super::super::Scheme;
use super::color::Rgba;
use super::property::{
    ANGLE, CALC, COLOR, FAMILY, IMAGE, Kinds, LENGTH, LIST, NEGATIVE, NUMBER, PERCENT, Role, SMALL,
    WORD,
};
use super::{SIZE_MAX, SMALL_MAX, write};

/// The error of a value with a part that is not allowed: the whole declaration is dropped.
type Refused = ParseError<()>;

/// Maximum length of a value as it is written, in bytes.
const VALUE_BYTES: usize = 64 << 10;
/// Maximum nesting depth of parentheses in `calc()`.
const CALC_DEPTH: usize = 4;
/// Maximum factor in `calc()`.
const FACTOR_MAX: f32 = 10.0;
/// Kinds of values in gradients.
const GRADIENT: Kinds = WORD | NUMBER | LENGTH | PERCENT | ANGLE | COLOR | LIST;

/// A value as it is written, with its colours. Reused from one declaration to the next.
#[derive(Debug, Default)]
pub(super) struct Value {
    text: String,
    colors: Vec<(Range<usize>, Rgba)>,
}

/// Returns the address to load for an address of the message.
type Resolve<'r> = &'r dyn Fn(&str) -> Option<String>;

impl Value {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Parses a value to its end. Returns whether it is `!important`.
    pub(super) fn parse(
        &mut self,
        input: &mut Parser<'_>,
        kinds: Kinds,
        resolve: Resolve<'_>,
    ) -> Result<bool, Refused> {
        self.text.clear();
        self.colors.clear();
        let is_important = self.components(input, kinds, resolve)?;
        if self.text.is_empty() || self.text.len() > VALUE_BYTES {
            return Err(refused());
        }
        Ok(is_important)
    }

    pub(super) fn push_color(&mut self, color: Rgba) {
        let start = self.text.len();
        color.write(&mut self.text);
        self.colors.push((start..self.text.len(), color));
    }

    /// Whether a colour differs in a dark scheme.
    pub(super) fn is_adapted(&self, role: Role) -> bool {
        let mut colors = self.colors.iter();
        colors.any(|(_, color)| color.adapted(role).is_some())
    }

    /// Appends the value with the colours for a dark scheme, or for both.
    pub(super) fn push_adapted(&self, role: Role, scheme: Scheme, out: &mut String) {
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let mut written = 0;
        for (at, color) in &self.colors {
            let Some(dark) = color.adapted(role) else {
                continue;
            };
            out.push_str(part(written..at.start));
            if scheme == Scheme::Dark {
                dark.write(out);
            } else {
                out.extend(["light-dark(", part(at.clone()), ","]);
                dark.write(out);
                out.push(')');
            }
            written = at.end;
        }
        out.push_str(part(written..self.text.len()));
    }

    fn components(
        &mut self,
        input: &mut Parser<'_>,
        kinds: Kinds,
        resolve: Resolve<'_>,
    ) -> Result<bool, Refused> {
        while let Ok(token) = input.next() {
            match token {
                Token::Delim('!') => {
                    input.expect_ident_matching("important")?;
                    input.expect_exhausted()?;
                    return Ok(true);
                }
                Token::Comma if kinds & LIST != 0 => self.text.push(','),
                Token::Delim('/') if kinds & LIST != 0 => self.text.push('/'),
                Token::Ident(word) => self.ident(word, kinds)?,
                Token::QuotedString(name) if kinds & FAMILY != 0 => {
                    self.space();
                    check(write::font(&mut self.text, name))?;
                }
                Token::Hash(digits) | Token::IDHash(digits) if kinds & COLOR != 0 => {
                    let color = Rgba::of_hash(digits).ok_or_else(refused)?;
                    self.space();
                    self.push_color(color);
                }
                Token::Number { .. } | Token::Percentage { .. } | Token::Dimension { .. } => {
                    self.space();
                    self.number(token, kinds)?;
                }
                Token::UnquotedUrl(address) if kinds & IMAGE != 0 => {
                    let loaded = resolve(address);
                    self.image(loaded.as_deref());
                }
                Token::Function(name) => {
                    let function = Function::find(name, kinds).ok_or_else(refused)?;
                    input.parse_nested_block(|input| self.function(function, input, resolve))?;
                }
                _ => return Err(refused()),
            }
        }
        Ok(false)
    }

    /// Separates two values.
    fn space(&mut self) {
        if !(self.text.is_empty() || self.text.ends_with([',', '/', '(', ' '])) {
            self.text.push(' ');
        }
    }

    fn ident(&mut self, word: &str, kinds: Kinds) -> Result<(), Refused> {
        self.space();
        if kinds & FAMILY != 0 {
            check(write::is_plain_name(word))?;
            self.text.push_str(word);
            return Ok(());
        }
        let start = self.text.len();
        check(kinds & WORD != 0 && write::word(&mut self.text, word))?;
        if kinds & COLOR != 0
            && let Some(color) = Rgba::of_name(self.text.get(start..).unwrap_or_default())
        {
            self.colors.push((start..self.text.len(), color));
        }
        Ok(())
    }

    fn number(&mut self, token: &Token<'_>, kinds: Kinds) -> Result<(), Refused> {
        let max = if kinds & SMALL != 0 {
            SMALL_MAX
        } else {
            SIZE_MAX
        };
        let is_bounded = |value: f32, factor: f32| {
            let size = value * factor;
            size <= max && (size >= 0.0 || (kinds & NEGATIVE != 0 && size >= -SMALL_MAX))
        };
        match *token {
            Token::Number { value, .. } => {
                check(kinds & NUMBER != 0 && is_bounded(value, 1.0))?;
                write::number(&mut self.text, value);
            }
            Token::Percentage { unit_value, .. } => {
                let percents = unit_value * 100.0;
                check(kinds & PERCENT != 0 && is_bounded(percents, 1.0))?;
                write::number(&mut self.text, percents);
                self.text.push('%');
            }
            Token::Dimension {
                value, ref unit, ..
            } => {
                let unit = Unit::find(unit).ok_or_else(refused)?;
                let is_allowed = match unit.pixels {
                    Some(pixels) => kinds & LENGTH != 0 && is_bounded(value, pixels),
                    None => kinds & ANGLE != 0 && value.abs() <= SIZE_MAX,
                };
                check(is_allowed)?;
                write::number(&mut self.text, value);
                self.text.push_str(unit.name);
            }
            _ => return Err(refused()),
        }
        Ok(())
    }

    /// Writes an image; `none` if it is not loaded, so that the other values still apply.
    fn image(&mut self, address: Option<&str>) {
        self.space();
        match address {
            Some(address) => write::url(&mut self.text, address),
            None => self.text.push_str("none"),
        }
    }

    fn function(
        &mut self,
        function: Function,
        input: &mut Parser<'_>,
        resolve: Resolve<'_>,
    ) -> Result<(), Refused> {
        match function {
            Function::Url => {
                let loaded = resolve(input.expect_string()?);
                input.expect_exhausted()?;
                self.image(loaded.as_deref());
            }
            Function::Color { is_hsl } => {
                let color = Rgba::of_function(is_hsl, input)?;
                self.space();
                self.push_color(color);
            }
            Function::Gradient(name) => {
                self.space();
                self.text.push_str(name);
                self.text.push('(');
                check(!self.components(input, GRADIENT, resolve)?)?;
                self.text.push(')');
            }
            Function::Calc => {
                self.space();
                self.text.push_str("calc(");
                self.sum(input, CALC_DEPTH)?;
                self.text.push(')');
            }
        }
        Ok(())
    }

    /// Writes the sum inside `calc()`: values and operators take turns.
    fn sum(&mut self, input: &mut Parser<'_>, depth: usize) -> Result<(), Refused> {
        let mut is_operand = true;
        while let Ok(token) = input.next() {
            match *token {
                Token::Number { value, .. } if is_operand => {
                    check((0.0..=FACTOR_MAX).contains(&value))?;
                    write::number(&mut self.text, value);
                }
                Token::Percentage { .. } | Token::Dimension { .. } if is_operand => {
                    self.number(token, LENGTH | PERCENT)?;
                }
                Token::ParenthesisBlock if is_operand && depth > 0 => {
                    self.text.push('(');
                    input.parse_nested_block(|input| self.sum(input, depth - 1))?;
                    self.text.push(')');
                }
                Token::Delim(operator @ ('+' | '-' | '*' | '/')) if !is_operand => {
                    self.text.extend([' ', operator, ' ']);
                }
                _ => return Err(refused()),
            }
            is_operand = !is_operand;
        }
        check(!is_operand)
    }
}

/// An allowed function.
#[derive(Clone, Copy)]
enum Function {
    Url,
    Color { is_hsl: bool },
    Gradient(&'static str),
    Calc,
}

impl Function {
    /// Returns a function that values of these kinds may use.
    fn find(name: &str, kinds: Kinds) -> Option<Self> {
        const FUNCTIONS: [(&str, Kinds, Function); 10] = [
            ("rgb", COLOR, Function::Color { is_hsl: false }),
            ("rgba", COLOR, Function::Color { is_hsl: false }),
            ("hsl", COLOR, Function::Color { is_hsl: true }),
            ("hsla", COLOR, Function::Color { is_hsl: true }),
            ("url", IMAGE, Function::Url),
            ("calc", CALC, Function::Calc),
            (
                "linear-gradient",
                IMAGE,
                Function::Gradient("linear-gradient"),
            ),
            (
                "radial-gradient",
                IMAGE,
                Function::Gradient("radial-gradient"),
            ),
            (
                "repeating-linear-gradient",
                IMAGE,
                Function::Gradient("repeating-linear-gradient"),
            ),
            (
                "repeating-radial-gradient",
                IMAGE,
                Function::Gradient("repeating-radial-gradient"),
            ),
        ];
        FUNCTIONS
            .iter()
            .find(|(other, kind, _)| kinds & kind != 0 && other.eq_ignore_ascii_case(name))
            .map(|(_, _, function)| *function)
    }
}

/// An allowed unit.
struct Unit {
    name: &'static str,
    /// About the number of pixels, for the limits; `None` for an angle.
    pixels: Option<f32>,
}

impl Unit {
    /// Returns a unit by its name. Units of the height of the viewport are not allowed: the frame
    /// is as high as its content, so that each would make the other grow.
    fn find(name: &str) -> Option<&'static Self> {
        const fn unit(name: &'static str, pixels: Option<f32>) -> Unit {
            Unit { name, pixels }
        }
        const UNITS: [Unit; 16] = [
            unit("px", Some(1.0)),
            unit("em", Some(16.0)),
            unit("pt", Some(1.4)),
            unit("rem", Some(16.0)),
            unit("vw", Some(10.0)),
            unit("ex", Some(8.0)),
            unit("ch", Some(8.0)),
            unit("pc", Some(16.0)),
            unit("in", Some(96.0)),
            unit("cm", Some(38.0)),
            unit("mm", Some(3.8)),
            unit("q", Some(1.0)),
            unit("deg", None),
            unit("turn", None),
            unit("rad", None),
            unit("grad", None),
        ];
        UNITS
            .iter()
            .find(|unit| unit.name.eq_ignore_ascii_case(name))
    }
}

fn refused() -> Refused {
    ParseError::unexpected_token()
}

fn check(is_allowed: bool) -> Result<(), Refused> {
    is_allowed.then_some(()).ok_or_else(refused)
}
