//! Server functions for the people an account wrote to: suggest, compare, forget.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, AddressWarning, PersonSuggestion};
use super::wire::Wire;

/// Returns the people who match a typed text.
#[server(prefix = "/api", endpoint = "people_suggest", protocol = Wire)]
pub async fn people_suggest(
    account: AccountId,
    typed: String,
) -> Result<Vec<PersonSuggestion>, ApiError> {
    super::backend::backend()?
        .people_suggest(account, typed)
        .await
}

/// Returns the addresses that may be mistaken for others.
#[server(prefix = "/api", endpoint = "people_compare", protocol = Wire)]
pub async fn people_compare(
    account: AccountId,
    addresses: Vec<String>,
) -> Result<Vec<AddressWarning>, ApiError> {
    super::backend::backend()?
        .people_compare(account, addresses)
        .await
}

/// Forgets a person.
#[server(prefix = "/api", endpoint = "person_forget", protocol = Wire)]
pub async fn person_forget(account: AccountId, address: String) -> Result<(), ApiError> {
    super::backend::backend()?
        .person_forget(account, address)
        .await
}
