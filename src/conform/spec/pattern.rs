//! Patterns for cases and agents, as Autobahn reads them.

use crate::conform::Id;

/// Whether a pattern for cases fits an id. With a `*`, which stands for any characters, the beginning of the id has to
/// fit, and the rest may be anything; without one it is the id. What a `*` leaves open it leaves open among Autobahn's
/// own cases: the ids that are numbers.
pub fn fits_case(pattern: &str, id: &Id) -> bool {
    if !pattern.contains('*') {
        return pattern == id.as_str();
    }
    is_numeric(id) && fits(pattern, id.as_str(), false)
}

/// Whether a pattern fits all of a text. A `*` stands for any characters.
pub fn fits_whole(pattern: &str, text: &str) -> bool {
    fits(pattern, text, true)
}

fn is_numeric(id: &Id) -> bool {
    id.parts().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn fits(pattern: &str, text: &str, to_the_end: bool) -> bool {
    let mut parts = pattern.split('*');
    // There is always a first part.
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{fits_case, fits_whole};

    fn case(pattern: &str, id: &str) -> bool {
        fits_case(pattern, &id.parse().expect("an id"))
    }

    #[test]
    fn a_star_is_anything_and_only_the_beginning_counts() {
        for id in ["1.1.1", "12.5.18", "5.1"] {
            assert!(case("*", id));
        }
        assert!(case("1.*", "1.1.1") && !case("1.*", "10.1.1") && !case("1.*", "1"));
        assert!(case("1*", "10.1.1") && case("1*", "1.1.1"));
        assert!(case("*.1", "1.1.1") && case("*.1", "1.12.3"), "the end is open");
        assert!(case("1.*.2", "1.1.2") && case("1.*.2", "1.1.21") && !case("1.*.2", "1.1.3"));
        assert!(!case("*.*.*", "5.1"));
    }

    #[test]
    fn without_a_star_it_is_an_id() {
        assert!(case("1.1.1", "1.1.1") && !case("1.1", "1.1.1") && !case("1.1.1", "1.1.10"));
    }

    #[test]
    fn a_star_does_not_reach_cases_that_autobahn_lacks() {
        assert!(!case("*", "hs.1"));
        assert!(case("hs.1", "hs.1"));
    }

    #[test]
    fn agents_fit_as_a_whole() {
        for (pattern, text, fits) in [
            ("*", "any", true),
            ("*", "", true),
            ("Auto*", "AutobahnPython", true),
            ("Auto*", "My Auto", false),
            ("*hon", "AutobahnPython", true),
            ("*hon", "Python/2", false),
            ("A*b*c", "AxxbyybzC", false),
            ("A*b*c", "Axxbyybzc", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a.b", "axb", false),
            ("a", "a", true),
            ("a", "ab", false),
        ] {
            assert_eq!(fits_whole(pattern, text), fits, "{pattern} {text}");
        }
    }
}
