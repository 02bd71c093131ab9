//! What the environment asks for: with which tester to compare, and which cases.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;

use wslab::conform::{Corpus, Id, Selection};

/// The tester: `WSLAB_INTEROP_TESTER`, from the root of the repository, or the one that Cargo built for this test.
pub(crate) fn tester() -> PathBuf {
    env::var_os("WSLAB_INTEROP_TESTER")
        .filter(|path| !path.is_empty())
        .map_or_else(|| env!("CARGO_BIN_EXE_wslab").into(), |path| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path))
}

/// The cases that are played: of Autobahn's, for it measured nothing of the others.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// As the command line of `wslab conform` has them.
    pub(crate) words: Vec<String>,
    /// The cases of Autobahn that they do not select.
    pub(crate) left_out: BTreeSet<Id>,
}

impl Chosen {
    /// Those of `WSLAB_INTEROP_CASES`, which is written as for `wslab conform`; all if there is nothing in it.
    pub(crate) fn of_environment() -> Result<Self, String> {
        Self::new(&env::var("WSLAB_INTEROP_CASES").unwrap_or_default())
            .map_err(|error| format!("WSLAB_INTEROP_CASES: {error}"))
    }

    fn new(words: &str) -> Result<Self, String> {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        let expressions = words.iter().map(|word| word.parse()).collect::<Result<_, _>>();
        let expressions = expressions.map_err(|error: wslab::conform::SelectError| error.to_string())?;
        let selection = Selection { expressions, ..Selection::default() };
        let corpus = Corpus::embedded();
        let (cases, others): (Vec<_>, Vec<_>) = corpus.cases.iter().partition(|case| is_autobahns(&case.id));
        let left_out: BTreeSet<_> =
            cases.iter().filter(|case| !selection.selects(case)).map(|case| case.id.clone()).collect();
        if left_out.len() == cases.len() {
            return Err(format!("`{}` selects nothing that Autobahn has", words.join(" ")));
        }
        // The groups are taken away one by one: an expression of nothing but these would select all the rest.
        let groups: BTreeSet<_> = others.iter().filter_map(|case| case.id.parts().next()).collect();
        let words = words.into_iter().chain(groups.iter().map(|group| format!("not:{group}"))).collect();
        Ok(Self { words, left_out })
    }
}

/// Autobahn's ids are numbers.
fn is_autobahns(id: &Id) -> bool {
    id.as_str().starts_with(|first: char| first.is_ascii_digit())
}

/// Tests without a server, which always run.
pub(crate) mod tests {
    use libtest_mimic::Trial;
    use wslab::conform::{Corpus, Selection};

    use super::{Chosen, is_autobahns};

    pub(crate) fn trials() -> Vec<Trial> {
        let trial = |name: &str, test: fn()| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        };
        vec![
            trial("cases_are_chosen_as_on_the_command_line", cases_are_chosen_as_on_the_command_line),
            trial("only_cases_of_autobahn_are_played", only_cases_of_autobahn_are_played),
        ]
    }

    fn count(words: &str) -> Result<usize, String> {
        Chosen::new(words).map(|chosen| 517 - chosen.left_out.len())
    }

    fn cases_are_chosen_as_on_the_command_line() {
        assert_eq!(count(""), Ok(517));
        assert_eq!(count("not:12 not:13"), Ok(301));
        assert_eq!(count("1 12.?.2"), Ok(16 + 5));
        assert_eq!(count("1 not:1.2"), Ok(8));
        insta::assert_snapshot!(count("99").expect_err("there is no such case"), @"`99` selects nothing that Autobahn has");
        insta::assert_snapshot!(count("hs").expect_err("it measured none"), @"`hs` selects nothing that Autobahn has");
        insta::assert_snapshot!(count("x:y").expect_err("it is no expression"), @"`x:y` selects nothing: there is no `x:`; write tag:…, rule:…, rfc:… or not:…");
    }
    fn only_cases_of_autobahn_are_played() {
        for words in ["", "1 hs", "tag:deflate", "not:12", "rfc:6455#5.2"] {
            let chosen = Chosen::new(words).expect("cases");
            let expressions = chosen.words.iter().map(|word| word.parse().expect("an expression")).collect();
            let selection = Selection { expressions, ..Selection::default() };
            let cases = Corpus::embedded().cases;
            let played: Vec<_> = cases.iter().filter(|case| selection.selects(case)).map(|case| &case.id).collect();
            assert!(played.iter().all(|id| is_autobahns(id)), "{words}: {played:?}");
            assert_eq!(played.len(), 517 - chosen.left_out.len(), "{words}");
        }
    }
}
