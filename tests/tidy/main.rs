//! Keeps the house in order: module order, walls, purity, file and function length, thin `mod.rs`.
//!
//! The rules and the proof that each can fail are in `names.rs` and `shape.rs`; here they meet the repository.

mod names;
mod rust;
mod shape;
mod source;

use source::Source;
use std::fs;
use std::path::Path;

#[test]
fn lib_declares_modules_in_dependency_order() {
    report(&names::lib_follows_the_design(&lib()));
}

#[test]
fn modules_name_only_modules_above_them() {
    let declared = names::declared(&lib());
    check("src", |file| names::names_only_modules_above(file, &declared));
}

#[test]
fn super_stays_inside_a_top_level_module() {
    check("src", names::stays_inside_its_module);
}

#[test]
fn simulator_and_collector_keep_their_walls() {
    check("src", names::keeps_the_walls);
}

#[test]
fn few_modules_see_truth_and_claims() {
    let files = rust_files("src");
    let findings: Vec<String> = names::declared(&lib())
        .iter()
        .flat_map(|module| {
            let own: Vec<&Source> = files.iter().filter(|f| f.is_in(&[module])).collect();
            names::sees_one_side(module, &own)
        })
        .collect();
    report(&findings);
}

#[test]
fn pure_modules_touch_nothing_outside() {
    check("src", names::touches_nothing_outside);
}

#[test]
fn files_are_short() {
    check("src", shape::is_short);
    check("tests", shape::is_short);
}

#[test]
fn functions_are_short() {
    check("src", shape::has_short_functions);
}

#[test]
fn mod_files_only_declare_and_explain() {
    check("src", shape::only_declares);
}

#[test]
fn top_level_modules_explain_themselves() {
    for module in names::declared(&lib()) {
        let one_file = format!("src/{module}.rs");
        let path = if top().join(&one_file).is_file() { one_file } else { format!("src/{module}/mod.rs") };
        report(&shape::explains_itself(&read(&path)));
    }
}

fn check(folder: &str, rule: impl Fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = rust_files(folder).iter().flat_map(rule).collect();
    report(&findings);
}

fn report(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn lib() -> Source {
    read("src/lib.rs")
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Source {
    let text = fs::read_to_string(top().join(path));
    Source { path: path.to_owned(), text: text.unwrap_or_else(|error| panic!("{path}: {error}")) }
}

/// All Rust files below a folder, sorted, with paths from the top of the repository.
fn rust_files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(top().join(&folder)).expect("a folder of the repository");
        for entry in entries {
            let entry = entry.expect("an entry that can be read");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if entry.path().extension().is_some_and(|e| e == "rs") {
                found.push(read(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no Rust files in {folder}");
    found
}
