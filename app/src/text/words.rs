//! The interface texts of the product in all languages, in one typed table.
//!
//! A text that lacks a language does not compile. Texts are calm and short, name the thing that
//! failed, and promise nothing that is not known.
//!
//! Long because it is one table.

use std::borrow::Cow;

use super::size::grouped;
use crate::api::types::Lang;

/// Generates one `Lang` method per text.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) { en: $en:expr, zh: $zh:expr })*) => {
        impl Lang { $(
            $(#[$doc])*
            pub fn $name(self $(, $arg: $ty)*) -> Cow<'static, str> {
                match self { Self::En => $en.into(), Self::ZhCn => $zh.into() }
            }
        )* }
    };
}

/// Formats a count with its noun: "1 message", "1,284 messages".
fn plural(n: u64, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", grouped(n))
    }
}

fn messages(n: u32) -> String {
    plural(u64::from(n), "message", "messages")
}

texts! {
    error_signed_out() { en: "Your session ended.", zh: "会话已结束。" }
    error_signed_out_fix() { en: "Sign in again to go on.", zh: "请重新登录以继续。" }
    error_unreachable() { en: "Restante cannot be reached.", zh: "无法连接到 Restante。" }
    error_unreachable_fix() {
        en: "It connects again by itself, and then shows what was done.",
        zh: "连接恢复后会自动继续，并显示实际结果。"
    }
    error_unreadable() { en: "No usable answer came from Restante.", zh: "没有收到 Restante 的有效应答。" }
    error_unreadable_fix() {
        en: "Something between may have answered instead, such as a proxy. It asks again by itself.",
        zh: "可能由代理等中间设备代为应答，将自动重试。"
    }
    error_reference(id: String) { en: format!("Reference {id}"), zh: format!("编号 {id}") }
    sign_in_again() { en: "Sign in again", zh: "重新登录" }
    sign_out() { en: "Sign out", zh: "退出登录" }
    outdated() { en: "Restante was updated. This page is from before.", zh: "Restante 已更新，此页面是旧版本。" }
    reload() { en: "Reload", zh: "重新加载" }
    try_again() { en: "Try again", zh: "重试" }
    close() { en: "Close", zh: "关闭" }
    dismiss() { en: "Dismiss", zh: "关闭提示" }
    save() { en: "Save", zh: "保存" }
    link_down(host: String) { en: format!("{host} does not answer."), zh: format!("{host} 没有应答。") }
    link_down_fix(secs: u32) {
        en: format!("Restante works, your mail server does not. Trying again in {secs} s."),
        zh: format!("Restante 正常，邮件服务器异常，{secs} 秒后重试。")
    }
    live_on() { en: "Live", zh: "实时更新" }
    live_off() { en: "Connecting", zh: "正在连接" }
    live_none() { en: "No connection", zh: "没有连接" }
    live_polled(secs: u32) { en: format!("checked every {secs} s"), zh: format!("每 {secs} 秒检查一次") }

    nav_label() { en: "Folders and accounts", zh: "文件夹和账户" }
    folders() { en: "Folders", zh: "文件夹" }
    folder_inbox() { en: "Inbox", zh: "收件箱" }
    folder_starred() { en: "Starred", zh: "星标" }
    folder_drafts() { en: "Drafts", zh: "草稿箱" }
    folder_sent() { en: "Sent", zh: "已发送" }
    folder_archive() { en: "Archive", zh: "归档" }
    folder_junk() { en: "Junk", zh: "垃圾邮件" }
    folder_trash() { en: "Trash", zh: "废纸篓" }
    folder_all() { en: "All mail", zh: "所有邮件" }
    unread() { en: "unread", zh: "封未读" }
    folder_counts(unread: Option<u32>, total: u32) {
        en: match unread { Some(unread) if unread > 0 => format!("{} unread, {} in all", grouped(u64::from(unread)), grouped(u64::from(total))), _ => messages(total) },
        zh: match unread { Some(unread) if unread > 0 => format!("{} 封未读，共 {} 封", grouped(u64::from(unread)), grouped(u64::from(total))), _ => format!("共 {} 封", grouped(u64::from(total))) }
    }
    create_folder(name: Cow<'static, str>) {
        en: format!("Create {name}"),
        zh: format!("新建“{name}”文件夹")
    }
    back_to_mail() { en: "Back to mail", zh: "返回邮箱" }
    back_to_list() { en: "Back to the list", zh: "返回列表" }

    compose() { en: "Compose", zh: "写邮件" }
    messages() { en: "Messages", zh: "邮件列表" }
    reader() { en: "Message", zh: "邮件" }
    no_sender() { en: "No sender", zh: "无发件人" }
    no_subject() { en: "No subject", zh: "无主题" }
    row_marks(is_unread: bool, is_starred: bool) {
        en: match (is_unread, is_starred) { (true, true) => "Unread. Starred. ", (true, false) => "Unread. ", (false, true) => "Starred. ", (false, false) => "" },
        zh: match (is_unread, is_starred) { (true, true) => "未读。星标。", (true, false) => "未读。", (false, true) => "星标。", (false, false) => "" }
    }
    answered() { en: "Answered", zh: "已回复" }
    forwarded() { en: "Forwarded", zh: "已转发" }
    has_attachment() { en: "Attachment", zh: "有附件" }
    select_row(who: String) { en: format!("Select, {who}"), zh: format!("选择，{who}") }
    select_none() { en: "Select none", zh: "取消选择" }
    selected_of(n: String, total: String) {
        en: format!("{n} of {total} selected"),
        zh: format!("已选 {n} 封，共 {total} 封")
    }
    select_loaded(n: String) { en: format!("Select the {n} loaded"), zh: format!("选择已加载的 {n} 封") }
    select_loaded_short(n: String) { en: format!("All {n}"), zh: format!("全部 {n}") }
    range_cut(n: u32) {
        en: format!("Only {n} messages are ticked: that is the most at once."),
        zh: format!("只选中了 {n} 封：一次最多这么多。")
    }
    selection() { en: "Selected messages", zh: "选中的邮件" }
    action() { en: "Action", zh: "操作" }
    apply() { en: "Apply", zh: "执行" }
    not_here(what: Cow<'static, str>) {
        en: format!("{what}: not in this folder"),
        zh: format!("{what}：此文件夹中不可用")
    }
    archive() { en: "Archive", zh: "归档" }
    delete() { en: "Delete", zh: "删除" }
    junk() { en: "Junk", zh: "标为垃圾邮件" }
    mark_seen() { en: "Mark read", zh: "标为已读" }
    mark_unseen() { en: "Mark unread", zh: "标为未读" }
    star() { en: "Star", zh: "加星标" }
    unstar() { en: "Remove star", zh: "取消星标" }
    move_to() { en: "Move to", zh: "移动到" }
    already_here() { en: "it is there already", zh: "邮件已在此处" }
    newer() { en: "Newer", zh: "较新" }
    older() { en: "Older", zh: "较早" }
    pages() { en: "Pages", zh: "分页" }
    page_range(from: String, to: String, total: String) {
        en: format!("{from} to {to} of {total}"),
        zh: format!("第 {from} 至 {to} 封，共 {total} 封")
    }
    position(number: String, total: String) {
        en: format!("{number} of {total}"),
        zh: format!("第 {number} 封，共 {total} 封")
    }
    arrived(n: u32) { en: format!("{n} new"), zh: format!("{n} 封新邮件") }
    empty_inbox() { en: "Nothing is waiting for you", zh: "没有待取的邮件" }
    empty_inbox_text() { en: "New mail appears here by itself.", zh: "新邮件会自动出现在这里。" }
    empty_folder() { en: "This folder is empty", zh: "此文件夹为空" }
    pop3_title() { en: "This is a POP3 mailbox", zh: "这是 POP3 邮箱" }
    pop3_limits() {
        en: "Drafts, sent mail, read marks and stars are kept here, not on the server.",
        zh: "草稿、已发送邮件、已读和星标只保存在这里，不在服务器上。"
    }
    pop3_one_folder() { en: "a POP3 server has one folder", zh: "POP3 服务器只有一个文件夹" }

    done_seen(n: u32) { en: format!("Marked {} read", messages(n)), zh: format!("已将 {n} 封标为已读") }
    done_unseen(n: u32) { en: format!("Marked {} unread", messages(n)), zh: format!("已将 {n} 封标为未读") }
    done_starred(n: u32) { en: format!("Starred {}", messages(n)), zh: format!("已为 {n} 封加星标") }
    done_unstarred(n: u32) {
        en: format!("Removed the star of {}", messages(n)),
        zh: format!("已取消 {n} 封的星标")
    }
    done_archived(n: u32) { en: format!("Archived {}", messages(n)), zh: format!("已归档 {n} 封") }
    done_moved(n: u32, to: Cow<'static, str>) {
        en: format!("Moved {} to {to}", messages(n)),
        zh: format!("已将 {n} 封移到“{to}”")
    }
    done_delete_pending(n: u32, secs: u32) {
        en: format!("{} will be deleted from the server in {secs} s", messages(n)),
        zh: format!("{n} 封邮件将在 {secs} 秒后从服务器删除")
    }
    done_nothing() {
        en: "Nothing was changed: it was so already.",
        zh: "没有任何更改：原本就是如此。"
    }
    done_gone() {
        en: "Nothing was changed: it is not in this folder any more.",
        zh: "没有任何更改：邮件已不在此文件夹中。"
    }
    done_undone() { en: "Taken back", zh: "已撤销" }
    undo() { en: "Undo", zh: "撤销" }

    message() { en: "Message", zh: "邮件" }
    message_actions() { en: "Message actions", zh: "邮件操作" }
    message_body() { en: "Message text", zh: "邮件正文" }
    no_message_open() { en: "No message open", zh: "未打开邮件" }
    pin_folder(is_pinned: bool) {
        en: if is_pinned { "Unpin this folder" } else { "Pin this folder to the top" },
        zh: if is_pinned { "取消置顶此文件夹" } else { "置顶此文件夹" }
    }
    folder_pinned(is_pinned: bool) {
        en: if is_pinned { "The folder is pinned to the top." } else { "The folder is not pinned any more." },
        zh: if is_pinned { "文件夹已置顶。" } else { "已取消置顶。" }
    }
    folders_left_out(n: u32) {
        en: format!("The server has {} more, which this page leaves out.", plural(u64::from(n), "folder", "folders")),
        zh: format!("服务器上另有 {n} 个文件夹，此处未显示。")
    }
    body_cut() { en: "Only the beginning is shown. The source has all of it.", zh: "仅显示开头部分，完整内容见原文。" }
    open_body_alone() { en: "Open the text on a page of its own", zh: "在单独页面打开正文" }
    list_left(host: String) {
        en: format!("{host} accepted the request. It may take some days until no more mail comes."),
        zh: format!("{host} 已接受请求，可能需要几天才会停止来信。")
    }
    save_file(name: String) { en: format!("Save {name}"), zh: format!("保存 {name}") }
    sent_message() { en: "What was sent", zh: "查看发送记录" }
    quoted_text() { en: "Quoted text", zh: "引用的内容" }
    from() { en: "From", zh: "发件人" }
    to() { en: "To", zh: "收件人" }
    cc() { en: "Cc", zh: "抄送" }
    bcc() { en: "Bcc", zh: "密送" }
    reply_to() { en: "Reply to", zh: "回复至" }
    date() { en: "Date", zh: "日期" }
    subject() { en: "Subject", zh: "主题" }
    to_people(people: String) {
        en: if people.is_empty() { String::new() } else { format!("to {people}") },
        zh: if people.is_empty() { String::new() } else { format!("发给 {people}") }
    }
    /// A line of names: `more` is the number of people not named, `all` the total.
    and_more(people: String, more: u64, all: u64) {
        en: format!("{people} and {more} more"),
        zh: format!("{people} 等 {all} 人")
    }
    headers() { en: "Headers", zh: "邮件头" }
    in_light() { en: "Show in light colours", zh: "以浅色显示" }
    in_dark() { en: "Show in dark colours", zh: "以深色显示" }
    back_to_message() { en: "Back to the message around it", zh: "返回外层邮件" }
    download_all() { en: "Download all", zh: "全部下载" }
    images_always() { en: "Always for this sender", zh: "始终信任此发件人" }
    images_always_shown() {
        en: "Remote images of this sender are always shown.",
        zh: "始终显示此发件人的远程图片。"
    }
    images_stop() { en: "No longer", zh: "不再显示" }
    images_of() { en: "Remote images are always shown for", zh: "始终显示以下发件人的远程图片" }
    images_shown(address: String, is_shown: bool) {
        en: match is_shown {
            true => format!("Remote images from {address} are always shown."),
            false => format!("Remote images from {address} are shown on request only."),
        },
        zh: match is_shown {
            true => format!("将始终显示来自 {address} 的远程图片。"),
            false => format!("来自 {address} 的远程图片仅在请求时显示。"),
        }
    }
    unsubscribe() { en: "Unsubscribe", zh: "退订" }
    source() { en: "Source", zh: "原文" }
    reply() { en: "Reply", zh: "回复" }
    reply_all() { en: "Reply all", zh: "全部回复" }
    forward() { en: "Forward", zh: "转发" }
    remote_images() { en: "Remote images", zh: "远程图片" }
    images_blocked(n: u32) {
        en: format!("{} not loaded", plural(u64::from(n), "remote image", "remote images")),
        zh: format!("未加载 {n} 张远程图片")
    }
    images_why() {
        en: "Loading them tells the sender that you opened this.",
        zh: "加载图片会让发件人知道您已打开邮件。"
    }
    images_once() { en: "Show once", zh: "显示一次" }
    pixels_blocked(n: u32) {
        en: plural(u64::from(n), "tracking pixel stays blocked.", "tracking pixels stay blocked."),
        zh: format!("{n} 个跟踪像素始终不会加载。")
    }
    attachments(n: u64, sum: String) {
        en: format!("{}, {sum}", plural(n, "attachment", "attachments")),
        zh: format!("{n} 个附件，{sum}")
    }
    nameless_file(kind: String) {
        en: format!("{kind} file").trim_start().to_owned(),
        zh: format!("{kind} 文件").trim_start().to_owned()
    }

    new_message() { en: "New message", zh: "新邮件" }
    formatting() { en: "Formatting", zh: "格式" }
    format_bold() { en: "Bold (Ctrl+B)", zh: "粗体 (Ctrl+B)" }
    format_italic() { en: "Italic (Ctrl+I)", zh: "斜体 (Ctrl+I)" }
    format_underline() { en: "Underline (Ctrl+U)", zh: "下划线 (Ctrl+U)" }
    format_list() { en: "List", zh: "项目列表" }
    format_numbered_list() { en: "Numbered list", zh: "编号列表" }
    format_quote() { en: "Quote", zh: "引用" }
    format_code() { en: "Code", zh: "代码" }
    format_link() { en: "Link (Ctrl+K)", zh: "链接 (Ctrl+K)" }
    format_picture() { en: "Picture", zh: "图片" }
    plain_text() { en: "Plain text", zh: "纯文本" }
    formatted_text() { en: "Formatting", zh: "带格式" }
    link_address() { en: "Address", zh: "地址" }
    link_apply() { en: "Set link", zh: "设置链接" }
    link_wrong() {
        en: "This is not an address of a web page or a mailbox.",
        zh: "这不是网页或邮箱的地址。"
    }
    message_text() { en: "Message text", zh: "邮件正文" }
    cc_bcc() { en: "Cc and Bcc", zh: "抄送和密送" }
    recipients_hint() { en: "Several addresses: put a comma between.", zh: "多个地址请用逗号分隔。" }
    recipient_invalid(entry: String, others: u64) {
        en: match others { 0 => format!("{entry} is not an address. Correct it or remove it."), _ => format!("{entry} and {} more are not addresses. Correct or remove them.", grouped(others)) },
        zh: match others { 0 => format!("{entry} 不是邮箱地址，请更正或移除。"), _ => format!("{entry} 等 {} 项不是邮箱地址，请更正或移除。", grouped(others.saturating_add(1))) }
    }
    recipient_selected(entry: String) {
        en: format!("{entry} selected. Delete removes it, Enter edits it."),
        zh: format!("已选中 {entry}。按 Delete 移除，按 Enter 编辑。")
    }
    recipients_selected(n: u64) {
        en: format!("{} recipients selected. Delete removes them.", grouped(n)),
        zh: format!("已选中 {} 位收件人。按 Delete 移除。", grouped(n))
    }
    people_offered(n: u64) { en: plural(n, "suggestion", "suggestions"), zh: format!("{n} 个建议") }
    people_list() { en: "Suggestions", zh: "建议" }
    forget_person(address: String) {
        en: format!("Forget {address} (Shift+Delete)"),
        zh: format!("不再建议 {address}（Shift+Delete）")
    }
    send() { en: "Send", zh: "发送" }
    sending() { en: "Sending", zh: "正在发送" }
    send_without(no_subject: bool, no_text: bool) {
        en: match (no_subject, no_text) { (true, true) => "Send without a subject and without text?", (true, false) => "Send without a subject?", (false, _) => "Send without text?" },
        zh: match (no_subject, no_text) { (true, true) => "邮件没有主题，也没有正文，仍要发送吗？", (true, false) => "邮件没有主题，仍要发送吗？", (false, _) => "邮件没有正文，仍要发送吗？" }
    }
    send_without_file() {
        en: "Send without a file? The text speaks of one.",
        zh: "正文提到附件，但没有添加文件。仍要发送吗？"
    }
    send_to_many(n: usize) {
        en: format!("Send to {n} people who all see each other's addresses? Bcc hides them."),
        zh: format!("将发送给 {n} 人，他们都能看到彼此的地址（密送可隐藏）。仍要发送吗？")
    }
    send_anyway() { en: "Send anyway", zh: "仍然发送" }
    go_on_writing() { en: "Go on writing", zh: "继续写" }
    leave() { en: "Leave", zh: "离开" }
    stay() { en: "Stay", zh: "留下" }
    unsent_offer(at: String, to: String) {
        en: if to.is_empty() { format!("You have an unsent text from {at}.") } else { format!("You have an unsent text from {at} to {to}.") },
        zh: if to.is_empty() { format!("您有一封 {at} 写下、尚未发送的邮件。") } else { format!("您有一封 {at} 写给 {to}、尚未发送的邮件。") }
    }
    unsent_more(n: u64) {
        en: format!("{} more", grouped(n)),
        zh: format!("另有 {n} 封")
    }
    unsent_continue() { en: "Continue", zh: "继续写" }
    unsent_discard() { en: "Discard this text?", zh: "放弃这些内容？" }
    unsent_replace() { en: "Your text is not sent yet", zh: "邮件尚未发送" }
    unsent_replace_fix() {
        en: "Keep it and go on with it later, or discard it?",
        zh: "保留以便稍后继续，还是放弃？"
    }
    unsent_keep() { en: "Keep it", zh: "保留" }
    unsent_uploading() { en: "A file is still on its way", zh: "还有文件正在上传" }
    unsent_uploading_fix() {
        en: "Your text is kept. The file has to be attached again.",
        zh: "正文会保留，文件需要重新添加。"
    }
    unsent_elsewhere() {
        en: "This text is being written in another tab.",
        zh: "另一个标签页正在写这封邮件。"
    }
    unsent_not_kept() {
        en: "This browser cannot keep your text: it is lost when the page is closed.",
        zh: "此浏览器无法保存内容，关闭页面后会丢失。"
    }
    unsent_signing_out() { en: "You have an unsent text", zh: "您有尚未发送的邮件" }
    unsent_signing_out_fix() {
        en: "Signing out deletes what is kept of it in this browser.",
        zh: "退出登录会删除此浏览器中保存的内容。"
    }
    sign_out_and_delete() { en: "Sign out and delete it", zh: "退出并删除" }
    file_not_kept() { en: "Not kept: attach it again, or remove it.", zh: "文件未保留，请重新添加或移除。" }
    discard_text() { en: "Discard", zh: "放弃" }
    attach() { en: "Attach files", zh: "添加附件" }
    forwarded_files() { en: "Forwarded attachments", zh: "转发的附件" }
    remove_file(name: String) { en: format!("Remove {name}"), zh: format!("移除 {name}") }
    size_limit(room: String) { en: format!("At most {room} of files."), zh: format!("附件总计最多 {room}。") }
    size_now(sum: String) { en: format!("These are {sum} after encoding."), zh: format!("编码后 {sum}。") }
    size_over(by: String) { en: format!("{by} too large."), zh: format!("超出 {by}。") }
    size_over_fix() { en: "Remove an attachment.", zh: "请移除附件。" }
    upload_progress(sent: String, all: String) {
        en: format!("{sent} of {all}"),
        zh: format!("{sent} / {all}")
    }
    upload_broken() { en: "Not uploaded: the connection broke.", zh: "未上传：连接中断。" }
    upload_broken_fix() { en: "Remove it and attach it again.", zh: "请移除后重新添加。" }
    file_missing() {
        en: "Not attached. Choose it again, or untick it to send without it.",
        zh: "未添加。请重新选择，或取消勾选后不带它发送。"
    }
    file_gone() { en: "Not attached.", zh: "未添加。" }
    file_gone_fix() { en: "Choose it again, or remove it.", zh: "请重新选择，或移除。" }
    files_missing(names: String) {
        en: format!("Not sent: {names} is not attached."),
        zh: format!("未发送：{names} 未添加成功。")
    }
    files_missing_fix() { en: "Try it again, or remove it.", zh: "请重试，或移除该文件。" }
    files_late(names: String) {
        en: format!("{names} was chosen after Send and is not with the message."),
        zh: format!("{names} 在按下“发送”之后才选择，没有随邮件发出。")
    }
    files_late_fix() { en: "Send it in another message.", zh: "请另发一封邮件。" }
    still_uploading() { en: "A file is still on its way.", zh: "还有文件正在上传。" }
    still_uploading_fix() { en: "Send again once it is there, or remove it.", zh: "上传完成后再发送，或移除该文件。" }

    outbox() { en: "Outbox", zh: "发件箱" }
    outbox_lead() {
        en: "What happened to each message, in the words of your mail server.",
        zh: "每封邮件的结果，以邮件服务器的原话为准。"
    }
    outbox_needs_look(n: u32) {
        en: format!("{n} {} a look", if n == 1 { "needs" } else { "need" }),
        zh: format!("{n} 封需要查看")
    }
    outbox_kept(days: u32) {
        en: format!("An entry is deleted {} after its last change.", plural(days.into(), "day", "days")),
        zh: format!("记录在最后一次变更 {days} 天后删除。")
    }
    outbox_empty() { en: "Nothing was sent yet", zh: "还没有发送过邮件" }
    state_waiting() { en: "Waiting", zh: "等待发送" }
    state_handed_over() { en: "Handed over", zh: "已移交" }
    state_delayed() { en: "Delayed", zh: "已推迟" }
    state_refused() { en: "Refused", zh: "被拒绝" }
    state_not_sent() { en: "Not sent", zh: "未发送" }
    state_unknown() { en: "Unknown", zh: "未知" }
    state_damaged() { en: "Unreadable", zh: "无法读取" }
    ledger_summary(at: String, host: String, n: u64, size: String) {
        en: format!("{at} through {host}, {}, {size}", plural(n, "recipient", "recipients")),
        zh: format!("{at}，经由 {host}，{n} 位收件人，{size}")
    }
    ledger_waiting() {
        en: "Held here. It leaves even if this browser is closed.",
        zh: "邮件保存在这里，关闭浏览器也会发出。"
    }
    send_options() { en: "Options", zh: "选项" }
    send_at() { en: "Send later", zh: "定时发送" }
    send_later() { en: "Schedule", zh: "定时发送" }
    priority() { en: "Priority", zh: "优先级" }
    priority_normal() { en: "Normal", zh: "普通" }
    priority_high() { en: "High", zh: "高" }
    priority_low() { en: "Low", zh: "低" }
    wants_receipt() { en: "Ask the recipients to confirm reading", zh: "请求已读回执" }
    wants_notice() { en: "Ask the servers to report delivery", zh: "请求服务器报告投递结果" }
    requires_tls() {
        en: "Deliver only over encrypted connections; else it comes back",
        zh: "仅通过加密连接投递，否则退回"
    }
    settings_identities() { en: "Names and signatures", zh: "发件身份与签名" }
    identities_lead() {
        en: "Who your messages come from. An answer is sent from the address that the message came to.",
        zh: "邮件以谁的名义发出。回复时使用收到邮件的地址。"
    }
    identity_add() { en: "Add a sender", zh: "添加发件身份" }
    identity_name() { en: "Name", zh: "姓名" }
    identity_address() { en: "Address", zh: "地址" }
    identity_reply_to() { en: "Answers go to (if not to this address)", zh: "回复地址（若与此地址不同）" }
    identity_signature() { en: "Signature", zh: "签名" }
    identity_copied() { en: "Send me a blind copy of each message", zh: "每封邮件密送给自己" }
    identity_default() { en: "New messages come from this sender", zh: "新邮件默认使用此身份" }
    identity_is_default() { en: "Default", zh: "默认" }
    settings_contacts() { en: "Contacts", zh: "通讯录" }
    contacts_lead() {
        en: "People and groups that are offered when you write a message.",
        zh: "写邮件时可供选择的联系人和群组。"
    }
    results() { en: "Results", zh: "搜索结果" }
    search_mail() { en: "Search mail", zh: "搜索邮件" }
    search_scope() { en: "Where to search", zh: "搜索范围" }
    search_all() { en: "All folders", zh: "所有文件夹" }
    search_anywhere() { en: "With Junk and Trash", zh: "含垃圾邮件和已删除" }
    search_account() { en: "This account", zh: "此账户" }
    search_folder() { en: "This folder", zh: "此文件夹" }
    search_fields() { en: "Search by fields", zh: "按字段搜索" }
    search_words() { en: "Words", zh: "词语" }
    search_without() { en: "Without the words", zh: "不含词语" }
    search_unread() { en: "Unread", zh: "未读" }
    search_filename() { en: "File name", zh: "文件名" }
    search_after() { en: "From this day", zh: "起始日期" }
    search_before() { en: "Before this day", zh: "此日期之前" }
    found(count: u32) { en: format!("{} found", grouped(u64::from(count))), zh: format!("找到 {} 封", grouped(u64::from(count))) }
    empty_results() { en: "Nothing found", zh: "没有找到" }
    stop() { en: "Stop", zh: "停止" }
    contacts_search() { en: "Search contacts", zh: "搜索联系人" }
    contacts_count(n: u64) {
        en: plural(n, "contact", "contacts"),
        zh: format!("{n} 位联系人")
    }
    contacts_none() { en: "No contacts yet", zh: "还没有联系人" }
    contacts_no_match() { en: "No contact matches", zh: "没有匹配的联系人" }
    contacts_before() { en: "Previous page", zh: "上一页" }
    contacts_after() { en: "Next page", zh: "下一页" }
    contacts_unreadable(n: u64) {
        en: format!("{} cannot be opened with the server's key.", plural(n, "entry", "entries")),
        zh: format!("{n} 个条目无法用服务器的密钥打开。")
    }
    contact_add() { en: "Add a contact", zh: "添加联系人" }
    contact_addresses() { en: "Email addresses, one on each line", zh: "邮件地址，每行一个" }
    contact_note() { en: "Note", zh: "备注" }
    contact_groups() { en: "Groups", zh: "群组" }
    contact_group_add() { en: "Add a group", zh: "添加群组" }
    contact_group_name() { en: "Name of the group", zh: "群组名称" }
    contact_members() { en: "Addresses of the members, one on each line", zh: "成员地址，每行一个" }
    contact_members_count(n: u64) {
        en: plural(n, "member", "members"),
        zh: format!("{n} 位成员")
    }
    contacts_import() { en: "Import", zh: "导入" }
    contacts_import_lead() {
        en: "A vCard file, or CSV as Outlook, Google and Thunderbird export it, up to 5 MB. Contacts that you have get what is new; nothing is replaced.",
        zh: "vCard 文件，或由 Outlook、Google、Thunderbird 导出的 CSV，最大 5 MB。已有联系人只补充新内容，不会被覆盖。"
    }
    contacts_file() { en: "File", zh: "文件" }
    contacts_export() { en: "Export", zh: "导出" }
    contacts_export_vcard() { en: "Save as vCard", zh: "保存为 vCard" }
    contacts_export_csv() { en: "Save as CSV", zh: "保存为 CSV" }
    import_done(added: u64, changed: u64, unchanged: u64) {
        en: format!("Imported: {added} added, {changed} changed, {unchanged} already here."),
        zh: format!("导入完成：新增 {added}，更新 {changed}，已存在 {unchanged}。")
    }
    import_left_out(n: u64) {
        en: format!("{} not imported, or in part only", plural(n, "entry", "entries")),
        zh: format!("{n} 个条目未导入或仅部分导入")
    }
    import_more(n: u64) {
        en: format!("and {n} more"),
        zh: format!("以及另外 {n} 个")
    }
    left_out_no_address() { en: "no email address", zh: "没有邮件地址" }
    left_out_invalid_address() { en: "not an email address", zh: "不是有效的邮件地址" }
    left_out_many_addresses() { en: "more addresses than a contact may have", zh: "地址数量超过联系人上限" }
    left_out_many_members() { en: "more members than a group may have", zh: "成员数量超过群组上限" }
    left_out_full() { en: "the address book is full", zh: "通讯录已满" }
    left_out_long() { en: "The file is too long; its end was not read.", zh: "文件过长，末尾部分未读取。" }
    undo_send() { en: "Undo after sending", zh: "撤销发送" }
    undo_send_lead() {
        en: "For this long after Send, a message is held here and can be stopped.",
        zh: "点击“发送”后，邮件先在此保留这段时间，期间可以撤销。"
    }
    settings_templates() { en: "Templates", zh: "邮件模板" }
    templates_lead() {
        en: "Texts that you write again and again. The form of a message puts them in.",
        zh: "常用的邮件内容，写信时可以直接插入。"
    }
    template_add() { en: "Add a template", zh: "添加模板" }
    template_name() { en: "Name", zh: "名称" }
    template_write() { en: "Write with it", zh: "用此模板写信" }
    template_insert() { en: "Insert a template", zh: "插入模板" }
    settings_composing() { en: "Composing", zh: "写信" }
    composing_sending() { en: "Sending", zh: "发送" }
    composing_writing() { en: "Writing", zh: "撰写" }
    after_sending() { en: "After sending an answer", zh: "回复发送后" }
    after_sending_lead() {
        en: "A message in the inbox is archived once its answer is handed over.",
        zh: "回复交给服务器后，将收件箱中的原邮件归档。"
    }
    after_sending_stay() { en: "Leave the message where it is", zh: "原邮件保持不动" }
    after_sending_archive() { en: "Archive the message", zh: "归档原邮件" }
    warns_missing_file() { en: "Warn about a missing attachment", zh: "提醒遗漏的附件" }
    format() { en: "Format", zh: "格式" }
    format_formatted() { en: "Formatted text", zh: "带格式文本" }
    format_plain() { en: "Plain text", zh: "纯文本" }
    quote_position() { en: "Quote when answering", zh: "回复时引用原文" }
    quote_below() { en: "Below my text", zh: "在我的文字下方" }
    quote_above() { en: "Above my text", zh: "在我的文字上方" }
    quote_omitted() { en: "No quote", zh: "不引用" }
    delivery_reports() { en: "Ask for delivery reports", zh: "请求投递报告" }
    delivery_reports_lead() {
        en: "Only where the mail server offers them.",
        zh: "仅在邮件服务器支持时。"
    }
    undo_send_secs(n: u32) {
        en: if n == 0 { "Send at once".to_owned() } else { plural(u64::from(n), "second", "seconds") },
        zh: if n == 0 { "立即发送".to_owned() } else { format!("{n} 秒") }
    }
    saved() { en: "Saved", zh: "已保存" }
    option_unsupported() { en: "Your mail server does not offer this.", zh: "您的邮件服务器不支持此项。" }
    more_answers() { en: "More ways to answer", zh: "其他回复方式" }
    forward_attached() { en: "Forward as attachment", zh: "作为附件转发" }
    redirect() { en: "Redirect", zh: "原样转发" }
    redirect_note() {
        en: "The message goes on as it is, with its author, text and files. Whoever answers it, \
             answers its author.",
        zh: "邮件将原样转发，发件人、正文和附件均不变。收件人的回复会发给原发件人。"
    }
    edit_as_new() { en: "Edit as new", zh: "作为新邮件编辑" }
    dock_fold() { en: "Minimise", zh: "最小化" }
    dock_full() { en: "Full size", zh: "放大" }
    close_and_keep() { en: "Close and keep the text", zh: "关闭并保留内容" }
    save_draft() { en: "Save draft", zh: "存草稿" }
    draft_saving() { en: "Saving the draft", zh: "正在保存草稿" }
    draft_saved() { en: "Saved in Drafts", zh: "已存入草稿箱" }
    draft_failed(cause: String) {
        en: format!("Kept in this browser, not in Drafts: {cause}"),
        zh: format!("已保存在浏览器中，未存入草稿箱：{cause}")
    }
    draft_changed_elsewhere() {
        en: "This draft was changed in another tab or program. Nothing here was saved over it.",
        zh: "此草稿已在其他标签页或程序中更改，这里的内容没有覆盖它。"
    }
    draft_gone() {
        en: "This draft was sent or deleted in another tab or program.",
        zh: "此草稿已在其他标签页或程序中发送或删除。"
    }
    draft_open_other() { en: "Open the other version", zh: "打开另一版本" }
    draft_keep_this() { en: "Keep this text", zh: "保留此内容" }
    continue_draft() { en: "Continue writing", zh: "继续编辑" }
    state_scheduled() { en: "Scheduled", zh: "定时发送" }
    ledger_held(n: u32) {
        en: format!("Leaves in {}, even if you close this tab.", plural(u64::from(n), "second", "seconds")),
        zh: format!("{n} 秒后发出，关闭标签页也不影响。")
    }
    ledger_scheduled(at: String) {
        en: format!("Leaves on {at}, even if this browser is closed."),
        zh: format!("将于 {at} 发出，关闭浏览器也不影响。")
    }
    sending_to(to: String) { en: format!("Sending to {to}."), zh: format!("正在发送给 {to}。") }
    handed_over_to(to: String) {
        en: format!("Your server took the message to {to}."),
        zh: format!("您的服务器已接收发给 {to} 的邮件。")
    }
    recipient_and_more(name: String, others: u64) {
        en: format!("{name} and {}", plural(others, "other", "others")),
        zh: format!("{name} 等 {} 人", others + 1)
    }
    send_now() { en: "Send now", zh: "立即发送" }
    edit_message() { en: "Edit", zh: "编辑" }
    open_entry() { en: "Details", zh: "详情" }
    sign_in_stored() {
        en: "While a message waits, your sign-in is stored here, encrypted, so that it leaves even after you sign out. It is deleted with the last one.",
        zh: "有邮件等待发送时，您的登录信息加密保存在此，因此退出后邮件仍会发出。最后一封发出后即删除。"
    }
    ledger_waiting_sign_in() {
        en: "Held here. It leaves once you sign in to this account again.",
        zh: "邮件保存在这里，重新登录此账户后发出。"
    }
    ledger_retry(at: String, until: String) {
        en: format!("Not taken for now. Next try: {at}. It is tried until {until}."),
        zh: format!("暂未接收。下次尝试：{at}，最迟尝试至 {until}。")
    }
    ledger_handed_over(at: String) {
        en: format!("Your server took it at {at}. Delivery is now its job."),
        zh: format!("您的服务器于 {at} 接收，后续投递由它负责。")
    }
    ledger_partly(n: u64, all: u64) {
        en: format!("Refused for {n} of {all}"),
        zh: format!("{all} 位收件人中有 {n} 位被拒绝")
    }
    unreadable_entry() { en: "Entry that cannot be read", zh: "无法读取的记录" }
    ledger_key_lost() {
        en: "It is sealed with a key that the server no longer has. Ask whoever runs this server to put the old key back into the key file, or remove it.",
        zh: "此记录由服务器已没有的密钥封存。请让管理员把旧密钥放回密钥文件，或移除此记录。"
    }
    ledger_later_program() {
        en: "A later version of Restante wrote it. It comes back once whoever runs this server installs that version again.",
        zh: "此记录由较新版本的 Restante 写入。管理员重新安装该版本后即可恢复。"
    }
    ledger_damaged() {
        en: "It is damaged, and does not tell whether the message was sent. Check Sent before writing it again, then remove it.",
        zh: "此记录已损坏，无法得知邮件是否已送出。重写前请先查看“已发送”，然后移除此记录。"
    }
    outbox_newest() { en: "Newest", zh: "最新" }
    ledger_unknown() {
        en: "The link died after the message was sent, before the server answered. It may have gone out. Check Sent before repeating.",
        zh: "邮件发出后、服务器答复前连接中断。邮件可能已送出，重发前请先查看“已发送”。"
    }
    ledger_unknown_found() {
        en: "The link died before the server answered, but a copy is in its folder: the server has the message.",
        zh: "服务器答复前连接中断，但文件夹中有它的副本：服务器已收到邮件。"
    }
    ledger_unknown_nowhere() {
        en: "The link died after the message was sent, before the server answered. There is no copy in Sent, but not every server puts one there: it may have gone out.",
        zh: "邮件发出后、服务器答复前连接中断。“已发送”中没有副本，但并非所有服务器都会保存，邮件可能已送出。"
    }
    copy_not_kept() {
        en: "This account keeps no copy of sent mail. This entry is the record.",
        zh: "此账户不保留已发送邮件的副本，以此记录为准。"
    }
    copy_failed(cause: String) {
        en: format!("No copy in Sent: {cause}"),
        zh: format!("未能保存到“已发送”：{cause}")
    }
    correct_and_send() { en: "Correct and send", zh: "更正并发送" }
    open_sent() { en: "Open Sent", zh: "打开“已发送”" }
    send_again_unknown() { en: "It is not in Sent, send again", zh: "“已发送”中没有，再次发送" }
    do_not_send() { en: "Do not send", zh: "不发送" }
    stop_trying() { en: "Stop trying", zh: "停止重试" }
    remove_entry() { en: "Remove from list", zh: "从列表移除" }
    put_back() { en: "Put back", zh: "放回列表" }
    delete_entry() { en: "Delete for good", zh: "彻底删除" }
    entry_stopped() { en: "Stopped. The message stays in the outbox.", zh: "已停止，邮件仍在发件箱中。" }
    entry_removed() { en: "Removed from the list", zh: "已从列表移除" }
    entry_put_back() { en: "Back in the list", zh: "已放回列表" }
    entry_deleted() { en: "Deleted for good", zh: "已彻底删除" }
    entry_retried() { en: "It is tried again", zh: "正在重试" }
    outbox_removed(n: u64) { en: format!("Removed ({n})"), zh: format!("已移除（{n}）") }
    outbox_removed_lead() {
        en: "Kept for 7 days with their text, then deleted.",
        zh: "连同内容保留 7 天，之后删除。"
    }
    state_stopped() { en: "Stopped", zh: "已停止" }
    show_transcript() { en: "Show transcript", zh: "查看会话记录" }
    transcript() { en: "Transcript", zh: "会话记录" }
    transcript_attempt(n: u32, at: String) {
        en: format!("Attempt {n}, {at}."),
        zh: format!("第 {n} 次尝试，{at}。")
    }
    transcript_lead() {
        en: "What Restante (C:) and the mail server (S:) said to each other, with the seconds since the first line. Passwords are masked; of the message only its size is here.",
        zh: "Restante（C:）与邮件服务器（S:）的对话，数字为距第一行的秒数。密码已隐去，邮件内容只记录大小。"
    }
    transcript_reused() {
        en: "The connection was open already, from an earlier message.",
        zh: "沿用发送上一封邮件时打开的连接。"
    }
    transcript_cut() { en: "Earlier lines were left out.", zh: "更早的内容已省略。" }
    transcript_none() {
        en: "There is no transcript: the last attempt did not reach the mail server, or has not ended yet.",
        zh: "没有会话记录：最近一次尝试未能连接邮件服务器，或尚未结束。"
    }
    transcript_as_text() { en: "Save as text", zh: "保存为文本" }
    ledger_stopped() {
        en: "You stopped it: nothing more is sent by itself. Its text is kept here.",
        zh: "您已停止发送，不会再自动重试。内容仍保存在此。"
    }

    settings_appearance() { en: "Appearance", zh: "外观" }
    theme() { en: "Theme", zh: "主题" }
    theme_system() { en: "As the system", zh: "跟随系统" }
    theme_light() { en: "Light", zh: "浅色" }
    theme_dark() { en: "Dark", zh: "深色" }
    language() { en: "Language", zh: "语言" }
    keys_title() { en: "Keyboard", zh: "键盘" }
    key_next() { en: "Next, previous", zh: "下一封、上一封" }
    key_open() { en: "Open", zh: "打开" }
    key_back() { en: "Back to the list", zh: "返回列表" }
    key_select() { en: "Select", zh: "选择" }
    key_answer() { en: "Reply, all, forward", zh: "回复、全部、转发" }
    key_remove() { en: "Archive, delete, junk", zh: "归档、删除、垃圾邮件" }
    key_star() { en: "Star", zh: "星标" }
    key_read() { en: "Read, unread", zh: "已读、未读" }
    key_compose() { en: "Compose", zh: "写邮件" }
    key_send() { en: "Send", zh: "发送" }
    key_undo() { en: "Undo", zh: "撤销" }
    key_help() { en: "This list", zh: "此列表" }

    add_account() { en: "Add an account", zh: "添加账户" }
    add_account_lead() {
        en: "It joins the accounts of this session until you sign out.",
        zh: "它将加入本次会话的账户，直到您退出登录。"
    }
    remove_account(address: String) { en: format!("Remove {address}"), zh: format!("移除 {address}") }
    login_title() { en: "Open your mailbox", zh: "打开您的邮箱" }
    login_lead() {
        en: "Use the address and password your mail provider gave you. Your mail stays with your provider.",
        zh: "请使用邮件服务商提供的地址和密码。邮件始终保存在您的服务商处。"
    }
    login_email() { en: "Email address", zh: "邮箱地址" }
    login_password() { en: "Password", zh: "密码" }
    login_by_hand() { en: "Set the servers by hand", zh: "手动设置服务器" }
    login_incoming() { en: "Incoming", zh: "收件" }
    login_outgoing() { en: "Outgoing (SMTP)", zh: "发件（SMTP）" }
    login_incoming_host() { en: "Incoming server", zh: "收件服务器" }
    login_incoming_port() { en: "Incoming port", zh: "收件端口" }
    login_incoming_tls() { en: "Incoming encryption", zh: "收件加密" }
    login_outgoing_host() { en: "Outgoing server", zh: "发件服务器" }
    login_outgoing_port() { en: "Outgoing port", zh: "发件端口" }
    login_outgoing_tls() { en: "Outgoing encryption", zh: "发件加密" }
    login_protocol() { en: "Protocol", zh: "协议" }
    login_tls_none() { en: "None", zh: "无" }
    login_user() { en: "User name, if it is not the address", zh: "用户名（若与邮箱地址不同）" }
    login_submit() { en: "Open mailbox", zh: "打开邮箱" }
    login_or() { en: "or", zh: "或" }
    login_demo() { en: "Try the demo mailbox", zh: "试用演示邮箱" }
    login_not_done() {
        en: "What you asked for was not done. Sign in again and repeat it.",
        zh: "您的操作没有执行。请重新登录后再操作一次。"
    }
    login_text_kept() {
        en: "Your message was not sent. Its text is kept for an hour: sign in again with the same account and it is in the form.",
        zh: "邮件没有发出，内容会保留一小时：用同一账户重新登录后即可继续。"
    }
    login_signed_out() { en: "You are signed out.", zh: "您已退出登录。" }
    login_session_replaced() {
        en: "This account was signed in on more devices than may be open at once, and another sign-in of the same account took this session's place. If that was not you, change the password at your provider.",
        zh: "此账户同时登录的设备过多，本会话已被同一账户的另一次登录取代。如果不是您本人操作，请到邮箱服务商处修改密码。"
    }
    login_guessed(domain: String) {
        en: format!("The servers of {domain} are not known here."),
        zh: format!("这里没有 {domain} 的服务器设置。")
    }
    login_guessed_fix() {
        en: "The fields hold a guess and nothing was dialled. Check them: your password goes there once you press Open mailbox.",
        zh: "字段中为推测值，尚未连接。请先核对：点击“打开邮箱”后密码才会发送到该服务器。"
    }
    login_one_try() {
        en: "One sign-in was tried. It is not repeated by itself, so the account is not locked.",
        zh: "只尝试了一次登录，不会自动重复，以免账户被锁定。"
    }

    notice_not_found() { en: "This is not here", zh: "此处没有内容" }
    notice_not_found_text() {
        en: "The message may have been moved or deleted, or the address is mistyped.",
        zh: "邮件可能已被移动或删除，或地址有误。"
    }
    notice_too_large(max: String) {
        en: format!("Too large: at most {max} can be taken at once."),
        zh: format!("内容过大：一次最多接收 {max}。")
    }
    notice_too_large_text() {
        en: "Go back and remove an attachment. Nothing was sent.",
        zh: "请返回并移除附件。邮件没有发出。"
    }
    notice_other_site() { en: "This request came from another site", zh: "此请求来自其他网站" }
    notice_other_site_text() {
        en: "Nothing was changed. Open Restante itself and try again.",
        zh: "没有做任何更改。请直接打开 Restante 后重试。"
    }
    notice_failed() { en: "That did not work", zh: "操作未成功" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_of_one_is_singular() {
        assert_eq!(Lang::En.done_archived(1), "Archived 1 message");
        assert_eq!(Lang::En.done_archived(1_200), "Archived 1,200 messages");
        assert_eq!(Lang::En.images_blocked(1), "1 remote image not loaded");
        assert_eq!(
            Lang::En.pixels_blocked(1),
            "1 tracking pixel stays blocked."
        );
        assert_eq!(
            Lang::En.pixels_blocked(2),
            "2 tracking pixels stay blocked."
        );
    }

    #[test]
    fn unread_count_is_shown_only_if_there_are_unread_messages() {
        assert_eq!(
            Lang::En.folder_counts(Some(12), 1_284),
            "12 unread, 1,284 in all"
        );
        assert_eq!(Lang::En.folder_counts(Some(0), 1), "1 message");
        assert_eq!(Lang::ZhCn.folder_counts(None, 5), "共 5 封");
    }

    #[test]
    fn sending_texts_do_not_promise_an_undo() {
        for lang in [Lang::En, Lang::ZhCn] {
            for text in [
                lang.sending(),
                lang.send(),
                lang.ledger_waiting(),
                lang.state_waiting(),
            ] {
                assert!(!text.contains(lang.undo().as_ref()), "{text}");
            }
        }
    }
}
