//! Circles between modules: of two modules with the same parent, each with all that is below it, at
//! most one may use the other, directly or through others. A module and its parent may use each
//! other.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Findings, Source, Sources};

/// The path of a module within its crate.
type Module = Vec<String>;

/// For each module, the modules with the same parent that it uses, and where.
type Uses = BTreeMap<Module, BTreeMap<Module, String>>;

pub(super) fn check(sources: &Sources) -> Findings {
    let mut crates: BTreeMap<&str, Vec<(Module, &Source)>> = BTreeMap::new();
    for source in sources.rust().filter(|source| !source.is_test()) {
        if let Some((name, file)) = source.path.split_once("/src/") {
            crates
                .entry(name)
                .or_default()
                .push((module_of(file), source));
        }
    }
    crates
        .values()
        .flat_map(|files| circles_in(files))
        .collect()
}

/// `lib.rs` and `main.rs` are the root.
fn module_of(file: &str) -> Module {
    match file.trim_end_matches(".rs") {
        "lib" | "main" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

fn circles_in(files: &[(Module, &Source)]) -> Findings {
    let modules: BTreeSet<&Module> = files.iter().map(|(module, _)| module).collect();
    let mut uses = Uses::new();
    for (module, source) in files {
        for (line, path) in paths_in(source) {
            let Some(used) = module_at(module, &path, &modules) else {
                continue;
            };
            let shared = module.iter().zip(&used).take_while(|(a, b)| a == b).count();
            // The siblings above both; there are none if one of the two is above the other.
            if let (Some(from), Some(to)) = (module.get(..=shared), used.get(..=shared)) {
                let location = format!("{}:{line}", source.path);
                let from = uses.entry(from.to_vec()).or_default();
                from.entry(to.to_vec()).or_insert(location);
            }
        }
    }
    let mut findings = Findings::new();
    let mut done = BTreeSet::new();
    for module in uses.keys() {
        visit(module, &uses, &mut Vec::new(), &mut done, &mut findings);
    }
    findings
}

/// Follows what a module uses, and reports where that leads back to a module on the way.
fn visit<'u>(
    module: &'u Module,
    uses: &'u Uses,
    stack: &mut Vec<(&'u Module, &'u str)>,
    done: &mut BTreeSet<&'u Module>,
    findings: &mut Findings,
) {
    if let Some(begin) = stack.iter().position(|(passed, _)| *passed == module) {
        let circle = stack[begin..].iter();
        let steps: Vec<String> = circle
            .map(|(module, location)| format!("`{}` ({location})", module.join("::")))
            .collect();
        findings.push(format!(
            "modules use each other in a circle: {}; what both need belongs below them",
            steps.join(" → ")
        ));
        return;
    }
    if !done.insert(module) {
        return;
    }
    for (used, location) in uses.get(module).into_iter().flatten() {
        stack.push((module, location));
        visit(used, uses, stack, done, findings);
        stack.pop();
    }
}

/// Returns the module that a path leads to, as far as it leads through modules of the crate.
fn module_at(from: &Module, path: &[String], modules: &BTreeSet<&Module>) -> Option<Module> {
    let (mut at, rest) = match path.first().map(String::as_str) {
        Some("crate") => (Vec::new(), &path[1..]),
        Some("self") => (from.clone(), &path[1..]),
        _ => {
            let supers = path.iter().take_while(|name| *name == "super").count();
            let depth = from.len().checked_sub(supers)?;
            (from[..depth].to_vec(), &path[supers..])
        }
    };
    for name in rest {
        at.push(name.clone());
        if !modules.contains(&at) {
            at.pop();
            break;
        }
    }
    Some(at)
}

/// Returns the paths that begin with `crate`, `self` or `super` in a file, with their lines.
fn paths_in(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut text = String::new();
    let mut lines = Vec::new();
    for (number, line) in source.product_lines() {
        lines.push((text.len(), number));
        // A comment at the end of a line would end a list in braces; what follows `//` in a string
        // is no path.
        text.push_str(line.split("//").next().unwrap_or(line));
        text.push('\n');
    }
    let line_at = |at: usize| {
        let after = lines.partition_point(|(start, _)| *start <= at);
        lines
            .get(after.wrapping_sub(1))
            .map_or(0, |(_, number)| *number)
    };
    let mut found = Vec::new();
    for root in ["crate::", "self::", "super::"] {
        for (at, _) in text.match_indices(root) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                continue;
            }
            let mut paths = Vec::new();
            read_tree(&text[at..], &mut Vec::new(), &mut paths);
            found.extend(paths.into_iter().map(|path| (line_at(at), path)));
        }
    }
    found
}

/// Reads a path, or a tree of paths in braces, and returns the text after it.
fn read_tree<'t>(text: &'t str, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'t str {
    let depth = before.len();
    let mut rest = text.trim_start();
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            rest = list;
            loop {
                rest = rest.trim_start_matches([',', ' ', '\n']);
                if let Some(after) = rest.strip_prefix('}') {
                    before.truncate(depth);
                    return after;
                }
                let after = read_tree(rest, before, paths);
                if after.len() == rest.len() {
                    before.truncate(depth);
                    return after;
                }
                rest = after.trim_start_matches(|c| !matches!(c, ',' | '}'));
            }
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*');
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !name.is_empty() {
            before.push(name.to_owned());
        }
        match after.strip_prefix("::") {
            Some(after) if !name.is_empty() => rest = after,
            _ => {
                paths.push(before.clone());
                before.truncate(depth);
                return after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Findings {
        check(&Sources::of(files))
    }

    #[test]
    fn comment_in_a_list_hides_nothing() {
        let found = circles(&[
            (
                "a/src/x.rs",
                "use crate::{\n    b::B, // of crate::q\n    y::Y,\n};\n",
            ),
            ("a/src/y.rs", "use crate::x::X; // crate::z\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_circle_between_siblings_is_found_with_its_locations() {
        let found = circles(&[
            ("a/src/lib.rs", "mod x;\nmod y;\nmod z;\n"),
            ("a/src/x.rs", "//! x\nuse crate::y::Y;\n"),
            ("a/src/y.rs", "use std::fmt;\nuse crate::{b, z::{Z, W}};\n"),
            ("a/src/z.rs", "fn f() -> super::x::X {}\n"),
        ]);
        assert_eq!(
            found,
            [
                "modules use each other in a circle: `x` (a/src/x.rs:2) → `y` (a/src/y.rs:2) → \
              `z` (a/src/z.rs:1); what both need belongs below them"
            ]
        );
    }

    #[test]
    fn submodules_count_as_their_module() {
        let found = circles(&[
            ("a/src/x.rs", "mod inner;\n"),
            ("a/src/x/inner.rs", "use super::super::y::Y;\n"),
            ("a/src/y.rs", "use crate::{\n    b::B,\n    x::X,\n};\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn parent_and_child_may_use_each_other_and_others_one_way() {
        let found = circles(&[
            ("a/src/lib.rs", "use crate::x::X;\n"),
            (
                "a/src/x.rs",
                "mod inner;\nuse inner::I;\nuse self::inner::J;\n",
            ),
            ("a/src/x/inner.rs", "use super::X;\nuse crate::y::Y;\n"),
            ("a/src/y.rs", "use std::fmt;\nuse super::Root;\n"),
            // Another crate, and tests.
            ("b/src/y.rs", "use crate::x::X;\n"),
            ("a/src/y/tests.rs", "use crate::x::X;\n"),
        ]);
        assert_eq!(found, Findings::new());
    }
}
