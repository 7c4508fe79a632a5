//! Who each of many connections is to the broker: users, passwords and certificates, from a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;

use super::pool::Introduction;
use super::tls::{Identity, Tls};
use crate::base::Vin;

/// The columns that a file may have.
const COLUMNS: [&str; 6] = ["vin", "client_id", "user", "password", "cert", "key"];

/// What is wrong with a file of credentials.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct CredentialFault {
    path: PathBuf,
    line: Option<u64>,
    what: String,
}

/// Who a connection is.
#[derive(Debug, Clone, Default)]
struct Credential {
    client_id: Option<String>,
    login: Option<(String, String)>,
    tls: Option<Arc<ClientConfig>>,
}

/// Who each of many connections is.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    path: PathBuf,
    /// Taken in turn, but by vehicles that have one of their own.
    rows: Vec<Credential>,
    by_vin: BTreeMap<Vin, usize>,
}

impl Credentials {
    /// The same login for all, or none.
    #[must_use]
    pub fn same(login: Option<(String, String)>) -> Self {
        let rows = login.into_iter().map(|login| Credential { login: Some(login), ..Credential::default() });
        Self { rows: rows.collect(), ..Self::default() }
    }

    /// Reads a file: columns with a header, or lines of `user,password`. Paths in it are relative to it.
    ///
    /// # Errors
    /// The first line that does not fit, and certificates without `tls`.
    pub fn read(path: &Path, tls: Option<&Tls>) -> Result<Self, CredentialFault> {
        let fault = |what: String| CredentialFault { path: path.to_owned(), line: None, what };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        // Tables for people begin with a mark of their encoding.
        let text = text.trim_start_matches('\u{feff}');
        let mut credentials = Self { path: path.to_owned(), ..Self::default() };
        if has_header(text) {
            credentials.read_table(text, tls)?;
        } else {
            credentials.read_pairs(text)?;
        }
        if credentials.rows.is_empty() {
            Err(fault("expected at least one line, found none".to_owned()))
        } else {
            Ok(credentials)
        }
    }

    fn fault(&self, line: u64, what: impl Into<String>) -> CredentialFault {
        CredentialFault { path: self.path.clone(), line: Some(line), what: what.into() }
    }

    fn read_pairs(&mut self, text: &str) -> Result<(), CredentialFault> {
        for (line, pair) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let login = match pair.split_once(',') {
                Some((user, password)) if !user.trim().is_empty() => {
                    (user.trim().to_owned(), password.trim().to_owned())
                }
                Some(_) | None => {
                    let what =
                        format!("expected user,password, or a first line with names among {}", COLUMNS.join(","));
                    return Err(self.fault(line, what));
                }
            };
            self.rows.push(Credential { login: Some(login), ..Credential::default() });
        }
        Ok(())
    }

    fn read_table(&mut self, text: &str, tls: Option<&Tls>) -> Result<(), CredentialFault> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let mut place = Place { byte: 0, line: 1 };
        place.advance(text, 0);
        let line = place.line;
        let header = reader.headers().map_err(|error| self.fault(line, error.to_string()))?;
        let columns: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
        check_header(&columns, tls).map_err(|what| self.fault(line, what))?;
        let mut seen = BTreeSet::new();
        for record in reader.records() {
            let record = record.map_err(|error| self.fault(line, error.to_string()))?;
            place.advance(text, record.position().map_or(0, csv::Position::byte) as usize);
            let line = place.line;
            if record.len() != columns.len() {
                let (wanted, found) = (columns.join(","), record.len());
                return Err(self.fault(line, format!("expected {} fields ({wanted}), found {found}", columns.len())));
            }
            let row = Row { columns: &columns, record: &record };
            let credential = self.read_row(&row, line, tls)?;
            if let Some(name) = row.name().filter(|name| !seen.insert((*name).to_owned())) {
                return Err(self.fault(line, format!("{name} has a line above: expected one for each")));
            }
            self.rows.push(credential);
        }
        Ok(())
    }

    fn read_row(&mut self, row: &Row<'_>, line: u64, tls: Option<&Tls>) -> Result<Credential, CredentialFault> {
        if let Some(vin) = row.get("vin") {
            let vin: Vin = vin.parse().map_err(|error| self.fault(line, format!("vin {vin:?}: {error}")))?;
            self.by_vin.insert(vin, self.rows.len());
        }
        if row.name().is_some_and(str::is_empty) {
            return Err(self.fault(line, "expected a client_id, found none"));
        }
        let login = match (row.filled("user"), row.filled("password")) {
            (Some(user), password) => Some((user.to_owned(), password.unwrap_or_default().to_owned())),
            (None, Some(_)) => return Err(self.fault(line, "a password without a user")),
            (None, None) => None,
        };
        let beside = |file: &str| self.path.parent().unwrap_or(Path::new("")).join(file);
        let tls = match (row.filled("cert").zip(tls), row.filled("key")) {
            (Some((cert, tls)), Some(key)) => {
                let own = tls.config_as(&Identity { cert: beside(cert), key: beside(key) });
                Some(own.map_err(|error| self.fault(line, error.to_string()))?)
            }
            (None, None) => None,
            (Some(_), None) => return Err(self.fault(line, "a cert without its key")),
            (None, Some(_)) => return Err(self.fault(line, "a key without its cert")),
        };
        Ok(Credential { client_id: row.name().map(str::to_owned), login, tls })
    }

    /// Checks that so many connections, which are no vehicles, can have names of their own.
    ///
    /// # Errors
    /// When there are too few.
    pub fn check_clients(&self, connections: usize) -> Result<(), CredentialFault> {
        let named = self.rows.iter().any(|row| row.client_id.is_some());
        if !named || connections <= self.rows.len() {
            return Ok(());
        }
        let what = format!("has {} clients by name, and {connections} connections need one each", self.rows.len());
        Err(CredentialFault { path: self.path.clone(), line: None, what })
    }

    /// Whether it says which vehicle is who.
    #[must_use]
    pub fn goes_by_vin(&self) -> bool {
        !self.by_vin.is_empty()
    }

    /// Checks that all of a fleet's vehicles are somebody to the broker.
    ///
    /// # Errors
    /// When vehicles have no line in a file that goes by VIN, or there are fewer client ids than vehicles.
    pub fn check_vehicles(&self, vins: &[Vin]) -> Result<(), CredentialFault> {
        if self.by_vin.is_empty() {
            return self.check_clients(vins.len());
        }
        let mut missing = vins.iter().filter(|vin| !self.by_vin.contains_key(vin));
        let Some(first) = missing.next() else { return Ok(()) };
        let (count, all) = (1 + missing.count(), vins.len());
        let what =
            format!("{count} of {all} vehicles have no line, such as {first}: add them, or leave out the vin column");
        Err(CredentialFault { path: self.path.clone(), line: None, what })
    }

    /// Tells a connection that is no vehicle who it is. A VIN serves it as client id.
    pub fn introduce(&self, number: u32, who: &mut Introduction) {
        self.fill(self.turn(number), who);
    }

    /// Tells a vehicle who it is.
    pub fn introduce_vehicle(&self, number: u32, vin: Vin, who: &mut Introduction) {
        let own = self.by_vin.get(&vin).copied();
        self.fill(own.unwrap_or_else(|| self.turn(number)), who);
    }

    fn turn(&self, number: u32) -> usize {
        number as usize % self.rows.len().max(1)
    }

    fn fill(&self, at: usize, who: &mut Introduction) {
        let Some(credential) = self.rows.get(at) else { return };
        who.login.clone_from(&credential.login);
        who.tls.clone_from(&credential.tls);
        if let Some(client_id) = &credential.client_id {
            client_id.clone_into(&mut who.client_id);
        }
    }
}

/// Whether the first line names columns. A user may be called `user`, but nobody has three names for columns.
fn has_header(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let fields: Vec<String> = first.split(',').map(|field| field.trim().to_ascii_lowercase()).collect();
    let known = |field: &String| COLUMNS.contains(&field.as_str());
    fields.first().is_some_and(known) || (fields.len() > 2 && fields.iter().any(known))
}

/// A place in a text, and its line. The reader counts empty lines to the one after them.
struct Place {
    byte: usize,
    line: u64,
}

impl Place {
    /// Goes on to the first line with anything in it from a byte on.
    fn advance(&mut self, text: &str, byte: usize) {
        let rest = text.get(byte..).unwrap_or_default();
        let start = text.len() - rest.trim_start().len();
        self.line += text.get(self.byte..start).unwrap_or_default().matches('\n').count() as u64;
        self.byte = start;
    }
}

/// What is wrong with the names of the columns.
fn check_header(columns: &[String], tls: Option<&Tls>) -> Result<(), String> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    if let Some(unknown) = columns.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
        return Err(format!("unknown column {unknown:?}, expected {}", COLUMNS.join(", ")));
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            return Err(format!("the column {column} is there twice"));
        }
    }
    if has("vin") && has("client_id") {
        return Err("expected vin or client_id, found both: a vehicle's client id is its VIN".to_owned());
    }
    for (one, other) in [("cert", "key"), ("key", "cert"), ("password", "user"), ("user", "password")] {
        if has(one) && !has(other) {
            return Err(format!("the column {one} needs the column {other}"));
        }
    }
    if has("cert") && tls.is_none() {
        return Err("certificates need TLS: give the broker as mqtts://".to_owned());
    }
    Ok(())
}

/// A line of a table.
struct Row<'a> {
    columns: &'a [String],
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    /// The field of a column that the table has.
    fn get(&self, column: &str) -> Option<&str> {
        self.columns.iter().position(|name| name == column).and_then(|at| self.record.get(at))
    }

    fn filled(&self, column: &str) -> Option<&str> {
        self.get(column).filter(|field| !field.is_empty())
    }

    /// What the line is known by.
    fn name(&self) -> Option<&str> {
        self.get("vin").or_else(|| self.get("client_id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIN: &str = "LZLEMTA20T0000001";

    fn read(text: &str) -> Result<Credentials, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.csv");
        std::fs::write(&path, text).unwrap();
        let prefix = format!("{}/", folder.path().display());
        Credentials::read(&path, None).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    fn who(credentials: &Credentials, number: u32) -> (String, Option<(String, String)>) {
        let mut who = Introduction { client_id: "own".to_owned(), ..Introduction::default() };
        credentials.introduce(number, &mut who);
        (who.client_id, who.login)
    }

    fn login(user: &str, password: &str) -> (String, String) {
        (user.to_owned(), password.to_owned())
    }

    #[test]
    fn lines_without_a_header_are_users_and_passwords_in_turn() {
        let found = read("alice, s3,cret\n\nbob,\n").unwrap();
        assert_eq!(who(&found, 0), ("own".to_owned(), Some(login("alice", "s3,cret"))));
        assert_eq!(who(&found, 3), ("own".to_owned(), Some(login("bob", ""))));
    }

    #[test]
    fn vehicles_are_found_by_vin_and_others_in_turn() {
        let found = read(&format!("user,password,vin\nx,1,LZLEMTA20T0000009\ny,2,{VIN}\n")).unwrap();
        let mut introduction = Introduction::default();
        let vin: Vin = VIN.parse().unwrap();
        found.introduce_vehicle(0, vin, &mut introduction);
        assert_eq!(introduction.login, Some(login("y", "2")));
        assert_eq!(who(&found, 1), (VIN.to_owned(), Some(login("y", "2"))));
        assert_eq!(found.check_vehicles(&[vin]), Ok(()));
        let other: Vin = "LZLEMTA20T0000002".parse().unwrap();
        let fault = found.check_vehicles(&[vin, other]).unwrap_err().to_string();
        assert!(fault.contains("1 of 2 vehicles have no line, such as LZLEMTA20T0000002"), "{fault}");

        let found = read("client_id,user,password\na,u,p\nb,,\n").unwrap();
        assert_eq!((who(&found, 0), who(&found, 1)), (("a".to_owned(), Some(login("u", "p"))), ("b".to_owned(), None)));
        assert!(found.check_clients(2).is_ok());
        assert!(found.check_clients(3).unwrap_err().to_string().contains("2 clients by name, and 3 connections"));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        for (text, expected) in [
            ("", "c.csv: expected at least one line"),
            ("vin,user,password\n", "c.csv: expected at least one line"),
            ("alice\n", "c.csv:1: expected user,password"),
            ("alice,a\n,b\n", "c.csv:2: expected user,password"),
            ("vin,usr,password\n", "c.csv:1: unknown column \"usr\", expected vin, client_id"),
            ("vin,client_id\n", "c.csv:1: expected vin or client_id, found both"),
            ("user,user\n", "c.csv:1: the column user is there twice"),
            ("\u{feff}\nvin,cert\n", "c.csv:2: the column cert needs"),
            ("vin,cert\n", "c.csv:1: the column cert needs the column key"),
            ("vin,cert,key\n", "c.csv:1: certificates need TLS: give the broker as mqtts://"),
            ("user,password\na,b\n\nc\n", "c.csv:4: expected 2 fields (user,password), found 1"),
            ("user,password\n,b\n", "c.csv:2: a password without a user"),
            ("client_id\n\"\"\n", "c.csv:2: expected a client_id"),
            ("vin\nLZL\n", "c.csv:2: vin \"LZL\": a VIN has 17"),
            (&format!("vin\n{VIN}\n{VIN}\n"), &format!("c.csv:3: {VIN} has a line above")),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.starts_with(expected), "{text:?}: {fault}");
        }
    }
}
