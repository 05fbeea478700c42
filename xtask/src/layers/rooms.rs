//! Invariants 13 and 14: the modules of `server/src` that a module may name, and its access to the
//! page's types.

use crate::sources::{Findings, Source, Sources};

/// A top-level module of the server ("room"), with the modules and crates that its product code
/// must not name.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
    /// The types of `app` that it may name; `None` for all.
    app: Option<&'static [&'static [&'static str]]>,
}

/// IDs and codes without text. The page translates them, so its wording can change independently.
const IDS_AND_CODES: &[&str] = &[
    "AccountId",
    "Change",
    "ComposeKind",
    "ComposeSource",
    "ContactId",
    "Damage",
    "DraftId",
    "IdentityId",
    "TemplateId",
    "FolderId",
    "FolderRef",
    "FolderRole",
    "FormKey",
    "IncomingKind",
    "InvitationAnswer",
    "LeftOutCause",
    "Mark",
    "MessageId",
    "MessageRef",
    "OutboxId",
    "PartId",
    "Priority",
    "QuotePosition",
    "RecipientState",
    "SavedDraft",
    "SendOptions",
    "UndoId",
    "UndoRef",
    "UploadId",
    "ViewId",
];

/// The requests that a session handles and the events that it receives.
const REQUESTS_AND_EVENTS: &[&str] = &[
    "Destination",
    "Draft",
    "Limitation",
    "ListAt",
    "ListQuery",
    "ListSource",
    "SearchQuery",
    "SearchScope",
    "Window",
    "app::api::live::LiveEvent",
];

const ROOMS: [Room; 7] = [
    Room {
        name: "domain",
        rooms: &[
            "account", "cli", "clients", "config", "http", "meaning", "session", "store", "views",
        ],
        crates: &["sqlx", "mail_net", "mail_demo", "tokio", "axum"],
        app: Some(&[IDS_AND_CODES]),
    },
    Room {
        name: "store",
        rooms: &[
            "account", "cli", "clients", "config", "http", "meaning", "session", "views",
        ],
        crates: &["mail_net", "mail_proto", "mail_mime", "mail_demo", "axum"],
        app: Some(&[IDS_AND_CODES]),
    },
    Room {
        name: "clients",
        rooms: &[
            "account", "cli", "config", "http", "meaning", "session", "store", "views",
        ],
        crates: &["sqlx", "axum", "mail_demo"],
        app: Some(&[]),
    },
    Room {
        name: "account",
        rooms: &["cli", "config", "http", "session", "views"],
        crates: &["sqlx", "axum", "mail_demo"],
        app: Some(&[IDS_AND_CODES, REQUESTS_AND_EVENTS]),
    },
    Room {
        name: "views",
        rooms: &["cli", "config", "http", "session"],
        crates: &["sqlx", "axum", "mail_demo", "mail_net"],
        app: None,
    },
    Room {
        name: "meaning",
        rooms: &[
            "account", "cli", "clients", "config", "http", "session", "store", "views",
        ],
        crates: &["sqlx", "mail_net", "mail_demo", "axum"],
        app: None,
    },
    Room {
        name: "session",
        rooms: &["cli", "clients", "http"],
        crates: &["sqlx", "mail_net", "mail_proto", "mail_demo", "axum"],
        app: None,
    },
];

pub(super) fn check(sources: &Sources) -> Findings {
    sources.rust().flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Findings {
    let mut findings = Findings::new();
    let Some(path) = source.path.strip_prefix("server/src/") else {
        return findings;
    };
    let modules: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let Some(room) = ROOMS
        .iter()
        .find(|room| modules.first() == Some(&room.name))
    else {
        return findings;
    };
    for (number, line) in source.product_lines() {
        let mut found = |what: &str| {
            findings.push(format!(
                "{}:{number}: `{}` must not name {what}",
                source.path, room.name
            ));
        };
        for named in paths(line) {
            match room_of(&named, modules.len()) {
                // A list in braces would hide the names.
                Some("{") => found("several rooms in one `use`: write one for each"),
                Some(other) if room.rooms.contains(&other) => found(&format!("`{other}`")),
                Some(_) => {}
                None => {
                    if let [first, _, ..] = named.as_slice()
                        && room.crates.contains(first)
                    {
                        found(&format!("`{first}`"));
                    }
                }
            }
        }
    }
    if let Some(allowed) = room.app {
        findings.extend(app_names(source).filter_map(|(number, name)| {
            let is_allowed = allowed.iter().any(|names| names.contains(&name.as_str()));
            (!is_allowed).then(|| {
                format!(
                    "{}:{number}: `{}` must not name `app`'s `{name}`: only ids and codes",
                    source.path, room.name
                )
            })
        }));
    }
    findings
}

/// Returns the names of `app` types in a file, with line numbers; a list in braces may span lines.
fn app_names(source: &Source) -> impl Iterator<Item = (usize, String)> {
    const TYPES: &str = "app::api::types::";
    let mut found = Vec::new();
    let mut is_in_list = false;
    for (number, line) in source.product_lines() {
        let mut rest = line;
        loop {
            if !is_in_list {
                let Some(at) = rest.find("app::") else { break };
                rest = &rest[at..];
                let Some(named) = rest.strip_prefix(TYPES) else {
                    found.push((
                        number,
                        rest.split([';', ' ']).next().unwrap_or(rest).to_owned(),
                    ));
                    break;
                };
                match named.strip_prefix('{') {
                    Some(list) => (is_in_list, rest) = (true, list),
                    None => {
                        let end = named.find(|c: char| !c.is_alphanumeric());
                        let (name, after) = named.split_at(end.unwrap_or(named.len()));
                        found.push((number, name.to_owned()));
                        rest = after;
                        continue;
                    }
                }
            }
            let (list, after) = match rest.split_once('}') {
                Some((list, after)) => (list, Some(after)),
                None => (rest, None),
            };
            let names = list
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            found.extend(names.map(|name| (number, name.to_owned())));
            let Some(after) = after else { break };
            (is_in_list, rest) = (false, after);
        }
    }
    found.into_iter()
}

/// Returns the room that a path names: through `crate::`, or through enough `super::` to reach the
/// root from a file at this module depth. `None` if the path stays in its room or leads elsewhere.
fn room_of<'p>(path: &[&'p str], depth: usize) -> Option<&'p str> {
    match path {
        // All rooms at once, or the root under another name.
        ["crate", "" | "*"] => Some("{"),
        ["crate", room, ..] => Some(room),
        _ => {
            let supers = path.iter().take_while(|part| **part == "super").count();
            let room = (supers >= depth)
                .then(|| path.get(supers).copied())
                .flatten();
            room.map(|room| if room == "*" { "{" } else { room })
        }
    }
}

/// Returns the paths in a line, split into segments; a list in braces is the segment `{`.
fn paths(line: &str) -> Vec<Vec<&str>> {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '*');
    line.split(|c: char| !is_path(c))
        .map(|path| {
            let mut parts: Vec<&str> = path.trim_matches(':').split("::").collect();
            if let Some(at) = parts.iter().position(|part| part.starts_with('{')) {
                parts.truncate(at);
                parts.push("{");
            }
            parts
        })
        .filter(|parts| parts.len() > 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, line: &str) -> Findings {
        check(&Sources::of(&[(path, &format!("//! x\n{line}\n"))]))
    }

    #[test]
    fn a_planted_violation_of_each_room_is_found() {
        for (path, line, what) in [
            ("domain/row.rs", "use crate::store::Store;", "`store`"),
            ("domain/row.rs", "use sqlx::FromRow;", "`sqlx`"),
            ("domain/row.rs", "    mail_net::Endpoint", "`mail_net`"),
            ("domain.rs", "use super::account::SignIn;", "`account`"),
            (
                "store/pop3.rs",
                "use crate::account::AccountKey;",
                "`account`",
            ),
            (
                "store/outbox/a.rs",
                "use super::super::super::meaning::x;",
                "`meaning`",
            ),
            (
                "store/spool.rs",
                "use mail_mime::address::EmailAddress;",
                "`mail_mime`",
            ),
            (
                "account/compose.rs",
                "use crate::session::Uploads;",
                "`session`",
            ),
            ("account/backend.rs", "    crate::http::x()", "`http`"),
            (
                "account/backend.rs",
                "use crate::{http::x, store::y};",
                "several rooms",
            ),
            ("account/backend.rs", "use crate::*;", "several rooms"),
            ("account/a.rs", "use super::super::*;", "several rooms"),
            (
                "clients/imap.rs",
                "use crate::account::AccountError;",
                "`account`",
            ),
            (
                "clients/imap/a.rs",
                "use super::super::super::store::Store;",
                "`store`",
            ),
            (
                "clients/pop3.rs",
                "use app::api::types::MessageId;",
                "`MessageId`",
            ),
            (
                "clients/smtp.rs",
                "use crate::meaning::smtp::x;",
                "`meaning`",
            ),
            ("domain/trouble.rs", "use crate::clients::x;", "`clients`"),
            ("store/spool.rs", "use crate::clients::x;", "`clients`"),
            (
                "session/record.rs",
                "use crate::clients::Access;",
                "`clients`",
            ),
            ("meaning/smtp.rs", "use crate::store::Store;", "`store`"),
            ("session/registry.rs", "use crate::http::Visitor;", "`http`"),
            (
                "store/outbox.rs",
                "use app::api::types::{OutboxId,\n    Draft,\n};",
                "`Draft`",
            ),
            (
                "domain/row.rs",
                "    x: app::api::types::RowView,",
                "`RowView`",
            ),
            ("store/records/v1.rs", "use app::api::ApiError;", "ApiError"),
            ("account/handle.rs", "use crate::views::Locale;", "`views`"),
            (
                "account/compose.rs",
                "use app::api::types::{Draft, ComposeForm};",
                "`ComposeForm`",
            ),
            (
                "views/backend.rs",
                "use crate::session::LiveSession;",
                "`session`",
            ),
        ] {
            let found = findings(&format!("server/src/{path}"), line);
            assert_eq!(found.len(), 1, "{path}: {line}: {found:?}");
            assert!(found[0].contains(what), "{found:?}");
        }
    }

    #[test]
    fn allowed_names_are_not_reported() {
        for (path, line) in [
            ("server/src/store/pop3.rs", "use crate::domain::AccountKey;"),
            (
                "server/src/store/outbox/a.rs",
                "use super::super::seal::Sealer;",
            ),
            (
                "server/src/store/outbox/a.rs",
                "use super::{Ledger, place};",
            ),
            ("server/src/account/compose.rs", "use crate::store::Store;"),
            (
                "server/src/account/compose.rs",
                "    // crate::http serves it.",
            ),
            (
                "server/src/account/map.rs",
                "    let account = account::key;",
            ),
            (
                "server/src/http/forms.rs",
                "use crate::account::AccountHandle;",
            ),
            ("app/src/api/error.rs", "use crate::http::x;"),
        ] {
            assert_eq!(findings(path, line), Findings::new(), "{path}: {line}");
        }
    }
}
