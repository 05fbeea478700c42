//! Account errors as finished sentences: cause and fix in the reader's language.

mod address;
pub(super) mod error_cause;
mod invalid_field;
pub(super) mod message;
mod moving;
pub(super) mod search;

use std::borrow::Cow;

use app::api::types::{ApiErrorText, FolderRole, Lang};
use app::api::{ApiError, ErrorKind};

use crate::account::error::{AccountError, InvalidField, NoRoom, NotLeft, NotReplaced, NotStopped};
use crate::account::model::random_id;
use crate::clients::{ClientError, LinkError};
use crate::domain::bounds::cut;
use crate::domain::{DialCause, ErrorCause, FullSpace, LocalLimit, Unsupported};
use crate::meaning::Meaning;

/// Maximum length of a server's reply that is shown, in bytes.
const REPLY_MAX_BYTES: usize = 2000;

impl AccountError {
    /// Converts the error to its page type with cause and fix, and logs its details under a
    /// reference id.
    pub fn to_api(&self, lang: Lang) -> ApiError {
        let ref_id: String = random_id().unwrap_or_default().chars().take(8).collect();
        match self.kind() {
            ErrorKind::Internal => tracing::error!(%ref_id, error = %self, "a request failed"),
            ErrorKind::NotFound | ErrorKind::SignedOut | ErrorKind::Invalid | ErrorKind::NoRoom => {
            }
            _ => tracing::info!(%ref_id, error = %self, "a request failed"),
        }
        let text = self.text(lang);
        ApiError {
            kind: self.kind(),
            cause: text.cause,
            fix: text.fix,
            retry_after_secs: self.retry_after_secs(),
            reply: text.reply,
            field: match self {
                Self::Invalid { field, .. } => Some((*field).to_owned()),
                _ => None,
            },
            ref_id,
        }
    }

    /// Returns cause, fix and the server's reply.
    pub fn text(&self, lang: Lang) -> ApiErrorText {
        let error = self.error_cause();
        let reply = match self {
            Self::HalfMoved {
                reply: Some(reply), ..
            } => Some(cut(reply.text.clone(), REPLY_MAX_BYTES)),
            _ => error_cause::reply(&error).map(str::to_owned),
        };
        let Meaning { cause, fix } = self.meaning(lang);
        ApiErrorText { cause, fix, reply }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Client(error) => kind_of(error),
            Self::NotSent { .. } => ErrorKind::Refused,
            Self::NotFound => ErrorKind::NotFound,
            Self::MissingFolder(role) => ErrorKind::MissingFolder(*role),
            Self::Unsupported(_) => ErrorKind::Unsupported,
            Self::HalfMoved { .. } => ErrorKind::Refused,
            Self::Invalid {
                problem: InvalidField::TooLarge { .. } | InvalidField::TextTooLong { .. },
                ..
            } => ErrorKind::TooLarge,
            Self::NoRoom(_) => ErrorKind::NoRoom,
            Self::NotReplaced(_) | Self::NotStopped(_) | Self::NotLeft { .. } => {
                ErrorKind::Unsupported
            }
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Unreadable(_) => ErrorKind::Unsupported,
            Self::Withheld => ErrorKind::Misbehaved,
            Self::SignedOut => ErrorKind::SignedOut,
            Self::FileLost(_) | Self::LocalMessageLost(_) | Self::Internal(_) => {
                ErrorKind::Internal
            }
        }
    }

    fn meaning(&self, lang: Lang) -> Meaning {
        match self {
            Self::HalfMoved {
                moved,
                state,
                to,
                role,
                reply,
            } => moving::half_moved(*moved, *state, (*role, to), reply.is_some(), lang),
            Self::Invalid { problem, .. } => invalid_field::invalid(problem, lang),
            Self::Unreadable(_) => both(
                lang,
                (
                    "This message is built in a way that cannot be shown safely.",
                    "Open its source, or save it as a file.",
                ),
                (
                    "这封邮件的结构无法安全显示。",
                    "请查看源代码，或保存为文件。",
                ),
            ),
            Self::LocalMessageLost(_) => both(
                lang,
                (
                    "This message is damaged on this server, or its key is missing.",
                    "Whoever runs this server may have a backup. Otherwise delete it.",
                ),
                (
                    "这封邮件在本服务器上已损坏，或缺少密钥。",
                    "请联系管理员查看是否有备份，否则可将其删除。",
                ),
            ),
            Self::NoRoom(room) => no_room(room, lang),
            Self::NotReplaced(why) => not_replaced(why, lang),
            Self::NotStopped(why) => not_stopped(*why, lang),
            Self::NotLeft { host, why } => not_left(host, *why, lang),
            other => error_cause::meaning(&other.error_cause(), lang),
        }
    }
}

/// Returns the page's kind of a client error.
fn kind_of(error: &ClientError) -> ErrorKind {
    match error {
        ClientError::Dial { .. } => match error.error_cause() {
            ErrorCause::Dial(_, DialCause::TooManyHosts) => ErrorKind::Busy,
            _ => ErrorKind::Unreachable,
        },
        ClientError::Link {
            error: LinkError::Overloaded,
            ..
        } => ErrorKind::Busy,
        ClientError::Link {
            error:
                LinkError::Closed | LinkError::ClosedEarly | LinkError::Deadline(_) | LinkError::Tls(_),
            ..
        } => ErrorKind::Unreachable,
        ClientError::Link { .. } => ErrorKind::Misbehaved,
        ClientError::LoginRefused { .. } if error.is_password_refused() => ErrorKind::Password,
        ClientError::LoginRefused { .. } => ErrorKind::Busy,
        ClientError::Refused { .. } if error.retry_after_secs().is_some() => ErrorKind::Busy,
        ClientError::Refused { .. } => ErrorKind::Refused,
        ClientError::Overloaded => ErrorKind::Busy,
    }
}

fn both(lang: Lang, en: (&str, &str), zh: (&str, &str)) -> Meaning {
    let (cause, fix) = match lang {
        Lang::En => en,
        Lang::ZhCn => zh,
    };
    Meaning {
        cause: cause.to_owned(),
        fix: fix.to_owned(),
    }
}

/// Returns the display name of a folder's role.
pub(super) fn role_name(role: FolderRole, lang: Lang) -> Cow<'static, str> {
    match role {
        FolderRole::Inbox => lang.folder_inbox(),
        FolderRole::Starred => lang.folder_starred(),
        FolderRole::Drafts => lang.folder_drafts(),
        FolderRole::Sent => lang.folder_sent(),
        FolderRole::Archive => lang.folder_archive(),
        FolderRole::Junk => lang.folder_junk(),
        FolderRole::Trash => lang.folder_trash(),
        FolderRole::All => lang.folder_all(),
    }
}

fn missing_folder(role: FolderRole, lang: Lang) -> Meaning {
    let name = role_name(role, lang);
    match lang {
        Lang::En => Meaning {
            cause: format!("This mailbox has no folder for {name}."),
            fix: "Create it, then try again. Nothing was moved.".to_owned(),
        },
        Lang::ZhCn => Meaning {
            cause: format!("此邮箱没有“{name}”文件夹。"),
            fix: "请先创建再试，邮件尚未移动。".to_owned(),
        },
    }
}

fn unsupported(what: Unsupported, lang: Lang) -> Meaning {
    match what {
        Unsupported::Folders => both(
            lang,
            (
                "POP3 has one folder: nothing can be moved or archived.",
                "Delete it, or leave it where it is.",
            ),
            (
                "POP3 只有一个文件夹，无法移动或归档。",
                "可以删除，或保留在原处。",
            ),
        ),
        Unsupported::SameFolder => both(
            lang,
            ("It lies in this folder already.", "Choose another folder."),
            ("已经在这个文件夹中。", "请选择其他文件夹。"),
        ),
        Unsupported::UndoIsOver => both(
            lang,
            (
                "This can no longer be undone.",
                "Look in the folder it went to, and move it back from there.",
            ),
            ("已无法撤销。", "请到目标文件夹中移回。"),
        ),
        Unsupported::UnsafeExpunge => both(
            lang,
            (
                "Moving this here would also remove other messages that another program marked as deleted.",
                "Expunge or restore those in the other program, then try again. Nothing was moved.",
            ),
            (
                "在此移动会同时清除其他程序标记为已删除的邮件。",
                "请先在那个程序中清除或恢复它们，邮件尚未移动。",
            ),
        ),
    }
}

fn no_room(room: &NoRoom, lang: Lang) -> Meaning {
    match room {
        NoRoom::Account { max_bytes } => {
            let max_mb = max_bytes / 1_000_000;
            let (en, zh) = (
                format!("Your waiting messages and files take all of their {max_mb} MB here."),
                format!("待发邮件和文件已占满 {max_mb} MB 的空间。"),
            );
            both(
                lang,
                (
                    &en,
                    "Wait until messages have left, or delete some in the outbox for good.",
                ),
                (&zh, "请等邮件发出，或在发件箱中删除一些。"),
            )
        }
        NoRoom::Drafts(LocalLimit::Bytes { max }) => {
            let max_mb = max / 1_000_000;
            let (en, zh) = (
                format!("Your drafts take all of their {max_mb} MB here."),
                format!("草稿已占满 {max_mb} MB 的空间。"),
            );
            both(
                lang,
                (&en, "Delete drafts that you do not need, or send some."),
                (&zh, "请删除不需要的草稿，或将其发出。"),
            )
        }
        NoRoom::Drafts(LocalLimit::Messages { max }) => {
            let (en, zh) = (
                format!("You have {max} drafts here; more are not stored."),
                format!("这里已有 {max} 封草稿，已达上限。"),
            );
            both(
                lang,
                (&en, "Delete drafts that you do not need, or send some."),
                (&zh, "请删除不需要的草稿，或将其发出。"),
            )
        }
        NoRoom::Messages { max } => {
            let (en, zh) = (
                format!("{max} messages in your outbox are not handed over yet."),
                format!("您的发件箱中已有 {max} 封邮件尚未送出。"),
            );
            both(
                lang,
                (
                    &en,
                    "Wait until some have left, or discard those you do not need.",
                ),
                (&zh, "请等部分邮件发出，或删除不需要的邮件。"),
            )
        }
        NoRoom::Sent => error_cause::meaning(&ErrorCause::NoRoom(FullSpace::Sent), lang),
        NoRoom::Drafts(LocalLimit::Server) | NoRoom::Server => both(
            lang,
            (
                "This server has no room for more messages.",
                "Try again later; if it stays, tell whoever runs this server.",
            ),
            (
                "服务器已没有空间存放更多邮件。",
                "请稍后再试；如仍如此，请告诉管理员。",
            ),
        ),
    }
}

fn not_left(host: &str, why: NotLeft, lang: Lang) -> Meaning {
    let (cause, fix) = match (why, lang) {
        (NotLeft::Refused { status }, Lang::En) => (
            format!("{host} refused to take you off its list (status {status})."),
            "Look for a link to unsubscribe in the message, or report it as junk.",
        ),
        (NotLeft::Refused { status }, Lang::ZhCn) => (
            format!("{host} 拒绝了退订请求（状态 {status}）。"),
            "请在邮件中查找退订链接，或将其举报为垃圾邮件。",
        ),
        (NotLeft::Unreachable, Lang::En) => (
            format!("{host} cannot be reached, so nothing was sent."),
            "Try again later.",
        ),
        (NotLeft::Unreachable, Lang::ZhCn) => {
            (format!("无法连接 {host}，未发送任何请求。"), "请稍后再试。")
        }
        (NotLeft::Unknown, Lang::En) => (
            format!("{host} did not answer, so it is not known whether it took you off its list."),
            "If mail still comes in some days, try again.",
        ),
        (NotLeft::Unknown, Lang::ZhCn) => (
            format!("{host} 没有答复，尚不清楚是否已退订。"),
            "如果几天后仍收到来信，请再试一次。",
        ),
    };
    Meaning {
        cause,
        fix: fix.to_owned(),
    }
}

fn not_stopped(why: NotStopped, lang: Lang) -> Meaning {
    match why {
        NotStopped::Sending => both(
            lang,
            (
                "This message is being sent at this moment and cannot be stopped.",
                "Wait a moment: the outbox shows what becomes of it.",
            ),
            ("邮件正在发送，无法停止。", "请稍候，发件箱会显示结果。"),
        ),
        NotStopped::Sent => both(
            lang,
            (
                "It was too late to stop this message: it was sent, or may have been.",
                "The outbox shows what is known of it.",
            ),
            (
                "来不及停止：邮件已经发出，或可能已经发出。",
                "请查看发件箱中的结果。",
            ),
        ),
        NotStopped::Waits => both(
            lang,
            (
                "This message waits to be sent, or is being sent.",
                "Stop it before you remove it.",
            ),
            ("邮件正在等待发送或正在发送。", "请先停止，再移除。"),
        ),
    }
}

fn not_replaced(why: &NotReplaced, lang: Lang) -> Meaning {
    match why {
        NotReplaced::Sending => both(
            lang,
            (
                "The message that this one corrects is being sent at this moment.",
                "Look into the outbox: if it was not taken, correct it once more.",
            ),
            (
                "要更正的邮件正在发送。",
                "请查看发件箱：若未送出，可再次更正。",
            ),
        ),
        NotReplaced::Sent => both(
            lang,
            (
                "The message that this one corrects was sent, or may have been.",
                "Look into the outbox. To send this one as well, write it as a new message.",
            ),
            (
                "要更正的邮件已经发出，或可能已经发出。",
                "请查看发件箱；若仍要发送，请作为新邮件撰写。",
            ),
        ),
        NotReplaced::Recipient(address) => match lang {
            Lang::En => Meaning {
                cause: format!("{address} has got the message that this one corrects."),
                fix: "Remove this recipient, or write a new message.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("{address} 已收到要更正的邮件。"),
                fix: "请移除该收件人，或另写新邮件。".to_owned(),
            },
        },
    }
}
