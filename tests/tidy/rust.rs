//! Reads just enough Rust for the rules: what is code, which paths it names, where test code stands.
//!
//! This is no parser. It relies on rustfmt's layout and on code that compiles, and macros are read as plain code.

/// A path such as `crate::model::Report`, one per leaf of a `use` group.
#[derive(Debug, PartialEq, Eq)]
pub struct Path<'a> {
    pub line: usize,
    /// How many inline `mod x { … }` stand around it.
    pub nesting: usize,
    pub segments: Vec<&'a str>,
}

#[derive(Clone, Copy)]
pub struct Token<'a> {
    pub line: usize,
    pub text: &'a str,
}

/// The text with comments blanked and literals filled with quotes. Lines and columns stay where they were.
pub fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let (skipped, filler) = match rest {
            ['/', '/', ..] => (line_comment(rest), ' '),
            ['/', '*', ..] => (block_comment(rest), ' '),
            ['"', ..] => (quoted(rest), '"'),
            ['r', '"' | '#', ..] => (raw_string(rest), '"'),
            ['\'', ..] => (char_literal(rest), '"'),
            _ => (0, ' '),
        };
        if skipped == 0 {
            code.push(chars[at]);
        }
        let blanked = rest[..skipped].iter();
        code.extend(blanked.map(|c| if c.is_whitespace() { *c } else { filler }));
        at += skipped.max(1);
    }
    code
}

fn line_comment(rest: &[char]) -> usize {
    rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => depth += 1,
            ['*', '/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Zero for a raw identifier or a plain `r`.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    let open = 1 + hashes;
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &rest[open + 1..];
    match body.windows(end.len()).position(|w| w == end) {
        Some(length) => open + 1 + length + end.len(),
        None => rest.len(),
    }
}

/// Zero for a lifetime.
fn char_literal(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => {
            let close = tail.iter().position(|c| *c == '\'');
            close.map_or(0, |close| 3 + close + 1)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// `code` without the items under `#[cfg(test)]`; the other lines keep their numbers.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        let (before, item) = rest.split_at(start);
        let end = MARK.len() + end_of_item(&item[MARK.len()..]);
        kept.push_str(before);
        kept.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    kept + rest
}

fn end_of_item(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, '}' | ';') {
            return at + 1;
        }
    }
    item.len()
}

/// Words, `::` and single punctuation marks.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (number, mut rest) in code.lines().enumerate() {
        while let Some(first) = rest.chars().next() {
            let length = if is_word(rest) {
                rest.find(|c| !is_word_char(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, tail) = rest.split_at(length);
            if !first.is_whitespace() {
                found.push(Token { line: number + 1, text });
            }
            rest = tail;
        }
    }
    found
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub fn is_word(text: &str) -> bool {
    text.starts_with(is_word_char)
}

/// Every path in `code`, with `use` groups spelt out: `a::{b, c::*}` is `a::b` and `a::c::*`.
pub fn paths(code: &str) -> Vec<Path<'_>> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut is_module = Vec::new(); // of every open brace
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_word(token.text) {
            let nesting = is_module.iter().filter(|m| **m).count();
            at = path_from(&tokens, at, &[], nesting, &mut found);
            continue;
        }
        match token.text {
            "{" => is_module.push(at >= 2 && tokens[at - 2].text == "mod"),
            "}" => drop(is_module.pop()),
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads the path that starts at `at` and returns where it ends.
fn path_from<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    nesting: usize,
    found: &mut Vec<Path<'a>>,
) -> usize {
    let line = tokens[at].line;
    let mut segments = prefix.to_vec();
    let text_at = |at: usize| tokens.get(at).map_or("", |token| token.text);
    loop {
        segments.push(text_at(at));
        at += 1;
        if text_at(at) != "::" {
            break;
        }
        match text_at(at + 1) {
            "{" => return group_from(tokens, at + 2, &segments, nesting, found),
            next if next == "*" || is_word(next) => at += 1,
            _ => break,
        }
    }
    found.push(Path { line, nesting, segments });
    at
}

fn group_from<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    nesting: usize,
    found: &mut Vec<Path<'a>>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        at = match token.text {
            "}" => return at + 1,
            "as" => at + 2,
            text if text == "*" || is_word(text) => path_from(tokens, at, prefix, nesting, found),
            _ => at + 1,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Path, code_of, paths, without_tests};

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" r#\"i \" j\"# 'k' '\\'' '\\u{1F6B2}' b'l' &'m n r#type";
        let code = code_of(text);
        let words: String = code.chars().filter(|c| c.is_alphanumeric() || *c == '\n').collect();
        assert_eq!(words, "ae\nbmnrtype");
        assert_eq!(code.chars().count(), text.chars().count());
    }

    #[test]
    fn a_string_over_lines_keeps_the_line_numbers() {
        assert_eq!(code_of("\"a\nb\" c"), "\"\"\n\"\" c");
    }

    #[test]
    fn groups_are_spelt_out_with_their_lines() {
        let found = paths("use crate::{\n    a::b as c,\n    d::{self, *},\n};\nlet x = super::y::<u8>();");
        let found: Vec<(usize, String)> =
            found.iter().filter(|p| p.segments.len() > 1).map(|p| (p.line, p.segments.join("::"))).collect();
        let expected = [(2, "crate::a::b"), (3, "crate::d::self"), (3, "crate::d::*"), (5, "super::y")];
        assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
    }

    #[test]
    fn inline_modules_are_counted() {
        let code = "mod a { fn f() { super::b() } }\nfn g() { c::d() }";
        let paths = paths(code);
        let nesting_of = |first: &str| {
            let of_path = |p: &&Path| p.segments[0] == first && p.segments.len() == 2;
            paths.iter().find(of_path).map(|p| p.nesting)
        };
        assert_eq!(nesting_of("super"), Some(1));
        assert_eq!(nesting_of("c"), Some(0));
    }

    #[test]
    fn test_items_are_cut_out() {
        let code = "a\n#[cfg(test)]\nmod tests {\n    fn f(x: [u8; 2]) {}\n}\nb\n#[cfg(test)]\nuse c;\nd";
        assert_eq!(without_tests(code), "a\n\n\n\n\nb\n\n\nd");
    }
}
