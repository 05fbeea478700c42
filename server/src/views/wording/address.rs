//! Sentences for invalid recipients: the cause, and what to type instead.

use app::api::types::Lang;
use mail_mime::address::{InvalidAddress, RECIPIENTS_MAX};

use crate::meaning::Meaning;

/// Returns cause and fix for an invalid address; `text` is the typed text on one short line.
pub(super) fn invalid(text: &str, why: InvalidAddress, lang: Lang) -> Meaning {
    let (cause, fix) = match lang {
        Lang::En => english(why),
        Lang::ZhCn => chinese(why),
    };
    let (cause, fix) = match why {
        InvalidAddress::HiddenCharacter(hidden) => {
            let code_point = format!("U+{:04X}", u32::from(hidden));
            (cause.replace("U+", &code_point), fix.to_owned())
        }
        InvalidAddress::TooMany => {
            let max = RECIPIENTS_MAX.to_string();
            (cause.replace("1000", &max), fix.to_owned())
        }
        _ => (cause.to_owned(), fix.to_owned()),
    };
    Meaning {
        cause: match lang {
            Lang::En => format!("“{text}” cannot be used as an address: {cause}."),
            Lang::ZhCn => format!("“{text}”不能用作地址：{cause}。"),
        },
        fix,
    }
}

fn english(why: InvalidAddress) -> (&'static str, &'static str) {
    match why {
        InvalidAddress::Empty => (
            "there is no address in it",
            "Add one, or remove this entry.",
        ),
        InvalidAddress::NoAt => (
            "it has no @",
            "Write it in full, like name@example.org. A name with a comma needs quotes around it.",
        ),
        InvalidAddress::SeveralAts => (
            "it has more than one @",
            "Put a comma between two addresses.",
        ),
        InvalidAddress::WideAt => (
            "its at-sign is a wide one",
            "Type @ with the input method switched off.",
        ),
        InvalidAddress::Space => (
            "there is a space in it",
            "Put a comma between two addresses, and < and > around an address that follows a name.",
        ),
        InvalidAddress::LocalPart => (
            "the part before the @ has a character that is not allowed there",
            "Check that part for typing errors.",
        ),
        InvalidAddress::LocalPartNotAscii => (
            "the part before the @ has letters beyond A to Z, which your mail server does not take",
            "Ask for an address in plain letters, or send from an account whose server takes them.",
        ),
        InvalidAddress::LocalPartTooLong => (
            "the part before the @ is longer than 64 characters",
            "Check whether two addresses ran together.",
        ),
        InvalidAddress::Domain => (
            "the part after the @ is not a domain",
            "Check that part: no dot at its end, no two dots side by side.",
        ),
        InvalidAddress::DomainLookAlike => (
            "the part after the @ has a character that only looks like a letter, a digit or a dot",
            "Type that part again with the input method switched off.",
        ),
        InvalidAddress::TooLong => (
            "it is longer than 254 characters",
            "Check whether two addresses ran together.",
        ),
        InvalidAddress::HiddenCharacter(_) => (
            "it has a hidden character, U+",
            "Remove the entry and type it instead of pasting it.",
        ),
        InvalidAddress::UnclosedQuote => (
            "a quote is not closed",
            "Add the second quote, or remove the first.",
        ),
        InvalidAddress::QuoteInName => (
            "a quote stands inside the name",
            "Put quotes around the whole name, and \\ before a quote inside it.",
        ),
        InvalidAddress::AtInName => (
            "there is an @ in the name too",
            "Leave the name out, or put quotes around it.",
        ),
        InvalidAddress::NameTooLong => ("the name is too long", "Shorten it."),
        InvalidAddress::UnclosedBracket => (
            "a < or a > stands alone",
            "Put < before and > after the address.",
        ),
        InvalidAddress::TextAfterBracket => (
            "something follows the >",
            "Put a comma between two addresses.",
        ),
        InvalidAddress::Group => (
            "groups are not supported",
            "Write the addresses alone. A name with a colon needs quotes around it.",
        ),
        InvalidAddress::Comment => (
            "comments are not supported",
            "Write Name <name@example.org>.",
        ),
        InvalidAddress::MailtoLink => (
            "this link holds more than an address",
            "Write the address alone.",
        ),
        InvalidAddress::TooMany => (
            "a field holds at most 1000 addresses",
            "Send the message in several parts.",
        ),
        _ => ("it is not one", "Write it in full, like name@example.org."),
    }
}

fn chinese(why: InvalidAddress) -> (&'static str, &'static str) {
    match why {
        InvalidAddress::Empty => ("其中没有地址", "请填写地址，或删除此项。"),
        InvalidAddress::NoAt => (
            "缺少 @",
            "请填写完整地址，例如 name@example.org。名称中有逗号时请加引号。",
        ),
        InvalidAddress::SeveralAts => ("有多个 @", "两个地址之间请用逗号分隔。"),
        InvalidAddress::WideAt => ("使用了全角 ＠", "请切换到半角后输入 @。"),
        InvalidAddress::Space => (
            "其中有空格",
            "两个地址之间请用逗号分隔；名称后面的地址请用 < 和 > 括起来。",
        ),
        InvalidAddress::LocalPart => ("@ 之前有不允许的字符", "请检查这一部分。"),
        InvalidAddress::LocalPartNotAscii => (
            "@ 之前有英文字母以外的文字，您的邮件服务器不支持",
            "请改用 @ 之前只含英文字母的地址，或从支持此类地址的账户发送。",
        ),
        InvalidAddress::LocalPartTooLong => {
            ("@ 之前超过 64 个字符", "请检查是否有两个地址连在了一起。")
        }
        InvalidAddress::Domain => (
            "@ 之后不是域名",
            "请检查这一部分：末尾不能有点，也不能有连续的点。",
        ),
        InvalidAddress::DomainLookAlike => (
            "@ 之后有全角或形似的字符",
            "请切换到半角后重新输入这一部分。",
        ),
        InvalidAddress::TooLong => ("超过 254 个字符", "请检查是否有两个地址连在了一起。"),
        InvalidAddress::HiddenCharacter(_) => {
            ("其中有不可见的字符 U+", "请删除此项，不要粘贴，重新输入。")
        }
        InvalidAddress::UnclosedQuote => ("引号没有成对", "请补上后一个引号，或删除前一个。"),
        InvalidAddress::QuoteInName => (
            "名称中间有引号",
            "请用引号括住整个名称，并在其中的引号前加 \\。",
        ),
        InvalidAddress::AtInName => ("名称中也有 @", "请删除名称，或给名称加上引号。"),
        InvalidAddress::NameTooLong => ("名称太长", "请缩短名称。"),
        InvalidAddress::UnclosedBracket => ("< 和 > 没有成对", "请用 < 和 > 括住地址。"),
        InvalidAddress::TextAfterBracket => ("> 之后还有内容", "两个地址之间请用逗号分隔。"),
        InvalidAddress::Group => ("不支持群组", "请只填写地址。名称中有冒号时请加引号。"),
        InvalidAddress::Comment => ("不支持括号注释", "请写成 名称 <name@example.org>。"),
        InvalidAddress::MailtoLink => ("此链接中不只有地址", "请只填写地址。"),
        InvalidAddress::TooMany => ("一栏最多 1000 个地址", "请分几次发送。"),
        _ => ("不是地址", "请填写完整地址，例如 name@example.org。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_names_the_entry_and_a_fix() {
        use InvalidAddress as Why;
        for why in [
            Why::Empty,
            Why::NoAt,
            Why::SeveralAts,
            Why::WideAt,
            Why::Space,
            Why::LocalPart,
            Why::LocalPartNotAscii,
            Why::LocalPartTooLong,
            Why::Domain,
            Why::DomainLookAlike,
            Why::TooLong,
            Why::HiddenCharacter('\u{200b}'),
            Why::UnclosedQuote,
            Why::QuoteInName,
            Why::AtInName,
            Why::NameTooLong,
            Why::UnclosedBracket,
            Why::TextAfterBracket,
            Why::Group,
            Why::Comment,
            Why::MailtoLink,
            Why::TooMany,
        ] {
            for (lang, end) in [(Lang::En, '.'), (Lang::ZhCn, '。')] {
                let meaning = invalid("ann ben", why, lang);
                assert!(meaning.cause.contains("“ann ben”"), "{}", meaning.cause);
                for text in [&meaning.cause, &meaning.fix] {
                    assert!(text.ends_with(end), "{text}");
                }
                let general = match lang {
                    Lang::En => "it is not one",
                    Lang::ZhCn => "不是地址",
                };
                assert!(!meaning.cause.contains(general), "{why:?} has no words");
            }
        }
        let hidden = invalid("x", Why::HiddenCharacter('\u{200b}'), Lang::En);
        assert!(hidden.cause.contains("U+200B"), "{}", hidden.cause);
    }
}
