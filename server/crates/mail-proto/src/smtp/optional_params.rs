//! Selection of what is sent of an envelope: the parameters of `MAIL` and `RCPT`, the omitted
//! parameters, the recipients within the server's limits, and the reasons not to send at all.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::address::Address;
use super::envelope::{Envelope, Recipient};
use super::extensions::{Extensions, FutureRelease};
use super::outcome::Cause;
use super::parameters::{Hold, HoldUntil};
use super::parameters::{Notify, Parameter, original_recipient};
use super::reply::Reply;

/// The optional parameters of a message, sent and omitted.
#[derive(Debug, Default)]
pub(super) struct OptionalParams {
    sent: Vec<Parameter>,
    left_out: Vec<Parameter>,
}

impl OptionalParams {
    /// Selects the requested parameters that the server offers.
    pub(super) fn new(envelope: &Envelope, extensions: &Extensions) -> Self {
        let mut optional_params = Self::default();
        let by = envelope.deliver_by.is_some_and(|by| !by.returns);
        let requested = [
            (
                Parameter::Dsn,
                envelope.requests_notifications(),
                extensions.dsn,
            ),
            (Parameter::DeliverBy, by, extensions.deliver_by.is_some()),
            (
                Parameter::MtPriority,
                envelope.priority.is_some(),
                extensions.mt_priority.is_some(),
            ),
        ];
        for (parameter, _, is_offered) in requested
            .into_iter()
            .filter(|(_, is_requested, _)| *is_requested)
        {
            if is_offered {
                optional_params.sent.push(parameter);
            } else {
                optional_params.left_out.push(parameter);
            }
        }
        // SIZE only informs the server, so without the extension it is not reported as omitted.
        if extensions.size && envelope.size_bytes.is_some() {
            optional_params.sent.push(Parameter::Size);
        }
        optional_params
    }

    /// Omits all optional parameters. Returns `false` if none was sent.
    pub(super) fn drop_optional(&mut self) -> bool {
        let has_sent = !self.sent.is_empty();
        self.left_out.append(&mut self.sent);
        has_sent
    }

    pub(super) fn into_left_out(self) -> Vec<Parameter> {
        self.left_out
    }

    /// Returns whether this refusal of `MAIL` may be caused by an optional parameter.
    pub(super) fn may_have_caused_mail_refusal(&self, refusal: &Reply) -> bool {
        !self.sent.is_empty() && is_about_a_parameter(refusal)
    }

    /// Returns whether this refusal of `RCPT` may be caused by an optional parameter.
    pub(super) fn may_have_caused_rcpt_refusal(
        &self,
        recipient: &Recipient,
        refusal: &Reply,
    ) -> bool {
        recipient.notify.is_some() && self.has(Parameter::Dsn) && is_about_a_parameter(refusal)
    }

    /// Returns the MAIL command with its parameters, without CRLF.
    ///
    /// ```abnf
    /// mail            = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    /// Mail-parameters = esmtp-param *(SP esmtp-param)
    /// esmtp-param     = esmtp-keyword ["=" esmtp-value]
    /// size-value    ::= 1*20DIGIT                             ; RFC 1870
    /// body-value      = "7BIT" / "8BITMIME"                   ; RFC 6152 §2
    /// ```
    /// RFC 5321 §4.1.1.2 and §4.1.2.
    pub(super) fn mail_line(&self, envelope: &Envelope) -> String {
        let mut line = format!("MAIL FROM:<{}>", envelope.reverse_path.as_str());
        let mut add = |parameter: &str| {
            line.push(' ');
            line.push_str(parameter);
        };
        if let Some(size_bytes) = envelope.size_bytes.filter(|_| self.has(Parameter::Size)) {
            add(&format!("SIZE={size_bytes}"));
        }
        if envelope.body_8bit {
            add("BODY=8BITMIME");
        }
        if envelope.needs_smtputf8() {
            add("SMTPUTF8");
        }
        if self.has(Parameter::Dsn) {
            if let Some(returns) = envelope.returns {
                add(&format!("RET={}", returns.value()));
            }
            if let Some(id) = &envelope.envelope_id {
                add(&format!("ENVID={}", id.value()));
            }
        }
        if envelope.requires_tls {
            add("REQUIRETLS");
        }
        if let Some(hold) = &envelope.hold {
            add(&hold.parameter());
        }
        let by = envelope.deliver_by;
        if let Some(by) = by.filter(|by| by.returns || self.has(Parameter::DeliverBy)) {
            add(&format!("BY={}", by.value()));
        }
        if let Some(priority) = envelope
            .priority
            .filter(|_| self.has(Parameter::MtPriority))
        {
            add(&format!("MT-PRIORITY={}", priority.value()));
        }
        line
    }

    /// Returns the RCPT command with its parameters, without CRLF.
    ///
    /// ```abnf
    /// rcpt            = "RCPT TO:" ( "<Postmaster@" Domain ">" /
    ///                   "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    /// Forward-path    = Path
    /// Rcpt-parameters = esmtp-param *(SP esmtp-param)
    /// orcpt-parameter = "ORCPT=" original-recipient-address   ; RFC 3461 §4.2
    /// ```
    /// RFC 5321 §4.1.1.3 and §4.1.2.
    pub(super) fn rcpt_line(&self, recipient: &Recipient) -> String {
        let address = &recipient.address;
        let mut line = format!("RCPT TO:<{}>", address.as_str());
        if let Some(notify) = recipient.notify.filter(|_| self.has(Parameter::Dsn)) {
            line.push_str(" NOTIFY=");
            line.push_str(&notify.value());
            let original = (notify != Notify::NEVER).then(|| original_recipient(address));
            if let Some(original) = original.flatten() {
                line.push_str(" ORCPT=");
                line.push_str(&original);
            }
        }
        line
    }

    fn has(&self, parameter: Parameter) -> bool {
        self.sent.contains(&parameter)
    }
}

/// Returns whether a refusal is about a parameter: 555 is (RFC 5321 §4.1.1.11); 501 and 504 are
/// about arguments in general (RFC 5321 §4.2.2, RFC 3461 §5.1), so their enhanced code, if any, has
/// to be about the protocol.
const fn is_about_a_parameter(refusal: &Reply) -> bool {
    match (refusal.code, &refusal.enhanced) {
        (555, _) | (501 | 504, None) => true,
        (501 | 504, Some(enhanced)) => enhanced.subject == 5,
        _ => false,
    }
}

/// Returns the reason why the message cannot be sent with the offered extensions, if any.
pub(super) fn unsupported(
    envelope: &Envelope,
    extensions: &Extensions,
    is_tls: bool,
) -> Option<Cause> {
    if envelope.recipients.is_empty() {
        return Some(Cause::NoRecipients);
    }
    if let (Some(size_bytes), Some(max_bytes)) = (envelope.size_bytes, extensions.size_max_bytes)
        && size_bytes > max_bytes
    {
        return Some(Cause::TooLarge {
            size_bytes,
            max_bytes,
        });
    }
    if envelope.needs_smtputf8() && !extensions.smtputf8 {
        return Some(Cause::Smtputf8NotOffered);
    }
    if envelope.body_8bit && !extensions.eight_bit_mime {
        return Some(Cause::EightBitMimeNotOffered);
    }
    if envelope.requires_tls && !(extensions.require_tls && is_tls) {
        return Some(Cause::RequireTlsNotOffered);
    }
    if let Some(hold) = &envelope.hold {
        match &extensions.future_release {
            None => return Some(Cause::FutureReleaseNotOffered),
            Some(offer) if is_too_long(hold, offer) => return Some(Cause::HoldTooLong),
            Some(_) => {}
        }
    }
    let by = envelope.deliver_by.filter(|by| by.returns)?;
    match extensions.deliver_by {
        None => Some(Cause::DeliverByNotOffered),
        Some(offer) => {
            let secs = by.secs.unsigned_abs();
            let min_secs = offer.min_secs.filter(|min_secs| secs < *min_secs)?;
            Some(Cause::DeliverByTooSoon { min_secs })
        }
    }
}

fn is_too_long(hold: &Hold, offer: &FutureRelease) -> bool {
    match &hold.0 {
        HoldUntil::Secs(secs) => offer.max_secs.is_some_and(|max| *secs > max),
        HoldUntil::Time(time) => offer.max_until.as_ref().is_some_and(|max| time > max),
    }
}

/// The used part of the limits of a session (RFC 9422).
#[derive(Debug, Default)]
pub(super) struct SessionUsage {
    transactions: u32,
    /// The recipient domains of the session; recorded only if the server limits them.
    domains: BTreeSet<String>,
}

impl SessionUsage {
    /// Returns whether the limit of transactions or of domains is reached.
    pub(super) fn is_exhausted(&self, extensions: &Extensions) -> bool {
        let limits = &extensions.limits;
        let domains = u32::try_from(self.domains.len()).unwrap_or(u32::MAX);
        limits.mail_max.is_some_and(|max| self.transactions >= max)
            || limits.rcpt_domain_max.is_some_and(|max| domains >= max)
    }

    /// Begins a transaction; returns for each recipient whether it is within the limits.
    ///
    /// No recipient is once the limit of transactions is reached.
    pub(super) fn reserve<'a>(
        &mut self,
        recipients: impl Iterator<Item = &'a Address>,
        extensions: &Extensions,
    ) -> Vec<bool> {
        let limits = &extensions.limits;
        let has_room = limits.mail_max.is_none_or(|max| self.transactions < max);
        let mut accepted = 0_u32;
        let mut fits = Vec::new();
        for address in recipients {
            let is_accepted = has_room
                && limits.rcpt_max.is_none_or(|max| accepted < max)
                && limits
                    .rcpt_domain_max
                    .is_none_or(|max| self.has_room_for(address, max));
            accepted = accepted.saturating_add(u32::from(is_accepted));
            fits.push(is_accepted);
        }
        if accepted > 0 {
            self.count_transaction();
        }
        fits
    }

    /// Counts a `MAIL` command.
    pub(super) const fn count_transaction(&mut self) {
        self.transactions = self.transactions.saturating_add(1);
    }

    fn has_room_for(&mut self, address: &Address, max: u32) -> bool {
        let domain = address
            .as_str()
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let domain = domain.to_lowercase();
        let count = u32::try_from(self.domains.len()).unwrap_or(u32::MAX);
        if count >= max && !self.domains.contains(&domain) {
            return false;
        }
        self.domains.insert(domain.to_owned());
        true
    }
}
