//! Which files the browser shows in a tab of their own, and as what.

/// The image types that browsers display and that the server serves as images.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const PDF: &str = "application/pdf";
/// Types beside `text/…` that are texts to read.
const TEXTS: [&str; 5] = [
    "application/ics",
    "application/json",
    "application/xml",
    "message/delivery-status",
    "message/disposition-notification",
];
/// Extensions of texts, for files without a type of their own.
const TEXT_EXTENSIONS: [&str; 15] = [
    "conf", "csv", "diff", "ics", "ini", "json", "log", "md", "patch", "toml", "txt", "vcf", "xml",
    "yaml", "yml",
];
/// The type of files whose type the sender's program did not know.
const UNKNOWN: &str = "application/octet-stream";

/// What the browser shows a file as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// An image of this type.
    Picture(&'static str),
    /// A document for the browser's own viewer.
    Pdf,
    /// A text without markup, whatever its type.
    Text,
}

impl Viewer {
    /// Maximum decoded size of a text that is shown, in bytes.
    pub(crate) const TEXT_MAX_BYTES: u64 = 1 << 20;

    /// Whether a file can be shown: texts only up to [`Self::TEXT_MAX_BYTES`].
    pub(crate) fn shows(name: &str, media_type: &str, size_bytes: u64) -> bool {
        match Self::of(name, media_type) {
            Some(Self::Text) => size_bytes <= Self::TEXT_MAX_BYTES,
            Some(Self::Picture(_) | Self::Pdf) => true,
            None => false,
        }
    }

    /// Returns what a file of this name and media type is shown as; `None` if it can only be saved.
    ///
    /// HTML is never shown: the sender would decide what the page looks like.
    pub(crate) fn of(name: &str, media_type: &str) -> Option<Self> {
        let is = |other: &&str| media_type.eq_ignore_ascii_case(other);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let has = |other: &&str| extension.eq_ignore_ascii_case(other);
        if let Some(picture) = PICTURES.into_iter().find(is) {
            return Some(Self::Picture(picture));
        }
        let is_unknown = media_type.is_empty() || is(&UNKNOWN);
        if is(&PDF) || (is_unknown && has(&"pdf")) {
            return Some(Self::Pdf);
        }
        let is_html = has(&"html") || has(&"htm") || has(&"xhtml") || has(&"svg");
        let is_text = media_type
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("text/"));
        let is_known = (is_text && !is(&"text/html")) || TEXTS.iter().any(is);
        let is_named = is_unknown && TEXT_EXTENSIONS.iter().any(has);
        ((is_known && !is_html) || is_named).then_some(Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_shown_by_type_and_those_of_unknown_type_by_name() {
        for (name, media_type, viewer) in [
            ("a", "image/PNG", Some(Viewer::Picture("image/png"))),
            ("a.png", "application/octet-stream", None),
            ("offer", "application/pdf", Some(Viewer::Pdf)),
            ("offer.PDF", "application/octet-stream", Some(Viewer::Pdf)),
            ("offer.pdf", "application/x-msdownload", None),
            ("", "text/plain", Some(Viewer::Text)),
            ("list.csv", "text/csv", Some(Viewer::Text)),
            ("build.log", "", Some(Viewer::Text)),
            ("invite.ics", "text/calendar", Some(Viewer::Text)),
            ("page.html", "text/html", None),
            ("page.html", "text/plain", None),
            ("page.svg", "application/xml", None),
            ("page.html", "application/octet-stream", None),
            ("setup.exe", "application/octet-stream", None),
            ("a.svg", "image/svg+xml", None),
        ] {
            assert_eq!(Viewer::of(name, media_type), viewer, "{name} {media_type}");
        }
    }
}
