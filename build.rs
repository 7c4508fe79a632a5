//! Builds the dashboard with npm and leaves it in `OUT_DIR/dashboard`, from where it is embedded. Without Node the build
//! succeeds all the same, warns, and embeds a page that says how to get the dashboard.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

const WITHOUT_DASHBOARD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>zhilian</title>
<h1>zhilian</h1>
<p>This program was built without its dashboard, because Node.js and npm were not there or failed.
Install Node.js 20 or newer, then build again: <code>cargo clean -p zhilian &amp;&amp; cargo build --release</code>.</p>
<p>此程序构建时没有可用的 Node.js/npm，因此不含仪表板。请安装 Node.js 20 或更新版本后重新构建。</p>
<p>The interface works all the same: <a href=\"/api/v1/vehicles\">vehicles</a>, <a href=\"/api/v1/alerts\">alerts</a>,
<a href=\"/metrics\">metrics</a>.</p></html>";

fn main() -> io::Result<()> {
    for watched in ["web/src", "web/index.html", "web/package-lock.json", "web/vite.config.ts", "web/tsconfig.json"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    println!("cargo::rerun-if-env-changed=ZHILIAN_SKIP_WEB");
    let out_dir = env::var("OUT_DIR").map_err(io::Error::other)?;
    let dashboard = Path::new(&out_dir).join("dashboard");
    if let Err(why) = build_dashboard(&dashboard) {
        println!("cargo::warning=the dashboard is left out: {why}");
        fs::create_dir_all(&dashboard)?;
        fs::write(dashboard.join("index.html"), WITHOUT_DASHBOARD)?;
    }
    Ok(())
}

fn build_dashboard(out: &Path) -> Result<(), String> {
    if env::var_os("ZHILIAN_SKIP_WEB").is_some() {
        return Err("ZHILIAN_SKIP_WEB is set".to_owned());
    }
    if !is_installed() {
        npm(&["ci", "--no-audit", "--no-fund"], out)?;
    }
    npm(&["run", "build"], out)?;
    if out.join("index.html").is_file() { Ok(()) } else { Err("npm run build left no index.html".to_owned()) }
}

/// Whether `npm ci` has run since the lock file changed.
fn is_installed() -> bool {
    let age = |path: &str| fs::metadata(path).and_then(|data| data.modified()).ok();
    match (age("web/node_modules/.package-lock.json"), age("web/package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}

fn npm(arguments: &[&str], out: &Path) -> Result<(), String> {
    let run = Command::new("npm")
        .args(arguments)
        .current_dir("web")
        .env("ZHILIAN_WEB_OUT", out)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm cannot be started: {error}"))?;
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message").to_owned();
    Err(format!("npm {} failed: {last}", arguments.join(" ")))
}
