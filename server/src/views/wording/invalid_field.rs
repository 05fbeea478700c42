//! Why a value of a field was refused.

use app::api::types::Lang;

use super::{address, both, search};
use crate::account::error::InvalidField;
use crate::meaning::Meaning;

/// Explains why a value of a field was refused.
pub(super) fn invalid(problem: &InvalidField, lang: Lang) -> Meaning {
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
        InvalidField::Search(problem) => search::invalid(problem, lang),
        InvalidField::TooManyRecipients { max } => both(
            lang,
            (
                &format!("One message may have {max} recipients."),
                "Send it in several parts.",
            ),
            (&format!("一封邮件最多 {max} 位收件人。"), "请分几次发送。"),
        ),
        InvalidField::TooManyMessages { max } => both(
            lang,
            (
                &format!("One change may name {max} messages."),
                "Select fewer messages and repeat it for the rest.",
            ),
            (
                &format!("一次最多处理 {max} 封邮件。"),
                "请减少所选邮件，分几次操作。",
            ),
        ),
        InvalidField::TooManyImageSenders { max } => both(
            lang,
            (
                &format!("The images of {max} senders may always be shown."),
                "Remove another sender in the settings first.",
            ),
            (
                &format!("最多可始终显示 {max} 位发件人的图片。"),
                "请先在设置中移除其他发件人。",
            ),
        ),
        InvalidField::TooManyIdentities { max } => both(
            lang,
            (
                &format!("An account has at most {max} names and addresses."),
                "Delete one that you do not need.",
            ),
            (
                &format!("一个账户最多 {max} 个发件身份。"),
                "请先删除不需要的身份。",
            ),
        ),
        InvalidField::TooManyTemplates { max } => both(
            lang,
            (
                &format!("An account has at most {max} templates."),
                "Delete one that you do not need.",
            ),
            (
                &format!("一个账户最多 {max} 个模板。"),
                "请先删除不需要的模板。",
            ),
        ),
        InvalidField::NoTemplateName => both(
            lang,
            ("The template has no name.", "Type one."),
            ("模板没有名称。", "请填写名称。"),
        ),
        InvalidField::NoInvitation => both(
            lang,
            (
                "This message has no invitation that can be answered.",
                "Reply to the message instead.",
            ),
            ("这封邮件没有可以答复的邀请。", "请改为回复这封邮件。"),
        ),
        InvalidField::IdentityGone => both(
            lang,
            (
                "The sender of this message was deleted in the settings.",
                "Choose another one.",
            ),
            ("此邮件的发件身份已在设置中删除。", "请选择其他发件人。"),
        ),
        InvalidField::TooManyContacts { max } => both(
            lang,
            (
                &format!("The address book has at most {max} contacts."),
                "Delete some that you do not need.",
            ),
            (
                &format!("通讯录最多可有 {max} 位联系人。"),
                "请先删除不需要的联系人。",
            ),
        ),
        InvalidField::TooManyGroups { max } => both(
            lang,
            (
                &format!("The address book has at most {max} groups."),
                "Delete one that you do not need.",
            ),
            (
                &format!("通讯录最多可有 {max} 个群组。"),
                "请先删除不需要的群组。",
            ),
        ),
        InvalidField::TooManyAddresses { max } => both(
            lang,
            (
                &format!("There may be at most {max} addresses here."),
                "Remove some of them.",
            ),
            (&format!("此处最多可有 {max} 个地址。"), "请移除一些地址。"),
        ),
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
        InvalidField::TooManyPinned { max } => both(
            lang,
            (
                &format!("{max} folders may be pinned."),
                "Unpin another one first.",
            ),
            (
                &format!("最多可置顶 {max} 个文件夹。"),
                "请先取消置顶其他文件夹。",
            ),
        ),
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
        InvalidField::TooManyFiles { max } => both(
            lang,
            (
                &format!("One message may have {max} files."),
                "Remove some, or pack them into one file.",
            ),
            (
                &format!("一封邮件最多 {max} 个附件。"),
                "请移除一些，或打包成一个文件。",
            ),
        ),
        InvalidField::NotPassedOn => both(
            lang,
            (
                "The message has a NUL octet, which no mail server takes, so nothing was sent.",
                "Forward it as an attachment.",
            ),
            (
                "邮件含有任何邮件服务器都不接受的 NUL 字节，因此没有发出。",
                "请作为附件转发。",
            ),
        ),
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
