//! The session of an honest server.

use super::Place;
use super::place::Place as P;
use crate::case::{Do, Hears, Mode, Turn, say};
use crate::certificates::Certificate;
use crate::scram::Scram;

pub(super) fn opening(place: Place, mode: Mode) -> Vec<Turn<Place>> {
    let handshake = || vec![Do::Handshake(Certificate::Good)];
    let greeting = Turn::new(P::Greeting, Hears::Nothing, "220 peer.test ready\r\n");
    let ehlo = |of| Turn::new(of, Hears::Line("EHLO"), extensions(place));
    let implicit = Turn::doing(P::ImplicitHandshake, Hears::Nothing, handshake());
    if place == P::Helo {
        let mut turns = vec![
            greeting,
            Turn::new(P::Ehlo, Hears::Line("EHLO"), "502 what is that\r\n"),
            Turn::new(P::Helo, Hears::Line("HELO"), "250 peer.test\r\n"),
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
                Hears::Line("EHLO"),
                "250-peer.test\r\n250-STARTTLS\r\n250 SIZE 5\r\n",
            ),
            Turn::new(P::StartTls, Hears::Line("STARTTLS"), "220 go\r\n"),
            Turn::doing(P::Handshake, Hears::Nothing, handshake()),
            ehlo(P::EhloInTls),
        ],
    }
}

fn extensions(place: Place) -> String {
    let mechanism = match place {
        P::AuthLogin | P::AuthUser | P::AuthPassword => "LOGIN",
        P::ScramFirst | P::ScramProof | P::AuthScram => "SCRAM-SHA-256",
        P::CramMd5 | P::AuthCram => "CRAM-MD5",
        P::Token => "OAUTHBEARER",
        _ => "PLAIN",
    };
    let further = match place {
        P::PipelinedMail | P::PipelinedRcpt | P::PipelinedData => "250-PIPELINING\r\n",
        P::Bdat | P::BdatLast => "250-CHUNKING\r\n",
        _ => "",
    };
    let size = match place {
        // Only the plaintext reply names a size.
        P::PlainEhlo => "",
        _ => "250-SIZE 10000000\r\n",
    };
    format!("250-peer.test\r\n{further}{size}250-8BITMIME\r\n250 AUTH {mechanism}\r\n")
}

pub(super) fn signing_in(place: Place) -> Vec<Turn<Place>> {
    let done = "235 2.7.0 signed in\r\n";
    match place {
        P::Helo => Vec::new(),
        P::ScramFirst | P::ScramProof | P::AuthScram => vec![
            Turn::doing(
                P::ScramFirst,
                Hears::Line("AUTH SCRAM-SHA-256"),
                vec![Do::Scram("334 ", Scram::First)],
            ),
            Turn::doing(
                P::ScramProof,
                Hears::Bare(""),
                vec![Do::Scram("334 ", Scram::Proof)],
            ),
            Turn::new(P::AuthScram, Hears::Bare(""), done),
        ],
        P::CramMd5 | P::AuthCram => vec![
            Turn::new(
                P::CramMd5,
                Hears::Line("AUTH CRAM-MD5"),
                "334 PDE4OTYuNjk3MTcwOTUyQHBlZXIudGVzdD4=\r\n",
            ),
            Turn::new(P::AuthCram, Hears::Bare("YW5uQHBlZXIudGVzd"), done),
        ],
        P::Token => vec![Turn::new(place, Hears::Line("AUTH OAUTHBEARER"), done)],
        P::AuthLogin | P::AuthUser | P::AuthPassword => vec![
            Turn::new(
                P::AuthLogin,
                Hears::Line("AUTH LOGIN"),
                "334 VXNlcm5hbWU6\r\n",
            ),
            Turn::new(P::AuthUser, Hears::Bare(""), "334 UGFzc3dvcmQ6\r\n"),
            Turn::new(P::AuthPassword, Hears::Bare(""), done),
        ],
        _ => vec![Turn::new(P::AuthPlain, Hears::Line("AUTH PLAIN"), done)],
    }
}

pub(super) fn transaction(of: Place) -> Vec<Turn<Place>> {
    let place = of;
    let quit = Turn::new(P::Quit, Hears::Line("QUIT"), "221 2.0.0 bye\r\n");
    if place == P::Vrfy {
        let says = "252 2.0.0 cannot tell\r\n";
        return vec![Turn::new(P::Vrfy, Hears::Line("VRFY"), says), quit];
    }
    let mut turns = Vec::new();
    if place == P::Rset {
        turns.push(Turn::new(
            P::Earlier,
            Hears::Line("MAIL"),
            "550 5.7.1 not you\r\n",
        ));
        turns.push(Turn::new(P::Rset, Hears::Line("RSET"), "250 2.0.0 ok\r\n"));
    }
    let places = match place {
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
    for (place, line) in places.into_iter().zip(lines) {
        if line == "DATA" && matches!(of, P::Bdat | P::BdatLast) {
            continue;
        }
        let says = match line {
            "DATA" => "354 go ahead\r\n",
            _ => "250 2.1.0 ok\r\n",
        };
        turns.push(Turn::new(place, Hears::Line(line), says));
    }
    let queued = vec![Do::Commit, say("250 2.0.0 queued as 7\r\n")];
    if matches!(of, P::Bdat | P::BdatLast) {
        turns.push(Turn::new(P::Bdat, Hears::Chunk, "250 2.0.0 so far\r\n"));
        turns.push(Turn::doing(P::BdatLast, Hears::Chunk, queued));
    } else {
        turns.push(Turn::doing(P::Body, Hears::Bytes(1), Vec::new()));
        turns.push(Turn::doing(P::Final, Hears::Dot, queued));
    }
    turns.push(quit);
    turns
}
