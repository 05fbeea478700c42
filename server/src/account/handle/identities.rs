//! The names and addresses that the account sends as.

use app::api::types::IdentityId;
use mail_mime::address::InvalidAddress;

use super::AccountHandle;
use crate::account::error::{AccountError, InvalidField};
use crate::account::model::random_id;
use crate::account::typed;
use crate::domain::Identity;
use crate::store::account_lists::IDENTITIES;

impl AccountHandle {
    /// Returns the identities of the account, its own first. Exactly one is the default.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn identities(&self) -> Result<Vec<Identity>, AccountError> {
        let mut identities = self.list(IDENTITIES).await?;
        self.complete(&mut identities);
        Ok(identities)
    }

    /// Adds what every account has: its own identity, and a default one.
    fn complete(&self, identities: &mut Vec<Identity>) {
        if identities.first().is_none_or(|first| !is_own(first)) {
            let own = Identity {
                id: IdentityId::OWN.into(),
                ..Identity::default()
            };
            identities.insert(0, own);
        }
        if let Some(own) = identities.first_mut() {
            // It may differ in case from the sign-in of another session.
            own.address = self.address().to_owned();
        }
        set_default(identities, None);
    }

    /// Returns the identity that a draft names, or the default one.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] if the identity was deleted: nothing is sent from another address
    /// than the one that was shown.
    pub(crate) async fn identity(&self, id: Option<&IdentityId>) -> Result<Identity, AccountError> {
        let identities = self.identities().await?;
        let is_meant = |identity: &Identity| match id {
            Some(id) => identity.id == *id,
            None => identity.is_default,
        };
        let found = identities.into_iter().find(is_meant);
        found.ok_or(AccountError::Invalid {
            field: "from",
            problem: InvalidField::IdentityGone,
        })
    }

    /// Saves an identity; one without an id is new.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for an address that is none, a text over its limit, or too many
    /// identities; [`AccountError::NotFound`] if it was deleted.
    pub(crate) async fn identity_save(&self, identity: Identity) -> Result<(), AccountError> {
        check(&identity)?;
        let id = match identity.id.as_str() {
            "" => IdentityId(random_id()?),
            _ => identity.id.clone(),
        };
        let is_new = identity.id.as_str().is_empty();
        let saved = Identity { id, ..identity };
        self.change_identities(move |identities| {
            let count = identities.len();
            match identities.iter_mut().find(|other| other.id == saved.id) {
                Some(other) => *other = saved.clone(),
                None if !is_new => return Err(AccountError::NotFound),
                None if count >= Identity::COUNT_MAX => {
                    return Err(AccountError::Invalid {
                        field: "address",
                        problem: InvalidField::TooManyIdentities {
                            max: Identity::COUNT_MAX,
                        },
                    });
                }
                None => identities.push(saved.clone()),
            }
            let default = saved.is_default.then_some(&saved.id);
            set_default(identities, default);
            Ok(())
        })
        .await
    }

    /// Deletes an identity. Succeeds if there is none; the account's own stays.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be written.
    pub(crate) async fn identity_delete(&self, id: &IdentityId) -> Result<(), AccountError> {
        self.change_identities(|identities| {
            identities.retain(|identity| identity.id != *id || is_own(identity));
            set_default(identities, None);
            Ok(())
        })
        .await
    }

    async fn change_identities(
        &self,
        mut change: impl FnMut(&mut Vec<Identity>) -> Result<(), AccountError>,
    ) -> Result<(), AccountError> {
        self.change_list(IDENTITIES, |identities| {
            self.complete(identities);
            change(identities)
        })
        .await
    }
}

fn is_own(identity: &Identity) -> bool {
    identity.id.as_str() == IdentityId::OWN
}

/// Makes exactly one identity the default: `wanted`, or the one that is, or the first.
fn set_default(identities: &mut [Identity], wanted: Option<&IdentityId>) {
    let is_wanted = |identity: &Identity| match wanted {
        Some(wanted) => identity.id == *wanted,
        None => identity.is_default,
    };
    let chosen = identities.iter().position(is_wanted).unwrap_or(0);
    for (index, identity) in identities.iter_mut().enumerate() {
        identity.is_default = index == chosen;
    }
}

fn check(identity: &Identity) -> Result<(), AccountError> {
    let address = typed::address("address", &identity.address)?;
    for mailbox in typed::mailboxes("reply_to", &identity.reply_to)? {
        let answers_to = mailbox.envelope();
        if !address.needs_smtputf8() && answers_to.is_ok_and(|address| address.needs_smtputf8()) {
            // Every message of this sender would need SMTPUTF8, and its envelope would not say so.
            return Err(AccountError::Invalid {
                field: "reply_to",
                problem: InvalidField::Address {
                    text: mailbox.address,
                    why: InvalidAddress::LocalPartNotAscii,
                },
            });
        }
    }
    typed::length("name", &identity.name, Identity::NAME_MAX_BYTES)?;
    typed::length("reply_to", &identity.reply_to, Identity::NAME_MAX_BYTES)?;
    typed::length(
        "signature",
        &identity.signature,
        Identity::SIGNATURE_MAX_BYTES,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(id: &str, is_default: bool) -> Identity {
        Identity {
            id: id.into(),
            address: "a@b.example".to_owned(),
            is_default,
            ..Identity::default()
        }
    }

    #[test]
    fn one_identity_is_the_default() {
        let defaults = |identities: &[Identity]| -> Vec<bool> {
            identities.iter().map(|one| one.is_default).collect()
        };
        let mut all = vec![identity("own", false), identity("x", false)];
        set_default(&mut all, None);
        assert_eq!(defaults(&all), [true, false]);
        set_default(&mut all, Some(&"x".into()));
        assert_eq!(defaults(&all), [false, true]);
        all[0].is_default = true;
        set_default(&mut all, None);
        assert_eq!(defaults(&all), [true, false]);
    }

    #[test]
    fn an_identity_has_a_valid_address_and_bounded_texts() {
        assert!(check(&identity("x", false)).is_ok());
        let international = Identity {
            address: "josé@b.example".to_owned(),
            reply_to: "jürgen@b.example".to_owned(),
            ..identity("x", false)
        };
        assert!(check(&international).is_ok());
        let bad = [
            Identity {
                address: "a@b\r\nBcc: c@d.example".to_owned(),
                ..identity("x", false)
            },
            Identity {
                reply_to: "half an addr".to_owned(),
                ..identity("x", false)
            },
            Identity {
                reply_to: "josé@b.example".to_owned(),
                ..identity("x", false)
            },
            Identity {
                signature: "x".repeat(Identity::SIGNATURE_MAX_BYTES + 1),
                ..identity("x", false)
            },
        ];
        for (identity, expected) in bad
            .iter()
            .zip(["address", "reply_to", "reply_to", "signature"])
        {
            let Err(AccountError::Invalid { field, .. }) = check(identity) else {
                panic!("{identity:?}");
            };
            assert_eq!(field, expected);
        }
    }
}
