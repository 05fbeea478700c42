//! Precompressed copies of static files, so that the server does not compress them at run time.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::files_below;

/// Extensions of compressible files; pictures and fonts are compressed already.
const TEXT_LIKE: [&str; 7] = ["css", "js", "json", "svg", "txt", "wasm", "webmanifest"];

/// Writes `.br` (quality 11) and `.gz` (best) beside each file below `folder`.
pub(super) fn precompress(folder: &Path) -> Result<()> {
    for file in files_below(folder)? {
        let ending = file.extension().and_then(|ending| ending.to_str());
        if !ending.is_some_and(|ending| TEXT_LIKE.contains(&ending)) {
            continue;
        }
        let plain = fs::read(&file)?;
        fs::write(with_ending(&file, "br"), brotli(&plain)?)?;
        fs::write(with_ending(&file, "gz"), gzip(&plain)?)?;
    }
    Ok(())
}

/// Returns the smallest of the results with different block sizes: where the blocks of a module of
/// 1 MB end changes its size by 1 KB.
fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let mut smallest: Option<Vec<u8>> = None;
    for lgblock in [0, 20, 24] {
        let params = BrotliEncoderParams {
            quality: 11,
            lgwin: 22,
            lgblock,
            size_hint: plain.len(),
            ..BrotliEncoderParams::default()
        };
        let mut compressed = Vec::new();
        brotli::BrotliCompress(&mut &plain[..], &mut compressed, &params)?;
        if smallest
            .as_ref()
            .is_none_or(|least| compressed.len() < least.len())
        {
            smallest = Some(compressed);
        }
    }
    Ok(smallest.unwrap_or_default())
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn compressed_files_round_trip() {
        let plain = b"the same line over and over\n".repeat(200);
        let mut from_brotli = Vec::new();
        brotli::BrotliDecompress(&mut &brotli(&plain).unwrap()[..], &mut from_brotli).unwrap();
        assert_eq!(from_brotli, plain);

        let compressed = gzip(&plain).unwrap();
        assert!(compressed.len() < plain.len());
        let mut from_gzip = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..])
            .read_to_end(&mut from_gzip)
            .unwrap();
        assert_eq!(from_gzip, plain);
    }
}
