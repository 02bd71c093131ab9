//! Which cases: the words on the command line, the corpus they select from, and what is said when they select nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr as _;

use super::print::Count;
use crate::conform::{Corpus, Expression};

/// The corpus of this folder, or the one built in.
pub(super) fn corpus(folder: Option<&Path>) -> anyhow::Result<Corpus> {
    Ok(match folder {
        Some(folder) => Corpus::read(folder)?,
        None => Corpus::embedded(),
    })
}

/// The words as expressions.
pub(super) fn expressions(words: &[String]) -> anyhow::Result<Vec<Expression>> {
    let expression = |word: &String| match Expression::from_str(word) {
        Err(_) if is_host(word) => {
            anyhow::bail!("`{word}` is neither a case nor a target: a target is written ws://{word}")
        }
        other => Ok(other?),
    };
    words.iter().map(expression).collect()
}

/// What is to be said of each word that selects nothing.
pub(super) fn useless(words: &[String], expressions: &[Expression], corpus: &Corpus) -> Vec<String> {
    let all = Count(corpus.cases.len(), "case");
    let useless = words.iter().zip(expressions).filter(|(_, expression)| {
        let expression: &Expression = match expression {
            Expression::Not(inner) => inner,
            other => other,
        };
        !corpus.cases.iter().any(|case| expression.selects(case))
    });
    let say = |(word, expression): (&String, &Expression)| match expression {
        Expression::Tag(_) => {
            let tags: BTreeSet<&str> = corpus.cases.iter().flat_map(|case| &case.tags).map(String::as_str).collect();
            let tags: Vec<&str> = tags.into_iter().collect();
            format!("`{word}` selects none of the {all}: the tags are {}", tags.join(", "))
        }
        _ => format!("`{word}` selects none of the {all}"),
    };
    useless.map(say).collect()
}

/// Whether a word is a target.
pub(super) fn is_url(word: &str) -> bool {
    word.contains("://") || word.starts_with("unix:")
}

/// Whether a word that is no case looks like a target without its scheme.
fn is_host(word: &str) -> bool {
    let host = word.split('/').next().unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.parse::<u16>().is_ok()) || (word.contains('/') && host.contains('.'))
}
