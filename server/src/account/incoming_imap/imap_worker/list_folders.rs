//! Lists the folders with their counts.

use app::api::types::FolderId;
use mail_net::Phase;
use mail_proto::imap::command::List;
use mail_proto::imap::{Capability, Command, Mailbox, Status, StatusItem};

use super::super::folders::FolderTable;
use super::super::selected::ImapConnection;
use super::ImapWorker;
use crate::account::error::AccountError;
use crate::account::off_thread::off_thread;
use crate::clients::imap::Responses;
use crate::domain::{FolderList, INBOX_ID};

/// Maximum number of STATUS commands if LIST cannot return counts.
const STATUS_MAX: usize = 40;

impl ImapWorker {
    /// Fetches the folder tree with counts.
    pub(super) async fn folders(&mut self) -> Result<FolderList, AccountError> {
        let connection = self.connection().await?;
        let table = fetch_folders(connection).await?;
        let folders = table.folders();
        self.shared.set_folders(table);
        Ok(folders)
    }

    /// Returns the mailbox of a folder. Directly after sign-in the folders are unknown, and are
    /// fetched first: a page may begin with a message, or with a draft.
    pub(super) async fn mailbox_of(&mut self, folder: &FolderId) -> Result<Mailbox, AccountError> {
        if folder.as_str() != INBOX_ID && !self.shared.has_folders() {
            self.folders().await?;
        }
        self.shared.wire_name(folder)
    }
}

/// Fetches all folders, with their counts if one command can return them.
pub(super) async fn fetch_folders(
    connection: &mut ImapConnection,
) -> Result<FolderTable, AccountError> {
    let commands = list_commands(connection);
    let responses = connection.run_list(commands).await?;
    folders_of(connection, responses).await
}

/// Builds LIST of all folders, with counts and roles if the server can return them, and NAMESPACE
/// in the same flight. LIST is the last command.
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

/// Retries with plain LIST if LIST with RETURN was refused, or returned no folder: every account
/// has INBOX.
async fn retry_plain_list(
    connection: &mut ImapConnection,
    mut responses: Responses,
) -> Result<Responses, AccountError> {
    let is_refused = |responses: &Responses| {
        let list = responses.completions.last();
        list.is_some_and(|list| !matches!(list.status, Some(Status::Ok) | None))
    };
    let is_unusable = responses.lists.is_empty() || is_refused(&responses);
    if is_unusable && connection.lists_extended() && !connection.is_over() {
        tracing::info!("LIST with RETURN told nothing: it is asked in its plain form");
        connection.disable_extended_list();
        let namespaces = responses.namespaces.take();
        let commands = list_commands(connection);
        responses = connection.run_list(commands).await?;
        responses.namespaces = responses.namespaces.take().or(namespaces);
    }
    match responses.completions.last() {
        Some(list) if is_refused(&responses) => Err(connection.refusal(list).into()),
        _ => Ok(responses),
    }
}

/// Returns the folder table of the responses to [`list_commands`]; sends STATUS if they have no
/// counts.
pub(super) async fn folders_of(
    connection: &mut ImapConnection,
    responses: Responses,
) -> Result<FolderTable, AccountError> {
    let responses = retry_plain_list(connection, responses).await?;
    let utf8_names = connection.capabilities().utf8_names();
    let (lists, statuses, dropped) = (responses.lists, responses.statuses, responses.dropped_lists);
    let namespaces = responses.namespaces;
    let has_counts = !statuses.is_empty();
    // Off the runtime: the server decides how many folders there are to sort.
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
        // A folder for which STATUS is refused only lacks counts.
        let responses = connection.run_raw(commands, Phase::LongCommand).await?;
        table.set_counts(&responses.statuses);
    }
    if let Some(secrets) = connection.known_secrets() {
        table.redact(secrets);
    }
    Ok(table)
}
