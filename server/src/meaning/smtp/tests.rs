//! What servers really say, and what it means.

use super::super::tests::{LANGS, assert_finished};
use super::*;

fn read(code: u16, enhanced: Option<&str>, text: &str) -> RefusalCause {
    RefusalCause::read(Words {
        code: Some(code),
        enhanced,
        text,
        ..Words::default()
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

#[test]
fn words_tell_apart_what_one_code_covers() {
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
    assert_eq!(RefusalCause::read(Words::default()), RefusalCause::Other);
}

#[test]
fn an_enhanced_code_that_says_nothing_leaves_it_to_the_rest() {
    assert_eq!(
        read(550, Some("5.0.0"), "User unknown"),
        RefusalCause::NoSuchUser
    );
    assert_eq!(read(450, Some("4.0.0"), "no"), RefusalCause::Busy);
    assert_eq!(read(550, Some("5.99.99"), "no"), RefusalCause::Other);
}

#[test]
fn the_words_of_the_design_are_used() {
    let told = |cause| {
        let told = refusal(Lang::En, cause, Refused::Recipient, Some(26_214_400));
        format!("{} {}", told.cause, told.fix)
    };
    assert!(told(RefusalCause::NoSuchUser).starts_with("This address does not exist there."));
    assert_eq!(
        told(RefusalCause::MailboxFull),
        "Their mailbox is full. Try again tomorrow."
    );
    assert!(
        told(RefusalCause::TooLarge).starts_with("Too large for their server. It takes 26 MB.")
    );
    assert!(
        told(RefusalCause::Policy).starts_with("Their server does not accept mail from yours.")
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
fn a_limit_that_is_not_known_or_tiny_is_not_told() {
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
fn a_size_limit_is_told_of_the_server_that_has_it() {
    let told = |refused| refusal(Lang::En, RefusalCause::TooLarge, refused, Some(50_000_000)).cause;
    assert_eq!(
        told(Refused::Message),
        "Too large for your server. It takes 50 MB."
    );
    assert_eq!(
        told(Refused::Recipient),
        "Too large for their server. It takes 50 MB."
    );
}

#[test]
fn nobody_is_asked_to_do_what_the_outbox_does() {
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
fn every_cause_is_told_in_finished_sentences() {
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
        RefusalCause::TooMuch,
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
            let mut told: Vec<String> = Vec::new();
            for cause in causes {
                let meaning = refusal(lang, cause, refused, Some(50_000_000));
                assert_finished(lang, &meaning);
                assert!(!meaning.fix.is_empty());
                told.push(meaning.cause);
            }
            told.sort();
            told.dedup();
            assert_eq!(told.len(), causes.len());
        }
        let not_sent_causes = [
            NotSentCause::ConnectionLost,
            NotSentCause::Smtputf8Missing,
            NotSentCause::EightBitMimeMissing,
            NotSentCause::NoRecipients,
            NotSentCause::Unreadable,
        ];
        for cause in not_sent_causes {
            assert_finished(lang, &not_sent(lang, cause));
        }
        assert_finished(lang, &unknown(lang));
    }
}
