//! Sending through a submission server, and the transaction that direct delivery shares.

use std::sync::atomic::{AtomicBool, Ordering};

use mail_net::Dialer;
use mail_proto::Secret;
use mail_proto::smtp::{Cause, EhloName, Outcome};
use tokio_util::sync::CancellationToken;

use super::message::Message;
use super::not_sent_reports;
use super::report::{RecipientReport, reports};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::server_url::ServerUrl;
use crate::clients::ClientError;
use crate::clients::smtp::{Delivery, Route, SmtpConnection, envelope};

/// A server that accepts mail from signed-in users, or from its own network.
pub(super) struct Submission {
    pub(super) dialer: Dialer,
    pub(super) url: ServerUrl,
    /// The password; present if the URL has a user.
    pub(super) password: Option<Secret>,
    pub(super) ehlo_name: Option<EhloName>,
}

impl Submission {
    /// Sends the message, with one attempt.
    pub(super) async fn send(
        &self,
        message: &Message,
        stop: &CancellationToken,
    ) -> Result<Vec<RecipientReport>, CliError> {
        in_transactions(message.recipients(), async |recipients| {
            self.send_to(message, &recipients, stop).await
        })
        .await
    }

    async fn send_to(
        &self,
        message: &Message,
        recipients: &[String],
        stop: &CancellationToken,
    ) -> Result<Vec<RecipientReport>, CliError> {
        let server = self.url.to_string();
        let opened = tokio::select! {
            opened = self.open() => opened.map_err(|error| (stage_of(&error), error.into())),
            () = stop.cancelled() => Err((None, CliError::interrupted())),
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err((stage, error)) => {
                let mut reports = not_sent_reports(recipients, &error, &server);
                reports.iter_mut().for_each(|report| report.stage = stage);
                return Ok(reports);
            }
        };
        let result = run_transaction(&mut connection, &server, message, recipients, stop).await?;
        if result.can_quit {
            connection.quit().await;
        }
        Ok(result.reports)
    }

    async fn open(&self) -> Result<SmtpConnection, ClientError> {
        let mut route = Route::submission(self.url.endpoint.clone());
        if let Some(name) = &self.ehlo_name {
            route.ehlo_name = Some(name.clone());
        }
        let mut connection = SmtpConnection::connect(&self.dialer, route).await?;
        if let (Some(user), Some(password)) = (&self.url.user, &self.password) {
            connection.log_in(user, password).await?;
        }
        Ok(connection)
    }
}

/// Sends to all recipients, in as many transactions as the server's recipient limit requires (RFC
/// 5321 §4.5.3.1.10). The results are in the order of the recipients.
pub(super) async fn in_transactions(
    recipients: Vec<String>,
    mut transaction: impl AsyncFnMut(Vec<String>) -> Result<Vec<RecipientReport>, CliError>,
) -> Result<Vec<RecipientReport>, CliError> {
    let mut results = Vec::with_capacity(recipients.len());
    let mut remaining = recipients.clone();
    while !remaining.is_empty() {
        let (next, settled): (Vec<_>, Vec<_>) = transaction(remaining)
            .await?
            .into_iter()
            .partition(|r| r.is_next);
        remaining = Vec::new();
        if settled.is_empty() {
            // The server accepts not even one recipient: another transaction would not help.
            results.extend(next);
        } else {
            remaining.extend(next.into_iter().map(|report| report.address));
            results.extend(settled);
        }
    }
    results.sort_by_key(|result| recipients.iter().position(|one| *one == result.address));
    Ok(results)
}

/// The result of sending a message over one connection.
pub(super) struct TransactionResult {
    /// One report for each recipient.
    pub(super) reports: Vec<RecipientReport>,
    /// Whether the session is in a state in which QUIT can be sent.
    pub(super) can_quit: bool,
}

/// Sends the message over an open connection.
///
/// A signal before the final dot drops the connection, so that the server discards the message; a
/// signal after it cannot undo the delivery.
pub(super) async fn run_transaction(
    connection: &mut SmtpConnection,
    server: &str,
    message: &Message,
    recipients: &[String],
    stop: &CancellationToken,
) -> Result<TransactionResult, CliError> {
    let (sender, size_bytes) = (message.sender(), message.size_bytes());
    let is_utf8 = message.needs_smtputf8();
    let mut envelope = envelope(sender, recipients.iter(), size_bytes, is_utf8)?;
    message.notices.add_to(&mut envelope, &message.message_id);
    let (envelope, mut reader) = (&mut envelope, message.read());
    let is_committed = AtomicBool::new(false);
    let delivery = loop {
        let commit = || async {
            is_committed.store(true, Ordering::Relaxed);
            true
        };
        let delivery = tokio::select! {
            biased;
            delivery = connection.deliver(envelope.clone(), &mut reader, commit) => Some(delivery),
            () = stop.cancelled() => None,
        };
        match &delivery {
            Some(Delivery::Outcome(Outcome::NotSent {
                cause: Cause::NotInOneGo { .. },
                ..
            })) if !envelope.is_plain && !connection.is_over() => {
                envelope.is_plain = true;
                reader = message.read();
            }
            _ => break delivery,
        }
    };
    let error = match delivery {
        Some(Delivery::Outcome(outcome)) => {
            return Ok(TransactionResult {
                can_quit: is_settled(&outcome),
                reports: reports(outcome, server),
            });
        }
        Some(Delivery::NotSent(error)) => error,
        None if is_committed.load(Ordering::Relaxed) => CliError::new(
            Exit::Unknown,
            "Stopped by a signal while the server's answer was awaited.",
            "The message may have gone out: ask a recipient before you send it again.",
        ),
        Some(Delivery::TakenOver) | None => CliError::interrupted(),
    };
    let stage = Some(connection.stage().as_str());
    let mut reports = not_sent_reports(recipients, &error, server);
    reports.iter_mut().for_each(|report| report.stage = stage);
    Ok(TransactionResult {
        reports,
        can_quit: false,
    })
}

fn is_settled(outcome: &Outcome) -> bool {
    use Outcome::{Accepted, Rejected};
    matches!(outcome, Accepted { .. } | Rejected { .. })
}

/// Returns the stage at which a session ended before its transaction.
pub(super) fn stage_of(error: &ClientError) -> Option<&'static str> {
    match error {
        ClientError::Dial { .. } => Some("connect"),
        ClientError::LoginRefused { .. } => Some(mail_proto::smtp::Stage::Auth.as_str()),
        _ => None,
    }
}
