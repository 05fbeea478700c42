//! The servers themselves respond as the cases expect: a failure here is not one of the product.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::machine::holds_within;
use super::mail_session::Session;
use super::{ADDRESS, Authority, Dovecot, Nginx, OTHER_ADDRESS, PASSWORD, Postfix};

/// Returns the initial response of `AUTHENTICATE PLAIN`.
fn plain() -> String {
    STANDARD.encode(format!("\0{ADDRESS}\0{PASSWORD}"))
}

/// Polls until INBOX holds `count` messages, because delivery takes time.
fn inbox_reaches(imap: &mut Session, count: usize, dovecot: &Dovecot) {
    let mut status = String::new();
    let reached = holds_within(Duration::from_secs(10), || {
        status = imap.ask("s STATUS INBOX (MESSAGES)", "s ");
        status.contains(&format!("(MESSAGES {count})"))
    });
    assert!(reached, "{status}\n{}", dovecot.log());
}

#[test]
fn dovecot_signs_in_over_implicit_tls_and_starttls() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);

    let mut imap = Session::implicit(&authority, dovecot.imaps);
    assert!(imap.line().starts_with("* OK"));
    let answer = imap.ask(&format!("a AUTHENTICATE PLAIN {}", plain()), "a ");
    assert!(answer.contains("a OK"), "{answer}\n{}", dovecot.log());
    let list = imap.ask("b LIST \"\" *", "b ");
    assert!(
        list.contains("\\Sent") && list.contains("\\Trash"),
        "{list}"
    );

    let mut imap = Session::upgraded(&authority, dovecot.imap, "a STARTTLS\r\n");
    let answer = imap.ask(&format!("b AUTHENTICATE PLAIN {}", plain()), "b ");
    assert!(answer.contains("b OK"), "{answer}");

    let mut pop3 = Session::upgraded(&authority, dovecot.pop3, "STLS\r\n");
    let answer = pop3.ask(&format!("AUTH PLAIN {}", plain()), "+OK");
    assert!(answer.contains("+OK"), "{answer}");

    let mut pop3 = Session::implicit(&authority, dovecot.pop3s);
    assert!(pop3.line().starts_with("+OK"));
    let capabilities = pop3.ask("CAPA", ".");
    assert!(capabilities.contains("UIDL"), "{capabilities}");
}

#[test]
fn a_delivered_message_is_in_the_inbox() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    dovecot.deliver(
        ADDRESS,
        b"From: a@b.test\r\nSubject: put there\r\n\r\nhello\r\n",
    );
    let mut imap = Session::implicit(&authority, dovecot.imaps);
    imap.line();
    imap.ask(&format!("a AUTHENTICATE PLAIN {}", plain()), "a OK");
    inbox_reaches(&mut imap, 1, &dovecot);
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[test]
fn mail_through_postfix_arrives_in_dovecot() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    let postfix = Postfix::start(&authority, &dovecot);

    let mut over_tls = Session::implicit(&authority, postfix.smtps);
    assert!(over_tls.line().starts_with("220"));
    let mut upgraded = Session::upgraded(&authority, postfix.submission, "STARTTLS\r\n");
    for smtp in [&mut over_tls, &mut upgraded] {
        let offers = smtp.ask("EHLO client.test", "250 ");
        assert!(offers.contains("AUTH"), "{offers}\n{}", postfix.log());
        smtp.ask(&format!("AUTH PLAIN {}", plain()), "235");
        smtp.ask(&format!("MAIL FROM:<{ADDRESS}>"), "250");
        smtp.ask(&format!("RCPT TO:<{ADDRESS}>"), "250");
        let unknown = smtp.ask("RCPT TO:<nobody@servers.test>", "");
        assert!(unknown.starts_with("550"), "{unknown}");
        let elsewhere = smtp.ask("RCPT TO:<someone@elsewhere.test>", "");
        assert!(elsewhere.starts_with("5"), "{elsewhere}");
        smtp.ask("DATA", "354");
        smtp.ask("Subject: through postfix\r\n\r\nhello\r\n.", "250");
        smtp.ask("QUIT", "221");
    }

    let mut imap = Session::implicit(&authority, dovecot.imaps);
    imap.line();
    imap.ask(&format!("a AUTHENTICATE PLAIN {}", plain()), "a OK");
    inbox_reaches(&mut imap, 2, &dovecot);
}

#[test]
fn postfix_offers_no_login_before_tls() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    let postfix = Postfix::start(&authority, &dovecot);
    let mut smtp = Session::plain(postfix.submission);
    smtp.line();
    let offers = smtp.ask("EHLO client.test", "250 ");
    assert!(
        offers.contains("STARTTLS") && !offers.contains("AUTH"),
        "{offers}"
    );
    let refused = smtp.ask(&format!("MAIL FROM:<{OTHER_ADDRESS}>"), "");
    assert!(refused.starts_with("530"), "{refused}");
}

#[test]
fn the_nginx_example_starts_and_says_when_the_product_is_away() {
    let authority = Authority::new();
    let nginx = Nginx::start(&authority, super::free_port());
    let mut web = Session::implicit(&authority, nginx.https);
    let answer = web.ask(
        "GET /webmail/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
        "HTTP/1.1",
    );
    assert!(
        answer.starts_with("HTTP/1.1 502"),
        "{answer}\n{}",
        nginx.log()
    );
}
