//! Error messages of the web layer, in every language.

use app::api::error::{ApiError, ErrorKind};
use app::api::types::Lang;
use app::text::size::size;

use super::rate_limit::Wait;

/// An error in a request, found before any mail server is contacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestError {
    /// The session has ended.
    SignedOut,
    /// Too many failed sign-ins.
    TooManyTries(Wait),
    /// `email` is not an e-mail address.
    Address,
    /// A required field is empty.
    Missing(&'static str),
    /// The field is not a port number.
    Port(&'static str),
    /// The connection mode is unknown, or the operator does not allow it.
    TlsMode(&'static str),
    /// No message was selected.
    NothingSelected,
    /// The form holds something that no page of this server sends.
    Malformed,
    /// A message or an attachment is larger than allowed.
    TooLarge { max_bytes: u64 },
    /// A request other than a message is larger than allowed.
    RequestTooLarge { max_bytes: u64 },
    /// A field is longer than any mail server accepts.
    TooLong {
        field: &'static str,
        max_bytes: usize,
    },
    /// The session has its maximum of files that wait for their message.
    TooManyFiles,
    /// The files and messages of the account have reached its storage limit.
    AccountFull { max_bytes: u64 },
    /// The disk is full or nearly full.
    ServerFull,
    /// The upload ended early.
    BrokenUpload,
    /// Selected files are not attached: their names.
    FilesMissing(String),
    /// The session had ended when the form was posted; the message is not sent.
    NotSentYet,
    /// The draft was changed, sent or deleted elsewhere; the text is not saved.
    DraftChanged,
    /// The stored text belongs to another account.
    OtherAccount,
    /// There is no room to store a text until the sign-in.
    TextNotKept,
    /// The maximum number of concurrent requests or sessions is reached.
    TooManyRequests,
    /// The session has its maximum number of accounts.
    TooManyAccounts,
    /// An internal error, such as a failed disk write.
    Internal { ref_id: String },
}

impl RequestError {
    /// Converts the error for display.
    pub(super) fn to_api(&self, lang: Lang) -> ApiError {
        let (kind, field, wait) = match self {
            Self::SignedOut => (ErrorKind::SignedOut, None, None),
            Self::TooManyTries(wait) => (ErrorKind::Busy, None, Some(wait.secs)),
            Self::Address => (ErrorKind::Invalid, Some("email"), None),
            Self::Missing(field)
            | Self::Port(field)
            | Self::TlsMode(field)
            | Self::TooLong { field, .. } => (ErrorKind::Invalid, Some(*field), None),
            Self::NothingSelected | Self::Malformed | Self::BrokenUpload => {
                (ErrorKind::Invalid, None, None)
            }
            Self::FilesMissing(_) => (ErrorKind::Invalid, Some("attachment"), None),
            Self::NotSentYet | Self::DraftChanged | Self::OtherAccount => {
                (ErrorKind::Invalid, None, None)
            }
            Self::TextNotKept => (ErrorKind::NoRoom, None, None),
            Self::TooManyRequests => (ErrorKind::Busy, None, Some(10)),
            Self::TooManyAccounts => (ErrorKind::NoRoom, None, None),
            Self::TooManyFiles | Self::AccountFull { .. } | Self::ServerFull => {
                (ErrorKind::NoRoom, Some("attachment"), None)
            }
            Self::TooLarge { .. } => (ErrorKind::TooLarge, Some("attachment"), None),
            Self::RequestTooLarge { .. } => (ErrorKind::TooLarge, None, None),
            Self::Internal { .. } => (ErrorKind::Internal, None, None),
        };
        let (cause, fix) = match lang {
            Lang::En => self.english(),
            Lang::ZhCn => self.chinese(),
        };
        let ref_id = match self {
            Self::Internal { ref_id } => ref_id.clone(),
            _ => String::new(),
        };
        ApiError {
            kind,
            cause,
            fix,
            retry_after_secs: wait,
            reply: None,
            field: field.map(str::to_owned),
            ref_id,
        }
    }

    fn english(&self) -> (String, String) {
        let (cause, fix): (&str, &str) = match self {
            Self::SignedOut => ("Your session ended.", "Sign in again to go on."),
            Self::TooManyTries(wait) => {
                return (
                    "Too many sign-ins have failed.".into(),
                    format!("Wait {} and try again.", english_time(wait.secs)),
                );
            }
            Self::Address => (
                "This is not an e-mail address.",
                "Write it in full, like name@example.org.",
            ),
            Self::Missing(_) => ("This field is empty.", "Fill it in and try again."),
            Self::Port(_) => ("This is not a port.", "Write a number from 1 to 65535."),
            Self::TlsMode(_) => (
                "This kind of connection is not allowed here.",
                "Choose TLS or STARTTLS.",
            ),
            Self::NothingSelected => (
                "No message is selected.",
                "Tick one or more messages first.",
            ),
            Self::Malformed => (
                "The form could not be read.",
                "Reload the page and try again.",
            ),
            Self::TooLarge { max_bytes } => {
                return (
                    "This is too large to be taken.".into(),
                    format!("At most {} fit into one message.", size(*max_bytes)),
                );
            }
            Self::RequestTooLarge { max_bytes } => {
                return (
                    "This request is too large to be taken.".into(),
                    format!(
                        "At most {} are taken: shorten the text, or attach it as a file.",
                        size(*max_bytes)
                    ),
                );
            }
            Self::TooLong { max_bytes, .. } => {
                return (
                    "This field is too long.".into(),
                    format!("Write at most {max_bytes} bytes."),
                );
            }
            Self::TooManyFiles => (
                "Too many files wait for their message here.",
                "Send what you have, or sign out and in again to begin anew.",
            ),
            Self::AccountFull { max_bytes } => {
                return (
                    format!(
                        "Your waiting messages and files take all of their {} here.",
                        size(*max_bytes)
                    ),
                    "Wait until messages have left, or discard some in the outbox.".into(),
                );
            }
            Self::ServerFull => (
                "This server has no room for more files.",
                "Try again later; if it stays, tell the operator.",
            ),
            Self::BrokenUpload => ("The upload broke off.", "Try again."),
            Self::FilesMissing(names) => {
                return (
                    format!("Not sent: {names} is not with this message."),
                    "Choose the file again, or untick it to send without it.".into(),
                );
            }
            Self::NotSentYet => (
                "This message was not sent: your session had ended.",
                "Here is what you wrote. Look through it and press Send.",
            ),
            Self::DraftChanged => (
                "This draft was changed, sent or deleted in another tab or program.",
                "Nothing here was saved over it. Press Save draft again to keep this text as a draft of its own.",
            ),
            Self::OtherAccount => (
                "A text waits here that was written from another account.",
                "Sign out and sign in with that account to get it back. It is kept for an hour.",
            ),
            Self::TextNotKept => (
                "Your session ended, and this server has no room to keep your text.",
                "Nothing was sent. Go back in your browser and copy the text before you sign in.",
            ),
            Self::TooManyAccounts => (
                "This session has as many accounts as it may have.",
                "Sign out of one of them, then add this one.",
            ),
            Self::TooManyRequests => (
                "Too much is going on at once.",
                "Wait a few seconds and try again; close pages that you do not need.",
            ),
            Self::Internal { .. } => (
                "Something went wrong on this server.",
                "Try again; if it stays, tell the operator the reference.",
            ),
        };
        (cause.into(), fix.into())
    }

    fn chinese(&self) -> (String, String) {
        let (cause, fix): (&str, &str) = match self {
            Self::SignedOut => ("会话已结束。", "请重新登录以继续。"),
            Self::TooManyTries(wait) => {
                return (
                    "登录失败次数过多。".into(),
                    format!("请等待{}后再试。", chinese_time(wait.secs)),
                );
            }
            Self::Address => (
                "这不是电子邮件地址。",
                "请填写完整地址,例如 name@example.org。",
            ),
            Self::Missing(_) => ("此项为空。", "请填写后再试。"),
            Self::Port(_) => ("这不是端口号。", "请填写 1 到 65535 之间的数字。"),
            Self::TlsMode(_) => ("这里不允许此种连接方式。", "请选择 TLS 或 STARTTLS。"),
            Self::NothingSelected => ("没有选中邮件。", "请先勾选一封或多封邮件。"),
            Self::Malformed => ("无法读取此表单。", "请刷新页面后再试。"),
            Self::TooLarge { max_bytes } => {
                return (
                    "内容过大,无法接收。".into(),
                    format!("一封邮件最多 {}。", size(*max_bytes)),
                );
            }
            Self::RequestTooLarge { max_bytes } => {
                return (
                    "请求过大,无法接收。".into(),
                    format!("最多接收 {}。请缩短文字,或以附件添加。", size(*max_bytes)),
                );
            }
            Self::TooLong { max_bytes, .. } => {
                return ("此项过长。".into(), format!("最多填写 {max_bytes} 字节。"));
            }
            Self::TooManyFiles => (
                "等待发送的文件过多。",
                "请先发送已添加的文件,或退出后重新登录。",
            ),
            Self::AccountFull { max_bytes } => {
                return (
                    format!("待发邮件和文件已占满 {} 的空间。", size(*max_bytes)),
                    "请等邮件发出,或在发件箱中删除一些。".into(),
                );
            }
            Self::ServerFull => (
                "服务器已没有空间存放更多文件。",
                "请稍后再试;如仍如此,请告诉管理员。",
            ),
            Self::BrokenUpload => ("上传中断。", "请再试一次。"),
            Self::FilesMissing(names) => {
                return (
                    format!("未发送:{names} 没有随邮件上传。"),
                    "请重新选择该文件,或取消勾选后不带它发送。".into(),
                );
            }
            Self::NotSentYet => (
                "这封邮件没有发出:当时会话已结束。",
                "您写的内容在此。请检查后按“发送”。",
            ),
            Self::DraftChanged => (
                "此草稿已在其他标签页或程序中更改、发送或删除。",
                "这里的内容没有覆盖它。再次按“存草稿”可将此内容另存为新草稿。",
            ),
            Self::OtherAccount => (
                "这里有一份用另一账户写的内容。",
                "请退出,并用该账户登录后取回。内容保留一小时。",
            ),
            Self::TextNotKept => (
                "会话已结束,服务器也没有空间保存您写的内容。",
                "邮件没有发出。请在浏览器中返回,复制内容后再登录。",
            ),
            Self::TooManyAccounts => (
                "此会话的账户数已达上限。",
                "请先退出其中一个账户，再添加这个账户。",
            ),
            Self::TooManyRequests => (
                "同时处理的请求过多。",
                "请稍等几秒后再试,并关闭不需要的页面。",
            ),
            Self::Internal { .. } => ("服务器内部出错。", "请再试;如仍出错,请把编号告诉管理员。"),
        };
        (cause.into(), fix.into())
    }
}

fn english_time(secs: u32) -> String {
    match secs {
        0..=1 => "a second".into(),
        2..=90 => format!("{secs} seconds"),
        _ => format!("{} minutes", secs.div_ceil(60)),
    }
}

fn chinese_time(secs: u32) -> String {
    match secs {
        0..=90 => format!(" {secs} 秒"),
        _ => format!(" {} 分钟", secs.div_ceil(60)),
    }
}
