//! How a file looks: length, functions, thin `mod.rs`, docs.
//!
//! Each rule is a pure function that returns one line per finding: where it is and what to do about it.

use crate::rust::{Token, is_word, tokens};
use crate::source::Source;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 60;

pub fn is_short(file: &Source) -> Vec<String> {
    let lines = code_lines(file.code().lines());
    if lines <= MAX_FILE_LINES {
        return Vec::new();
    }
    let what = format!("{lines} code lines, the limit is {MAX_FILE_LINES}: split it by what it does");
    vec![file.finding(1, &what)]
}

fn code_lines<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    lines.filter(|line| !line.trim().is_empty()).count()
}

/// Relies on rustfmt: a function ends at the first `}` with the indentation of its `fn`.
pub fn has_short_functions(file: &Source) -> Vec<String> {
    let code = file.code_without_tests();
    let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
    let mut findings = Vec::new();
    for (start, first) in lines.iter().enumerate() {
        let Some(name) = function_name(first) else {
            continue;
        };
        if first.ends_with(['}', ';']) {
            continue;
        }
        let indent = &first[..first.len() - first.trim_start().len()];
        let ends = |line: &&str| {
            let at_indent = line.strip_prefix(indent);
            at_indent.is_some_and(|l| l == "}" || (l.starts_with(')') && l.ends_with(';')))
        };
        let body = &lines[start..];
        let end = body.iter().position(ends).unwrap_or(body.len() - 1);
        let length = code_lines(body[..=end].iter().copied());
        if length > MAX_FUNCTION_LINES {
            let what = format!(
                "`{name}` has {length} code lines, the limit is {MAX_FUNCTION_LINES}: split it into steps with names"
            );
            findings.push(file.finding(start + 1, &what));
        }
    }
    findings
}

fn function_name(line: &str) -> Option<&str> {
    const QUALIFIERS: [&str; 11] =
        ["pub", "(", ")", "crate", "super", "in", "const", "async", "unsafe", "extern", "\""];
    let words = tokens(line);
    let keyword = words.iter().position(|w| w.text == "fn")?;
    let qualified = words[..keyword].iter().all(|w| QUALIFIERS.contains(&w.text));
    let name = words.get(keyword + 1)?;
    (qualified && is_word(name.text)).then_some(name.text)
}

/// A `mod.rs` and `lib.rs` hold docs, attributes, `mod x;` and `use`, nothing else.
pub fn only_declares(file: &Source) -> Vec<String> {
    if !file.path.ends_with("/mod.rs") && file.path != "src/lib.rs" {
        return Vec::new();
    }
    let code = file.code();
    let all = tokens(&code);
    let mut findings = Vec::new();
    for item in items(&all) {
        let item = without_attributes_and_visibility(item);
        let line = item.first().map_or(1, |token| token.line);
        let texts: Vec<&str> = item.iter().map(|token| token.text).collect();
        if !matches!(texts[..], [] | [";"] | ["use", ..] | ["mod", _, ";"]) {
            let what = "this file only declares and explains: move the item to a file of its own";
            findings.push(file.finding(line, what));
        }
    }
    findings
}

/// Cuts at every `;` and `}` outside brackets. The `;` after a `use` group is an item of its own.
fn items<'a>(all: &'a [Token<'a>]) -> Vec<&'a [Token<'a>]> {
    let mut depth = 0;
    all.split_inclusive(|token| {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(token.text, ";" | "}")
    })
    .collect()
}

fn without_attributes_and_visibility<'a>(mut item: &'a [Token<'a>]) -> &'a [Token<'a>] {
    loop {
        let texts = [0, 1].map(|at| item.get(at).map_or("", |token| token.text));
        item = match texts {
            ["#", _] | ["pub", "("] => after_brackets(item),
            ["pub", _] => &item[1..],
            _ => return item,
        };
    }
}

fn after_brackets<'a>(item: &'a [Token<'a>]) -> &'a [Token<'a>] {
    let mut depth = 0;
    let end = item.iter().position(|token| {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => return false,
        }
        depth == 0
    });
    end.map_or(&[], |end| &item[end + 1..])
}

/// The file of a top-level module begins with its `//!` doc.
pub fn explains_itself(file: &Source) -> Vec<String> {
    let doc = file.text.lines().next().and_then(|l| l.strip_prefix("//!"));
    if doc.is_some_and(|doc| !doc.trim().is_empty()) {
        return Vec::new();
    }
    vec![file.finding(1, "begin with `//! …`: what the module is for, and what it deliberately does not do")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{assert_lines as check, example as source};

    #[test]
    fn a_long_file_is_found() {
        let lines = |code: usize| format!("{}\n// a\n\n/* b\nc */\n", "f();\n".repeat(code));
        check(&is_short(&source("src/sim.rs", &lines(MAX_FILE_LINES))), &[]);
        check(&is_short(&source("src/sim.rs", &lines(MAX_FILE_LINES + 1))), &[1]);
    }

    #[test]
    fn a_long_function_is_found() {
        let function = |head: &str, inner: usize| format!("{head}\n{}    }}\n", "        g();\n\n".repeat(inner));
        let long = MAX_FUNCTION_LINES - 1;
        let heads = ["    fn f() {", "    pub(crate) async fn f() {", "    fn f(\n        a: A,\n    ) {"];
        for head in heads {
            check(&has_short_functions(&source("src/sim.rs", &function(head, long))), &[1]);
            check(&has_short_functions(&source("src/sim.rs", &function(head, long - 3))), &[]);
        }
        let declared = format!("    fn f(\n    ) -> A;\n{}", "    const A: u8 = 0;\n".repeat(long + 1));
        check(&has_short_functions(&source("src/sim.rs", &declared)), &[]);
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("    fn f() {", long));
        check(&has_short_functions(&source("src/sim.rs", &tested)), &[]);
    }

    #[test]
    fn code_in_a_mod_file_is_found() {
        let thin = "//! Docs.\n#![forbid(unsafe_code)]\n#[cfg(test)]\nmod a;\npub(crate) mod b;\npub use b::{C, d::E};\nuse f as g;\n";
        let with = |item: &str| only_declares(&source("src/sim/mod.rs", &format!("{thin}{item}")));
        check(&with(""), &[]);
        check(&with("pub struct A;\nmod h;"), &[8]);
        check(&with("fn a() {\n    b();\n}\nconst C: u8 = 1;"), &[8, 11]);
        check(&with("mod tests {\n}"), &[8]);
        check(&only_declares(&source("src/lib.rs", "fn a() {}")), &[1]);
        check(&only_declares(&source("src/sim/pack.rs", "fn a() {}")), &[]);
    }

    #[test]
    fn a_missing_doc_is_found() {
        check(&explains_itself(&source("src/sim.rs", "//! Moves the vehicles.\n")), &[]);
        check(&explains_itself(&source("src/sim.rs", "//!\nuse a;")), &[1]);
        check(&explains_itself(&source("src/sim.rs", "use a;\n//! Late.")), &[1]);
    }
}
