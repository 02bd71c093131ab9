//! What is asked of the figures.

use std::fmt;

use serde_json::{Value, json};

use super::{Reader, Reading};

/// Something that is asked, and whether it holds.
pub struct Bound {
    pub what: String,
    pub held: bool,
    /// The figure.
    pub says: String,
}

/// MB of memory that a capture may take, however large.
const MEMORY: f64 = 64.0;

/// What varies between two runs, in MB.
const SAME: f64 = 2.0;

/// The bounds for which there are figures.
pub(super) fn of(readings: &[Reading]) -> Vec<Bound> {
    let find = |reader| readings.iter().find(|reading| reading.reader == reader);
    let mut bounds = Vec::new();
    let mut at_most = |reader: Reader, than: Reader, share: f64, words: &str| {
        if let (Some(reading), Some(other)) = (find(reader), find(than)) {
            let ratio = reading.seconds_per_mb() / other.seconds_per_mb();
            let says = if ratio < 1.0 { format!("1/{:.1}", 1.0 / ratio) } else { format!("{ratio:.2} times") };
            bounds.push(Bound { what: format!("{} need {words}", reader.name()), held: ratio <= share, says });
        }
    };
    at_most(Reader::Frames, Reader::Tshark, 1.0 / 50.0, "at most 1/50 of tshark's CPU time");
    at_most(Reader::Frames, Reader::Tcpdump, 3.0, "at most 3 times the bare read's CPU time");
    at_most(Reader::Messages, Reader::Tshark, 1.0 / 20.0, "at most 1/20 of tshark's CPU time");
    for reading in readings.iter().filter(|reading| reading.reader.is_wslab()) {
        let (name, peak) = (reading.reader.name(), reading.peak());
        let most = reading.twice.map_or(peak, |twice| twice.max(peak));
        bounds.push(Bound {
            what: format!("{name}: less than {MEMORY:.0} MB of memory"),
            held: most < MEMORY,
            says: format!("{most:.1} MB"),
        });
        if let Some(twice) = reading.twice {
            bounds.push(Bound {
                what: format!("{name}: no more memory for twice the size"),
                held: twice <= peak + SAME,
                says: format!("{peak:.1} MB, then {twice:.1} MB"),
            });
        }
    }
    bounds
}

impl Bound {
    /// As it is written to a file.
    pub fn to_json(&self) -> Value {
        json!({ "what": self.what, "held": self.held, "says": self.says })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = if self.held { "holds" } else { "NOT HELD" };
        write!(f, "{held:9} {}: {}", self.what, self.says)
    }
}
