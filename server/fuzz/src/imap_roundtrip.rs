//! Commands to a server that reads strictly, and responses of a server that writes in every form.
//!
//! [`command`] draws a command, says what words a server must read, and plays a server that parses
//! by the grammar of RFC 9051 §9 alone. [`response`] draws a message's data, writes it with each
//! string in any form that the grammar allows, and expects the same data as an event.

mod command;
mod response;
mod wire;

use arbitrary::Unstructured;

/// The first byte chooses the direction, the others are drawn from.
pub(crate) fn run(data: &[u8]) {
    let (first, drawn) = data.split_first().unwrap_or((&0, &[]));
    let mut drawn = Unstructured::new(drawn);
    // When nothing is left to draw, the rest is zero: no input is in vain.
    let result = if first % 2 == 0 {
        command::run(&mut drawn)
    } else {
        response::run(&mut drawn)
    };
    result.expect("draws do not fail");
}

/// Bytes for a string argument: mostly plain, sometimes anything but what `refused` tells.
fn text(u: &mut Unstructured<'_>, max_len: usize) -> arbitrary::Result<Vec<u8>> {
    let len = u.int_in_range(0..=max_len)?;
    let plain = u.ratio(1, 2)?;
    let mut text = Vec::with_capacity(len);
    for _ in 0..len {
        let byte: u8 = u.arbitrary()?;
        text.push(if plain { b' ' + byte % 95 } else { byte });
    }
    Ok(text)
}
