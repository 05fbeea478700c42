//! The session of an honest server.

use super::place::Position as P;
use super::{APPEND_BYTES, BODY_BYTES, CAPABILITIES, Position};
use crate::case::{Action, Input, Mode, Turn, send};
use crate::certificates::Certificate;
use crate::scram::Scram;

/// Returns the turns from the first byte to the capabilities.
pub(super) fn opening(position: Position, mode: Mode) -> Vec<Turn<Position>> {
    let handshake = || vec![Action::Handshake(Certificate::Good)];
    let capabilities = match position {
        P::Login => "IMAP4rev1",
        P::ScramFirst | P::ScramProof => "IMAP4rev1 AUTH=SCRAM-SHA-256 LOGINDISABLED",
        P::CramMd5 => "IMAP4rev1 AUTH=CRAM-MD5 LOGINDISABLED",
        P::Token => "IMAP4rev1 AUTH=OAUTHBEARER LOGINDISABLED",
        _ => CAPABILITIES,
    };
    let greeting = Turn::new(P::Greeting, Input::Nothing, "* OK ready\r\n");
    let capability_response = format!("* CAPABILITY {capabilities}\r\n% OK done\r\n");
    let capability = |position| {
        Turn::new(
            position,
            Input::Line("CAPABILITY"),
            capability_response.clone(),
        )
    };
    match mode {
        Mode::Bare => vec![greeting, capability(P::Capability)],
        Mode::Implicit => vec![
            Turn::with_actions(P::ImplicitHandshake, Input::Nothing, handshake()),
            greeting,
            capability(P::Capability),
        ],
        Mode::StartTls => vec![
            greeting,
            Turn::new(
                P::PlainCapability,
                Input::Line("CAPABILITY"),
                "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n% OK done\r\n",
            ),
            Turn::new(P::StartTls, Input::Line("STARTTLS"), "% OK go\r\n"),
            Turn::with_actions(P::Handshake, Input::Nothing, handshake()),
            capability(P::CapabilityInTls),
        ],
    }
}

pub(super) fn signing_in(position: Position) -> Vec<Turn<Position>> {
    let further = match position {
        P::Compress | P::Compressed => "COMPRESS=DEFLATE",
        P::Id => "ID",
        P::Enable => "ENABLE CONDSTORE",
        P::Resync => "ENABLE QRESYNC",
        P::Notify => "NOTIFY",
        P::Quota => "QUOTA",
        P::Sort => "SORT",
        P::Thread => "THREAD=REFERENCES",
        _ => "UNSELECT",
    };
    let signed_in = format!("% OK [CAPABILITY {CAPABILITIES} {further}] signed in\r\n");
    if position == P::Login {
        return vec![Turn::new(P::Login, Input::Line("LOGIN"), signed_in)];
    }
    let scram =
        |at, message| Turn::with_actions(at, Input::Bare(""), vec![Action::Scram("+ ", message)]);
    if matches!(position, P::ScramFirst | P::ScramProof) {
        return vec![
            Turn::new(
                P::Challenge,
                Input::Line("AUTHENTICATE SCRAM-SHA-256"),
                "+ \r\n",
            ),
            scram(P::ScramFirst, Scram::First),
            scram(P::ScramProof, Scram::Proof),
            Turn::new(P::Authenticate, Input::Bare(""), signed_in),
        ];
    }
    if position == P::CramMd5 {
        return vec![
            Turn::new(
                position,
                Input::Line("AUTHENTICATE CRAM-MD5"),
                "+ PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::Authenticate, Input::Bare(""), signed_in),
        ];
    }
    if position == P::Token {
        let input = Input::Line("AUTHENTICATE OAUTHBEARER");
        return vec![
            Turn::new(P::Challenge, input, "+ \r\n"),
            Turn::new(position, Input::Bare(""), signed_in),
        ];
    }
    let challenge = Turn::new(P::Challenge, Input::Line("AUTHENTICATE PLAIN"), "+ \r\n");
    if position == P::CapabilityAfterSignIn {
        let again = format!("* CAPABILITY {CAPABILITIES}\r\n% OK done\r\n");
        return vec![
            challenge,
            Turn::new(P::Authenticate, Input::Bare(""), "% OK signed in\r\n"),
            Turn::new(position, Input::Line("CAPABILITY"), again),
        ];
    }
    vec![
        challenge,
        Turn::new(P::Authenticate, Input::Bare(""), signed_in),
    ]
}

pub(super) const SELECTED: &str = "* FLAGS (\\Seen \\Deleted)\r\n* 3 EXISTS\r\n\
     * OK [UIDVALIDITY 7] same as ever\r\n* OK [UIDNEXT 4] next\r\n\
     % OK [READ-WRITE] selected\r\n";
pub(super) const RESYNCED: &str = "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] same as ever\r\n\
     * OK [UIDNEXT 6] next\r\n* OK [HIGHESTMODSEQ 99] so far\r\n* VANISHED (EARLIER) 2,4\r\n\
     * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (95))\r\n% OK [READ-WRITE] selected\r\n";
const FETCHED: &str = "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 FLAGS ())\r\n\
     * 3 FETCH (UID 3 FLAGS ())\r\n% OK fetched\r\n";

/// Returns the turns of one place.
pub(super) fn turns_at(position: Position) -> Vec<Turn<Position>> {
    let one =
        |command: &'static str, reply: &str| vec![Turn::new(position, Input::Line(command), reply)];
    match position {
        P::Namespace => one(
            "NAMESPACE",
            "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n% OK done\r\n",
        ),
        P::List => one(
            "LIST",
            "* LIST () \"/\" INBOX\r\n* LIST () \"/\" {7}\r\nArchive\r\n% OK listed\r\n",
        ),
        P::Status => one(
            "STATUS",
            "* STATUS Archive (MESSAGES 3)\r\n% OK counted\r\n",
        ),
        P::Fetch => one("UID FETCH", FETCHED),
        P::FetchBody => {
            let body = "x".repeat(BODY_BYTES);
            let reply =
                format!("* 2 FETCH (UID 2 BODY[] {{{BODY_BYTES}}}\r\n{body})\r\n% OK fetched\r\n");
            one("UID FETCH", &reply)
        }
        P::Search => one("UID SEARCH", "* SEARCH 1 2 3\r\n% OK found\r\n"),
        P::Store => one("UID STORE", "% OK stored\r\n"),
        P::Copy => one("UID COPY", "% OK [COPYUID 9 1:3 4:6] copied\r\n"),
        P::Move => one(
            "UID MOVE",
            "* OK [COPYUID 9 1:3 4:6] moved\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n% OK done\r\n",
        ),
        P::Expunge => one("UID EXPUNGE", "* 1 EXPUNGE\r\n% OK expunged\r\n"),
        P::AppendReady | P::Append => vec![
            Turn::new(P::AppendReady, Input::Line("APPEND"), "+ go ahead\r\n"),
            Turn::with_actions(
                P::Append,
                Input::Bytes(APPEND_BYTES + 2),
                vec![
                    Action::Commit,
                    Action::Send("% OK [APPENDUID 9 7] appended\r\n".to_owned()),
                ],
            ),
        ],
        P::Idle | P::Idling | P::Done => vec![
            Turn::new(P::Idle, Input::Line("IDLE"), "+ idling\r\n"),
            Turn::new(P::Idling, Input::Nothing, "* 4 EXISTS\r\n"),
            Turn::new(P::Done, Input::Bare("DONE"), "% OK idled\r\n"),
        ],
        P::Id => one("ID", "* ID (\"name\" \"peer\")\r\n% OK done\r\n"),
        P::Enable => one("ENABLE", "* ENABLED CONDSTORE\r\n% OK done\r\n"),
        P::Resync => vec![
            Turn::new(
                P::Enable,
                Input::Line("ENABLE"),
                "* ENABLED QRESYNC\r\n% OK done\r\n",
            ),
            Turn::new(position, Input::Line("SELECT \"INBOX\" (QRESYNC"), RESYNCED),
        ],
        P::Notify => one(
            "NOTIFY SET",
            "* STATUS Archive (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 1)\r\n% OK watched\r\n",
        ),
        P::Create => one("CREATE", "% OK created\r\n"),
        P::Delete => one("DELETE", "% OK deleted\r\n"),
        P::Rename => one("RENAME", "% OK renamed\r\n"),
        P::Subscribe => one("SUBSCRIBE", "% OK subscribed\r\n"),
        P::Quota => one(
            "GETQUOTAROOT",
            "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 10 512)\r\n% OK done\r\n",
        ),
        P::Sort => one("UID SORT", "* SORT 3 1 2\r\n% OK sorted\r\n"),
        P::Thread => one("UID THREAD", "* THREAD (1 2)(3)\r\n% OK threaded\r\n"),
        P::Unselect => one("UNSELECT", "% OK left\r\n"),
        P::Noop => one("NOOP", "% OK nothing\r\n"),
        P::Compress | P::Compressed => {
            let starts = vec![send("% OK go\r\n"), Action::StartDeflate];
            let mut turns = vec![Turn::with_actions(
                P::Compress,
                Input::Line("COMPRESS"),
                starts,
            )];
            if position == P::Compressed {
                turns.push(Turn::new(position, Input::Line("NOOP"), "% OK nothing\r\n"));
            }
            turns
        }
        _ => Vec::new(),
    }
}
