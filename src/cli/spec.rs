//! `wslab conform --spec`: what Autobahn's configuration files say, done.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use anyhow::Context as _;

use super::conform::Conform;
use super::print;
use super::screen::Screen;
use super::session::{Came, is_unread};
use super::{Everywhere, Exit, choice, progress};
use crate::conform::{
    Case, Conclusion, Corpus, MAX_SPEC, Reason, Remote, Spec, SpecCases, Tested, TestedClients, TestedServer,
};
use crate::net::Target;
use crate::wire::http::without_secrets;

/// What Autobahn calls a server without a name that does not say what it is.
const UNNAMED: &str = "UnknownServer";

/// Runs what the file says. What the command line says beside it narrows it down or stands in for it.
pub(super) async fn run(mut conform: Conform, path: &Path, everywhere: &Everywhere) -> anyhow::Result<Exit> {
    let name = path.display().to_string();
    let text = read(path).with_context(|| format!("cannot read {name}"))?;
    let Spec { outdir, tested, cases, ignored } = Spec::parse(&name, &text)?;
    if !ignored.is_empty() {
        print::warning(format_args!("{name}: this has no effect here: {}", ignored.join(", ")));
    }
    let corpus = choice::corpus(conform.corpus.as_deref())?;
    let strangers = cases.strangers(&corpus.cases);
    if !strangers.is_empty() {
        print::warning(format_args!("{name}: no case fits {}", strangers.join(", ")));
    }
    conform.keeping.write_autobahn_to(outdir.into());
    match tested {
        Tested::Servers(servers) => {
            let servers = named(&name, &conform, servers)?;
            test_servers(&name, &conform, &servers, &cases, &corpus, everywhere).await
        }
        Tested::Clients(clients) => {
            let TestedClients { url, place: (line, column), key, cert, timers } = clients;
            conform.timers = timers;
            let listening = conform.listening.at(&url, cert, key);
            listening.with_context(|| format!("{name}:{line}:{column}"))?;
            conform.excluded = cases.clone();
            let chosen = conform.chosen(&corpus, |case| cases.select(case))?;
            conform.test(everywhere, &corpus, &chosen, None).await
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    // One byte more than there may be, so that the parser can say that it is too large.
    File::open(path)?.take(MAX_SPEC as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The servers of the file, or the one of the command line if the file names none.
fn named(name: &str, conform: &Conform, servers: Vec<TestedServer>) -> anyhow::Result<Vec<TestedServer>> {
    match &conform.target {
        Some(_) if !servers.is_empty() => {
            anyhow::bail!("there is a target on the command line, and {name} names servers: leave one of them out")
        }
        None if servers.is_empty() => anyhow::bail!("{name} names no server: name a target on the command line"),
        Some(url) => {
            let agent = conform.agent.clone();
            Ok(vec![TestedServer { url: url.clone(), agent, ..TestedServer::default() }])
        }
        None => Ok(servers),
    }
}

/// A server, and how it is tested.
struct Test {
    conform: Conform,
    target: Target,
    cases: Vec<Arc<Case>>,
    /// Who is tested, among several.
    label: String,
}

fn test_of(
    name: &str,
    conform: &Conform,
    server: &TestedServer,
    cases: &SpecCases,
    corpus: &Corpus,
) -> anyhow::Result<Test> {
    let TestedServer { url, place: (line, column), agent, origin, protocols, timers } = server;
    let target = Target::from_str(url).with_context(|| format!("{name}:{line}:{column}"))?;
    let label = agent.clone().unwrap_or_else(|| without_secrets(url).into_owned());
    let mut conform = conform.clone();
    conform.asking.also(origin.as_ref(), protocols);
    (conform.target, conform.agent, conform.timers) = (Some(url.clone()), agent.clone(), *timers);
    let agent = agent.as_deref().unwrap_or(UNNAMED);
    let cases = conform.chosen(corpus, |case| cases.select(case) && !cases.excludes(agent, case))?;
    Ok(Test { conform, target, cases, label })
}

/// Tests servers, one after another.
async fn test_servers(
    name: &str,
    conform: &Conform,
    servers: &[TestedServer],
    cases: &SpecCases,
    corpus: &Corpus,
    everywhere: &Everywhere,
) -> anyhow::Result<Exit> {
    conform.check_for_servers()?;
    let tests: Vec<Test> =
        servers.iter().map(|server| test_of(name, conform, server, cases, corpus)).collect::<anyhow::Result<_>>()?;
    if let [test] = tests.as_slice() {
        return test.conform.test(everywhere, corpus, &test.cases, Some(test.target.clone())).await;
    }
    // What cannot be done is said before an earlier recording is written over.
    conform.keeping.check_agents(tests.iter().filter(|test| !test.cases.is_empty()).count())?;
    let remote = |test: &Test| test.conform.asking.remote(test.target.clone());
    let remotes: Vec<Remote> = tests.iter().map(remote).collect::<anyhow::Result<_>>()?;
    let mut session = conform.keeping.begin(conform, everywhere, corpus)?;
    let bars = progress::bars();
    let mut conclusions: Vec<Conclusion> = Vec::new();
    let mut shown = Ok(());
    for (Test { conform, cases, label, .. }, remote) in tests.iter().zip(remotes) {
        if cases.is_empty() {
            continue;
        }
        let screen = Screen::of_agent(conform, everywhere, cases.len(), label, &bars);
        let (conclusion, screened) = conform.against(remote, corpus, cases, &mut session, screen).await?;
        let cancelled = conclusion.summary.stopped == Some(Reason::Cancelled);
        let unread = conclusion.told.is_err() || screened.is_err();
        shown = screened;
        conclusions.push(conclusion);
        if cancelled || unread {
            break;
        }
    }
    let cancelled = |conclusion: &Conclusion| conclusion.summary.stopped == Some(Reason::Cancelled);
    let reached = conclusions.iter().filter(|conclusion| conclusion.reached);
    let came: Vec<Came<'_>> = reached.map(Came::of).collect();
    let lost = came.iter().any(|came| !came.complete);
    let passed = session.finish(&came)? && !lost;
    let interrupted = conclusions.iter().any(cancelled);
    let unreached = conclusions.iter().any(|conclusion| !conclusion.reached);
    let nothing = conclusions.is_empty();
    let told = conclusions.into_iter().fold(shown, |told, conclusion| told.and(conclusion.told));
    if is_unread(told)? {
        return Ok(Exit::Ok);
    }
    Ok(match () {
        () if nothing => Exit::NothingSelected,
        () if interrupted => Exit::Interrupted,
        () if !passed => Exit::Failed,
        () if unreached => Exit::Unreachable,
        () => Exit::Ok,
    })
}
