//! Sentences about searches: how far one is, what it could not do, what cannot be searched.

use std::borrow::Cow;

use app::api::types::Lang;

use super::{both, role_name};
use crate::account::handle::AccountHandle;
use crate::account::lists::search::{SearchList, SearchProblem, SearchState, SearchedFolder};
use crate::account::search::InvalidSearch;
use crate::domain::SearchGap;
use crate::meaning::Meaning;

/// Maximum number of problems that are told one by one.
const NOTES_MAX: usize = 5;

/// Returns how far a search is.
pub(in crate::views) fn progress(list: &SearchList, lang: Lang) -> String {
    let SearchList {
        folders, searched, ..
    } = list;
    match (list.state, lang) {
        (SearchState::Running, Lang::En) if *folders == 0 => "Searching".to_owned(),
        (SearchState::Running, Lang::ZhCn) if *folders == 0 => "正在搜索".to_owned(),
        (SearchState::Running, Lang::En) => format!("Searched {searched} of {folders} folders"),
        (SearchState::Running, Lang::ZhCn) => format!("已搜索 {searched}/{folders} 个文件夹"),
        (SearchState::Stopped, Lang::En) => {
            format!("Stopped after {searched} of {folders} folders")
        }
        (SearchState::Stopped, Lang::ZhCn) => {
            format!("已停止，搜索了 {searched}/{folders} 个文件夹")
        }
        (SearchState::Ended, Lang::En) if *folders == 1 => "Searched 1 folder".to_owned(),
        (SearchState::Ended, Lang::En) => format!("Searched {folders} folders"),
        (SearchState::Ended, Lang::ZhCn) => format!("已搜索 {folders} 个文件夹"),
    }
}

/// Returns where a message lies: its folder, with the account if there are several.
pub(in crate::views) fn place(
    folder: &SearchedFolder,
    handles: &[AccountHandle],
    lang: Lang,
) -> String {
    let name = match folder.role {
        Some(role) => role_name(role, lang),
        None => Cow::from(folder.name.as_str()),
    };
    let account = handles
        .iter()
        .find(|handle| handles.len() > 1 && handle.id() == folder.folder.account);
    match account {
        Some(account) => format!("{name} · {}", account.address()),
        None => name.into_owned(),
    }
}

/// Returns what a search could not do.
pub(in crate::views) fn notes(
    problems: &[SearchProblem],
    handles: &[AccountHandle],
    lang: Lang,
) -> Vec<String> {
    let mut notes: Vec<String> = problems
        .iter()
        .take(NOTES_MAX)
        .map(|problem| note(problem, handles, lang))
        .collect();
    let more = problems.len().saturating_sub(NOTES_MAX);
    if more > 0 {
        notes.push(match lang {
            Lang::En => format!("The same is true of {more} more folders."),
            Lang::ZhCn => format!("另有 {more} 个文件夹情况相同。"),
        });
    }
    notes
}

fn note(problem: &SearchProblem, handles: &[AccountHandle], lang: Lang) -> String {
    match problem {
        SearchProblem::Account { account, error } => {
            let handle = handles.iter().find(|handle| handle.id() == *account);
            let address = handle.map_or("", AccountHandle::address);
            format!("{address}: {}", error.to_api(lang).cause)
        }
        SearchProblem::Folder { folder, error } => {
            let error = error.to_api(lang);
            let reply = error
                .reply
                .map_or_else(String::new, |reply| format!(" ({reply})"));
            format!("{}: {}{reply}", place(folder, handles, lang), error.cause)
        }
        SearchProblem::Gap { folder, gap } => {
            let SearchGap::RowsOnly { searched, total } = gap;
            let place = place(folder, handles, lang);
            match lang {
                Lang::En => format!(
                    "{place}: POP3 cannot search. Sender, recipients, subject and marks of the newest \
                     {searched} of {total} messages were compared, their text was not."
                ),
                Lang::ZhCn => format!(
                    "{place}：POP3 不能搜索。仅比较了最新 {searched}/{total} 封邮件的发件人、收件人、\
                     主题和标记，没有搜索正文。"
                ),
            }
        }
        SearchProblem::Cut { folder, max } => {
            let place = place(folder, handles, lang);
            match lang {
                Lang::En => {
                    format!("{place}: {max} results are listed, older ones are left out.")
                }
                Lang::ZhCn => format!("{place}：列出 {max} 封，更早的结果未列出。"),
            }
        }
        SearchProblem::NoPlace => match lang {
            Lang::En => "No folder or account fits the names behind in: and account:.".to_owned(),
            Lang::ZhCn => "没有与 in: 或 account: 相符的文件夹或账户。".to_owned(),
        },
    }
}

/// Explains why a typed search is refused.
pub(super) fn invalid(problem: &InvalidSearch, lang: Lang) -> Meaning {
    match problem {
        InvalidSearch::Empty => both(
            lang,
            (
                "There is nothing to search for.",
                "Type a word, or an operator with a value, such as from:ann.",
            ),
            (
                "没有搜索内容。",
                "请输入词语，或带值的条件，例如 from:ann。",
            ),
        ),
        InvalidSearch::TooLong { max } => both(
            lang,
            (&format!("A search may have {max} bytes."), "Shorten it."),
            (&format!("搜索内容最多 {max} 字节。"), "请缩短。"),
        ),
        InvalidSearch::TooManyTerms { max } => both(
            lang,
            (
                &format!("A search may have {max} conditions."),
                "Leave some out, or put a phrase in quotes.",
            ),
            (
                &format!("一次搜索最多 {max} 个条件。"),
                "请减少条件，或用引号把词组括起来。",
            ),
        ),
        InvalidSearch::Date { text } => both(
            lang,
            (
                &format!("\u{201c}{text}\u{201d} is no date."),
                "Write 2026-01-31, 2026-01, 2026, or 7d for seven days ago.",
            ),
            (
                &format!("“{text}”不是日期。"),
                "请写成 2026-01-31、2026-01、2026，或 7d（七天前）。",
            ),
        ),
        InvalidSearch::Size { text } => both(
            lang,
            (
                &format!("\u{201c}{text}\u{201d} is no size."),
                "Write 500k or 2M.",
            ),
            (&format!("“{text}”不是大小。"), "请写成 500k 或 2M。"),
        ),
        InvalidSearch::Property { text } => both(
            lang,
            (
                &format!("\u{201c}{text}\u{201d} is not known."),
                "Known are is:unread, is:read, is:starred, is:answered and has:attachment.",
            ),
            (
                &format!("不认识“{text}”。"),
                "可用 is:unread、is:read、is:starred、is:answered 和 has:attachment。",
            ),
        ),
    }
}
