//! A stored message that is passed on to others as it is (RFC 5322 §3.6.6).

use std::sync::Arc;

use app::api::types::ComposeSource;
use futures_util::StreamExt as _;
use mail_mime::compose::{OutgoingMessage, Redirect, RedirectedMessage};

use super::files::{create, too_large};
use super::{Composed, check_count, check_size, compose_error, drafts, open};
use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::domain::Redirected;

/// Copies a stored message into the spool, after the fields that say who passes it on to whom:
/// those of `outgoing`, whose text is not used.
///
/// # Errors
/// [`AccountError::Invalid`] if an address is invalid, the message is too large, or has an octet
/// that no server takes; otherwise the error of the request.
pub(super) async fn compose(
    handle: &AccountHandle,
    source: &ComposeSource,
    outgoing: &OutgoingMessage,
    max_bytes: u64,
) -> Result<Composed, AccountError> {
    let redirect = Redirect::new(outgoing).map_err(compose_error)?;
    check_count(redirect.recipients())?;
    let opened = open(handle, source).await?;
    let fields_bytes = u64::try_from(redirect.fields().len()).unwrap_or(u64::MAX);
    let size_bytes = opened.size_bytes.saturating_add(fields_bytes);
    if size_bytes > max_bytes {
        return Err(too_large(max_bytes));
    }
    check_size(handle, size_bytes)?;
    let mut writer = create(handle, size_bytes, max_bytes).await?;
    let written = writer.write(redirect.fields()).await;
    written.map_err(AccountError::spool)?;
    let (folder, message) = (source.folder.clone(), source.message.clone());
    let mut stream = handle.source(folder, message).await?;
    let mut redirected = RedirectedMessage::without(drafts::FIELD);
    let mut passed_on = Vec::new();
    while let Some(octets) = stream.next().await {
        passed_on.clear();
        redirected.push(&octets?, &mut passed_on);
        writer
            .write(&passed_on)
            .await
            .map_err(AccountError::spool)?;
    }
    passed_on.clear();
    let facts = redirected.finish(&mut passed_on);
    writer
        .write(&passed_on)
        .await
        .map_err(AccountError::spool)?;
    if facts.has_nul {
        return Err(AccountError::Invalid {
            field: "body",
            problem: InvalidField::NotPassedOn,
        });
    }
    Ok(Composed {
        sender: redirect.sender().clone(),
        recipients: redirect.recipients().to_vec(),
        subject: opened.headers.subject(),
        own_fields: redirect.own_fields().to_owned(),
        file: Arc::new(writer.finish().await.map_err(AccountError::spool)?),
        owned: Vec::new(),
        attachments: Vec::new(),
        redirected: Some(Redirected {
            has_8bit: facts.has_8bit,
        }),
    })
}
