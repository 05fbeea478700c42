//! Tests with markup in every string that a page may show: the page must have the same elements,
//! attributes and comments as with harmless strings.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::api::backend::BackendFuture;
use crate::api::types::*;
use crate::routes::composing::{self, ComposingPage};
use crate::routes::contacts::{self, ContactsPage, Done, RefusedForm};
use crate::routes::identities;
use crate::routes::login::{self, DemoMailbox, LoginForm, LoginNotice, LoginPage};
use crate::routes::notice::{Notice, render_notice};
use crate::routes::plain_page::AccountsPage;
use crate::routes::search_form::{self, SearchFormPage};
use crate::routes::templates;
use crate::state::title::with_count;
use crate::text::{markup, url};
use outline::Document;

#[path = "../../../../server/tests/web/outline.rs"]
mod outline;

const HARMLESS: &str = "harmless";

const PAYLOADS: [&str; 12] = [
    "</title><meta http-equiv=refresh content=\"0;url=/x\"><meta name=referrer content=unsafe-url>",
    "</title></head></html><base href=//x><form action=//x>",
    "\"><form action=//x><input name=a>' onx=1 \" onx=1",
    "</script><script>alert(1)</script>]]>",
    "<!--",
    "--><img src=x>--!><img src=x>",
    "<![CDATA[<?pi ?><!DOCTYPE x><b>",
    "&lt;b> &#60;i> &quot;onx=1",
    "</textarea></style></noscript></template><template><plaintext>",
    "\0<b>\u{1b}[31m\r\n<i>\u{85}\u{9b}\u{2028}\u{2029}<b>",
    "\u{202e}<b>\u{2066}\u{feff}\u{fffe}\u{10ffff}",
    "\\\"><b>\\u003cb>\\",
];

/// Puts a text into every string of a value, and into every missing one, if the type accepts any
/// text there.
fn fill<T: Serialize + DeserializeOwned>(value: T, text: &str) -> T {
    let mut json = serde_json::to_value(&value).expect("plain data");
    for pointer in pointers(&json) {
        let before = json.pointer(&pointer).cloned().expect("a place in it");
        let set = |json: &mut Value, value| *json.pointer_mut(&pointer).expect("a place") = value;
        set(&mut json, text.into());
        // An enum value, or not a string.
        if T::deserialize(&json).is_err() {
            set(&mut json, before);
        }
    }
    T::deserialize(&json).expect("the same type")
}

/// Returns the pointers of all strings and nulls (RFC 6901). No field name needs escaping in a
/// pointer.
fn pointers(json: &Value) -> Vec<String> {
    let child_pointers = |name: &str, value: &Value| -> Vec<String> {
        let nested = pointers(value).into_iter();
        nested.map(|pointer| format!("/{name}{pointer}")).collect()
    };
    match json {
        Value::String(_) | Value::Null => vec![String::new()],
        Value::Array(items) => (0..)
            .zip(items)
            .flat_map(|(index, item): (usize, _)| child_pointers(&index.to_string(), item))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| child_pointers(name, value))
            .collect(),
        Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The fake backend with a text in every string that it returns.
struct MarkupBackend {
    fake: FakeBackend,
    text: String,
}

impl MarkupBackend {
    fn filled<'a, T>(&'a self, response: BackendFuture<'a, T>) -> BackendFuture<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
    {
        Box::pin(async move {
            match response.await {
                Ok(response) => Ok(fill(response, &self.text)),
                Err(error) => Err(fill(error, &self.text)),
            }
        })
    }

    /// Returns the folder that the fake backend knows, in place of the filled one.
    fn inbox() -> FolderRef {
        FolderRef {
            account: "acc".into(),
            folder: "SU5CT1g".into(),
        }
    }
}

macro_rules! filled {
    ($($name:ident($($arg:ident: $type:ty),*) -> $response:ty { $($passed:expr),* })*) => { $(
        fn $name(&self, $($arg: $type),*) -> BackendFuture<'_, $response> {
            $(let _ = &$arg;)*
            self.filled(self.fake.$name($($passed),*))
        }
    )* };
}

impl MailBackend for MarkupBackend {
    filled! {
        session_show() -> SessionView {}
        folder_list(account: AccountId) -> FoldersView { account }
        folder_create(account: AccountId, role: FolderRole) -> FolderView { account, role }
        folder_pin(folder: FolderRef, is_pinned: bool) -> () { folder, is_pinned }
        view_cancel(view: ViewId) -> () { view }
        image_senders() -> Vec<ImageSender> {}
        images_show(sender: ImageSender, is_shown: bool) -> () { sender, is_shown }
        list_leave(message: MessageRef) -> String { message }
        invitation_answer(message: MessageRef, answer: InvitationAnswer) -> OutboxId {
            message, answer
        }
        message_mark(messages: Vec<MessageRef>, mark: Mark) -> ChangesDone { messages, mark }
        message_move(messages: Vec<MessageRef>, to: Destination) -> ChangesDone { messages, to }
        change_undo(undo: Vec<UndoRef>) -> ChangesDone { undo }
        compose_start(
            account: AccountId, source: Option<ComposeSource>, more: Vec<MessageRef>
        ) -> ComposeForm { account, source, more }
        compose_again(outbox: OutboxId) -> ComposeForm { outbox }
        text_convert(account: AccountId, conversion: Conversion) -> Converted {
            account, conversion
        }
        identity_list() -> Vec<AccountIdentities> {}
        identity_save(account: AccountId, identity: Identity) -> () { account, identity }
        identity_delete(account: AccountId, identity: IdentityId) -> () { account, identity }
        template_list() -> Vec<AccountTemplates> {}
        template_save(account: AccountId, template: Template) -> () { account, template }
        template_delete(account: AccountId, template: TemplateId) -> () { account, template }
        contact_list(query: ContactQuery) -> ContactRows { query }
        contact_save(account: AccountId, contact: Contact) -> ContactId { account, contact }
        contact_group_save(account: AccountId, group: ContactGroup) -> ContactId { account, group }
        contact_delete(account: AccountId, contact: ContactId) -> () { account, contact }
        contacts_import(account: AccountId, file: Vec<u8>) -> ImportReport { account, file }
        draft_save(account: AccountId, draft: Draft, is_forced: bool) -> DraftResult {
            account, draft, is_forced
        }
        draft_open(draft: MessageRef, is_copy: bool) -> ComposeForm { draft, is_copy }
        composing_list() -> Vec<ComposingSettings> {}
        composing_save(account: AccountId, choices: ComposingChoices) -> () { account, choices }
        unsent_keys(account: AccountId) -> SealingKeys { account }
        message_send(account: AccountId, draft: Draft) -> OutboxId { account, draft }
        people_suggest(account: AccountId, typed: String) -> Vec<PersonSuggestion> {
            account, typed
        }
        people_compare(account: AccountId, addresses: Vec<String>) -> Vec<AddressWarning> {
            account, addresses
        }
        person_forget(account: AccountId, address: String) -> () { account, address }
        outbox_list(before: Option<String>) -> OutboxRows { before }
        outbox_show(outbox: OutboxId) -> OutboxEntry { outbox }
        outbox_change(outbox: OutboxId, change: EntryChange) -> () { outbox, change }
    }

    fn message_list(&self, query: ListQuery) -> BackendFuture<'_, MessageRows> {
        let source = match query.source {
            ListSource::Search(search) => ListSource::Search(search),
            _ => ListSource::Folder(Self::inbox()),
        };
        let query = ListQuery {
            source,
            limit: 2,
            ..query
        };
        self.filled(self.fake.message_list(query))
    }

    fn message_open(&self, message: MessageRef) -> BackendFuture<'_, MessageView> {
        let message = message.message.as_str();
        let id = match message.strip_suffix("-html") {
            Some(_) => "7.1283",
            None if message.ends_with("-missing") => "missing",
            None => "7.1284",
        };
        self.filled(self.fake.message_open(Self::inbox().message(id.into())))
    }
}

/// Renders a page of the app with a text in every string.
async fn app_page(path: &str, text: &str, flash: Option<Flash>, is_retry: bool) -> String {
    LazyLock::force(&ROUTES);
    let options = LeptosOptions::builder()
        .output_name("restante")
        .site_pkg_dir("a/b1")
        .build();
    let provided = text.to_owned();
    let provide = move || {
        let text = &provided;
        provide_context(page_context(text));
        provide_context::<Arc<dyn MailBackend>>(Arc::new(MarkupBackend {
            fake: FakeBackend::default(),
            text: text.clone(),
        }));
        if let Some(flash) = flash.clone() {
            provide_context(fill(flash, text));
        }
        if is_retry {
            provide_context(retry(text));
        }
    };
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let shell = move || document::shell(options);
    let response: Response<Body> =
        handle_response_inner(provide, shell, request, document::in_order).await;
    let body = response.into_body().collect().await.expect("a body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

fn page_context(text: &str) -> PageContext {
    let text = || text.to_owned();
    PageContext {
        build: text(),
        css: text(),
        icons: text(),
        live: text(),
        seen: text(),
        ..context("", Lang::En)
    }
}

fn retry(text: &str) -> ComposeRetry {
    let attachment = AttachmentView {
        part: "2".into(),
        name: String::new(),
        media_type: String::new(),
        size_bytes: 7,
        can_view: false,
    };
    let upload = UploadView {
        id: "u".into(),
        name: String::new(),
        size_bytes: 7,
    };
    let form = ComposeForm {
        draft: Draft {
            source: Some(ComposeSource {
                kind: ComposeKind::Forward,
                folder: "f".into(),
                message: "m".into(),
            }),
            uploads: vec!["u".into()],
            keep_parts: vec!["2".into()],
            ..Draft::default()
        },
        forwarded: vec![attachment],
        uploads: vec![upload],
        missing: vec![String::new()],
        server_max_bytes: Some(9),
        lacking: vec![SendLimitation::Notices, SendLimitation::RequiredTls],
        ..ComposeForm::empty("acc".into(), vec![Identity::default()], 9)
    };
    let error = fake::error(ErrorKind::Invalid, "");
    fill(ComposeRetry { form, error }, text)
}

fn flashes() -> Vec<Flash> {
    let changes = [
        Change::Undone,
        Change::Marked(Mark::Seen),
        Change::DeletePending { in_secs: 5 },
        Change::Moved {
            role: None,
            name: "x".into(),
        },
    ];
    let mut flashes: Vec<Flash> = changes
        .into_iter()
        .map(|change| Flash {
            done: vec![ChangeDone {
                change,
                count: 2,
                gone: 1,
                messages: vec!["acc/f/7.1".into()],
                undo: vec!["acc/u".into()],
            }],
            ..Flash::default()
        })
        .collect();
    let role = FolderRole::Junk;
    flashes.push(Flash {
        error: Some(fake::error(ErrorKind::MissingFolder(role), "x")),
        again: Some(FlashAgain {
            messages: vec!["acc/f/m".into()],
            role,
        }),
        ..Flash::default()
    });
    flashes
}

fn login_page(text: &str, notice: Option<LoginNotice>) -> LoginPage {
    let t = || text.to_owned();
    LoginPage {
        context: page_context(text),
        js: t(),
        wasm: t(),
        style: None,
        form: LoginForm {
            email: t(),
            user: t(),
            incoming_host: t(),
            incoming_port: t(),
            outgoing_host: t(),
            outgoing_port: t(),
            ..LoginForm::default()
        },
        is_manual_open: true,
        error: Some(fill(fake::error(ErrorKind::Password, "x"), text)),
        notice,
        demo: Some(DemoMailbox {
            address: t(),
            password: t(),
        }),
        is_plain_allowed: true,
        return_to: Some(t()),
        is_added: false,
    }
}

fn contacts_page(text: &str) -> ContactsPage {
    let contact = Contact {
        id: "c".into(),
        addresses: vec!["a".to_owned(), "b".to_owned()],
        ..Contact::default()
    };
    let group = ContactGroup {
        id: "g".into(),
        members: vec!["a".to_owned()],
        ..ContactGroup::default()
    };
    let report = ImportReport {
        left_out: 2,
        examples: vec![LeftOut {
            name: "x".to_owned(),
            why: LeftOutCause::NoAddress,
        }],
        ..ImportReport::default()
    };
    let rows = ContactRows {
        contacts: vec![contact.clone()],
        total: 99,
        groups: vec![group],
        unreadable: 1,
    };
    let query = ContactQuery {
        offset: 7,
        ..ContactQuery::default()
    };
    let accounts = ["a", "b"].map(|account| (AccountId::from(account), text.to_owned()));
    let refused = RefusedForm::Contact(fill(contact, text));
    let error = fill(fake::error(ErrorKind::Invalid, "x"), text);
    ContactsPage {
        context: page_context(text),
        accounts: accounts.to_vec(),
        query: fill(query, text),
        rows: fill(rows, text),
        refused: Some((refused, error)),
        done: Some(Done::Imported(fill(report, text))),
    }
}

/// Renders every page; returns its name, and the beginning of its title if that is untrusted.
async fn pages(text: &str) -> Vec<(String, String)> {
    let encoded = url::encode(text);
    let list = format!("/mail/{encoded}/{encoded}");
    let compose = format!("/compose?account={encoded}");
    let mut pages = Vec::new();
    for (name, path) in [
        ("list", list.clone()),
        ("folders", format!("{list}?view=folders&page={encoded}")),
        ("text", format!("{list}/{encoded}")),
        ("html", format!("{list}/{encoded}-html?images={encoded}")),
        ("missing", format!("{list}/{encoded}-missing")),
        ("search", format!("/search?q={encoded}&in=acc")),
        ("result", format!("{list}/{encoded}?q={encoded}")),
        ("compose", compose.clone()),
        (
            "reply",
            format!("{compose}&kind=reply&folder={encoded}&message={encoded}"),
        ),
        ("again", format!("/compose?again={encoded}")),
        ("outbox", format!("/outbox?entry={encoded}")),
        (
            "settings",
            format!("/settings/appearance?{encoded}={encoded}"),
        ),
    ] {
        pages.push((name.to_owned(), app_page(&path, text, None, false).await));
    }
    for (nth, flash) in flashes().into_iter().enumerate() {
        let page = app_page(&list, text, Some(flash), false).await;
        pages.push((format!("flash {nth}"), page));
    }
    let page = app_page(&compose, text, None, true).await;
    pages.push(("compose refused".to_owned(), page));

    let guessed = LoginNotice::Guessed {
        domain: text.to_owned(),
    };
    for (nth, notice) in [None, Some(guessed)].into_iter().enumerate() {
        pages.push((
            format!("sign-in {nth}"),
            login::render(login_page(text, notice)),
        ));
    }
    let error = fill(fake::error(ErrorKind::Unreachable, "x"), text);
    for (nth, notice) in [Notice::NotFound, Notice::Failed(error)]
        .into_iter()
        .enumerate()
    {
        let back = Some(format!("/{text}"));
        let page = render_notice(page_context(text), notice, back);
        pages.push((format!("notice {nth}"), page));
    }
    let composing = ComposingPage {
        context: page_context(text),
        accounts: fill(fake::composing(), text),
        refused: Some(((), fill(fake::error(ErrorKind::Invalid, "x"), text))),
        is_saved: true,
    };
    pages.push(("composing".to_owned(), composing::render(composing)));
    let identities = AccountIdentities {
        account: AccountId::default(),
        address: String::new(),
        identities: vec![Identity::default()],
    };
    let identities = identities::render(entries_page(identities, Identity::default(), text));
    pages.push(("identities".to_owned(), identities));
    let templates = AccountTemplates {
        account: AccountId::default(),
        address: String::new(),
        templates: vec![Template::default()],
    };
    let templates = templates::render(entries_page(templates, Template::default(), text));
    pages.push(("templates".to_owned(), templates));
    let search_form = SearchFormPage {
        context: page_context(text),
        query: SearchQuery {
            text: text.to_owned(),
            scope: SearchScope::Folder(fill(FolderRef::default(), text)),
        },
    };
    pages.push(("search form".to_owned(), search_form::render(search_form)));
    let contacts = contacts::render(contacts_page(text));
    pages.push(("contacts".to_owned(), contacts));
    pages.push(("frame note".to_owned(), document::frame_note(text)));
    pages
}

/// Returns a page of the entries of an account, one of which was refused.
fn entries_page<T, E>(account: T, entry: E, text: &str) -> AccountsPage<T, (AccountId, E)>
where
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    let error = fake::error(ErrorKind::Invalid, "x");
    AccountsPage {
        context: page_context(text),
        accounts: vec![fill(account, text)],
        refused: Some(fill(((AccountId::default(), entry), error), text)),
        is_saved: true,
    }
}

#[tokio::test]
async fn no_string_becomes_markup_on_any_page() {
    let expected = pages(HARMLESS).await;
    for text in PAYLOADS {
        for ((name, expected), (_, page)) in expected.iter().zip(pages(text).await) {
            for has_script in [true, false] {
                let expected = Document::parse(expected, has_script).outline();
                let document = Document::parse(&page, has_script);
                let outline = document.outline();
                let at = expected.iter().zip(&outline).position(|(a, b)| a != b);
                assert!(
                    expected == outline,
                    "{name} with {text:?} differs at {at:?}: {:#?}\n{page}",
                    at.and_then(|at| outline.get(at.saturating_sub(2)..outline.len().min(at + 3))),
                );
                assert_eq!(document.texts_of("title").len(), 1, "{name} with {text:?}");
                // Each data script must be closed, whatever it contains.
                for script in document.texts_of("script") {
                    let is_data = script.starts_with("__RESOLVED");
                    let ends = ["<", "-->", "\u{2028}", "\u{2029}"];
                    let has_end = ends.iter().any(|end| script.contains(end));
                    assert!(!is_data || !has_end, "{name} with {text:?}: {script}");
                }
            }
        }
    }
}

#[tokio::test]
async fn title_is_the_escaped_name_of_the_page() {
    for text in PAYLOADS {
        let page = app_page(
            &format!("/mail/acc/{}", url::encode(text)),
            text,
            None,
            false,
        )
        .await;
        let titles = Document::parse(&page, true).texts_of("title");
        // The session does not have the account, so the page shows its error.
        assert_eq!(titles.len(), 1, "{page}");
        let encoded = url::encode(text);
        let message = format!("/mail/{encoded}/{encoded}/{encoded}");
        let page = app_page(&message, text, None, false).await;
        assert_eq!(
            Document::parse(&page, true).texts_of("title"),
            [markup::title(&with_count(428, text))],
            "{page}"
        );
        let compose = format!("/compose?account={}", url::encode(text));
        let page = app_page(&compose, text, None, false).await;
        assert_eq!(
            Document::parse(&page, true).texts_of("title"),
            [markup::title(text)],
            "{page}"
        );
    }
}
