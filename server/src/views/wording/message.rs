//! Placeholders for unreadable messages and message texts.

use app::api::types::Lang;
use mail_mime::tree::Sealed;

/// Returns the placeholder for the subject of a message that the server did not describe, with the
/// server's reply if it refused.
pub(in crate::views) fn unreadable_row(refusal: &str, lang: Lang) -> String {
    match (lang, refusal) {
        (Lang::En, "") => "[The mail server did not describe this message]".to_owned(),
        (Lang::En, reply) => {
            format!("[The mail server did not describe this message. It said: {reply}]")
        }
        (Lang::ZhCn, "") => "[邮件服务器未提供此邮件的信息]".to_owned(),
        (Lang::ZhCn, reply) => format!("[邮件服务器未提供此邮件的信息，其答复为：{reply}]"),
    }
}

/// Returns the placeholder for a message without readable text.
pub(in crate::views) fn no_text(sealed: Option<Sealed>, lang: Lang) -> &'static str {
    match (sealed, lang) {
        (None, Lang::En) => "This message has no text.",
        (None, Lang::ZhCn) => "此邮件没有正文。",
        (Some(Sealed::SmimeEncrypted), Lang::En) => {
            "This message is encrypted with S/MIME. Restante cannot open it: save the attached file \
             and open it with a mail program that has your certificate."
        }
        (Some(Sealed::SmimeEncrypted), Lang::ZhCn) => {
            "此邮件已用 S/MIME 加密，Restante 无法打开。请下载附件，并用装有您证书的邮件程序打开。"
        }
        (Some(Sealed::SmimeSigned), Lang::En) => {
            "This message is signed with S/MIME, and its text is packed into the signature. Restante \
             cannot open it: save the attached file and open it with a mail program that knows S/MIME."
        }
        (Some(Sealed::SmimeSigned), Lang::ZhCn) => {
            "此邮件带有 S/MIME 签名，正文封装在签名中，Restante 无法打开。请下载附件，并用支持 S/MIME \
             的邮件程序打开。"
        }
        (Some(Sealed::SmimeCertificates), Lang::En) => {
            "This message has no text: it brings the certificates of its sender, for mail programs \
             that know S/MIME."
        }
        (Some(Sealed::SmimeCertificates), Lang::ZhCn) => {
            "此邮件没有正文，仅附有发件人的证书，供支持 S/MIME 的邮件程序使用。"
        }
        (Some(Sealed::Smime), Lang::En) => {
            "This message is packed by S/MIME. Restante cannot open it: save the attached file and \
             open it with a mail program that knows S/MIME."
        }
        (Some(Sealed::Smime), Lang::ZhCn) => {
            "此邮件由 S/MIME 封装，Restante 无法打开。请下载附件，并用支持 S/MIME 的邮件程序打开。"
        }
        (Some(Sealed::OpenPgp), Lang::En) => {
            "This message is encrypted with OpenPGP. Restante cannot open it: save the attached file \
             and open it with a program that has your key."
        }
        (Some(Sealed::OpenPgp), Lang::ZhCn) => {
            "此邮件已用 OpenPGP 加密，Restante 无法打开。请下载附件，并用装有您密钥的程序打开。"
        }
        (Some(Sealed::Other), Lang::En) => {
            "This message is encrypted. Restante cannot open it: save the attached file and open it \
             with the program that it was made for."
        }
        (Some(Sealed::Other), Lang::ZhCn) => {
            "此邮件已加密，Restante 无法打开。请下载附件，并用相应的程序打开。"
        }
    }
}

/// Returns the placeholder for the text of a message over the parser's limits.
pub(in crate::views) fn over_limits(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "This message is built in a way that cannot be shown safely. Open its source, or save \
             it as a file."
        }
        Lang::ZhCn => "这封邮件的结构无法安全显示。请查看源代码，或保存为文件。",
    }
}
