//! Each mechanism of Dovecot, alone, by IMAP, POP3 and through Postfix by SMTP: the right password
//! signs in; a wrong one is refused with its code, and the right one may follow.
//!
//! Dovecot 2.3 has no SCRAM with channel binding, so `-PLUS` is not tested here.

use mail_net::TlsMode;
use mail_proto::Secret;
use mail_proto::imap::{Code, Status};
use mail_proto::pop3;
use mail_proto::sasl::Credentials;

use super::imap_session::Imap;
use super::machine::{ADDRESS, Authority, Dovecot, Folder, Postfix};
use super::pop3_session::Pop3;
use super::smtp_session::Smtp;
use super::{credentials, wrong_credentials};

/// Signs in by one mechanism over all protocols.
async fn signs_in_by(mechanism: &str) {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, &format!("auth_mechanisms = {mechanism}"));
    let postfix = Postfix::start(&authority, &dovecot);
    let both = || [wrong_credentials(), credentials()];
    for (port, tls) in [
        (dovecot.imaps, TlsMode::Implicit),
        (dovecot.imap, TlsMode::StartTls),
    ] {
        by_imap(&authority, port, tls, mechanism, both()).await;
    }
    // Dovecot always announces USER, and over TLS the client prefers it to these two.
    let pop3 = match mechanism {
        "LOGIN" => vec![],
        "CRAM-MD5" => vec![(dovecot.pop3, TlsMode::Plain)],
        _ => vec![
            (dovecot.pop3s, TlsMode::Implicit),
            (dovecot.pop3, TlsMode::StartTls),
        ],
    };
    for (port, tls) in pop3 {
        by_pop3(&authority, port, tls, mechanism, both()).await;
    }
    for (port, tls) in [
        (postfix.smtps, TlsMode::Implicit),
        (postfix.submission, TlsMode::StartTls),
    ] {
        by_smtp(&authority, port, tls, mechanism, both()).await;
    }
}

async fn by_imap(
    authority: &Authority,
    port: u16,
    tls: TlsMode,
    mechanism: &str,
    [wrong, right]: [Credentials; 2],
) {
    let mut imap = Imap::connect(authority, port, tls).await;
    let refused = imap.sign_in(wrong).await;
    assert_eq!(refused.status, Status::No, "{}", imap.transcript());
    assert_eq!(
        refused.code,
        Some(Code::AuthenticationFailed),
        "{}",
        imap.transcript()
    );
    let accepted = imap.sign_in(right).await;
    assert_eq!(accepted.status, Status::Ok, "{}", imap.transcript());
    if mechanism != "LOGIN" {
        assert!(
            imap.has_sent(&format!("AUTHENTICATE {mechanism}")),
            "{}",
            imap.transcript()
        );
    }
    imap.log_out().await;
}

async fn by_pop3(
    authority: &Authority,
    port: u16,
    tls: TlsMode,
    mechanism: &str,
    [wrong, right]: [Credentials; 2],
) {
    let mut pop3 = Pop3::connect(authority, port, tls).await;
    let refused = pop3.sign_in(wrong).await.refused.expect("a refusal");
    assert_eq!(
        refused.code,
        Some(pop3::ResponseCode::Auth),
        "{}",
        pop3.transcript()
    );
    let accepted = pop3.sign_in(right).await;
    assert!(accepted.accepted.is_some(), "{}", pop3.transcript());
    assert!(
        pop3.has_sent(&format!("AUTH {mechanism}")),
        "{}",
        pop3.transcript()
    );
    pop3.quit().await;
}

async fn by_smtp(
    authority: &Authority,
    port: u16,
    tls: TlsMode,
    mechanism: &str,
    [wrong, right]: [Credentials; 2],
) {
    let mut smtp = Smtp::connect(authority, port, tls, false).await;
    let refused = smtp.sign_in(wrong).await.expect("a refusal");
    assert_eq!(refused.code, 535, "{}", smtp.transcript());
    assert_eq!(smtp.sign_in(right).await, None, "{}", smtp.transcript());
    assert!(
        smtp.has_sent(&format!("AUTH {mechanism}")),
        "{}",
        smtp.transcript()
    );
    smtp.quit().await;
}

#[tokio::test]
async fn plain_signs_in_and_is_refused_with_its_code() {
    signs_in_by("PLAIN").await;
}

#[tokio::test]
async fn login_signs_in_and_is_refused_with_its_code() {
    signs_in_by("LOGIN").await;
}

#[tokio::test]
async fn cram_md5_signs_in_and_is_refused_with_its_code() {
    signs_in_by("CRAM-MD5").await;
}

#[tokio::test]
async fn scram_sha_1_signs_in_and_is_refused_with_its_code() {
    signs_in_by("SCRAM-SHA-1").await;
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn scram_sha_256_signs_in_and_is_refused_with_its_code() {
    signs_in_by("SCRAM-SHA-256").await;
}

/// A token for [`ADDRESS`] that expires in the year 2100, and one with a forged signature. Both
/// name HS256; the first is signed with the key below.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hQHNlcnZlcnMudGVzdCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.CZo6SbYPWnQbp_YzkhRDscYoQbRUIORN6UXT6wWb0ew";
const FORGED_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hQHNlcnZlcnMudGVzdCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.CZo6SbYPWnQbp_YzkhRDscYoQbRUIORN6UXT6wWb0eA";
/// "a key of the test", in base64.
const TOKEN_KEY: &str = "YSBrZXkgb2YgdGhlIHRlc3Q=";

/// Signs in with a token over all protocols; Dovecot verifies it locally with its key.
async fn token_signs_in_by(mechanism: &str) {
    let authority = Authority::new();
    let folder = Folder::new("tokens");
    let keys = folder.join("keys/default/HS256");
    std::fs::create_dir_all(keys).expect("a folder for keys");
    folder.write("keys/default/HS256/default", TOKEN_KEY);
    let dir = folder.path().display();
    let oauth2 = folder.write(
        "oauth2",
        &format!(
            "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={dir}/keys/\n\
             username_attribute = sub\n"
        ),
    );
    let dovecot = Dovecot::start_with(
        &authority,
        &format!(
            "auth_mechanisms = {mechanism}\npassdb {{\n  driver = oauth2\n  \
             mechanisms = xoauth2 oauthbearer\n  args = {}\n}}",
            oauth2.display()
        ),
    );
    let postfix = Postfix::start(&authority, &dovecot);
    let tokens = || {
        [FORGED_TOKEN, TOKEN]
            .map(|token| Credentials::with_token(ADDRESS, Secret::new(token)).expect("a token"))
    };
    let tls = TlsMode::Implicit;
    by_imap(&authority, dovecot.imaps, tls, mechanism, tokens()).await;
    by_pop3(&authority, dovecot.pop3s, tls, mechanism, tokens()).await;
    by_smtp(&authority, postfix.smtps, tls, mechanism, tokens()).await;
}

#[tokio::test]
async fn xoauth2_signs_in_with_a_token_and_a_forged_one_is_refused() {
    token_signs_in_by("XOAUTH2").await;
}

// docs/protocols.md, SMTP: a server nobody here wrote
#[tokio::test]
async fn oauthbearer_signs_in_with_a_token_and_a_forged_one_is_refused() {
    token_signs_in_by("OAUTHBEARER").await;
}

// docs/protocols.md, POP3: a server nobody here wrote
#[tokio::test]
async fn apop_signs_in_without_tls_and_is_refused_with_its_code() {
    let authority = Authority::new();
    let dovecot = Dovecot::start_with(&authority, "auth_mechanisms = plain apop");
    let mut pop3 = Pop3::connect(&authority, dovecot.pop3, TlsMode::Plain).await;
    let refused = pop3.sign_in(wrong_credentials()).await.refused;
    let refused = refused.expect("a refusal");
    assert_eq!(
        refused.code,
        Some(pop3::ResponseCode::Auth),
        "{}",
        pop3.transcript()
    );
    let mut pop3 = Pop3::connect(&authority, dovecot.pop3, TlsMode::Plain).await;
    let accepted = pop3.sign_in(credentials()).await;
    assert!(accepted.accepted.is_some(), "{}", pop3.transcript());
    assert!(pop3.has_sent("APOP"), "{}", pop3.transcript());
    pop3.quit().await;
}

#[tokio::test]
async fn the_strongest_offered_mechanism_is_chosen() {
    let authority = Authority::new();
    let mechanisms = "auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256";
    let dovecot = Dovecot::start_with(&authority, mechanisms);
    let imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(
        imap.has_sent("AUTHENTICATE SCRAM-SHA-256"),
        "{}",
        imap.transcript()
    );
    let pop3 = Pop3::signed_in(&authority, dovecot.pop3s).await;
    assert!(pop3.has_sent("AUTH SCRAM-SHA-256"), "{}", pop3.transcript());
}
