//! Client commands and their parser (RFC 3501 §6 and the extensions of [`super`]).

use bytes::Bytes;
use mail_proto::Secret;

use super::fetch::FetchItem;
use super::list::{ListCommand, StatusItem};
use super::search::SearchKey;
use super::search_return::SearchReturn;
use super::sequence_set::{By, SequenceSet};
use super::syntax::{Bad, Cursor, Parsed};

/// A command without its tag.
#[derive(Debug)]
pub(crate) enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    StartTls,
    Authenticate {
        mechanism: String,
        initial_response: Option<Bytes>,
    },
    Login {
        user: Bytes,
        password: Secret,
    },
    Enable(Vec<String>),
    Select {
        folder: String,
        read_only: bool,
        condstore: bool,
    },
    Create(String),
    Delete(String),
    Rename {
        from: String,
        to: String,
    },
    Subscribe(String),
    Unsubscribe(String),
    List(ListCommand),
    Lsub {
        reference: String,
        pattern: String,
    },
    Namespace,
    Status {
        folder: String,
        items: Vec<StatusItem>,
    },
    Append {
        folder: String,
        flags: Vec<String>,
        internal_unix_ms: Option<i64>,
        message: Bytes,
    },
    Check,
    Close,
    Unselect,
    Expunge(Option<SequenceSet>),
    Search {
        /// Without RETURN the response is an untagged `SEARCH`.
        returns: Option<SearchReturn>,
        charset: Option<String>,
        key: SearchKey,
        by: By,
    },
    Fetch {
        set: SequenceSet,
        items: Vec<FetchItem>,
        changed_since: Option<u64>,
        by: By,
    },
    Store {
        set: SequenceSet,
        unchanged_since: Option<u64>,
        change: FlagChange,
        is_silent: bool,
        flags: Vec<String>,
        by: By,
    },
    Copy {
        set: SequenceSet,
        folder: String,
        by: By,
    },
    Move {
        set: SequenceSet,
        folder: String,
        by: By,
    },
    Idle,
}

/// How `STORE` applies the given flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagChange {
    Replace,
    Add,
    Remove,
}

/// Parses a tag and the space after it.
pub(crate) fn tag(line: &mut Cursor) -> Parsed<String> {
    let belongs =
        |octet: u8| octet != b'+' && (super::syntax::is_atom_char(octet) || octet == b']');
    let tag = line.run(belongs, "a tag is missing")?;
    line.space()?;
    Ok(tag)
}

/// Parses the command after the tag.
pub(crate) fn parse(line: &mut Cursor) -> Parsed<Command> {
    let name = line.atom()?.to_ascii_uppercase();
    let command = match name.as_str() {
        "UID" => {
            line.space()?;
            let name = line.atom()?.to_ascii_uppercase();
            if name == "EXPUNGE" {
                line.space()?;
                Command::Expunge(Some(line.sequence_set()?))
            } else {
                on_messages(&name, line, By::Uid)?
            }
        }
        _ => match without_arguments(&name) {
            Some(command) => command,
            None => with_arguments(&name, line)?,
        },
    };
    line.end()?;
    Ok(command)
}

fn without_arguments(name: &str) -> Option<Command> {
    Some(match name {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "EXPUNGE" => Command::Expunge(None),
        "IDLE" => Command::Idle,
        _ => return None,
    })
}

fn with_arguments(name: &str, line: &mut Cursor) -> Parsed<Command> {
    const KNOWN: [&str; 17] = [
        "ID",
        "ENABLE",
        "AUTHENTICATE",
        "LOGIN",
        "SELECT",
        "EXAMINE",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "LIST",
        "LSUB",
        "STATUS",
        "APPEND",
        "SEARCH",
        "FETCH",
    ];
    if !KNOWN.contains(&name) && !["STORE", "COPY", "MOVE"].contains(&name) {
        return Err(Bad("unknown command"));
    }
    line.space()?;
    Ok(match name {
        "ID" => {
            id_parameters(line)?;
            Command::Id
        }
        "AUTHENTICATE" => {
            let mechanism = line.atom()?.to_ascii_uppercase();
            let initial_response = if line.take(b' ') {
                Some(line.astring()?)
            } else {
                None
            };
            Command::Authenticate {
                mechanism,
                initial_response,
            }
        }
        "LOGIN" => {
            let user = line.astring()?;
            line.space()?;
            let password = line.astring()?;
            Command::Login {
                user,
                password: Secret::new(String::from_utf8_lossy(&password)),
            }
        }
        "ENABLE" => {
            let mut extensions = vec![line.atom()?];
            while line.take(b' ') {
                extensions.push(line.atom()?);
            }
            Command::Enable(extensions)
        }
        "SELECT" | "EXAMINE" => {
            let folder = line.folder_name()?;
            let mut condstore = false;
            if line.take(b' ') {
                for parameter in line.list(Cursor::atom)? {
                    if !parameter.eq_ignore_ascii_case("CONDSTORE") {
                        return Err(Bad("unknown parameter of SELECT"));
                    }
                    condstore = true;
                }
            }
            Command::Select {
                folder,
                read_only: name == "EXAMINE",
                condstore,
            }
        }
        "CREATE" => Command::Create(line.folder_name()?),
        "DELETE" => Command::Delete(line.folder_name()?),
        "RENAME" => {
            let from = line.folder_name()?;
            line.space()?;
            Command::Rename {
                from,
                to: line.folder_name()?,
            }
        }
        "SUBSCRIBE" => Command::Subscribe(line.folder_name()?),
        "UNSUBSCRIBE" => Command::Unsubscribe(line.folder_name()?),
        "LIST" => Command::List(ListCommand::parse(line)?),
        "LSUB" => {
            let reference = line.folder_name()?;
            line.space()?;
            Command::Lsub {
                reference,
                pattern: super::list::pattern(line)?,
            }
        }
        "STATUS" => {
            let folder = line.folder_name()?;
            line.space()?;
            Command::Status {
                folder,
                items: line.list(StatusItem::parse)?,
            }
        }
        "APPEND" => append(line)?,
        name => return on_messages_after_space(name, line, By::SequenceNumber),
    })
}

/// `id_params_list = "(" *(string SP nstring) ")" / nil` (RFC 2971 §4)
fn id_parameters(line: &mut Cursor) -> Parsed<()> {
    if line.take_word("NIL") {
        return Ok(());
    }
    let pair = |line: &mut Cursor| {
        line.string()?;
        line.space()?;
        line.nstring().map(drop)
    };
    line.list(pair).map(drop)
}

fn append(line: &mut Cursor) -> Parsed<Command> {
    let folder = line.folder_name()?;
    line.space()?;
    let mut flags = Vec::new();
    if line.peek() == Some(b'(') {
        flags = line.flag_list()?;
        line.space()?;
    }
    let mut internal_unix_ms = None;
    if line.peek() == Some(b'"') {
        internal_unix_ms = Some(line.date_time()?);
        line.space()?;
    }
    Ok(Command::Append {
        folder,
        flags,
        internal_unix_ms,
        message: line.literal()?,
    })
}

fn on_messages(name: &str, line: &mut Cursor, by: By) -> Parsed<Command> {
    line.space()?;
    on_messages_after_space(name, line, by)
}

fn on_messages_after_space(name: &str, line: &mut Cursor, by: By) -> Parsed<Command> {
    if name == "SEARCH" {
        let returns = if line.take_word("RETURN") {
            line.space()?;
            let returns = SearchReturn::parse(line)?;
            line.space()?;
            Some(returns)
        } else {
            None
        };
        let charset = if line.take_word("CHARSET") {
            line.space()?;
            let charset = line.astring()?;
            line.space()?;
            Some(String::from_utf8_lossy(&charset).to_ascii_uppercase())
        } else {
            None
        };
        return Ok(Command::Search {
            returns,
            charset,
            key: SearchKey::parse_program(line)?,
            by,
        });
    }
    let set = line.sequence_set()?;
    line.space()?;
    Ok(match name {
        "FETCH" => {
            let items = FetchItem::parse_list(line)?;
            let mut changed_since = None;
            if line.take(b' ') {
                line.expect(b'(', "a list of modifiers is missing")?;
                changed_since = Some(modifier(line, "CHANGEDSINCE")?);
            }
            Command::Fetch {
                set,
                items,
                changed_since,
                by,
            }
        }
        "STORE" => {
            let mut unchanged_since = None;
            if line.take(b'(') {
                unchanged_since = Some(modifier(line, "UNCHANGEDSINCE")?);
                line.space()?;
            }
            let change = match line.peek() {
                Some(b'+') => FlagChange::Add,
                Some(b'-') => FlagChange::Remove,
                _ => FlagChange::Replace,
            };
            if change != FlagChange::Replace {
                line.take(b'+');
                line.take(b'-');
            }
            let is_silent = match line.atom()?.to_ascii_uppercase().as_str() {
                "FLAGS" => false,
                "FLAGS.SILENT" => true,
                _ => return Err(Bad("STORE changes FLAGS only")),
            };
            line.space()?;
            let flags = if line.peek() == Some(b'(') {
                line.flag_list()?
            } else {
                bare_flags(line)?
            };
            Command::Store {
                set,
                unchanged_since,
                change,
                is_silent,
                flags,
                by,
            }
        }
        "COPY" => Command::Copy {
            set,
            folder: line.folder_name()?,
            by,
        },
        "MOVE" => Command::Move {
            set,
            folder: line.folder_name()?,
            by,
        },
        _ => return Err(Bad("unknown command")),
    })
}

/// `store-att-flags = … (flag *(SP flag))`, without parentheses.
fn bare_flags(line: &mut Cursor) -> Parsed<Vec<String>> {
    let mut flags = vec![line.flag()?];
    while line.take(b' ') {
        flags.push(line.flag()?);
    }
    Ok(flags)
}

/// Parses the rest of `(WORD n)`, the only modifier (RFC 7162 §7).
fn modifier(line: &mut Cursor, name: &str) -> Parsed<u64> {
    if !line.take_word(name) {
        return Err(Bad("unknown modifier"));
    }
    line.space()?;
    let mod_seq = line.mod_seq()?;
    line.expect(b')', "a list of modifiers is not closed")?;
    Ok(mod_seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Parsed<Command> {
        let mut line = Cursor::new(Bytes::from(text.to_owned()));
        tag(&mut line)?;
        parse(&mut line)
    }

    #[test]
    fn rfc3501_command_examples_are_understood() {
        for line in [
            "abcd CAPABILITY",
            "a001 AUTHENTICATE GSSAPI",
            "a LOGIN SMITH SESAME",
            "A142 SELECT INBOX",
            "A932 EXAMINE blurdybloop",
            "A684 RENAME ZOWIE sarasoon",
            "A002 LIST \"/usr/staff/\" \"%\"",
            "A042 STATUS blurdybloop (UIDNEXT MESSAGES)",
            "A003 APPEND saved-messages (\\Seen) {2}\r\nhi",
            "A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
            "A003 STORE 2:4 +FLAGS (\\Deleted)",
            "A003 COPY 2:4 MEETING",
            "A999 UID FETCH 4827313:4828442 FLAGS",
            "a025 ID (\"name\" \"sodr\" \"os\" NIL)",
            "a UID MOVE 42:69 foo",
            "A01 LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN))",
            "a ENABLE CONDSTORE X-NEW",
            "A142 SELECT INBOX (CONDSTORE)",
            "A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
            "A283 SEARCH RETURN () FLAGGED",
            "s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)",
            "d105 STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)",
            "t SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338",
            "t LIST (SPECIAL-USE) \"\" (\"INBOX\" \"*\") RETURN (SUBSCRIBED CHILDREN)",
        ] {
            assert!(parsed(line).is_ok(), "{line}: {:?}", parsed(line));
        }
    }

    #[test]
    fn malformed_commands_are_refused() {
        for line in [
            "a",
            "a ",
            "a  NOOP",
            "+ NOOP",
            "a NOOP x",
            "a LOGIN demo",
            "a FETCH 1",
            "a FETCH 0 FLAGS",
            "a FETCH 1 (FLAGS",
            "a FETCH 1 BODY[1",
            "a STORE 1 FLAGS",
            "a UID NOOP",
            "a SEARCH",
            "a SEARCH CHARSET UTF-8",
            "a FROB",
            "a APPEND x",
            "a LIST \"\"",
            "a SELECT &broken",
            "a SELECT INBOX (QRESYNC)",
            "a ENABLE",
            "a SEARCH RETURN (SAVE) ALL",
            "a SEARCH RETURN (ALL)",
            "a FETCH 1 FLAGS (CHANGEDSINCE)",
            "a FETCH 1 FLAGS (VANISHED)",
            "a STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()",
        ] {
            assert!(parsed(line).is_err(), "{line}: {:?}", parsed(line));
        }
    }

    proptest! {
        #[test]
        fn no_line_panics_the_parser(
            words in proptest::collection::vec("(FETCH|UID|SEARCH|STORE|LIST|OR|NOT|BODY\\[|\\]|\\(|\\)|1:\\*|<0.5>|HEADER.FIELDS|RETURN|STATUS|\"a\"|\\{1\\}\r\nx|[ -~]{0,4})", 0..12)
        ) {
            drop(parsed(&format!("a {}", words.join(" "))));
        }
    }
}
