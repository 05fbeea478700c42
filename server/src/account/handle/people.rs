//! The people the account wrote to.

use std::collections::HashSet;

use mail_mime::address::{self, Address};

use super::AccountHandle;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::domain::KnownPerson;

impl AccountHandle {
    /// Counts a message to the recipients of these fields, as typed. Best effort: a failure is
    /// logged, since the message is in the outbox already.
    pub(crate) async fn remember_recipients(&self, fields: [&str; 3]) {
        let people = recipients(fields);
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let written = store.people_written(sealer, &self.inner.key, &people, now_unix_ms());
        if let Err(error) = written.await {
            tracing::warn!(%error, "the recipients of a message were not remembered");
        }
    }

    /// Returns the people the account wrote to, in no order.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn people(&self) -> Result<Vec<KnownPerson>, AccountError> {
        let people = self.inner.store.people(&self.inner.sealer, &self.inner.key);
        people.await.map_err(AccountError::store)
    }

    /// Forgets a person.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be written.
    pub(crate) async fn person_forget(&self, address: &str) -> Result<(), AccountError> {
        let Ok(address) = Address::parse_utf8(address) else {
            // Only valid addresses are known.
            return Ok(());
        };
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let forgotten = store.person_forget(sealer, &self.inner.key, address.as_str());
        forgotten.await.map_err(AccountError::store)
    }
}

/// Returns the recipients of address fields, each address once, with the first name given to it.
fn recipients(fields: [&str; 3]) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let mut people: Vec<(String, String)> = Vec::new();
    let entries = fields.into_iter().flat_map(address::entries);
    for mailbox in entries.filter_map(|entry| entry.mailbox.ok()) {
        let Ok(address) = mailbox.envelope() else {
            continue;
        };
        // A name that imitates another address would suggest the wrong one.
        let name = match mailbox.has_suspicious_name {
            true => String::new(),
            false => mailbox.name,
        };
        if seen.insert(address.as_str().to_lowercase()) {
            people.push((name, address.as_str().to_owned()));
        }
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_of_the_three_fields_is_remembered_once() {
        let people = recipients([
            "\"Doe, Ann\" <ann@a.example>; ben@例子.测试",
            "Ann <ANN@a.example>, not an address",
            "\"boss@bank.example\" <x@evil.example>",
        ]);
        let expected = [
            ("Doe, Ann", "ann@a.example"),
            ("", "ben@xn--fsqu00a.xn--0zwm56d"),
            ("", "x@evil.example"),
        ];
        let expected = expected.map(|(name, address)| (name.to_owned(), address.to_owned()));
        assert_eq!(people, expected);
    }
}
