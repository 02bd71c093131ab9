//! Names of members and rooms.
//!
//! A name is shown to others, so nothing may stand in it that changes how what is around it looks, and no two members of
//! a room may have names that look the same but for upper and lower case.

use std::sync::Arc;

/// The name under which the server itself speaks. No member has it.
pub const SERVER: &str = "server";

/// Why something is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoName {
    Length,
    Character,
}

/// The name of a member.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// As it is shown.
    pub(super) shown: Arc<str>,
    /// What it is compared by.
    pub(super) key: Arc<str>,
}

impl Name {
    pub(super) fn new(text: &str, max: usize) -> Result<Self, NoName> {
        let shown = trimmed(text, max)?;
        let key = key(shown);
        if key.is_empty() {
            return Err(NoName::Length);
        }
        Ok(Self { shown: shown.into(), key: key.into() })
    }

    pub(super) fn is_the_servers(&self) -> bool {
        &*self.key == SERVER
    }
}

/// A name without white space around it, if it is one.
pub(super) fn trimmed(text: &str, max: usize) -> Result<&str, NoName> {
    let text = text.trim();
    // One more than allowed is enough to know.
    let length = text.chars().take(max.saturating_add(1)).count();
    if length == 0 || length > max {
        return Err(NoName::Length);
    }
    match text.chars().any(disturbs) {
        true => Err(NoName::Character),
        false => Ok(text),
    }
}

/// Whether it breaks a line, turns the direction of writing, or is only there to be unseen.
fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}' | '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters without case, and without what joins them or chooses between their shapes, which some scripts and emoji need.
fn key(name: &str) -> String {
    let seen = |c: &char| !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    name.chars().filter(seen).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_name_does_not_count() {
        assert_eq!(trimmed(" \u{3000}a b\t\n", 3), Ok("a b"));
        assert_eq!(trimmed(" \t", 3), Err(NoName::Length));
    }

    #[test]
    fn lengths_are_in_characters() {
        assert_eq!(trimmed("äöü", 3), Ok("äöü"));
        assert_eq!(trimmed("äöüa", 3), Err(NoName::Length));
        assert_eq!(trimmed("", 3), Err(NoName::Length));
        assert_eq!(trimmed("a", usize::MAX), Ok("a"));
    }

    #[test]
    fn what_would_disturb_is_refused() {
        for text in ["a\0", "a\nb", "a\u{7f}b", "a\u{202e}b", "a\u{2066}b", "a\u{200b}b", "a\u{2028}b", "a\u{feff}b"] {
            assert_eq!(trimmed(text, 9), Err(NoName::Character), "{text:?}");
        }
        for text in ["שלום", "مرحبا", "नमस्ते", "👩\u{200d}💻", "<b>&amp;"] {
            assert_eq!(trimmed(text, 9), Ok(text));
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let same = |a: &str, b: &str| Name::new(a, 9).map(|name| name.key) == Name::new(b, 9).map(|name| name.key);
        assert!(same("Ada", "aDA"));
        assert!(same("ÄDA", "äda"));
        assert!(same("ada", "a\u{200d}da"));
        assert!(!same("ada", "adam"));
        assert!(Name::new("\u{200d}", 9).is_err());
        assert!(Name::new(" SERVER ", 9).is_ok_and(|name| name.is_the_servers()));
    }
}
