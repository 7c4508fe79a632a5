//! Who may name whom: dependency order, walls, purity.
//!
//! Each rule is a pure function that returns one line per finding: where it is and what to do about it.

use crate::rust::{Path, paths, tokens};
use crate::source::Source;

/// Top-level modules in dependency order. `cli` holds the flags of the binary and may stand last.
const DESIGN_ORDER: [&str; 18] = [
    "base", "model", "sim", "wire", "mqtt", "track", "detect", "alert", "collect", "tape", "score", "bench", "store",
    "notify", "web", "config", "cmd", "cli",
];
const SIMULATOR: &str = "sim";
const COLLECTOR: [&str; 4] = ["track", "detect", "alert", "collect"];
const OUTSIDE: [&str; 5] = ["mqtt", "store", "notify", "web", "cmd"];
/// Holds what was said, not what it means or where it comes from.
const TAPE: &str = "tape";
/// May name the simulator and the collector's side: `config` because it composes the settings of both.
const SEES_BOTH: [&str; 5] = ["score", "bench", "config", "cmd", "cli"];
/// No sockets, files, threads or wall clock here.
const PURE: [&str; 10] = ["base", "model", "sim", "wire", "track", "detect", "alert", "collect", "tape", "score"];
/// The one reader of wall time.
const CLOCK: &str = "src/base/clock.rs";

/// The modules that `lib.rs` declares, in its order.
pub fn declared(lib: &Source) -> Vec<String> {
    declarations(lib).into_iter().map(|(_, name)| name).collect()
}

fn declarations(lib: &Source) -> Vec<(usize, String)> {
    let code = lib.code();
    let all = tokens(&code);
    all.windows(3)
        .filter(|w| w[0].text == "mod" && w[2].text == ";")
        .map(|w| (w[1].line, w[1].text.to_owned()))
        .collect()
}

pub fn lib_follows_the_design(lib: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let mut last = 0;
    for (line, name) in declarations(lib) {
        let Some(place) = DESIGN_ORDER.iter().position(|n| *n == name) else {
            let what = format!("`{name}` is not in DESIGN_ORDER (tests/tidy/names.rs): give it its place there");
            findings.push(lib.finding(line, &what));
            continue;
        };
        if place < last {
            let after = DESIGN_ORDER[last];
            let what = format!("`{name}` comes before `{after}` in dependency order: move the line up");
            findings.push(lib.finding(line, &what));
        }
        last = last.max(place);
    }
    findings
}

/// A file names only its own module and those declared above it. `main.rs` and `cli.rs` may name all.
pub fn names_only_modules_above(file: &Source, declared: &[String]) -> Vec<String> {
    let Some(module) = file.module().filter(|m| *m != "cli") else {
        return Vec::new();
    };
    let place_of = |name: &str| declared.iter().position(|d| d == name);
    let Some(own) = place_of(module) else {
        return vec![
            file.finding(1, &format!("`{module}` is not declared in src/lib.rs: declare it or delete the file")),
        ];
    };
    let code = file.code();
    let mut findings = Vec::new();
    for (line, name) in crate_names(&paths(&code)) {
        let what = match place_of(name) {
            Some(place) if place <= own => continue,
            Some(_) => format!(
                "`{module}` stands above `{name}` in src/lib.rs and may not name it: move the shared part up, or pass it in"
            ),
            None => {
                format!("`crate::{name}` is no module of src/lib.rs: name the item by its module")
            }
        };
        findings.push(file.finding(line, &what));
    }
    findings
}

fn crate_names<'a>(paths: &[Path<'a>]) -> Vec<(usize, &'a str)> {
    let starts = paths.iter().filter(|p| p.segments[0] == "crate");
    starts.filter_map(|p| Some((p.line, *p.segments.get(1)?))).collect()
}

/// `super` may not climb out of a top-level module, because that names the crate root without saying so.
pub fn stays_inside_its_module(file: &Source) -> Vec<String> {
    if file.module().is_none() {
        return Vec::new();
    }
    let code = file.code();
    let escapes = paths(&code).into_iter().filter(|p| {
        let climbs = p.segments.iter().take_while(|s| **s == "super").count();
        climbs >= file.depth() + p.nesting && climbs < p.segments.len()
    });
    escapes
        .map(|p| {
            let what = format!("`{}` leaves the top-level module: write `crate::…`", p.segments.join("::"));
            file.finding(p.line, &what)
        })
        .collect()
}

/// The simulator and the collector's side do not know each other, nor the world outside.
pub fn keeps_the_walls(file: &Source) -> Vec<String> {
    let walled: Vec<&str> = if file.is_in(&[SIMULATOR]) {
        [&COLLECTOR[..], &["score"], &OUTSIDE].concat()
    } else if file.is_in(&COLLECTOR) {
        [&[SIMULATOR][..], &OUTSIDE].concat()
    } else if file.is_in(&[TAPE]) {
        [&[SIMULATOR][..], &COLLECTOR, &OUTSIDE].concat()
    } else {
        return Vec::new();
    };
    let module = file.module().unwrap_or_default();
    let code = file.code();
    let named = crate_names(&paths(&code)).into_iter();
    named
        .filter(|(_, name)| walled.contains(name))
        .map(|(line, name)| {
            let what = format!("`{module}` may not name `{name}`: put what both need into `base`, `model` or `wire`, or join them in `cmd`");
            file.finding(line, &what)
        })
        .collect()
}

/// Only a few modules may see truth and claims together.
pub fn sees_one_side(module: &str, files: &[&Source]) -> Vec<String> {
    if SEES_BOTH.contains(&module) {
        return Vec::new();
    }
    let first_name_of = |side: &[&str]| {
        files.iter().find_map(|file| {
            let code = file.code();
            let named = crate_names(&paths(&code));
            let (line, name) = named.into_iter().find(|(_, name)| side.contains(name))?;
            Some((file.finding(line, &format!("names `{name}`")), name.to_owned()))
        })
    };
    match (first_name_of(&[SIMULATOR]), first_name_of(&COLLECTOR)) {
        (Some((truth, _)), Some((_, claim))) => vec![format!(
            "{truth}, and `{module}` also names `{claim}`: only {} may see both sides; let `cmd` join them",
            SEES_BOTH.join(", ")
        )],
        _ => Vec::new(),
    }
}

/// Pure modules take time and data as arguments; their tests may do as they like.
pub fn touches_nothing_outside(file: &Source) -> Vec<String> {
    if !file.is_in(&PURE) || file.path == CLOCK {
        return Vec::new();
    }
    let code = file.code_without_tests();
    let touching = paths(&code).into_iter().filter(|p| {
        let io = matches!(
            p.segments[..],
            ["std", "net" | "fs" | "thread", ..] | ["std", "io", "stdin" | "stdout" | "stderr", ..]
        );
        let runtime = matches!(p.segments[..], ["tokio", _, ..]);
        let clock = matches!(p.segments[..], [.., "SystemTime" | "Instant", "now"]);
        io || runtime || clock
    });
    let module = file.module().unwrap_or_default();
    touching
        .map(|p| {
            let what = format!(
                "`{}` in `{module}`, which is pure: take `now` or the data as an argument, and do this in `mqtt`, `store`, `notify`, `web` or `cmd`",
                p.segments.join("::")
            );
            file.finding(p.line, &what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{assert_lines as check, example as source};

    fn modules(names: &str) -> Vec<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn lib_out_of_order_or_unknown_is_found() {
        let lib = |text| lib_follows_the_design(&source("src/lib.rs", text));
        check(&lib("pub mod base;\npub mod sim;\nmod cli;"), &[]);
        check(&lib("pub mod sim;\npub mod base;\npub mod wire;"), &[2]);
        check(&lib("pub mod base;\npub mod util;"), &[2]);
    }

    #[test]
    fn naming_a_module_below_is_found() {
        let declared = modules("base model sim");
        let naming = |path, text| names_only_modules_above(&source(path, text), &declared);
        check(&naming("src/model.rs", "use crate::base::Id;\nuse crate::model::Report;"), &[]);
        check(&naming("src/model/report.rs", "use crate::{\n    base::Id,\n    sim::{World, pack},\n};"), &[3, 3]);
        check(&naming("src/base/mod.rs", "fn f() {\n    crate::model::g();\n}"), &[2]);
        check(&naming("src/base.rs", "macro_rules! m { () => { $crate::sim::f() } }"), &[1]);
        check(&naming("src/base.rs", "//! [`crate::sim`]\n/* crate::sim */ const A: &str = \"crate::sim\";"), &[]);
        check(&naming("src/base.rs", "pub(crate) fn f() {}\npub(in crate::base) fn g() {}"), &[]);
        check(&naming("src/sim.rs", "use crate::Error;\nuse crate::*;"), &[1, 2]);
        check(&naming("src/main.rs", "use crate::cli::Cli;"), &[]);
        check(&naming("src/cli.rs", "use crate::sim::World;"), &[]);
        check(&naming("src/lost.rs", ""), &[1]);
    }

    #[test]
    fn climbing_out_of_a_module_is_found() {
        let climbing = |path, text| stays_inside_its_module(&source(path, text));
        check(&climbing("src/sim/pack.rs", "use super::motion::Motion;"), &[]);
        check(&climbing("src/sim/pack.rs", "mod tests { use super::super::motion; }"), &[]);
        check(&climbing("src/sim/pack.rs", "use super::super::wire;"), &[1]);
        check(&climbing("src/sim/pack.rs", "use super::{\n    super::wire,\n};"), &[2]);
        check(&climbing("src/sim/pack/lfp.rs", "use super::super::motion;"), &[]);
        check(&climbing("src/sim/mod.rs", "use super::wire;"), &[1]);
        check(&climbing("src/sim/mod.rs", "pub(super) mod pack;"), &[]);
        check(&climbing("src/sim.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}"), &[]);
    }

    #[test]
    fn a_hole_in_a_wall_is_found() {
        let wall = |path, text| keeps_the_walls(&source(path, text));
        check(&wall("src/sim/world.rs", "use crate::model::Alert;\nuse crate::alert::Book;"), &[2]);
        check(&wall("src/sim.rs", "use crate::score::Score;\nuse crate::mqtt::Client;"), &[1, 2]);
        check(&wall("src/detect/tow.rs", "use crate::{track::Track, sim::World};"), &[1]);
        check(&wall("src/collect.rs", "use crate::mqtt::Client;\nuse crate::store::Store;"), &[1, 2]);
        check(&wall("src/collect.rs", "#[cfg(test)]\nmod tests {\n    use crate::sim;\n}"), &[3]);
        check(&wall("src/tape/reader.rs", "use crate::base::Clock;\nuse crate::{sim, collect, mqtt};"), &[2, 2, 2]);
        check(&wall("src/score.rs", "use crate::{sim, alert};"), &[]);
    }

    #[test]
    fn seeing_both_sides_is_found() {
        let truth = source("src/web/a.rs", "\nuse crate::sim::World;");
        let claim = source("src/web/b.rs", "use crate::alert::Book;");
        check(&sees_one_side("web", &[&truth, &claim]), &[2]);
        check(&sees_one_side("web", &[&claim]), &[]);
        check(&sees_one_side("score", &[&truth, &claim]), &[]);
    }

    #[test]
    fn the_outside_world_in_a_pure_module_is_found() {
        let touching = |path, text| touches_nothing_outside(&source(path, text));
        let io = "use std::{fmt, fs};\nuse std::net::IpAddr;\nfn f() { std::thread::yield_now() }\nuse tokio::time;";
        check(&touching("src/sim/world.rs", io), &[1, 2, 3, 4]);
        check(&touching("src/mqtt/client.rs", io), &[]);
        check(&touching("src/tape/writer.rs", "use std::io::Write;\nfn f() { std::io::stdout() }"), &[2]);
        let clock = "let a = Instant::now();\nlet b = std::time::SystemTime::now();";
        check(&touching("src/base/units.rs", clock), &[1, 2]);
        check(&touching("src/base/clock.rs", clock), &[]);
        check(&touching("src/base/units.rs", "use std::time::Duration;\nuse std::fmt;"), &[]);
        check(&touching("src/sim.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\nuse std::fs;"), &[5]);
        check(&touching("src/sim/tests.rs", "use std::fs;"), &[]);
    }
}
