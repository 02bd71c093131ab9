//! What is wrong with an expression, and where.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use super::token::Span;

/// An expression that is none. It is displayed with the place:
///
/// ```text
/// length is a number, "text" is not
///   opcode == text && length > "text"
///                              ^^^^^^
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError(Box<Wrong>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    text: String,
    at: Span,
    fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("there is nothing to filter by")]
    Empty,
    #[error("it is longer than {0} bytes")]
    Long(usize),
    #[error("it is nested too deeply")]
    Deep,
    #[error("there is no `{0}`: write `{1}`")]
    Single(&'static str, &'static str),
    #[error("there is no `~`: `matches` takes a pattern with * and ?, `contains` a part")]
    Tilde,
    #[error("the text is not closed")]
    Unclosed,
    #[error(r#"no character is written so in a text: write \" \' \\ \n \r \t \0 \xff or \u{{1f600}}"#)]
    Escape,
    #[error("{0} is wanted here")]
    Wanted(&'static str),
    #[error("the `(` is not closed")]
    Parenthesis,
    #[error("{0}")]
    Field(String),
    #[error("{field} is {kind}, {value} is not{near}")]
    Value { field: String, kind: String, value: String, near: String },
    #[error("{field} is {kind}: `{order}` does not go with it, {instead} would")]
    Order { field: String, kind: String, order: &'static str, instead: &'static str },
    #[error("{0} is no truth by itself: compare it, as in `{0} == …`")]
    Bare(String),
    #[error(
        "`{0}` is known only when the connection is over: use it with --table connections, without --check and --report"
    )]
    Late(String),
    #[error("the range ends before it begins")]
    Range,
    #[error("the pattern is wrong: {0}")]
    Pattern(String),
}

/// The most characters that are shown on either side of a fault.
const AROUND: usize = 60;
/// The most marks below a fault.
const MARKS: usize = 40;

impl FilterError {
    pub(super) fn new(text: &str, at: Span, fault: Fault) -> Self {
        Self(Box::new(Wrong { text: text.to_owned(), at, fault }))
    }

    /// Where in the expression, in bytes.
    pub fn at(&self) -> &Range<usize> {
        &self.0.at
    }

    /// What is wrong, without the place.
    pub fn words(&self) -> String {
        self.0.fault.to_string()
    }
}

impl Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { text, at, fault } = &*self.0;
        write!(f, "{fault}")?;
        let (before, rest) = text.split_at(text.floor_char_boundary(at.start));
        if before.is_empty() && rest.trim().is_empty() {
            return Ok(());
        }
        let shown = |character: char| if character.is_control() || character.is_whitespace() { ' ' } else { character };
        let start = before.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let dots = if start > 0 { "…" } else { "" };
        let end = rest.char_indices().nth(AROUND).map_or(rest.len(), |(at, _)| at);
        let more = if end < rest.len() { "…" } else { "" };
        let before: String = dots.chars().chain(before[start..].chars().map(shown)).collect();
        let after: String = rest[..end].chars().map(shown).chain(more.chars()).collect();
        let marked = text.get(at.clone()).map_or(0, |text| text.chars().count()).clamp(1, MARKS);
        let indent = " ".repeat(before.chars().count());
        write!(f, "\n  {before}{}\n  {indent}{}", after.trim_end(), "^".repeat(marked))
    }
}
