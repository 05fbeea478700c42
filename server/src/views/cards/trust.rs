//! What the receiving server found out about the author (RFC 8601).

use app::api::types::{Card, CardKind, Lang};
use mail_mime::auth_results::{self, Authentication, Outcome, Provider};
use mail_mime::header::Headers;

/// Returns the card; `None` if the receiving server wrote nothing about the author.
pub(super) fn card(headers: &Headers, incoming_host: &str, lang: Lang) -> Option<Card> {
    let provider = Provider::of(headers, incoming_host);
    let found = auth_results::verdict(headers, &|id| provider.is_own(id))?;
    let domain = found.from_domain.as_deref()?;
    let kind = kind(&found);
    let title = match (kind, lang) {
        (CardKind::Verified, Lang::En) => format!("Verified {domain}"),
        (CardKind::Verified, Lang::ZhCn) => format!("已验证 {domain}"),
        (CardKind::Forged, Lang::En) => format!("May not be from {domain}"),
        (CardKind::Forged, Lang::ZhCn) => format!("可能不是来自 {domain}"),
        (_, Lang::En) => "Not verified".to_owned(),
        (_, Lang::ZhCn) => "未验证".to_owned(),
    };
    Some(super::card(kind, title, lines(&found, lang)))
}

fn kind(found: &Authentication) -> CardKind {
    let outcome = found.dmarc.as_ref().map(|dmarc| dmarc.outcome);
    match outcome {
        Some(Outcome::Fail) => CardKind::Forged,
        _ if found.is_aligned => CardKind::Verified,
        _ => CardKind::Unverified,
    }
}

fn lines(found: &Authentication, lang: Lang) -> Vec<String> {
    let spf = found.spf.as_ref().map(|spf| {
        let of = spf.domain.clone().unwrap_or_default();
        line("SPF", spf.outcome, &of, lang)
    });
    let dkim = found
        .dkim
        .as_ref()
        .map(|dkim| line("DKIM", dkim.outcome, &dkim.passed_domains.join(", "), lang));
    let dmarc = found.dmarc.as_ref().map(|dmarc| {
        let of = dmarc.from_domain.clone().unwrap_or_default();
        line("DMARC", dmarc.outcome, &of, lang)
    });
    let id = &found.authserv_id;
    let by = match (id.is_empty(), lang) {
        (true, Lang::En) => "Checked by the receiving mail server.".to_owned(),
        (true, Lang::ZhCn) => "由接收邮件的服务器检查。".to_owned(),
        (false, Lang::En) => {
            format!("Checked by {id}, as its Authentication-Results header says.")
        }
        (false, Lang::ZhCn) => format!("由 {id} 检查（见其 Authentication-Results 标头）。"),
    };
    let lines = [spf, dkim, dmarc, Some(by)];
    lines.into_iter().flatten().collect()
}

/// Returns "SPF: pass (shop.example)".
fn line(method: &str, outcome: Outcome, domains: &str, lang: Lang) -> String {
    let words = match (outcome, lang) {
        (Outcome::Pass, Lang::En) => "pass",
        (Outcome::Pass, Lang::ZhCn) => "通过",
        (Outcome::Fail, Lang::En) => "fail",
        (Outcome::Fail, Lang::ZhCn) => "未通过",
        (Outcome::SoftFail, Lang::En) => "probably not allowed",
        (Outcome::SoftFail, Lang::ZhCn) => "很可能未获授权",
        (Outcome::None, Lang::En) => "nothing to check",
        (Outcome::None, Lang::ZhCn) => "没有可检查的内容",
        (Outcome::TempError | Outcome::PermError, Lang::En) => "could not be checked",
        (Outcome::TempError | Outcome::PermError, Lang::ZhCn) => "无法检查",
        (_, Lang::En) => "says nothing",
        (_, Lang::ZhCn) => "无结论",
    };
    let colon = match lang {
        Lang::En => ": ",
        Lang::ZhCn => "：",
    };
    match (domains.is_empty(), lang) {
        (true, _) => format!("{method}{colon}{words}"),
        (false, Lang::En) => format!("{method}{colon}{words} ({domains})"),
        (false, Lang::ZhCn) => format!("{method}{colon}{words}（{domains}）"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(results: &str) -> Option<Card> {
        let header = format!(
            "Authentication-Results: {results}\r\n\
             Received: from mail.shop.example (mail.shop.example [203.0.113.7])\r\n \
             by mx.provider.example; Sat, 28 Nov 2026 10:00:00 +0000\r\n\
             From: Shop <news@shop.example>\r\n\r\n"
        );
        let headers = Headers::parse(header.as_bytes()).unwrap();
        card(&headers, "imap.provider.example", Lang::En)
    }

    #[test]
    fn the_authors_domain_is_verified_only_if_what_passed_is_his() {
        let own = "mx.provider.example; dkim=pass header.d=shop.example; \
                   spf=pass smtp.mailfrom=shop.example; dmarc=pass header.from=shop.example";
        let card = shown(own).unwrap();
        assert_eq!(card.kind, CardKind::Verified);
        assert_eq!(card.title, "Verified shop.example");
        assert_eq!(
            card.lines,
            [
                "SPF: pass (shop.example)",
                "DKIM: pass (shop.example)",
                "DMARC: pass (shop.example)",
                "Checked by mx.provider.example, as its Authentication-Results header says.",
            ]
        );
        let other = "mx.provider.example; dkim=pass header.d=other.example";
        assert_eq!(shown(other).unwrap().kind, CardKind::Unverified);
        let failed = "mx.provider.example; dmarc=fail header.from=shop.example";
        let card = shown(failed).unwrap();
        assert_eq!(card.kind, CardKind::Forged);
        assert_eq!(card.title, "May not be from shop.example");
    }

    #[test]
    fn a_result_of_another_server_is_not_shown() {
        let forged = "mx.evil.example; dmarc=pass header.from=shop.example";
        assert_eq!(shown(forged), None);
    }
}
