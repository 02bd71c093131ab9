//! The ids of cases: how they are written, sorted and grouped.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Id;

impl Id {
    /// The parts between the dots: `9`, `3` and `10` of `9.3.10`.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first parts of the id are those of `prefix`: `5.1` starts `5.1` and `5.1.2`, but not `5.10`.
    pub fn starts_with(&self, prefix: &str) -> bool {
        self.0.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// Numbers sort as numbers and before words: `9.3.9`, `9.3.10`, `10`, `hs.2`, `hs.12`.
impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        // Parts that only differ in leading zeros are told apart by spelling, or the order would contradict equality.
        self.parts().map(Part::of).cmp(other.parts().map(Part::of)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(id: &str) -> Result<Self, InvalidId> {
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if id.split('.').all(word) { Ok(Self(Arc::from(id))) } else { Err(InvalidId) }
    }
}

/// This is not how ids are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is letters, digits, `-` and `_` in parts separated by dots, such as `9.3.10`")]
pub struct InvalidId;

/// One part, as it sorts. A number is kept as its digits, so that any length of it can be compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number { digits: usize, number: &'a str },
    Word(&'a str),
}

impl<'a> Part<'a> {
    fn of(part: &'a str) -> Self {
        if part.is_empty() || part.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Self::Word(part);
        }
        let number = part.trim_start_matches('0');
        Self::Number { digits: number.len(), number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: &str) -> Id {
        id.parse().expect("an id")
    }

    #[test]
    fn numbers_sort_as_numbers_and_before_words() {
        let sorted = ["1", "1.1", "1.1.2", "1.1.10", "1.2", "2", "9.3.9", "9.3.10", "10.1.1", "hs.2", "hs.12", "mk.1"];
        let mut ids: Vec<_> = sorted.iter().rev().map(|text| id(text)).collect();
        ids.sort();
        assert_eq!(ids.iter().map(Id::as_str).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn numbers_may_be_longer_than_any_integer_and_zeros_do_not_make_them_equal() {
        assert!(id("99999999999999999999999999") < id("100000000000000000000000000"));
        assert!(id("1.9") < id("1.010"));
        assert_ne!(id("1.01").cmp(&id("1.1")), Ordering::Equal);
    }

    #[test]
    fn a_prefix_is_whole_parts() {
        assert!(id("5.1").starts_with("5"));
        assert!(id("5.1").starts_with("5.1"));
        assert!(!id("51.1").starts_with("5"));
        assert!(!id("5.10").starts_with("5.1"));
    }

    #[test]
    fn an_id_has_no_empty_part_and_no_blank() {
        for wrong in ["", ".", "1.", ".1", "1..2", "1 2", "1.*", "ä"] {
            assert_eq!(wrong.parse::<Id>(), Err(InvalidId), "{wrong:?}");
        }
    }
}
