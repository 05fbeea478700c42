//! Requested parameters: DSN, REQUIRETLS, FUTURERELEASE, DELIVERBY, MT-PRIORITY, SMTPUTF8.

use super::transaction::{COMMIT, GREETING};
use super::*;
use Move::{Body, Client as Sends, Do, Server};

const SUCCESS: Notify = Notify {
    success: true,
    ..Notify::NEVER
};
const FAILURE: Notify = Notify {
    failure: true,
    ..Notify::NEVER
};

fn recipient(text: &str, notify: Notify) -> Recipient {
    Recipient {
        address: address(text),
        notify: Some(notify),
    }
}

/// Returns an envelope with one recipient, changed by `change`.
fn envelope_with(change: fn(&mut Envelope)) -> Envelope {
    let mut envelope = envelope(&["jones@foo.example"]);
    change(&mut envelope);
    envelope
}

fn cause(offer: &'static str, send: fn(&mut Client)) -> Cause {
    let played = talk(&[GREETING, Server(offer), Do(send)]);
    assert_eq!(played.failure, None);
    assert!(!played.sent.contains("MAIL"));
    match outcome(&played) {
        Outcome::NotSent { cause, .. } => cause.clone(),
        other => panic!("{other:?}"),
    }
}

fn left_out(played: &Played<Event, Error>) -> &[Parameter] {
    match outcome(played) {
        Outcome::Accepted { left_out, .. } => left_out,
        other => panic!("{other:?}"),
    }
}

// docs/protocols.md, SMTP: DSN
#[test]
fn rfc3461_10_1_submission() {
    let played = talk(&[
        Server("220 Example.ORG SMTP server here\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-Example.ORG\r\n250-DSN\r\n250-EXPN\r\n250 SIZE\r\n"),
        Do(|c| {
            let both = Notify {
                failure: true,
                ..SUCCESS
            };
            let recipients = [
                recipient("Bob@Example.COM", SUCCESS),
                recipient("Carol@Ivory.EDU", FAILURE),
                recipient("Dana@Ivory.EDU", both),
                recipient("Fred@Bombs.AF.MIL", Notify::NEVER),
            ];
            let mut envelope = Envelope::new(address("Alice@Example.ORG"), recipients);
            envelope.returns = Some(Return::Headers);
            envelope.envelope_id = Some(EnvelopeId::new("QQ314159").unwrap());
            c.send(envelope);
        }),
        Sends("MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159\r\n"),
        Server("250 <Alice@Example.ORG> sender ok\r\n"),
        Sends("RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM\r\n"),
        Server("250 <Bob@Example.COM> recipient ok\r\n"),
        Sends("RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU\r\n"),
        Server("250 <Carol@Ivory.EDU> recipient ok\r\n"),
        Sends("RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU\r\n"),
        Server("250 <Dana@Ivory.EDU> recipient ok\r\n"),
        Sends("RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER\r\n"),
        Server("250 <Fred@Bombs.AF.MIL> recipient ok\r\n"),
        Sends("DATA\r\n"),
        Server("354 okay, send message\r\n"),
        Body(&["(message goes here)\r\n"]),
        COMMIT,
        Server("250 message accepted\r\n"),
    ]);
    assert_eq!(left_out(&played), []);
}

// docs/protocols.md, SMTP: DSN
#[test]
fn notifications_that_are_not_offered_are_left_out_and_reported() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250 PIPELINING\r\n"),
        Do(|c| {
            c.send(envelope_with(|e| {
                e.recipients = Vec::from([recipient("a+b@foo.example", FAILURE)]);
                e.returns = Some(Return::Full);
                e.priority = Some(Priority::new(4).unwrap());
                e.deliver_by = Some(DeliverBy::or_notify(60).unwrap());
            }))
        }),
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    assert!(
        played
            .sent
            .contains("MAIL FROM:<smith@bar.example>\r\nRCPT TO:<a+b@foo.example>\r\nDATA\r\n")
    );
    let all = [Parameter::Dsn, Parameter::DeliverBy, Parameter::MtPriority];
    assert_eq!(left_out(&played), all);
}

// docs/protocols.md, SMTP: DELIVERBY, MT-PRIORITY
#[test]
fn every_parameter_that_is_offered_is_on_the_line() {
    let played = talk(&[
        GREETING,
        Server(
            "250-x\r\n250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-REQUIRETLS\r\n\
             250-FUTURERELEASE 604800 2026-12-31T00:00:00Z\r\n250-DELIVERBY 60\r\n\
             250 MT-PRIORITY\r\n",
        ),
        Do(|c| {
            c.send(envelope_with(|e| {
                e.body_8bit = true;
                e.smtputf8 = true;
                e.returns = Some(Return::Full);
                e.envelope_id = Some(EnvelopeId::new("a b").unwrap());
                e.requires_tls = true;
                e.hold = Some(Hold::for_secs(604_800).unwrap());
                e.deliver_by = Some(DeliverBy::or_return(60).unwrap().traced());
                e.priority = Some(Priority::new(-3).unwrap());
            }))
        }),
    ]);
    assert!(
        played.sent.ends_with(
            "MAIL FROM:<smith@bar.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+20b \
             REQUIRETLS HOLDFOR=604800 BY=60;RT MT-PRIORITY=-3\r\n"
        ),
        "{}",
        played.sent
    );
}

// docs/protocols.md, SMTP: 8BITMIME, SMTPUTF8
#[test]
fn rfc6531_3_4_smtputf8_is_asked_for_by_an_address() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-PIPELINING\r\n250-DSN\r\n250 SMTPUTF8\r\n"),
        Do(|c| {
            let to = Recipient {
                address: Address::new_utf8("用户@例子.cn").unwrap(),
                notify: Some(FAILURE),
            };
            c.send(Envelope::new(
                Address::new_utf8("ü@bar.example").unwrap(),
                [to],
            ));
        }),
        Sends(
            "EHLO client.example\r\nMAIL FROM:<ü@bar.example> SMTPUTF8\r\n\
             RCPT TO:<用户@例子.cn> NOTIFY=FAILURE \
             ORCPT=utf-8;\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.cn\r\nDATA\r\n",
        ),
    ]);
    assert_eq!(played.failure, None);
}

// docs/protocols.md, SMTP: REQUIRETLS
#[test]
fn rfc8689_2_requiretls_needs_tls_and_the_offer_of_after_it() {
    const REQUIRING: fn(&mut Client) = |c| c.send(envelope_with(|e| e.requires_tls = true));
    let sent = talk_starttls(&[
        Server("220 mail.example.net ESMTP\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-mail.example.net\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n"),
        Sends("STARTTLS\r\n"),
        Server("220 TLS go ahead\r\n"),
        Move::Upgrade,
        Sends("EHLO client.example\r\n"),
        Server("250-mail.example.net\r\n250 REQUIRETLS\r\n"),
        Do(REQUIRING),
        Sends("MAIL FROM:<smith@bar.example> REQUIRETLS\r\n"),
    ]);
    assert_eq!(sent.failure, None);

    assert_eq!(
        cause("250-x\r\n250 DSN\r\n", REQUIRING),
        Cause::RequireTlsNotOffered
    );
    // An offer of REQUIRETLS without TLS is not valid.
    let moves = [
        GREETING,
        Server("250-x\r\n250 REQUIRETLS\r\n"),
        Do(REQUIRING),
    ];
    let plain = play(|| client(Tls::Plain), &moves, |events| events);
    let Outcome::NotSent { cause, .. } = outcome(&plain) else {
        panic!("{plain:?}");
    };
    assert_eq!(*cause, Cause::RequireTlsNotOffered);
    assert!(!plain.sent.contains("MAIL"));
}

// docs/protocols.md, SMTP: FUTURERELEASE
#[test]
fn rfc4865_a_message_is_held_no_longer_than_the_server_does() {
    const HOUR: fn(&mut Client) = |c| {
        c.send(envelope_with(|e| {
            e.hold = Some(Hold::for_secs(3600).unwrap())
        }))
    };
    const NEW_YEAR: fn(&mut Client) = |c| {
        c.send(envelope_with(|e| {
            e.hold = Some(Hold::until(UtcTime::new("2027-01-01T00:00:00Z").unwrap()));
        }))
    };
    let short = "250-x\r\n250 FUTURERELEASE 3599 2026-12-31T23:59:59Z\r\n";
    assert_eq!(
        cause("250-x\r\n250 DSN\r\n", HOUR),
        Cause::FutureReleaseNotOffered
    );
    assert_eq!(cause(short, HOUR), Cause::HoldTooLong);
    assert_eq!(cause(short, NEW_YEAR), Cause::HoldTooLong);
    let enough = "250-x\r\n250 FUTURERELEASE 3600 2027-01-01T00:00:00Z\r\n";
    let played = talk(&[GREETING, Server(enough), Do(HOUR)]);
    assert!(played.sent.ends_with(" HOLDFOR=3600\r\n"));
    let played = talk(&[GREETING, Server(enough), Do(NEW_YEAR)]);
    assert!(played.sent.ends_with(" HOLDUNTIL=2027-01-01T00:00:00Z\r\n"));
}

// docs/protocols.md, SMTP: DELIVERBY, MT-PRIORITY
#[test]
fn rfc2852_a_mandatory_deliver_by_that_is_not_offered_stops_the_message() {
    const IN_A_MINUTE: fn(&mut Client) = |c| {
        c.send(envelope_with(|e| {
            e.deliver_by = Some(DeliverBy::or_return(60).unwrap())
        }))
    };
    assert_eq!(
        cause("250-x\r\n250 DSN\r\n", IN_A_MINUTE),
        Cause::DeliverByNotOffered
    );
    let slow = "250-x\r\n250 DELIVERBY 61\r\n";
    assert_eq!(
        cause(slow, IN_A_MINUTE),
        Cause::DeliverByTooSoon { min_secs: 61 }
    );
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250 DELIVERBY\r\n"),
        Do(IN_A_MINUTE),
    ]);
    assert!(played.sent.ends_with(" BY=60;R\r\n"));
}

const WITH_NOTICES: Move<Client> = Do(|c| {
    c.send(envelope_with(|e| {
        e.returns = Some(Return::Headers);
        e.recipients = Vec::from([recipient("jones@foo.example", FAILURE)]);
    }))
});
const OFFERS: Move<Client> = Server("250-x\r\n250-PIPELINING\r\n250-DSN\r\n250 SIZE\r\n");
const WITHOUT: &str =
    "RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\nDATA\r\n";

// docs/protocols.md, SMTP: 555
#[test]
fn rfc5321_4_1_1_11_refused_parameters_are_left_out_once_and_reported() {
    for refusal in [
        "555 5.5.4 what\r\n",
        "504 no\r\n",
        "501 syntax\r\n",
        "501 5.5.4 what\r\n",
    ] {
        let played = talk(&[
            GREETING,
            OFFERS,
            WITH_NOTICES,
            Sends(
                "EHLO client.example\r\nMAIL FROM:<smith@bar.example> SIZE=1000 RET=HDRS\r\n\
                 RCPT TO:<jones@foo.example> NOTIFY=FAILURE ORCPT=rfc822;jones@foo.example\r\nDATA\r\n",
            ),
            Server(refusal),
            Server("503 no\r\n503 no\r\n"),
            Sends(WITHOUT),
            Server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
            Body(&["a"]),
            COMMIT,
            Server("250 ok\r\n"),
        ]);
        assert_eq!(
            left_out(&played),
            [Parameter::Dsn, Parameter::Size],
            "{refusal}"
        );
    }
}

// docs/protocols.md, SMTP: 555
#[test]
fn a_refused_address_is_not_mistaken_for_a_refused_parameter() {
    for refusal in [
        "501 5.1.7 bad sender\r\n",
        "550 5.7.1 no\r\n",
        "451 4.3.0 later\r\n",
    ] {
        let played = talk(&[
            GREETING,
            OFFERS,
            WITH_NOTICES,
            Server(refusal),
            Server("503 no\r\n503 no\r\n"),
        ]);
        assert!(matches!(
            outcome(&played),
            Outcome::Rejected {
                stage: Stage::Mail,
                ..
            }
        ));
        assert_eq!(played.sent.matches("MAIL").count(), 1, "{refusal}");
    }
}

#[test]
fn a_parameter_refused_at_every_recipient_is_left_out_too() {
    let played = talk(&[
        GREETING,
        OFFERS,
        WITH_NOTICES,
        Server("250 ok\r\n555 5.5.4 NOTIFY?\r\n"),
        Server("354 go\r\n"),
        Server("554 no valid recipients\r\n"),
        Server("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    assert_eq!(left_out(&played), [Parameter::Dsn, Parameter::Size]);
    assert!(
        played
            .sent
            .contains(&alloc::format!("DATA\r\n.\r\n{WITHOUT}"))
    );
}

#[test]
fn a_parameter_refused_at_one_of_two_defers_that_one() {
    let played = talk(&[
        GREETING,
        OFFERS,
        Do(|c| {
            c.send(envelope_with(|e| {
                e.recipients
                    .push(recipient("green@foo.example", Notify::NEVER));
            }))
        }),
        Server("250 ok\r\n250 ok\r\n555 5.5.4 NOTIFY?\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    let Outcome::Accepted {
        recipients,
        left_out,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    let refusal = reply(555, "5.5.4 NOTIFY?");
    let second = (
        address("green@foo.example"),
        RecipientResult::Deferred(Some(refusal)),
    );
    assert_eq!(recipients.get(1), Some(&second));
    assert_eq!(left_out, &[]);
}

// docs/protocols.md, SMTP: REQUIRETLS
// docs/protocols.md, SMTP: 555
#[test]
fn requiretls_smtputf8_and_holdfor_are_never_left_out() {
    type Change = fn(&mut Envelope);
    let optional_params: [(Change, &str); 4] = [
        (|e| e.requires_tls = true, "REQUIRETLS"),
        (|e| e.smtputf8 = true, "SMTPUTF8"),
        (|e| e.hold = Some(Hold::for_secs(60).unwrap()), "HOLDFOR=60"),
        (
            |e| e.deliver_by = Some(DeliverBy::or_return(60).unwrap()),
            "BY=60;R",
        ),
    ];
    for (change, parameter) in optional_params {
        let make = || client(Tls::Implicit);
        let offer = "250-x\r\n250-SIZE\r\n250-REQUIRETLS\r\n250-SMTPUTF8\r\n250-DELIVERBY\r\n\
                     250 FUTURERELEASE 60 2027-01-01T00:00:00Z\r\n";
        let client = || {
            let mut client = make();
            client.send(envelope_with(change));
            client
        };
        let moves = [
            GREETING,
            Server(offer),
            Server("555 no\r\n"),
            Server("250 reset\r\n"),
            Server("555 still no\r\n"),
        ];
        let played = play(client, &moves, |events| events);
        assert!(matches!(
            outcome(&played),
            Outcome::Rejected {
                stage: Stage::Mail,
                ..
            }
        ));
        // MAIL is sent with SIZE and without, both times with the required parameter.
        assert_eq!(played.sent.matches("MAIL FROM").count(), 2);
        assert_eq!(played.sent.matches(parameter).count(), 2, "{parameter}");
    }
}
