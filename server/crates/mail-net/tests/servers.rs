//! Tests with real mail servers. Each case starts the servers that it needs, in their own folders
//! and on free ports. The fixtures are shared with the product's tests.

mod courier;
mod courier_imap;
mod courier_pop3;
mod dovecot_imap;
mod dovecot_pop3;
mod imap_session;
#[path = "../../../tests/servers/machine/mod.rs"]
mod machine;
mod pop3_session;
mod postfix;
mod sign_in;
mod smtp_session;

use std::sync::Arc;

use mail_net::{Connection, Dialer, Egress, Endpoint, Phase, Recorder, TlsMode, Trust};
use mail_proto::sasl::Credentials;
use mail_proto::{Machine, Secret, Transcribed};

use self::machine::{ADDRESS, Authority, PASSWORD};

/// Connects a protocol client to a server with the authority's certificate, and records its
/// transcript.
async fn connect<M: Machine + Transcribed>(
    authority: &Authority,
    port: u16,
    tls: TlsMode,
    machine: M,
    phase: Phase,
) -> (Connection<M>, Recorder) {
    let trust = Trust {
        is_platform_trusted: false,
        ca_pem: vec![authority.ca_pem().to_owned()],
    };
    let config = trust.client_config().expect("a TLS configuration");
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
    };
    let dialer = Dialer::new(Egress::unrestricted(), Arc::clone(&config));
    let transport = dialer.open(&endpoint, None).await.expect("a connection");
    let recorder = Recorder::new(1 << 20);
    let connection = Connection::new(machine, transport, config, endpoint.host, phase)
        .recorded_by(recorder.clone());
    (connection, recorder)
}

fn credentials() -> Credentials {
    Credentials::new(ADDRESS, Secret::new(PASSWORD)).expect("credentials")
}

fn wrong_credentials() -> Credentials {
    Credentials::new(ADDRESS, Secret::new("not the password")).expect("credentials")
}

/// Formats a message with a subject that identifies it.
fn message(subject: &str) -> Vec<u8> {
    format!(
        "From: Ben <ben@servers.test>\r\nTo: anna@servers.test\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@servers.test>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n\
         The body of {subject}.\r\n"
    )
    .into_bytes()
}
