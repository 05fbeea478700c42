//! Colours: parsed, written, and adapted to a dark scheme.

use cssparser::color::{clamp_floor_256_f32, clamp_unit_f32, parse_hash_color, parse_named_color};
use cssparser::{ParseError, Parser, Token};

use super::property::Role;
use super::write;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Rgba {
    red: u8,
    green: u8,
    blue: u8,
    alpha: f32,
}

/// A surface of at most this luminance is dark.
const SURFACE_DARK: f32 = 0.075;
/// The luminances of adapted surfaces: of a white one, and of one that was nearly dark.
const SURFACE_RANGE: (f32, f32) = (0.0103, 0.068);
/// A text of at least this luminance is light. Its contrast to any dark surface is at least 4.5:1
/// (WCAG 2.2, 1.4.3).
const TEXT_LIGHT: f32 = 0.52;
/// The luminances of adapted texts: of one that was nearly light, and of a black one.
const TEXT_RANGE: (f32, f32) = (0.54, 0.84);
/// Lines of these luminances are visible on dark surfaces and do not dazzle.
const LINE_KEPT: (f32, f32) = (0.02, 0.3);

impl Rgba {
    /// Parses the colour of an attribute such as `bgcolor`: a name, or hexadecimal digits with or
    /// without `#`.
    pub(in super::super) fn of_attribute(value: &str) -> Option<Self> {
        let value = value.trim();
        let digits = value.strip_prefix('#').unwrap_or(value);
        let is_hash = value.len() != digits.len() || digits.len() == 6;
        let hash = is_hash.then(|| Self::of_hash(digits)).flatten();
        hash.or_else(|| Self::of_name(&value.to_ascii_lowercase()))
    }

    pub(super) fn of_hash(digits: &str) -> Option<Self> {
        let (red, green, blue, alpha) = parse_hash_color(digits.as_bytes()).ok()?;
        Some(Self {
            red,
            green,
            blue,
            alpha,
        })
    }

    /// Parses the name of a colour in lower case.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (red, green, blue) = parse_named_color(name).ok()?;
        Some(Self {
            red,
            green,
            blue,
            alpha: 1.0,
        })
    }

    /// Parses the arguments of `rgb()`, `rgba()`, `hsl()` or `hsla()`, with commas or spaces.
    pub(super) fn of_function(
        is_hsl: bool,
        input: &mut Parser<'_>,
    ) -> Result<Self, ParseError<()>> {
        let mut values = [0.0, 0.0, 0.0, 1.0];
        let mut count = 0;
        let mut percents = 0;
        while let Ok(token) = input.next() {
            let value = match *token {
                Token::Comma | Token::Delim('/') => continue,
                Token::Number { value, .. } => value,
                Token::Percentage { unit_value, .. } if count < 3 && !is_hsl => {
                    percents += 1;
                    unit_value * 255.0
                }
                Token::Percentage { unit_value, .. } => unit_value,
                Token::Dimension {
                    value, ref unit, ..
                } if is_hsl && count == 0 && unit.eq_ignore_ascii_case("deg") => value,
                _ => return Err(ParseError::unexpected_token()),
            };
            if !value.is_finite() {
                return Err(ParseError::unexpected_token());
            }
            match values.get_mut(count) {
                Some(slot) => *slot = value,
                None => return Err(ParseError::unexpected_token()),
            }
            count += 1;
        }
        if count < 3 || !matches!(percents, 0 | 3) {
            return Err(ParseError::unexpected_token());
        }
        let [first, second, third, alpha] = values;
        let alpha = alpha.clamp(0.0, 1.0);
        if is_hsl {
            let channel = hsl_channels(first, second.clamp(0.0, 1.0), third.clamp(0.0, 1.0));
            let [red, green, blue] = channel.map(clamp_unit_f32);
            return Ok(Self {
                red,
                green,
                blue,
                alpha,
            });
        }
        let [red, green, blue] = [first, second, third].map(clamp_floor_256_f32);
        Ok(Self {
            red,
            green,
            blue,
            alpha,
        })
    }

    /// Appends the colour as `#rgb`, `#rrggbb` or `rgba()`.
    pub(in super::super) fn write(self, out: &mut String) {
        let channels = [self.red, self.green, self.blue];
        if self.alpha < 1.0 {
            out.push_str("rgba(");
            for channel in channels {
                write::integer(out, i32::from(channel));
                out.push(',');
            }
            write::number(out, self.alpha);
            out.push(')');
            return;
        }
        out.push('#');
        let is_short = channels.iter().all(|channel| channel % 17 == 0);
        for channel in channels {
            let digits = [channel >> 4, channel & 15];
            for digit in digits.into_iter().skip(usize::from(is_short)) {
                out.extend(char::from_digit(u32::from(digit), 16));
            }
        }
    }

    /// Returns the colour for a dark scheme; `None` if it is the same one.
    ///
    /// A light surface becomes dark and a dark text light, with their hue; a surface that is dark
    /// and a text that is light stay. Any text then has a contrast of 4.5:1 to any surface, and
    /// adapting again changes nothing.
    pub(in super::super) fn adapted(self, role: Role) -> Option<Self> {
        if self.alpha <= 0.0 {
            return None;
        }
        let luminance = self.luminance();
        let target = match role {
            Role::Surface if luminance <= SURFACE_DARK => return None,
            Role::Surface => {
                let lightness = (luminance - SURFACE_DARK) / (1.0 - SURFACE_DARK);
                between(SURFACE_RANGE, 1.0 - lightness)
            }
            Role::Text if luminance >= TEXT_LIGHT => return None,
            // A colourful text becomes no paler than it must, and a grey one stays fainter than black.
            Role::Text => {
                let darkness = 1.0 - luminance / TEXT_LIGHT;
                between(TEXT_RANGE, darkness.powi(3) * (1.0 - self.saturation()))
            }
            Role::Line if luminance > LINE_KEPT.1 => 0.06,
            Role::Line if luminance < LINE_KEPT.0 => 0.15,
            Role::Line => return None,
        };
        Some(self.with_luminance(luminance, target))
    }

    fn linear(self) -> [f32; 3] {
        [self.red, self.green, self.blue].map(|channel| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// Returns the relative luminance (WCAG 2.2), from 0 to 1.
    fn luminance(self) -> f32 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns the saturation (of HSV), from 0 to 1.
    fn saturation(self) -> f32 {
        let [max, min] = [u8::max, u8::min].map(|of| of(of(self.red, self.green), self.blue));
        f32::from(max - min) / f32::from(max.max(1))
    }

    /// Darkens by scaling and lightens by mixing with white: both keep the hue.
    fn with_luminance(self, luminance: f32, target: f32) -> Self {
        let [red, green, blue] = self.linear().map(|channel| {
            let channel = if target < luminance {
                channel * target / luminance
            } else {
                channel + (1.0 - channel) * (target - luminance) / (1.0 - luminance)
            };
            let value = if channel <= 0.003_130_8 {
                channel * 12.92
            } else {
                1.055 * channel.powf(1.0 / 2.4) - 0.055
            };
            clamp_unit_f32(value)
        });
        Self {
            red,
            green,
            blue,
            alpha: self.alpha,
        }
    }
}

fn between((from, to): (f32, f32), share: f32) -> f32 {
    from + (to - from) * share
}

/// Converts hue in degrees, saturation and lightness to channels (CSS Color 4 §7.1).
fn hsl_channels(hue: f32, saturation: f32, lightness: f32) -> [f32; 3] {
    let hue = hue.rem_euclid(360.0);
    let amplitude = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        lightness - amplitude * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn adapted(value: &str, role: Role) -> String {
        let color = Rgba::of_attribute(value).unwrap();
        let mut out = String::new();
        color.adapted(role).unwrap_or(color).write(&mut out);
        out
    }

    #[test]
    fn paper_becomes_dark_and_ink_light_with_their_hue() {
        for (value, role, expected) in [
            ("#ffffff", Role::Surface, "#1a1a1a"),
            ("white", Role::Text, "#fff"),
            ("#000", Role::Surface, "#000"),
            ("#000", Role::Text, "#ececec"),
        ] {
            assert_eq!(adapted(value, role), expected, "{value} {role:?}");
        }
        assert!(Rgba::of_attribute("000").is_none(), "three digits need a #");
        let link = Rgba::of_attribute("#0000ee")
            .unwrap()
            .adapted(Role::Text)
            .unwrap();
        assert!(link.blue > link.red && link.red == link.green, "{link:?}");
        let button = Rgba::of_attribute("#ff6600").unwrap();
        let button = button.adapted(Role::Surface).unwrap();
        assert!(
            button.red > button.green && button.green > button.blue,
            "{button:?}"
        );
    }

    fn contrast(one: Rgba, other: Rgba) -> f32 {
        let (one, other) = (one.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn any_color() -> impl Strategy<Value = Rgba> {
        any::<[u8; 3]>().prop_map(|[red, green, blue]| Rgba {
            red,
            green,
            blue,
            alpha: 1.0,
        })
    }

    proptest! {
        #[test]
        fn text_is_readable_on_any_adapted_surface(text in any_color(), surface in any_color()) {
            let text = text.adapted(Role::Text).unwrap_or(text);
            let surface = surface.adapted(Role::Surface).unwrap_or(surface);
            prop_assert!(contrast(text, surface) >= 4.5, "{text:?} on {surface:?}");
        }

        #[test]
        fn adapting_again_changes_nothing(color in any_color()) {
            for role in [Role::Text, Role::Surface, Role::Line] {
                if let Some(adapted) = color.adapted(role) {
                    prop_assert_eq!(adapted.adapted(role), None);
                }
            }
        }
    }
}
