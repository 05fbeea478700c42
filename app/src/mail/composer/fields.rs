//! The fields of the compose form, and their content.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::error::ApiError;
use crate::api::types::{AttachmentView, Draft, IdentityId, PartId, SendOptions, UploadId};
use crate::mail::attachments::type_label;
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::state::editor::Editor;
use crate::text::plain::as_html;
use crate::text::signature::resigned;
use crate::text::size::size;
use crate::ui::dynamic::derived;

/// The form elements that the draft is read from.
#[derive(Clone, Copy)]
pub struct Fields {
    /// Recipients.
    pub to: NodeRef<html::Input>,
    /// Recipients of copies.
    pub cc: NodeRef<html::Input>,
    /// Recipients of blind copies.
    pub bcc: NodeRef<html::Input>,
    /// The subject.
    pub subject: NodeRef<html::Input>,
    /// The text.
    pub body: NodeRef<html::Textarea>,
    /// The parts of a forwarded message.
    pub forwarded_parts: NodeRef<html::Div>,
    /// Whose name and address it is sent with.
    pub identity: RwSignal<Option<IdentityId>>,
    /// How the message is sent.
    pub options: RwSignal<SendOptions>,
    /// The formatted text.
    pub editor: Editor,
    /// The HTML that was last converted to plain text, and that text.
    pub plain_of: StoredValue<Option<(String, String)>>,
    /// Where the writer begins in the text.
    pub cursor: StoredValue<u32>,
    /// A counter of the drafts that were written into the fields.
    pub fills: RwSignal<u32>,
}

impl Fields {
    /// Returns references to elements that are not mounted yet.
    pub fn unmounted() -> Self {
        Self {
            to: NodeRef::new(),
            cc: NodeRef::new(),
            bcc: NodeRef::new(),
            subject: NodeRef::new(),
            body: NodeRef::new(),
            forwarded_parts: NodeRef::new(),
            identity: RwSignal::new(None),
            options: RwSignal::new(SendOptions::default()),
            editor: Editor::new(None),
            plain_of: StoredValue::new(None),
            cursor: StoredValue::new(0),
            fills: RwSignal::new(0),
        }
    }

    /// The input lines in display order.
    fn lines(self) -> [NodeRef<html::Input>; 4] {
        [self.to, self.cc, self.bcc, self.subject]
    }

    /// Puts the cursor of the text field where the writer begins, unless it was moved.
    pub fn place_cursor(self) {
        let at = self.cursor.get_value();
        if let Some(body) = self.body.get_untracked()
            && at > 0
            && body.selection_end() == Ok(Some(0))
        {
            drop(body.set_selection_range(at, at));
        }
    }

    /// Focuses a field by its name; the text field with the cursor where it is, which is where the
    /// writer begins.
    pub fn focus(self, name: &str) {
        let line = match name {
            "to" => self.to,
            "cc" => self.cc,
            "bcc" => self.bcc,
            "subject" => self.subject,
            _ => {
                if self.editor.is_formatted() {
                    self.editor.focus(self.cursor.get_value() > 0);
                } else if let Some(body) = self.body.get_untracked() {
                    // Does not fail for a text area in the document.
                    drop(body.focus());
                }
                return;
            }
        };
        if let Some(line) = line.get_untracked() {
            unfold(&line);
            drop(line.focus());
        }
    }

    /// Handles Enter in a field: focuses the next visible field. `false` if the form does not
    /// handle the key.
    pub fn focus_next(self, from: &web_sys::EventTarget) -> bool {
        let Some(from) = from.dyn_ref::<web_sys::HtmlInputElement>() else {
            return false;
        };
        if from.type_() == "file" {
            return false;
        }
        let is_open = |line: &web_sys::HtmlInputElement| {
            let closed = line.closest("details:not([open])");
            closed.is_ok_and(|closed| closed.is_none())
        };
        let lines = self.lines().map(|line| line.get_untracked());
        let at = lines.iter().position(|line| line.as_ref() == Some(from));
        if let Some(at) = at {
            let next = lines
                .iter()
                .skip(at)
                .skip(1)
                .flatten()
                .find(|line| is_open(line));
            match next {
                Some(next) => drop(next.focus()),
                None => self.focus("body"),
            }
        }
        // On the check box of a forwarded file, Enter would submit the form.
        true
    }

    /// Writes a draft into the fields.
    pub fn fill(self, draft: &Draft) {
        let texts = [&draft.to, &draft.cc, &draft.bcc, &draft.subject];
        for (line, text) in self.lines().into_iter().zip(texts) {
            if let Some(line) = line.get_untracked() {
                line.set_value(text);
                if !text.is_empty() {
                    unfold(&line);
                }
            }
        }
        self.fills.update(|n| *n = n.wrapping_add(1));
        self.set_body(&draft.body);
        self.editor.set(draft.html.clone());
        if draft.identity.is_some() {
            self.identity.set(draft.identity.clone());
        }
        self.options.set(draft.options.clone());
        for check_box in self.check_boxes("input") {
            check_box.set_checked(
                draft
                    .keep_parts
                    .iter()
                    .any(|part| part.0 == check_box.value()),
            );
        }
    }

    /// Writes a text into the text field.
    pub fn set_body(self, text: &str) {
        if let Some(body) = self.body.get_untracked() {
            body.set_value(text);
        }
    }

    /// Puts a text where the cursor is, and a subject where there is none.
    pub fn insert(self, text: &str, subject: &str) {
        if let Some(line) = self.subject.get_untracked()
            && line.value().is_empty()
        {
            line.set_value(subject);
        }
        if self.editor.is_formatted() {
            self.editor.post("insert", [as_html(text).into()]);
        } else if let Some(body) = self.body.get_untracked() {
            // Does not fail for the selection that a text area has.
            drop(body.set_range_text(text));
            drop(body.focus());
        }
    }

    /// Puts a signature in place of another one, in both forms of the text.
    pub fn sign(self, old: &str, new: &str, initial: &str) {
        if self.editor.is_formatted() {
            self.editor.post("sign", [old.into(), new.into()]);
        } else if let Some(body) = self.body.get_untracked() {
            body.set_value(&resigned(&body.value(), old, new, initial));
        }
    }

    /// Clears the check boxes of parts: they are pictures in the text.
    pub fn uncheck_parts(self, parts: &[PartId]) {
        for check_box in self.check_boxes("input:checked") {
            if parts.iter().any(|part| part.0 == check_box.value()) {
                check_box.set_checked(false);
            }
        }
    }

    /// Returns the current draft; `fixed` supplies the values without a field.
    pub fn draft(self, fixed: Draft, uploads: Vec<UploadId>) -> Draft {
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
        let subject = self.subject.get_untracked();
        Draft {
            to: value(self.to),
            cc: value(self.cc),
            bcc: value(self.bcc),
            // That of a message that is passed on has no field.
            subject: subject.map_or_else(|| fixed.subject.clone(), |field| field.value()),
            body,
            html: self.editor.html.get_untracked(),
            uploads,
            keep_parts: self.checked_parts(),
            identity: self.identity.get_untracked(),
            options: self.options.get_untracked(),
            ..fixed
        }
    }

    /// Returns the checked forwarded parts.
    fn checked_parts(self) -> Vec<PartId> {
        let checked = self.check_boxes("input:checked").into_iter();
        checked.map(|input| PartId(input.value())).collect()
    }

    fn check_boxes(self, selector: &str) -> Vec<web_sys::HtmlInputElement> {
        let Some(forwarded_parts) = self.forwarded_parts.get_untracked() else {
            return Vec::new();
        };
        let Ok(boxes) = forwarded_parts.query_selector_all(selector) else {
            return Vec::new();
        };
        (0..boxes.length())
            .filter_map(|index| boxes.get(index))
            .filter_map(|node| node.dyn_into().ok())
            .collect()
    }
}

/// Makes a line visible: the `Cc` and `Bcc` lines may be in a collapsed part.
fn unfold(line: &web_sys::HtmlInputElement) {
    if let Ok(Some(closed)) = line.closest("details") {
        drop(closed.set_attribute("open", ""));
    }
}

/// The hidden fields that name the message that is answered, forwarded or corrected, for the plain
/// form.
#[component]
pub fn Source(draft: Draft) -> impl IntoView {
    let is_redirect = draft.is_redirect();
    let source = draft.source.map(|source| {
        view! {
            <Hidden name="kind" value=source.kind.word() />
            <Hidden name="folder" value=source.folder.0 />
            <Hidden name="message" value=source.message.0 />
        }
        .into_any()
    });
    let thread = draft
        .thread
        .into_iter()
        .map(|id| view! { <Hidden name="thread" value=id /> }.into_any())
        .collect_view();
    // Without script the text is edited as plain text, beside the formatted draft.
    let saved = draft.saved.filter(|_| draft.html.is_none()).map(|saved| {
        view! {
            <Hidden name="draft_id" value=saved.id.0 />
            <Hidden name="draft_folder" value=saved.folder.0 />
            <Hidden name="draft_message" value=saved.message.0 />
        }
        .into_any()
    });
    // The subject of a message that is passed on has no field.
    let subject =
        is_redirect.then(|| view! { <Hidden name="subject" value=draft.subject /> }.into_any());
    (
        source,
        subject,
        thread,
        saved,
        draft
            .replaces
            .map(|entry| view! { <Hidden name="again" value=entry.0 /> }.into_any()),
    )
}

/// A line of the form; red if its value is at fault.
#[component]
pub fn Line(
    name: &'static str,
    label: String,
    value: String,
    autofocus: bool,
    element: NodeRef<html::Input>,
    error: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let id = format!("c-{name}");
    let is_invalid = move || {
        error.with(|error| {
            error
                .as_ref()
                .is_some_and(|e| e.field.as_deref() == Some(name))
        })
    };
    view! {
        <div class="c-line" class:bad-line=is_invalid>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                value=value
                dir="auto"
                autocomplete="off"
                enterkeyhint="next"
                autofocus=autofocus
                aria-invalid=derived(move || is_invalid().then_some("true"))
                node_ref=element
            />
        </div>
    }
}

/// The parts of a forwarded message; checked parts are attached.
#[component]
pub fn ForwardedParts(
    parts: Vec<AttachmentView>,
    checked: Vec<PartId>,
    element: NodeRef<html::Div>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    (!parts.is_empty()).then(|| {
        let boxes = parts
            .into_iter()
            .map(|part| {
                let is_checked = checked.contains(&part.part);
                let label = type_label(&part.name, &part.media_type);
                let name = if part.name.is_empty() {
                    lang.nameless_file(label).into_owned()
                } else {
                    part.name
                };
                let id_and_name = format!("{} {name}", part.part);
                view! {
                    <Hidden name="named" value=id_and_name />
                    <label class="check">
                        <input type="checkbox" name="keep" value=part.part.0 checked=is_checked />
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
