//! Signs of spoofing in the names and addresses of a received message.
//!
//! The signs tell what a reader cannot see. They say nothing about who sent the message: that does
//! [`crate::auth_results`].

mod domain;

pub use domain::{looks_like, shown_domain};

use crate::address::{EmailAddress, InvalidAddress};
use crate::header::Headers;

/// A sign that a mailbox is not what it seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Sign {
    /// The name holds another address: `"boss@bank.example" <x@evil.example>`.
    NameHoldsAddress,
    /// The name or the address held invisible characters, or characters that change the direction
    /// of others. They were removed from the name and replaced in the address.
    HiddenCharacters,
    /// The address holds an encoded word (RFC 2047), which some programs decode: the address that
    /// they show is not the one that a reply goes to.
    EncodedAddress,
    /// The address holds an at-sign of another width.
    LookAlikeAt,
    /// The part before the `@` mixes scripts, or looks like ASCII letters and is not.
    LookAlikeLocalPart,
    /// A label of the domain mixes scripts. It is shown as an A-label.
    MixedScripts,
    /// A label of the domain looks like ASCII letters and is not. It is shown as an A-label, or as
    /// the ASCII letters if it means those.
    LookAlikeDomain,
    /// No mail can be sent to the address.
    InvalidAddress,
}

/// A sign that the fields of a header do not tell one author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthorSign {
    /// There is no From field, or no mailbox in it.
    NoAuthor,
    /// There are several From fields. RFC 5322 §3.6 allows one, and which one a server checked is
    /// not known.
    SeveralFromFields,
    /// There are several authors, and no Sender field tells who sent the message (RFC 5322
    /// §3.6.2).
    SeveralAuthorsWithoutSender,
    /// An author has a name and no address.
    NoAddress,
}

/// Returns the signs of a mailbox, each once, in the order of [`Sign`].
pub fn signs(mailbox: &EmailAddress) -> Vec<Sign> {
    let address = mailbox.address.as_str();
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let checked = domain::check(domain);
    let validity = mailbox.envelope();
    // UTS 46 maps the characters that `Address` refuses to ASCII.
    let is_mapped = validity == Err(InvalidAddress::DomainLookAlike);
    let signs = [
        (Sign::NameHoldsAddress, mailbox.has_suspicious_name),
        (Sign::HiddenCharacters, mailbox.had_hidden_characters),
        (Sign::EncodedAddress, holds_encoded_word(address)),
        (
            Sign::LookAlikeAt,
            address.contains(['\u{ff20}', '\u{fe6b}']),
        ),
        (
            Sign::LookAlikeLocalPart,
            !local.is_ascii() && (domain::mixes_scripts(local) || domain::looks_ascii(local)),
        ),
        (Sign::MixedScripts, checked.mixes_scripts),
        (Sign::LookAlikeDomain, checked.looks_ascii || is_mapped),
        (
            Sign::InvalidAddress,
            !address.is_empty() && validity.is_err(),
        ),
    ];
    let found = signs.into_iter().filter(|(_, is_found)| *is_found);
    found.map(|(sign, _)| sign).collect()
}

/// Returns the signs of a header about its author, each once, in the order of [`AuthorSign`].
pub fn author_signs(headers: &Headers) -> Vec<AuthorSign> {
    let authors = headers.from();
    let from_fields = headers
        .fields()
        .iter()
        .filter(|field| field.name().eq_ignore_ascii_case("From"));
    let signs = [
        (AuthorSign::NoAuthor, authors.is_empty()),
        (AuthorSign::SeveralFromFields, from_fields.count() > 1),
        (
            AuthorSign::SeveralAuthorsWithoutSender,
            authors.len() > 1 && headers.sender().is_empty(),
        ),
        (
            AuthorSign::NoAddress,
            authors.iter().any(|author| author.address.is_empty()),
        ),
    ];
    let found = signs.into_iter().filter(|(_, is_found)| *is_found);
    found.map(|(sign, _)| sign).collect()
}

/// Returns the address of a mailbox for display: its domain as [`shown_domain`] writes it.
///
/// Not for sending: [`EmailAddress::envelope`] returns that form.
pub fn shown_address(mailbox: &EmailAddress) -> String {
    match mailbox.address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", shown_domain(domain)),
        None => mailbox.address.clone(),
    }
}

fn holds_encoded_word(address: &str) -> bool {
    address
        .split_once("=?")
        .is_some_and(|(_, rest)| rest.contains("?="))
}

#[cfg(test)]
mod tests;
