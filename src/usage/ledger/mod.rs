//! The ledger: a row for every request, in `usage.db`. SQLite keeps it whole under many writers and kills; this module
//! knows its file and its tables, and leaves what rows mean to [`super::summary`].
//!
//! A write takes no sync: after a power cut the last rows may be missing, and nothing else is.

mod row;
mod schema;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, named_params, params};

pub use row::{CredentialSource, Outcome, Row, Tokens};

use super::period::Period;
use super::price::MicroDollars;
use crate::clock::Clock;
use crate::config::{AgentId, Paths};
use crate::storage::{self, FileError, FileLock, LockError};

/// How long a row waits for other writers, each of which takes about a millisecond.
const BUSY_LIMIT: Duration = Duration::from_secs(2);
/// Bytes of new rows that are kept beside the file before they are moved into it: some thirty rows. Opening reads them all,
/// moving them takes syncs.
const CHECKPOINT_BYTES: u64 = 256 * 1024;

/// A ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is creating it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A newer program wrote it.
    #[error("`{path}` has version {version}, and this program knows versions up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// Something else has its name.
    #[error("`{path}` is not a ledger of requests")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// What is in it is not what was written there.
    #[error("`{path}` is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("cannot {action} `{path}`: {}", words(source, path))]
    Sqlite {
        /// `open`, `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Its words.
        source: rusqlite::Error,
    },
}

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// From when until when.
    pub period: Period,
    /// Those of one agent.
    pub agent: Option<AgentId>,
}

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    /// Which file was opened under that name.
    file: Option<u64>,
    connection: Connection,
}

/// What a client key was charged for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The key's name.
    pub key: String,
    /// When the request ended.
    pub at: Timestamp,
    /// How much.
    pub amount: MicroDollars,
}

impl Ledger {
    /// Opens the ledger for writing, creating it where there is none.
    ///
    /// # Errors
    /// When it cannot be opened or created, or is none that this program may write.
    pub fn open(paths: &Paths, clock: &dyn Clock) -> Result<Self, LedgerError> {
        let path = paths.usage();
        if !path.exists() {
            create(&path, paths, clock)?;
        }
        Self::open_to_write(path)
    }

    fn open_to_write(path: PathBuf) -> Result<Self, LedgerError> {
        let mut ledger = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        ledger.set_up().map_err(|source| ledger.failed("open", source))?;
        if ledger.version()? < schema::version_of(schema::STEPS) {
            schema::migrate(&mut ledger.connection, schema::STEPS)
                .map_err(|source| ledger.failed("bring up to date", source))?;
        }
        Ok(ledger)
    }

    /// Opens the ledger for reading; `None` where there is none. One of an older version is brought up to date first.
    ///
    /// # Errors
    /// When it cannot be opened, or is none that this program can read.
    pub fn open_existing(paths: &Paths) -> Result<Option<Self>, LedgerError> {
        let path = paths.usage();
        if !path.exists() {
            return Ok(None);
        }
        let ledger = Self::connect(path.clone(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if ledger.version()? < schema::version_of(schema::STEPS) {
            drop(Self::open_to_write(path)?);
        }
        Ok(Some(ledger))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written; the ledger is as before then.
    pub fn record(&self, row: &Row) -> Result<(), LedgerError> {
        self.record_all(std::slice::from_ref(row))
    }

    /// Adds rows, all or none.
    ///
    /// # Errors
    /// When they cannot be written; the ledger is as before then.
    pub fn record_all(&self, rows: &[Row]) -> Result<(), LedgerError> {
        let insert = || {
            let transaction = self.begin()?;
            let mut insert = transaction.prepare(row::INSERT)?;
            rows.iter().try_for_each(|row| row.insert(&mut insert))?;
            drop(insert);
            transaction.commit()
        };
        insert().map_err(|source| self.failed("write to", source))?;
        self.checkpoint();
        Ok(())
    }

    /// Whether rows could be written now. Nothing is.
    ///
    /// # Errors
    /// When they could not.
    pub fn check_writable(&self) -> Result<(), LedgerError> {
        let tried = self.begin().and_then(Transaction::rollback);
        tried.map_err(|source| self.failed("write to", source))
    }

    /// Whether the file that was opened is still the one of this name: rows would go into one that was moved away.
    pub fn is_in_place(&self) -> bool {
        self.file.is_some() && self.file == number_of(&self.path)
    }

    fn begin(&self) -> rusqlite::Result<Transaction<'_>> {
        // No transaction lives longer than the function that began it, so there is never one inside of another.
        Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
    }

    /// Moves new rows into the file when there are many. SQLite's own way counts on a process that writes more than once:
    /// it starts the file beside ours anew at the write after. Where somebody is reading, a later row does it.
    fn checkpoint(&self) {
        let beside = self.path.with_extension("db-wal");
        if std::fs::metadata(beside).is_ok_and(|found| found.len() >= CHECKPOINT_BYTES) {
            let moved = self
                .connection
                .busy_timeout(Duration::ZERO)
                .and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
            // The next row waits for other writers, whatever came of this.
            if let Err(error) = moved.and(self.connection.busy_timeout(BUSY_LIMIT)) {
                tracing::debug!(%error, "new rows stay beside the ledger for now");
            }
        }
    }

    /// Hands over the selected rows, oldest first.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn query(&self, selection: &Selection, mut each: impl FnMut(&Row)) -> Result<(), LedgerError> {
        let Period { since, until } = selection.period;
        let agent = selection.agent.as_ref().map(AgentId::as_str);
        let mut read = || {
            let mut select = self.connection.prepare(row::SELECT)?;
            let bounds = params![since.as_millisecond(), until.as_millisecond(), agent];
            for row in select.query_map(bounds, Row::read)? {
                each(&row?);
            }
            Ok(())
        };
        read().map_err(|source| self.failed("read", source))
    }

    /// Hands over what client keys were charged from a moment on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn charges(&self, since: Timestamp, mut each: impl FnMut(Charge)) -> Result<(), LedgerError> {
        let mut read = || {
            let mut select = self.connection.prepare(row::SELECT_CHARGES)?;
            let charges = select.query_map([since.as_millisecond()], |row| {
                let amount = MicroDollars(row::counted(row.get(2)?));
                Ok(Charge { key: row.get(0)?, at: moment(row, 1)?, amount })
            })?;
            for charge in charges {
                each(charge?);
            }
            Ok(())
        };
        read().map_err(|source| self.failed("read", source))
    }

    /// When each client key was last used.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_uses(&self) -> Result<HashMap<String, Timestamp>, LedgerError> {
        let read = || {
            let mut select = self.connection.prepare(row::SELECT_LAST_USES)?;
            let uses = select.query_map([], |row| Ok((row.get(0)?, moment(row, 1)?)))?;
            uses.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| self.failed("read", source))
    }

    /// Whether any request was ever recorded, of one agent or of all.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_empty(&self, agent: Option<&AgentId>) -> Result<bool, LedgerError> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM requests WHERE :agent IS NULL OR agent = :agent)";
        let agent = agent.map(AgentId::as_str);
        let any =
            self.connection.query_row(ANY, named_params! {":agent": agent}, |row| row.get::<_, bool>(0));
        any.map(|any| !any).map_err(|source| self.failed("read", source))
    }

    /// Looks whether the ledger of a state directory, if there is one, is whole: all of it is read and nothing left behind.
    ///
    /// # Errors
    /// As [`Self::open_existing`]; [`LedgerError::Damaged`] for one that is not whole.
    pub fn examine(paths: &Paths) -> Result<(), LedgerError> {
        let path = paths.usage();
        if !path.exists() {
            return Ok(());
        }
        let beside = path.with_extension("db-wal");
        let has_rows_beside = || std::fs::metadata(&beside).is_ok_and(|found| found.len() > 0);
        // With no rows beside it nobody is writing, and SQLite can be kept from making its files there.
        if has_rows_beside() {
            return Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?.check();
        }
        let checked = Self::connect_undisturbed(path.clone()).and_then(|ledger| ledger.check());
        match checked {
            // Somebody began to write meanwhile.
            Err(_) if has_rows_beside() => Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?.check(),
            checked => checked,
        }
    }

    fn check(&self) -> Result<(), LedgerError> {
        self.version()?;
        let check = || {
            // Else the last to close it moves the new rows into it, even a reader.
            self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        };
        match check().map_err(|source| self.failed("read", source))? {
            whole if whole == "ok" => Ok(()),
            _ => Err(LedgerError::Damaged { path: self.path.clone() }),
        }
    }

    fn connect_undisturbed(path: PathBuf) -> Result<Self, LedgerError> {
        let Ok(mut address) = url::Url::from_file_path(&path) else {
            return Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        };
        address.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        match open(Path::new(address.as_str()), flags) {
            Ok(connection) => Ok(Self { file: number_of(&path), path, connection }),
            Err(source) => Err(LedgerError::Sqlite { action: "open", path, source }),
        }
    }

    fn connect(path: PathBuf, flags: OpenFlags) -> Result<Self, LedgerError> {
        let connection = open(&path, flags);
        match connection {
            Ok(connection) => Ok(Self { file: number_of(&path), path, connection }),
            Err(source) => Err(LedgerError::Sqlite { action: "open", path, source }),
        }
    }

    fn set_up(&self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Moving rows into the file takes syncs; not at the end of every process, and see `checkpoint`.
        self.connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(())
    }

    fn version(&self) -> Result<i64, LedgerError> {
        let version = schema::version(&self.connection).map_err(|source| self.failed("read", source))?;
        let known = schema::version_of(schema::STEPS);
        match version {
            _ if version > known => Err(LedgerError::Newer { path: self.path.clone(), version, known }),
            // A ledger appears under its name when it is complete.
            _ if version < 1 => Err(LedgerError::Foreign { path: self.path.clone() }),
            _ => Ok(version),
        }
    }

    fn failed(&self, action: &'static str, source: rusqlite::Error) -> LedgerError {
        let path = self.path.clone();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => LedgerError::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => LedgerError::Damaged { path },
            _ => LedgerError::Sqlite { action, path, source },
        }
    }
}

/// Makes a ledger beside its place and puts it there when it is complete, so that nobody ever meets half of one.
fn create(path: &Path, paths: &Paths, clock: &dyn Clock) -> Result<(), LedgerError> {
    let locks = paths.locks();
    storage::create_private_dir(paths.state())?;
    storage::create_private_dir(&locks)?;
    let _lock = FileLock::acquire(&locks.join("usage.lock"), BUSY_LIMIT, clock)?;
    if path.exists() {
        return Ok(());
    }
    let temporary = path.with_extension("db.tmp");
    // Rows of a ledger that was removed without them would be taken for rows of the new one.
    for leftover in ["db.tmp", "db.tmp-wal", "db.tmp-shm", "db.tmp-journal", "db-wal", "db-shm"] {
        storage::remove_file(&path.with_extension(leftover))?;
    }
    storage::platform::create_private(&temporary)
        .map_err(|error| FileError::new("create", &temporary, error))?;
    let build = || {
        let mut connection = open(&temporary, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        schema::migrate(&mut connection, schema::STEPS)?;
        connection.close().map_err(|(_, error)| error)
    };
    build().map_err(|source| LedgerError::Sqlite { action: "create", path: temporary.clone(), source })?;
    std::fs::rename(&temporary, path).map_err(|error| FileError::new("create", path, error))?;
    Ok(())
}

/// Which file has this name now.
fn number_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|found| storage::platform::file_number(&found))
}

/// A moment in a column of milliseconds.
fn moment(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Integer, error.into())
    })
}

/// SQLite's words, without the path some of them end with.
fn words(source: &rusqlite::Error, path: &Path) -> String {
    let words = source.to_string();
    let path = format!(": {}", path.display());
    words.strip_suffix(&path).map(str::to_owned).unwrap_or(words)
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection stays on its thread, so SQLite needs no locks of its own.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
