//! Baselines: the deviations of a target that are known, each with its reason.
//!
//! A run with a baseline fails on what is not in it, and on what is in it and no longer so: a baseline never hides more
//! than it says, and never grows old unseen. What was not run is not held against an entry, so the same baseline serves
//! a shard, a selection and a whole run.

mod parse;
mod update;

use std::fmt;

pub use parse::{BaselineError, BaselineFault, MAX_BASELINE};
pub use update::UNEXPLAINED;

use crate::conform::{Case, Expression, Id};
use crate::proto::Rule;
use crate::watch::{CloseVerdict, Outcome, Verdict};
use crate::wire::CloseCode;

/// The known deviations of a target.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// Whose they are, in words.
    pub target: Option<String>,
    /// The deviations, in the order of the file.
    pub entries: Vec<Deviation>,
}

/// A known deviation of one or more cases.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// Whose.
    pub cases: Vec<Pattern>,
    /// The word for the verdict that they have.
    pub verdict: &'static str,
    /// What the end of the connection is worth. Without it any is expected of a case that failed, and a good one of
    /// others.
    pub close: Option<CloseVerdict>,
    /// All rules that the target breaks, if that matters.
    pub rules: Option<Vec<Rule>>,
    /// The code of the target's close frame, if that matters.
    pub code: Option<CloseCode>,
    /// Whether the cases pass at times.
    pub flaky: bool,
    /// Why it is so.
    pub reason: String,
    /// Where that is discussed: a URL.
    pub issue: Option<String>,
    /// Where the entry begins: a line, from 1.
    pub line: usize,
}

/// An id, the beginning of ids, or a pattern for ids, as selections have them.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// Where: a line, from 1.
    pub line: usize,
    expression: Expression,
}

impl Pattern {
    /// Whether it is a pattern for this id.
    pub fn fits(&self, id: &Id) -> bool {
        match &self.expression {
            Expression::Prefix(prefix) => id.starts_with(prefix.as_str()),
            Expression::Glob(glob) => glob.is_match(id.as_str()),
            _ => false,
        }
    }
}

impl Deviation {
    /// Whether this case deviates in this way, whether or not it is one of the entry's.
    fn describes(&self, outcome: &Outcome) -> bool {
        let close = match self.close {
            Some(close) => close == outcome.close,
            None => outcome.verdict.is_failure() || outcome.close.is_good(),
        };
        let rules = self.rules.as_ref().is_none_or(|rules| {
            let broken = outcome.broken();
            rules.iter().all(|rule| broken.contains(rule)) && broken.iter().all(|rule| rules.contains(rule))
        });
        let code = self.code.is_none_or(|code| outcome.remote_close_code() == Some(code));
        // A connection that never opened shows nothing of the case, unless the entry is about its rules.
        let seen = !outcome.is_unopened() || self.rules.as_ref().is_some_and(|rules| !rules.is_empty());
        self.verdict == outcome.verdict.word() && close && rules && code && seen
    }

    /// The entry's deviation in words, or what there is of it in an outcome: `failed (close wrong-code, code 1009)`.
    fn words(&self, outcome: Option<&Outcome>) -> String {
        let verdict = outcome.map_or(self.verdict, |outcome| outcome.verdict.word());
        let mut details = Vec::new();
        let passes_but_closes_badly = |outcome: &&Outcome| !outcome.verdict.is_failure() && !outcome.close.is_good();
        if self.close.is_some() || outcome.as_ref().is_some_and(passes_but_closes_badly) {
            let close = outcome.map(|outcome| outcome.close).or(self.close);
            details.extend(close.map(|close| format!("close {close}")));
        }
        if let Some(rules) = &self.rules {
            let rules = outcome.map_or_else(|| rules.clone(), Outcome::broken);
            let names: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            details.push(format!("broken rules: {names}"));
        }
        if let Some(code) = self.code {
            let code = outcome.map_or(Some(code), Outcome::remote_close_code).map(|code| code.0.to_string());
            details.push(format!("code {}", code.as_deref().unwrap_or("none")));
        }
        if details.is_empty() { verdict.to_owned() } else { format!("{verdict} ({})", details.join(", ")) }
    }
}

/// What a run says of a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The cases that deviate as an entry says and would not have passed, each with the index of the entry.
    pub known: Vec<(String, usize)>,
    /// The cases that did not pass and deviate as no entry says.
    pub new: Vec<String>,
    /// What the baseline says and is not so.
    pub stale: Vec<Stale>,
    /// How many patterns speak of cases that were not judged.
    pub unjudged: usize,
}

impl Findings {
    /// Whether the baseline says what there is.
    pub const fn holds(&self) -> bool {
        self.new.is_empty() && self.stale.is_empty()
    }
}

/// A pattern of an entry that is no longer needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The index of the entry.
    pub entry: usize,
    /// The index of the pattern in the entry.
    pub pattern: usize,
    /// The pattern as it was written.
    pub text: String,
    /// Where: a line, from 1.
    pub line: usize,
    /// Why it is not needed.
    pub why: Outdated,
}

/// Why a pattern is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// No case has such an id.
    NoSuchCase,
    /// All of its cases, so many, pass.
    Passes(usize),
    /// A case deviates otherwise.
    Differs {
        /// The case.
        case: String,
        /// What is expected of it.
        listed: String,
        /// What it came to.
        is: String,
    },
}

/// `` `9.3.2` is listed, but it passes now``.
impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is listed, but ", self.text)?;
        match &self.why {
            Outdated::NoSuchCase => f.write_str("there is no such case"),
            Outdated::Passes(1) => f.write_str("it passes now"),
            Outdated::Passes(cases) => write!(f, "all of its {cases} cases pass now"),
            Outdated::Differs { case, listed, is } if *case == self.text => write!(f, "it is {is}, not {listed}"),
            Outdated::Differs { case, listed, is } => write!(f, "{case} is {is}, not {listed}"),
        }
    }
}

impl Baseline {
    /// The entry that knows of this deviation, by its index.
    pub fn entry_of(&self, outcome: &Outcome) -> Option<usize> {
        let id: Id = outcome.case.parse().ok()?;
        let knows = |entry: &Deviation| entry.cases.iter().any(|pattern| pattern.fits(&id)) && entry.describes(outcome);
        self.entries.iter().position(knows)
    }

    /// The reason for this deviation, if it is known.
    pub fn reason(&self, outcome: &Outcome) -> Option<&str> {
        self.entry_of(outcome).map(|entry| self.entries[entry].reason.as_str())
    }

    /// Compares the baseline with a run: `cases` are all there are, `outcomes` those that were run. A case that passed
    /// only when it was repeated is held against nothing.
    pub fn compare(&self, cases: &[Case], outcomes: &[Outcome], strict: bool) -> Findings {
        let mut findings = Findings::default();
        for outcome in outcomes {
            match self.entry_of(outcome) {
                Some(_) if outcome.passes(strict) => {}
                Some(entry) => findings.known.push((outcome.case.clone(), entry)),
                None if outcome.passes(strict) => {}
                None => findings.new.push(outcome.case.clone()),
            }
        }
        for (index, entry) in self.entries.iter().enumerate() {
            for (number, pattern) in entry.cases.iter().enumerate() {
                let ids = cases.iter().map(|case| &case.id).filter(|id| pattern.fits(id));
                match needed(entry, ids, outcomes, strict) {
                    Ok(Needed::Yes) => {}
                    Ok(Needed::Unjudged) => findings.unjudged += 1,
                    Err(why) => findings.stale.push(Stale {
                        entry: index,
                        pattern: number,
                        text: pattern.text.clone(),
                        line: pattern.line,
                        why,
                    }),
                }
            }
        }
        findings
    }
}

/// Whether a pattern has to be there.
enum Needed {
    Yes,
    Unjudged,
}

/// Whether the pattern of an entry that stands for these cases has to be there.
fn needed<'a>(
    entry: &Deviation,
    ids: impl Iterator<Item = &'a Id>,
    outcomes: &[Outcome],
    strict: bool,
) -> Result<Needed, Outdated> {
    let (mut all, mut judged, mut differs) = (0, 0, None);
    for id in ids {
        all += 1;
        let outcome = outcomes.iter().find(|outcome| outcome.case == id.as_str());
        let Some(outcome) = outcome.filter(|outcome| is_judged(outcome) || entry.describes(outcome)) else {
            continue;
        };
        if entry.describes(outcome) || outcome.is_flaky() || (entry.flaky && outcome.passes(strict)) {
            return Ok(Needed::Yes);
        }
        judged += 1;
        if differs.is_none() && !outcome.passes(true) {
            let (listed, is) = (entry.words(None), entry.words(Some(outcome)));
            differs = Some(Outdated::Differs { case: id.to_string(), listed, is });
        }
    }
    match differs {
        _ if all == 0 => Err(Outdated::NoSuchCase),
        _ if judged < all => Ok(Needed::Unjudged),
        Some(differs) => Err(differs),
        None => Err(Outdated::Passes(all)),
    }
}

/// Whether an outcome says anything of the target's behaviour.
fn is_judged(outcome: &Outcome) -> bool {
    !matches!(outcome.verdict, Verdict::Broken(_) | Verdict::NotRun(_)) && !outcome.is_unopened()
}
