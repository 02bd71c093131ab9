//! Which cases run: the selection expressions of the command line.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use super::{Case, Id};
use crate::proto::Rule;

/// The tag of the cases that `--quick` leaves out.
pub const BULK: &str = "bulk";

/// An expression that selects cases.
///
/// | written | selects |
/// | --- | --- |
/// | `5`, `9.3`, `7.7.1` | the ids that begin with these parts: `5` is not the beginning of `51.1` |
/// | `6.4.*`, `5.1?` | the ids that fit the pattern |
/// | `tag:utf8` | the cases with the tag |
/// | `rule:ReservedBit` | the cases that test the rule |
/// | `rfc:6455#5.4`, `rfc:7692` | the cases that cite the clause or one inside it |
/// | `not:9`, `not:tag:bulk` | what the expression behind it does not select |
#[derive(Clone, Debug)]
pub enum Expression {
    /// The ids that begin with this one.
    Prefix(Id),
    /// The ids that fit this pattern.
    Glob(GlobMatcher),
    /// The cases with this tag.
    Tag(String),
    /// The cases that test this rule.
    Rule(Rule),
    /// The cases that cite this clause, or one inside it.
    Clause {
        /// The RFC.
        rfc: String,
        /// The section; empty for all of the RFC.
        section: String,
    },
    /// What the expression does not select.
    Not(Box<Expression>),
}

/// An expression that can select nothing, whatever cases there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` selects nothing: {why}")]
pub struct SelectError {
    /// The expression as it was written.
    pub expression: String,
    /// What is wrong with it.
    pub why: Unselectable,
}

/// Why an expression can select nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unselectable {
    /// It is no id.
    #[error("write an id or its beginning (5, 9.3), a pattern (6.4.*), tag:…, rule:…, rfc:… or not:…")]
    NotAnId,
    /// The word before the colon is none that is known.
    #[error("there is no `{0}:`; write tag:…, rule:…, rfc:… or not:…")]
    UnknownKind(String),
    /// Nothing follows the colon.
    #[error("nothing follows `{0}:`")]
    Nothing(&'static str),
    /// No rule has the name.
    #[error("no rule has the name `{name}`{}", nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default())]
    UnknownRule {
        /// The name.
        name: String,
        /// The name that is likest.
        nearest: Option<&'static str>,
    },
    /// The clause is not written as clauses are.
    #[error("write the RFC and its section, such as rfc:6455#5.4, or the RFC alone")]
    NotAClause,
    /// The pattern is not one.
    #[error("the pattern is wrong: {0}")]
    NotAPattern(String),
}

impl Expression {
    /// Whether it selects this case.
    pub fn selects(&self, case: &Case) -> bool {
        match self {
            Self::Prefix(prefix) => case.id.starts_with(prefix.as_str()),
            Self::Glob(pattern) => pattern.is_match(case.id.as_str()),
            Self::Tag(tag) => case.tags.contains(tag),
            Self::Rule(rule) => case.rules.contains(rule),
            Self::Clause { rfc, section } => case.clauses.iter().any(|clause| {
                let rest = clause.section().strip_prefix(section.as_str());
                let is_inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
                clause.rfc() == rfc && (section.is_empty() || is_inside)
            }),
            Self::Not(expression) => !expression.selects(case),
        }
    }
}

impl FromStr for Expression {
    type Err = SelectError;

    fn from_str(text: &str) -> Result<Self, SelectError> {
        parse(text.trim()).map_err(|why| SelectError { expression: text.to_owned(), why })
    }
}

fn parse(text: &str) -> Result<Expression, Unselectable> {
    let Some((kind, rest)) = text.split_once(':') else { return ids(text) };
    let kind = match kind {
        "tag" => "tag",
        "rule" => "rule",
        "rfc" => "rfc",
        // The command line hands expressions on as they are, so the depth is ours to bound.
        "not" if rest.starts_with("not:") => return Err(Unselectable::UnknownKind("not:not".to_owned())),
        "not" => "not",
        other => return Err(Unselectable::UnknownKind(other.to_owned())),
    };
    if rest.is_empty() {
        return Err(Unselectable::Nothing(kind));
    }
    match kind {
        "tag" => Ok(Expression::Tag(rest.to_owned())),
        "rule" => rest.parse().map(Expression::Rule).map_err(|_| unknown_rule(rest)),
        "rfc" => clause(rest),
        _ => Ok(Expression::Not(Box::new(parse(rest)?))),
    }
}

fn ids(text: &str) -> Result<Expression, Unselectable> {
    if !text.contains(['*', '?', '[', '{']) {
        return text.parse().map(Expression::Prefix).map_err(|_| Unselectable::NotAnId);
    }
    let glob = GlobBuilder::new(text).build();
    let glob = glob.map_err(|error| Unselectable::NotAPattern(error.kind().to_string()))?;
    Ok(Expression::Glob(glob.compile_matcher()))
}

fn clause(text: &str) -> Result<Expression, Unselectable> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (rfc, section) = text.split_once('#').unwrap_or((text, ""));
    if !number(rfc) || !section.split('.').all(number) && text.contains('#') {
        return Err(Unselectable::NotAClause);
    }
    Ok(Expression::Clause { rfc: rfc.to_owned(), section: section.to_owned() })
}

fn unknown_rule(name: &str) -> Unselectable {
    let near = Rule::ALL.iter().map(|rule| (strsim::normalized_damerau_levenshtein(name, rule.name()), rule.name()));
    let nearest = near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness >= 0.5);
    Unselectable::UnknownRule { name: name.to_owned(), nearest: nearest.map(|(_, name)| name) }
}

/// One of several equal shares of a selection, `2/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: NonZeroU32,
}

/// This is not a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a shard is its number and how many there are, such as 1/3, 2/3 or 3/3")]
pub struct InvalidShard;

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (number, of) = text.split_once('/').ok_or(InvalidShard)?;
        let number: NonZeroU32 = number.parse().map_err(|_| InvalidShard)?;
        let of: NonZeroU32 = of.parse().map_err(|_| InvalidShard)?;
        if number <= of { Ok(Self { number: number.get(), of }) } else { Err(InvalidShard) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Which cases of a corpus run. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What is selected: what any of them selects that is not a `not:`, or all if there is none, less what a `not:`
    /// takes away.
    pub expressions: Vec<Expression>,
    /// Whether the cases with the tag `bulk` are left out.
    pub quick: bool,
    /// The share of what is left that runs here.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether a case is selected, whatever the shard.
    pub fn selects(&self, case: &Case) -> bool {
        let (negative, positive): (Vec<_>, Vec<_>) =
            self.expressions.iter().partition(|expression| matches!(expression, Expression::Not(_)));
        (positive.is_empty() || positive.iter().any(|expression| expression.selects(case)))
            && negative.iter().all(|expression| expression.selects(case))
            && !(self.quick && case.tags.iter().any(|tag| tag == BULK))
    }

    /// The selected cases of `cases`, in their order. The shards of a selection have no case in common, together are
    /// all of it, and are the same wherever the corpus is the same: the cases go round them in turn.
    pub fn of<'a>(&self, cases: &'a [Case]) -> Vec<&'a Case> {
        let selected = cases.iter().filter(|case| self.selects(case));
        match self.shard {
            None => selected.collect(),
            // A shard's number is from 1, and no u32 is larger than a usize where tokio runs.
            Some(shard) => selected.skip(shard.number as usize - 1).step_by(shard.of.get() as usize).collect(),
        }
    }
}
