//! The attachments of a message: type, size, and previews of images.

use leptos::prelude::*;

use super::open_message::OpenMessage;
use crate::api::types::AttachmentView;
use crate::page::PageContext;
use crate::text::size::size;
use crate::text::url;
use crate::ui::Icon;

/// Maximum size of an image that is its own preview, in bytes.
const MAX_THUMBNAIL_BYTES: u64 = 4 << 20;
/// The type of a message inside a message, which opens as a page.
const MESSAGE: &str = "message/rfc822";

/// The list of attachments; empty if there are none.
#[component]
pub fn Attachments(
    /// The message.
    open: OpenMessage,
    /// The attachments.
    attachments: Vec<AttachmentView>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let count = attachments.len();
    let sum = attachments
        .iter()
        .map(|a| a.size_bytes)
        .fold(0, u64::saturating_add);
    let files = attachments
        .into_iter()
        .map(|attachment| view! { <File open=open attachment=attachment /> }.into_any())
        .collect_view();
    (count > 0).then(|| {
        view! {
            <div class="files-head">
                <Icon name="clip" class="i-s" />
                <span class="grow">{lang.attachments(count as u64, size(sum))}</span>
                {(count > 1)
                    .then(|| {
                        view! {
                            <a class="btn btn-sm" href=open.url(url::files) rel="external" download="">
                                <Icon name="download" />
                                {lang.download_all()}
                            </a>
                        }
                            .into_any()
                    })}
            </div>
            <div class="files">{files}</div>
        }
        .into_any()
    })
}

#[component]
fn File(open: OpenMessage, attachment: AttachmentView) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let AttachmentView {
        part,
        name,
        media_type,
        size_bytes,
        can_view,
    } = attachment;
    let href = open.url(|base, of| url::part(base, of, &part));
    // A message that is packed into a part has no id: it is saved.
    let is_message = media_type == MESSAGE && part.in_part().is_none();
    let inner = is_message.then(|| {
        open.url(|base, of| url::message(base, &of.folder.message(of.message.nested(&part))))
    });
    let label = type_label(&name, &media_type);
    let name = if name.is_empty() {
        lang.nameless_file(label.clone()).into_owned()
    } else {
        name
    };
    let is_picture = can_view && media_type.starts_with("image/");
    let thumb = if is_picture && size_bytes <= MAX_THUMBNAIL_BYTES {
        view! { <img src=href.clone() alt="" loading="lazy" decoding="async" /> }.into_any()
    } else {
        label.clone().into_any()
    };
    // What can be shown is shown in a tab of its own, and saved by a button.
    let view = can_view.then(|| open.url(|base, of| url::part_view(base, of, &part)));
    let save = (inner.is_some() || view.is_some()).then(|| {
        view! {
            <a
                class="btn btn-sm btn-icon x"
                href=href.clone()
                download=name.clone()
                rel="external"
                aria-label=lang.save_file(name.clone())
            >
                <Icon name="download" />
            </a>
        }
        .into_any()
    });
    let (href, download, rel, target) = match (inner, view) {
        (Some(inner), _) => (inner, None, None, None),
        (None, Some(view)) => (view, None, Some("external noopener"), Some("_blank")),
        (None, None) => (href, Some(name.clone()), Some("external"), None),
    };
    view! {
        <div class="file-slot">
            <a class="file" href=href download=download rel=rel target=target>
                <span class=format!("thumb {}", hue(&label)) aria-hidden="true">
                    {thumb}
                </span>
                <b class="cut" dir="auto">
                    {name}
                </b>
                <small>{format!("{label}, {}", size(size_bytes))}</small>
            </a>
            {save}
        </div>
    }
}

/// Returns a short label for a file: its extension, otherwise its type.
pub fn type_label(name: &str, media_type: &str) -> String {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension =
        extension.filter(|e| (1..=4).contains(&e.len()) && e.chars().all(char::is_alphanumeric));
    let subtype = media_type
        .rsplit_once('/')
        .map_or(media_type, |(_, subtype)| subtype);
    let label = match media_type {
        MESSAGE => "eml",
        "text/calendar" => "ics",
        // Reports for programs, which are plain text.
        other if other.starts_with("message/") => "txt",
        _ => subtype,
    };
    let label: String = extension.unwrap_or(label).chars().take(4).collect();
    label.to_uppercase()
}

/// Returns the colour class of a file type.
pub fn hue(label: &str) -> &'static str {
    match label {
        "PDF" => "h0",
        "DOC" | "DOCX" | "ODT" | "RTF" | "TXT" => "h5",
        "XLS" | "XLSX" | "ODS" | "CSV" => "h3",
        "ZIP" | "GZ" | "7Z" | "RAR" | "TAR" => "h2",
        "PPT" | "PPTX" | "ODP" => "h1",
        "PNG" | "JPG" | "JPEG" | "GIF" | "WEBP" => "h4",
        _ => "h6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_label_is_the_extension_or_the_media_subtype() {
        for (name, media_type, label) in [
            ("report.pdf", "application/octet-stream", "PDF"),
            ("报价单.xlsx", "application/x", "XLSX"),
            ("README", "text/plain", "PLAI"),
            ("a.b c", "image/png", "PNG"),
            ("", "message/rfc822", "EML"),
            ("", "text/calendar", "ICS"),
            ("", "message/delivery-status", "TXT"),
            ("x.", "", ""),
        ] {
            assert_eq!(type_label(name, media_type), label, "{name} {media_type}");
        }
    }
}
