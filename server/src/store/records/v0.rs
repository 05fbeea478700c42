//! Records without a version (rows of format 1 and 2). They contain sentences in each language,
//! which are not converted.

use app::api::types::FolderId;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::v1;
use crate::domain::{
    ErrorCause, OutboxMessage, RecipientResult, SentCopy, ServerReply, TransportOptions,
};

#[derive(Deserialize)]
pub(super) struct Message {
    from: String,
    subject: String,
    host: String,
    message_id: String,
    recipients: Vec<Recipient>,
    trouble: Vec<(IgnoredAny, Text)>,
    copy: Copy,
    attachments: Vec<v1::File>,
    source: Option<v1::Source>,
    #[serde(default)]
    own_fields: String,
}

#[derive(Deserialize)]
struct Recipient {
    address: String,
    state: v1::RecipientState,
    reply: Option<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

/// A sentence, of which only the server's reply is read.
#[derive(Deserialize)]
struct Text {
    reply: Option<String>,
}

#[derive(Deserialize)]
enum Copy {
    Pending,
    Filed(String),
    NotKept,
    Failed(IgnoredAny),
}

/// The draft inside the message record.
#[derive(Deserialize)]
pub(super) struct WithDraft {
    pub(super) draft: v1::Draft,
}

impl From<Message> for OutboxMessage {
    fn from(message: Message) -> Self {
        let recipients = message.recipients.into_iter();
        let mut causes = message.trouble.into_iter();
        Self {
            from: message.from,
            subject: message.subject,
            host: message.host,
            message_id: message.message_id,
            recipients: recipients.map(RecipientResult::from).collect(),
            error_cause: causes
                .next()
                .map(|(_, text)| ErrorCause::Earlier { words: text.reply }),
            copy: match message.copy {
                Copy::Pending => SentCopy::Pending,
                Copy::Filed(folder) => SentCopy::Filed(FolderId(folder)),
                Copy::NotKept => SentCopy::NotKept,
                Copy::Failed(_) => SentCopy::Failed(ErrorCause::Earlier { words: None }),
            },
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            source: message.source.map(Into::into),
            own_fields: message.own_fields,
            transport: TransportOptions::default(),
            search: None,
            draft: None,
            redirected: None,
        }
    }
}

impl From<Recipient> for RecipientResult {
    fn from(recipient: Recipient) -> Self {
        Self {
            address: recipient.address,
            state: recipient.state.into(),
            reply: recipient.reply.map(|reply| ServerReply {
                code: Some(reply.code),
                enhanced: reply.enhanced,
                response_code: None,
                text: reply.text,
            }),
        }
    }
}
