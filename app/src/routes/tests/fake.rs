//! A fake backend without a mail server: one account, a few folders, a long inbox.
//!
//! Long because it implements one trait.

use std::sync::Mutex;

use app::api::backend::{BackendFuture, MailBackend};
use app::api::error::{ApiError, ErrorKind};
use app::api::types::*;

/// The number of messages in its inbox.
pub(super) const TOTAL: u32 = 1_284;

/// The mail of one session, generated on request.
#[derive(Default)]
pub(super) struct FakeBackend {
    /// Whether the account uses POP3.
    pub(super) is_pop3: bool,
    /// The number of folders that the server has and the page does not list.
    pub(super) left_out: u32,
    /// The drafts that were sent.
    pub(super) sent: Mutex<Vec<Draft>>,
}

/// Returns an error with all parts that the page shows.
pub(super) fn error(kind: ErrorKind, cause: &str) -> ApiError {
    ApiError {
        kind,
        cause: cause.to_owned(),
        fix: "Do this.".to_owned(),
        retry_after_secs: None,
        reply: Some("NO <not> markup".to_owned()),
        field: None,
        ref_id: "ref-7".to_owned(),
    }
}

fn own_identity() -> Identity {
    Identity {
        id: IdentityId::OWN.into(),
        name: "Demo".to_owned(),
        address: "demo@restante.test".to_owned(),
        is_default: true,
        ..Identity::default()
    }
}

/// Returns how the messages of the account are written and sent.
pub(super) fn composing() -> Vec<ComposingSettings> {
    vec![ComposingSettings {
        account: "acc".into(),
        address: "demo@restante.test".into(),
        can_archive: true,
        choices: ComposingChoices {
            undo_send_secs: 7,
            archives_answered: true,
            warns_missing_file: true,
            is_formatted: false,
            quote: QuotePosition::Above,
            wants_notice: true,
        },
    }]
}

/// Returns a compose form without files.
fn compose_form(draft: Draft) -> ComposeForm {
    ComposeForm {
        draft,
        ..ComposeForm::empty("acc".into(), vec![own_identity()], 25_000_000)
    }
}

fn date() -> DateText {
    DateText {
        short: "09:42".into(),
        long: "21 November 2026, 09:42".into(),
        iso: "2026-11-21T09:42:00+01:00".into(),
        group: "Today".into(),
    }
}

/// Returns the date of a message; the oldest message has none.
fn date_at(position: u32) -> DateText {
    if position + 1 < TOTAL {
        return date();
    }
    DateText {
        short: "No date".into(),
        long: "No date".into(),
        ..DateText::default()
    }
}

fn card(kind: CardKind, title: &str, lines: &[&str]) -> Card {
    Card {
        kind,
        title: title.to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        month: String::new(),
        day: String::new(),
        outbox: None,
        actions: Vec::new(),
    }
}

fn person(name: &str, address: &str) -> Person {
    Person {
        name: name.into(),
        address: address.into(),
    }
}

fn ready<'a, T: Send + 'a>(result: Result<T, ApiError>) -> BackendFuture<'a, T> {
    Box::pin(std::future::ready(result))
}

impl FakeBackend {
    /// The first results of a search that runs; or the error of an empty one.
    fn results(search: &SearchQuery) -> Result<MessageRows, ApiError> {
        if search.text.is_empty() {
            return Err(error(ErrorKind::Invalid, "There is nothing to search for."));
        }
        let in_archive = |position| MessageRow {
            place: "Archive".into(),
            ..Self::row(position)
        };
        Ok(MessageRows {
            folder: None,
            name: "Results".into(),
            role: None,
            total: 120,
            unread: None,
            offset: 0,
            rows: (0..2).map(in_archive).collect(),
            next: None,
            pending: Vec::new(),
            view: Some("v".into()),
            failed: Vec::new(),
            search: Some(SearchProgress {
                text: "Searched 1 of 3 folders".into(),
                is_running: true,
                notes: vec!["Sent: it did not answer.".into()],
            }),
        })
    }

    fn row(position: u32) -> MessageRow {
        MessageRow {
            id: MessageRef::from(format!("acc/SU5CT1g/7.{}", TOTAL - position)),
            position,
            people: vec![person("Marta <Kowalczyk>", "marta@kowalczyk.example")],
            subject: format!("Message {position} & <b>more</b>"),
            date: date_at(position),
            size_bytes: 4_200,
            is_seen: !position.is_multiple_of(3),
            is_starred: position.is_multiple_of(5),
            is_answered: position.is_multiple_of(4),
            is_forwarded: false,
            has_attachment: position.is_multiple_of(2),
            place: String::new(),
        }
    }

    fn changed(change: Change, count: usize) -> ChangesDone {
        ChangesDone {
            done: vec![ChangeDone {
                change,
                count: count as u32,
                gone: 0,
                messages: Vec::new(),
                undo: vec!["acc/undo-1".into()],
            }],
            failed: Vec::new(),
        }
    }

    fn entry(id: &str, state: OutboxState, recipient: RecipientState) -> OutboxEntry {
        OutboxEntry {
            id: id.into(),
            account: "acc".into(),
            subject: format!("Entry {id}"),
            created: date(),
            changed: date(),
            host: "smtp.example".into(),
            size_bytes: 4_200,
            state,
            trouble: None,
            recipients: vec![RecipientView {
                address: "nobody@restante.test".into(),
                state: recipient,
                meaning: "This address does not exist there.".into(),
                reply: Some("550 5.1.1 User unknown".into()),
            }],
            copy: SentCopy::NotKept,
            found: None,
            has_transcript: false,
        }
    }
}

impl MailBackend for FakeBackend {
    fn session_show(&self) -> BackendFuture<'_, SessionView> {
        let (incoming, limitations) = if self.is_pop3 {
            (
                IncomingKind::Pop3,
                vec![Limitation::OneFolder, Limitation::MarksKeptHere],
            )
        } else {
            (IncomingKind::Imap, Vec::new())
        };
        ready(Ok(SessionView {
            accounts: vec![AccountView {
                id: "acc".into(),
                address: "demo@restante.test".into(),
                incoming,
                incoming_host: "imap.restante.test".into(),
                outgoing_host: "smtp.restante.test".into(),
                inbox: "SU5CT1g".into(),
                limitations,
            }],
            upload_max_bytes: 25_000_000,
            outbox_open: 2,
        }))
    }

    fn folder_list(&self, _: AccountId) -> BackendFuture<'_, FoldersView> {
        let folder = |id: &str, name: &str, depth, role| FolderView {
            id: id.into(),
            name: name.into(),
            depth,
            role,
            is_selectable: true,
            is_pinned: false,
            unread: Some(3),
            total: Some(9),
        };
        let folders = vec![
            folder("SU5CT1g", "INBOX", 0, Some(FolderRole::Inbox)),
            folder("RHJhZnRz", "Drafts", 0, Some(FolderRole::Drafts)),
            folder("U2VudA", "Sent", 0, Some(FolderRole::Sent)),
            folder("QXJjaGl2ZQ", "Archive", 0, Some(FolderRole::Archive)),
            folder("VHJhc2g", "Trash", 0, Some(FolderRole::Trash)),
            folder("UHJvamVjdHM", "Projects", 0, None),
            folder("5rW36biG", "海鸥", 1, None),
        ];
        ready(Ok(FoldersView {
            folders,
            left_out: self.left_out,
        }))
    }

    fn folder_create(&self, _: AccountId, role: FolderRole) -> BackendFuture<'_, FolderView> {
        ready(Ok(FolderView {
            id: "new".into(),
            name: "New".into(),
            depth: 0,
            role: Some(role),
            is_selectable: true,
            is_pinned: false,
            unread: None,
            total: None,
        }))
    }

    fn message_list(&self, query: ListQuery) -> BackendFuture<'_, MessageRows> {
        if let ListSource::Search(search) = &query.source {
            return ready(Self::results(search));
        }
        let (ListSource::Folder(of), ListAt::Offset(offset)) = (query.source, query.at) else {
            return ready(Err(error(ErrorKind::NotFound, "There is no such list.")));
        };
        let folder = &of.folder;
        if folder.as_str() == "unknown" {
            return ready(Err(error(ErrorKind::NotFound, "There is no such folder.")));
        }
        let is_inbox = folder.as_str() == "SU5CT1g";
        let total = if is_inbox { TOTAL } else { 0 };
        let rows = (offset..total.min(offset + query.limit))
            .map(Self::row)
            .collect();
        ready(Ok(MessageRows {
            folder: Some(of),
            name: if is_inbox {
                "INBOX".into()
            } else {
                "Other".into()
            },
            role: is_inbox.then_some(FolderRole::Inbox),
            total,
            unread: is_inbox.then_some(428),
            offset,
            rows,
            next: None,
            pending: Vec::new(),
            view: None,
            failed: Vec::new(),
            search: None,
        }))
    }

    fn message_open(&self, message: MessageRef) -> BackendFuture<'_, MessageView> {
        let number = message
            .message
            .as_str()
            .strip_prefix("7.")
            .and_then(|n| n.parse::<u32>().ok());
        let Some(position) = number.and_then(|n| TOTAL.checked_sub(n)) else {
            return ready(Err(error(ErrorKind::NotFound, "There is no such message.")));
        };
        let row = Self::row(position);
        let text = |quote_depth, text: &str| TextBlock {
            quote_depth,
            spans: vec![
                TextSpan::Text(text.to_owned()),
                TextSpan::Link {
                    href: "javascript:alert(1)".into(),
                    text: "bad link".into(),
                },
                TextSpan::Link {
                    href: "https://example.org/".into(),
                    text: "good link".into(),
                },
            ],
        };
        let body = if position + 1 == TOTAL {
            BodyView::Empty {
                why: "It is sealed, save the file.".to_owned(),
            }
        } else if position.is_multiple_of(2) {
            BodyView::Text {
                blocks: vec![text(0, "Hello <script>\n\nBye "), text(1, "> quoted\n")],
                is_cut: false,
            }
        } else {
            BodyView::Html {
                blocked_images: 4,
                shows_images: false,
                tracking_pixels: 2,
                is_cut: false,
            }
        };
        let neighbour = |by: i64| {
            u32::try_from(i64::from(position) + by)
                .ok()
                .filter(|p| *p < TOTAL)
                .map(|p| Self::row(p).id)
        };
        ready(Ok(MessageView {
            id: message,
            subject: row.subject,
            from: row.people,
            reply_to: Vec::new(),
            to: vec![
                person("", "demo@restante.test"),
                person("王磊", "wang@haiou.example"),
            ],
            cc: vec![person("Ada", "ada@example.org")],
            bcc: Vec::new(),
            date: row.date,
            size_bytes: 4_200,
            is_seen: row.is_seen,
            is_starred: row.is_starred,
            cards: vec![
                card(CardKind::Verified, "Verified shop.example", &["DKIM: pass"]),
                card(CardKind::Warning, "Look at who sent this", &["<b>odd</b>"]),
                Card {
                    month: "NOV".into(),
                    day: "28".into(),
                    actions: vec![CardAction {
                        // Whole, as the server makes it: with the base that one test has.
                        url: "/webmail/invitation".to_owned(),
                        answer: "accepted".to_owned(),
                        label: "Accept".to_owned(),
                        is_primary: true,
                    }],
                    ..card(CardKind::Invitation, "Meetup", &["Saturday", "Hangzhou"])
                },
            ],
            unsubscribe: Some(Unsubscribe::OneClick {
                host: "shop.example".to_owned(),
            }),
            body,
            attachments: vec![
                AttachmentView {
                    part: "2".into(),
                    name: "Programme-日程.pdf".into(),
                    media_type: "application/pdf".into(),
                    size_bytes: 1_100_000,
                    can_view: true,
                },
                AttachmentView {
                    part: "3".into(),
                    name: "map.png".into(),
                    media_type: "image/png".into(),
                    size_bytes: 1_800,
                    can_view: true,
                },
            ],
            headers: vec![HeaderField {
                name: "Subject".into(),
                value: "<b>x</b>".into(),
            }],
            position,
            total: TOTAL,
            newer: neighbour(-1),
            older: neighbour(1),
        }))
    }

    fn image_senders(&self) -> BackendFuture<'_, Vec<ImageSender>> {
        ready(Ok(vec![ImageSender {
            account: "acc".into(),
            address: "news@shop.example".to_owned(),
        }]))
    }

    fn images_show(&self, _sender: ImageSender, _is_shown: bool) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn list_leave(&self, _message: MessageRef) -> BackendFuture<'_, String> {
        ready(Ok("shop.example".to_owned()))
    }

    fn invitation_answer(
        &self,
        _message: MessageRef,
        _answer: InvitationAnswer,
    ) -> BackendFuture<'_, OutboxId> {
        ready(Ok("out".into()))
    }

    fn message_mark(
        &self,
        messages: Vec<MessageRef>,
        mark: Mark,
    ) -> BackendFuture<'_, ChangesDone> {
        ready(Ok(Self::changed(Change::Marked(mark), messages.len())))
    }

    fn message_move(
        &self,
        messages: Vec<MessageRef>,
        to: Destination,
    ) -> BackendFuture<'_, ChangesDone> {
        match to {
            Destination::Role(role @ FolderRole::Junk) => ready(Err(error(
                ErrorKind::MissingFolder(role),
                "There is no Junk folder.",
            ))),
            Destination::Role(role) => {
                let change = Change::Moved {
                    role: Some(role),
                    name: "x".into(),
                };
                ready(Ok(Self::changed(change, messages.len())))
            }
            Destination::Folder(_) => ready(Err(error(
                ErrorKind::Refused,
                "The mail server refused to move this.",
            ))),
        }
    }

    fn change_undo(&self, undo: Vec<UndoRef>) -> BackendFuture<'_, ChangesDone> {
        ready(Ok(ChangesDone {
            done: vec![ChangeDone {
                change: Change::Undone,
                count: undo.len() as u32,
                gone: 0,
                messages: Vec::new(),
                undo: Vec::new(),
            }],
            failed: Vec::new(),
        }))
    }

    fn folder_pin(&self, _: FolderRef, _: bool) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn view_cancel(&self, _: ViewId) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn compose_start(
        &self,
        account: AccountId,
        source: Option<ComposeSource>,
        _: Vec<MessageRef>,
    ) -> BackendFuture<'_, ComposeForm> {
        let body = match source {
            Some(_) => "\n\nOn Monday, Marta wrote:\n> </textarea><script>alert(1)</script>\n",
            None => "",
        };
        ready(Ok(ComposeForm {
            account,
            draft: Draft {
                to: "\"Marta\" <marta@kowalczyk.example>".into(),
                subject: if source.is_some() {
                    "Re: Message".into()
                } else {
                    String::new()
                },
                body: body.to_owned(),
                source,
                ..Draft::default()
            },
            ..compose_form(Draft::default())
        }))
    }

    fn compose_again(&self, outbox: OutboxId) -> BackendFuture<'_, ComposeForm> {
        let draft = Draft {
            replaces: Some(outbox),
            body: "again".into(),
            ..Draft::default()
        };
        ready(Ok(compose_form(draft)))
    }

    fn text_convert(&self, _: AccountId, conversion: Conversion) -> BackendFuture<'_, Converted> {
        let text = match conversion {
            Conversion::Pasted(text) | Conversion::ToText(text) => text,
            Conversion::ToHtml(draft) => draft.body,
            Conversion::Template(template) => template.0,
        };
        ready(Ok(Converted {
            text,
            ..Converted::default()
        }))
    }

    fn identity_list(&self) -> BackendFuture<'_, Vec<AccountIdentities>> {
        ready(Ok(Vec::new()))
    }

    fn identity_save(&self, _: AccountId, _: Identity) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn identity_delete(&self, _: AccountId, _: IdentityId) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn template_list(&self) -> BackendFuture<'_, Vec<AccountTemplates>> {
        ready(Ok(Vec::new()))
    }

    fn template_save(&self, _: AccountId, _: Template) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn template_delete(&self, _: AccountId, _: TemplateId) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn contact_list(&self, _: ContactQuery) -> BackendFuture<'_, ContactRows> {
        ready(Ok(ContactRows::default()))
    }

    fn contact_save(&self, _: AccountId, contact: Contact) -> BackendFuture<'_, ContactId> {
        ready(Ok(contact.id))
    }

    fn contact_group_save(
        &self,
        _: AccountId,
        group: ContactGroup,
    ) -> BackendFuture<'_, ContactId> {
        ready(Ok(group.id))
    }

    fn contact_delete(&self, _: AccountId, _: ContactId) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn contacts_import(&self, _: AccountId, _: Vec<u8>) -> BackendFuture<'_, ImportReport> {
        ready(Ok(ImportReport::default()))
    }

    fn draft_save(&self, _: AccountId, draft: Draft, _: bool) -> BackendFuture<'_, DraftResult> {
        ready(Ok(match draft.saved {
            Some(saved) => DraftResult::Saved(saved),
            None => DraftResult::Gone,
        }))
    }

    fn draft_open(&self, draft: MessageRef, _: bool) -> BackendFuture<'_, ComposeForm> {
        let saved = SavedDraft {
            id: "d@restante.test".into(),
            folder: draft.folder.folder,
            message: draft.message,
        };
        let draft = Draft {
            body: "a draft".into(),
            saved: Some(saved),
            thread: vec!["p@restante.test".to_owned()],
            ..Draft::default()
        };
        ready(Ok(compose_form(draft)))
    }

    fn composing_list(&self) -> BackendFuture<'_, Vec<ComposingSettings>> {
        ready(Ok(composing()))
    }

    fn composing_save(&self, _: AccountId, _: ComposingChoices) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn unsent_keys(&self, _: AccountId) -> BackendFuture<'_, SealingKeys> {
        ready(Ok(SealingKeys(vec!["A".repeat(43)])))
    }

    fn message_send(&self, _: AccountId, draft: Draft) -> BackendFuture<'_, OutboxId> {
        if draft.to.is_empty() {
            let mut error = error(ErrorKind::Invalid, "Nobody is named as a recipient.");
            error.field = Some("to".into());
            return ready(Err(error));
        }
        self.sent.lock().expect("not poisoned").push(draft);
        ready(Ok("e2".into()))
    }

    fn people_suggest(
        &self,
        _: AccountId,
        typed: String,
    ) -> BackendFuture<'_, Vec<PersonSuggestion>> {
        ready(Ok(vec![PersonSuggestion {
            person: Person {
                name: typed,
                address: "ann@x.example".to_owned(),
            },
            written_count: 2,
            members: String::new(),
        }]))
    }

    fn people_compare(
        &self,
        _: AccountId,
        addresses: Vec<String>,
    ) -> BackendFuture<'_, Vec<AddressWarning>> {
        let warning = |address: String| AddressWarning {
            text: format!("{address} has letters that look like others."),
            address,
        };
        ready(Ok(addresses.into_iter().map(warning).collect()))
    }

    fn person_forget(&self, _: AccountId, _: String) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }

    fn outbox_list(&self, before: Option<String>) -> BackendFuture<'_, OutboxRows> {
        if before.is_some() {
            return ready(Ok(OutboxRows {
                entries: vec![Self::entry(
                    "e5",
                    OutboxState::Damaged {
                        why: Damage::KeyLost,
                    },
                    RecipientState::HandedOver,
                )],
                older: None,
                removed: Vec::new(),
                needs_look: 3,
                keep_days: 90,
            }));
        }
        ready(Ok(OutboxRows {
            entries: vec![
                Self::entry("e1", OutboxState::Refused, RecipientState::Refused),
                Self::entry("e2", OutboxState::Unknown, RecipientState::Unknown),
                Self::entry("e3", OutboxState::Waiting, RecipientState::Waiting),
                Self::entry("e7", OutboxState::Held { secs: 9 }, RecipientState::Waiting),
                Self::entry(
                    "e8",
                    OutboxState::Scheduled { at: date() },
                    RecipientState::Waiting,
                ),
                Self::entry("e4", OutboxState::HandedOver, RecipientState::HandedOver),
            ],
            older: Some("7.e4".into()),
            removed: vec![Self::entry(
                "e6",
                OutboxState::Stopped,
                RecipientState::Stopped,
            )],
            needs_look: 3,
            keep_days: 90,
        }))
    }

    fn outbox_show(&self, outbox: OutboxId) -> BackendFuture<'_, OutboxEntry> {
        ready(Ok(Self::entry(
            outbox.as_str(),
            OutboxState::Sending,
            RecipientState::Waiting,
        )))
    }

    fn outbox_change(&self, _: OutboxId, _: EntryChange) -> BackendFuture<'_, ()> {
        ready(Ok(()))
    }
}
