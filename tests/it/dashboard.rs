//! The dashboard in a real browser.

use std::process::Command;

use crate::tools::{Running, ZHILIAN, program, skip};

#[test]
fn a_browser_sees_the_fleet_and_opens_an_alert() {
    let root = env!("CARGO_MANIFEST_DIR");
    let (Some(node), Some(_)) = (program("node"), program("chromium")) else { return };
    if !std::path::Path::new(root).join("web/node_modules/playwright-core").is_dir() {
        assert!(std::env::var("CI").is_err(), "web/node_modules is missing, and in CI it must be there");
        skip("web/node_modules is missing (npm ci --prefix web)");
        return;
    }
    let arguments = ["demo", "--duration", "150s", "--json", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"];
    let demo = Running::start(ZHILIAN, &arguments);
    let listening = demo.object("listening", 30);
    demo.object("alert", 60);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard.png");
    let run = Command::new(node)
        .arg(format!("{root}/web/e2e/dashboard.mjs"))
        .args(["--url", listening["http"].as_str().expect("a URL"), "--min-vehicles", "290", "--timeout", "90"])
        .arg("--screenshot")
        .arg(&folder)
        .output()
        .expect("node starts");
    let (said, failed) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{said}\n{failed}");
    assert!(std::fs::metadata(&folder).is_ok_and(|data| data.len() > 50_000), "no screenshot at {}", folder.display());
}
