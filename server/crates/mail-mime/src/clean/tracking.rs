//! Detects tracking pixels: remote images that are not meant to be visible and that tell the sender
//! who opened a message, when and where.

use super::policy::Source;
use super::scan::Tag;

/// Maximum number of bytes of a `style` that are read.
const STYLE_BYTES: usize = 4 << 10;

/// URL paths by which large senders count openings.
const PATHS: [&str; 16] = [
    "/track/open",
    "/tracking/open",
    "/open/track",
    "/email/open",
    "/wf/open",
    "/trk/open",
    "/e2t/o/",
    "/trace/mail/",
    "/open.aspx",
    "/open.php",
    "/open.gif",
    "/pixel.gif",
    "/pixel.png",
    "/1x1.gif",
    "/1x1.png",
    "/beacon.gif",
];

/// Hosts whose images serve only tracking, with all their subdomains.
const HOSTS: [&str; 6] = [
    "doubleclick.net",
    "emltrk.com",
    "google-analytics.com",
    "mailfoogae.appspot.com",
    "mailtrack.io",
    "t.yesware.com",
];

/// Whether an `img` is remote and is invisible by its size or style, or has an address that is
/// known to count openings. `source` is the parsed `address`.
pub(super) fn is_tracking_pixel(tag: &Tag<'_>, address: &str, source: &Source<'_>) -> bool {
    if !matches!(source, Source::Remote { .. }) {
        return false;
    }
    let style = style(tag);
    hides(tag, &style) || is_unseen(tag, &style) || counts_openings(address)
}

/// Whether the sender hides an element. Without this check the removal of `style` would make
/// preview texts and the phone variant of a layout visible.
pub(super) fn is_hidden(tag: &Tag<'_>) -> bool {
    hides(tag, &style(tag))
}

fn hides(tag: &Tag<'_>, style: &str) -> bool {
    tag.value("hidden").is_some()
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("mso-hide:all")
}

/// Whether an image takes no more than one pixel.
fn is_unseen(tag: &Tag<'_>, style: &str) -> bool {
    let side = |name: &str, limit: &str| {
        let styled =
            declarations(style).filter(|(written, _)| *written == name || *written == limit);
        let attribute = tag.value(name);
        let attribute = attribute.as_deref().and_then(pixels);
        styled
            .filter_map(|(_, value)| pixels(value))
            .min()
            .or(attribute)
    };
    let is_nothing = |value: &str| value.bytes().all(|b| matches!(b, b'0' | b'.'));
    let is_transparent =
        declarations(style).any(|(name, value)| name == "opacity" && is_nothing(value));
    let sides = (side("width", "max-width"), side("height", "max-height"));
    is_transparent || matches!(sides, (Some(0), _) | (_, Some(0)) | (Some(1), Some(1)))
}

fn counts_openings(source: &str) -> bool {
    let lower = source.to_ascii_lowercase().replace('\\', "/");
    let Some((_, address)) = lower.split_once("//") else {
        return false;
    };
    let (host, path) = address
        .split_at_checked(address.find('/').unwrap_or(address.len()))
        .unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_at = |known: &&str| {
        let before = host.strip_suffix(*known);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    HOSTS.iter().any(is_at) || PATHS.iter().any(|known| path.contains(known))
}

/// Returns the style of an element in lower case, without comments and white space.
fn style(tag: &Tag<'_>) -> String {
    let written = tag.value("style").unwrap_or_default();
    let mut out = String::new();
    let mut rest = crate::display::prefix(&written, STYLE_BYTES);
    while let Some((before, comment)) = rest.split_once("/*") {
        out.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.retain(|c| !c.is_whitespace());
    out.make_ascii_lowercase();
    out
}

/// Returns the names and values of a style.
fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        Some((name, value.strip_suffix("!important").unwrap_or(value)))
    })
}

/// Returns the whole pixels of a length; zero of any unit is zero.
fn pixels(value: &str) -> Option<u32> {
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
mod tests {
    use super::super::policy;
    use super::super::scan::{Scanner, Token};
    use super::*;

    fn is_tracker(html: &str) -> bool {
        let mut tokens = Scanner::new(html);
        let Some(Token::Start(tag)) = tokens.next() else {
            panic!("{html}")
        };
        tag.value("src").is_some_and(|address| {
            let source = policy::source(&address);
            is_tracking_pixel(&tag, &address, &source)
        })
    }

    #[test]
    fn invisible_images_and_open_counters_are_tracking_pixels() {
        for attributes in [
            "width=1 height=1",
            "width='1px' height=\"1\"",
            "width=0 height=40",
            "height=0",
            "style='display:none' width=600 height=80",
            "style='DISPLAY : None !important'",
            "style='visibility:hidden'",
            "style='width:1px;height:1px' width=100 height=100",
            "style='max-height:0'",
            "style='opacity:0'",
            "style='height:/*x*/0em'",
            "hidden",
        ] {
            let html = format!("<img src=https://x.example/a.png {attributes}>");
            assert!(is_tracker(&html), "{html}");
        }
        for source in [
            "https://shop.us1.list-manage.com/track/open.php?u=1",
            "http://u1.ct.sendgrid.net/wf/open?upn=1",
            "//www.Google-Analytics.com/collect?v=1",
            "https://x.example/img/1x1.gif",
        ] {
            let html = format!("<img width=600 src='{source}'>");
            assert!(is_tracker(&html), "{html}");
        }
    }

    #[test]
    fn a_visible_image_is_not_a_tracking_pixel() {
        for html in [
            "<img src=https://x.example/a.png>",
            "<img src=https://x.example/a.png width=600 height=1>",
            "<img src=https://x.example/a.png width=1 height=20>",
            "<img src=https://x.example/a.png width=10 height=10 style='opacity:0.5'>",
            "<img src=https://x.example/a.png style='width:1em;height:1em'>",
            "<img src=https://x.example/a.png width=100% style='max-width:600px'>",
            "<img src=https://notdoubleclick.net/a.png>",
            "<img src='https://x.example/a.png?from=/track/open'>",
            "<img src=cid:a width=1 height=1>",
            "<img src='data:image/png;base64,iVBORw0KGgo=' width=1 height=1>",
            "<img width=1 height=1>",
        ] {
            assert!(!is_tracker(html), "{html}");
        }
    }
}
