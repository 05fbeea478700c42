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
        status = imap.request("s STATUS INBOX (MESSAGES)", "s ");
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
    let response = imap.request(&format!("a AUTHENTICATE PLAIN {}", plain()), "a ");
    assert!(response.contains("a OK"), "{response}\n{}", dovecot.log());
    let list = imap.request("b LIST \"\" *", "b ");
    assert!(
        list.contains("\\Sent") && list.contains("\\Trash"),
        "{list}"
    );

    let mut imap = Session::upgraded(&authority, dovecot.imap, "a STARTTLS\r\n");
    let response = imap.request(&format!("b AUTHENTICATE PLAIN {}", plain()), "b ");
    assert!(response.contains("b OK"), "{response}");

    let mut pop3 = Session::upgraded(&authority, dovecot.pop3, "STLS\r\n");
    let response = pop3.request(&format!("AUTH PLAIN {}", plain()), "+OK");
    assert!(response.contains("+OK"), "{response}");

    let mut pop3 = Session::implicit(&authority, dovecot.pop3s);
    assert!(pop3.line().starts_with("+OK"));
    let capabilities = pop3.request("CAPA", ".");
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
    imap.request(&format!("a AUTHENTICATE PLAIN {}", plain()), "a OK");
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
        let offers = smtp.request("EHLO client.test", "250 ");
        assert!(offers.contains("AUTH"), "{offers}\n{}", postfix.log());
        smtp.request(&format!("AUTH PLAIN {}", plain()), "235");
        smtp.request(&format!("MAIL FROM:<{ADDRESS}>"), "250");
        smtp.request(&format!("RCPT TO:<{ADDRESS}>"), "250");
        let unknown = smtp.request("RCPT TO:<nobody@servers.test>", "");
        assert!(unknown.starts_with("550"), "{unknown}");
        let elsewhere = smtp.request("RCPT TO:<someone@elsewhere.test>", "");
        assert!(elsewhere.starts_with("5"), "{elsewhere}");
        smtp.request("DATA", "354");
        smtp.request("Subject: through postfix\r\n\r\nhello\r\n.", "250");
        smtp.request("QUIT", "221");
    }

    let mut imap = Session::implicit(&authority, dovecot.imaps);
    imap.line();
    imap.request(&format!("a AUTHENTICATE PLAIN {}", plain()), "a OK");
    inbox_reaches(&mut imap, 2, &dovecot);
}

#[test]
fn postfix_offers_no_login_before_tls() {
    let authority = Authority::new();
    let dovecot = Dovecot::start(&authority);
    let postfix = Postfix::start(&authority, &dovecot);
    let mut smtp = Session::plain(postfix.submission);
    smtp.line();
    let offers = smtp.request("EHLO client.test", "250 ");
    assert!(
        offers.contains("STARTTLS") && !offers.contains("AUTH"),
        "{offers}"
    );
    let refused = smtp.request(&format!("MAIL FROM:<{OTHER_ADDRESS}>"), "");
    assert!(refused.starts_with("530"), "{refused}");
}

#[test]
fn nginx_example_starts_and_responds_with_502_without_the_product() {
    let authority = Authority::new();
    let nginx = Nginx::start(&authority, super::free_port());
    let mut web = Session::implicit(&authority, nginx.https);
    let response = web.request(
        "GET /webmail/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
        "HTTP/1.1",
    );
    assert!(
        response.starts_with("HTTP/1.1 502"),
        "{response}\n{}",
        nginx.log()
    );
}
