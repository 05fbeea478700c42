//! `{base}/settings/composing`: the page of how the messages of an account are written and sent.

use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{AccountId, ComposingChoices, QuotePosition};
use app::routes::composing::{ComposingPage, render};
use app::text::url;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::body::{Fields, field};
use super::forms::Posted;
use super::request_error::RequestError;
use super::visitor::Visitor;
use super::{Web, error, page};

const SAVED: &str = "saved";

/// `?saved` says that a form was saved.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let is_saved = query.as_deref() == Some(SAVED);
    rendered(&web, &visitor, None, is_saved).await
}

/// `POST`: `account`, `undo_send_secs`, `after` (`stay` or `archive`), `missing_file`, `format`
/// (`formatted` or `plain`), `quote` (`below`, `above` or `omitted`), `notice`.
pub(super) async fn submit(posted: Posted) -> Response {
    let account = AccountId::from(field(&posted.fields, "account").unwrap_or_default());
    let saved = match choices(&posted.fields) {
        Some(choices) => posted.backend.composing_save(account, choices).await,
        None => Err(RequestError::Malformed.to_api(posted.visitor.lang)),
    };
    match saved {
        Ok(()) => {
            let address = url::settings_composing(posted.web.base());
            page::see_other(&format!("{address}?{SAVED}"))
        }
        Err(error) => rendered(&posted.web, &posted.visitor, Some(error), false).await,
    }
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

async fn rendered(
    web: &Web,
    visitor: &Visitor,
    refused: Option<ApiError>,
    is_saved: bool,
) -> Response {
    let accounts = match visitor.backend(web) {
        Some(backend) => backend.composing_list().await,
        None => return page::see_other(&url::login(web.base())),
    };
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(error) => return page::failed(web, visitor, error, None),
    };
    let status = match &refused {
        Some(error) => error::status(error.kind),
        None => StatusCode::OK,
    };
    let document = render(ComposingPage {
        context: visitor.page_context(web),
        accounts,
        error: refused,
        is_saved,
    });
    page::plain(status, document)
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
