//! The large mailbox: messages that are generated from their number on each read.

use bytes::Bytes;

use super::attachment::Attachment;
use super::letter::Letter;
use super::page::{self, Layout};
use crate::ADDRESS;
use crate::store::{Generated, InitialMessage, Source};

const TWO_YEARS_MS: i64 = 2 * 365 * 24 * 3_600_000;
const MAX_STEP_MS: i64 = 3 * 3_600_000;
/// Number of newest messages that may be unread.
const UNREAD_WINDOW: u32 = 400;

const SENDERS: [&str; 16] = [
    "陈思远 <siyuan.chen@haiou.example>",
    "Marta Kowalczyk <marta@relay.example>",
    "Forgejo <noreply@git.lanxi.example>",
    "12306 购票通知 <ticket@rails.example>",
    "Amélie Durand <amelie.durand@atelier.example>",
    "王磊 <lei.wang@haiou.example>",
    "Nordhost Billing <billing@nordhost.example>",
    "Jonas Lindqvist <jonas@lindqvist.example>",
    "林淑芬 <shufen.lin@taipei.example>",
    "杭州 Rust 社区 <hello@rustmeetup.example>",
    "Saoirse Ryan <saoirse@ryan.example>",
    "西泠印社 <news@xiling.example>",
    "Priya Nair <priya@relay.example>",
    "妈妈 <mama@family.example>",
    "Tomás Herrera <tomas@relay.example>",
    "佐藤美咲 <misaki@sato.example>",
];

const SUBJECTS: [&str; 18] = [
    "Notes from the call about milestone {}",
    "第 {} 次周会纪要与待办事项",
    "[lanxi/relay] #{} Keep one IDLE connection per account",
    "Invoice 2026-{} is ready",
    "回复：海鸥项目接口文档第 {} 版",
    "Re: Cache headers on attachment downloads ({})",
    "行程提醒：订单 {} 已出票",
    "Draft {}: a shorter introduction",
    "照片 {}：上周末在龙井村",
    "Build {} is green again",
    "Question {} about the mailbox names",
    "请查收：第 {} 期报表",
    "Dinner, attempt number {}",
    "Release {} is tagged",
    "关于服务器迁移的第 {} 点补充",
    "Weekly digest {}",
    "Re: Packing list {}",
    "图书馆到期提醒（编号 {}）",
];

const PARAGRAPHS: [&str; 12] = [
    "I went through the list again this morning. Most of it is done, and what is left can wait until the test machine is back, which should be on Thursday.",
    "昨天的讨论我整理了一下：接口先保持不变，等下一个版本再统一改名。有不同意见请在周五之前回复我。",
    "The numbers look better than last month. The slow requests all come from one network, and they stop as soon as the second connection is closed.",
    "附上最新的一版，主要改了第二节和最后的表格。麻烦有空的时候看一下，特别是日期那一列。",
    "Could you have a look at the second paragraph? I am not sure whether it says what we agreed on, and I would rather ask than guess.",
    "周末天气不错的话，我们打算去九溪走走，下午三点左右出发，你们要不要一起来？",
    "I have put the notes into the shared folder. The short version: keep the old name for a year, warn in the log, and write the change down where people will find it.",
    "服务器已经迁到新的机房，域名解析今天晚上生效。如果明天早上还有问题，请直接打电话给我。",
    "Nothing urgent. When you next touch that file, please rename the field as well; the old name has confused two people this week alone.",
    "发票和合同都已经寄出，快递单号在附件里，预计三天内送到。收到以后请回个信。",
    "We tried it with a slow link and with none at all. Both are fine now, and the error says which server did not answer and for how long we had waited.",
    "谢谢你上次的建议，我们照着改了，确实清楚很多。剩下的两个小问题下周再处理。",
];

/// Generates a message; the same input always gives the same octets.
fn rfc822(
    Generated {
        number, unix_ms, ..
    }: Generated,
) -> Bytes {
    let from = pick(&SENDERS, number.wrapping_mul(7) / 3);
    let host = from
        .rsplit_once('@')
        .map_or("example", |(_, host)| host.trim_end_matches('>'));
    let subject = pick(&SUBJECTS, number.wrapping_mul(5) / 2).replace("{}", &number.to_string());
    // 1 in 10 is long (about 10 KB); the others have a few paragraphs.
    let paragraphs = if number % 10 == 3 { 60 } else { 1 + number % 5 };
    let text: Vec<_> = (0..paragraphs)
        .map(|n| pick(&PARAGRAPHS, number.wrapping_add(n * 5)))
        .collect();
    let text = format!("{}\n", text.join("\n\n"));
    let mut letter = Letter {
        from: from.to_owned(),
        to: format!("周文杰 <{ADDRESS}>"),
        message_id: format!("{number}.generated@{host}"),
        date_unix_ms: unix_ms,
        text,
        ..Letter::default()
    };
    if number % 9 == 4 {
        letter.html = Some(page::html(
            &format!("# {subject}\n{}", letter.text),
            Layout::Newsletter,
            host,
            &[],
        ));
    }
    if number % 23 == 5 {
        letter
            .attachments
            .push(Attachment::of_kind("csv", "report.csv", &subject, unix_ms));
    }
    letter.subject = subject;
    letter.rfc822()
}

/// Lists an INBOX of `count` messages without generating any of them.
pub(super) fn inbox(count: u32, now_unix_ms: i64) -> Vec<InitialMessage> {
    let step_ms = (TWO_YEARS_MS / i64::from(count.max(1))).clamp(1, MAX_STEP_MS);
    let message = |number: u32| {
        let newer = count - 1 - number;
        let unix_ms = now_unix_ms - i64::from(newer) * step_ms - 60_000;
        let mut flags = Vec::new();
        if newer >= UNREAD_WINDOW || number % 4 != 1 {
            flags.push("\\Seen");
        }
        if number % 41 == 7 {
            flags.push("\\Flagged");
        }
        if number % 13 == 2 {
            flags.push("\\Answered");
        }
        InitialMessage {
            source: Source::Generated(Generated {
                number,
                unix_ms,
                rfc822,
            }),
            flags,
            internal_unix_ms: unix_ms,
        }
    };
    (0..count).map(message).collect()
}

fn pick(from: &[&'static str], number: u32) -> &'static str {
    let at = usize::try_from(number).unwrap_or(0) % from.len().max(1);
    from.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::has_only_crlf;

    #[test]
    fn a_generated_message_is_the_same_whenever_it_is_read() {
        for message in inbox(60, 1_790_000_000_000) {
            let rfc822 = message.source.rfc822();
            assert_eq!(message.source.rfc822(), rfc822);
            assert!(has_only_crlf(&rfc822));
        }
    }

    #[test]
    fn dates_grow_with_the_number_and_end_before_now() {
        let now = 1_790_000_000_000;
        let dates: Vec<_> = inbox(1_000, now)
            .iter()
            .map(|message| message.internal_unix_ms)
            .collect();
        assert!(dates.is_sorted());
        assert!(*dates.last().unwrap() < now);
    }
}
