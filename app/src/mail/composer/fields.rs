//! The lines of the compose form, and what is typed in them.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::error::ApiError;
use crate::api::types::{AttachmentView, Draft, PartId, UploadView};
use crate::mail::attachments::kind;
use crate::mail::frame::Hidden;
use crate::page::PageContext;
use crate::text::size::size;
use crate::ui::dynamic::derived;

/// The elements that the text is read from when the message leaves.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    /// Recipients.
    pub(super) to: NodeRef<html::Input>,
    /// Recipients of copies.
    pub(super) cc: NodeRef<html::Input>,
    /// Recipients of blind copies.
    pub(super) bcc: NodeRef<html::Input>,
    /// The subject.
    pub(super) subject: NodeRef<html::Input>,
    /// The text.
    pub(super) body: NodeRef<html::Textarea>,
    /// The parts of a forwarded message.
    pub(super) kept: NodeRef<html::Div>,
}

impl Fields {
    /// Elements that are not on the page yet.
    pub(super) fn new() -> Self {
        Self {
            to: NodeRef::new(),
            cc: NodeRef::new(),
            bcc: NodeRef::new(),
            subject: NodeRef::new(),
            body: NodeRef::new(),
            kept: NodeRef::new(),
        }
    }

    /// What is typed now; `fixed` is what no field holds.
    pub(super) fn draft(self, fixed: Draft, uploads: Vec<UploadView>) -> Draft {
        let value = |field: NodeRef<html::Input>| {
            field
                .get_untracked()
                .map(|field| field.value())
                .unwrap_or_default()
        };
        let body = self
            .body
            .get_untracked()
            .map(|body| body.value())
            .unwrap_or_default();
        Draft {
            to: value(self.to),
            cc: value(self.cc),
            bcc: value(self.bcc),
            subject: value(self.subject),
            body,
            uploads: uploads.into_iter().map(|upload| upload.id).collect(),
            keep_parts: self.ticked_parts(),
            ..fixed
        }
    }

    /// The forwarded parts that are ticked.
    fn ticked_parts(self) -> Vec<PartId> {
        let Some(kept) = self.kept.get_untracked() else {
            return Vec::new();
        };
        let Ok(boxes) = kept.query_selector_all("input:checked") else {
            return Vec::new();
        };
        (0..boxes.length())
            .filter_map(|index| boxes.get(index))
            .filter_map(|node| node.dyn_into::<web_sys::HtmlInputElement>().ok())
            .map(|input| PartId(input.value()))
            .collect()
    }
}

/// What is answered, forwarded or corrected, for the plain form.
#[component]
pub(super) fn Source(draft: Draft) -> impl IntoView {
    let source = draft.source.map(|source| {
        view! {
            <Hidden name="kind" value=source.kind.word() />
            <Hidden name="folder" value=source.folder.0 />
            <Hidden name="message" value=source.message.0 />
        }
        .into_any()
    });
    (
        source,
        draft
            .replaces
            .map(|again| view! { <Hidden name="again" value=again.0 /> }.into_any()),
    )
}

/// A line of the form; red where it is at fault.
#[component]
pub(super) fn Line(
    name: &'static str,
    label: String,
    value: String,
    element: NodeRef<html::Input>,
    error: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let id = format!("c-{name}");
    let is_at_fault = move || {
        error.with(|error| {
            error
                .as_ref()
                .is_some_and(|e| e.field.as_deref() == Some(name))
        })
    };
    view! {
        <div class="c-line" class:bad-line=is_at_fault>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                value=value
                dir="auto"
                autocomplete="off"
                aria-invalid=derived(move || is_at_fault().then_some("true"))
                node_ref=element
            />
        </div>
    }
}

/// The parts of a forwarded message: ticked ones go along.
#[component]
pub(super) fn Kept(
    parts: Vec<AttachmentView>,
    keep: Vec<PartId>,
    element: NodeRef<html::Div>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    (!parts.is_empty()).then(|| {
        let boxes = parts
            .into_iter()
            .map(|part| {
                let is_kept = keep.contains(&part.part);
                let word = kind(&part.name, &part.media_type);
                let name = if part.name.is_empty() {
                    lang.nameless_file(word).into_owned()
                } else {
                    part.name
                };
                let named = format!("{} {name}", part.part);
                view! {
                    <Hidden name="named" value=named />
                    <label class="check">
                        <input type="checkbox" name="keep" value=part.part.0 checked=is_kept />
                        <span dir="auto">{name}</span>
                        <span class="muted small">{size(part.size_bytes)}</span>
                    </label>
                }
                .into_any()
            })
            .collect_view();
        view! {
            <div class="c-kept" role="group" aria-label=lang.forwarded_files() node_ref=element>
                <span class="lbl small muted">{lang.forwarded_files()}</span>
                {boxes}
            </div>
        }
        .into_any()
    })
}
