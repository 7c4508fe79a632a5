//! Writes a tape: lines are gathered into blocks, and each block is a zstd frame of its own. What is written stays
//! readable whenever the writing ends, and frames that follow each other are one zstd stream to every other tool.

use std::io::{self, Write};

use serde::Serialize;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{self, CParameter};

use super::entry::{End, Entry, Header, Line};

/// Bytes of lines in a block: large enough to compress well, small enough to lose.
const BLOCK: usize = 256 * 1024;
/// zstd's own default.
const LEVEL: i32 = 3;

/// Writes a tape.
pub struct Writer<W: Write> {
    out: W,
    compressor: Compressor<'static>,
    lines: Vec<u8>,
    frame: Vec<u8>,
    entries: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a tape with its header.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        let mut writer = Self { out, compressor, lines: Vec::new(), frame: Vec::new(), entries: 0 };
        writer.line(header)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a message. It is safe only after the next [`Writer::flush`], which full blocks do by themselves.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(&Line::of(entry))?;
        self.entries += 1;
        if self.lines.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Ends the block, so that everything written so far can be read.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.lines.is_empty() {
            self.frame.resize(zstd_safe::compress_bound(self.lines.len()), 0);
            let length = self.compressor.compress_to_buffer(&self.lines, &mut self.frame[..])?;
            self.out.write_all(&self.frame[..length])?;
            self.lines.clear();
        }
        self.out.flush()
    }

    /// Ends the tape with its end mark and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.line(&End { end: self.entries })?;
        self.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.lines, line)?;
        self.lines.push(b'\n');
        Ok(())
    }
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("entries", &self.entries).finish_non_exhaustive()
    }
}
