//! Fields whose values are one of a few words.

use std::fmt;

use crate::proto::{Level, Role, Rule};
use crate::wire::Opcode;

/// What the words are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Client and server.
    Ends,
    /// Frames by their opcodes, which are numbers too.
    Opcodes,
    /// Messages.
    Messages,
    /// Rules by their names.
    Rules,
    /// Levels of rules.
    Levels,
    /// How connections end.
    Endings,
    /// Notes.
    Notes,
    /// What others have.
    Of(&'static [&'static str]),
}

impl Words {
    /// The words, each with the number that stands for it.
    fn all(self) -> Vec<(&'static str, u8)> {
        let counted = |words: &[&'static str]| words.iter().copied().zip(0..).collect();
        match self {
            Self::Ends => [Role::Client, Role::Server].map(|end| (end.name(), end as u8)).to_vec(),
            Self::Opcodes => (0..16).filter_map(|opcode| Some((Opcode(opcode).name()?, opcode))).collect(),
            Self::Messages => {
                let opcodes = [Opcode::TEXT, Opcode::BINARY];
                opcodes.into_iter().filter_map(|opcode| Some((opcode.name()?, opcode.0))).collect()
            }
            Self::Rules => Rule::ALL.iter().map(|&rule| (rule.name(), rule as u8)).collect(),
            Self::Levels => vec![("must", Level::Must as u8), ("should", Level::Should as u8)],
            Self::Endings => counted(&["open", "finished", "reset", "refused"]),
            Self::Notes => counted(&["lost", "differs", "encrypted", "not-read"]),
            Self::Of(words) => counted(words),
        }
    }

    /// The number of a word.
    pub(super) fn number(self, word: &str) -> Option<u8> {
        let all = self.all();
        let found = all.iter().find(|(name, _)| *name == word);
        let found = found.or_else(|| all.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)));
        found.map(|(_, number)| *number)
    }

    /// The word of a number.
    pub(super) fn word(self, number: i128) -> Option<&'static str> {
        self.all().into_iter().find(|(_, of)| i128::from(*of) == number).map(|(word, _)| word)
    }

    /// All words.
    pub(super) fn list(self) -> Vec<&'static str> {
        self.all().into_iter().map(|(word, _)| word).collect()
    }

    /// Whether a number is as good as a word, and one is less than another.
    pub(super) const fn are_numbers(self) -> bool {
        matches!(self, Self::Opcodes)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules => f.write_str("the name of a rule, such as InvalidUtf8"),
            words => {
                let list = words.list();
                let (last, others) = list.split_last().unwrap_or((&"", &[]));
                write!(f, "{} or {last}", others.join(", "))
            }
        }
    }
}
