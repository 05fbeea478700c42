//! Conventions of the workspace: file lengths, module documentation, and the forbidden ways to
//! create markup in or beside a view.

use std::collections::BTreeMap;

use crate::sources::{Findings, Source, Sources};

/// Maximum number of lines of a file without a reason, which is given as `//! Long because …` (in a
/// style sheet or story: in any comment of its first 10 lines).
const MAX_LINES: usize = 600;

pub(super) fn check(sources: &Sources) -> Findings {
    let mut findings = Findings::new();
    for source in sources.iter() {
        findings.extend(too_long(source));
    }
    findings.extend(folders_without_introduction(sources));
    findings.extend(sources.rust().filter_map(second_module_style));
    for source in sources
        .rust()
        .filter(|source| source.path.starts_with("app/src/"))
    {
        for (number, line) in source.product_lines() {
            if line.contains("inner_html") {
                findings.push(format!(
                    "{}:{number}: `inner_html`: message HTML lives in its own frame",
                    source.path
                ));
            }
            if has_style_attribute(line) {
                findings.push(format!(
                    "{}:{number}: a style attribute: the content policy refuses it; set it by \
                     CSSOM in an Effect",
                    source.path
                ));
            }
        }
    }
    for source in sources.rust() {
        findings.extend(markup_beside_the_view(source));
    }
    findings
}

/// Elements whose children the framework writes without escaping, with the one file that may use
/// them: it escapes them itself, or writes what this server is built with.
const RAW_ELEMENTS: [(&str, &str); 4] = [
    ("textarea", "app/src/ui/text_area.rs"),
    ("script", "app/src/document.rs"),
    ("style", "app/src/document.rs"),
    ("noscript", ""),
];

/// Other framework features that write unescaped markup.
const RAW_MARKUP: [(&str, &str); 3] = [
    (
        "leptos_meta",
        "its title is written as it is; use state::title",
    ),
    ("InertElement", "it is written as it is; use the view"),
    ("ServerMetaContext", "it is written as it is; use document"),
];

/// Files that may create markup as a string, because they escape it.
const MARKUP_BUILDERS: [&str; 1] = ["app/src/text/markup.rs"];

/// Finds text that would reach a document without a view's escaping.
fn markup_beside_the_view(source: &Source) -> Findings {
    let is_page = source.path.starts_with("app/src/");
    if !is_page && !source.path.starts_with("server/src/") {
        return Findings::new();
    }
    let mut findings = Findings::new();
    for (number, line) in source.product_lines() {
        let code = line.trim_start();
        let mut found = |why: String| {
            findings.push(format!("{}:{number}: {why}", source.path));
        };
        for (name, why) in RAW_MARKUP {
            if code.contains(name) {
                found(format!("`{name}`: {why}"));
            }
        }
        for (name, home) in RAW_ELEMENTS {
            let is_element = code.starts_with(&format!("<{name}"))
                || code.contains(&format!("view! {{ <{name}"))
                || code.contains(&format!("html::{name}("));
            if is_page && source.path != home && is_element {
                found(format!("`<{name}>`: its children are written unescaped"));
            }
        }
        let builds_markup = ["format!(\"<", "push_str(\"<", "write!(out, \"<"]
            .iter()
            .any(|call| code.contains(call));
        if builds_markup && !MARKUP_BUILDERS.contains(&source.path.as_str()) {
            found("markup made as a string: write it as a view".to_owned());
        }
    }
    findings
}

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let has_reason = source
        .text
        .lines()
        .take(10)
        .any(|line| line.contains("Long because"));
    (lines > MAX_LINES && !has_reason).then(|| {
        format!(
            "{}: {lines} lines; split it, or say why with `//! Long because …`",
            source.path
        )
    })
}

/// Files that several programs include by `#[path]`. Their submodules lie beside them, which only a
/// `mod.rs` allows for both.
const INCLUDED_BY_PATH: [&str; 2] = [
    "server/fuzz/src/mod.rs",
    "server/tests/servers/machine/mod.rs",
];

/// Finds a `mod.rs`; the workspace uses `foo.rs` beside `foo/`.
fn second_module_style(source: &Source) -> Option<String> {
    let folder = source.path.strip_suffix("/mod.rs")?;
    (!INCLUDED_BY_PATH.contains(&source.path.as_str()))
        .then(|| format!("{}: one module style: make it {folder}.rs", source.path))
}

/// Checks the first file of each folder: `mod.rs`, `lib.rs` or `main.rs` in it, or `x.rs` beside
/// `x/`.
fn folders_without_introduction(sources: &Sources) -> Findings {
    let mut first: BTreeMap<&str, Option<&Source>> = BTreeMap::new();
    for source in sources.rust() {
        let Some((folder, file)) = source.path.rsplit_once('/') else {
            continue;
        };
        let entry = first.entry(folder).or_default();
        // In a crate with both, the library contains the introduction.
        let is_first = match file {
            "lib.rs" | "mod.rs" => true,
            "main.rs" => entry.is_none(),
            _ => false,
        };
        if is_first {
            *entry = Some(source);
        }
    }
    let mut findings = Findings::new();
    for (folder, source) in first {
        // Without a main.rs each file in such a folder is a program of its own.
        let is_standalone = ["/tests", "/benches", "/fuzz_targets"]
            .iter()
            .any(|ending| folder.ends_with(ending));
        if source.is_none() && is_standalone {
            let within = |source: &&Source| {
                source
                    .path
                    .rsplit_once('/')
                    .is_some_and(|(own, _)| own == folder)
            };
            findings.extend(sources.rust().filter(within).filter_map(not_introduced));
            continue;
        }
        let beside = format!("{folder}.rs");
        match source.or_else(|| sources.find(&beside)) {
            None => findings.push(format!(
                "{folder}: no lib.rs or main.rs in it and no {folder}.rs introduces it"
            )),
            Some(source) => findings.extend(not_introduced(source)),
        }
    }
    findings
}

fn not_introduced(source: &Source) -> Option<String> {
    (!source.text.starts_with("//!")).then(|| {
        format!(
            "{}: does not begin with `//!` and what the folder is for",
            source.path
        )
    })
}

/// Returns whether a line has `style=` or `style:…=` as an attribute of a view.
fn has_style_attribute(line: &str) -> bool {
    line.match_indices("style").any(|(start, word)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).unwrap_or_default();
        let is_word_start = before.is_none_or(char::is_whitespace);
        let is_attribute = after.starts_with('=') && !after.starts_with("==");
        let is_property = after.strip_prefix(':').is_some_and(|rest| {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            !name.is_empty()
                && rest
                    .get(name.len()..)
                    .is_some_and(|rest| rest.starts_with('='))
        });
        is_word_start && (is_attribute || is_property)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_needs_its_reason() {
        let long = "x\n".repeat(MAX_LINES + 1);
        let explained = format!("//! A table.\n//! Long because it is one table.\n{long}");
        let introduction = ("xtask/src/main.rs", "//! x\n");
        let sources = Sources::of(&[introduction, ("xtask/src/a.rs", &long)]);
        assert_eq!(check(&sources).len(), 1);
        let sources = Sources::of(&[introduction, ("xtask/src/a.rs", &explained)]);
        assert!(check(&sources).is_empty());
    }

    #[test]
    fn each_folder_needs_an_introduction() {
        let sources = Sources::of(&[
            ("app/src/lib.rs", "//! The page.\n"),
            ("app/src/ui/button.rs", "//! A button.\n"),
            ("app/src/ui.rs", "pub mod button;\n"),
            ("app/src/mail/list.rs", "//! The list.\n"),
            ("app/src/text/words.rs", "//! Words.\n"),
            ("app/src/text.rs", "//! Texts.\n"),
        ]);
        let findings = check(&sources);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(
            findings
                .iter()
                .any(|finding| finding.starts_with("app/src/mail:"))
        );
        assert!(
            findings
                .iter()
                .any(|finding| finding.starts_with("app/src/ui.rs:"))
        );
    }

    #[test]
    fn a_second_module_style_is_found() {
        let sources = Sources::of(&[
            ("app/src/lib.rs", "//! The page.\n"),
            ("app/src/ui/mod.rs", "//! Parts.\n"),
            ("server/fuzz/src/mod.rs", "//! Fuzzed.\n"),
        ]);
        assert_eq!(
            check(&sources),
            ["app/src/ui/mod.rs: one module style: make it app/src/ui.rs"]
        );
    }

    #[test]
    fn each_test_program_needs_an_introduction() {
        let sources = Sources::of(&[
            ("server/crates/mail-net/tests/tls.rs", "//! TLS.\n"),
            ("server/crates/mail-net/tests/dial.rs", "use x;\n"),
        ]);
        let findings = check(&sources);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("server/crates/mail-net/tests/dial.rs:"));
    }

    #[test]
    fn style_attributes_are_distinguished_from_other_words() {
        assert!(has_style_attribute("<div style=\"x\">"));
        assert!(has_style_attribute("style:width=move || width()"));
        assert!(!has_style_attribute("let style = sheet();"));
        assert!(!has_style_attribute(
            "\"default-src 'none'; style-src 'self'\""
        ));
        assert!(!has_style_attribute("<link rel=\"stylesheet\" href=css />"));
        assert!(!has_style_attribute("web_sys::style::name()"));
    }

    #[test]
    fn inner_html_in_a_view_is_found() {
        let sources = Sources::of(&[("app/src/lib.rs", "//! x\n<div inner_html=body />\n")]);
        assert_eq!(check(&sources).len(), 1);
    }

    #[test]
    fn markup_beside_the_view_is_found() {
        for (path, line) in [
            ("app/src/lib.rs", "use leptos_meta::Title;"),
            (
                "app/src/mail/a.rs",
                "    <textarea name=name>{text}</textarea>",
            ),
            ("app/src/mail/a.rs", "    <noscript>{text}</noscript>"),
            (
                "app/src/mail/a.rs",
                "    let a = view! { <script>{text}</script> };",
            ),
            (
                "server/src/http/a.rs",
                "    let page = format!(\"<p>{words}</p>\");",
            ),
            ("app/src/mail/a.rs", "    InertElement::new(html)"),
        ] {
            let source = Source {
                path: path.to_owned(),
                text: format!("//! x\n{line}\n"),
            };
            assert_eq!(markup_beside_the_view(&source).len(), 1, "{line}");
        }
        for (path, line) in [
            (
                "app/src/ui/text_area.rs",
                "    <textarea name=name>{text}</textarea>",
            ),
            (
                "app/src/text/markup.rs",
                "    format!(\"<title>{text}</title>\")",
            ),
            ("app/src/mail/a.rs", "    /// A `<textarea>`."),
            (
                "server/crates/mail-mime/src/a.rs",
                "    format!(\"<p>{words}</p>\")",
            ),
        ] {
            let source = Source {
                path: path.to_owned(),
                text: format!("//! x\n{line}\n"),
            };
            assert!(markup_beside_the_view(&source).is_empty(), "{line}");
        }
    }
}
