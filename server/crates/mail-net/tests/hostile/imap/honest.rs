//! The session of an honest server.

use super::place::Place as P;
use super::{APPEND_BYTES, BODY_BYTES, CAPABILITIES, Place};
use crate::case::{Do, Hears, Mode, Turn, say};
use crate::certificates::Certificate;
use crate::scram::Scram;

/// Returns the turns from the first byte to the capabilities.
pub(super) fn opening(place: Place, mode: Mode) -> Vec<Turn<Place>> {
    let handshake = || vec![Do::Handshake(Certificate::Good)];
    let capabilities = match place {
        P::Login => "IMAP4rev1",
        P::ScramFirst | P::ScramProof => "IMAP4rev1 AUTH=SCRAM-SHA-256 LOGINDISABLED",
        P::CramMd5 => "IMAP4rev1 AUTH=CRAM-MD5 LOGINDISABLED",
        P::Token => "IMAP4rev1 AUTH=OAUTHBEARER LOGINDISABLED",
        _ => CAPABILITIES,
    };
    let greeting = Turn::new(P::Greeting, Hears::Nothing, "* OK ready\r\n");
    let told = format!("* CAPABILITY {capabilities}\r\n% OK done\r\n");
    let capability = |place| Turn::new(place, Hears::Line("CAPABILITY"), told.clone());
    match mode {
        Mode::Bare => vec![greeting, capability(P::Capability)],
        Mode::Implicit => vec![
            Turn::doing(P::ImplicitHandshake, Hears::Nothing, handshake()),
            greeting,
            capability(P::Capability),
        ],
        Mode::StartTls => vec![
            greeting,
            Turn::new(
                P::PlainCapability,
                Hears::Line("CAPABILITY"),
                "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n% OK done\r\n",
            ),
            Turn::new(P::StartTls, Hears::Line("STARTTLS"), "% OK go\r\n"),
            Turn::doing(P::Handshake, Hears::Nothing, handshake()),
            capability(P::CapabilityInTls),
        ],
    }
}

pub(super) fn signing_in(place: Place) -> Vec<Turn<Place>> {
    let further = match place {
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
    let told = format!("% OK [CAPABILITY {CAPABILITIES} {further}] signed in\r\n");
    if place == P::Login {
        return vec![Turn::new(P::Login, Hears::Line("LOGIN"), told)];
    }
    let scram = |of, message| Turn::doing(of, Hears::Bare(""), vec![Do::Scram("+ ", message)]);
    if matches!(place, P::ScramFirst | P::ScramProof) {
        return vec![
            Turn::new(
                P::Challenge,
                Hears::Line("AUTHENTICATE SCRAM-SHA-256"),
                "+ \r\n",
            ),
            scram(P::ScramFirst, Scram::First),
            scram(P::ScramProof, Scram::Proof),
            Turn::new(P::Authenticate, Hears::Bare(""), told),
        ];
    }
    if place == P::CramMd5 {
        return vec![
            Turn::new(
                place,
                Hears::Line("AUTHENTICATE CRAM-MD5"),
                "+ PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::Authenticate, Hears::Bare(""), told),
        ];
    }
    if place == P::Token {
        let hears = Hears::Line("AUTHENTICATE OAUTHBEARER");
        return vec![
            Turn::new(P::Challenge, hears, "+ \r\n"),
            Turn::new(place, Hears::Bare(""), told),
        ];
    }
    let challenge = Turn::new(P::Challenge, Hears::Line("AUTHENTICATE PLAIN"), "+ \r\n");
    if place == P::CapabilityAfterSignIn {
        let again = format!("* CAPABILITY {CAPABILITIES}\r\n% OK done\r\n");
        return vec![
            challenge,
            Turn::new(P::Authenticate, Hears::Bare(""), "% OK signed in\r\n"),
            Turn::new(place, Hears::Line("CAPABILITY"), again),
        ];
    }
    vec![challenge, Turn::new(P::Authenticate, Hears::Bare(""), told)]
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
pub(super) fn of_place(place: Place) -> Vec<Turn<Place>> {
    let one = |hears: &'static str, says: &str| vec![Turn::new(place, Hears::Line(hears), says)];
    match place {
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
            let says =
                format!("* 2 FETCH (UID 2 BODY[] {{{BODY_BYTES}}}\r\n{body})\r\n% OK fetched\r\n");
            one("UID FETCH", &says)
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
            Turn::new(P::AppendReady, Hears::Line("APPEND"), "+ go ahead\r\n"),
            Turn::doing(
                P::Append,
                Hears::Bytes(APPEND_BYTES + 2),
                vec![
                    Do::Commit,
                    Do::Say("% OK [APPENDUID 9 7] appended\r\n".to_owned()),
                ],
            ),
        ],
        P::Idle | P::Idling | P::Done => vec![
            Turn::new(P::Idle, Hears::Line("IDLE"), "+ idling\r\n"),
            Turn::new(P::Idling, Hears::Nothing, "* 4 EXISTS\r\n"),
            Turn::new(P::Done, Hears::Bare("DONE"), "% OK idled\r\n"),
        ],
        P::Id => one("ID", "* ID (\"name\" \"peer\")\r\n% OK done\r\n"),
        P::Enable => one("ENABLE", "* ENABLED CONDSTORE\r\n% OK done\r\n"),
        P::Resync => vec![
            Turn::new(
                P::Enable,
                Hears::Line("ENABLE"),
                "* ENABLED QRESYNC\r\n% OK done\r\n",
            ),
            Turn::new(place, Hears::Line("SELECT \"INBOX\" (QRESYNC"), RESYNCED),
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
            let starts = vec![say("% OK go\r\n"), Do::StartDeflate];
            let mut turns = vec![Turn::doing(P::Compress, Hears::Line("COMPRESS"), starts)];
            if place == P::Compressed {
                turns.push(Turn::new(place, Hears::Line("NOOP"), "% OK nothing\r\n"));
            }
            turns
        }
        _ => Vec::new(),
    }
}
