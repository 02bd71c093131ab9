//! The messages of a feed, and how names in them are read and quoted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write};

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The most names in one request.
pub const MAX_NAMES: usize = 100;

/// The longest name of a stream, in bytes.
pub const MAX_NAME: usize = 64;

/// So many unknown names are quoted; of the others it is said how many they are.
const MAX_QUOTED_NAMES: usize = 10;

/// So many characters of an unknown name are quoted.
const MAX_QUOTED: usize = 40;

/// What a client asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Request<'m> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'m, str>,
    #[serde(borrow)]
    pub(super) streams: Option<Names<'m>>,
}

/// The names in a request, each of them once; `None` where there are more than [`MAX_NAMES`].
#[derive(Debug)]
pub(super) struct Names<'m>(pub(super) Option<Vec<Cow<'m, str>>>);

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'m>(#[serde(borrow)] Cow<'m, str>);

impl<'de: 'm, 'm> Deserialize<'de> for Names<'m> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Listing)
    }
}

struct Listing;

impl<'de> Visitor<'de> for Listing {
    type Value = Names<'de>;

    fn expecting(&self, words: &mut fmt::Formatter<'_>) -> fmt::Result {
        words.write_str("a list of names of streams")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Names<'de>, A::Error> {
        let mut names = Vec::new();
        let mut known = HashSet::new();
        for _ in 0..MAX_NAMES {
            let Some(Name(name)) = sequence.next_element()? else { return Ok(Names(Some(names))) };
            if known.insert(name.clone()) {
                names.push(name);
            }
        }
        // However many there are, they are not kept.
        let mut over = false;
        while sequence.next_element::<IgnoredAny>()?.is_some() {
            over = true;
        }
        Ok(Names((!over).then_some(names)))
    }
}

/// A value of a stream.
#[derive(Serialize)]
pub(super) struct Data<'a, T: ?Sized> {
    r#type: &'static str,
    stream: &'a str,
    data: &'a T,
}

impl<'a, T: ?Sized> Data<'a, T> {
    pub(super) const fn new(stream: &'a str, data: &'a T) -> Self {
        Self { r#type: "data", stream, data }
    }
}

/// The streams that there are.
#[derive(Serialize)]
pub(super) struct Listed<'a> {
    r#type: &'static str,
    streams: &'a [&'a str],
}

impl<'a> Listed<'a> {
    pub(super) const fn new(streams: &'a [&'a str]) -> Self {
        Self { r#type: "streams", streams }
    }
}

/// Says which streams there are not. Names are cut, and what could harm somebody who looks at them is escaped.
pub(super) fn unknown(names: &[Cow<'_, str>]) -> String {
    let mut words = String::from("Unknown streams: ");
    for (at, name) in names.iter().take(MAX_QUOTED_NAMES).enumerate() {
        if at > 0 {
            words.push_str(", ");
        }
        let mut escaped = name.chars().take(MAX_QUOTED).flat_map(char::escape_debug);
        words.extend(escaped.by_ref().take(MAX_QUOTED));
        if escaped.next().is_some() || name.chars().nth(MAX_QUOTED).is_some() {
            words.push('…');
        }
    }
    let more = names.len().saturating_sub(MAX_QUOTED_NAMES);
    if more > 0 {
        // Writing to a string cannot fail.
        let _written = write!(words, " and {more} more");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let Names(names) = serde_json::from_str(text).expect("a list of names");
        names.map(|names| names.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn names_are_counted_and_doubles_are_dropped() {
        assert_eq!(names("[]"), Some(vec![]));
        assert_eq!(names(r#"["a","b","a","\u0062"]"#), Some(vec!["a".to_owned(), "b".to_owned()]));
        let many = |count: usize| serde_json::to_string(&vec!["a"; count]).expect("JSON");
        assert_eq!(names(&many(MAX_NAMES)), Some(vec!["a".to_owned()]));
        assert_eq!(names(&many(MAX_NAMES + 1)), None);
    }

    #[test]
    fn unknown_names_are_cut_and_harmless() {
        let said = |names: &[&str]| unknown(&names.iter().map(|&name| name.into()).collect::<Vec<_>>());
        assert_eq!(said(&["foo", "bar"]), "Unknown streams: foo, bar");
        assert_eq!(said(&["größe"]), "Unknown streams: größe");
        assert_eq!(said(&["a\x1b[2Jb\u{202e}c\n"]), r"Unknown streams: a\u{1b}[2Jb\u{202e}c\n");
        assert_eq!(said(&[&"x".repeat(41)]), format!("Unknown streams: {}…", "x".repeat(40)));
        assert_eq!(said(&[&"\0".repeat(40)]), format!("Unknown streams: {}…", r"\0".repeat(20)));
        assert_eq!(said(&["x"; 12]), "Unknown streams: x, x, x, x, x, x, x, x, x, x and 2 more");
    }
}
