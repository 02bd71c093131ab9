//! Baselines as TOML.

use std::fmt;
use std::str::FromStr as _;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{Baseline, Deviation, Pattern};
use crate::conform::Expression;
use crate::proto::Rule;
use crate::watch::CloseVerdict;
use crate::wire::CloseCode;

/// The largest baseline, in bytes.
pub const MAX_BASELINE: usize = 1 << 20;

/// The verdicts that a deviation can have. Those without a connection are no deviations.
const VERDICTS: [&str; 5] = ["failed", "non-strict", "unimplemented", "informational", "ok"];

/// Something wrong in a baseline, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {fault}")]
pub struct BaselineError {
    /// The file, by the name under which it was parsed.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: BaselineFault,
}

/// What is wrong in a baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineFault {
    /// It is not TOML, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// It is too large.
    #[error("the file is larger than {} KiB", MAX_BASELINE >> 10)]
    TooLarge,
    /// An entry is for no case.
    #[error("an entry needs at least one case")]
    NoCases,
    /// This selects no cases by their ids.
    #[error("`{0}` is no id, beginning of ids, or pattern: write \"9.3.1\", \"9.3\" or \"9.3.*\"")]
    NotIds(String),
    /// A deviation has no such verdict.
    #[error("`{0}` is no verdict of a deviation; one of {verdicts}", verdicts = VERDICTS.join(", "))]
    UnknownVerdict(String),
    /// A case with this verdict passes.
    #[error("a case that is {0} and closes as it should is no deviation: name `close`, or leave the entry out")]
    Passes(&'static str),
    /// The reason is missing.
    #[error("the reason is empty: say why the deviation is accepted")]
    NoReason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    target: Option<String>,
    #[serde(default)]
    known: Vec<Spanned<Known>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    cases: Spanned<Cases>,
    verdict: Spanned<String>,
    close: Option<CloseVerdict>,
    rules: Option<Vec<Rule>>,
    code: Option<CloseCode>,
    #[serde(default)]
    flaky: bool,
    reason: Spanned<String>,
    issue: Option<String>,
}

/// One, or a list of them.
enum Cases {
    One(String),
    Several(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Cases {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Cases;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id, a pattern, or a list of them")
            }

            fn visit_str<E>(self, text: &str) -> Result<Cases, E> {
                Ok(Cases::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cases, A::Error> {
                let mut several = Vec::new();
                while let Some(text) = list.next_element()? {
                    several.push(text);
                }
                Ok(Cases::Several(several))
            }
        }

        from.deserialize_any(OneOrSeveral)
    }
}

impl Baseline {
    /// Reads a baseline. `file` is its name in errors.
    ///
    /// # Errors
    /// The first thing that is wrong in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, BaselineError> {
        let fail = |at: usize, fault: BaselineFault| {
            let (line, column) = place(text, at);
            BaselineError { file: file.to_owned(), line, column, fault }
        };
        if text.len() > MAX_BASELINE {
            return Err(fail(0, BaselineFault::TooLarge));
        }
        let document: Document = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fail(at, BaselineFault::Shape(error.message().replace('\n', "; ")))
        })?;
        let entries = document.known.into_iter().map(|known| {
            let at = known.span().start;
            entry(text, at, known.into_inner()).map_err(|(at, fault)| fail(at, fault))
        });
        Ok(Self { target: document.target, entries: entries.collect::<Result<_, _>>()? })
    }
}

fn entry(text: &str, at: usize, known: Known) -> Result<Deviation, (usize, BaselineFault)> {
    let span = known.cases.span();
    let cases = match known.cases.into_inner() {
        Cases::One(case) => vec![Spanned::new(span.clone(), case)],
        Cases::Several(cases) => cases,
    };
    if cases.is_empty() {
        return Err((span.start, BaselineFault::NoCases));
    }
    let cases = cases.into_iter().map(|case| pattern(text, case)).collect::<Result<_, _>>()?;
    let verdict = VERDICTS.into_iter().find(|verdict| *verdict == known.verdict.get_ref().as_str());
    let verdict = verdict
        .ok_or_else(|| (known.verdict.span().start, BaselineFault::UnknownVerdict(known.verdict.get_ref().clone())))?;
    let passes = !matches!(verdict, "failed" | "non-strict") && known.close.is_none_or(CloseVerdict::is_good);
    if passes {
        return Err((known.verdict.span().start, BaselineFault::Passes(verdict)));
    }
    if known.reason.get_ref().trim().is_empty() {
        return Err((known.reason.span().start, BaselineFault::NoReason));
    }
    Ok(Deviation {
        cases,
        verdict,
        close: known.close,
        rules: known.rules,
        code: known.code,
        flaky: known.flaky,
        reason: known.reason.into_inner().trim().to_owned(),
        issue: known.issue,
        line: place(text, at).0,
    })
}

fn pattern(text: &str, case: Spanned<String>) -> Result<Pattern, (usize, BaselineFault)> {
    let at = case.span().start;
    let case = case.into_inner();
    match Expression::from_str(&case) {
        Ok(expression @ (Expression::Prefix(_) | Expression::Glob(_))) => {
            Ok(Pattern { line: place(text, at).0, text: case, expression })
        }
        _ => Err((at, BaselineFault::NotIds(case))),
    }
}

/// The line and column of a byte, both from 1, the column in characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (1 + before.matches('\n').count(), 1 + line.chars().count())
}
