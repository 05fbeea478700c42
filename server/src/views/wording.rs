//! Account errors as finished sentences: cause and fix in the reader's language.
//!
//! Long because it is one table.

mod address;
pub(super) mod error_cause;
pub(super) mod message;
mod moving;

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
            Self::Invalid { problem, .. } => invalid(problem, lang),
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

fn invalid(problem: &InvalidField, lang: Lang) -> Meaning {
    match problem {
        InvalidField::NoRecipient => both(
            lang,
            (
                "There is nobody to send it to.",
                "Add an address to To, Cc or Bcc.",
            ),
            ("没有收件人。", "请在收件人、抄送或密送中填写地址。"),
        ),
        InvalidField::Address { text, why } => address::invalid(text, *why, lang),
        InvalidField::TooManyRecipients { max } => match lang {
            Lang::En => Meaning {
                cause: format!("One message may have {max} recipients."),
                fix: "Send it in several parts.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("一封邮件最多 {max} 位收件人。"),
                fix: "请分几次发送。".to_owned(),
            },
        },
        InvalidField::TooManyMessages { max } => match lang {
            Lang::En => Meaning {
                cause: format!("One change may name {max} messages."),
                fix: "Select fewer messages and repeat it for the rest.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("一次最多处理 {max} 封邮件。"),
                fix: "请减少所选邮件，分几次操作。".to_owned(),
            },
        },
        InvalidField::TooManyImageSenders { max } => match lang {
            Lang::En => Meaning {
                cause: format!("The images of {max} senders may always be shown."),
                fix: "Remove another sender in the settings first.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("最多可始终显示 {max} 位发件人的图片。"),
                fix: "请先在设置中移除其他发件人。".to_owned(),
            },
        },
        InvalidField::TooManyIdentities { max } => match lang {
            Lang::En => Meaning {
                cause: format!("An account has at most {max} names and addresses."),
                fix: "Delete one that you do not need.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("一个账户最多 {max} 个发件身份。"),
                fix: "请先删除不需要的身份。".to_owned(),
            },
        },
        InvalidField::IdentityGone => both(
            lang,
            (
                "The sender of this message was deleted in the settings.",
                "Choose another one.",
            ),
            ("此邮件的发件身份已在设置中删除。", "请选择其他发件人。"),
        ),
        InvalidField::TooManyContacts { max } => match lang {
            Lang::En => Meaning {
                cause: format!("The address book has at most {max} contacts."),
                fix: "Delete some that you do not need.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("通讯录最多可有 {max} 位联系人。"),
                fix: "请先删除不需要的联系人。".to_owned(),
            },
        },
        InvalidField::TooManyGroups { max } => match lang {
            Lang::En => Meaning {
                cause: format!("The address book has at most {max} groups."),
                fix: "Delete one that you do not need.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("通讯录最多可有 {max} 个群组。"),
                fix: "请先删除不需要的群组。".to_owned(),
            },
        },
        InvalidField::TooManyAddresses { max } => match lang {
            Lang::En => Meaning {
                cause: format!("There may be at most {max} addresses here."),
                fix: "Remove some of them.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("此处最多可有 {max} 个地址。"),
                fix: "请移除一些地址。".to_owned(),
            },
        },
        InvalidField::NoContactAddress => both(
            lang,
            ("A contact needs an email address.", "Enter at least one."),
            ("联系人需要电子邮件地址。", "请至少填写一个。"),
        ),
        InvalidField::NoGroupName => both(
            lang,
            ("A group needs a name.", "Enter one."),
            ("群组需要名称。", "请填写名称。"),
        ),
        InvalidField::NoAddressBook => both(
            lang,
            (
                "The file is neither a vCard nor a table with a column of email addresses.",
                "Export the contacts as vCard or CSV and choose that file.",
            ),
            (
                "该文件既不是 vCard，也不是含有电子邮件地址列的表格。",
                "请将联系人导出为 vCard 或 CSV，再选择该文件。",
            ),
        ),
        InvalidField::TooManyPinned { max } => match lang {
            Lang::En => Meaning {
                cause: format!("{max} folders may be pinned."),
                fix: "Unpin another one first.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("最多可置顶 {max} 个文件夹。"),
                fix: "请先取消置顶其他文件夹。".to_owned(),
            },
        },
        InvalidField::InvalidPosition => both(
            lang,
            (
                "The list has no such place.",
                "Open it again from its beginning.",
            ),
            ("列表中没有这个位置。", "请从头重新打开列表。"),
        ),
        InvalidField::SendTime { max_days } => match lang {
            Lang::En => Meaning {
                cause: "The message cannot be sent at this time.".to_owned(),
                fix: format!("Choose a later time, at most {max_days} days ahead."),
            },
            Lang::ZhCn => Meaning {
                cause: "无法在此时间发送邮件。".to_owned(),
                fix: format!("请选择将来的时间，最多提前 {max_days} 天。"),
            },
        },
        InvalidField::TooManyFiles { max } => match lang {
            Lang::En => Meaning {
                cause: format!("One message may have {max} files."),
                fix: "Remove some, or pack them into one file.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("一封邮件最多 {max} 个附件。"),
                fix: "请移除一些，或打包成一个文件。".to_owned(),
            },
        },
        InvalidField::AttachmentMissing => both(
            lang,
            ("An attachment is not here any more.", "Attach it again."),
            ("有附件已失效。", "请重新添加。"),
        ),
        InvalidField::FilesMissing => both(
            lang,
            (
                "A file that you chose is not with this message, so nothing was sent.",
                "Wait until every file is here, or remove it.",
            ),
            (
                "有所选文件未随邮件上传，邮件没有发出。",
                "请等所有文件上传完成，或移除未上传的文件。",
            ),
        ),
        InvalidField::FormSent => both(
            lang,
            (
                "The message from this form was sent already; the text here is another one.",
                "The outbox shows the first one. To send this text as well, press Send again.",
            ),
            (
                "此表单的邮件已提交发送，而现在的内容与之不同。",
                "第一封邮件在发件箱中；若也要发送现在的内容，请再按一次“发送”。",
            ),
        ),
        InvalidField::TextTooLong { max_bytes } => match lang {
            Lang::En => Meaning {
                cause: format!(
                    "This text is too long: {} KB are the most.",
                    max_bytes / 1000
                ),
                fix: "Shorten it, or attach it as a file.".to_owned(),
            },
            Lang::ZhCn => Meaning {
                cause: format!("文字过长，上限为 {} KB。", max_bytes / 1000),
                fix: "请缩短，或作为附件发送。".to_owned(),
            },
        },
        InvalidField::TooLarge { max_bytes } => {
            let max_mb = max_bytes / 1_000_000;
            match lang {
                Lang::En => Meaning {
                    cause: format!("The message is too large: {max_mb} MB are the most."),
                    fix: "Remove an attachment.".to_owned(),
                },
                Lang::ZhCn => Meaning {
                    cause: format!("邮件太大，上限为 {max_mb} MB。"),
                    fix: "请移除附件。".to_owned(),
                },
            }
        }
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
