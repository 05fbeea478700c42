//! `{base}/settings/contacts`: the page of an address book, the forms of its entries, and the files
//! that it is imported from and exported to.

use std::convert::Infallible;

use app::api::backend::MailBackend as _;
use app::api::error::ApiError;
use app::api::types::{AccountId, Contact, ContactGroup, ContactId, ContactQuery, ContactRows};
use app::routes::contacts::{ContactsPage, Done, PAGE, RefusedForm, render};
use app::text::{recipients, url};
use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::attachment::disposition;
use super::body::{self, BodyError, Drain, Fields, field, parse_form};
use super::forms::Posted;
use super::multipart::Multipart;
use super::request_error::RequestError;
use super::visitor::Visitor;
use super::{Web, error, headers, page};

/// Maximum size of an imported file.
const FILE_MAX_BYTES: usize = mail_mime::contacts::INPUT_BYTES;
/// Maximum size of the form around it.
const FORM_MAX_BYTES: usize = FILE_MAX_BYTES + (64 << 10);

/// `account` (the first one by default), `q`, `offset`; `saved` says that a form was saved.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = parse_form(query.unwrap_or_default().as_bytes());
    let done = field(&fields, "saved").map(|_| Done::Saved);
    rendered(&web, &visitor, query_of(&fields), None, done).await
}

/// `POST`: `account`, `kind` (`contact` or `group`), `entry` (empty for a new one), `name`, `addresses`,
/// `note`, `action` (`save` or `delete`), and `q` and `offset` of the page. A refused form is shown
/// again as typed.
pub(super) async fn submit(posted: Posted) -> Response {
    let text = |name| field(&posted.fields, name).unwrap_or_default().to_owned();
    let query = query_of(&posted.fields);
    let (account, id) = (query.account.clone(), ContactId(text("entry")));
    let addresses = addresses(&text("addresses"));
    let (typed, save) = match text("kind").as_str() {
        "group" => {
            let group = ContactGroup {
                id: id.clone(),
                name: text("name"),
                members: addresses,
            };
            let save = posted
                .backend
                .contact_group_save(account.clone(), group.clone());
            (RefusedForm::Group(group), save)
        }
        _ => {
            let contact = Contact {
                id: id.clone(),
                name: text("name"),
                addresses,
                note: text("note").replace("\r\n", "\n"),
            };
            let save = posted
                .backend
                .contact_save(account.clone(), contact.clone());
            (RefusedForm::Contact(contact), save)
        }
    };
    let done = match text("action").as_str() {
        "delete" => posted.backend.contact_delete(account, id).await,
        _ => save.await.map(drop),
    };
    match done {
        Ok(()) => {
            let address = url::contacts(posted.web.base(), &query);
            page::see_other(&format!("{address}&saved"))
        }
        Err(error) => {
            let refused = Some((typed, error));
            rendered(&posted.web, &posted.visitor, query, refused, None).await
        }
    }
}

/// `POST …/import`: a form with `account` and one file, `file`.
pub(super) async fn import(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let drain = Drain::SIGNED_IN;
    let form = match body::read_to_end(&head.headers, body, FORM_MAX_BYTES, drain).await {
        Ok(bytes) => read_form(&head.headers, bytes).await,
        Err(BodyError::TooLarge) => Err(too_large()),
        Err(BodyError::Incomplete) => Err(RequestError::BrokenUpload),
    };
    let is_cut = matches!(
        form,
        Err(RequestError::TooLarge { .. } | RequestError::BrokenUpload)
    );
    let (account, imported) = match form {
        Ok((account, file)) => {
            let Some(backend) = visitor.backend(&web) else {
                return page::see_other(&url::login(web.base()));
            };
            let imported = backend.contacts_import(account.clone(), file).await;
            (account, imported)
        }
        Err(error) => (AccountId::default(), Err(error.to_api(visitor.lang))),
    };
    let query = ContactQuery {
        account,
        limit: PAGE,
        ..ContactQuery::default()
    };
    let mut response = match imported {
        Ok(report) => {
            let done = Some(Done::Imported(report));
            rendered(&web, &visitor, query, None, done).await
        }
        Err(error) => {
            let refused = Some((RefusedForm::File, error));
            rendered(&web, &visitor, query, refused, None).await
        }
    };
    if is_cut {
        body::close(response.headers_mut());
    }
    response
}

/// `GET …/export`: `account`, `format` (`csv` or `vcard`).
pub(super) async fn export(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let fields = parse_form(query.unwrap_or_default().as_bytes());
    let account = AccountId::from(field(&fields, "account").unwrap_or_default());
    let (is_table, media_type, name) = match field(&fields, "format") {
        Some("csv") => (true, "text/csv; charset=utf-8", "contacts.csv"),
        Some("vcard") => (false, "text/vcard; charset=utf-8", "contacts.vcf"),
        _ => return page::not_found_page(&web, &visitor),
    };
    let Some(backend) = visitor.backend(&web) else {
        return page::see_other(&url::login(web.base()));
    };
    match backend.export_contacts(&account, is_table).await {
        Ok(file) => {
            let mut response = file.into_response();
            let headers = response.headers_mut();
            headers::download(headers);
            headers::set(headers, CONTENT_TYPE, media_type);
            if let Ok(value) = HeaderValue::from_str(&disposition("attachment", name)) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            response
        }
        Err(error) => page::failed(&web, &visitor, error.to_api(visitor.lang), None),
    }
}

fn query_of(fields: &Fields) -> ContactQuery {
    let text = |name| field(fields, name).unwrap_or_default();
    ContactQuery {
        account: text("account").into(),
        text: text("q").to_owned(),
        offset: text("offset").parse().unwrap_or(0),
        limit: PAGE,
    }
}

/// Returns the addresses of a text field, as they are typed into a recipient field. What is none is
/// left for the backend to refuse.
fn addresses(typed: &str) -> Vec<String> {
    let entries = recipients::entries(typed);
    entries
        .map(|entry| match recipients::recipient(entry.text) {
            Some(person) => person.address,
            None => entry.text.to_owned(),
        })
        .collect()
}

fn too_large() -> RequestError {
    let max_bytes = u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX);
    RequestError::TooLarge { max_bytes }
}

/// Reads the form of an import: the account and the file.
async fn read_form(headers: &HeaderMap, form: Bytes) -> Result<(AccountId, Vec<u8>), RequestError> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let max_bytes = u64::try_from(form.len()).unwrap_or(u64::MAX);
    let stream = stream::iter([Ok::<_, Infallible>(form)]);
    let form = Multipart::new(stream, content_type.unwrap_or_default(), max_bytes);
    let mut form = form.map_err(|_| RequestError::Malformed)?;
    let (mut account, mut file) = (Vec::new(), Vec::new());
    while let Some(part) = form
        .next_part()
        .await
        .map_err(|_| RequestError::Malformed)?
    {
        let is_file = part.file_name.is_some();
        let (to, max_bytes) = match part.name.as_str() {
            "file" if is_file => (&mut file, FILE_MAX_BYTES),
            "account" if !is_file => (&mut account, 1 << 10),
            _ => continue,
        };
        while let Some(bytes) = form.chunk().await.map_err(|_| RequestError::Malformed)? {
            if to.len().saturating_add(bytes.len()) > max_bytes {
                return Err(too_large());
            }
            to.extend_from_slice(&bytes);
        }
    }
    let account = String::from_utf8_lossy(&account).into_owned();
    Ok((AccountId(account), file))
}

async fn rendered(
    web: &Web,
    visitor: &Visitor,
    query: ContactQuery,
    refused: Option<(RefusedForm, ApiError)>,
    done: Option<Done>,
) -> Response {
    let Some(backend) = visitor.backend(web) else {
        return page::see_other(&url::login(web.base()));
    };
    let accounts = match backend.session_show().await {
        Ok(session) => session.accounts,
        Err(error) => return page::failed(web, visitor, error, None),
    };
    let accounts: Vec<_> = accounts
        .into_iter()
        .map(|account| (account.id, account.address))
        .collect();
    let mut query = query;
    if query.account.as_str().is_empty()
        && let Some((first, _)) = accounts.first()
    {
        query.account = first.clone();
    }
    let rows: ContactRows = match backend.contact_list(query.clone()).await {
        Ok(rows) => rows,
        Err(error) => return page::failed(web, visitor, error, None),
    };
    // The last contact of a page was deleted.
    if rows.contacts.is_empty() && query.offset > 0 {
        let first = ContactQuery { offset: 0, ..query };
        return page::see_other(&url::contacts(web.base(), &first));
    }
    let status = match &refused {
        Some((_, error)) => error::status(error.kind),
        None => StatusCode::OK,
    };
    let document = render(ContactsPage {
        context: visitor.page_context(web),
        accounts,
        query,
        rows,
        refused,
        done,
    });
    page::plain(status, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_typed_as_in_a_recipient_field() {
        let typed = "Ann <ann@a.example>\r\nben@b.example, nobody\n\n";
        let expected = ["ann@a.example", "ben@b.example", "nobody"];
        assert_eq!(addresses(typed), expected);
    }
}
