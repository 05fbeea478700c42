//! One IMAP connection: greeting, states, sign-in, folders, IDLE.

mod condstore;
mod messages;
mod store_flags;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::command::{self, Command};
use super::list;
use super::reader::{self, MAX_LINE_BYTES, Received};
use super::selected::{Expunges, Selected};
use super::sequence_set::By;
use super::syntax::Cursor;
use super::{CAPABILITIES, CAPABILITIES_BEFORE_LOGIN, CAPABILITIES_BEFORE_TLS};
use crate::Service;
use crate::login;
use crate::message::Part;
use crate::store::{Flags, FolderError, Uid, UidValidity};
use crate::wire::{Wire, WireError};
use condstore::enables_condstore;
use store_flags::FlagStore;

const IDLE_BEFORE_LOGIN: Duration = Duration::from_secs(60);
/// RFC 3501 §5.4: at least 30 minutes.
const IDLE_AFTER_LOGIN: Duration = Duration::from_secs(30 * 60);
/// Number of refused sign-ins, or of consecutive invalid commands, that closes the connection.
const MAX_REFUSALS: u32 = 5;
const NO_SUCH_MESSAGE: Reply = Reply::Bad("there is no message of this number");
const DELETED_FOLDER: &str = "the selected mailbox was deleted";
const READ_ONLY: &str = "[READ-ONLY] the mailbox was opened with EXAMINE";

/// Serves one client until it disconnects, breaks a limit, or the demo stops.
pub(crate) async fn serve(service: Arc<Service>, wire: Wire) -> Result<(), WireError> {
    let mut session = Session {
        service,
        wire,
        is_authenticated: false,
        has_sent_id: false,
        selected: None,
        is_condstore: false,
        last_read: None,
        refusals: 0,
    };
    let capabilities = session.capabilities();
    session.wire.push(format!(
        "* OK [CAPABILITY {capabilities}] Restante demo IMAP server\r\n"
    ));
    let ended = session.run().await;
    let final_line = match &ended {
        Ok(()) | Err(WireError::Closed | WireError::Io(_)) => String::new(),
        Err(reason) => format!("* BYE {reason}\r\n"),
    };
    session.wire.close(&final_line).await;
    ended
}

pub(super) struct Session {
    pub(super) service: Arc<Service>,
    pub(super) wire: Wire,
    is_authenticated: bool,
    /// Whether the client sent ID.
    has_sent_id: bool,
    pub(super) selected: Option<Selected>,
    /// Whether the client enabled CONDSTORE (RFC 7162 §3.1).
    pub(super) is_condstore: bool,
    /// The message read last: clients fetch the ranges of a large part one after the other.
    pub(super) last_read: Option<(UidValidity, Uid, Bytes, Part)>,
    refusals: u32,
}

/// The tagged response to a command.
pub(super) enum Reply {
    Ok(String),
    No(String),
    Bad(&'static str),
    /// TLS begins after this response.
    StartTls,
    /// The connection is closed after this response.
    Last(String),
}

impl Reply {
    pub(super) fn ok(text: &str) -> Self {
        Self::Ok(text.to_owned())
    }

    pub(super) fn no(text: &str) -> Self {
        Self::No(text.to_owned())
    }
}

impl Session {
    async fn run(&mut self) -> Result<(), WireError> {
        loop {
            let idle = if self.is_authenticated {
                IDLE_AFTER_LOGIN
            } else {
                IDLE_BEFORE_LOGIN
            };
            let received = reader::command(&mut self.wire, self.is_authenticated, idle).await?;
            self.service.count_command();
            let is_open = match received {
                Received::Command(command) => self.execute(command).await?,
                Received::TooBig { first_line } => {
                    let tag = command::tag(&mut Cursor::new(first_line));
                    let tag = tag.unwrap_or_else(|_| "*".to_owned());
                    self.wire
                        .push(format!("{tag} NO [TOOBIG] the literal is too big\r\n"));
                    true
                }
            };
            if !is_open {
                return Ok(());
            }
            if self.refusals >= MAX_REFUSALS {
                self.wire.push("* BYE too many refused commands\r\n");
                return Ok(());
            }
        }
    }

    /// Runs one command; returns false at the end of the session.
    async fn execute(&mut self, line: Bytes) -> Result<bool, WireError> {
        let mut line = Cursor::new(line);
        let tag = match command::tag(&mut line) {
            Ok(tag) => tag,
            Err(bad) => {
                self.refusals += 1;
                self.wire.push(format!("* BAD {}\r\n", bad.0));
                return Ok(true);
            }
        };
        let command = match command::parse(&mut line) {
            Ok(command) => command,
            Err(bad) => {
                self.refusals += 1;
                self.wire.push(format!("{tag} BAD {}\r\n", bad.0));
                return Ok(true);
            }
        };
        let expunges = if uses_sequence_numbers(&command) {
            Expunges::Deferred
        } else {
            Expunges::Reported
        };
        let reply = match self.refused_in_this_state(&command) {
            Some(refused) => refused,
            None => {
                if enables_condstore(&command) {
                    self.enable_condstore();
                }
                self.run_command(&tag, command).await?
            }
        };
        if !matches!(reply, Reply::Last(_)) && !self.report_changes(expunges) {
            return Ok(false);
        }
        if matches!(reply, Reply::Ok(_)) {
            self.refusals = 0;
        }
        let (line, is_open) = match reply {
            Reply::StartTls if self.wire.has_input() => return Err(WireError::InputBeforeTls),
            Reply::StartTls => {
                self.wire.push(format!("{tag} OK begin TLS now\r\n"));
                self.wire.start_tls(&self.service.tls).await?;
                return Ok(true);
            }
            Reply::Ok(text) => (format!("{tag} OK {text}\r\n"), true),
            Reply::No(text) => (format!("{tag} NO {text}\r\n"), true),
            Reply::Bad(text) => (format!("{tag} BAD {text}\r\n"), true),
            Reply::Last(text) => (format!("{tag} {text}\r\n"), false),
        };
        self.wire.push(line);
        Ok(is_open)
    }

    /// Refuses a command that is not allowed in the session's state (RFC 3501 §3).
    fn refused_in_this_state(&self, command: &Command) -> Option<Reply> {
        match command {
            Command::Capability | Command::Noop | Command::Logout | Command::Id => None,
            Command::StartTls | Command::Authenticate { .. } | Command::Login { .. } => self
                .is_authenticated
                .then_some(Reply::Bad("already signed in")),
            _ if !self.is_authenticated => Some(Reply::Bad("sign in first")),
            command
                if required_capability(command)
                    .is_some_and(|capability| !self.service.has(capability)) =>
            {
                Some(Reply::Bad("unknown command"))
            }
            Command::Check
            | Command::Close
            | Command::Unselect
            | Command::Expunge(_)
            | Command::Search { .. }
            | Command::Fetch { .. }
            | Command::Store { .. }
            | Command::Copy { .. }
            | Command::Move { .. } => self
                .selected
                .is_none()
                .then_some(Reply::Bad("no mailbox is selected")),
            _ => None,
        }
    }

    async fn run_command(&mut self, tag: &str, command: Command) -> Result<Reply, WireError> {
        Ok(match command {
            Command::Capability => {
                let capabilities = self.capabilities();
                self.wire.push(format!("* CAPABILITY {capabilities}\r\n"));
                Reply::ok("CAPABILITY done")
            }
            Command::Noop => Reply::ok("NOOP done"),
            Command::Check => Reply::ok("CHECK done"),
            Command::Logout => {
                self.wire.push("* BYE until next time\r\n");
                Reply::Last("OK LOGOUT done".to_owned())
            }
            Command::Id => {
                self.has_sent_id = true;
                self.wire.push("* ID (\"name\" \"Restante demo\")\r\n");
                Reply::ok("ID done")
            }
            Command::StartTls if self.wire.is_encrypted() => Reply::Bad("TLS is active already"),
            Command::StartTls => Reply::StartTls,
            Command::Authenticate {
                mechanism,
                initial_response,
            } => {
                return self.authenticate(&mechanism, initial_response).await;
            }
            Command::Login { user, password } => {
                if self.wire.is_encrypted() {
                    self.complete_sign_in(login::is_valid(&user, password.expose().as_bytes()))
                } else {
                    needs_tls()
                }
            }
            Command::Namespace => {
                self.wire.push("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
                Reply::ok("NAMESPACE done")
            }
            Command::Enable(extensions) => {
                let is_known = |name: &String| name.eq_ignore_ascii_case("CONDSTORE");
                if extensions.iter().any(is_known) {
                    self.enable_condstore();
                    self.wire.push("* ENABLED CONDSTORE\r\n");
                } else {
                    self.wire.push("* ENABLED\r\n");
                }
                Reply::ok("ENABLE done")
            }
            Command::Select { .. } if self.service.imap_requires_id && !self.has_sent_id => {
                Reply::no("SELECT Unsafe Login. Please contact the demo for help")
            }
            Command::Select {
                folder, read_only, ..
            } => self.select(&folder, read_only),
            Command::Close => {
                self.remove_deleted_silently();
                self.selected = None;
                Reply::ok("CLOSE done")
            }
            Command::Unselect => {
                self.selected = None;
                Reply::ok("UNSELECT done")
            }
            Command::Create(name) => {
                let created = self.service.store.folders().create(&name);
                match created {
                    Ok(id) => Reply::Ok(format!("[MAILBOXID ({id})] CREATE done")),
                    Err(refused) => folder_reply(Err(refused), "CREATE"),
                }
            }
            Command::Delete(name) => {
                folder_reply(self.service.store.folders().delete(&name), "DELETE")
            }
            Command::Rename { from, to } => {
                folder_reply(self.service.store.folders().rename(&from, &to), "RENAME")
            }
            Command::Subscribe(name) => {
                let mut folders = self.service.store.folders();
                if folders.find(&name).is_some() {
                    folders.subscribed.insert(name);
                    Reply::ok("SUBSCRIBE done")
                } else {
                    Reply::no("[NONEXISTENT] there is no such mailbox")
                }
            }
            Command::Unsubscribe(name) => {
                self.service.store.folders().subscribed.remove(&name);
                Reply::ok("UNSUBSCRIBE done")
            }
            Command::List(command) => {
                let includes_special_use = self.service.has("SPECIAL-USE");
                let folders = self.service.store.folders();
                let responses = command.responses(&folders, includes_special_use);
                drop(folders);
                self.wire.push(responses);
                Reply::ok("LIST done")
            }
            Command::Lsub { reference, pattern } => {
                let responses = list::lsub(&self.service.store.folders(), &reference, &pattern);
                self.wire.push(responses);
                Reply::ok("LSUB done")
            }
            Command::Status { folder, items } => {
                let status = self
                    .service
                    .store
                    .folders()
                    .find(&folder)
                    .map(|found| list::status(&folder, found, &items));
                match status {
                    Some(status) => {
                        self.wire.push(status);
                        Reply::ok("STATUS done")
                    }
                    None => Reply::no("[NONEXISTENT] there is no such mailbox"),
                }
            }
            Command::Append {
                folder,
                flags,
                internal_unix_ms,
                message,
            } => self.append(&folder, &flags, internal_unix_ms, message),
            Command::Expunge(set) => self.expunge(set.as_ref()),
            Command::Search {
                returns,
                charset,
                key,
                by,
            } => {
                let returns = returns.map(|returns| (tag, returns));
                self.search(returns, charset.as_deref(), key, by).await
            }
            Command::Fetch {
                set,
                items,
                changed_since,
                by,
            } => return self.fetch(&set, items, changed_since, by).await,
            Command::Store {
                set,
                unchanged_since,
                change,
                is_silent,
                flags,
                by,
            } => {
                let store = FlagStore {
                    change,
                    names: &flags,
                    unchanged_since,
                    is_silent,
                };
                self.store(&set, &store, by)
            }
            Command::Copy { set, folder, by } => self.copy(&set, &folder, by),
            Command::Move { set, folder, by } => self.move_to(&set, &folder, by),
            Command::Idle => return self.idle().await,
        })
    }

    fn capabilities(&self) -> String {
        let all = if self.is_authenticated {
            CAPABILITIES
        } else if self.wire.is_encrypted() {
            CAPABILITIES_BEFORE_LOGIN
        } else {
            CAPABILITIES_BEFORE_TLS
        };
        let offered = all.split(' ').filter(|name| self.service.has(name));
        offered.collect::<Vec<_>>().join(" ")
    }

    async fn authenticate(
        &mut self,
        mechanism: &str,
        initial: Option<Bytes>,
    ) -> Result<Reply, WireError> {
        if !self.wire.is_encrypted() {
            return Ok(needs_tls());
        }
        if mechanism != "PLAIN" {
            return Ok(Reply::no("[CANNOT] this mechanism is not offered"));
        }
        let response = match initial {
            Some(response) => response,
            None => {
                self.wire.push("+ \r\n");
                self.wire.line(MAX_LINE_BYTES, IDLE_BEFORE_LOGIN).await?
            }
        };
        if &*response == b"*" {
            return Ok(Reply::Bad("AUTHENTICATE was cancelled"));
        }
        Ok(match login::plain(&response) {
            login::Outcome::Malformed => Reply::Bad("the response is malformed"),
            outcome => self.complete_sign_in(outcome == login::Outcome::Accepted),
        })
    }

    fn complete_sign_in(&mut self, is_valid: bool) -> Reply {
        if !is_valid {
            self.refusals += 1;
            return Reply::no("[AUTHENTICATIONFAILED] wrong user name or password");
        }
        self.is_authenticated = true;
        Reply::Ok(format!("[CAPABILITY {}] signed in", self.capabilities()))
    }

    fn select(&mut self, name: &str, read_only: bool) -> Reply {
        // A failed SELECT leaves no mailbox selected (RFC 3501 §6.3.1).
        self.selected = None;
        let mut folders = self.service.store.folders();
        let names: Vec<_> = folders.flag_names.all().map(str::to_owned).collect();
        let has_room = folders.flag_names.has_room();
        let keyword_count = folders.flag_names.keyword_count();
        let selected = folders.find_mut(name).map(|folder| {
            let reports_mod_seq = self.is_condstore;
            let selected = Selected::new(folder, keyword_count, read_only, reports_mod_seq);
            let unseen = folder
                .messages()
                .iter()
                .position(|message| !message.flags.has(Flags::SEEN));
            let state = (folder.uid_next, folder.change(), folder.mailbox_id);
            (selected, unseen, state)
        });
        drop(folders);
        let Some((selected, unseen, (uid_next, mod_seq, mailbox_id))) = selected else {
            return Reply::no("[NONEXISTENT] there is no such mailbox");
        };
        let flags = names.join(" ");
        let permanent = match (read_only, has_room) {
            (true, _) => String::new(),
            (false, true) => format!("{flags} \\*"),
            (false, false) => flags.clone(),
        };
        self.wire.push(format!(
            "* FLAGS ({flags})\r\n* OK [PERMANENTFLAGS ({permanent})] kept flags\r\n\
             * {} EXISTS\r\n* {} RECENT\r\n",
            selected.exists(),
            selected.recent_count()
        ));
        if let Some(at) = unseen {
            self.wire
                .push(format!("* OK [UNSEEN {}] first unread message\r\n", at + 1));
        }
        self.wire.push(format!(
            "* OK [UIDVALIDITY {}] valid UIDs\r\n* OK [UIDNEXT {uid_next}] next UID\r\n\
             * OK [HIGHESTMODSEQ {mod_seq}] last change\r\n* OK [MAILBOXID ({mailbox_id})] lasting name\r\n",
            selected.id
        ));
        self.selected = Some(selected);
        Reply::ok(if read_only {
            "[READ-ONLY] EXAMINE done"
        } else {
            "[READ-WRITE] SELECT done"
        })
    }

    /// Reports changes of the selected folder. Returns false, after a BYE, if it was deleted.
    pub(super) fn report_changes(&mut self, expunges: Expunges) -> bool {
        let Some(selected) = &mut self.selected else {
            return true;
        };
        let mut out = BytesMut::new();
        let still_exists =
            selected.report_changes(&mut self.service.store.folders(), expunges, &mut out);
        self.wire.push(out);
        if !still_exists {
            self.wire.push("* BYE the selected mailbox was deleted\r\n");
        }
        still_exists
    }

    /// Waits for `DONE` and reports changes as they occur (RFC 2177).
    async fn idle(&mut self) -> Result<Reply, WireError> {
        self.wire.push("+ idling\r\n");
        let _idling = self.service.idle_guard();
        let line = loop {
            if !self.report_changes(Expunges::Reported) {
                return Ok(Reply::Last("NO IDLE ended".to_owned()));
            }
            match &mut self.selected {
                Some(selected) => tokio::select! {
                    line = self.wire.line(MAX_LINE_BYTES, IDLE_AFTER_LOGIN) => break line?,
                    // An error means that the folder was deleted; the next `report_changes`
                    // detects it.
                    changed = selected.watch.changed() => drop(changed),
                },
                None => break self.wire.line(MAX_LINE_BYTES, IDLE_AFTER_LOGIN).await?,
            }
        };
        Ok(if line.eq_ignore_ascii_case(b"DONE") {
            Reply::ok("IDLE done")
        } else {
            Reply::Bad("DONE was expected")
        })
    }
}

/// Returns the capability that a command requires.
fn required_capability(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Move { .. } => "MOVE",
        Command::Idle => "IDLE",
        Command::Unselect => "UNSELECT",
        Command::Namespace => "NAMESPACE",
        Command::Enable(_) => "ENABLE",
        Command::Expunge(Some(_)) => "UIDPLUS",
        Command::List(list) if list.returns_counts() => "LIST-STATUS",
        _ => return None,
    })
}

/// Returns whether `EXPUNGE` must not be sent during a command (RFC 3501 §7.4.1).
fn uses_sequence_numbers(command: &Command) -> bool {
    matches!(
        command,
        Command::Fetch {
            by: By::SequenceNumber,
            ..
        } | Command::Store {
            by: By::SequenceNumber,
            ..
        } | Command::Search {
            by: By::SequenceNumber,
            ..
        }
    )
}

fn needs_tls() -> Reply {
    Reply::no("[PRIVACYREQUIRED] sign in over TLS")
}

fn folder_reply(result: Result<(), FolderError>, command: &str) -> Reply {
    match result {
        Ok(()) => Reply::Ok(format!("{command} done")),
        Err(refused) => Reply::no(match refused {
            FolderError::NonExistent => "[NONEXISTENT] there is no such mailbox",
            FolderError::AlreadyExists => "[ALREADYEXISTS] there is such a mailbox",
            FolderError::Inbox => "[CANNOT] not with INBOX",
            FolderError::HasChildren => "[HASCHILDREN] there are mailboxes below it",
            FolderError::InvalidName => "[CANNOT] this name is not possible",
            FolderError::TooMany => "[LIMIT] there are too many mailboxes",
        }),
    }
}
