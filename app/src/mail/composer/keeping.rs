//! Stores the text of the compose form in the browser until it is sent.

use std::time::Duration;

use leptos::prelude::*;

use super::fields::Fields;
use crate::api::types::Draft;
use crate::state::drafts::Drafts;
use crate::state::unsent::Unsent;
use crate::state::unsent::text::Form;
use crate::state::upload::Attachments;
use crate::ui::dynamic::effect;

/// Stores the content of a form as it changes, and fills the form from the unsent text that was
/// requested for it.
pub(super) fn autosave(
    unsent: Unsent,
    drafts: Drafts,
    form: Form,
    fields: Fields,
    files: Attachments,
    fixed: StoredValue<Draft>,
) {
    let number = StoredValue::new(0);
    let mut form = Some(form);
    effect(move || {
        if fields.body.get().is_some()
            && let Some(form) = form.take()
        {
            let initial = form.initial.clone();
            number.set_value(unsent.register_form(form));
            // The elements of an earlier form are reused with their content. The first form of a
            // page may have been edited before hydration.
            if let Some(initial) = initial.filter(|_| number.get_value() > 1) {
                fields.fill(&initial);
            }
            // Reports text typed before hydration.
            observe(unsent, drafts, fields, files, fixed);
        }
    });
    effect(move || {
        // Tracks the progress of every current file.
        files
            .files
            .with(|files| files.iter().for_each(|file| file.progress.track()));
        if fields.body.get().is_some() {
            observe(unsent, drafts, fields, files, fixed);
        }
    });
    effect(move || {
        if fields.body.get().is_none() {
            return;
        }
        let Some((offer, is_same_session)) = unsent.take_claimed() else {
            return;
        };
        let text = &offer.text;
        fields.fill(&text.draft);
        fixed.set_value(Draft {
            to: String::new(),
            body: String::new(),
            ..text.draft.clone()
        });
        files.restore(text.files.clone(), is_same_session);
        set_timeout(
            move || {
                if fields.body.try_get_untracked().flatten().is_some() {
                    fields.focus("body");
                }
            },
            Duration::ZERO,
        );
    });
    if cfg!(feature = "hydrate") {
        on_cleanup(move || {
            drafts.leave();
            unsent.unregister_form(number.get_value());
        });
    }
}

/// Reports the content of the form to [`Unsent`], unless the form is disposed: browsers fire `change`
/// at a text field that is removed while the user writes in it.
pub(super) fn observe(
    unsent: Unsent,
    drafts: Drafts,
    fields: Fields,
    files: Attachments,
    fixed: StoredValue<Draft>,
) {
    if files.files.is_disposed() {
        return;
    }
    let listing = files.listing();
    let ids = listing.iter().map(|file| &file.id);
    let uploads = ids.filter(|id| !id.0.is_empty()).cloned().collect();
    let draft = fields.draft(fixed.get_value(), uploads);
    unsent.changed(draft, listing, files.is_uploading());
    drafts.changed();
}
