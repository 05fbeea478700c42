//! `restante send --direct` with a scripted name server and mail hosts on loopback.

use std::net::{Ipv4Addr, SocketAddr};

use super::dns::{NameServer, Record};
use super::{RunOutput, restante};
use crate::account::parts::Protocol;
use crate::account::peer::{Act, Fault, Peer};

const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// An address on which no server listens.
const UNUSED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// A mail host with STARTTLS, whose certificate is for another name.
async fn host(address: Ipv4Addr, port: u16, fault: Option<Fault>) -> Peer {
    Peer::start_at(
        SocketAddr::from((address, port)),
        Protocol::Smtp,
        false,
        fault,
    )
    .await
}

fn fault(at: &'static str, act: Act, times: u32) -> Option<Fault> {
    Some(Fault { at, act, times })
}

async fn send(name_server: &NameServer, port: u16, to: &[&str]) -> RunOutput {
    let (resolver, port) = (name_server.address.to_string(), port.to_string());
    let to = to.iter().flat_map(|address| ["--to", address]);
    restante(&[
        "send",
        "--direct",
        "--from",
        "ann@sender.test",
        "--json",
        "--transcript",
    ])
    .args(["--resolver", &resolver, "--mx-port", &port])
    .args(to)
    .end()
    .await
}

fn outcome(output: &RunOutput, nth: usize) -> String {
    let report = output.json();
    report["recipients"][nth]["outcome"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn mx_hosts_are_tried_in_the_order_of_their_preference() {
    let first = host(FIRST, 0, None).await;
    let second = host(SECOND, first.port, None).await;
    let name_server = NameServer::start(&[
        ("x.test", Record::Mx(20, "late.x.test")),
        ("x.test", Record::Mx(10, "soon.x.test")),
        ("x.test", Record::Mx(5, "gone.x.test")),
        ("late.x.test", Record::A(FIRST)),
        ("soon.x.test", Record::A(SECOND)),
        ("gone.x.test", Record::A(UNUSED)),
    ])
    .await;
    let output = send(&name_server, first.port, &["bob@x.test", "eve@X.Test"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(first.connections(), 0, "the later one is not needed");
    assert_eq!(
        second.accepted().len(),
        1,
        "one message for both recipients"
    );
    let server = output.json()["recipients"][0]["server"].to_string();
    assert!(server.contains("soon.x.test"), "{server}");
    assert!(
        output.stderr.contains("> STARTTLS"),
        "TLS where it is offered"
    );
    assert!(output.stderr.contains("> EHLO [127.0.0.1]"), "{output:?}");
}

#[tokio::test]
async fn temporary_refusal_passes_the_message_to_the_next_host_and_a_permanent_one_does_not() {
    for (reply, code, accepted) in [
        ("450 4.2.1 greylisted\r\n", 0, 1),
        ("550 5.7.1 not from you\r\n", 2, 0),
    ] {
        let first = host(FIRST, 0, fault("MAIL", Act::Reply(reply), 1)).await;
        let second = host(SECOND, first.port, None).await;
        let name_server = NameServer::start(&[
            ("x.test", Record::Mx(1, "a.x.test")),
            ("x.test", Record::Mx(2, "b.x.test")),
            ("a.x.test", Record::A(FIRST)),
            ("b.x.test", Record::A(SECOND)),
        ])
        .await;
        let output = send(&name_server, first.port, &["bob@x.test"]).await;
        assert_eq!(output.code, code, "{output:?}");
        assert_eq!(
            (first.connections(), second.accepted().len()),
            (1, accepted)
        );
    }
}

#[tokio::test]
async fn message_that_may_have_been_sent_is_not_passed_to_the_next_host() {
    let first = host(FIRST, 0, fault(".", Act::Close(""), 1)).await;
    let second = host(SECOND, first.port, None).await;
    let name_server = NameServer::start(&[
        ("x.test", Record::Mx(1, "a.x.test")),
        ("x.test", Record::Mx(2, "b.x.test")),
        ("a.x.test", Record::A(FIRST)),
        ("b.x.test", Record::A(SECOND)),
    ])
    .await;
    let output = send(&name_server, first.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 4, "{output:?}");
    assert_eq!(second.connections(), 0);
}

#[tokio::test]
async fn a_domain_without_mx_is_its_own_host() {
    let peer = host(FIRST, 0, None).await;
    let name_server = NameServer::start(&[("x.test", Record::A(FIRST))]).await;
    let output = send(&name_server, peer.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(peer.accepted().len(), 1);
}

#[tokio::test]
async fn a_null_mx_is_refused_at_once() {
    let peer = host(FIRST, 0, None).await;
    let name_server =
        NameServer::start(&[("x.test", Record::Mx(0, ".")), ("x.test", Record::A(FIRST))]).await;
    let output = send(&name_server, peer.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stdout.contains("takes no mail"), "{output:?}");
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn failing_name_server_is_exit_3_and_the_domain_is_not_used_as_the_host() {
    let peer = host(FIRST, 0, None).await;
    let name_server = NameServer::start(&[("x.test", Record::Failure)]).await;
    let output = send(&name_server, peer.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 3, "{output:?}");
    assert_eq!(outcome(&output, 0), "not_sent");
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn each_domain_gets_its_result() {
    let peer = host(FIRST, 0, None).await;
    let name_server = NameServer::start(&[
        ("x.test", Record::A(FIRST)),
        ("y.test", Record::Mx(1, "nowhere.y.test")),
        ("nowhere.y.test", Record::Nothing),
    ])
    .await;
    let to = ["a@x.test", "b@gone.test", "nobody@x.test", "c@y.test"];
    let output = send(&name_server, peer.port, &to).await;
    assert_eq!(output.code, 1, "{output:?}");
    let outcomes: Vec<_> = (0..4).map(|nth| outcome(&output, nth)).collect();
    assert_eq!(outcomes, ["accepted", "refused", "refused", "refused"]);
    assert_eq!(peer.accepted().len(), 1);
}

// docs/protocols.md, SMTP: direct delivery
#[tokio::test]
async fn an_alias_leads_to_addresses_and_changes_no_name() {
    let peer = host(FIRST, 0, None).await;
    let name_server = NameServer::start(&[
        ("x.test", Record::Mx(1, "mail.x.test")),
        ("mail.x.test", Record::Alias("big.provider.test")),
        ("big.provider.test", Record::A(FIRST)),
    ])
    .await;
    let output = send(&name_server, peer.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    let server = output.json()["recipients"][0]["server"].to_string();
    assert!(server.contains("mail.x.test"), "{server}");
    assert!(
        output.stderr.contains("> RCPT TO:<bob@x.test>"),
        "{output:?}"
    );
    assert!(name_server.was_queried("mail.x.test"));
}

// docs/protocols.md, SMTP: direct delivery
#[tokio::test]
async fn host_without_starttls_gets_the_message_anyway() {
    let hello = Act::Reply("250-peer\r\n250 PIPELINING\r\n");
    let peer = host(FIRST, 0, fault("EHLO", hello, 2)).await;
    let name_server = NameServer::start(&[("x.test", Record::A(FIRST))]).await;
    let output = send(&name_server, peer.port, &["bob@x.test"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(peer.accepted().len(), 1);
}

#[tokio::test]
async fn host_with_failing_tls_gets_the_message_anyway() {
    for act in [
        Act::Reply("454 4.7.0 TLS not available\r\n"),
        // The following bytes are not a handshake.
        Act::Close("220 2.0.0 go on\r\n"),
    ] {
        let peer = host(FIRST, 0, fault("STARTTLS", act, 1)).await;
        let name_server = NameServer::start(&[("x.test", Record::A(FIRST))]).await;
        let output = send(&name_server, peer.port, &["bob@x.test"]).await;
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!((peer.accepted().len(), peer.connections()), (1, 2));
    }
}

#[tokio::test]
async fn an_address_literal_needs_no_name_server() {
    let peer = host(FIRST, 0, None).await;
    let name_server = NameServer::start(&[]).await;
    let output = send(&name_server, peer.port, &["bob@[127.0.0.2]"]).await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(peer.accepted().len(), 1);
}
