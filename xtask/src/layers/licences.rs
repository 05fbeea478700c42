//! Checks the licences of all packages that are linked into the product or used to build it.

use super::metadata::{Metadata, Package};
use crate::sources::Findings;

/// Licences that require no more than their notice. MPL-2.0 also covers changes to its own files,
/// which are used unmodified.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

pub(super) fn check(metadata: &Metadata) -> Findings {
    let mut findings = Findings::new();
    for package in metadata.packages() {
        let Package { name, version, .. } = package;
        match &package.license {
            None => findings.push(format!("{name} {version} names no licence")),
            Some(licence) => match is_allowed(licence) {
                Some(true) => {}
                Some(false) => findings.push(format!("{name} {version}: `{licence}`")),
                None => findings.push(format!("{name} {version}: cannot read `{licence}`")),
            },
        }
    }
    findings
}

/// Returns whether allowed licences alone satisfy an expression; `None` if it is invalid. `/` is
/// the old form of `OR`; `AND` binds closer than `OR`.
fn is_allowed(expression: &str) -> Option<bool> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let verdict = alternatives(&mut rest)?;
    rest.is_empty().then_some(verdict)
}

fn alternatives(rest: &mut &[&str]) -> Option<bool> {
    let mut verdict = conjunction(rest)?;
    while let ["OR", after @ ..] = *rest {
        *rest = after;
        verdict |= conjunction(rest)?;
    }
    Some(verdict)
}

fn conjunction(rest: &mut &[&str]) -> Option<bool> {
    let mut verdict = licence(rest)?;
    while let ["AND", after @ ..] = *rest {
        *rest = after;
        verdict &= licence(rest)?;
    }
    Some(verdict)
}

fn licence(rest: &mut &[&str]) -> Option<bool> {
    match *rest {
        ["(", after @ ..] => {
            *rest = after;
            let verdict = alternatives(rest)?;
            let [")", after @ ..] = *rest else {
                return None;
            };
            *rest = after;
            Some(verdict)
        }
        [name, "WITH", exception, after @ ..] => {
            *rest = after;
            Some(ALLOWED.contains(&format!("{name} WITH {exception}").as_str()))
        }
        [name, after @ ..] if !matches!(*name, "OR" | "AND" | "WITH" | ")") => {
            *rest = after;
            Some(ALLOWED.contains(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert_eq!(
            is_allowed("MIT OR Apache-2.0 OR LGPL-2.1-or-later"),
            Some(true)
        );
        assert_eq!(is_allowed("Unlicense/MIT"), Some(true));
        assert_eq!(
            is_allowed("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"),
            Some(true)
        );
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_allowed() {
        assert_eq!(is_allowed("MIT AND GPL-3.0-only"), Some(false));
        assert_eq!(
            is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"),
            Some(true)
        );
        assert_eq!(
            is_allowed("GPL-3.0-only OR MIT AND AGPL-3.0-only"),
            Some(false)
        );
    }

    #[test]
    fn invalid_expressions_are_not_allowed() {
        for text in ["", "(MIT", "MIT OR", "MIT Apache-2.0", "AND MIT"] {
            assert_eq!(is_allowed(text), None, "{text:?}");
        }
    }
}
