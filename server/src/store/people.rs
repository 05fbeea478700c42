//! The people an account wrote to.
//!
//! A row has the sealed name and address, and the hash of the address, made with the server key. A
//! row that cannot be opened (key lost, damaged) is left out.

use super::records::{read_person, write_person};
use super::seal::{Purpose, Sealer};
use super::{Store, StoreError};
use crate::domain::{AccountKey, KnownPerson};

/// A row: hash, sealed record, count, time.
type RawPerson = (String, Vec<u8>, i64, i64);

impl Store {
    /// Maximum number of people of an account; those written to longest ago are deleted first.
    pub(crate) const PEOPLE_MAX: usize = 2_000;

    /// Counts a message to each of these people, given as name and address, once per address. An
    /// empty name leaves the known one.
    pub(crate) async fn people_written(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        people: &[(String, String)],
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        for (name, address) in people {
            let hash = sealer.person_hash(account, address);
            let record = write_person(name, address);
            let sealed = sealer.seal(Purpose::Person, hash.as_bytes(), &record)?;
            sqlx::query(
                "INSERT INTO person \
                 (account_key, person_hash, sealed, written_count, written_unix_ms) \
                 VALUES ($1, $2, $3, 1, $4) ON CONFLICT (account_key, person_hash) DO UPDATE SET \
                 sealed = CASE WHEN $5 = 1 THEN excluded.sealed ELSE person.sealed END, \
                 written_count = person.written_count + 1, \
                 written_unix_ms = excluded.written_unix_ms",
            )
            .bind(&account.0)
            .bind(&hash)
            .bind(sealed)
            .bind(now_unix_ms)
            .bind(i64::from(!name.is_empty()))
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query(
            "DELETE FROM person WHERE account_key = $1 AND person_hash IN (\
             SELECT person_hash FROM person WHERE account_key = $1 \
             ORDER BY written_unix_ms DESC, written_count DESC, person_hash LIMIT $2 OFFSET $3)",
        )
        .bind(&account.0)
        .bind(i64::MAX)
        .bind(i64::try_from(Self::PEOPLE_MAX).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the people of an account, in no order.
    pub(crate) async fn people(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
    ) -> Result<Vec<KnownPerson>, StoreError> {
        let rows = self.raw_people(account).await?;
        let people = rows.iter().filter_map(|row| open(sealer, row));
        Ok(people.collect())
    }

    /// Forgets a person; an unknown address is no error.
    pub(crate) async fn person_forget(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        address: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM person WHERE account_key = $1 AND person_hash = $2")
            .bind(&account.0)
            .bind(sealer.person_hash(account, address))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Moves the people of an account from its old key to its new one and seals them again. A person
    /// known under both keys has the sum of their counts. Rows that cannot be opened are deleted:
    /// without the address there is no hash of the new key.
    pub(super) async fn people_change_account(
        &self,
        sealer: &Sealer,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let rows = self.raw_people(old).await?;
        let mut transaction = self.pool().begin().await?;
        for row in &rows {
            let Some(person) = open(sealer, row) else {
                continue;
            };
            let hash = sealer.person_hash(new, &person.address);
            let record = write_person(&person.name, &person.address);
            sqlx::query(
                "INSERT INTO person \
                 (account_key, person_hash, sealed, written_count, written_unix_ms) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_key, person_hash) DO UPDATE SET \
                 written_count = person.written_count + excluded.written_count, \
                 written_unix_ms = max(person.written_unix_ms, excluded.written_unix_ms)",
            )
            .bind(&new.0)
            .bind(&hash)
            .bind(sealer.seal(Purpose::Person, hash.as_bytes(), &record)?)
            .bind(i64::from(person.written_count))
            .bind(person.written_unix_ms)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM person WHERE account_key = $1")
            .bind(&old.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn raw_people(&self, account: &AccountKey) -> Result<Vec<RawPerson>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT person_hash, sealed, written_count, written_unix_ms FROM person \
             WHERE account_key = $1",
        )
        .bind(&account.0)
        .fetch_all(self.pool())
        .await?;
        Ok(rows)
    }
}

fn open(
    sealer: &Sealer,
    (hash, sealed, count, written_unix_ms): &RawPerson,
) -> Option<KnownPerson> {
    let record = sealer.open_sealed(Purpose::Person, hash.as_bytes(), sealed);
    let (name, address) = read_person(&record.ok()?).ok()?;
    Some(KnownPerson {
        name,
        address,
        written_count: u32::try_from(*count).unwrap_or(u32::MAX),
        written_unix_ms: *written_unix_ms,
    })
}

#[cfg(test)]
mod tests;
