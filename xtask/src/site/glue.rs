//! Shortens the JavaScript glue between browser and WebAssembly.
//!
//! The bindings generator gives every import and export a descriptive name with a hash, and formats
//! its script for readers. The names occur in both files, and hashes do not compress.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

/// Names that are used from outside: by the page's script, and by the glue for the memory.
const PUBLIC: [&str; 2] = ["hydrate", "memory"];

/// The new names of the imports and exports that the module and its glue share.
pub(super) struct ShortNames(BTreeMap<String, String>);

impl ShortNames {
    /// Assigns `$0`, `$1` and so on to `names`.
    ///
    /// Fails if the script already uses such names.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, script: &str) -> Result<Self> {
        let has_dollar_names =
            tokens(script).any(|token| token.len() > 1 && token.starts_with('$'));
        ensure!(
            !has_dollar_names,
            "the glue has names with a `$` of its own"
        );
        let names: BTreeSet<_> = names.filter(|name| !PUBLIC.contains(name)).collect();
        let short = names.into_iter().zip(0_u32..);
        Ok(Self(
            short
                .map(|(name, n)| (name.to_owned(), format!("${n:x}")))
                .collect(),
        ))
    }

    /// Replaces an old name by its new one.
    pub(super) fn put(&self, name: &mut String) {
        if let Some(short) = self.0.get(name) {
            name.clone_from(short);
        }
    }

    /// Returns the script with the new names, without comments and indentation.
    pub(super) fn shorten(&self, script: &str) -> Result<String> {
        let mut out = String::with_capacity(script.len());
        let mut is_comment = false;
        for line in script.lines() {
            let ticks = line.matches('`').count();
            let line = line.trim();
            is_comment |= line.starts_with("/*");
            if is_comment {
                is_comment = !line.ends_with("*/");
            } else if !line.is_empty() && !line.starts_with("//") {
                ensure!(
                    ticks % 2 == 0,
                    "a text of several lines in the glue: {line}"
                );
                let tokens =
                    tokens(line).map(|token| self.0.get(token).map_or(token, String::as_str));
                out.extend(tokens);
                out.push('\n');
            }
        }
        Ok(out)
    }
}

/// Splits a text into names and the text between them.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let kind = is_name(rest.chars().next()?);
        let end = rest.find(|c| is_name(c) != kind).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
/**
 * Not for machines.
 */
export function hydrate() {
    wasm.hydrate();
}
    // Why.
        __wbg_log_1f: function(arg0) { console.log(`__wbg_log_1f`, wasm.__wbg_log_1f2(arg0)); },
";

    fn names() -> ShortNames {
        let names = ["memory", "__wbg_log_1f2", "hydrate", "__wbg_log_1f"];
        ShortNames::new(names.into_iter(), SCRIPT).unwrap()
    }

    #[test]
    fn shared_names_are_short_on_both_sides() {
        let names = names();
        let mut import = "__wbg_log_1f".to_owned();
        names.put(&mut import);
        assert_eq!(import, "$0");
        let script = names.shorten(SCRIPT).unwrap();
        assert_eq!(
            script,
            "export function hydrate() {\nwasm.hydrate();\n}\n\
             $0: function(arg0) { console.log(`$0`, wasm.$1(arg0)); },\n"
        );
    }

    #[test]
    fn public_names_stay() {
        let mut export = "hydrate".to_owned();
        names().put(&mut export);
        assert_eq!(export, "hydrate");
    }

    #[test]
    fn a_script_that_could_be_broken_is_refused() {
        assert!(ShortNames::new(["a"].into_iter(), "let $0 = 1;").is_err());
        assert!(names().shorten("x = `one\n  two`;").is_err());
    }
}
