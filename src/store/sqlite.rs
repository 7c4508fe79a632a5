//! The database file: its tables, and reading and writing them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::alert::Window;
use crate::model::Alert;
use crate::track::Saved;

/// The version of the tables and of what is in them.
const SCHEMA_VERSION: i64 = 5;
/// How a store of an older version becomes one of the next; the first is for version 2.
const MIGRATIONS: [&str; 3] = [
    // Alerts got more states and a history; what an old one does not say is read as empty.
    "",
    WINDOW_TABLE,
    VEHICLES_BY_ROW,
];
/// Authorised windows.
const WINDOW_TABLE: &str =
    "CREATE TABLE window (id TEXT PRIMARY KEY, until_ms INTEGER NOT NULL, window TEXT NOT NULL) WITHOUT ROWID;";
/// The vehicles in a table with row numbers. Without, a state stands in the index itself, and each comparison of names on the
/// way to one reads all pages of another.
const VEHICLES_BY_ROW: &str = "CREATE TABLE vehicle_by_row (vin TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL);
     INSERT INTO vehicle_by_row SELECT vin, state FROM vehicle ORDER BY vin;
     DROP TABLE vehicle;
     ALTER TABLE vehicle_by_row RENAME TO vehicle;";
/// Windows that are over for so long are not read back, ms: nothing comes so late.
const WINDOW_KEPT_MS: i64 = 7 * 86_400_000;
/// The version of the first migration.
const OLDEST: i64 = SCHEMA_VERSION - MIGRATIONS.len() as i64;

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
    #[error("the store {} has version {found}, this program reads {OLDEST} to {SCHEMA_VERSION}: move it away", path.display())]
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
    /// Authorised windows that are not long over.
    pub windows: Vec<Window>,
}

impl Restored {
    /// The alerts whose cause is still there.
    #[must_use]
    pub fn open_alerts(&self) -> Vec<Alert> {
        self.alerts.iter().filter(|alert| alert.state.is_live()).cloned().collect()
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
                 PRAGMA user_version = 2;
                 COMMIT;",
            )?;
            return Self::migrate(connection, OLDEST);
        }
        Self::migrate(connection, version)
    }

    /// Brings an older store up to this version, step by step, each whole or not at all; answers the version then.
    fn migrate(connection: &Connection, version: i64) -> rusqlite::Result<i64> {
        if !(OLDEST..SCHEMA_VERSION).contains(&version) {
            return Ok(version);
        }
        for (from, migration) in (OLDEST..).zip(MIGRATIONS).filter(|(from, _)| *from >= version) {
            connection.execute_batch(&format!("BEGIN; {migration} PRAGMA user_version = {}; COMMIT;", from + 1))?;
        }
        Ok(SCHEMA_VERSION)
    }

    /// Reads all vehicles, all open alerts, and of the cleared ones the newest, up to `alerts` in all.
    ///
    /// # Errors
    /// [`StoreError::Sql`] or [`StoreError::Row`].
    pub fn restore(&self, alerts: usize) -> Result<Restored, StoreError> {
        let vehicles = self.rows("SELECT state FROM vehicle ORDER BY vin", [])?;
        let newest = "SELECT alert FROM (SELECT alert, at_ms, id FROM alert ORDER BY state IN ('cleared', 'withdrawn'), at_ms DESC \
                      LIMIT ?1) ORDER BY at_ms, id";
        let alerts = self.rows(newest, [i64::try_from(alerts).unwrap_or(i64::MAX)])?;
        let latest =
            "SELECT window FROM window WHERE until_ms >= (SELECT MAX(until_ms) FROM window) - ?1 ORDER BY until_ms";
        let windows = self.rows(latest, [WINDOW_KEPT_MS])?;
        Ok(Restored { vehicles, alerts, windows })
    }

    fn rows<T: DeserializeOwned>(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<T>, StoreError> {
        let mut statement = self.0.prepare(sql)?;
        let texts = statement.query_map(params, |row| row.get::<_, String>(0))?;
        texts.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    /// Writes vehicles, alerts and windows in one transaction: all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Sql`], for instance when the disk is full; nothing is written then.
    pub fn write(&mut self, vehicles: &[Saved], alerts: &[Alert], windows: &[Window]) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        {
            // In place, where REPLACE would move it to the end.
            let mut put = transaction.prepare_cached(
                "INSERT INTO vehicle (vin, state) VALUES (?1, ?2) ON CONFLICT (vin) DO UPDATE SET state = excluded.state",
            )?;
            for saved in vehicles {
                put.execute(params![saved.track.vin.as_str(), serde_json::to_string(saved)?])?;
            }
            let mut put = transaction.prepare_cached(
                "INSERT OR REPLACE INTO alert (id, vin, rule, state, at_ms, alert) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for alert in alerts {
                let text = serde_json::to_string(alert)?;
                put.execute(params![
                    alert.id.to_string(),
                    alert.vin.as_str(),
                    alert.kind.rule(),
                    alert.state.name(),
                    alert.at.0,
                    text
                ])?;
            }
        }
        for window in windows {
            let text = serde_json::to_string(window)?;
            transaction.execute(
                "INSERT OR REPLACE INTO window (id, until_ms, window) VALUES (?1, ?2, ?3)",
                params![window.id.to_string(), window.until.0, text],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AlertId, Timestamp};
    use crate::model::{AlertState, Kind, Level, Severity, Step, Words};
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
            snoozed_until: None,
            window: None,
            late: false,
            place: None,
            why: Words { en: "moved".to_owned(), zh: "移动".to_owned() },
            evidence: Vec::new(),
            history: vec![Step { state, level: Level::Three, at: episode, by: Some("Li".to_owned()), note: None }],
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
            database.write(std::slice::from_ref(&saved), &[alert(AlertState::Raised, 1)], &[]).unwrap();
            database.write(&[], &[alert(AlertState::Cleared, 1), alert(AlertState::Raised, 2)], &[]).unwrap();
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
    fn alerts_that_somebody_took_on_are_still_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let all: Vec<Alert> = (1..).zip(AlertState::ALL).map(|(number, state)| alert(*state, number)).collect();
        Database::open(&path).unwrap().write(&[], &all, &[]).unwrap();
        let restored = Database::open(&path).unwrap().restore(6).unwrap();
        assert_eq!(restored.open_alerts(), all[..6], "and they come before any that is over");
    }

    #[test]
    fn a_store_of_the_version_before_is_brought_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut old = serde_json::to_value(alert(AlertState::Raised, 1)).unwrap();
        for member in ["history", "late", "snoozed_until_ms"] {
            old.as_object_mut().unwrap().remove(member).unwrap();
        }
        let (id, text) = (old["id"].as_str().unwrap().to_owned(), old.to_string());
        let track = Track::new("LZLEMTA20T0000001".parse().unwrap(), Timestamp(5));
        let saved = Saved { version: Saved::VERSION, track, report: None };
        drop(Database::open(&path).unwrap());
        let file = Connection::open(&path).unwrap();
        file.execute_batch(
            "DROP TABLE vehicle;
             CREATE TABLE vehicle (vin TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",
        )
        .unwrap();
        let state = serde_json::to_string(&saved).unwrap();
        file.execute("INSERT INTO vehicle VALUES (?1, ?2)", params![saved.track.vin.as_str(), state]).unwrap();
        file.execute("INSERT INTO alert VALUES (?1, 'V', 'theft.tow', 'raised', 1, ?2)", params![id, text]).unwrap();
        file.execute_batch("DROP TABLE window; PRAGMA user_version = 2;").unwrap();
        let mut database = Database::open(&path).unwrap();
        let restored = database.restore(10).unwrap();
        assert_eq!(restored.alerts, [Alert { history: Vec::new(), ..alert(AlertState::Raised, 1) }]);
        assert_eq!(restored.vehicles, std::slice::from_ref(&saved));
        let newer = Saved { track: Track { seen: Timestamp(6), ..saved.track.clone() }, ..saved };
        database.write(std::slice::from_ref(&newer), &[], &[]).unwrap();
        assert_eq!(database.restore(10).unwrap().vehicles, [newer], "one row a vehicle");
        assert_eq!(file.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), SCHEMA_VERSION);
        file.pragma_update(None, "user_version", 1).unwrap();
        assert!(matches!(Database::open(&path), Err(StoreError::Version { found: 1, .. })));
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
