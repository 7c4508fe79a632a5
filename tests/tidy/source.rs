//! A file of the repository, and how the rules report on it.

use crate::rust::{code_of, without_tests};

/// A file with its path from the top of the repository.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// The top-level module it belongs to: `src/sim/pack.rs` is in `sim`. The two roots belong to none.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next().unwrap_or(inside);
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(name, "lib" | "main")).then_some(name)
    }

    pub fn is_in(&self, modules: &[&str]) -> bool {
        self.module().is_some_and(|module| modules.contains(&module))
    }

    /// How many modules lead to this file: 1 for `src/sim.rs` and `src/sim/mod.rs`, 2 for `src/sim/pack.rs`.
    pub fn depth(&self) -> usize {
        let parts = self.path.split('/').count() - 1;
        parts - usize::from(self.path.ends_with("/mod.rs"))
    }

    pub fn code(&self) -> String {
        code_of(&self.text)
    }

    pub fn code_without_tests(&self) -> String {
        if self.path.ends_with("/tests.rs") {
            return String::new();
        }
        without_tests(&self.code())
    }

    pub fn finding(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// For the rules' own tests: a file that is not there.
pub fn example(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

/// For the rules' own tests: asserts that the findings stand on these lines, in this order.
pub fn assert_lines(findings: &[String], lines: &[usize]) {
    let line_of = |finding: &String| finding.split(':').nth(1)?.parse().ok();
    let found: Option<Vec<usize>> = findings.iter().map(line_of).collect();
    assert_eq!(found.as_deref(), Some(lines), "{findings:#?}");
}
