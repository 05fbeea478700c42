//! Fuzz target: commands for a server that parses strictly, and responses of a server that uses
//! every form.
//!
//! [`command`] draws a command, returns the words that a server must parse, and plays a server that
//! parses by the grammar of RFC 9051 §9 alone. [`response`] draws a message's data, writes it with
//! each string in any form that the grammar allows, and expects the same data as an event.

mod command;
mod response;
mod wire;

use arbitrary::Unstructured;

/// The first byte selects the direction; the others are the source of the draws.
pub(crate) fn run(data: &[u8]) {
    let (first, drawn) = data.split_first().unwrap_or((&0, &[]));
    let mut drawn = Unstructured::new(drawn);
    // After the end of the input all draws are zero, so every input is valid.
    let result = if first % 2 == 0 {
        command::run(&mut drawn)
    } else {
        response::run(&mut drawn)
    };
    result.expect("draws do not fail");
}

/// Draws bytes for a string argument: mostly plain, sometimes any bytes except those that `refused`
/// names.
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
