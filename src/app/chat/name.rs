//! Names of members and rooms.
//!
//! A name is shown to others, so nothing may stand in it that is not seen or changes how what is around it looks. No two
//! members of a room may have names that differ only in upper and lower case, or only in how Unicode writes the same
//! characters. Characters of several scripts that look alike are different ones.

use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;

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
    // What only joins or shapes others is nothing by itself.
    if text.chars().all(shapes) {
        return Err(NoName::Length);
    }
    match text.chars().any(disturbs) {
        true => Err(NoName::Character),
        false => Ok(text),
    }
}

/// Whether it breaks a line, turns the direction of writing, or is not seen: the control characters, what has Unicode's
/// property `Default_Ignorable_Code_Point` (except for what [`shapes`] others), and blanks that are no white space.
fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
            && !shapes(c)
}

/// Whether it joins others or chooses between their shapes, which some scripts and emoji need.
const fn shapes(c: char) -> bool {
    matches!(c,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}')
}

/// In the normalization form NFKC, without case, and without what [`shapes`].
fn key(name: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let seen: String = name.chars().filter(|&c| !shapes(c)).collect();
    // Capital letters first: of `ß`, `ς` and the like there is a small letter that only they lead to.
    let capitals: String = nfkc.normalize(&seen).chars().flat_map(char::to_uppercase).collect();
    let small: String = capitals.chars().flat_map(char::to_lowercase).collect();
    nfkc.normalize(&small).into_owned()
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
        for blank in ["\u{3164}", "\u{115f}", "\u{1160}", "\u{2800}", "\u{180e}", "\u{ffa0}", "\u{34f}", "\u{e0fff}"] {
            assert_eq!(trimmed(blank, 9), Err(NoName::Character), "{blank:?}");
        }
        for text in ["שלום", "مرحبا", "नमस्ते", "👩\u{200d}💻", "<b>&amp;"] {
            assert_eq!(trimmed(text, 9), Ok(text));
        }
    }

    #[test]
    fn names_that_are_written_differently_are_the_same() {
        let same = |a: &str, b: &str| Name::new(a, 9).map(|name| name.key) == Name::new(b, 9).map(|name| name.key);
        assert!(same("Ada", "aDA"));
        assert!(same("ÄDA", "äda"));
        assert!(same("ada", "a\u{200d}da"));
        assert!(same("é", "e\u{301}"));
        assert!(same("ÉE\u{301}", "éé"));
        assert!(same("ａｄａ", "ada"));
        assert!(same("ﬁ①", "FI1"));
        assert!(same("Straße", "STRASSE"));
        assert!(same("Σίσυφος", "ΣΊΣΥΦΟΣ"));
        assert!(same("葛\u{e0100}", "葛"));
        assert!(!same("ada", "adam"));
        assert!(!same("e", "é"));
        assert!(!same("か", "が"));
        assert!(Name::new("\u{200d}", 9).is_err());
        for server in [" SERVER ", "ｓｅｒｖｅｒ", "\u{17f}erver"] {
            assert!(Name::new(server, 9).is_ok_and(|name| name.is_the_servers()), "{server}");
        }
    }
}
