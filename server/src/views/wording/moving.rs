//! Sentences for a move that failed half-way.

use app::api::types::{FolderRole, Lang};

use super::role_name;
use crate::account::error::HalfMove;
use crate::meaning::Meaning;

/// Returns cause and fix, with the location of the messages. `is_refused`: the server refused the
/// command; otherwise the connection was lost.
pub(super) fn half_moved(
    moved: u32,
    state: HalfMove,
    (role, name): (Option<FolderRole>, &str),
    is_refused: bool,
    lang: Lang,
) -> Meaning {
    let to = match role {
        Some(role) => role_name(role, lang).into_owned(),
        None => name.to_owned(),
    };
    let (cause, fix) = match lang {
        Lang::En => english(state, &to, is_refused),
        Lang::ZhCn => chinese(state, &to, is_refused),
    };
    let cause = match (moved, lang) {
        (0, _) => cause,
        (1, Lang::En) => format!("1 message was moved to {to}. The others: {cause}"),
        (n, Lang::En) => format!("{n} messages were moved to {to}. The others: {cause}"),
        (n, Lang::ZhCn) => format!("已将 {n} 封移到“{to}”。其余：{cause}"),
    };
    Meaning { cause, fix }
}

fn english(state: HalfMove, to: &str, is_refused: bool) -> (String, String) {
    let why = match is_refused {
        true => "the mail server would not remove it from here",
        false => "the connection was lost before it was removed from here",
    };
    match state {
        HalfMove::Untouched => (
            match is_refused {
                true => "The mail server would not move them.".to_owned(),
                false => "The connection was lost before they were moved.".to_owned(),
            },
            "They lie here as before: try again.".to_owned(),
        ),
        HalfMove::Undone => (
            format!(
                "It was copied to {to}, but {why}. The copy is deleted again: it lies only here."
            ),
            "Try again later. If it happens again, ask your provider why messages cannot be \
             removed from this folder."
                .to_owned(),
        ),
        HalfMove::InBoth => (
            format!("It was copied to {to}, but {why}. Now it lies in both folders."),
            "Trying again makes no further copy. If it stays, delete one of the two in another \
             mail program."
                .to_owned(),
        ),
        HalfMove::Unknown => (
            format!(
                "The connection was lost while it was being copied to {to}. It still lies here, \
                 and it is not known whether a copy lies there."
            ),
            format!("Look into {to} before you move it again."),
        ),
    }
}

fn chinese(state: HalfMove, to: &str, is_refused: bool) -> (String, String) {
    let why = match is_refused {
        true => "邮件服务器未能将其从此处移除",
        false => "在从此处移除之前连接中断",
    };
    match state {
        HalfMove::Untouched => (
            match is_refused {
                true => "邮件服务器未能移动。".to_owned(),
                false => "移动之前连接中断。".to_owned(),
            },
            "它们仍在此处，请重试。".to_owned(),
        ),
        HalfMove::Undone => (
            format!("邮件已复制到“{to}”，但{why}。副本已删除，邮件仍只在此处。"),
            "请稍后再试；若再次发生，请询问服务商为何无法从此文件夹移除邮件。".to_owned(),
        ),
        HalfMove::InBoth => (
            format!("邮件已复制到“{to}”，但{why}。现在两个文件夹中各有一份。"),
            "再次移动不会再产生副本；若仍如此，请用其他邮件程序删除其中一份。".to_owned(),
        ),
        HalfMove::Unknown => (
            format!("复制到“{to}”时连接中断。邮件仍在此处，无法得知那里是否已有副本。"),
            format!("再次移动之前，请先查看“{to}”。"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_move_is_explained_in_complete_sentences_with_the_folder() {
        let states = [
            HalfMove::Untouched,
            HalfMove::Undone,
            HalfMove::InBoth,
            HalfMove::Unknown,
        ];
        for state in states {
            for moved in [0, 1, 3] {
                for is_refused in [true, false] {
                    let explain = |lang| half_moved(moved, state, (None, "Work"), is_refused, lang);
                    let (en, zh) = (explain(Lang::En), explain(Lang::ZhCn));
                    assert!(en.cause.ends_with('.') && en.fix.ends_with('.'), "{en:?}");
                    assert!(zh.cause.ends_with('。') && zh.fix.ends_with('。'), "{zh:?}");
                    let names_folder = state != HalfMove::Untouched || moved > 0;
                    assert_eq!(en.cause.contains("Work"), names_folder, "{en:?}");
                }
            }
        }
        let trash = half_moved(
            0,
            HalfMove::InBoth,
            (Some(FolderRole::Trash), "Papierkorb"),
            true,
            Lang::En,
        );
        assert!(trash.cause.contains("copied to Trash"), "{trash:?}");
    }
}
