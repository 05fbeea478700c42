//! Invariant 13: which room of `server/src` may name which.

use super::Findings;
use super::sources::{Source, Sources};

/// A room, and what its product code must not name: rooms of the server, and crates.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
}

const ROOMS: [Room; 5] = [
    Room {
        name: "domain",
        rooms: &[
            "account", "cli", "config", "http", "meaning", "session", "store",
        ],
        crates: &["sqlx", "mail_net", "mail_demo", "tokio", "axum"],
    },
    Room {
        name: "store",
        rooms: &["account", "cli", "config", "http", "meaning", "session"],
        crates: &["mail_net", "mail_proto", "mail_mime", "mail_demo", "axum"],
    },
    Room {
        name: "account",
        rooms: &["cli", "config", "http", "session"],
        crates: &["sqlx", "axum", "mail_demo"],
    },
    Room {
        name: "meaning",
        rooms: &["account", "cli", "config", "http", "session", "store"],
        crates: &["sqlx", "mail_net", "mail_demo", "axum"],
    },
    Room {
        name: "session",
        rooms: &["cli", "http"],
        crates: &["sqlx", "mail_net", "mail_proto", "mail_demo", "axum"],
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
                // A list in braces would hide what it names.
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
    findings
}

/// The room that a path leads to: through `crate::`, or through enough `super::` to climb to the
/// root from a file so many modules below it. `None`: it stays in its room, or leads elsewhere.
fn room_of<'p>(path: &[&'p str], depth: usize) -> Option<&'p str> {
    match path {
        ["crate", room, ..] => Some(room),
        _ => {
            let climbed = path.iter().take_while(|part| **part == "super").count();
            (climbed >= depth)
                .then(|| path.get(climbed).copied())
                .flatten()
        }
    }
}

/// The paths of a line, in their parts; a list in braces is the part `{`.
fn paths(line: &str) -> Vec<Vec<&str>> {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{');
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
                "use mail_mime::address::Mailbox;",
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
            ("meaning/smtp.rs", "use crate::store::Store;", "`store`"),
            ("session/registry.rs", "use crate::http::Visitor;", "`http`"),
        ] {
            let found = findings(&format!("server/src/{path}"), line);
            assert_eq!(found.len(), 1, "{path}: {line}: {found:?}");
            assert!(found[0].contains(what), "{found:?}");
        }
    }

    #[test]
    fn what_a_room_may_name_is_not_found() {
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
