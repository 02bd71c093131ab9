//! That no rule is a dead letter: each is the subject of a case, or of a test that names it.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use wslab::conform::Corpus;
use wslab::proto::Rule;

/// The names of rules that stand as words in `text`.
fn rules_named_in(text: &str) -> BTreeSet<&'static str> {
    let words: BTreeSet<&str> =
        text.split(|character: char| !character.is_alphanumeric() && character != '_').collect();
    Rule::ALL.iter().map(|rule| rule.name()).filter(|name| words.contains(name)).collect()
}

/// The text of every test below `folder`.
fn tests_below(folder: &Path, text: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Neither what is measured or made up nor this check itself tests a rule.
        if path.is_dir() && !["bench", "fuzz", "tidy"].iter().any(|name| path.ends_with(name)) {
            tests_below(&path, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[test]
fn every_rule_is_the_subject_of_a_case_or_a_test() -> io::Result<()> {
    let corpus = Corpus::embedded();
    let mut covered: BTreeSet<&str> =
        corpus.cases.iter().flat_map(|case| &case.rules).map(|rule| rule.name()).collect();
    let mut tests = String::new();
    tests_below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")), &mut tests)?;
    covered.extend(rules_named_in(&tests));
    let dead: Vec<_> = Rule::ALL.iter().filter(|rule| !covered.contains(rule.name())).collect();
    assert!(dead.is_empty(), "no case and no test is about {dead:?}");
    Ok(())
}

#[test]
fn a_rule_counts_only_where_it_stands_as_a_word() {
    assert_eq!(rules_named_in("Rule::Masked, \"ReservedBit\""), BTreeSet::from(["Masked", "ReservedBit"]));
    assert_eq!(rules_named_in("UnmaskedX Masked_"), BTreeSet::new());
}

#[test]
fn every_case_cites_a_clause() {
    for case in &Corpus::embedded().cases {
        assert!(!case.clauses.is_empty(), "{}", case.id);
    }
}
