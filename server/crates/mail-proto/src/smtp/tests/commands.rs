//! Commands outside of a transaction, and the scenarios of RFC 5321 App. D with them.

use super::transaction::{COMMIT, GREETING, PIPELINING};
use super::*;
use Move::{Body, Client as Sends, Do, Eof, Server};

const OLD: Move<Client> = Server("250 x\r\n");

fn argument(text: &str) -> Argument {
    Argument::new(text).unwrap()
}

/// Returns the code and the number of lines of each reply.
fn replies(played: &Played<Event, Error>) -> Vec<(u16, usize)> {
    let replies = played.events.iter().filter_map(|event| match event {
        Event::Answered { reply, .. } => Some((reply.code, reply.lines.len())),
        _ => None,
    });
    replies.collect()
}

// docs/protocols.md, SMTP: VRFY, EXPN, HELP, ETRN
#[test]
fn rfc5321_d_4_verifying_and_sending() {
    let played = talk(&[
        Server("220 foo.com Simple Mail Transfer Service Ready\r\n"),
        Sends("EHLO client.example\r\n"),
        Server(
            "250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250-VRFY\r\n\
             250 HELP\r\n",
        ),
        Do(|c| c.command(Command::Vrfy(argument("Crispin")))),
        Sends("VRFY Crispin\r\n"),
        Server("250 Mark Crispin <Admin.MRC@foo.com>\r\n"),
        Do(|c| {
            c.send(Envelope::new(
                address("EAK@bar.com"),
                [address("Admin.MRC@foo.com")],
            ))
        }),
        Sends("MAIL FROM:<EAK@bar.com>\r\n"),
        Server("250 OK\r\n"),
        Sends("RCPT TO:<Admin.MRC@foo.com>\r\n"),
        Server("250 OK\r\n"),
        Sends("DATA\r\n"),
        Server("354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
        Body(&["Blah blah blah...\r\n...etc. etc. etc.\r\n"]),
        COMMIT,
        Sends("Blah blah blah...\r\n....etc. etc. etc.\r\n.\r\n"),
        Server("250 OK\r\n"),
        Do(Client::quit),
        Sends("QUIT\r\n"),
        Server("221 foo.com Service closing transmission channel\r\n"),
    ]);
    let expected = Event::Answered {
        command: Command::Vrfy(argument("Crispin")),
        reply: reply(250, "Mark Crispin <Admin.MRC@foo.com>"),
    };
    assert!(played.events.contains(&expected));
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
    assert!(played.is_done);
}

#[test]
fn rfc5321_d_2_aborted_transaction() {
    let played = talk(&[
        Server("220 foo.com Simple Mail Transfer Service Ready\r\n"),
        OLD,
        Do(|c| {
            c.send(Envelope::new(
                address("Smith@bar.com"),
                [address("Green@foo.com")],
            ))
        }),
        Server("250 OK\r\n"),
        Server("550 No such user here\r\n"),
        Do(|c| c.command(Command::Rset)),
        Sends(
            "EHLO client.example\r\nMAIL FROM:<Smith@bar.com>\r\nRCPT TO:<Green@foo.com>\r\nRSET\r\n",
        ),
        Server("250 OK\r\n"),
        Do(Client::quit),
        Server("221 foo.com Service closing transmission channel\r\n"),
    ]);
    assert_eq!(replies(&played), [(250, 1)]);
    assert!(played.is_done);
}

#[test]
fn rfc5321_d_3_relayed_mail_scenario() {
    let played = talk(&[
        Server("220 foo.com Simple Mail Transfer Service Ready\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 HELP\r\n"),
        Do(|c| {
            c.send(Envelope::new(
                address("JQP@bar.com"),
                [address("Jones@XYZ.COM")],
            ))
        }),
        Sends("MAIL FROM:<JQP@bar.com>\r\n"),
        Server("250 OK\r\n"),
        Sends("RCPT TO:<Jones@XYZ.COM>\r\n"),
        Server("250 OK\r\n"),
        Sends("DATA\r\n"),
        Server("354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
        Body(&[
            "Date: Thu, 21 May 1998 05:33:29 -0700\r\nFrom: John Q. Public <JQP@bar.com>\r\n",
            "Subject: The Next Meeting of the Board\r\nTo: Jones@xyz.com\r\n\r\nBill:\r\n",
        ]),
        COMMIT,
        Sends(
            "Date: Thu, 21 May 1998 05:33:29 -0700\r\nFrom: John Q. Public <JQP@bar.com>\r\n\
             Subject: The Next Meeting of the Board\r\nTo: Jones@xyz.com\r\n\r\nBill:\r\n.\r\n",
        ),
        Server("250 OK\r\n"),
        Do(Client::quit),
        Sends("QUIT\r\n"),
        Server("221 foo.com Service closing transmission channel\r\n"),
    ]);
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
    assert!(played.is_done);
}

#[test]
fn rfc2920_4_group_of_which_everything_is_refused() {
    let played = talk(&[
        Server("220 innosoft.com SMTP service ready\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-innosoft.com\r\n250 PIPELINING\r\n"),
        Do(|c| {
            let to = [
                address("nsb@thumper.bellcore.com"),
                address("galvin@tis.com"),
            ];
            c.send(Envelope::new(address("mrose@dbc.mtview.ca.us"), to));
            c.quit();
        }),
        Sends(
            "MAIL FROM:<mrose@dbc.mtview.ca.us>\r\nRCPT TO:<nsb@thumper.bellcore.com>\r\n\
             RCPT TO:<galvin@tis.com>\r\nDATA\r\n",
        ),
        Server(
            "250 sender <mrose@dbc.mtview.ca.us> OK\r\n\
             550 remote mail to <nsb@thumper.bellcore.com> not allowed\r\n\
             550 remote mail to <galvin@tis.com> not allowed\r\n\
             554 no valid recipients given\r\n",
        ),
        Sends("QUIT\r\n"),
        Server("221 goodbye\r\n"),
    ]);
    let Outcome::Rejected {
        stage: Stage::Rcpt,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.code, 550);
    assert!(played.is_done);
}

// docs/protocols.md, SMTP: VRFY, EXPN, HELP, ETRN
#[test]
fn rfc5321_3_5_replies_to_verify_and_expand_are_reported_completely() {
    let played = talk(&[
        GREETING,
        OLD,
        Do(|c| c.command(Command::Vrfy(argument("Jones")))),
        Server("553 User ambiguous\r\n"),
        Do(|c| c.command(Command::Vrfy(argument("Smith")))),
        Server("252 Cannot VRFY user, but will take message\r\n"),
        Do(|c| c.command(Command::Expn(argument("Example-People")))),
        Sends("EHLO client.example\r\nVRFY Jones\r\nVRFY Smith\r\nEXPN Example-People\r\n"),
        Server(
            "250-Jon Postel <Postel@isi.edu>\r\n250-Fred Fonebone <Fonebone@physics.foo-u.edu>\r\n\
             250 Sam Q. Smith <SQSmith@specific.generic.com>\r\n",
        ),
        Do(|c| c.command(Command::Expn(argument("Executive-Washroom-List")))),
        Server("550 Access Denied to You.\r\n"),
    ]);
    assert_eq!(replies(&played), [(553, 1), (252, 1), (250, 3), (550, 1)]);
    assert_eq!(played.failure, None);
}

// docs/protocols.md, SMTP: RSET, NOOP, QUIT
#[test]
fn help_and_noop_are_answered() {
    let played = talk(&[
        GREETING,
        OLD,
        Do(|c| {
            c.command(Command::Help(None));
            c.command(Command::Help(Some(argument("MAIL"))));
            c.command(Command::Noop);
        }),
        Server("214-This is a server\r\n214 See the manual\r\n"),
        Server("504 no help on MAIL\r\n"),
        Server("250 2.0.0 ok\r\n"),
        Sends("EHLO client.example\r\nHELP\r\nHELP MAIL\r\nNOOP\r\n"),
    ]);
    assert_eq!(replies(&played), [(214, 2), (504, 1), (250, 1)]);
}

// docs/protocols.md, SMTP: VRFY, EXPN, HELP, ETRN
#[test]
fn rfc1985_etrn_replies() {
    let played = talk(&[
        GREETING,
        OLD,
        Do(|c| c.command(Command::Etrn(argument("uu.net")))),
        Server("458 Unable to queue messages for node uu.net\r\n"),
        Do(|c| c.command(Command::Etrn(argument("@mysoft.com")))),
        Server("253 OK, 14 pending messages for node mysoft.com started\r\n"),
        Do(|c| c.command(Command::Etrn(argument("#uucp")))),
        Sends("EHLO client.example\r\nETRN uu.net\r\nETRN @mysoft.com\r\nETRN #uucp\r\n"),
        Server("459 Node #uucp not allowed\r\n"),
    ]);
    assert_eq!(replies(&played), [(458, 1), (253, 1), (459, 1)]);
}

// docs/protocols.md, SMTP: RSET, NOOP, QUIT
#[test]
fn rset_clears_what_a_refused_message_left() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
        Server("250 ok\r\n250 ok\r\n451 later\r\n"),
        Do(|c| c.command(Command::Rset)),
        Server("250 ok\r\n"),
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
    ]);
    assert_eq!(played.sent.matches("RSET").count(), 1);
    // A refused RSET does not clear the transaction.
    let played = talk(&[
        GREETING,
        PIPELINING,
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
        Server("250 ok\r\n250 ok\r\n451 later\r\n"),
        Do(|c| c.command(Command::Rset)),
        Server("500 what\r\n"),
        Do(|c| c.send(envelope(&["jones@foo.example"]))),
    ]);
    assert_eq!(played.sent.matches("RSET").count(), 2);
}

#[test]
fn requests_are_sent_in_order() {
    let played = talk(&[
        Do(|c| {
            c.command(Command::Noop);
            c.send(envelope(&["jones@foo.example"]));
            c.command(Command::Help(None));
            c.quit();
        }),
        GREETING,
        PIPELINING,
        Server("250 ok\r\n"),
        Server("550 no\r\n503 no\r\n503 no\r\n"),
        Server("214 help\r\n"),
        Server("221 bye\r\n"),
    ]);
    assert!(
        played
            .sent
            .starts_with("EHLO client.example\r\nNOOP\r\nMAIL")
    );
    assert!(played.sent.ends_with("DATA\r\nHELP\r\nQUIT\r\n"));
    assert!(played.is_done);
}

#[test]
fn an_unexpected_reply_code_to_a_command_ends_the_session() {
    for code in ["354 go\r\n", "334 \r\n"] {
        let played = talk(&[
            GREETING,
            OLD,
            Do(|c| c.command(Command::Noop)),
            Server(code),
        ]);
        let Some(Error::PeerMisbehaved(Misbehaviour::UnexpectedCode { stage, .. })) =
            played.failure
        else {
            panic!("{played:?}");
        };
        assert_eq!(stage, Stage::Command);
    }
    let closed = talk(&[GREETING, OLD, Do(|c| c.command(Command::Noop)), Eof]);
    assert_eq!(
        closed.failure,
        Some(Error::Closed {
            stage: Stage::Command
        })
    );
    assert_eq!(replies(&closed), []);
}
