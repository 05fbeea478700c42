//! The announced capabilities, and the extensions that the client enables for them.

use bytes::Bytes;
use mail_net::TlsMode;
use mail_proto::imap::{
    Capability, Command, Enable, Event, FetchItem, Mailbox, SequenceSet, Status,
};

use super::super::credentials;
use super::super::imap_session::{Imap, text};
use super::super::machine::Authority;
use super::everything;

// docs/protocols.md, IMAP: servers nobody here wrote
#[tokio::test]
async fn every_capability_that_dovecot_announces_is_known_or_stored() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    // Capabilities that the client does not use. If a newer Dovecot announces more, this list shows
    // it.
    let mut others = imap.check_announced_capabilities().await;
    others.sort_unstable();
    assert_eq!(
        others,
        [
            "CATENATE",
            "I18NLEVEL=1",
            "PREVIEW=FUZZY",
            "SNIPPET=FUZZY",
            "THREAD=REFS",
            "URL-PARTIAL",
        ]
    );
    imap.log_out().await;
}

#[tokio::test]
async fn capabilities_from_before_starttls_are_discarded() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::connect(&authority, dovecot.imap, TlsMode::StartTls).await;
    assert!(!imap.has(Capability::StartTls), "{}", imap.transcript());
    assert_eq!(imap.sign_in(credentials()).await.status, Status::Ok);
    assert!(imap.has(Capability::Move), "{}", imap.transcript());
}

#[tokio::test]
async fn id_and_namespace_return_their_data() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let id = imap
        .ok(Command::Id(vec![(text("name"), text("Restante"))]))
        .await;
    let fields = id.find(|event| match event {
        Event::Id(fields) => Some(fields.clone()),
        _ => None,
    });
    let name = (Bytes::from("name"), Some(Bytes::from("Dovecot")));
    assert!(fields.contains(&name), "{fields:?}");

    let namespace = imap.ok(Command::Namespace).await;
    let namespace = namespace.find(|event| match event {
        Event::Namespace(data) => Some(data.clone()),
        _ => None,
    });
    let [personal] = &namespace.personal[..] else {
        panic!("{namespace:?}")
    };
    assert_eq!(
        (&personal.prefix[..], personal.delimiter),
        (&b""[..], Some(b'/'))
    );
}

#[tokio::test]
async fn enable_turns_qresync_on() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    let enabled = imap.ok(Command::Enable(vec![Enable::QResync])).await;
    let enabled = enabled.find(|event| match event {
        Event::Enabled(capabilities) => Some(capabilities.clone()),
        _ => None,
    });
    assert!(enabled.has(Capability::QResync), "{enabled:?}");
}

#[tokio::test]
async fn quota_usage_is_reported_and_grows_with_the_mailbox() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(imap.has(Capability::Quota), "{}", imap.transcript());
    let used = async |imap: &mut Imap| {
        let responses = imap.ok(Command::GetQuotaRoot(Mailbox::inbox())).await;
        let roots = responses.find(|event| match event {
            Event::QuotaRoot(data) => Some(data.roots.clone()),
            _ => None,
        });
        assert_eq!(roots, ["User quota"]);
        responses.find(|event| match event {
            Event::Quota(data) => data.storage_bytes(),
            _ => None,
        })
    };
    assert_eq!(used(&mut imap).await, (0, 100 << 20));
    let big = [super::super::message("big"), vec![b'x'; 300 << 10]].concat();
    imap.append(&Mailbox::inbox(), &big).await;
    let (used, max) = used(&mut imap).await;
    assert!((300 << 10..310 << 10).contains(&used), "{used}");
    assert_eq!(max, 100 << 20);
    let responses = imap
        .ok(Command::GetQuota {
            root: text("User quota"),
        })
        .await;
    responses.find(|event| match event {
        Event::Quota(data) => data.storage_bytes(),
        _ => None,
    });
}

// docs/protocols.md, IMAP: COMPRESS
#[tokio::test]
async fn message_is_appended_and_fetched_unchanged_over_deflate() {
    let authority = Authority::new();
    let dovecot = everything(&authority);
    let mut imap = Imap::signed_in(&authority, dovecot.imaps).await;
    assert!(
        imap.has(Capability::CompressDeflate),
        "{}",
        imap.transcript()
    );
    imap.ok(Command::Compress).await;
    let body: String = (0..40_000).map(|n| format!("line {n}\r\n")).collect();
    let message = [super::super::message("packed"), body.into_bytes()].concat();
    imap.append(&Mailbox::inbox(), &message).await;
    imap.ok(Command::Select(Mailbox::inbox())).await;
    let items = vec![FetchItem::BodyPeek {
        section: mail_proto::imap::Section::message(),
        partial: None,
    }];
    let responses = imap.fetch(SequenceSet::all(), items).await;
    assert!(responses.literals == [message], "not what was stored");
    imap.log_out().await;
}
