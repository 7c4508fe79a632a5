//! What the pages of reports are made of: one self-contained file, Chinese and English, dark and light. Nothing is fetched
//! from anywhere.

use std::fmt::Write;

use super::svg::{Plot, escaped};

/// A text in Chinese and English.
pub type Words = (&'static str, &'static str);

/// A page that is being written.
#[derive(Debug)]
pub struct Page {
    out: String,
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Something has to be known.
    Note,
    /// The numbers are not what they were to be.
    Bad,
}

/// A cell of a table: its text, and the class it is shown in.
#[derive(Debug, Clone)]
pub struct Cell(pub String, pub &'static str);

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text, "")
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned(), "")
    }
}

impl Page {
    /// Begins a page with a title and a line below it. A live one is loaded again every so many seconds.
    #[must_use]
    pub fn begin(title: (&str, &str), below: &str, reload_s: Option<u32>) -> Self {
        let mut page =
            Self { out: String::from("<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\n") };
        page.write(format_args!("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"));
        if let Some(s) = reload_s {
            page.write(format_args!("<meta http-equiv=\"refresh\" content=\"{s}\">\n"));
        }
        let (zh, en) = (escaped(title.0), escaped(title.1));
        page.write(format_args!("<title>{en} · {zh}</title>\n<style>\n{}</style></head>\n", include_str!("page.css")));
        page.write(format_args!("<body><main><h1>{zh} · {en}</h1>\n<p class=\"sub\">{}</p>\n", escaped(below)));
        page
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing into a text cannot fail.
        let _ = self.out.write_fmt(what);
    }

    /// A line that must not be overlooked.
    pub fn banner(&mut self, tone: Tone, text: &str) {
        let class = match tone {
            Tone::Good => "banner",
            Tone::Note => "banner note",
            Tone::Bad => "banner bad",
        };
        self.write(format_args!("<p class=\"{class}\">{}</p>\n", escaped(text)));
    }

    /// The numbers that everybody looks for: name, number, unit, and whether it is bad.
    pub fn tiles(&mut self, tiles: &[(Words, String, &str, bool)]) {
        self.out.push_str("<div class=\"tiles\">");
        for ((zh, en), number, unit, bad) in tiles {
            let class = if *bad { "tile bad" } else { "tile" };
            let number = escaped(number);
            self.write(format_args!(
                "<div class=\"{class}\"><b>{number} <small>{unit}</small></b><span>{zh} {en}</span>"
            ));
            self.out.push_str("</div>");
        }
        self.out.push_str("</div>\n");
    }

    /// Begins cards that stand beside each other where there is room.
    pub fn begin_cards(&mut self) {
        self.out.push_str("<div class=\"grid2\">\n");
    }

    /// Ends them.
    pub fn end_cards(&mut self) {
        self.out.push_str("</div>\n");
    }

    /// A card with a plot, when there is anything to draw.
    pub fn plot(&mut self, (zh, en): Words, plot: &Plot) {
        if plot.lines.iter().all(|line| line.points.iter().all(|(_, y)| y.is_none())) {
            return;
        }
        self.write(format_args!("<section><h2>{zh} · {en}</h2><p class=\"legend\">"));
        for line in &plot.lines {
            self.write(format_args!("<span><i class=\"c{}\"></i>{}</span>", line.colour, escaped(&line.name)));
        }
        self.write(format_args!("</p>{}</section>\n", plot.draw()));
    }

    /// A card with a table: what its columns are, and its rows. Those whose names begin with a blank are texts.
    pub fn table(&mut self, (zh, en): Words, columns: &[&str], rows: &[Vec<Cell>]) {
        if rows.is_empty() {
            return;
        }
        self.write(format_args!("<section class=\"wide\"><h2>{zh} · {en}</h2><table><tr>"));
        for column in columns {
            let class = if column.starts_with(' ') { "left" } else { "" };
            self.write(format_args!("<th class=\"{class}\">{}</th>", escaped(column.trim())));
        }
        for row in rows {
            self.out.push_str("</tr>\n<tr>");
            for Cell(text, class) in row {
                self.write(format_args!("<td class=\"{class}\">{}</td>", escaped(text)));
            }
        }
        self.out.push_str("</tr></table></section>\n");
    }

    /// The whole page.
    #[must_use]
    pub fn end(mut self, footer: &str) -> String {
        self.write(format_args!("<footer>{}</footer></main></body></html>\n", escaped(footer)));
        self.out
    }
}
