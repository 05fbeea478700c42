//! Builds the frontend crate as WebAssembly with its JavaScript glue.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::glue::ShortNames;
use super::{files_below, short_hash};
use crate::workspace::{Workspace, must_succeed};

/// Returns the path of the linked module.
pub(super) fn module(workspace: &Workspace, profile: &str) -> PathBuf {
    let target = workspace.target.join("wasm32-unknown-unknown");
    target.join(profile).join("frontend.wasm")
}

/// Compiles the frontend and returns the linked module; `is_quiet` hides cargo's progress.
pub(super) fn compile(workspace: &Workspace, profile: &str, is_quiet: bool) -> Result<PathBuf> {
    let mut cargo = workspace.cargo("build");
    cargo.args(["-p", "frontend", "--target", "wasm32-unknown-unknown"]);
    cargo.args(["--profile", profile]);
    for flag in without_machine_paths()? {
        cargo.args(["--config", &format!("build.rustflags=[{flag:?}]")]);
    }
    if is_quiet {
        cargo.arg("--quiet");
    }
    must_succeed(&mut cargo)?;
    Ok(module(workspace, profile))
}

/// Returns the compiler flags that leave the folders of this machine's crates out of the module:
/// panics name their source file.
fn without_machine_paths() -> Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(env::home_dir()?.join(".cargo"))) else {
        return Ok(Vec::new());
    };
    let mut flags = Vec::new();
    let folder = home.join("registry").join("src");
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let registry = entry?.path();
        flags.push(format!("--remap-path-prefix={}=", registry.display()));
    }
    flags.sort();
    Ok(flags)
}

/// Writes `restante.js` and `restante_bg.wasm` into a folder named by their hash and returns the
/// folder's name.
///
/// Both share one folder, because the glue imports the module by a relative path.
pub(super) fn bind(wasm: &Path, into: &Path, release: bool) -> Result<String> {
    let work = into.join("unnamed");
    let mut output = Bindgen::new()
        .input_path(wasm)
        .out_name("restante")
        .web(true)?
        .typescript(false)
        // The hydration script always passes the path.
        .omit_default_module_path(true)
        // The name section is two thirds of the module; strip in the profile would also take
        // `target_features`, which the bindings generator reads.
        .remove_name_section(release)
        .remove_producers_section(true)
        .generate_output()
        .context("could not generate the bindings of frontend.wasm")?;
    let mut script = with_snippets(output.js(), output.local_modules().values())?;
    if release {
        let module = output.wasm_mut();
        let imports = module.imports.iter().map(|import| import.name.as_str());
        let exports = module.exports.iter().map(|export| export.name.as_str());
        let names = ShortNames::new(imports.chain(exports), &script)?;
        for import in module.imports.iter_mut() {
            names.put(&mut import.name);
        }
        for export in module.exports.iter_mut() {
            names.put(&mut export.name);
        }
        script = names.shorten(&script)?;
    }
    output.emit(&work)?;
    let snippets = work.join("snippets");
    if snippets.is_dir() {
        fs::remove_dir_all(snippets)?;
    }
    fs::write(work.join("restante.js"), script)?;

    let mut digest = Sha256::new();
    for file in files_below(&work)? {
        let name = file.strip_prefix(&work)?;
        digest.update(name.as_os_str().as_encoded_bytes());
        digest.update([0]);
        digest.update(fs::read(&file)?);
    }
    let hash = short_hash(&digest.finalize());
    fs::rename(&work, into.join(&hash))?;
    Ok(hash)
}

/// Inlines our own scripts into the glue. As separate files they would be requested only after the
/// glue is parsed, which delays the page.
fn with_snippets<'a>(glue: &str, snippets: impl Iterator<Item = &'a String>) -> Result<String> {
    let mut script = String::new();
    let mut exported = Vec::new();
    for line in snippets.flat_map(|snippet| snippet.lines()) {
        let export = line.strip_prefix("export ");
        let name = export.and_then(|export| export.split_once("function ")?.1.split_once('('));
        exported.extend(name.map(|(name, _)| name));
        script.push_str(export.unwrap_or(line));
        script.push('\n');
    }
    for line in glue.lines() {
        if !(line.starts_with("import ") && line.contains("/snippets/")) {
            script.push_str(line);
        } else if let Some(rest) = line.strip_prefix("import * as ") {
            let (name, _) = rest
                .split_once(' ')
                .context("the glue imports in a new way")?;
            script.push_str(&format!("const {name} = {{ {} }};", exported.join(", ")));
        } else {
            ensure!(
                !line.contains(" as "),
                "the glue imports a snippet under another name: {line}"
            );
        }
        script.push('\n');
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_scripts_are_inlined_into_the_glue() {
        let snippet = "// Ours.\nconst N = 1;\nexport async function one(a) {\n  return a;\n}\n\
                   export function two() {}\n"
            .to_owned();
        let glue = "import { one } from './snippets/app-1/own.js';\n\
                    import * as import1 from \"./snippets/app-1/own.js\"\n\
                    one(two);\n";
        let script = with_snippets(glue, [&snippet].into_iter()).unwrap();
        assert_eq!(
            script,
            "// Ours.\nconst N = 1;\nasync function one(a) {\n  return a;\n}\nfunction two() {}\n\
             \nconst import1 = { one, two };\none(two);\n"
        );
        let renamed = "import { one as other } from './snippets/app-1/own.js';";
        assert!(with_snippets(renamed, [&snippet].into_iter()).is_err());
    }
}
