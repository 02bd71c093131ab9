//! What an answer to our request has to be.

use std::fmt;

use crate::conform::Answer;
use crate::proto::opening::name;
use crate::watch::Answered;
use crate::wire::http::Response;

/// The headers of an answer that are kept, and that a case can ask for: those of the opening handshake, and what says where
/// the answer ends.
pub(super) const KEPT: [&str; 10] = [
    "Upgrade",
    "Connection",
    name::ACCEPT,
    name::EXTENSIONS,
    name::PROTOCOL,
    name::VERSION,
    "Content-Length",
    "Transfer-Encoding",
    "Allow",
    "Location",
];

/// The longest value that is kept, in bytes.
const VALUE: usize = 256;

/// What is recorded of a response.
pub(super) fn answered(response: &Response) -> Answered {
    let is_kept = |name: &[u8]| KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(VALUE)]).into_owned();
    let headers = response.headers.iter().filter(|(name, _)| is_kept(name));
    Answered { status: response.status, headers: headers.map(|(name, value)| (text(name), text(value))).collect() }
}

impl Answer {
    /// Whether what came is such an answer.
    pub(super) fn is(&self, answer: &Answered) -> bool {
        let is_met = |(name, wanted): &(String, Option<String>)| {
            let mut lines = answer.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).peekable();
            match wanted {
                None => lines.peek().is_none(),
                Some(wanted) => lines
                    .flat_map(|(_, value)| value.split(','))
                    .any(|value| value.trim_matches([' ', '\t']).eq_ignore_ascii_case(wanted)),
            }
        };
        self.statuses.iter().any(|range| range.contains(&answer.status)) && self.headers.iter().all(is_met)
    }
}

/// `an answer with status 400 or 4xx, with Allow: GET, without Upgrade`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer with status ")?;
        for (index, range) in self.statuses.iter().enumerate() {
            f.write_str(if index > 0 { " or " } else { "" })?;
            match (*range.start(), *range.end()) {
                (start, end) if start == end => write!(f, "{start}")?,
                (start, _) => write!(f, "{}xx", start / 100)?,
            }
        }
        for (name, value) in &self.headers {
            match value {
                Some(value) => write!(f, ", with {name}: {value}")?,
                None => write!(f, ", without {name}")?,
            }
        }
        Ok(())
    }
}
