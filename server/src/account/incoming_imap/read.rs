//! Reading: the folder tree, and the UIDs behind the ids of the page.

use app::api::types::MessageId;
use mail_net::Phase;
use mail_proto::imap::command::List;
use mail_proto::imap::{Capability, Command, Status, StatusItem, Uid};

use super::super::error::AccountError;
use super::super::off_thread::off_thread;
use super::folders::FolderTable;
use super::imap_worker::ImapWorker;
use super::selected::ImapConnection;
use crate::clients::imap::Responses;
use crate::domain::FolderList;

/// STATUS is asked of so many folders where LIST cannot tell.
const STATUS_MAX: usize = 40;

impl ImapWorker {
    /// Asks for the folder tree with counts.
    pub(super) async fn folders(&mut self) -> Result<FolderList, AccountError> {
        let connection = self.connection().await?;
        let table = fetch_folders(connection).await?;
        let folders = table.folders();
        self.shared.set_folders(table);
        Ok(folders)
    }
}

/// Asks for all folders, with their counts where one command can tell.
pub(super) async fn fetch_folders(
    connection: &mut ImapConnection,
) -> Result<FolderTable, AccountError> {
    let commands = list_commands(connection);
    let answer = connection.run_list(commands).await?;
    folders_of(connection, answer).await
}

/// LIST of everything, with counts and roles where the server can, and NAMESPACE in the same
/// flight. LIST is the last of them.
pub(super) fn list_commands(connection: &ImapConnection) -> Vec<Command> {
    let mut commands = Vec::new();
    if connection.capabilities().has(Capability::Namespace) {
        commands.push(Command::Namespace);
    }
    commands.push(Command::List(List {
        return_status: vec![StatusItem::Messages, StatusItem::Unseen],
        return_subscribed: false,
        ..List::everything()
    }));
    commands
}

/// Asks once more in the plain form where LIST with RETURN was refused, or answered with nothing
/// at all: every account has INBOX.
async fn listed(
    connection: &mut ImapConnection,
    mut answer: Responses,
) -> Result<Responses, AccountError> {
    let is_refused = |answer: &Responses| {
        let list = answer.completions.last();
        list.is_some_and(|list| !matches!(list.status, Some(Status::Ok) | None))
    };
    let is_useless = answer.lists.is_empty() || is_refused(&answer);
    if is_useless && connection.lists_extended() && !connection.is_over() {
        tracing::info!("LIST with RETURN told nothing: it is asked in its plain form");
        connection.list_plainly();
        let namespaces = answer.namespaces.take();
        let commands = list_commands(connection);
        answer = connection.run_list(commands).await?;
        answer.namespaces = answer.namespaces.take().or(namespaces);
    }
    match answer.completions.last() {
        Some(list) if is_refused(&answer) => Err(connection.refusal(list).into()),
        _ => Ok(answer),
    }
}

/// The folder table of an answer to [`list_commands`], asking STATUS where it brought no counts.
pub(super) async fn folders_of(
    connection: &mut ImapConnection,
    answer: Responses,
) -> Result<FolderTable, AccountError> {
    let answer = listed(connection, answer).await?;
    let utf8_names = connection.capabilities().utf8_names();
    let (lists, statuses, dropped) = (answer.lists, answer.statuses, answer.dropped_lists);
    let namespaces = answer.namespaces;
    let has_counts = !statuses.is_empty();
    // The server chooses how much there is to sort.
    let mut table = off_thread(move || {
        let mut table = FolderTable::new(&lists, namespaces.as_ref(), utf8_names);
        table.set_counts(&statuses);
        table.add_left_out(dropped);
        table
    })
    .await?;
    if !has_counts
        && !connection.is_over()
        && !connection.capabilities().has(Capability::ListStatus)
    {
        let commands: Vec<Command> = table
            .selectable()
            .take(STATUS_MAX)
            .map(|mailbox| Command::Status {
                mailbox: mailbox.clone(),
                items: vec![StatusItem::Messages, StatusItem::Unseen],
            })
            .collect();
        // A folder that refuses STATUS has no counts, no more.
        let answer = connection.run_raw(commands, Phase::LongCommand).await?;
        table.set_counts(&answer.statuses);
    }
    if let Some(secrets) = connection.known_secrets() {
        table.redact(secrets);
    }
    Ok(table)
}

/// The UID behind an id of the page, in the mailbox that is selected.
///
/// # Errors
/// [`AccountError::Withheld`] where the server told none, [`AccountError::NotFound`] where the id is
/// of an earlier generation of UIDs or none.
pub(super) fn uid_of(
    connection: &ImapConnection,
    message: &MessageId,
) -> Result<Uid, AccountError> {
    let selected = connection.selected().ok_or(AccountError::NotFound)?;
    match selected.uid_of(message) {
        Some(uid) => Ok(uid),
        None if selected.is_nameless(message) => Err(AccountError::Withheld),
        None => Err(AccountError::NotFound),
    }
}
