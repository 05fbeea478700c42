//! The sign-in that is stored while messages need it.

use super::*;

async fn stored_sign_ins(fixture: &Fixture) -> i64 {
    fixture
        .count("SELECT COUNT(*) FROM delegated_sign_in")
        .await
}

#[tokio::test]
async fn sign_in_is_stored_with_a_message_and_deleted_with_the_last() {
    let fixture = Fixture::new().await;
    let ledger = &fixture.ledger;
    fixture.insert_with_message("one").await;
    fixture.insert_with_message("two").await;
    assert_eq!(ledger.delegated_due(i64::MAX).await.unwrap(), [ann()]);
    let opened = ledger.delegated_sign_in(&ann()).await.unwrap().unwrap();
    assert_eq!(opened.password.expose(), sign_in().password.expose());
    assert_eq!(opened.outgoing, sign_in().outgoing);

    for left in [1, 0] {
        let mut row = ledger
            .outbox_claim(&ann(), i64::MAX)
            .await
            .unwrap()
            .unwrap();
        row.end(RecipientState::HandedOver);
        row.message.copy = SentCopy::NotKept;
        row.spool = None;
        ledger.delegated_delete_unneeded().await.unwrap();
        assert_eq!(stored_sign_ins(&fixture).await, 1, "it is being sent");
        assert!(ledger.outbox_save(&row, true).await.unwrap());
        ledger.delegated_delete_unneeded().await.unwrap();
        assert_eq!(stored_sign_ins(&fixture).await, left);
    }
    assert!(ledger.delegated_sign_in(&ann()).await.unwrap().is_none());
}

#[tokio::test]
async fn refused_password_leaves_no_sign_in_and_no_message_tries_it_again() {
    let fixture = Fixture::new().await;
    let ledger = &fixture.ledger;
    fixture.insert_with_message("one").await;
    fixture.insert_with_message("two").await;
    ledger.outbox_await_sign_in(&ann()).await.unwrap();
    assert_eq!(stored_sign_ins(&fixture).await, 0);
    assert!(
        ledger
            .outbox_claim(&ann(), i64::MAX)
            .await
            .unwrap()
            .is_none()
    );

    // The next sign-in, with another password, is stored for them.
    ledger.outbox_release(&ann()).await.unwrap();
    ledger
        .delegate_if_needed(&ann(), sign_in(), 1)
        .await
        .unwrap();
    assert_eq!(ledger.delegated_due(i64::MAX).await.unwrap(), [ann()]);
}

#[tokio::test]
async fn sign_in_of_an_account_without_messages_is_not_stored() {
    let fixture = Fixture::new().await;
    let ledger = &fixture.ledger;
    ledger
        .delegate_if_needed(&ann(), sign_in(), 1)
        .await
        .unwrap();
    assert_eq!(stored_sign_ins(&fixture).await, 0);
    assert_eq!(ledger.delegated_next_due(0).await.unwrap(), None);
}

#[tokio::test]
async fn damaged_sign_in_is_deleted_and_its_messages_wait() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("one").await;
    let pool = fixture.ledger.store.pool();
    sqlx::query("UPDATE delegated_sign_in SET sealed = x'01'")
        .execute(pool)
        .await
        .unwrap();
    let opened = fixture.ledger.delegated_sign_in(&ann()).await.unwrap();
    assert!(opened.is_none());
    assert_eq!(stored_sign_ins(&fixture).await, 0);
    assert_eq!(fixture.count("SELECT COUNT(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn password_is_in_no_file_of_the_state_folder() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("one").await;
    fixture.ledger.store.close().await;
    let secret = sign_in().password.expose().as_bytes().to_vec();
    for file in std::fs::read_dir(fixture.dir.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let is_found = bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!is_found, "{}", path.display());
        }
    }
}
