//! The place of the compose form beside the page.

use std::time::Duration;

use leptos::prelude::*;

use super::lazy::{LazyModule, LazyPart};
use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::ui::dynamic::{derived, dynamic};

/// Time after which an empty form is shown until the server has prepared it.
const SLOW: Duration = Duration::from_millis(200);

/// The compose form beside the page.
#[component]
pub fn Dock() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let module: LazyModule = expect_context();
    dynamic(move || {
        let form_url = tab.dock.get()?;
        // A frame that shows an empty form would delay the one that shows the form.
        let is_ready = RwSignal::new(false);
        set_timeout(move || _ = is_ready.try_set(true), SLOW);
        Some(
            view! {
                <section
                    class=derived(move || tab.dock_size.get().class())
                    hidden=derived(move || !is_ready.get())
                    role="dialog"
                    tabindex="-1"
                    aria-label=lang.compose()
                >
                    {module.show(LazyPart::DockedComposer(form_url.clone(), is_ready), form_url)}
                </section>
            }
            .into_any(),
        )
    })
}
