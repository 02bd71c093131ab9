//! `wslab cases`: list, explain and check the cases.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::print::{self, Count};
use super::{Everywhere, Exit, choice, value};
use crate::conform::{Case, Corpus, Selection};
use crate::proto::Role;
use crate::report;

/// Arguments of `wslab cases`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Cases {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List cases: id, level, clauses and title
    List(List),
    /// Explain cases: what is wanted, every byte that is sent, what may come back
    Show(Show),
    /// Say what is wrong in a folder of cases
    Check(Check),
}

#[derive(Debug, Args)]
struct List {
    /// The cases to list, selected as `wslab conform` does; all of them if none is named
    #[arg(value_name = "CASES")]
    cases: Vec<String>,
    /// Leave out the cases that move much data
    #[arg(long, env = "WSLAB_QUICK", value_parser = value::flag)]
    quick: bool,
    /// Print one JSON object for each case
    #[arg(long, env = "WSLAB_JSON", value_parser = value::flag)]
    json: bool,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
struct Show {
    /// The cases to explain
    #[arg(value_name = "CASES", required = true)]
    cases: Vec<String>,
    /// The end that the target is: the tester is the other one
    #[arg(long, env = "WSLAB_TARGET", value_name = "END", default_value = "server")]
    target: End,
    #[command(flatten)]
    from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum End {
    Server,
    Client,
}

#[derive(Debug, Args)]
struct From {
    /// Read the cases from this folder instead of those built in
    #[arg(long, env = "WSLAB_CORPUS", value_name = "DIR")]
    corpus: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Check {
    /// The folder, or a single file
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Cases {
    pub(super) fn run(self, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        match self.what {
            None => list(&self.list, everywhere),
            Some(What::List(arguments)) => list(&arguments, everywhere),
            Some(What::Show(show)) => explain(&show),
            Some(What::Check(check)) => examine(&check.folder, everywhere),
        }
    }
}

/// The selected cases; `None` if there are none, which was said.
fn selected<'a>(corpus: &'a Corpus, words: &[String], quick: bool) -> anyhow::Result<Option<Vec<&'a Case>>> {
    let expressions = choice::expressions(words)?;
    let useless = choice::useless(words, &expressions, corpus);
    let cases = Selection { expressions, quick, shard: None }.of(&corpus.cases);
    if cases.is_empty() {
        print::error("no case is selected");
        useless.iter().for_each(|words| print::tell(format_args!("{words}")));
        return Ok(None);
    }
    useless.iter().for_each(print::warning);
    Ok(Some(cases))
}

fn list(arguments: &List, everywhere: &Everywhere) -> anyhow::Result<Exit> {
    let corpus = choice::corpus(arguments.from.corpus.as_deref())?;
    let Some(cases) = selected(&corpus, &arguments.cases, arguments.quick)? else {
        return Ok(Exit::NothingSelected);
    };
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    if arguments.json {
        for case in &cases {
            writeln!(out, "{}", report::json_case(&case.brief()))?;
        }
    } else {
        let clauses: Vec<String> = cases.iter().map(|case| clauses(case)).collect();
        let id = cases.iter().map(|case| case.id.as_str().len()).max().unwrap_or_default();
        let width = clauses.iter().map(String::len).max().unwrap_or_default();
        for (case, clauses) in cases.iter().zip(&clauses) {
            let Case { id: name, level, title, .. } = case;
            writeln!(out, "{:id$}  {level:<6}  {clauses:width$}  {title}", name.as_str())?;
        }
    }
    out.flush()?;
    if !arguments.json && !everywhere.quiet {
        print::tell(format_args!("{}", Count(cases.len(), "case")));
    }
    Ok(Exit::Ok)
}

fn clauses(case: &Case) -> String {
    case.clauses.iter().map(|clause| clause.0).collect::<Vec<_>>().join(" ")
}

fn explain(arguments: &Show) -> anyhow::Result<Exit> {
    let corpus = choice::corpus(arguments.from.corpus.as_deref())?;
    let Some(cases) = selected(&corpus, &arguments.cases, false)? else { return Ok(Exit::NothingSelected) };
    let us = match arguments.target {
        End::Server => Role::Client,
        End::Client => Role::Server,
    };
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    for (index, case) in cases.into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        // A case that one end alone can be the target of leaves nothing to choose.
        let us = case.target.map_or(us, Role::peer);
        write!(out, "{}", report::explain(case, &case.spelled(us)))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn examine(folder: &Path, everywhere: &Everywhere) -> anyhow::Result<Exit> {
    let corpus = Corpus::read(folder)?;
    if !everywhere.quiet {
        let cases = Count(corpus.cases.len(), "case");
        print::result(format_args!("{}: nothing is wrong in {cases}", folder.display()))?;
    }
    Ok(Exit::Ok)
}
