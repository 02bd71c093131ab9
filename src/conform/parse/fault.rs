//! What can be wrong in a case file, said to whoever wrote it.

use std::fmt;
use std::sync::Arc;

use crate::proto::Rule;

/// Something wrong in a case file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The file, by the name under which it was parsed.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
    /// The loop values with which it is, in the order of the file; empty outside of loops.
    pub values: Vec<(String, String)>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.fault)?;
        for (index, (name, value)) in self.values.iter().enumerate() {
            write!(f, "{}{name} = {value}", if index == 0 { " (where " } else { ", " })?;
        }
        f.write_str(if self.values.is_empty() { "" } else { ")" })
    }
}

impl std::error::Error for ParseError {}

/// What is wrong in a case file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file is not TOML.
    #[error("this is not TOML: {0}")]
    Syntax(String),
    /// The file, or what comes of its loops, is larger than a corpus can sensibly be.
    #[error("{what} is too large: at most {most}; {advice}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The bound.
        most: String,
        /// What to do.
        advice: &'static str,
    },
    /// A key that has no meaning where it stands.
    #[error("unknown key `{key}` in {place}{}", Choice(key, known))]
    UnknownKey {
        /// The key.
        key: String,
        /// The table that it stands in.
        place: &'static str,
        /// The keys that it may have.
        known: Vec<&'static str>,
    },
    /// A key that has to be there is not.
    #[error("{place} needs `{key}`: {what}")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The table that misses it.
        place: &'static str,
        /// What it says.
        what: &'static str,
    },
    /// A step without a verb.
    #[error("{}{}", Step(key), Choice(key, known))]
    UnknownStep {
        /// Its first key, or nothing if it has none.
        key: String,
        /// The verbs.
        known: Vec<&'static str>,
    },
    /// A step with two verbs.
    #[error("a step has one verb, and this has `{first}` and `{second}`: make it two steps")]
    TwoVerbs {
        /// The first.
        first: &'static str,
        /// The second.
        second: &'static str,
    },
    /// A modifier that does not go with the verb of its step.
    #[error("`{key}` does not go with `{verb}`, which takes {}", List(known))]
    Misplaced {
        /// The modifier.
        key: &'static str,
        /// The verb.
        verb: &'static str,
        /// The modifiers of the verb.
        known: Vec<&'static str>,
    },
    /// Two keys that contradict each other.
    #[error("`{first}` and `{second}` do not go together: {why}")]
    Contradiction {
        /// The first.
        first: &'static str,
        /// The second.
        second: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// A value of another type than it has to be.
    #[error("{what} has to be {wanted}, not {found}")]
    WrongType {
        /// What the value is for.
        what: String,
        /// The type it has to be.
        wanted: &'static str,
        /// The type it is.
        found: &'static str,
    },
    /// A number out of its range.
    #[error("{what} has to be {least} to {most}, not {found}")]
    OutOfRange {
        /// What the number is for.
        what: String,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
        /// What it is.
        found: i128,
    },
    /// A word that is none of a few.
    #[error("unknown {what} `{word}`{}", Choice(word, known))]
    UnknownWord {
        /// What the word stands for.
        what: &'static str,
        /// The word.
        word: String,
        /// The words that there are.
        known: Vec<&'static str>,
    },
    /// A name that is not in the table of rules.
    #[error("unknown rule `{0}`{hint}; `wslab::proto::Rule` lists them", hint = Nearest(.0, Rule::ALL.iter().map(|rule| rule.name())))]
    UnknownRule(String),
    /// Not a clause.
    #[error("`{0}` is not a clause: write the RFC and its section, such as 6455#5.4")]
    NotAClause(String),
    /// A section that the RFC does not have.
    #[error("RFC {rfc} has no section {section}")]
    NoSuchSection {
        /// The RFC.
        rfc: String,
        /// The section.
        section: String,
    },
    /// A case that cites nothing.
    #[error("a case needs a clause: name the `rules` that it breaks, or `clauses` such as \"6455#5.4\"")]
    NoClause,
    /// Not hexadecimal.
    #[error("`{0}` is not hexadecimal: write two digits a byte, blanks between bytes as you like")]
    NotHex(String),
    /// Not a masking key.
    #[error(
        "a masking key is four bytes in hexadecimal, such as \"37fa213d\"; true and false ask for a random one and none"
    )]
    NotAKey,
    /// Not a duration.
    #[error("`{0}` is not a duration: write a number and a unit, such as 500ms, 1s or 2min")]
    NotADuration(String),
    /// Not an id.
    #[error("`{id}` is not an id: {why}")]
    NotAnId {
        /// What stands there.
        id: String,
        /// How ids are written.
        why: super::super::id::InvalidId,
    },
    /// Two cases with one id.
    #[error("the id {id} is already that of the case at {first}{hint}")]
    DuplicateId {
        /// The id.
        id: String,
        /// File and line of the first case.
        first: String,
        /// What to do, if the loop is to blame.
        hint: &'static str,
    },
    /// A pattern without bytes for a payload that has some.
    #[error("an empty `fill` cannot fill {0} bytes")]
    EmptyFill(usize),
    /// A payload file that is not there, or not as long as it has to be.
    #[error("the payload file `{name}` {why}")]
    PayloadFile {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A reason without a code cannot be written.
    #[error("a close frame has no `reason` without `code`; write any other body as `{{ frame = 8, payload = … }}`")]
    ReasonWithoutCode,
    /// Nothing could be accepted.
    #[error(
        "`expect` is empty, so every outcome would fail: say what is acceptable, `{{ ok = [] }}` if nothing may come"
    )]
    ExpectsNothing,
    /// Terms that say nothing.
    #[error("`deflate` is empty: say what is asked of the target, `[{{}}]` if nothing is")]
    NoTerms,
    /// A wait that no step makes.
    #[error("no step waits with the tag `{0}`{hint}", hint = if .1.is_empty() { "; give one a `tag`".to_owned() } else { format!("; the tags are {}", Words(.1)) })]
    NoSuchTag(String, Vec<String>),
    /// The target has to close, and nothing says with which code.
    #[error("say the `code` with which the target has to close: no rule of this case implies one")]
    NoCode,
    /// More payload without a frame that has room for it.
    #[error("`more` continues a frame whose `len` promised more than it had; {0}")]
    NoRoom(&'static str),
    /// A loop over nothing.
    #[error("the loop over `{0}` is empty, so the case would never run")]
    EmptyLoop(String),
    /// A row that is longer or shorter than its header.
    #[error("this row has {found} values, but its header names {wanted}")]
    RaggedRow {
        /// How many it has.
        found: usize,
        /// How many it has to have.
        wanted: usize,
    },
    /// A loop name that cannot be written in braces.
    #[error("`{0}` cannot be a loop name: write a lower-case word, such as `size`")]
    NotAName(String),
    /// One name for two loops.
    #[error("two loops have the name `{0}`")]
    NameTwice(String),
    /// A name in braces that no loop gives a value.
    #[error("no loop gives `{{{name}}}` a value; there are {}", Words(known))]
    Unbound {
        /// The name.
        name: String,
        /// The names that have one.
        known: Vec<String>,
    },
    /// A list or table in the middle of a text.
    #[error("`{{{name}}}` is {found}, which cannot stand inside a text: make it the whole of the value")]
    NotText {
        /// The name.
        name: String,
        /// What it stands for.
        found: &'static str,
    },
}

/// "; one of …", or the one that was meant.
struct Choice<'a>(&'a str, &'a [&'static str]);

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Nearest(self.0, self.1.iter().copied()), f)?;
        write!(f, "; one of {}", List(self.1))
    }
}

/// ", did you mean …" if one of the words is near.
struct Nearest<'a, I>(&'a str, I);

impl<'b, I: Iterator<Item = &'b str> + Clone> fmt::Display for Nearest<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let near = self.1.clone().map(|word| (strsim::normalized_damerau_levenshtein(self.0, word), word));
        match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((likeness, word)) if likeness >= 0.6 => write!(f, " (did you mean `{word}`?)"),
            _ => Ok(()),
        }
    }
}

/// Words with commas between them, or "nothing".
struct List<'a>(&'a [&'static str]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "nothing" } else { "" })?;
        f.write_str(&self.0.join(", "))
    }
}

/// Words with commas between them.
struct Words<'a>(&'a [String]);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// A step by its first key, which may be missing.
struct Step<'a>(&'a str);

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("this step has no verb") } else { write!(f, "unknown step `{}`", self.0) }
    }
}
