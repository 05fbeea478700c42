//! The menu of folders that messages are moved to.

use leptos::prelude::*;

use super::folder_tree::Folders;
use crate::api::types::{FolderRole, FolderView};
use crate::page::PageContext;
use crate::ui::Icon;
use crate::ui::dynamic::later;

/// A menu of folders; each item is a submit button `name="to"` of the enclosing form.
#[component]
pub fn MoveMenu(
    /// The position of the menu: "menu-end" at the end of its button, "drop-up" above it.
    class: &'static str,
    /// Whether its label is shown below its icon.
    #[prop(optional)]
    is_labelled: bool,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    view! {
        <details class="rel move-menu">
            <summary
                class="btn"
                class:btn-icon=!is_labelled
                aria-label=lang.move_to()
                title=lang.move_to()
            >
                <Icon name="move" />
                {is_labelled.then(|| lang.move_to())}
            </summary>
            <div class=format!("menu {class}")>
                <div class="cap">{lang.move_to()}</div>
                {folder_choices(|folder, label| {
                    let icon = folder.role.map_or("folder", FolderRole::icon);
                    view! {
                        <button class="menu-item" name="to" value=folder.id.to_string()>
                            <Icon name=icon />
                            <span dir="auto">{label}</span>
                        </button>
                    }
                        .into_any()
                })}
            </div>
        </details>
    }
}

/// Renders the folders that messages can be moved to, each with its label.
pub fn folder_choices(choice: fn(FolderView, String) -> AnyView) -> AnyView {
    let lang = PageContext::expect().lang;
    let Folders(folders) = expect_context();
    view! {
        <Transition>
            {later(move || async move {
                folders
                    .await
                    .unwrap_or_default()
                    .folders
                    .into_iter()
                    .filter(|folder| folder.is_selectable)
                    .map(|folder| {
                        let label = folder.label(lang).into_owned();
                        choice(folder, label)
                    })
                    .collect_view()
                    .into_any()
            })}
        </Transition>
    }
    .into_any()
}
