//! The plain POST routes: each reads a form, calls one method of the backend, stores the result as
//! a flash for the next page, and responds with 303. The page without script uses only these.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::api::backend::MailBackend;
use app::api::error::{ApiError, ErrorKind};
use app::api::types::{
    AccountId, ChangesDone, Destination, EntryChange, FolderRef, FolderRole, ImageSender,
    InvitationAnswer, Lang, Mark, MessageRef, OutboxId, Theme, UndoRef,
};
use app::flash::{Flash, FlashAgain, FlashEntry};
use app::text::url;
use axum::Extension;
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::Response;

use super::body::{self, BodyError, Drain, Fields, field, parse_form};
use super::login::set_cookie;
use super::request_error::RequestError;
use super::visitor::{LANG_COOKIE, THEME_COOKIE, Visitor, theme_from_word};
use super::{Web, origin, page};

/// Maximum size of a form. One with 200 selected messages has about 6 KiB.
const FORM_MAX_BYTES: usize = 1 << 20;

/// `POST {base}/act`: `message` (repeated) with `action` and `to`, or `star`, or `unstar`;
/// `return`. A message is `{account}/{folder}/{message}`.
pub(super) async fn act(posted: Posted) -> Response {
    let action = Action::read(&posted.fields);
    let fallback = match &action {
        Ok(action) => action.folder_url(posted.web.base()),
        Err(_) => url::home(posted.web.base()),
    };
    let flash = match action {
        Ok(action) => {
            let messages = action.messages().to_vec();
            match action.run(posted.backend.as_ref()).await {
                Ok(done) => changed(done),
                Err(error) => Flash {
                    again: repeat_after_create(&error, messages),
                    ..failure(error)
                },
            }
        }
        Err(error) => failure(error.to_api(posted.visitor.lang)),
    };
    posted.finish(flash, fallback).await
}

/// `POST {base}/undo`: `undo` (repeated, each `{account}/{undo}`), `return`.
pub(super) async fn undo(posted: Posted) -> Response {
    let undo: Vec<UndoRef> = field_values(&posted.fields, "undo")
        .map(UndoRef::from)
        .collect();
    let fallback = match undo.first() {
        Some(undo) => url::mail(posted.web.base(), &undo.account),
        None => url::home(posted.web.base()),
    };
    let flash = match posted.backend.change_undo(undo).await {
        Ok(done) => changed(done),
        Err(error) => failure(error),
    };
    posted.finish(flash, fallback).await
}

/// `POST {base}/pin`: `account`, `folder`, `pinned` (`true` or `false`), `return`.
pub(super) async fn pin(posted: Posted) -> Response {
    let value = |name| field(&posted.fields, name).unwrap_or_default();
    let folder = FolderRef {
        account: value("account").into(),
        folder: value("folder").into(),
    };
    let is_pinned = value("pinned") == "true";
    let location = url::folder(posted.web.base(), &folder, 1);
    let flash = match posted.backend.folder_pin(folder, is_pinned).await {
        Ok(()) => Flash {
            note: Some(posted.visitor.lang.folder_pinned(is_pinned).into_owned()),
            ..Flash::default()
        },
        Err(error) => failure(error),
    };
    posted.finish(flash, location).await
}

/// `POST {base}/images`: `account`, `address`, `shown` (`true` or `false`), `return`.
pub(super) async fn images(posted: Posted) -> Response {
    let value = |name| field(&posted.fields, name).unwrap_or_default().to_owned();
    let sender = ImageSender {
        account: AccountId(value("account")),
        address: value("address"),
    };
    let is_shown = value("shown") == "true";
    let location = url::mail(posted.web.base(), &sender.account);
    let address = sender.address.clone();
    let flash = match posted.backend.images_show(sender, is_shown).await {
        Ok(()) => Flash {
            note: Some(
                posted
                    .visitor
                    .lang
                    .images_shown(address, is_shown)
                    .into_owned(),
            ),
            ..Flash::default()
        },
        Err(error) => failure(error),
    };
    posted.finish(flash, location).await
}

/// `POST {base}/unsubscribe`: `message` (`{account}/{folder}/{message}`), `return`.
pub(super) async fn unsubscribe(posted: Posted) -> Response {
    let message = MessageRef::from(field(&posted.fields, "message").unwrap_or_default());
    let location = url::message(posted.web.base(), &message);
    let flash = match posted.backend.list_leave(message).await {
        Ok(host) => Flash {
            note: Some(posted.visitor.lang.list_left(host).into_owned()),
            ..Flash::default()
        },
        Err(error) => failure(error),
    };
    posted.finish(flash, location).await
}

/// `POST {base}/invitation`: `message` (`{account}/{folder}/{message}`), `answer` (`accepted`,
/// `tentative`, `declined`), `return`. The page of the message says when the answer leaves.
pub(super) async fn invitation(posted: Posted) -> Response {
    let value = |name| field(&posted.fields, name).unwrap_or_default();
    let message = MessageRef::from(value("message"));
    let location = url::message(posted.web.base(), &message);
    let queued = match InvitationAnswer::from_word(value("answer")) {
        Some(answer) => posted.backend.invitation_answer(message, answer).await,
        None => Err(RequestError::Malformed.to_api(posted.visitor.lang)),
    };
    let flash = match queued {
        Ok(_) => Flash::default(),
        Err(error) => failure(error),
    };
    posted.finish(flash, location).await
}

/// `POST {base}/outbox/{id}/{change}`: `return`.
pub(super) async fn outbox_change(
    Path((outbox, change)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let outbox = OutboxId(outbox);
    let location = url::outbox_entry(posted.web.base(), &outbox);
    let done = match EntryChange::from_word(&change) {
        Some(change) => {
            let done = posted.backend.outbox_change(outbox.clone(), change).await;
            done.map(|()| change)
        }
        None => Err(RequestError::Malformed.to_api(posted.visitor.lang)),
    };
    let flash = match done {
        Ok(change) => Flash {
            outbox: Some(FlashEntry { outbox, change }),
            ..Flash::default()
        },
        Err(error) => failure(error),
    };
    posted.finish(flash, location).await
}

/// `POST {base}/settings/appearance`: `lang`, `theme`, `return`. Stored in cookies of the browser.
pub(super) async fn appearance(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let fields = match fields(&web, &visitor, request).await {
        Ok(fields) => fields,
        Err(response) => return response,
    };
    let location =
        own_return(&web, &fields).unwrap_or_else(|| url::settings_appearance(web.base()));
    let mut response = page::see_other(&location);
    if let Some(lang) = field(&fields, "lang").and_then(Lang::from_tag) {
        set_cookie(
            &mut response,
            &web.cookie.preference(LANG_COOKIE, lang.tag()),
        );
    }
    if let Some(theme) = field(&fields, "theme").and_then(theme_from_word) {
        let word = match theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        set_cookie(&mut response, &web.cookie.preference(THEME_COOKIE, word));
    }
    response
}

/// A form posted by a signed-in session; the response is a redirect.
pub(super) struct Posted {
    pub(super) web: Web,
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
    pub(super) backend: Arc<dyn MailBackend>,
}

impl FromRequest<Web> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let Some(visitor) = visitor else {
            return Err(to_login(web));
        };
        let fields = fields(web, &visitor, request).await?;
        let backend = visitor.backend(web).ok_or_else(|| to_login(web))?;
        Ok(Self {
            web: Web::clone(web),
            visitor,
            fields,
            backend,
        })
    }
}

impl Posted {
    /// Stores the flash and redirects to `return`, or to `fallback`.
    async fn finish(self, flash: Flash, fallback: String) -> Response {
        let web = &self.web;
        let is_signed_out = |error: &ApiError| error.kind == ErrorKind::SignedOut;
        if flash.error.as_ref().is_some_and(is_signed_out) {
            return to_login(web);
        }
        if let Some(session) = &self.visitor.session {
            page::put_flash(web, session, &flash).await;
        }
        page::see_other(&own_return(web, &self.fields).unwrap_or(fallback))
    }
}

/// The action that the list's form requests.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    Mark(Vec<MessageRef>, Mark),
    Move(Vec<MessageRef>, Destination),
    /// Creates the folder of a role, then moves the messages there.
    CreateAndMove(Vec<MessageRef>, FolderRole),
}

impl Action {
    fn read(fields: &Fields) -> Result<Self, RequestError> {
        for (name, mark) in [("star", Mark::Starred), ("unstar", Mark::Unstarred)] {
            if let Some(id) = field(fields, name) {
                return Ok(Self::Mark(vec![id.into()], mark));
            }
        }
        let messages: Vec<MessageRef> = field_values(fields, "message")
            .map(MessageRef::from)
            .collect();
        let action = field(fields, "action").ok_or(RequestError::Malformed)?;
        let to_role = |role| Destination::Role(role);
        let action = match action {
            "seen" => Self::Mark(messages, Mark::Seen),
            "unseen" => Self::Mark(messages, Mark::Unseen),
            "star" => Self::Mark(messages, Mark::Starred),
            "unstar" => Self::Mark(messages, Mark::Unstarred),
            "archive" => Self::Move(messages, to_role(FolderRole::Archive)),
            "delete" => Self::Move(messages, to_role(FolderRole::Trash)),
            "junk" => Self::Move(messages, to_role(FolderRole::Junk)),
            "move" => {
                let to = field(fields, "to")
                    .filter(|to| !to.is_empty())
                    .ok_or(RequestError::Malformed)?;
                Self::Move(messages, Destination::Folder(to.into()))
            }
            other => {
                let word = other
                    .strip_prefix("create:")
                    .ok_or(RequestError::Malformed)?;
                Self::CreateAndMove(
                    messages,
                    role_from_word(word).ok_or(RequestError::Malformed)?,
                )
            }
        };
        if action.messages().is_empty() {
            Err(RequestError::NothingSelected)
        } else {
            Ok(action)
        }
    }

    fn messages(&self) -> &[MessageRef] {
        let (Self::Mark(messages, _) | Self::Move(messages, _) | Self::CreateAndMove(messages, _)) =
            self;
        messages
    }

    /// Returns the address of the first message's folder.
    fn folder_url(&self, base: &str) -> String {
        match self.messages().first() {
            Some(of) => url::folder(base, &of.folder, 1),
            None => url::home(base),
        }
    }

    async fn run(self, backend: &dyn MailBackend) -> Result<ChangesDone, ApiError> {
        match self {
            Self::Mark(messages, mark) => backend.message_mark(messages, mark).await,
            Self::Move(messages, to) => backend.message_move(messages, to).await,
            Self::CreateAndMove(messages, role) => {
                let accounts: BTreeSet<&AccountId> =
                    messages.iter().map(|of| &of.folder.account).collect();
                for account in accounts {
                    backend.folder_create(account.clone(), role).await?;
                }
                let to = Destination::Role(role);
                backend.message_move(messages, to).await
            }
        }
    }
}

/// Parses a role whose folder can be created.
fn role_from_word(word: &str) -> Option<FolderRole> {
    match word {
        "drafts" => Some(FolderRole::Drafts),
        "sent" => Some(FolderRole::Sent),
        "archive" => Some(FolderRole::Archive),
        "junk" => Some(FolderRole::Junk),
        "trash" => Some(FolderRole::Trash),
        _ => None,
    }
}

async fn fields(web: &Web, visitor: &Visitor, request: Request) -> Result<Fields, Response> {
    let (head, body) = request.into_parts();
    let drain = Drain::of(visitor.session.is_some());
    let error = match body::read_to_end(&head.headers, body, FORM_MAX_BYTES, drain).await {
        Ok(bytes) => return Ok(parse_form(&bytes)),
        Err(BodyError::TooLarge) => RequestError::RequestTooLarge { max_bytes: 1 << 20 },
        Err(BodyError::Incomplete) => RequestError::BrokenUpload,
    };
    let mut response = page::failed(web, visitor, error.to_api(visitor.lang), None);
    body::close(response.headers_mut());
    Err(response)
}

/// Returns the page of a form that was posted without a session: its `return` field.
pub(super) async fn return_of(web: &Web, request: Request) -> Result<Option<String>, BodyError> {
    let (head, body) = request.into_parts();
    let bytes = body::read_to_end(&head.headers, body, FORM_MAX_BYTES, Drain::ANONYMOUS).await?;
    Ok(own_return(web, &parse_form(&bytes)))
}

fn own_return(web: &Web, fields: &Fields) -> Option<String> {
    field(fields, "return").and_then(|path| origin::own_path(web.base(), path))
}

fn to_login(web: &Web) -> Response {
    page::see_other(&url::login(web.base()))
}

/// The changes made, beside the first error and what to repeat if some messages were not changed.
fn changed(changes: ChangesDone) -> Flash {
    let flash = match changes.failure() {
        Some((error, messages)) => Flash {
            again: repeat_after_create(&error, messages),
            ..failure(error)
        },
        None => Flash::default(),
    };
    Flash {
        done: changes.done,
        ..flash
    }
}

/// What to repeat after the missing folder of an error was created.
fn repeat_after_create(error: &ApiError, messages: Vec<MessageRef>) -> Option<FlashAgain> {
    match error.kind {
        ErrorKind::MissingFolder(role) => Some(FlashAgain { messages, role }),
        _ => None,
    }
}

fn failure(error: ApiError) -> Flash {
    Flash {
        error: Some(error),
        ..Flash::default()
    }
}

/// Returns all values of a field that may be repeated.
fn field_values<'f>(fields: &'f Fields, name: &'f str) -> impl Iterator<Item = &'f str> {
    fields
        .iter()
        .filter(move |(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use app::api::types::{Change, ChangeDone, Failed};

    use super::*;

    fn read(form: &str) -> Result<Action, RequestError> {
        Action::read(&parse_form(form.as_bytes()))
    }

    #[test]
    fn the_list_form_names_messages_and_one_action() {
        let ids = || vec!["a/f/1.2".into(), "a/f/1.3".into()];
        let ticked = "message=a/f/1.2&message=a%2Ff%2F1.3&action=";
        let role = |role| Action::Move(ids(), Destination::Role(role));
        for (action, expected) in [
            ("seen", Action::Mark(ids(), Mark::Seen)),
            ("unseen", Action::Mark(ids(), Mark::Unseen)),
            ("archive", role(FolderRole::Archive)),
            ("delete", role(FolderRole::Trash)),
            ("junk", role(FolderRole::Junk)),
            (
                "move&to=abc",
                Action::Move(ids(), Destination::Folder("abc".into())),
            ),
            (
                "create:archive",
                Action::CreateAndMove(ids(), FolderRole::Archive),
            ),
        ] {
            assert_eq!(read(&format!("{ticked}{action}")), Ok(expected));
        }
    }

    #[test]
    fn a_star_button_wins_over_the_ticked_messages() {
        let star = read("message=a/f/1.2&action=delete&star=a/f/1.9");
        assert_eq!(
            star,
            Ok(Action::Mark(vec!["a/f/1.9".into()], Mark::Starred))
        );
        assert_eq!(
            read("unstar=a/f/1.9"),
            Ok(Action::Mark(vec!["a/f/1.9".into()], Mark::Unstarred))
        );
    }

    #[test]
    fn form_without_action_or_selection_is_rejected() {
        assert_eq!(read("action=delete"), Err(RequestError::NothingSelected));
        for form in [
            "",
            "message=a/f/1.2",
            "message=a/f/1.2&action=explode",
            "message=a/f/1.2&action=move",
            "message=a/f/1.2&action=create:inbox",
        ] {
            assert_eq!(read(form), Err(RequestError::Malformed), "{form}");
        }
    }

    #[test]
    fn partial_change_reports_done_and_failed_messages_with_one_retry() {
        let failed = |account: &str, kind, message: &str| Failed {
            account: account.into(),
            messages: vec![message.into()],
            error: ApiError {
                kind,
                cause: String::new(),
                fix: String::new(),
                retry_after_secs: None,
                reply: None,
                field: None,
                ref_id: String::new(),
            },
        };
        let missing = ErrorKind::MissingFolder(FolderRole::Archive);
        let done = ChangeDone {
            change: Change::Undone,
            count: 3,
            gone: 0,
            messages: Vec::new(),
            undo: vec!["a/u".into()],
        };
        let flash = changed(ChangesDone {
            done: vec![done.clone()],
            failed: vec![
                failed("a", missing, "a/f/1"),
                failed("b", ErrorKind::Unreachable, "b/f/1"),
                failed("c", missing, "c/f/1"),
            ],
        });
        assert_eq!(flash.done, [done]);
        let retry = flash.again.expect("the folder can be created");
        assert_eq!(retry.role, FolderRole::Archive);
        assert_eq!(retry.messages, ["a/f/1", "c/f/1"].map(MessageRef::from));
    }
}
