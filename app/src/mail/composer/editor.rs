//! The editor of formatted text, and the switch between it and plain text.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::fields::Fields;
use crate::api::compose::text_convert;
use crate::api::error::ApiError;
use crate::api::types::{AccountId, Conversion, Draft, Lang, TemplateId, TemplateName};
use crate::page::PageContext;
use crate::state::editor::Editor;
use crate::state::tab::Tab;
use crate::state::upload::{Attachments, Progress};
use crate::text::plain::as_html;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, effect, handler, when};

/// The permissions of the frame: its script runs without an origin. The server sends the same token
/// as the document's own policy. Never `allow-same-origin`.
const SANDBOX: &str = "allow-scripts";

/// What the editor needs of its form.
#[derive(Clone, Copy)]
pub struct EditorForm {
    /// The state of the tab: a response comes without the context of the form.
    pub tab: Tab,
    /// The sending account.
    pub account: StoredValue<AccountId>,
    /// The fields.
    pub fields: Fields,
    /// The files.
    pub files: Attachments,
    /// What the fields do not hold.
    pub fixed: StoredValue<Draft>,
    /// The error of the form.
    pub error: RwSignal<Option<ApiError>>,
    /// Reports a change of the form.
    pub report: Callback<()>,
    /// Sends the message.
    pub send: Callback<()>,
}

impl EditorForm {
    fn editor(self) -> Editor {
        self.fields.editor
    }

    fn fail(self, error: ApiError) {
        self.tab.note_error(&error);
        self.error.try_set(Some(error));
    }

    /// Opens the editor with the text, and with the quoted message as it was formatted.
    fn open(self) {
        let draft = self.fields.draft(self.fixed.get_value(), Vec::new());
        let kept = self.fields.plain_of.get_value();
        if let Some((html, _)) = kept.filter(|(_, text)| *text == draft.body) {
            // Nothing was written since the switch: nothing is lost.
            self.editor().html.set(Some(html));
            self.editor().focus(false);
            return;
        }
        self.editor().focus(false);
        spawn_local(async move {
            let account = self.account.get_value();
            match text_convert(account, Conversion::ToHtml(Box::new(draft))).await {
                Ok(converted) => {
                    if self.error.is_disposed() {
                        return;
                    }
                    for picture in converted.uploads {
                        self.files.add_uploaded_picture(picture);
                    }
                    self.fields.uncheck_parts(&converted.parts);
                    self.editor().html.set(Some(converted.text));
                    self.report.run(());
                }
                Err(error) => self.fail(error),
            }
        });
    }

    /// Closes the editor; the text of its HTML goes on.
    fn close(self, html: String) {
        spawn_local(async move {
            let account = self.account.get_value();
            match text_convert(account, Conversion::ToText(html.clone())).await {
                Ok(converted) => {
                    if self.error.is_disposed() {
                        return;
                    }
                    self.fields.set_body(&converted.text);
                    self.fields.plain_of.set_value(Some((html, converted.text)));
                    self.editor().set(None);
                    self.report.run(());
                    self.fields.focus("body");
                }
                Err(error) => self.fail(error),
            }
        });
    }

    /// Puts a template into the text, where the cursor is.
    fn insert_template(self, template: TemplateId) {
        spawn_local(async move {
            let account = self.account.get_value();
            match text_convert(account, Conversion::Template(template)).await {
                Ok(template) => {
                    if self.error.is_disposed() {
                        return;
                    }
                    self.fields.insert(&template.text, &template.subject);
                    self.report.run(());
                }
                Err(error) => self.fail(error),
            }
        });
    }

    /// Hears what the editor says.
    fn hear(self, kind: &str, rest: &js_sys::Array) {
        if self.error.is_disposed() {
            return;
        }
        let text = |index| rest.get(index).as_string().unwrap_or_default();
        match kind {
            "change" => {
                self.editor().html.set(Some(text(0)));
                self.fields.set_body(&text(1));
                self.report.run(());
            }
            "flushed" => self.editor().settled(),
            "paste" => self.clean(text(0), text(1), text(2)),
            "picture" => self.add_picture(text(0), rest.get(1)),
            "file" => {
                if let Ok(file) = rest.get(0).dyn_into() {
                    self.files.add(file);
                }
            }
            "show" => self.show_picture(text(0)),
            "key" if text(0) == "send" => self.send.run(()),
            "plain" => self.close(text(0)),
            _ => {}
        }
    }

    /// Has pasted HTML cleaned. If that fails its text is pasted.
    fn clean(self, token: String, html: String, plain: String) {
        spawn_local(async move {
            let account = self.account.get_value();
            let cleaned = match text_convert(account, Conversion::Pasted(html)).await {
                Ok(converted) => converted.text,
                Err(error) => {
                    self.fail(error);
                    as_html(&plain)
                }
            };
            self.editor().post("paste", [token.into(), cleaned.into()]);
        });
    }

    /// Uploads a picture that was inserted into the text.
    fn add_picture(self, token: String, file: JsValue) {
        let Ok(file) = file.dyn_into::<web_sys::File>() else {
            return;
        };
        let attached = self.files.add_picture(file);
        effect(move || {
            let id = match attached.progress.get() {
                Progress::Sending { .. } => return,
                Progress::Done(upload) => upload.id.0,
                Progress::Failed(error) => {
                    self.files.remove(attached);
                    self.fail(error);
                    String::new()
                }
            };
            let message = [token.as_str().into(), id.into()];
            self.editor().post("picture", message);
        });
    }

    /// Gives the editor the bytes of a picture.
    fn show_picture(self, id: String) {
        let again = self.fixed.with_value(|fixed| fixed.replaces.clone());
        let path = url::picture(&PageContext::expect().base, &id, again.as_ref());
        let Ok(request) = web_sys::XmlHttpRequest::new() else {
            return;
        };
        let answer = request.clone();
        let on_end = Closure::once_into_js(move || {
            if answer.status() == Ok(200) {
                let bytes = answer.response().unwrap_or(JsValue::NULL);
                self.editor().post("show", [id.into(), bytes]);
            }
        });
        request.set_onloadend(Some(on_end.unchecked_ref()));
        let is_open = request.open_with_async("GET", &path, true).is_ok();
        request.set_response_type(web_sys::XmlHttpRequestResponseType::Blob);
        if is_open {
            // A failure is an end without the status 200.
            drop(request.send());
        }
    }
}

/// The editor in place of the text field while the text is formatted, and the button that opens it.
#[component]
pub fn FormattedText(
    /// The form.
    form: EditorForm,
    /// The templates of its account.
    templates: Vec<TemplateName>,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = form.tab;
    let editor = form.editor();
    let frame = NodeRef::<html::Iframe>::new();
    let address = url::editor(&page.base, &page.build, lang);
    let is_formatted =
        Memo::new(move |_| tab.is_started.get() && editor.html.with(|html| html.is_some()));
    effect(move || {
        if let Some(body) = form.fields.body.get() {
            body.set_hidden(is_formatted.get());
        }
    });
    let has_templates = !templates.is_empty();
    let owner = Owner::current();
    let begin = move || {
        let Some(frame) = frame.get_untracked() else {
            return;
        };
        let root = document().document_element();
        let theme = root.and_then(|root| root.get_attribute("data-theme"));
        let owner = owner.clone();
        let hear = move |kind: String, rest: js_sys::Array| match &owner {
            Some(owner) => owner.with(|| form.hear(&kind, &rest)),
            None => form.hear(&kind, &rest),
        };
        editor.begin(&frame, &theme.unwrap_or_default(), hear);
    };
    on_cleanup(move || editor.end());
    view! {
        {when(
            move || is_formatted.get(),
            move || {
                let begin = begin.clone();
                on_cleanup(move || editor.end());
                view! {
                    <iframe
                        class="c-editor"
                        src=address.clone()
                        sandbox=SANDBOX
                        title=lang.message_text()
                        node_ref=frame
                        on:load=handler(move |_| begin())
                    ></iframe>
                }
                    .into_any()
            },
        )}
        <div class="c-format">
            {when(
                move || tab.is_started.get() && has_templates,
                move || template_list(form, lang, &templates),
            )}
            {when(
                move || tab.is_started.get() && !is_formatted.get(),
                move || {
                    view! {
                        <button
                            class="btn btn-sm"
                            type="button"
                            disabled=derived(move || form.files.is_locked.get())
                            on:click=handler(move |_| form.open())
                        >
                            <Icon name="bold" class="i-s" />
                            {lang.formatted_text()}
                        </button>
                    }
                        .into_any()
                },
            )}
        </div>
    }
}

/// The list of the templates that can be put into the text.
fn template_list(form: EditorForm, lang: Lang, templates: &[TemplateName]) -> AnyView {
    let names = templates
        .iter()
        .map(|template| {
            let id = template.id.0.clone();
            view! { <option value=id>{template.name.clone()}</option> }.into_any()
        })
        .collect_view();
    view! {
        <select
            class="select input-sm"
            aria-label=lang.template_insert()
            on:change=handler(move |event| {
                let chosen = TemplateId(event_target_value(&event));
                // The same one can be chosen again.
                event_target::<web_sys::HtmlSelectElement>(&event).set_value("");
                form.insert_template(chosen);
            })
        >
            <option value="">{lang.template_insert()}</option>
            {names}
        </select>
    }
    .into_any()
}
