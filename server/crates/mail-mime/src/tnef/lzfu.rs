//! Decompresses RTF (MS-OXRTFCP).

use super::reader::Reader;

/// The text that the window holds at first (MS-OXRTFCP §2.1.2.1).
const PREFIX: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\
\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Size of the window of octets that a reference may point to.
const WINDOW_BYTES: usize = 4_096;

const COMPRESSED: u32 = u32::from_le_bytes(*b"LZFu");
const UNCOMPRESSED: u32 = u32::from_le_bytes(*b"MELA");

/// Decompresses at most `max_bytes` octets. The announced sizes and the checksum are not looked at.
/// Returns `None` if the octets are not of this format.
pub(super) fn decompress(data: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    let mut reader = Reader::new(data, 0..data.len());
    // The sizes.
    reader.range(8)?;
    let kind = reader.u32()?;
    // The checksum.
    reader.range(4)?;
    let content = reader.rest();
    match kind {
        COMPRESSED => Some(decompress_content(reader, max_bytes)),
        UNCOMPRESSED => Some(content.get(..max_bytes).unwrap_or(content).to_vec()),
        _ => None,
    }
}

fn decompress_content(mut reader: Reader<'_>, max_bytes: usize) -> Vec<u8> {
    let mut window = [0; WINDOW_BYTES];
    let mut at = PREFIX.len();
    if let Some(start) = window.get_mut(..at) {
        start.copy_from_slice(PREFIX);
    }
    let mut out = Vec::new();
    'groups: while let Some(flags) = reader.u8() {
        for bit in 0..8 {
            if out.len() >= max_bytes {
                break 'groups;
            }
            let (from, len) = if flags >> bit & 1 == 0 {
                let Some(literal) = reader.u8() else {
                    break 'groups;
                };
                if let Some(slot) = window.get_mut(at) {
                    *slot = literal;
                }
                out.push(literal);
                at = (at + 1) % WINDOW_BYTES;
                continue;
            } else {
                let Some(reference) = reader.u16().map(|octets| usize::from(octets.swap_bytes()))
                else {
                    break 'groups;
                };
                (reference >> 4, (reference & 0xf) + 2)
            };
            // A reference to the position that is written next ends the text.
            if from == at {
                break 'groups;
            }
            for offset in 0..len {
                let octet = window
                    .get((from + offset) % WINDOW_BYTES)
                    .copied()
                    .unwrap_or_default();
                if let Some(slot) = window.get_mut(at) {
                    *slot = octet;
                }
                out.push(octet);
                at = (at + 1) % WINDOW_BYTES;
            }
        }
    }
    out.truncate(max_bytes);
    out
}
