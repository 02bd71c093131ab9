//! What was found: a session that fails, and by what it is told apart from others.

use std::fmt;
use std::sync::Arc;

use crate::conform::{Case, Outcome};
use crate::watch::{Difference, Due, Happening, Verdict, Why};

/// A session that a target fails.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it breaks, and how.
    pub sign: Sign,
    /// The number of the session that was generated.
    pub number: u64,
    /// The session as a case, as short as it could be made.
    pub case: Arc<Case>,
    /// What came of it.
    pub outcome: Outcome,
    /// How often sessions were played to make it short.
    pub runs: u64,
    /// The steps that it had before.
    pub steps: usize,
    /// Where the target went away while several sessions were on their way: their numbers, this one's among them. One of
    /// them is to blame, and nobody can say which.
    pub suspects: Vec<u64>,
}

impl Finding {
    /// A case file that holds the case.
    pub fn case_file(&self) -> String {
        let section = "[section]\nid = \"fuzz\"\ntitle = \"Generated sessions\"\n";
        let why: String = self.outcome.why().map(|why| format!("# {}\n", plain(&why.to_string()))).collect();
        let suspects = match self.suspects.as_slice() {
            [] => String::new(),
            numbers => format!("# It may be another session that was on its way then: {}.\n", listed(numbers)),
        };
        format!("# Found by wslab fuzz: {}.\n#\n{why}{suspects}\n{section}\n{}", self.sign, self.case.render())
    }
}

/// Words of a target, on one line of a comment.
fn plain(words: &str) -> String {
    words.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn listed(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// What is said of a target that serves nobody any more.
const GONE: &str = "target gone";

/// By what failures are told apart: what the session breaks, and what was not as it had to be. One fault of a target
/// mostly has one sign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sign {
    /// The name of the first rule that the session breaks, `Legal` if it breaks none; that it is one of several, if it
    /// cannot be said which of them it is.
    pub breaks: String,
    /// What was wrong.
    pub how: String,
}

impl Sign {
    /// The sign of a failure. `None` if there was none, or nothing to be judged.
    pub fn of(case: &Case, outcome: &Outcome) -> Option<Self> {
        if !outcome.fails(false) || matches!(outcome.verdict, Verdict::Unimplemented | Verdict::Broken(_)) {
            return None;
        }
        let breaks = case.rules.first().map_or_else(|| "Legal".to_owned(), |rule| rule.name().to_owned());
        let whys: &[Why] = if let Verdict::Failed(whys) = &outcome.verdict { whys } else { &[] };
        // What a target breaks by itself says more than that something is missing for it.
        let own = whys.iter().find(|why| matches!(why, Why::Gone(_)));
        let own = own.or_else(|| whys.iter().find(|why| matches!(why, Why::Broke(_))));
        let first = own.or(whys.first()).or(outcome.close_why.as_ref());
        // What is missing or changed came before the fault of ours, and would be so without it.
        let legal = match first {
            Some(Why::Broke(_)) => true,
            Some(Why::Differs(difference)) => difference.wanted.iter().any(Option::is_some),
            _ => false,
        };
        let breaks = if legal { "Legal".to_owned() } else { breaks };
        let how = first.map_or_else(|| outcome.close.word().to_owned(), |why| how(why, outcome));
        Some(Self { breaks, how })
    }

    /// The same, but the target is there no more, and this is one of so many sessions that were on their way.
    pub(super) fn but_gone(&self, suspects: usize) -> Self {
        let breaks = if suspects > 1 { format!("one of {suspects} sessions") } else { self.breaks.clone() };
        Self { breaks, how: GONE.to_owned() }
    }

    /// A name for a file.
    pub fn file_name(&self) -> String {
        let word = |text: &str| {
            let mut out = String::new();
            for character in text.chars() {
                match character {
                    'A'..='Z' if !out.is_empty() && !out.ends_with('-') => {
                        out.push('-');
                        out.push(character.to_ascii_lowercase());
                    }
                    letter if letter.is_ascii_alphanumeric() => out.push(letter.to_ascii_lowercase()),
                    _ if out.ends_with('-') => {}
                    _ => out.push('-'),
                }
            }
            out.trim_matches('-').to_owned()
        };
        format!("{}-{}", word(&self.breaks), word(&self.how))
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.breaks, self.how)
    }
}

fn how(why: &Why, outcome: &Outcome) -> String {
    match why {
        Why::Differs(difference) => differs(difference, outcome),
        Why::Broke(rule) => format!("target broke {}", rule.name()),
        Why::WrongEnd { wanted, .. } => format!("{wanted} had to close"),
        Why::WrongCode { got, .. } => format!("closed with {}", got.0),
        Why::Handshake { .. } => "opening failed".to_owned(),
        Why::PolicyLimit { code, .. } => format!("refused with {}", code.0),
        Why::Unclean => "not closed cleanly".to_owned(),
        Why::Dropped => "connection kept".to_owned(),
        Why::TimedOut(_) => "timed out".to_owned(),
        Why::Lost => "connection lost".to_owned(),
        Why::Bare => "no close frame".to_owned(),
        Why::Gone(_) => GONE.to_owned(),
        other => other.to_string(),
    }
}

fn differs(difference: &Difference, outcome: &Outcome) -> String {
    let kind = |what: &Happening| match what {
        Happening::Text(_) => "text",
        Happening::Binary(_) => "binary",
        Happening::Pong(_) => "pong",
        _ => "event",
    };
    let due = |due: &Due| if let Due::One(what) = due { kind(what) } else { "event" };
    let wanted: Vec<&str> = difference.wanted.iter().flatten().map(due).collect();
    match (&difference.got, wanted.first()) {
        (Some(got), Some(wanted)) if kind(got) == *wanted => format!("wrong {wanted}"),
        (Some(got), Some(wanted)) => format!("{} for {wanted}", kind(got)),
        (Some(got), None) => format!("unwanted {}", kind(got)),
        (None, Some(wanted)) => {
            let remote = outcome.transcript.as_ref().and_then(|transcript| transcript.closing.remote.as_ref());
            match remote.map(|said| said.code) {
                Some(Some(code)) => format!("no {wanted}, closed with {}", code.0),
                Some(None) => format!("no {wanted}, closed"),
                None => format!("no {wanted}"),
            }
        }
        (None, None) => "difference".to_owned(),
    }
}
