//! What the server keeps: one SQLite database, sealed secrets, and the spool of outgoing files.
//!
//! It is not a mail store. Rules that keep another engine possible: run-time queries with `$1`,
//! INTEGER, TEXT and BLOB columns in STRICT tables, times as Unix milliseconds, claims by
//! conditional UPDATE. This module is the only one that names the driver.

pub mod flash;
pub(crate) mod folders;
pub(crate) mod outbox;
pub(crate) mod pop3;
pub(crate) mod posted;
pub(crate) mod private;
pub mod process;
mod records;
pub mod seal;
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

/// The connection pool of the engine in use.
pub(crate) type Pool = SqlitePool;
/// One of its connections.
pub(crate) type Connection = sqlx::sqlite::SqliteConnection;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct SchemaStep {
    /// Its place in the order, from 1, never given twice.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// The whole schema, oldest step first. A step that was released is never changed.
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
];

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or a file in it.
    #[error("{path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Other users can reach a folder that is not ours alone.
    #[error(
        "other users can reach the folder {0}, and it holds other things: chmod 700 {0}, or give a folder of its own"
    )]
    Exposed(String),
    /// The database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("schema of the database")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The key file or a sealed value.
    #[error(transparent)]
    Seal(#[from] seal::SealError),
}

/// The database, opened and up to date.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool,
    owner: Arc<str>,
}

impl Store {
    /// Opens `state_dir/restante.db`, makes folder and file where they are missing, and brings
    /// the schema up to date.
    ///
    /// # Errors
    /// Where the folder cannot be made, or the database is damaged or newer than this program.
    pub async fn open(state_dir: &Path, schema: &[SchemaStep]) -> Result<Self, StoreError> {
        private_dir(state_dir)?;
        let path = state_dir.join("restante.db");
        // The journal and its index get the mode of the database.
        private_file(&path)?;
        for journal in ["restante.db-wal", "restante.db-shm"] {
            let path = state_dir.join(journal);
            close_file(&path).map_err(|cause| StoreError::File { path, cause })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A message is called sent because of a row: it has to survive a power cut.
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

    /// The pool, for the modules that hold the queries.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// Where it gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes the database; later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A compose form's key as it stands in the database: it opens nothing there.
pub(crate) fn form_hash(form: &FormKey) -> String {
    let hash = Sha256::new()
        .chain_update(b"restante/form/")
        .chain_update(form.as_str());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The time as the store keeps it.
pub fn now_unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A folder that is removed with the value.
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
