//! The database file: its tables, and reading and writing them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::model::{Alert, AlertState};
use crate::track::Saved;

/// The version of the tables.
const SCHEMA_VERSION: i64 = 3;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or is no database.
    #[error("cannot open the store {}: {why}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The file was written by another version.
    #[error("the store {} has version {found}, this program reads {SCHEMA_VERSION}: move it away", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A row does not have the form it should.
    #[error("the store holds a row that cannot be read: {0}")]
    Row(#[from] serde_json::Error),
}

/// What a store held when it was opened.
#[derive(Debug, Default)]
pub struct Restored {
    /// Vehicles.
    pub vehicles: Vec<Saved>,
    /// The newest alerts, oldest first.
    pub alerts: Vec<Alert>,
}

impl Restored {
    /// The alerts that are still open.
    #[must_use]
    pub fn open_alerts(&self) -> Vec<Alert> {
        self.alerts.iter().filter(|alert| alert.state == AlertState::Raised).cloned().collect()
    }
}

/// An open database.
#[derive(Debug)]
pub struct Database(Connection);

impl Database {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`StoreError::Open`] or [`StoreError::Version`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::Open { path: path.to_owned(), why: error.to_string() };
        let connection = Connection::open(path).map_err(failed)?;
        let found = Self::prepare(&connection).map_err(failed)?;
        if found == SCHEMA_VERSION {
            Ok(Self(connection))
        } else {
            Err(StoreError::Version { path: path.to_owned(), found })
        }
    }

    /// Creates what is missing and answers the version of the tables.
    fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // In WAL mode this keeps the file sound after a crash of the machine; only the last moments can be missing.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let used: Option<String> =
            connection.query_row("SELECT name FROM sqlite_master LIMIT 1", [], |row| row.get(0)).optional()?;
        if version == 0 && used.is_none() {
            connection.execute_batch(
                "BEGIN;
                 CREATE TABLE vehicle (vin TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
                 CREATE TABLE alert (
                     id TEXT PRIMARY KEY, vin TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,
                     at_ms INTEGER NOT NULL, alert TEXT NOT NULL
                 ) WITHOUT ROWID;
                 CREATE INDEX alert_at ON alert (at_ms);
                 PRAGMA user_version = 3;
                 COMMIT;",
            )?;
            return Ok(SCHEMA_VERSION);
        }
        Ok(version)
    }

    /// Reads all vehicles, all open alerts, and of the cleared ones the newest, up to `alerts` in all.
    ///
    /// # Errors
    /// [`StoreError::Sql`] or [`StoreError::Row`].
    pub fn restore(&self, alerts: usize) -> Result<Restored, StoreError> {
        let vehicles = self.rows("SELECT state FROM vehicle ORDER BY vin", [])?;
        let newest = "SELECT alert FROM (SELECT alert, at_ms, id FROM alert ORDER BY state = 'raised' DESC, at_ms DESC \
                      LIMIT ?1) ORDER BY at_ms, id";
        let alerts = self.rows(newest, [i64::try_from(alerts).unwrap_or(i64::MAX)])?;
        Ok(Restored { vehicles, alerts })
    }

    fn rows<T: DeserializeOwned>(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<T>, StoreError> {
        let mut statement = self.0.prepare(sql)?;
        let texts = statement.query_map(params, |row| row.get::<_, String>(0))?;
        texts.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    /// Writes vehicles and alerts in one transaction: all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Sql`], for instance when the disk is full; nothing is written then.
    pub fn write(&mut self, vehicles: &[Saved], alerts: &[Alert]) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        {
            let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO vehicle (vin, state) VALUES (?1, ?2)")?;
            for saved in vehicles {
                put.execute(params![saved.track.vin.as_str(), serde_json::to_string(saved)?])?;
            }
            let mut put = transaction.prepare_cached(
                "INSERT OR REPLACE INTO alert (id, vin, rule, state, at_ms, alert) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for alert in alerts {
                let state = match alert.state {
                    AlertState::Raised => "raised",
                    AlertState::Cleared => "cleared",
                };
                let text = serde_json::to_string(alert)?;
                put.execute(params![
                    alert.id.to_string(),
                    alert.vin.as_str(),
                    alert.kind.rule(),
                    state,
                    alert.at.0,
                    text
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AlertId, Timestamp};
    use crate::model::{Kind, Level, Severity, Words};
    use crate::track::Track;

    fn alert(state: AlertState, episode: i64) -> Alert {
        let vin = "LZLEMTA20T0000001".parse().unwrap();
        let episode = Timestamp(episode);
        Alert {
            id: AlertId::new(vin, Kind::Tow.rule(), episode),
            vin,
            kind: Kind::Tow,
            level: Level::Three,
            severity: Severity::Critical,
            state,
            episode,
            at: episode,
            cleared_at: None,
            place: None,
            why: Words { en: "moved".to_owned(), zh: "移动".to_owned() },
            evidence: Vec::new(),
        }
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let track = Track::new("LZLEMTA20T0000001".parse().unwrap(), Timestamp(5));
        let saved = Saved { version: Saved::VERSION, track, report: None };
        {
            let mut database = Database::open(&path).unwrap();
            database.write(std::slice::from_ref(&saved), &[alert(AlertState::Raised, 1)]).unwrap();
            database.write(&[], &[alert(AlertState::Cleared, 1), alert(AlertState::Raised, 2)]).unwrap();
        }
        let restored = Database::open(&path).unwrap().restore(10).unwrap();
        assert_eq!(restored.vehicles, [saved]);
        assert_eq!(restored.alerts, [alert(AlertState::Cleared, 1), alert(AlertState::Raised, 2)]);
        assert_eq!(restored.open_alerts(), [alert(AlertState::Raised, 2)]);
        // With room for one only, the open one is kept.
        let one = Database::open(&path).unwrap().restore(1).unwrap();
        assert_eq!(one.alerts, [alert(AlertState::Raised, 2)]);
    }

    #[test]
    fn what_is_no_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        std::fs::write(&path, "Dear Sir or Madam, this is a letter and not a database at all.".repeat(20)).unwrap();
        assert!(matches!(Database::open(&path), Err(StoreError::Open { .. })));
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("Dear Sir"));
        assert!(matches!(Database::open(folder.path()), Err(StoreError::Open { .. })));
    }
}
