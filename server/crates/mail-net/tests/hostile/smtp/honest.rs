//! The session of an honest server.

use super::Position;
use super::place::Position as P;
use crate::case::{Action, Input, Mode, Turn, send};
use crate::certificates::Certificate;
use crate::scram::Scram;

pub(super) fn opening(position: Position, mode: Mode) -> Vec<Turn<Position>> {
    let handshake = || vec![Action::Handshake(Certificate::Good)];
    let greeting = Turn::new(P::Greeting, Input::Nothing, "220 peer.test ready\r\n");
    let ehlo = |at| Turn::new(at, Input::Line("EHLO"), extensions(position));
    let implicit = Turn::with_actions(P::ImplicitHandshake, Input::Nothing, handshake());
    if position == P::Helo {
        let mut turns = vec![
            greeting,
            Turn::new(P::Ehlo, Input::Line("EHLO"), "502 what is that\r\n"),
            Turn::new(P::Helo, Input::Line("HELO"), "250 peer.test\r\n"),
        ];
        if mode == Mode::Implicit {
            turns.insert(0, implicit);
        }
        return turns;
    }
    match mode {
        Mode::Bare => vec![greeting, ehlo(P::Ehlo)],
        Mode::Implicit => vec![implicit, greeting, ehlo(P::Ehlo)],
        Mode::StartTls => vec![
            greeting,
            Turn::new(
                P::PlainEhlo,
                Input::Line("EHLO"),
                "250-peer.test\r\n250-STARTTLS\r\n250 SIZE 5\r\n",
            ),
            Turn::new(P::StartTls, Input::Line("STARTTLS"), "220 go\r\n"),
            Turn::with_actions(P::Handshake, Input::Nothing, handshake()),
            ehlo(P::EhloInTls),
        ],
    }
}

fn extensions(position: Position) -> String {
    let mechanism = match position {
        P::AuthLogin | P::AuthUser | P::AuthPassword => "LOGIN",
        P::ScramFirst | P::ScramProof | P::AuthScram => "SCRAM-SHA-256",
        P::CramMd5 | P::AuthCram => "CRAM-MD5",
        P::Token => "OAUTHBEARER",
        _ => "PLAIN",
    };
    let further = match position {
        P::PipelinedMail | P::PipelinedRcpt | P::PipelinedData => "250-PIPELINING\r\n",
        P::Bdat | P::BdatLast => "250-CHUNKING\r\n",
        _ => "",
    };
    let size = match position {
        // Only the plaintext reply names a size.
        P::PlainEhlo => "",
        _ => "250-SIZE 10000000\r\n",
    };
    format!("250-peer.test\r\n{further}{size}250-8BITMIME\r\n250 AUTH {mechanism}\r\n")
}

pub(super) fn signing_in(position: Position) -> Vec<Turn<Position>> {
    let done = "235 2.7.0 signed in\r\n";
    match position {
        P::Helo => Vec::new(),
        P::ScramFirst | P::ScramProof | P::AuthScram => vec![
            Turn::with_actions(
                P::ScramFirst,
                Input::Line("AUTH SCRAM-SHA-256"),
                vec![Action::Scram("334 ", Scram::First)],
            ),
            Turn::with_actions(
                P::ScramProof,
                Input::Bare(""),
                vec![Action::Scram("334 ", Scram::Proof)],
            ),
            Turn::new(P::AuthScram, Input::Bare(""), done),
        ],
        P::CramMd5 | P::AuthCram => vec![
            Turn::new(
                P::CramMd5,
                Input::Line("AUTH CRAM-MD5"),
                "334 PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::AuthCram, Input::Bare("YW5uQHBlZXIudGVzd"), done),
        ],
        P::Token => vec![Turn::new(position, Input::Line("AUTH OAUTHBEARER"), done)],
        P::AuthLogin | P::AuthUser | P::AuthPassword => vec![
            Turn::new(
                P::AuthLogin,
                Input::Line("AUTH LOGIN"),
                "334 VXNlcm5hbWU6\r\n",
            ),
            Turn::new(P::AuthUser, Input::Bare(""), "334 UGFzc3dvcmQ6\r\n"),
            Turn::new(P::AuthPassword, Input::Bare(""), done),
        ],
        _ => vec![Turn::new(P::AuthPlain, Input::Line("AUTH PLAIN"), done)],
    }
}

pub(super) fn transaction(target: Position) -> Vec<Turn<Position>> {
    let position = target;
    let quit = Turn::new(P::Quit, Input::Line("QUIT"), "221 2.0.0 bye\r\n");
    if position == P::Vrfy {
        let reply = "252 2.0.0 cannot tell\r\n";
        return vec![Turn::new(P::Vrfy, Input::Line("VRFY"), reply), quit];
    }
    let mut turns = Vec::new();
    if position == P::Rset {
        turns.push(Turn::new(
            P::Earlier,
            Input::Line("MAIL"),
            "550 5.7.1 not you\r\n",
        ));
        turns.push(Turn::new(P::Rset, Input::Line("RSET"), "250 2.0.0 ok\r\n"));
    }
    let positions = match position {
        P::PipelinedMail | P::PipelinedRcpt | P::PipelinedData => [
            P::PipelinedMail,
            P::PipelinedRcpt,
            P::PipelinedRcpt,
            P::PipelinedRcpt,
            P::PipelinedData,
        ],
        _ => [P::Mail, P::RcptFirst, P::RcptMiddle, P::RcptLast, P::Data],
    };
    let lines = ["MAIL", "RCPT", "RCPT", "RCPT", "DATA"];
    for (position, line) in positions.into_iter().zip(lines) {
        if line == "DATA" && matches!(target, P::Bdat | P::BdatLast) {
            continue;
        }
        let reply = match line {
            "DATA" => "354 go ahead\r\n",
            _ => "250 2.1.0 ok\r\n",
        };
        turns.push(Turn::new(position, Input::Line(line), reply));
    }
    let queued = vec![Action::Commit, send("250 2.0.0 queued as 7\r\n")];
    if matches!(target, P::Bdat | P::BdatLast) {
        turns.push(Turn::new(P::Bdat, Input::Chunk, "250 2.0.0 so far\r\n"));
        turns.push(Turn::with_actions(P::BdatLast, Input::Chunk, queued));
    } else {
        turns.push(Turn::with_actions(P::Body, Input::Bytes(1), Vec::new()));
        turns.push(Turn::with_actions(P::Final, Input::Dot, queued));
    }
    turns.push(quit);
    turns
}
