//! Writes 200 built messages and what they must read back as into a folder:
//! `cargo run -p mail-mime --example built_messages -- DIR`. The scripts in `tests/interop` compare
//! them with what other readers find.

use std::path::PathBuf;

mod generator;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| std::io::Error::other("usage: built_messages DIR"))?;
    generator::write_to(&folder)
}
