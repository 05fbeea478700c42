//! The message that is sent to and fro: 50 MiB of lines, as a large attachment has them, and some that
//! begin with a dot.

use bytes::Bytes;

/// How often the block is repeated.
pub(crate) const BLOCKS: usize = 50;
/// The size of the message. The block is a little short of a megabyte, to end with a line.
const BLOCK_BYTES: usize = 1 << 20;

/// One block of the message: lines of base64's length, and after each thousand one that begins with
/// a dot.
pub(crate) fn block() -> Bytes {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let mut count = 0_usize;
    while block.len() + 2 * 78 <= BLOCK_BYTES {
        count += 1;
        if count.is_multiple_of(1000) {
            block.extend_from_slice(b".a line that begins with a dot\r\n");
        } else {
            block.extend((0..76).map(|column| b'A' + ((count * 7 + column * 3) % 26) as u8));
            block.extend_from_slice(b"\r\n");
        }
    }
    let rest = BLOCK_BYTES - block.len() - 2;
    block.extend(std::iter::repeat_n(b'z', rest));
    block.extend_from_slice(b"\r\n");
    block.into()
}

/// The block as it crosses the wire where dots are doubled.
pub(crate) fn stuffed(block: &[u8]) -> Bytes {
    let mut wire = Vec::with_capacity(block.len() + block.len() / 50);
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.into()
}
