//! The view as files: what is listed, in the order and with the filter in which it is listed.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::model::{Detail, Line, Model, Pane};
use crate::watch::Timestamp;
use crate::watch::live::Passed;

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name of the files without what follows the dot: `wslab-connections-20261122T070000`.
    pub name: String,
    /// As CSV, with a head (RFC 4180). Before texts that a spreadsheet would take for a formula stands an apostrophe.
    pub csv: String,
    /// As JSON: an array with an object for each row.
    pub json: String,
}

impl Export {
    /// Writes both files into a folder; those that are there stay.
    ///
    /// # Errors
    /// As the file system says.
    pub fn write(&self, folder: &Path) -> io::Result<[PathBuf; 2]> {
        let mut at = 0_u32;
        loop {
            let name = if at == 0 { self.name.clone() } else { format!("{}-{at}", self.name) };
            let paths = ["csv", "json"].map(|end| folder.join(format!("{name}.{end}")));
            match paths.iter().zip([&self.csv, &self.json]).try_for_each(|(path, text)| write_new(path, text)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at < 1000 => at += 1,
                result => return result.map(|()| paths),
            }
        }
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut std::fs::File::create_new(path)?, text.as_bytes())
}

/// What is listed now; `None` if that is nothing.
pub(super) fn of(model: &Model) -> Option<Export> {
    let seen = model.seen();
    let (what, rows): (_, Vec<Map<String, Value>>) = if let Some(detail) = &model.detail {
        ("frames", frames(detail))
    } else {
        match model.pane {
            Pane::Violations => ("violations", violations(model)),
            Pane::Run => ("cases", cases(model)),
            _ => ("connections", (0..model.list.order.len()).filter_map(|at| model.line(at)).map(connection).collect()),
        }
    };
    let at = seen.snapshot_shown().map(|snapshot| snapshot.at);
    let last = model.detail.as_ref().and_then(|detail| detail.frames.at(detail.frames.len().checked_sub(1)?));
    let at = at.or_else(|| last.map(|frame| frame.at));
    let stamp = at.map(|at: Timestamp| at.strftime("-%Y%m%dT%H%M%S").to_string()).unwrap_or_default();
    let csv = csv(&rows)?;
    let json = serde_json::to_string_pretty(&rows).ok()? + "\n";
    Some(Export { name: format!("wslab-{what}{stamp}"), csv, json })
}

/// All rows have the same fields.
fn csv(rows: &[Map<String, Value>]) -> Option<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(rows.first()?.keys()).ok()?;
    for row in rows {
        let cell = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => no_formula(text),
            other => other.to_string(),
        };
        writer.write_record(row.values().map(cell)).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// A text that no spreadsheet takes for a formula: an apostrophe stands before it then, as people write it there. What
/// is in the file as JSON is unchanged.
fn no_formula(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

fn connection(line: Line<'_>) -> Map<String, Value> {
    let (row, speed) = (line.row, line.speed);
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    object(json!({
        "connection": row.id,
        "peer": row.peer,
        "url": row.resource,
        "subprotocol": row.subprotocol,
        "compressed": row.compressed,
        "state": line.condition().word(),
        "opened": row.opened,
        "age_ms": row.age.as_millis() as u64,
        "idle_ms": row.idle.as_millis() as u64,
        "messages_in_per_s": rounded(speed.messages_in),
        "messages_out_per_s": rounded(speed.messages_out),
        "bytes_in_per_s": rounded(speed.bytes_in),
        "bytes_out_per_s": rounded(speed.bytes_out),
        "messages_in": row.received.messages(),
        "messages_out": row.sent.messages(),
        "frames_in": row.received.frames(),
        "frames_out": row.sent.frames(),
        "bytes_in": row.received.bytes(),
        "bytes_out": row.sent.bytes(),
        "queued_bytes": row.queued,
        "rtt_us": row.round_trip.map(|time| time.as_micros() as u64),
        "compression": row.received.compression().map(rounded),
        "faults": line.faults(),
        "last_fault": row.last_fault,
        "close_code": row.end.as_ref().map(|end| end.code),
        "close_reason": row.end.as_ref().map(|end| end.reason.as_str()),
    }))
}

fn frames(detail: &Detail) -> Vec<Map<String, Value>> {
    let frames = (0..detail.frames.len()).filter_map(|at| detail.frames.at(at));
    let text = |frame: &Passed| {
        let payload = frame.inflated.as_deref().unwrap_or(&frame.payload);
        std::str::from_utf8(payload).ok().map(str::to_owned)
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    frames
        .map(|frame| {
            object(json!({
                "connection": detail.id,
                "time": frame.at,
                "by": frame.by,
                "opcode": frame.opcode.0,
                "kind": frame.opcode.to_string(),
                "fin": frame.fin,
                "rsv": frame.rsv,
                "length": frame.len,
                "kept": frame.payload.len(),
                "text": text(frame),
                "payload": hex(&frame.payload),
            }))
        })
        .collect()
}

fn violations(model: &Model) -> Vec<Map<String, Value>> {
    let violations = model.seen().violations.iter().rev();
    violations
        .map(|violation| {
            let rule = violation.rule;
            object(json!({
                "time": violation.at,
                "connection": violation.connection,
                "by": violation.by,
                "rule": rule.name(),
                "level": rule.level().name(),
                "clause": rule.clause().to_string(),
                "words": rule.words(),
            }))
        })
        .collect()
}

fn cases(model: &Model) -> Vec<Map<String, Value>> {
    let progress = model.seen().progress.as_deref();
    let done = progress.map(|progress| progress.done.as_slice()).unwrap_or_default();
    done.iter()
        .map(|outcome| {
            object(json!({
                "case": outcome.case,
                "verdict": outcome.verdict.word(),
                "close_verdict": outcome.close.word(),
                "duration_ms": outcome.duration.as_secs_f64() * 1000.0,
                "why": outcome.why().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            }))
        })
        .collect()
}
