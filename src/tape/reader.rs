//! Reads a tape, also one that was cut off: up to the cut.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use serde::Deserialize;
use zstd::stream::read::Decoder;

use super::entry::{END, End, Entry, Header, Line, VERSION};

/// The longest line read, bytes: four times the longest packet that a connection takes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Why a tape cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The input fails.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("no tape of zhilian: expected zstd-compressed lines that begin with {{\"tape\":{VERSION},…}}")]
    NoTape,
    /// Another version of the program wrote it.
    #[error("a tape of version {found}; this program reads version {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// What stands there is not what was written.
    #[error("damaged after {entries} messages: {what}")]
    Damaged {
        /// How many messages could be read.
        entries: u64,
        /// What is wrong.
        what: String,
    },
}

/// Reads a tape: an iterator over its messages.
pub struct Reader<R: Read> {
    lines: BufReader<Decoder<'static, BufReader<R>>>,
    header: Header,
    line: Vec<u8>,
    entries: u64,
    over: bool,
    whole: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When this is no tape, or one of another version.
    pub fn new(input: R) -> Result<Self, TapeError> {
        let lines = BufReader::new(Decoder::new(input)?);
        let header = Header { tape: VERSION, program: String::new(), source: String::new() };
        let mut reader = Self { lines, header, line: Vec::new(), entries: 0, over: false, whole: false };
        reader.header = reader.read_header()?;
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<Header, TapeError> {
        #[derive(Deserialize)]
        struct Version {
            tape: u32,
        }
        // Bytes that are no zstd fail in the decoder with a message that only zstd's authors understand.
        let found = self.next_line().map_err(|error| match error {
            TapeError::Io(io) => TapeError::Io(io),
            TapeError::NoTape | TapeError::Version { .. } | TapeError::Damaged { .. } => TapeError::NoTape,
        })?;
        let version: Version = serde_json::from_slice(&self.line).map_err(|_| TapeError::NoTape)?;
        if !found {
            return Err(TapeError::NoTape);
        }
        if version.tape != VERSION {
            return Err(TapeError::Version { found: version.tape });
        }
        serde_json::from_slice(&self.line).map_err(|_| TapeError::NoTape)
    }

    /// What the tape says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Once the messages are over: whether they were recorded to their end. False after a cut.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Reads the next line; false at the end or at the cut.
    fn next_line(&mut self) -> Result<bool, TapeError> {
        self.line.clear();
        match (&mut self.lines).take(LONGEST).read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => Ok(true),
            Ok(0) => Ok(false),
            Ok(_) => Err(self.damaged("a line that does not end")),
            // The last frame is not all there.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            // What the operating system says has a number; the rest comes from the decoder.
            Err(error) if error.raw_os_error().is_some() => Err(error.into()),
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    /// Whether the input ends after the end mark, as it should; false when it was cut within its frame.
    fn is_at_end(&mut self) -> Result<bool, TapeError> {
        match self.lines.fill_buf() {
            Ok([]) => Ok(true),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) if error.raw_os_error().is_some() => Err(error.into()),
            Ok(_) => Err(self.damaged("it goes on after its end mark")),
            Err(error) => Err(TapeError::Damaged { entries: self.entries, what: error.to_string() }),
        }
    }

    fn damaged(&self, what: &str) -> TapeError {
        TapeError::Damaged { entries: self.entries, what: what.to_owned() }
    }

    fn next_entry(&mut self) -> Result<Option<Entry<'static>>, TapeError> {
        if !self.next_line()? {
            return Ok(None);
        }
        if self.line.starts_with(END) {
            let end: End = serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error.to_string()))?;
            if end.end != self.entries {
                return Err(self.damaged(&format!("the end mark speaks of {}", end.end)));
            }
            self.whole = self.is_at_end()?;
            return Ok(None);
        }
        let line: Line = serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error.to_string()))?;
        let entry = line.into_entry().ok_or_else(|| self.damaged("a message without a payload"))?;
        self.entries += 1;
        Ok(Some(entry))
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Entry<'static>, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.next_entry().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<R: Read> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("header", &self.header).field("entries", &self.entries).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::base::Timestamp;
    use crate::base::rng::{Purpose, Stream};
    use crate::tape::Writer;

    /// Messages of all shapes: text and bytes, long and empty, with and without the optional parts.
    fn entries(seed: u64, count: u32) -> Vec<Entry<'static>> {
        let mut stream = Stream::new(seed, 0, Purpose::Trips);
        let one = |number: u32| {
            let length = if stream.chance(0.005) { 100_000 } else { stream.index(400) };
            let text = stream.chance(0.7);
            let byte = |_| if text { b" {}\"\\\n\tabc\x01"[stream.index(11)] } else { stream.index(256) as u8 };
            let payload: Vec<u8> = (0..length).map(byte).collect();
            Entry {
                at: Timestamp(1_780_000_000_000 + i64::from(number) * 100),
                topic: Cow::Owned(format!("zl/v1/车{number}/up/report")),
                content_type: stream.chance(0.5).then_some(Cow::Borrowed("application/json")),
                retained: stream.chance(0.1),
                payload: Cow::Owned(payload),
            }
        };
        (0..count).map(one).collect()
    }

    fn recorded(entries: &[Entry]) -> Writer<Vec<u8>> {
        let mut writer = Writer::new(Vec::new(), &Header::new("a test")).unwrap();
        for entry in entries {
            writer.write(entry).unwrap();
        }
        writer
    }

    /// The messages of a tape and whether it is whole.
    fn read(tape: &[u8]) -> Result<(Vec<Entry<'static>>, bool), TapeError> {
        let mut reader = Reader::new(tape)?;
        let entries: Result<Vec<_>, _> = reader.by_ref().collect();
        Ok((entries?, reader.is_whole()))
    }

    #[test]
    fn what_is_written_can_be_read() {
        for seed in 0..20 {
            let entries = entries(seed, 20 * seed as u32);
            let tape = recorded(&entries).finish().unwrap();
            assert!(read(&tape).unwrap() == (entries, true), "seed {seed}");
        }
        assert_eq!(Reader::new(&recorded(&[]).finish().unwrap()[..]).unwrap().header(), &Header::new("a test"));
    }

    #[test]
    fn a_cut_tape_reads_up_to_the_cut() {
        let entries = entries(7, 1200);
        let mut writer = recorded(&entries[..900]);
        writer.flush().unwrap();
        entries[900..].iter().for_each(|entry| writer.write(entry).unwrap());
        let tape = writer.finish().unwrap();
        let mut most = 0;
        for cut in (0..20).map(|twentieth| tape.len() * twentieth / 20).chain([tape.len() - 1]) {
            let Ok((found, whole)) = read(&tape[..cut]) else {
                assert!(cut < 200, "not even the header of {cut} bytes");
                continue;
            };
            assert!(!whole && found.len() >= most && found[..] == entries[..found.len()], "cut at {cut}");
            most = found.len();
        }
        assert_eq!(most, 1200, "only the end mark was cut off");
        let (found, _) = read(&tape[..tape.len() * 19 / 20]).unwrap();
        assert!(found.len() > 900, "what was flushed is safe: {}", found.len());
    }

    #[test]
    fn what_is_no_tape_is_refused() {
        let refused = |bytes: &[u8]| Reader::new(bytes).unwrap_err().to_string();
        let packed = |text: &str| zstd::bulk::compress(text.as_bytes(), 1).unwrap();
        for bytes in [&b""[..], b"{\"tape\":1}\n", &packed(""), &packed("{}\n"), &packed("{\"tape\":1"), &[0; 99]] {
            assert!(refused(bytes).contains("no tape of zhilian"), "{}", refused(bytes));
        }
        assert!(refused(&packed("{\"tape\":2}\n")).contains("version 2"));
    }

    #[test]
    fn damage_is_told_from_a_cut() {
        let damaged = |tape: &[u8]| read(tape).unwrap_err().to_string();
        let mut tape = recorded(&entries(3, 500)).finish().unwrap();
        let middle = tape.len() / 2;
        tape[middle] ^= 0x55;
        assert!(damaged(&tape).contains("damaged after"), "{}", damaged(&tape));
        let header = serde_json::to_string(&Header::new("x")).unwrap();
        let with = |line: &str| zstd::bulk::compress(format!("{header}\n{line}\n").as_bytes(), 1).unwrap();
        assert!(damaged(&with("{\"end\":0}\n{}")).contains("after its end mark"));
        assert!(damaged(&with("{\"end\":3}")).contains("speaks of 3"));
        assert!(damaged(&with("{\"at_ms\":1,\"topic\":\"a\"}")).contains("without a payload"));
        assert!(damaged(&with("{\"at_ms\":1,\"topic\":\"a\",\"payload_hex\":\"abc\"}")).contains("without a payload"));
    }
}
