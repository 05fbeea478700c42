//! The illustration of an empty list or reader.

use leptos::prelude::*;

/// An illustration with a title and a text.
#[component]
pub fn Empty(
    /// The title.
    #[prop(into)]
    title: String,
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <div class="empty">
            <svg
                class="art"
                viewBox="0 0 128 96"
                fill="none"
                stroke="currentColor"
                stroke-width="2.5"
                stroke-linejoin="round"
                aria-hidden="true"
            >
                <path d="M12 20h104v64H12zM12 52h104M46.7 20v64M81.3 20v64"></path>
                <path class="art-letter" d="M54 42V30h20v12M54 31l10 7 10-7"></path>
            </svg>
            <h2>{title}</h2>
            <p>{text}</p>
        </div>
    }
}
