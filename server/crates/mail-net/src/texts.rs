//! Decodes the server's reply texts in a step before the step is returned.

use mail_proto::{Machine, Step, Transcribed, raw_text};

/// Decodes a text whose charset the peer did not name. Arguments: the octets and the peer's host.
pub type ReadText = fn(&[u8], &str) -> String;

/// The default [`ReadText`]: UTF-8, with U+FFFD for invalid sequences.
pub(crate) fn read_lossily(octets: &[u8], _host: &str) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

type StepOf<M> = Result<Step<<M as Machine>::Event>, <M as Machine>::Error>;

/// Calls `each` with every text of the step that is a server's reply.
pub(crate) fn for_each<M: Transcribed>(step: &mut StepOf<M>, each: &mut dyn FnMut(&mut String)) {
    match step {
        Ok(Step::Event(event)) => M::reply_texts(event, each),
        Err(error) => M::error_texts(error, each),
        Ok(_) => {}
    }
}

/// Decodes the raw octets in the reply texts of a step. All lines of a reply are decoded together,
/// so that the charset is guessed from the whole reply.
pub(crate) fn read<M: Transcribed>(step: &mut StepOf<M>, read_text: ReadText, host: &str) {
    let mut has_raw_octets = false;
    for_each::<M>(step, &mut |text| {
        has_raw_octets |= raw_text::octets(text).is_some()
    });
    if !has_raw_octets {
        return;
    }
    let mut octets = Vec::new();
    for_each::<M>(step, &mut |text| {
        match raw_text::octets(text) {
            Some(raw) => octets.extend(raw),
            None => octets.extend_from_slice(text.as_bytes()),
        }
        octets.push(b'\n');
    });
    let decoded = read_text(&octets, host);
    let mut lines = decoded.split('\n');
    for_each::<M>(step, &mut |text| {
        if let (Some(line), Some(_)) = (lines.next(), raw_text::octets(text)) {
            line.clone_into(text);
        }
    });
}
