//! Small parts of forms and rows that several views share.

use leptos::html;
use leptos::prelude::*;
use web_sys::SubmitEvent;

/// The first button of a form that Enter in a field must not submit.
///
/// Enter activates the first button of a form, and a disabled button does nothing (HTML, implicit
/// submission).
#[component]
pub fn NoDefaultButton() -> impl IntoView {
    view! { <button disabled hidden></button> }
}

/// A hidden form field.
#[component]
pub fn Hidden(
    /// Its name.
    name: &'static str,
    /// Its value.
    #[prop(into)]
    value: String,
) -> impl IntoView {
    html::input().r#type("hidden").name(name).value(value)
}

/// Returns the name and value of the button that submitted a form.
pub fn submitter_field(event: &SubmitEvent) -> Option<(String, String)> {
    let button = event.submitter()?;
    Some((
        button.get_attribute("name")?,
        button.get_attribute("value").unwrap_or_default(),
    ))
}

/// Returns a `datetime` attribute; `None` if the time is unknown.
pub fn datetime_attr(iso: String) -> Option<String> {
    (!iso.is_empty()).then_some(iso)
}
