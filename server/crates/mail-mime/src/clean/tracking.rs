//! Detects tracking pixels: remote images that are not meant to be visible and that tell the sender
//! who opened a message, when and where.

use super::css::{Effects, pixels};
use super::policy::Source;
use super::scan::Tag;

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
/// known to count openings. `source` is the parsed `address`; `hides` tells whether its style hides
/// it.
pub(super) fn is_tracking_pixel(
    tag: &Tag<'_>,
    address: &str,
    source: &Source<'_>,
    effects: &Effects,
    hides: bool,
) -> bool {
    matches!(source, Source::Remote { .. })
        && (hides || is_unseen(tag, effects) || counts_openings(address))
}

/// Whether an image takes no more than one pixel.
fn is_unseen(tag: &Tag<'_>, effects: &Effects) -> bool {
    let side = |styled: Option<u32>, name| {
        let attribute = || pixels(&tag.value(name)?);
        styled.or_else(attribute)
    };
    let width = side(effects.width_px, "width");
    effects.is_transparent || is_a_pixel(width, side(effects.height_px, "height"))
}

/// Whether an element cannot be seen by its style alone, so that its background is not meant to be.
pub(super) fn has_unseen_background(effects: &Effects) -> bool {
    let is_a_pixel = is_a_pixel(effects.width_px, effects.height_px);
    effects.hides || effects.is_transparent || is_a_pixel
}

fn is_a_pixel(width: Option<u32>, height: Option<u32>) -> bool {
    matches!(
        (width, height),
        (Some(0), _) | (_, Some(0)) | (Some(1), Some(1))
    )
}

/// Whether the address of an image is known to count openings.
pub(super) fn counts_openings(source: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::Scheme;
    use super::super::css::{self, Css};
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
            let css = Css {
                scope: "m0",
                scheme: Scheme::Light,
                is_adapted: false,
                resolve: &|_| None,
            };
            let style = tag.value("style").unwrap_or_default();
            let effects = css::clean_attribute(&style, &css).effects;
            let hides = effects.hides || tag.value("hidden").is_some();
            is_tracking_pixel(&tag, &address, &source, &effects, hides)
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
