//! `{base}/settings/composing`: the page of how the messages of an account are written and sent.

use app::api::types::{AccountId, ComposingChoices, ComposingSettings, QuotePosition};
use app::routes::composing::render;
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::Web;
use super::body::{Fields, field};
use super::forms::Posted;
use super::request_error::RequestError;
use super::settings_page::SettingsPage;
use super::visitor::Visitor;

const PAGE: SettingsPage<ComposingSettings, ()> = SettingsPage {
    address: url::settings_composing,
    list: |backend| backend.composing_list(),
    render,
};

/// `?saved` says that a form was saved.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    PAGE.show(&web, &visitor, query.as_deref()).await
}

/// `POST`: `account`, `undo_send_secs`, `after` (`stay` or `archive`), `missing_file`, `format`
/// (`formatted` or `plain`), `quote` (`below`, `above` or `omitted`), `notice`.
pub(super) async fn submit(posted: Posted) -> Response {
    let account = AccountId::from(field(&posted.fields, "account").unwrap_or_default());
    let saved = match choices(&posted.fields) {
        Some(choices) => posted.backend.composing_save(account, choices).await,
        None => Err(RequestError::Malformed.to_api(posted.visitor.lang)),
    };
    PAGE.answer(&posted, saved, ()).await
}

fn choices(fields: &Fields) -> Option<ComposingChoices> {
    let secs: u32 = field(fields, "undo_send_secs")?.parse().ok()?;
    Some(ComposingChoices {
        undo_send_secs: secs.min(ComposingChoices::UNDO_SEND_MAX_SECS),
        archives_answered: field(fields, "after") == Some("archive"),
        warns_missing_file: field(fields, "missing_file").is_some(),
        is_formatted: field(fields, "format") == Some("formatted"),
        quote: QuotePosition::from_word(field(fields, "quote")?)?,
        wants_notice: field(fields, "notice").is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse_form;

    #[test]
    fn a_form_names_every_choice() {
        let read = |form: &str| choices(&parse_form(form.as_bytes()));
        let all = "undo_send_secs=20&after=archive&missing_file=on&format=formatted&quote=above&notice=on";
        let expected = ComposingChoices {
            undo_send_secs: 20,
            archives_answered: true,
            warns_missing_file: true,
            is_formatted: true,
            quote: QuotePosition::Above,
            wants_notice: true,
        };
        assert_eq!(read(all), Some(expected));
        let none = read("undo_send_secs=99&after=stay&format=plain&quote=omitted").unwrap();
        assert_eq!(none.undo_send_secs, 30);
        assert!(!none.archives_answered && !none.warns_missing_file);
        assert!(!none.is_formatted && !none.wants_notice);
        for form in [
            "",
            "undo_send_secs=x&quote=below",
            "undo_send_secs=5",
            "undo_send_secs=5&quote=left",
        ] {
            assert_eq!(read(form), None, "{form}");
        }
    }
}
