//! Where what came departs from what was wanted.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Content, Due, Happening, Quoted};

/// Where what came departs from the nearest alternative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The index of the first event that differs, from 0.
    pub at: u64,
    /// What each alternative that agrees so far wants there; `None` for its end.
    pub wanted: Vec<Option<Due>>,
    /// What came there; `None` if nothing more came.
    pub got: Option<Happening>,
}

impl Difference {
    /// Alternatives that are told; of any more their number is.
    const TOLD: usize = 3;

    /// What was wanted and what came, if that was one thing of the same kind.
    fn contents(&self) -> Option<(&Content, &Content)> {
        let [Some(Due::One(wanted))] = self.wanted.as_slice() else { return None };
        match (wanted, self.got.as_ref()?) {
            (Happening::Text(wanted), Happening::Text(got))
            | (Happening::Binary(wanted), Happening::Binary(got))
            | (Happening::Pong(wanted), Happening::Pong(got)) => Some((wanted, got)),
            _ => None,
        }
    }

    /// Where the contents differ, as far as that is not seen at once.
    fn place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((wanted, got)) = self.contents() else { return Ok(()) };
        let part = |content: &'_ Content, at: usize| at..content.start.len().min(at + 8);
        match wanted.start.iter().zip(&got.start).position(|(wanted, got)| wanted != got) {
            Some(0) => Ok(()),
            Some(at) => {
                let (wanted, got) = (&wanted.start[part(wanted, at)], &got.start[part(got, at)]);
                write!(f, "; from byte {at} on they differ: {} instead of {}", Quoted(got), Quoted(wanted))
            }
            None if wanted.len == got.len => write!(f, "; their first {} bytes are the same", got.start.len()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: expected ", self.at + 1)?;
        for (index, wanted) in self.wanted.iter().take(Self::TOLD).enumerate() {
            f.write_str(if index > 0 { " or " } else { "" })?;
            match wanted {
                Some(wanted) => wanted.fmt(f)?,
                None if self.at == 0 => f.write_str("nothing")?,
                None => f.write_str("nothing more")?,
            }
        }
        if let more @ 1.. = self.wanted.len().saturating_sub(Self::TOLD) {
            write!(f, " or {more} other{}", if more == 1 { "" } else { "s" })?;
        }
        match &self.got {
            Some(got) => write!(f, ", got {got}")?,
            None => f.write_str(", got nothing")?,
        }
        self.place(f)
    }
}
