//! Leaves the mailing list of a message by one click (RFC 8058).

use app::api::types::{FolderId, MessageId};
use mail_mime::auth_results::{self, Provider};
use mail_mime::header::Headers;
use mail_mime::list_fields::{self, ListFields, ONE_CLICK, OneClick};
use mail_net::https::{self, FormPost, PostError};
use tokio::sync::Semaphore;

use super::AccountHandle;
use crate::account::error::{AccountError, NotLeft};

/// How many lists all sessions leave at a time.
static LEAVING: Semaphore = Semaphore::const_new(8);

impl AccountHandle {
    /// Returns where the form is posted that leaves the list of a message; `None` if it offers
    /// none, if the receiving server did not find a valid signature of the list over the offer
    /// (RFC 8058 §4), or if the operator does not allow a connection to it.
    pub(crate) fn one_click(&self, headers: &Headers) -> Option<OneClick> {
        let offered = ListFields::of(headers).unsubscribe?.one_click?;
        let provider = Provider::of(headers, &self.sign_in().incoming.host);
        let found = auth_results::verdict(headers, &|id| provider.is_own(id))?;
        let passed = found.dkim?.passed_domains;
        let is_admitted = self.inner.dialer.admit_web(&offered.host, offered.port);
        let is_offered = is_admitted.is_ok() && list_fields::is_signed_by(headers, &passed);
        is_offered.then_some(offered)
    }

    /// Posts the form that leaves the list of a message. Returns the host that accepted it.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the message does not offer it; [`AccountError::NotLeft`].
    pub(crate) async fn leave_list(
        &self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<String, AccountError> {
        let opened = self.open(folder, message).await?;
        let offered = self.one_click(&opened.headers);
        let offered = offered.ok_or(AccountError::NotFound)?;
        let post = FormPost {
            host: offered.host,
            port: offered.port,
            target: offered.target,
            form: ONE_CLICK,
        };
        let _permit = LEAVING.acquire().await;
        let why = match https::post_form(&self.inner.dialer, &post).await {
            Ok(200..=299) => return Ok(post.host),
            Ok(status) => NotLeft::Refused { status },
            Err(PostError::Dial(error)) => {
                tracing::info!(%error, host = post.host, "a list was not left");
                NotLeft::Unreachable
            }
            Err(error) => {
                tracing::info!(%error, host = post.host, "whether a list was left is not known");
                NotLeft::Unknown
            }
        };
        Err(AccountError::NotLeft {
            host: post.host,
            why,
        })
    }
}
