//! Replies of real servers, and their causes.

use super::super::ReplyFields;
use super::super::tests::{LANGS, assert_finished};
use super::*;

fn read(code: u16, enhanced: Option<&str>, text: &str) -> RefusalCause {
    RefusalCause::read(ReplyFields {
        code: Some(code),
        enhanced,
        text,
        ..ReplyFields::default()
    })
}

#[test]
fn enhanced_codes_are_read_first() {
    assert_eq!(
        read(550, Some("5.1.1"), "mailbox full of joy"),
        RefusalCause::NoSuchUser
    );
    assert_eq!(read(552, Some("5.2.2"), "no"), RefusalCause::MailboxFull);
    assert_eq!(read(552, Some("5.2.3"), "no"), RefusalCause::TooLarge);
    assert_eq!(read(552, Some("5.3.4"), "no"), RefusalCause::TooLarge);
    assert_eq!(read(452, Some("4.3.1"), "no"), RefusalCause::SystemFull);
    assert_eq!(
        read(550, Some("5.2.1"), "no"),
        RefusalCause::MailboxDisabled
    );
    assert_eq!(read(450, Some("4.2.1"), "busy"), RefusalCause::Busy);
    assert_eq!(
        read(556, Some("5.1.10"), "null MX"),
        RefusalCause::NoSuchDomain
    );
    assert_eq!(read(550, Some("5.7.26"), "no"), RefusalCause::NotVerified);
    assert_eq!(read(550, Some("5.7.23"), "no"), RefusalCause::NotVerified);
    assert_eq!(read(550, Some("5.7.1"), "no"), RefusalCause::Policy);
}

// docs/protocols.md, SMTP: 4yz and 5yz
#[test]
fn text_distinguishes_causes_with_the_same_code() {
    let postfix = read(554, Some("5.7.1"), "5.7.1 <a@b>: Relay access denied");
    assert_eq!(postfix, RefusalCause::NotAllowedToSend);
    let owned = read(
        553,
        Some("5.7.1"),
        "5.7.1 <a@b>: Sender address rejected: not owned by user tim",
    );
    assert_eq!(owned, RefusalCause::SenderNotOwned);
    let netease = read(
        553,
        None,
        "Mail from must equal: must be same as authorization user",
    );
    assert_eq!(netease, RefusalCause::SenderNotOwned);
    let greylisted = read(
        450,
        Some("4.7.1"),
        "4.7.1 <a@b>: Recipient address rejected: Greylisted",
    );
    assert_eq!(greylisted, RefusalCause::Busy);
    let gmail = read(
        550,
        Some("5.7.1"),
        "5.7.1 likely unsolicited mail. To reduce the amount of spam",
    );
    assert_eq!(gmail, RefusalCause::Junk);
    assert_eq!(read(451, Some("4.7.1"), "no"), RefusalCause::Later);
}

#[test]
fn servers_without_enhanced_codes_are_understood() {
    assert_eq!(
        read(550, None, "No such user here"),
        RefusalCause::NoSuchUser
    );
    assert_eq!(
        read(550, None, "Requested action not taken"),
        RefusalCause::Other
    );
    assert_eq!(read(551, None, "User not local"), RefusalCause::Moved);
    assert_eq!(
        read(552, None, "Message size exceeds fixed limit"),
        RefusalCause::TooLarge
    );
    assert_eq!(
        read(552, None, "Requested action aborted"),
        RefusalCause::MailboxFull
    );
    assert_eq!(read(553, None, "no"), RefusalCause::AddressSyntax);
    assert_eq!(read(530, None, "no"), RefusalCause::NotAllowedToSend);
    assert_eq!(read(421, None, "closing"), RefusalCause::Busy);
    assert_eq!(read(452, None, "no"), RefusalCause::SystemFull);
    assert_eq!(read(499, None, "no"), RefusalCause::Later);
    assert_eq!(read(500, None, "what"), RefusalCause::NotUnderstood);
    assert_eq!(
        RefusalCause::read(ReplyFields::default()),
        RefusalCause::Other
    );
}

#[test]
fn unspecific_enhanced_code_defers_to_text_and_reply_code() {
    assert_eq!(
        read(550, Some("5.0.0"), "User unknown"),
        RefusalCause::NoSuchUser
    );
    assert_eq!(read(450, Some("4.0.0"), "no"), RefusalCause::Busy);
    assert_eq!(read(550, Some("5.99.99"), "no"), RefusalCause::Other);
}

#[test]
fn texts_match_the_design() {
    let explain = |cause| {
        let explanation = refusal(Lang::En, cause, Refused::Recipient, Some(26_214_400));
        format!("{} {}", explanation.cause, explanation.fix)
    };
    assert!(explain(RefusalCause::NoSuchUser).starts_with("This address does not exist there."));
    assert_eq!(
        explain(RefusalCause::MailboxFull),
        "Their mailbox is full. Try again tomorrow."
    );
    assert!(
        explain(RefusalCause::TooLarge).starts_with("Too large for their server. It takes 26 MB.")
    );
    assert!(
        explain(RefusalCause::Policy).starts_with("Their server does not accept mail from yours.")
    );
    let chinese = refusal(
        Lang::ZhCn,
        RefusalCause::MailboxFull,
        Refused::Recipient,
        None,
    );
    assert_eq!(chinese, Meaning::new("对方邮箱已满。", "请明天再试。"));
    assert!(
        unknown(Lang::En)
            .fix
            .contains("Check Sent before repeating.")
    );
}

#[test]
fn unknown_or_tiny_limit_is_not_shown() {
    assert_eq!(
        too_large(Lang::En, None).cause,
        "Too large for your server."
    );
    assert_eq!(
        too_large(Lang::En, Some(5)).cause,
        "Too large for your server."
    );
}

#[test]
fn size_limit_is_attributed_to_its_server() {
    let cause_of =
        |refused| refusal(Lang::En, RefusalCause::TooLarge, refused, Some(50_000_000)).cause;
    assert_eq!(
        cause_of(Refused::Message),
        "Too large for your server. It takes 50 MB."
    );
    assert_eq!(
        cause_of(Refused::Recipient),
        "Too large for their server. It takes 50 MB."
    );
}

#[test]
fn temporary_refusal_requires_no_user_action() {
    let busy = |refused| refusal(Lang::En, RefusalCause::Busy, refused, None);
    assert_eq!(
        busy(Refused::RecipientForNow).fix,
        "It is tried again by itself."
    );
    assert_eq!(
        busy(Refused::RecipientForNow).cause,
        busy(Refused::Recipient).cause
    );
    assert_ne!(busy(Refused::Recipient).fix, "It is tried again by itself.");
}

#[test]
fn every_cause_is_explained_in_complete_sentences() {
    let causes = [
        RefusalCause::NoSuchUser,
        RefusalCause::NoSuchDomain,
        RefusalCause::AddressSyntax,
        RefusalCause::Moved,
        RefusalCause::MailboxDisabled,
        RefusalCause::MailboxFull,
        RefusalCause::TooLarge,
        RefusalCause::NotAllowedToSend,
        RefusalCause::SenderNotOwned,
        RefusalCause::NotVerified,
        RefusalCause::Junk,
        RefusalCause::Policy,
        RefusalCause::RateLimited,
        RefusalCause::Busy,
        RefusalCause::SystemFull,
        RefusalCause::NotUnderstood,
        RefusalCause::Later,
        RefusalCause::Other,
    ];
    for lang in LANGS {
        for refused in [
            Refused::Recipient,
            Refused::RecipientForNow,
            Refused::Message,
        ] {
            let mut texts: Vec<String> = Vec::new();
            for cause in causes {
                let meaning = refusal(lang, cause, refused, Some(50_000_000));
                assert_finished(lang, &meaning);
                assert!(!meaning.fix.is_empty());
                texts.push(meaning.cause);
            }
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), causes.len());
        }
        let not_sent_causes = [
            NotSentCause::ConnectionLost,
            NotSentCause::Smtputf8Missing,
            NotSentCause::EightBitMimeMissing,
            NotSentCause::NoRecipients,
            NotSentCause::Unreadable,
        ];
        for cause in not_sent_causes {
            assert_finished(lang, &not_sent(lang, &cause));
        }
        assert_finished(lang, &unknown(lang));
    }
}

/// Every registered enhanced code (RFC 5248) that is more specific than its class, with its cause.
/// "x.y.0" and "x.1.5", "x.1.9" and "x.6.0" carry no cause by themselves.
// docs/protocols.md, SMTP: ENHANCEDSTATUSCODES
#[test]
fn every_registered_enhanced_code_has_a_meaning_of_its_own() {
    use RefusalCause as C;
    let registered: &[(&[&str], C)] = &[
        (&["5.1.1", "5.1.4"], C::NoSuchUser),
        (&["5.1.2", "5.1.10", "5.4.4"], C::NoSuchDomain),
        (&["5.1.3"], C::AddressSyntax),
        (&["5.1.6"], C::Moved),
        (&["5.1.7", "5.1.8", "5.7.27"], C::SenderNotOwned),
        (&["5.2.1"], C::MailboxDisabled),
        (&["5.2.2"], C::MailboxFull),
        (&["5.2.3", "5.3.4", "5.7.16"], C::TooLarge),
        (&["5.2.4", "5.7.2"], C::MailingList),
        (&["4.3.1"], C::SystemFull),
        (
            &[
                "4.3.2", "4.4.1", "4.4.2", "4.4.3", "4.4.4", "4.4.5", "4.7.15",
            ],
            C::Busy,
        ),
        (
            &[
                "5.3.3", "5.5.0", "5.5.1", "5.5.2", "5.5.4", "5.5.5", "5.5.6",
            ],
            C::NotUnderstood,
        ),
        (&["5.3.5", "5.4.3"], C::ServerBroken),
        (&["5.4.6"], C::Loop),
        (&["5.4.7"], C::Expired),
        (&["4.5.3", "4.7.28"], C::RateLimited),
        (
            &[
                "5.6.1", "5.6.2", "5.6.3", "5.6.4", "5.6.5", "5.6.6", "5.6.10", "5.7.3", "5.7.4",
                "5.7.6", "5.7.7",
            ],
            C::ContentNotSupported,
        ),
        (&["5.6.7", "5.6.8", "5.6.9"], C::InternationalAddress),
        (&["5.7.5", "5.7.10", "5.7.30"], C::EncryptionMissing),
        (
            &["5.7.8", "5.7.9", "5.7.11", "5.7.12", "5.7.13", "5.7.14"],
            C::NotAllowedToSend,
        ),
        (&["5.7.17", "5.7.18", "5.7.19"], C::OwnerChanged),
        (
            &[
                "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.29",
            ],
            C::NotVerified,
        ),
    ];
    for (codes, cause) in registered {
        for code in *codes {
            let reply = if code.starts_with('4') { 450 } else { 550 };
            assert_eq!(read(reply, Some(code), "no"), *cause, "{code}");
        }
    }
}

// docs/protocols.md, SMTP: 4yz and 5yz
#[test]
fn every_reply_code_that_refuses_has_a_meaning() {
    for code in [
        421, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 521, 523, 530, 534, 535, 538, 551,
        552, 553, 555, 556,
    ] {
        assert_ne!(read(code, None, "no"), RefusalCause::Other, "{code}");
    }
    // For these the text decides.
    for code in [550, 554] {
        assert_eq!(read(code, None, "no"), RefusalCause::Other, "{code}");
    }
}
