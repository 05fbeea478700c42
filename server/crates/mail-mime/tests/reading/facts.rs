//! Lines about what is known of a message beside its text: the data of the cards of the page.

use mail_mime::auth_results::{self, Provider};
use mail_mime::calendar::When;
use mail_mime::list_fields::ListFields;
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;
use mail_mime::{Headers, spoofing};

/// Returns a line for each fact.
pub(crate) fn facts(headers: &Headers, root: &Part, supplements: &Supplements) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(sealed) = supplements.sealed(root) {
        lines.push(format!("sealed: {sealed:?}"));
    }
    if let Some(signature) = supplements.signature(root) {
        lines.push(format!("signature: {signature:?}"));
    }
    for author in headers.from() {
        lines.extend(
            spoofing::signs(&author)
                .iter()
                .map(|sign| format!("sign: {sign:?}")),
        );
    }
    lines.extend(
        spoofing::author_signs(headers)
            .iter()
            .map(|sign| format!("author: {sign:?}")),
    );
    let provider = Provider::of(headers, "imap.restante.test");
    if let Some(checked) = auth_results::verdict(headers, &|id| provider.is_own(id)) {
        let dmarc = checked.dmarc.as_ref().map(|dmarc| dmarc.outcome);
        let dmarc = dmarc.map_or("none".to_owned(), |outcome| format!("{outcome:?}"));
        let aligned = if checked.is_aligned {
            "aligned"
        } else {
            "not aligned"
        };
        lines.push(format!("checked: dmarc {dmarc}, {aligned}"));
    }
    let list = ListFields::of(headers);
    if let Some(id) = list.id {
        lines.push(format!("list: {} <{}>", id.name, id.id));
    }
    if let Some(page) = list.unsubscribe.and_then(|unsubscribe| unsubscribe.web) {
        lines.push(format!("unsubscribe: {page}"));
    }
    supplement_facts(supplements, &mut lines);
    lines
}

fn supplement_facts(supplements: &Supplements, lines: &mut Vec<String>) {
    if let Some(invitation) = &supplements.invitation {
        for event in &invitation.events {
            let starts = match &event.starts {
                Some(When::Instant { at, .. }) => at.to_string(),
                other => format!("{other:?}"),
            };
            let organizer = event
                .organizer
                .as_ref()
                .map(|organizer| organizer.address.to_string());
            let organizer = organizer.unwrap_or_default();
            let (method, summary) = (invitation.method, &event.summary);
            lines.push(format!(
                "invitation: {method:?}, {summary}, {starts}, {organizer}"
            ));
        }
    }
    for recipient in supplements
        .delivery
        .iter()
        .flat_map(|report| &report.recipients)
    {
        let mut words = Vec::new();
        words.extend(recipient.address().map(ToString::to_string));
        words.extend(recipient.action.map(|action| format!("{action:?}")));
        words.extend(recipient.status.map(|status| status.to_string()));
        words.extend(recipient.diagnostic.as_ref().map(|said| said.text.clone()));
        lines.push(format!("delivery: {}", words.join(", ")));
    }
    if let Some(receipt) = &supplements.disposition {
        let kind = receipt
            .disposition
            .as_ref()
            .map(|disposition| disposition.kind.clone());
        let kind = kind.map_or("none".to_owned(), |kind| format!("{kind:?}"));
        let recipient = receipt.final_recipient.as_ref().map(ToString::to_string);
        lines.push(format!(
            "receipt: {kind}, {}",
            recipient.unwrap_or_default()
        ));
    }
    if let Some(id) = &supplements.returned_message_id {
        lines.push(format!("about: {id}"));
    }
}
