//! The texts of a step that are a server's reply: read before anybody sees them.

use mail_proto::{Machine, Step, Transcribed, raw_text};

/// Reads what a peer said in a charset that it did not name: the octets, and the peer's host.
pub type ReadText = fn(&[u8], &str) -> String;

/// Where nobody knows better: UTF-8, with U+FFFD for everything else.
pub(crate) fn read_lossily(octets: &[u8], _host: &str) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

type StepOf<M> = Result<Step<<M as Machine>::Event>, <M as Machine>::Error>;

/// Shows each text that is a server's reply.
pub(crate) fn for_each<M: Transcribed>(step: &mut StepOf<M>, each: &mut dyn FnMut(&mut String)) {
    match step {
        Ok(Step::Event(event)) => M::reply_texts(event, each),
        Err(error) => M::error_texts(error, each),
        Ok(_) => {}
    }
}

/// Puts characters in the place of octets whose charset was not known until now. All lines of a
/// reply are guessed at together.
pub(crate) fn read<M: Transcribed>(step: &mut StepOf<M>, read_text: ReadText, host: &str) {
    let mut is_any = false;
    for_each::<M>(step, &mut |text| is_any |= raw_text::octets(text).is_some());
    if !is_any {
        return;
    }
    let mut octets = Vec::new();
    for_each::<M>(step, &mut |text| {
        match raw_text::octets(text) {
            Some(carried) => octets.extend(carried),
            None => octets.extend_from_slice(text.as_bytes()),
        }
        octets.push(b'\n');
    });
    let read = read_text(&octets, host);
    let mut lines = read.split('\n');
    for_each::<M>(step, &mut |text| {
        if let (Some(line), Some(_)) = (lines.next(), raw_text::octets(text)) {
            line.clone_into(text);
        }
    });
}
