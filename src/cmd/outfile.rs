//! Files that commands write: never over one that is there unless told to, and never a half that looks like a whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{ExitCode, Failure};

/// A file that is being written.
#[derive(Debug)]
pub struct OutFile {
    path: PathBuf,
    /// Where it is written until it is whole; `None` when it is written where it belongs.
    part: Option<PathBuf>,
    file: File,
}

impl OutFile {
    /// Begins a file that is of no use until it is whole: until then it has another name.
    ///
    /// # Errors
    /// When it exists and `force` is not given, or when it cannot be created.
    pub fn whole(path: &Path, force: bool) -> Result<Self, Failure> {
        if is_special(path) {
            return Self::growing(path, force);
        }
        refuse_existing(path, force)?;
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), part: Some(part), file })
    }

    /// Begins a file that can be read at any time.
    ///
    /// # Errors
    /// As [`OutFile::whole`].
    pub fn growing(path: &Path, force: bool) -> Result<Self, Failure> {
        let special = is_special(path);
        if !special {
            refuse_existing(path, force)?;
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(!special).open(path);
        Ok(Self { path: path.to_owned(), part: None, file: file.map_err(|error| failed(path, &error))? })
    }

    /// Where the bytes go.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn handle(&self) -> Result<File, Failure> {
        self.file.try_clone().map_err(|error| self.failed(&error))
    }

    /// What went wrong with it, in a line that names it.
    #[must_use]
    pub fn failed(&self, error: &io::Error) -> Failure {
        failed(&self.path, error)
    }

    /// Ends a file that is whole: on the disk, under its name.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(mut self) -> Result<(), Failure> {
        if !is_special(&self.path) {
            self.file.sync_all().map_err(|error| self.failed(&error))?;
        }
        if let Some(part) = &self.part {
            fs::rename(part, &self.path).map_err(|error| self.failed(&error))?;
            self.part = None;
        }
        Ok(())
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // What is not whole is of no use.
            drop(fs::remove_file(part));
        }
    }
}

/// Whether it is a device or a pipe, which are there to be written to and must not be renamed over.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn refuse_existing(path: &Path, force: bool) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(refused(path, "is a directory, expected a file to write")),
        Ok(_) if !force => Err(refused(path, "exists; choose another name, or --force to replace it")),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(ExitCode::Usage, format!("{}: {why}", path.display()))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(ExitCode::Failure, format!("{}: {error}", path.display()))
}
