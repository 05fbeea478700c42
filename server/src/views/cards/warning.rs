//! What in the fields of a message may deceive its reader.

use app::api::types::{Card, CardKind, Lang};
use mail_mime::header::Headers;
use mail_mime::spoofing::{self, AuthorSign, Sign};

/// Returns the card; `None` if nothing deceives.
pub(super) fn card(headers: &Headers, lang: Lang) -> Option<Card> {
    let mut signs: Vec<Sign> = headers.from().iter().flat_map(spoofing::signs).collect();
    signs.sort_unstable();
    signs.dedup();
    if signs.contains(&Sign::MixedScripts) {
        // The same letters.
        signs.retain(|sign| *sign != Sign::LookAlikeDomain);
    }
    let of_mailbox = signs
        .into_iter()
        .filter_map(|sign| mailbox_line(sign, lang));
    let of_author = spoofing::author_signs(headers);
    let of_author = of_author
        .into_iter()
        .filter_map(|sign| author_line(sign, lang));
    let lines: Vec<String> = of_mailbox.chain(of_author).map(str::to_owned).collect();
    let title = match lang {
        Lang::En => "Look at who sent this",
        Lang::ZhCn => "请留意发件人",
    };
    (!lines.is_empty()).then(|| super::card(CardKind::Warning, title.to_owned(), lines))
}

fn mailbox_line(sign: Sign, lang: Lang) -> Option<&'static str> {
    Some(match (sign, lang) {
        (Sign::NameHoldsAddress, Lang::En) => {
            "The sender's name is written like an address, but it is not the address that a reply goes to."
        }
        (Sign::NameHoldsAddress, Lang::ZhCn) => {
            "发件人的名称写成了一个邮箱地址，但回复会发往另一个地址。"
        }
        (Sign::HiddenCharacters, Lang::En) => {
            "The sender's name or address holds invisible characters. They are not shown."
        }
        (Sign::HiddenCharacters, Lang::ZhCn) => "发件人的名称或地址中含有不可见字符，此处未显示。",
        (Sign::EncodedAddress, Lang::En) => {
            "The sender's address is encoded in a way that makes other programs show a different one."
        }
        (Sign::EncodedAddress, Lang::ZhCn) => {
            "发件人地址使用了特殊编码，其他程序可能会显示成另一个地址。"
        }
        (Sign::LookAlikeAt | Sign::LookAlikeLocalPart | Sign::LookAlikeDomain, Lang::En) => {
            "The sender's address has characters that look like others."
        }
        (Sign::LookAlikeAt | Sign::LookAlikeLocalPart | Sign::LookAlikeDomain, Lang::ZhCn) => {
            "发件人地址中含有形似其他字母的字符。"
        }
        (Sign::MixedScripts, Lang::En) => {
            "The sender's domain mixes letters of several scripts. It is shown in its technical form."
        }
        (Sign::MixedScripts, Lang::ZhCn) => "发件人的域名混用了多种文字，此处以技术形式显示。",
        // A name without an address is told about the author.
        _ => return None,
    })
}

fn author_line(sign: AuthorSign, lang: Lang) -> Option<&'static str> {
    Some(match (sign, lang) {
        (AuthorSign::NoAuthor, Lang::En) => "The message does not say who wrote it.",
        (AuthorSign::NoAuthor, Lang::ZhCn) => "这封邮件没有写明作者。",
        (AuthorSign::SeveralFromFields, Lang::En) => {
            "The message names its author several times. Which one was checked is not known."
        }
        (AuthorSign::SeveralFromFields, Lang::ZhCn) => {
            "这封邮件有多个发件人标头，无法确定服务器检查的是哪一个。"
        }
        (AuthorSign::NoAddress, Lang::En) => "The sender has no address: a reply is not possible.",
        (AuthorSign::NoAddress, Lang::ZhCn) => "发件人没有地址，无法回复。",
        // Rare, and no deception by itself: all authors are shown.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(from: &str) -> Vec<String> {
        let header = format!("{from}\r\n\r\n");
        let headers = Headers::parse(header.as_bytes()).unwrap();
        card(&headers, Lang::En)
            .map(|card| card.lines)
            .unwrap_or_default()
    }

    #[test]
    fn what_deceives_is_said_once_and_an_ordinary_author_has_no_warning() {
        assert_eq!(lines("From: Ann <ann@shop.example>"), Vec::<String>::new());
        assert_eq!(
            lines("From: 王磊 <wang@haiou.example>"),
            Vec::<String>::new()
        );
        for (from, word) in [
            (
                "From: \"boss@bank.example\" <x@evil.example>",
                "written like an address",
            ),
            ("From: Ann\u{202e} <ann@shop.example>", "invisible"),
            ("From: =?utf-8?Q?a?=@evil.example", "encoded"),
            ("From: Pay <a@p\u{430}ypal.example>", "scripts"),
            ("From: a@x.example\r\nFrom: b@x.example", "several times"),
            ("Subject: x", "does not say"),
        ] {
            let lines = lines(from);
            assert_eq!(lines.len(), 1, "{from}: {lines:?}");
            assert!(lines[0].contains(word), "{from}: {lines:?}");
        }
    }
}
