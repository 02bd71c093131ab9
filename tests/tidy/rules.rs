//! The table of rules.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wslab::proto::{Clause, Level, Rule, Rules, UnknownRule};
use wslab::wire::CloseBody;

/// What is wrong with the words of a rule: they complete "the peer broke a rule: " and go into a close frame.
fn fault_of_words(words: &str) -> Option<&'static str> {
    match words {
        "" => Some("there are none"),
        _ if words.len() > CloseBody::MAX_REASON => Some("they do not fit in the reason of a close frame"),
        _ if words.ends_with('.') => Some("they end a sentence"),
        _ if words.starts_with(char::is_uppercase) => Some("they begin a sentence"),
        _ if words.trim() != words || words.contains(char::is_control) => Some("they are not plain"),
        _ => None,
    }
}

/// Whether a clause is the number of an RFC, `#`, and the number of a section.
fn is_well_formed(Clause(clause): Clause) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    clause
        .split_once('#')
        .is_some_and(|(rfc, section)| rfc.len() == 4 && is_number(rfc) && section.split('.').all(is_number))
}

#[test]
fn the_words_of_every_rule_fit_in_a_close_reason() {
    for rule in Rule::ALL {
        assert_eq!(fault_of_words(rule.words()), None, "{rule:?}: {rule}");
    }
    for words in ["", "Begins", "ends.", " a", "a\nb", &"x".repeat(124)] {
        assert!(fault_of_words(words).is_some(), "{words:?}");
    }
    assert_eq!(fault_of_words(&"x".repeat(123)), None);
}

#[test]
fn names_and_words_are_unique() {
    let unique = |of: fn(Rule) -> &'static str| Rule::ALL.iter().map(|rule| of(*rule)).collect::<BTreeSet<_>>().len();
    assert_eq!(unique(Rule::name), Rule::ALL.len());
    assert_eq!(unique(Rule::words), Rule::ALL.len());
}

#[test]
fn every_clause_is_well_formed() {
    for rule in Rule::ALL {
        assert!(is_well_formed(rule.clause()), "{rule:?}: {:?}", rule.clause());
    }
    for clause in ["", "6455", "6455#", "#5.2", "6455#5.", "6455#.2", "6455#5 .2", "64#5", "6455#5.2#1", "rfc6455#5"] {
        assert!(!is_well_formed(Clause(clause)), "{clause}");
    }
    assert!(is_well_formed(Clause("7692#7.1.2.1")));
}

#[test]
fn a_clause_has_an_rfc_and_a_section() {
    let clause = Rule::ReservedBit.clause();
    assert_eq!((clause.rfc(), clause.section(), clause.to_string().as_str()), ("6455", "5.2", "RFC 6455, section 5.2"));
}

/// RFC 6455, section 7.4.1: what an endpoint may say when it fails a connection over what it was sent.
#[test]
fn every_close_code_may_be_sent_and_says_what_is_wrong() {
    for rule in Rule::ALL {
        if let Some(code) = rule.close_code() {
            assert!(code.may_be_sent(), "{rule:?}: {code}");
            assert!(matches!(code.0, 1002 | 1003 | 1007 | 1008 | 1009 | 1010), "{rule:?}: {code}");
        }
    }
}

#[test]
fn a_rule_is_found_by_its_name() {
    for rule in Rule::ALL {
        assert_eq!(rule.name().parse(), Ok(*rule));
        assert_eq!(format!("{rule:?}"), rule.name());
        assert_eq!(rule.to_string(), rule.words());
    }
    for name in ["", "reservedbit", "ReservedBit ", "NoSuchRule"] {
        assert_eq!(name.parse::<Rule>(), Err(UnknownRule), "{name}");
    }
}

#[test]
fn levels_are_in_the_words_of_rfc_2119() {
    assert_eq!((Level::Must.to_string(), Level::Should.to_string()), ("MUST".into(), "SHOULD".into()));
    assert!(Level::Must < Level::Should, "the more binding one comes first");
}

/// Rules are ordered as the table is.
#[test]
fn the_table_is_in_order() {
    assert!(Rule::ALL.is_sorted());
}

#[test]
fn a_set_may_hold_every_rule() {
    let all: Rules = Rule::ALL.iter().copied().collect();
    assert_eq!(all.collect::<Vec<_>>(), Rule::ALL);
}

proptest! {
    #[test]
    fn rules_are_a_set(inserted in vec(select(Rule::ALL), 0..80)) {
        let mut set = Rules::NONE;
        let mut model = BTreeSet::new();
        prop_assert!(set.is_empty());
        for rule in inserted {
            set.insert(rule);
            model.insert(rule);
            prop_assert!(!set.is_empty());
        }
        for rule in Rule::ALL {
            prop_assert_eq!(set.contains(*rule), model.contains(rule));
        }
        prop_assert_eq!(format!("{set:?}"), format!("{model:?}"));
        prop_assert_eq!(model.iter().copied().collect::<Rules>(), set);
        prop_assert_eq!(set.collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>(), "in the order of the table");
        let mut popped = set;
        while let Some(first) = model.pop_first() {
            prop_assert_eq!(popped.pop(), Some(first));
            prop_assert!(!popped.contains(first));
        }
        prop_assert_eq!((popped.pop(), popped.is_empty()), (None, true));
    }
}
