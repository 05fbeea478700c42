//! Builds the frontend crate as WebAssembly with its JavaScript glue.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::glue::ShortNames;
use super::split::{self, Modules};
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
    let mut flags = without_machine_paths()?;
    // Splitting needs the relocations.
    flags.push("-Clink-arg=--emit-relocs".to_owned());
    for flag in flags {
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

/// Writes `restante.js`, `restante_bg.wasm` and `split_lazy.wasm` into a folder named by their hash
/// and returns the folder's name.
///
/// They share one folder, because the glue loads the modules by relative paths.
pub(super) fn bind(wasm: &Path, into: &Path, release: bool) -> Result<String> {
    let work = into.join("unnamed");
    let Modules {
        main,
        loader,
        mut lazy,
    } = Modules::split(wasm, &work)?;
    let mut output = Bindgen::new()
        .input_bytes("restante", main)
        .out_name("restante")
        .web(true)?
        .typescript(false)
        // The hydration script always passes the path.
        .omit_default_module_path(true)
        // The modules share the function table.
        .keep_lld_exports(true)
        // The name section is two thirds of the module; strip in the profile would also take
        // `target_features`, which the bindings generator reads.
        .remove_name_section(release)
        .remove_producers_section(true)
        .generate_output()
        .context("could not generate the bindings of frontend.wasm")?;
    let snippets = output.local_modules().values();
    let mut script = with_snippets(output.js(), snippets.chain([&loader]))?;
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
        for (_, module) in &mut lazy {
            *module = split::reduced(module, &names)?;
        }
    }
    output.emit(&work)?;
    let snippets = work.join("snippets");
    if snippets.is_dir() {
        fs::remove_dir_all(snippets)?;
    }
    fs::write(work.join("restante.js"), script)?;
    for (name, module) in lazy {
        fs::write(work.join(name), module)?;
    }

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

/// Inlines our own scripts and the loader of the second module into the glue. As separate files they
/// would be requested only after the glue is parsed, which delays the page.
fn with_snippets<'a>(glue: &str, snippets: impl Iterator<Item = &'a String>) -> Result<String> {
    let mut script = String::new();
    let mut exported = Vec::new();
    // The loader imports from the glue that it becomes a part of.
    let lines = snippets.flat_map(|snippet| snippet.lines());
    for line in lines.filter(|line| !line.starts_with("import ")) {
        let export = line.strip_prefix("export ");
        exported.extend(export.and_then(declared_name));
        script.push_str(export.unwrap_or(line));
        script.push('\n');
    }
    for line in glue.lines() {
        let is_inlined = line.contains("/snippets/") || split::is_loader_import(line);
        if !(line.starts_with("import ") && is_inlined) {
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

/// Returns the name that a line `function NAME(…` or `const NAME = …` declares.
fn declared_name(line: &str) -> Option<&str> {
    let constant = line.strip_prefix("const ");
    let rest = constant.or_else(|| Some(line.split_once("function ")?.1))?;
    rest.split(['(', ' ']).next()
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
    #[test]
    fn the_loader_of_the_second_module_becomes_a_part_of_the_glue() {
        let loader = "import { initSync } from \"./restante.js\";\n\
                      function wrap(load) {}\n\
                      export const load_lazy = wrap(() => {\n\
                      fetch(new URL(\"./split_lazy.wasm\", import.meta.url));\n\
                      });\n"
            .to_owned();
        let glue = "import * as import3 from \"./__wasm_split.js\"\n\
                    \"./__wasm_split.js\": import3,\n";
        let script = with_snippets(glue, [&loader].into_iter()).unwrap();
        assert_eq!(
            script,
            "function wrap(load) {}\n\
             const load_lazy = wrap(() => {\n\
             fetch(new URL(\"./split_lazy.wasm\", import.meta.url));\n\
             });\n\
             const import3 = { load_lazy };\n\
             \"./__wasm_split.js\": import3,\n"
        );
    }
}
