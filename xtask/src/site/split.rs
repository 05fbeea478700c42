//! Splits the linked module: what only the parts of `app::routes::lazy` reach goes to a second
//! module, which shares memory and function table with the first.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Error, Result, ensure};
use walrus::{Module, ModuleConfig};
use wasm_split_cli_support::{Options, transform};

use super::glue::ShortNames;

/// The script that loads the second module; the first one imports from it.
const LOADER: &str = "__wasm_split.js";

/// The modules of the page, not yet bound to JavaScript.
pub(super) struct Modules {
    /// The module that starts the page.
    pub(super) main: Vec<u8>,
    /// The script that loads the others.
    pub(super) loader: String,
    /// Name and content of each module that is loaded later.
    pub(super) lazy: Vec<(String, Vec<u8>)>,
}

impl Modules {
    /// Splits a module that was linked with `--emit-relocs`, by way of files in the folder `work`.
    pub(super) fn split(wasm: &Path, work: &Path) -> Result<Self> {
        let linked = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        let main = work.join("main.wasm");
        let mut options = Options::new(&linked);
        options.output_dir = work;
        options.main_out_path = &main;
        options.link_name = LOADER;
        let parts = transform(options)
            .map_err(|error| Error::from_boxed(error.into()))
            .context("could not split frontend.wasm")?;
        let mut lazy = Vec::new();
        for path in parts.split_modules {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("{} has no plain name", path.display()))?;
            lazy.push((name.to_owned(), fs::read(&path)?));
        }
        ensure!(
            !lazy.is_empty(),
            "frontend.wasm contains no border of a second module"
        );
        let modules = Self {
            main: fs::read(&main)?,
            loader: fs::read_to_string(work.join(LOADER))?,
            lazy,
        };
        fs::remove_dir_all(work)?;
        Ok(modules)
    }
}

/// Whether a line of a script imports the loader's exports.
pub(super) fn is_loader_import(line: &str) -> bool {
    line.starts_with("import ") && line.contains(LOADER)
}

/// Encodes a module again with the new names: without its name section, and without the room that
/// the linker leaves for relocations.
pub(super) fn reduced(module: &[u8], names: &ShortNames) -> Result<Vec<u8>> {
    let mut module: Module = ModuleConfig::new()
        .generate_name_section(false)
        .generate_producers_section(false)
        .parse(module)?;
    drop(module.customs.remove_raw("target_features"));
    for import in module.imports.iter_mut() {
        names.put(&mut import.name);
    }
    Ok(module.emit_wasm())
}

#[cfg(test)]
mod tests {
    use walrus::FunctionBuilder;

    use super::*;

    #[test]
    fn a_second_module_has_the_new_names_and_no_other() {
        let mut module = Module::default();
        module.add_import_memory("__wasm_split", "shared", false, false, 1, None, None);
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
        function.name("build_the_form".to_owned());
        let function = function.finish(Vec::new(), &mut module.funcs);
        module.exports.add("build", function);
        let linked = module.emit_wasm();
        let has =
            |module: &[u8], name: &str| module.windows(name.len()).any(|at| at == name.as_bytes());
        assert!(has(&linked, "build_the_form"));

        let names = ShortNames::new(["shared"].into_iter(), "").unwrap();
        let module = reduced(&linked, &names).unwrap();
        assert!(!has(&module, "build_the_form"));
        let module = Module::from_buffer(&module).unwrap();
        let import = module.imports.iter().next().unwrap();
        assert_eq!(
            (import.module.as_str(), import.name.as_str()),
            ("__wasm_split", "$0")
        );
    }

    #[test]
    fn a_page_without_a_second_module_is_an_error() {
        let folder = std::env::temp_dir().join(format!("xtask-split-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let linked = folder.join("frontend.wasm");
        fs::write(&linked, Module::default().emit_wasm()).unwrap();
        let split = Modules::split(&linked, &folder.join("work"));
        fs::remove_dir_all(&folder).unwrap();
        assert!(split.is_err());
    }
}
