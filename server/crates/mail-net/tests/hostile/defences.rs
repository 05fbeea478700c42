//! The defences against each class, as names of files and functions. A case counts only if it fails
//! when these are disabled; docs/decisions/006-hostile-peers.md documents how that was tested.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use mail_net::Phase;

use crate::case::{Class, snake};

const PROTO: &str = "mail-proto/src";
const NET: &str = "mail-net/src";

/// Crate folder, file and function of each defence.
type Defences = &'static [(&'static str, &'static str, &'static str)];

impl Class {
    const fn defences(self) -> Defences {
        match self {
            Self::WrongTag | Self::FutureTag | Self::DoubleTag => {
                &[(PROTO, "imap/client/receive.rs", "on_tagged")]
            }
            Self::Unasked => &[
                (PROTO, "imap/client/receive.rs", "on_continuation"),
                (PROTO, "imap/client/receive.rs", "report"),
                (PROTO, "pop3/client.rs", "send_queued"),
                (PROTO, "pop3/client/answers.rs", "on_response"),
                (PROTO, "pop3/client/login.rs", "on_login"),
                (PROTO, "smtp/client.rs", "on_reply"),
                (PROTO, "smtp/transaction.rs", "has_command_to_send"),
            ],
            Self::EndlessLine => &[
                (PROTO, "imap/framer.rs", "check_size"),
                (PROTO, "line.rs", "next_line"),
            ],
            Self::LyingSize => &[
                (PROTO, "imap/framer.rs", "line"),
                (PROTO, "pop3/listing.rs", "read"),
                (PROTO, "pop3/client/answers.rs", "on_ok"),
                (PROTO, "smtp/optional_params.rs", "unsupported"),
            ],
            Self::CutLiteral
            | Self::CutLine
            | Self::Fin
            | Self::Rst
            | Self::HalfClose
            | Self::DoneThenGone => &[
                (NET, "drive.rs", "poll_read_some"),
                (PROTO, "imap/client.rs", "advance"),
                (PROTO, "pop3/client.rs", "advance"),
                (PROTO, "pop3/client/answers.rs", "read_body"),
                (PROTO, "smtp/client.rs", "on_end_of_input"),
                (PROTO, "smtp/transaction/verdict.rs", "lost"),
            ],
            Self::Nesting => &[
                (PROTO, "imap/tokens.rs", "open_list"),
                (PROTO, "imap/tokens.rs", "omit_item"),
            ],
            Self::Flood => &[
                (PROTO, "imap/tokens.rs", "line"),
                (PROTO, "imap/client/receive.rs", "report"),
                (PROTO, "pop3/capability.rs", "add"),
                (PROTO, "smtp/reply_reader.rs", "line"),
                (NET, "drive.rs", "drive"),
            ],
            Self::ExpungeMeanwhile => &[(PROTO, "imap/selected.rs", "expunge")],
            Self::UidValidity => &[(PROTO, "imap/selected.rs", "note")],
            Self::Bye => &[
                (PROTO, "imap/client/receive.rs", "on_untagged"),
                (PROTO, "pop3/client/answers.rs", "on_response"),
                (PROTO, "smtp/client.rs", "on_reply"),
            ],
            Self::Stall => &[(NET, "drive.rs", "deadline"), (NET, "tls.rs", "start")],
            Self::Trickle => &[
                (NET, "drive.rs", "deadline"),
                (NET, "drive.rs", "check_pace"),
                (NET, "tls.rs", "start"),
            ],
            Self::BehindStartTls => &[
                (PROTO, "imap/client.rs", "advance"),
                (PROTO, "pop3/client.rs", "on_status"),
                (PROTO, "smtp/client.rs", "on_reply"),
            ],
            Self::Stripped => &[
                (PROTO, "imap/client/receive.rs", "open"),
                (PROTO, "pop3/client.rs", "on_capabilities_known"),
                (PROTO, "smtp/client.rs", "on_extensions"),
            ],
            Self::Preauth => &[
                (PROTO, "imap/client/receive.rs", "on_greeting"),
                (PROTO, "imap/client/receive.rs", "on_untagged"),
            ],
            Self::TlsGarbage => &[
                (NET, "tls.rs", "classify"),
                (NET, "drive.rs", "poll_read_some"),
            ],
            Self::BadCertificate => &[
                (NET, "tls.rs", "client_config"),
                (NET, "tls.rs", "classify_certificate"),
            ],
            Self::Garbage => &[
                (PROTO, "imap/client/receive.rs", "on_frame"),
                (PROTO, "pop3/client.rs", "read_line"),
                (PROTO, "smtp/reply_reader.rs", "line"),
            ],
            Self::MixedCodes => &[(PROTO, "smtp/reply_reader.rs", "line")],
            Self::RefusedForNow | Self::RefusedForGood => &[
                (PROTO, "imap/client/receive.rs", "on_greeting"),
                (PROTO, "imap/client/receive.rs", "on_own_reply"),
                (PROTO, "pop3/client/answers.rs", "on_response"),
                (PROTO, "smtp/transaction.rs", "on_verb_reply"),
                (PROTO, "smtp/transaction/verdict.rs", "answered"),
                (PROTO, "smtp/client/auth.rs", "on_auth_reply"),
            ],
            Self::Early => &[
                (PROTO, "imap/client/receive.rs", "on_tagged"),
                (PROTO, "imap/client/receive.rs", "open"),
                (PROTO, "smtp/transaction.rs", "on_body_reply"),
                (PROTO, "smtp/client/sending.rs", "commit"),
                (PROTO, "sasl/authentication.rs", "accepted"),
            ],
            Self::BrokenCompression => &[
                (NET, "deflate.rs", "decompress"),
                (NET, "drive.rs", "timed"),
                (PROTO, "imap/framer.rs", "check_size"),
            ],
            Self::Unproven => &[
                (PROTO, "sasl/scram.rs", "on_server_first"),
                (PROTO, "sasl/scram.rs", "on_server_final"),
            ],
        }
    }
}

/// Builds the tests that the named functions exist and that the deadlines have the planned values.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("defences::each_is_where_it_is_said_to_be", || {
            let missing: Vec<String> = Class::ALL.iter().flat_map(missing).collect();
            if missing.is_empty() {
                return Ok(());
            }
            Err(Failed::from(missing.join("\n")))
        }),
        Trial::test("deadlines::are_those_of_the_plan", || {
            for (phase, silence, total) in DEADLINES {
                let deadlines = phase.deadlines();
                let secs = |time: Option<std::time::Duration>| time.map(|time| time.as_secs());
                assert_eq!(secs(deadlines.silence), *silence, "{phase:?}");
                assert_eq!(secs(deadlines.total), *total, "{phase:?}");
            }
            Ok(())
        }),
    ]
}

fn missing(class: &Class) -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let is_missing = |(part, file, function): &&(&str, &str, &str)| {
        let text = std::fs::read_to_string(crates.join(part).join(file)).unwrap_or_default();
        !text.contains(&format!("fn {function}(")) && !text.contains(&format!("fn {function}<"))
    };
    let missing = class.defences().iter().filter(is_missing);
    missing
        .map(|(part, file, function)| format!("{}: {part}/{file}: {function}", snake(class)))
        .collect()
}

/// Phase, seconds of silence, seconds in all.
const DEADLINES: &[(Phase, Option<u64>, Option<u64>)] = &[
    (Phase::SignIn, Some(30), Some(30)),
    (Phase::Command, Some(60), Some(900)),
    (Phase::LongCommand, Some(300), Some(900)),
    (Phase::Body, Some(60), None),
    (Phase::Idle, None, None),
    (Phase::SmtpGreeting, Some(300), Some(900)),
    (Phase::SmtpHello, Some(60), Some(900)),
    (Phase::SmtpEnvelope, Some(300), Some(3600)),
    (Phase::SmtpBlock, Some(180), Some(180)),
    (Phase::SmtpFinalReply, Some(600), Some(600)),
    (Phase::Farewell, Some(5), Some(5)),
];
