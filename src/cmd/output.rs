//! What commands print on stdout: lines for people, or one JSON object a line for programs. Logs go to stderr.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::base::Timestamp;
use crate::model::{Alert, AlertState, Incident};

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Lines for people.
    Plain,
    /// One JSON object a line.
    Json,
}

/// Prints a line. When nobody reads any more, the command is done: that is no failure.
pub fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the reader has gone: the same end as that of other tools in a pipe"
        )]
        std::process::exit(0);
    }
}

/// Prints an object with its type, in JSON style only.
pub fn object(style: Style, kind: &str, body: &impl Serialize) {
    if style == Style::Json {
        let mut value = serde_json::to_value(body).unwrap_or(Value::Null);
        if let Value::Object(members) = &mut value {
            members.insert("type".to_owned(), json!(kind));
        }
        line(&value.to_string());
    }
}

/// Prints what began to befall a vehicle.
pub fn incident(style: Style, incident: &Incident) {
    match style {
        Style::Json => object(style, "incident", incident),
        Style::Plain => line(&format!(
            "{}  incident  {:<24} {}  (the truth; the collector does not know it)",
            clock_time(incident.start),
            incident.kind.name(),
            incident.vin
        )),
    }
}

/// Prints a change of an alert.
pub fn alert(style: Style, alert: &Alert) {
    match style {
        Style::Json => {
            let mut value = serde_json::to_value(alert).unwrap_or(Value::Null);
            if let Value::Object(members) = &mut value {
                members.insert("at".to_owned(), json!(alert.at.to_string()));
                // Programs that only want a sentence get the English one; both stand under "why_zh" and here.
                members.insert("why_zh".to_owned(), json!(alert.why.zh));
                members.insert("why".to_owned(), json!(alert.why.en));
            }
            object(style, "alert", &value);
        }
        Style::Plain => {
            let state = match alert.state {
                AlertState::Raised | AlertState::Reopened => "ALERT",
                AlertState::Escalated => "ESCALATED",
                AlertState::Acknowledged
                | AlertState::Snoozed
                | AlertState::Suppressed
                | AlertState::Cleared
                | AlertState::Withdrawn => alert.state.name(),
            };
            let (at, rule, vin, why) = (clock_time(alert.at), alert.kind.rule(), alert.vin, &alert.why);
            line(&format!("{at}  {state:<12}  {rule:<24} {vin}  {}  {}", why.en, why.zh));
        }
    }
}

/// Hours, minutes and seconds of a time, UTC.
fn clock_time(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}
