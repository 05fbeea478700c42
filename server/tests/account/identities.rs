//! The names and addresses that an account sends as.

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::types::{ComposeKind, ComposeSource, Draft, Identity, IdentityId, OutboxState};
use mail_demo::ADDRESS;

use super::test_server::{Page, TestServer};

async fn identities(page: &Page) -> Vec<Identity> {
    let mut all = page.backend.identity_list().await.unwrap();
    all.remove(0).identities
}

async fn save(page: &Page, identity: Identity) {
    let saved = page.backend.identity_save(page.account.clone(), identity);
    saved.await.unwrap();
}

fn sales() -> Identity {
    Identity {
        name: "Sales 销售".to_owned(),
        address: "sales@restante.test".to_owned(),
        reply_to: "Team <team@restante.test>".to_owned(),
        signature: "The sales team\n杭州".to_owned(),
        is_copied: true,
        ..Identity::default()
    }
}

#[tokio::test]
async fn message_has_the_name_the_address_for_answers_and_the_copy_of_its_sender() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let own = identities(&page).await.remove(0);
    assert_eq!((own.id.as_str(), own.is_default), (IdentityId::OWN, true));
    save(&page, sales()).await;
    let [_, stored] = &identities(&page).await[..] else {
        panic!("one identity was added");
    };
    let draft = Draft {
        to: ADDRESS.to_owned(),
        subject: "Offer".to_owned(),
        body: "Hi".to_owned(),
        identity: Some(stored.id.clone()),
        ..Draft::default()
    };
    let source = page.source(&page.delivered(draft).await).await;
    assert!(source.contains("<sales@restante.test>"), "{source}");
    assert!(
        source.contains("Reply-To: \"Team\" <team@restante.test>"),
        "{source}"
    );
    assert!(!source.contains("Bcc:"), "{source}");
    let entry = page.backend.outbox_list(None).await.unwrap();
    let recipients: Vec<_> = entry.entries[0]
        .recipients
        .iter()
        .map(|recipient| recipient.address.as_str())
        .collect();
    assert_eq!(recipients, [ADDRESS, "sales@restante.test"]);
    assert_ne!(entry.entries[0].state, OutboxState::Waiting);
}

#[tokio::test]
async fn answer_comes_from_the_address_that_the_message_came_to() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    save(&page, sales()).await;
    let stored = identities(&page).await.remove(1);
    // A message that came to both addresses; the account's own is in Cc.
    let draft = Draft {
        to: "sales@restante.test".to_owned(),
        cc: ADDRESS.to_owned(),
        subject: "A question".to_owned(),
        body: "How much?".to_owned(),
        ..Draft::default()
    };
    let message = page.delivered(draft).await;
    let reply = |kind| ComposeSource {
        kind,
        folder: message.folder.folder.clone(),
        message: message.message.clone(),
    };
    let form = page
        .backend
        .compose_start(
            page.account.clone(),
            Some(reply(ComposeKind::ReplyAll)),
            Vec::new(),
        )
        .await
        .unwrap();
    // The account's own address stands first among the identities that the message came to.
    assert_eq!(form.draft.identity, Some(IdentityId::OWN.into()));

    let draft = Draft {
        to: "sales@restante.test".to_owned(),
        bcc: ADDRESS.to_owned(),
        subject: "Another question".to_owned(),
        body: "How many?".to_owned(),
        ..Draft::default()
    };
    let message = page.delivered(draft).await;
    let source = ComposeSource {
        kind: ComposeKind::Reply,
        folder: message.folder.folder,
        message: message.message,
    };
    let form = page
        .backend
        .compose_start(page.account.clone(), Some(source), Vec::new())
        .await
        .unwrap();
    assert_eq!(form.draft.identity, Some(stored.id));
    let (own, quotation) = form.draft.body.split_once("> How many?").unwrap();
    assert!(
        own.starts_with("\n\n-- \nThe sales team\n杭州\n\n"),
        "{own}"
    );
    assert_eq!(quotation.trim(), "");
}

#[tokio::test]
async fn identities_belong_to_the_account_and_survive_a_restart() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let new = Identity {
        is_default: true,
        ..sales()
    };
    save(&page, new).await;
    let again = server.open(server.imap()).await.unwrap();
    let stored = identities(&again).await;
    assert_eq!(stored.len(), 2);
    assert!(!stored[0].is_default && stored[1].is_default);
    let form = again
        .backend
        .compose_start(again.account.clone(), None, Vec::new());
    let form = form.await.unwrap();
    assert_eq!(form.draft.body, "\n\n-- \nThe sales team\n杭州\n");

    let deleted = again
        .backend
        .identity_delete(again.account.clone(), stored[1].id.clone());
    deleted.await.unwrap();
    // The account's own identity stays.
    let own = again
        .backend
        .identity_delete(again.account.clone(), IdentityId::OWN.into());
    own.await.unwrap();
    let left = identities(&page).await;
    assert_eq!(left.len(), 1);
    assert!(left[0].is_default);

    // A form that was opened before does not send from another address.
    let draft = Draft {
        to: ADDRESS.to_owned(),
        subject: "Late".to_owned(),
        body: "Hi".to_owned(),
        identity: Some(stored[1].id.clone()),
        ..Draft::default()
    };
    let refused = page.backend.message_send(page.account.clone(), draft).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.field.as_deref(), Some("from"));
}

#[tokio::test]
async fn address_that_is_none_is_refused_at_its_field() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    for (identity, field) in [
        (
            Identity {
                address: "nobody".to_owned(),
                ..sales()
            },
            "address",
        ),
        (
            Identity {
                reply_to: "a@b.example, half".to_owned(),
                ..sales()
            },
            "reply_to",
        ),
    ] {
        let refused = page.backend.identity_save(page.account.clone(), identity);
        let error = refused.await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
    }
    assert_eq!(identities(&page).await.len(), 1);
}
