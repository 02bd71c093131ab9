//! The frames of a connection as rows of Autobahn's wire log.

use serde_json::{Value, json};

use super::cut::cut;
use crate::watch::{Closing, Entry, Item, Log as Frames, Side, Timeout};

/// The rows. Where frames were left out, the log is said to have been off.
pub(super) fn rows(frames: &Frames, closing: &Closing) -> Vec<Value> {
    let row = |entry: &Entry| row(entry, closing);
    let mut rows: Vec<Value> = frames.first.iter().filter_map(row).collect();
    if frames.left_out > 0 {
        rows.extend([json!(["WLM", false]), json!(["WLM", true])]);
    }
    rows.extend(frames.last.iter().filter_map(row));
    rows
}

/// The row of an entry. Broken rules and ends of TCP have none: Autobahn's log does not tell of them.
fn row(entry: &Entry, closing: &Closing) -> Option<Value> {
    match &entry.item {
        Item::Frame { head, start, len } => {
            let payload = json!([head.len, cut(*len, start)]);
            let mask = head.mask.map(|key| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            let (opcode, fin, rsv) = (head.opcode.0, head.fin, head.rsv);
            Some(match entry.side {
                Side::Target => json!(["RF", payload, opcode, fin, rsv, mask.is_some(), mask]),
                Side::Us => json!(["TF", payload, opcode, fin, rsv, mask, null, null, false]),
            })
        }
        Item::Wait(tag) => Some(json!(["CTE", tag])),
        Item::Timeout(Timeout::Patience) => Some(json!([if closing.failed_by_us { "KLE" } else { "TIE" }])),
        Item::Timeout(_) | Item::Fault(_) | Item::HalfClose | Item::Reset => None,
    }
}
