//! Puts the front-end build into the program: the files of the folder `RESTANTE_SITE`, if it is
//! set, as a table of names and contents. Without it the table is empty.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=RESTANTE_SITE");
    let mut table = String::from("&[\n");
    if let Some(site) = env::var_os("RESTANTE_SITE") {
        let site = fs::canonicalize(PathBuf::from(site))?;
        println!("cargo::rerun-if-changed={}", site.display());
        add(&site, "", &mut table)?;
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("site.rs"), table)
}

fn add(folder: &Path, prefix: &str, table: &mut String) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            add(&entry.path(), &format!("{name}/"), table)?;
        } else {
            let path = entry.path();
            writeln!(table, "    ({name:?}, include_bytes!({path:?})),")
                .map_err(io::Error::other)?;
        }
    }
    Ok(())
}
