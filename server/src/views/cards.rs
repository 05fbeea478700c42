//! The cards above the body of a message: who confirmed its author, what may deceive, what a report
//! or an invitation in it says, and that it is signed or encrypted.

mod answer;
mod invitation;
mod receipt;
mod report;
mod signature;
mod trust;
mod warning;

use app::api::types::{Card, CardKind};

pub(super) use answer::{actions, answer_line, answer_subject, answer_text};

use super::locale::Locale;
use crate::domain::Opened;

/// Returns the cards of a message in the order to show. `own_address` is the reader's, and
/// `incoming_host` the server that the message came from.
pub(crate) fn cards(
    opened: &Opened,
    own_address: &str,
    incoming_host: &str,
    locale: &Locale,
) -> Vec<Card> {
    let supplements = &opened.supplements;
    let invitation = supplements.invitation.as_ref();
    let cards = [
        trust::card(&opened.headers, incoming_host, locale.lang),
        warning::card(&opened.headers, locale.lang),
        receipt::card(&opened.headers, own_address, locale.lang),
        report::card(supplements, locale.lang),
        invitation.and_then(|invitation| invitation::card(invitation, locale)),
        signature::card(opened, locale.lang),
    ];
    cards.into_iter().flatten().collect()
}

/// Returns a card without a day of the calendar.
fn card(kind: CardKind, title: String, lines: Vec<String>) -> Card {
    Card {
        kind,
        title,
        lines,
        month: String::new(),
        day: String::new(),
        outbox: None,
        actions: Vec::new(),
    }
}
