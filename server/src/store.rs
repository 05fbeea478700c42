//! The server's persistent state: one SQLite database, sealed secrets, and the spool of files that
//! were written here.
//!
//! It stores no received mail. Rules that allow a change of the database engine: run-time queries
//! with `$1`, INTEGER, TEXT and BLOB columns in STRICT tables, times as Unix milliseconds, claims
//! by conditional UPDATE. This module is the only one that names the driver.

pub(crate) mod account_lists;
mod account_settings;
mod contacts;
mod delegated;
pub mod flash;
pub(crate) mod folders;
pub(crate) mod image_senders;
pub(crate) mod local_mail;
pub(crate) mod outbox;
mod people;
pub(crate) mod pop3;
pub(crate) mod posted;
pub(crate) mod private;
pub mod process;
mod records;
pub mod seal;
mod sent_answers;
pub mod sessions;
pub mod spool;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::api::types::FormKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use private::{close_file, private_dir, private_file};

/// The connection pool of the database engine.
pub(crate) type Pool = SqlitePool;
/// One of its connections.
pub(crate) type Connection = sqlx::sqlite::SqliteConnection;

/// A migration of the schema.
#[derive(Debug, Clone, Copy)]
pub struct SchemaStep {
    /// Its number in the order of migrations, from 1; never reused.
    pub version: i64,
    /// Its subject.
    pub name: &'static str,
    /// Its SQL statements.
    pub sql: &'static str,
}

/// All migrations, oldest first. A released migration is never changed.
pub const SCHEMA: &[SchemaStep] = &[
    SchemaStep {
        version: 1,
        name: "sessions",
        sql: include_str!("store/migrations/0001_sessions.sql"),
    },
    SchemaStep {
        version: 2,
        name: "outbox",
        sql: include_str!("store/migrations/0002_outbox.sql"),
    },
    SchemaStep {
        version: 3,
        name: "spool",
        sql: include_str!("store/migrations/0003_spool.sql"),
    },
    SchemaStep {
        version: 4,
        name: "forms",
        sql: include_str!("store/migrations/0004_forms.sql"),
    },
    SchemaStep {
        version: 5,
        name: "removed",
        sql: include_str!("store/migrations/0005_removed.sql"),
    },
    SchemaStep {
        version: 6,
        name: "outcome",
        sql: include_str!("store/migrations/0006_outcome.sql"),
    },
    SchemaStep {
        version: 7,
        name: "folder marks",
        sql: include_str!("store/migrations/0007_folder_mark.sql"),
    },
    SchemaStep {
        version: 8,
        name: "image senders",
        sql: include_str!("store/migrations/0008_image_sender.sql"),
    },
    SchemaStep {
        version: 9,
        name: "delegated sign-in",
        sql: include_str!("store/migrations/0009_delegated.sql"),
    },
    SchemaStep {
        version: 10,
        name: "people",
        sql: include_str!("store/migrations/0010_person.sql"),
    },
    SchemaStep {
        version: 11,
        name: "local messages",
        sql: include_str!("store/migrations/0011_local_message.sql"),
    },
    SchemaStep {
        version: 12,
        name: "identities",
        sql: include_str!("store/migrations/0012_identities.sql"),
    },
    SchemaStep {
        version: 13,
        name: "contacts",
        sql: include_str!("store/migrations/0013_contacts.sql"),
    },
    SchemaStep {
        version: 14,
        name: "transcript",
        sql: include_str!("store/migrations/0014_transcript.sql"),
    },
    SchemaStep {
        version: 15,
        name: "invitation answers",
        sql: include_str!("store/migrations/0015_invitation_answer.sql"),
    },
    SchemaStep {
        version: 16,
        name: "composing",
        sql: include_str!("store/migrations/0016_composing.sql"),
    },
    SchemaStep {
        version: 17,
        name: "template",
        sql: include_str!("store/migrations/0017_template.sql"),
    },
];

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The state folder or a file in it cannot be accessed.
    #[error("{path}")]
    File {
        /// Its path.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        cause: io::Error,
    },
    /// Other users can access the state folder, and it has foreign content.
    #[error(
        "other users can reach the folder {0}, and it holds other things: chmod 700 {0}, or give a folder of its own"
    )]
    Exposed(String),
    /// A database error.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("schema of the database")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// An error of the key file or of a sealed value.
    #[error(transparent)]
    Seal(#[from] seal::SealError),
}

/// The open database with an up-to-date schema.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool,
    owner: Arc<str>,
}

impl Store {
    /// Opens `state_dir/restante.db`, creates folder and file if they are missing, and applies
    /// missing migrations.
    ///
    /// # Errors
    /// If the folder cannot be created, or the database is damaged or newer than this program.
    pub async fn open(state_dir: &Path, schema: &[SchemaStep]) -> Result<Self, StoreError> {
        private_dir(state_dir)?;
        let path = state_dir.join("restante.db");
        // SQLite creates the journal and its index with the mode of the database.
        private_file(&path)?;
        for journal in ["restante.db-wal", "restante.db-shm"] {
            let path = state_dir.join(journal);
            close_file(&path).map_err(|cause| StoreError::File { path, cause })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // The page reports a message as sent because of a row, so the row has to survive a
            // power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        let steps = schema.iter().map(|step| {
            let sql = step.sql.into_sql_str();
            Migration::new(
                step.version,
                step.name.into(),
                MigrationType::Simple,
                sql,
                false,
            )
        });
        Migrator::with_migrations(steps.collect())
            .run(&pool)
            .await?;
        let mut owner = [0; 16];
        getrandom::fill(&mut owner).map_err(|e| seal::SealError::NoEntropy(e.to_string()))?;
        Ok(Self {
            pool,
            owner: URL_SAFE_NO_PAD.encode(owner).into(),
        })
    }

    /// Returns the pool, for the modules that contain the queries.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// If the query fails.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes the database; later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Returns the hash of a compose form's key that the database stores in place of the key.
pub(crate) fn form_hash(form: &FormKey) -> String {
    let hash = Sha256::new()
        .chain_update(b"restante/form/")
        .chain_update(form.as_str());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Returns the current time in the store's unit, Unix milliseconds.
pub fn now_unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A temporary folder that is removed on drop.
#[cfg(test)]
pub(crate) struct TestDir(PathBuf);

#[cfg(test)]
impl TestDir {
    pub(crate) fn new() -> Self {
        let name = format!(
            "restante-test-{}-{:x}",
            std::process::id(),
            getrandom::u64().unwrap()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
impl Drop for TestDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
