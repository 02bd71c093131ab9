//! The files that the Autobahn testsuite writes, for whoever reads those: `index.json`, and one JSON file for each case.
//!
//! Keys, values, file names and layout are Autobahn's; the sentences in them are our own. Cases that Autobahn does not
//! know are written in the same shape. What has no place in it is left out: of a long connection the frames in its
//! middle, bytes before they are frames, and cases without a connection to judge, for which Autobahn has no word.

mod case;
mod cut;
mod traffic;
mod wirelog;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::run::{Case, Report, Run};
use crate::watch::{CloseVerdict, Outcome, Transcript, Verdict};

/// The name of the file that lists all others.
pub const INDEX: &str = "index.json";

/// What a target is called that does not say what it is.
const UNKNOWN: &str = "UnknownServer";

/// The files of a report.
#[derive(Debug)]
pub struct Autobahn<'a> {
    agents: BTreeMap<String, Agent<'a>>,
}

/// What there is to say of one implementation.
#[derive(Debug, Default)]
struct Agent<'a> {
    /// By their ids.
    cases: BTreeMap<&'a str, Listed<'a>>,
    left_out: LeftOut,
}

/// A case and its file.
#[derive(Debug)]
struct Listed<'a> {
    case: Case<'a>,
    transcript: &'a Transcript,
    /// Its place among the cases of the run, from 1.
    number: usize,
    file: String,
}

/// Cases for which Autobahn has no word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// So many had no connection to judge.
    pub broken: usize,
    /// So many were not run.
    pub not_run: usize,
}

impl<'a> Autobahn<'a> {
    /// The files of these runs. Of runs with the same agent the last word on each case counts.
    pub fn of(report: &'a Report) -> Self {
        let mut agents: BTreeMap<String, Agent<'a>> = BTreeMap::new();
        for run in &report.runs {
            let agent = agents.entry(agent_of(run)).or_default();
            for (index, case) in run.cases().enumerate() {
                let outcome = case.outcome();
                match (&outcome.verdict, &outcome.transcript) {
                    (Verdict::NotRun(_), _) => agent.left_out.not_run += 1,
                    (Verdict::Broken(_), _) | (_, None) => agent.left_out.broken += 1,
                    (_, Some(transcript)) => {
                        let listed = Listed { case, transcript, number: index + 1, file: String::new() };
                        agent.cases.insert(case.id(), listed);
                    }
                }
            }
        }
        let mut taken = BTreeSet::new();
        for (name, agent) in &mut agents {
            for (id, listed) in &mut agent.cases {
                listed.file = file_name(name, id, &mut taken);
            }
        }
        Self { agents }
    }

    /// The text of [`INDEX`].
    pub fn index(&self) -> String {
        let agents = self.agents.iter().map(|(name, agent)| {
            let cases = agent.cases.iter().map(|(id, listed)| ((*id).to_owned(), listed.row()));
            (name.clone(), Value::Object(cases.collect()))
        });
        text(&Value::Object(agents.collect()))
    }

    /// The files of the cases: their names and texts.
    pub fn files(&self) -> impl Iterator<Item = (&str, String)> {
        self.agents.iter().flat_map(|(name, agent)| {
            agent.cases.values().map(move |listed| {
                let details = case::details(name, listed.number, &listed.case, listed.transcript);
                (listed.file.as_str(), text(&details))
            })
        })
    }

    /// Of each agent, what it lacks here.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, LeftOut)> {
        let all = self.agents.iter().map(|(name, agent)| (name.as_str(), agent.left_out));
        all.filter(|(_, left_out)| *left_out != LeftOut::default())
    }
}

impl Listed<'_> {
    /// What the index says of the case.
    fn row(&self) -> Value {
        let outcome = self.case.outcome();
        json!({
            "behavior": behaviour(&outcome.verdict),
            "behaviorClose": behaviour_close(outcome.close),
            "duration": duration(outcome),
            "remoteCloseCode": case::remote_code(outcome),
            "reportfile": self.file,
        })
    }
}

/// Autobahn's word for a verdict; those without a word are not asked for.
fn behaviour(verdict: &Verdict) -> String {
    verdict.word().to_uppercase()
}

/// Autobahn's word for the end of a connection.
fn behaviour_close(close: CloseVerdict) -> String {
    close.word().to_uppercase().replace('-', " ")
}

/// Whole milliseconds from open until the end; of a connection that was never open, from its beginning.
fn duration(outcome: &Outcome) -> u64 {
    let open = outcome.transcript.as_ref().filter(|transcript| transcript.is_open());
    let duration = open.map_or(outcome.duration, |transcript| transcript.duration);
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Who was tested: the name that was given, or what the server says that it is.
fn agent_of(run: &Run) -> String {
    if let Some(agent) = &run.agent {
        return agent.clone();
    }
    let mut answers = run.tests.iter().filter_map(|test| test.outcome.transcript.as_ref()?.opening.as_ref());
    let server = answers.find_map(|opening| {
        let head = String::from_utf8_lossy(&opening.response);
        let server = head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("server").then(|| value.trim().to_owned())
        });
        server.filter(|server| !server.is_empty())
    });
    server.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// `my_agent_case_1_1_1.json`; a number is added if another file has the name.
fn file_name(agent: &str, id: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |text: &str| -> String {
        let lower = text.trim().to_lowercase();
        lower
            .chars()
            .map(|character| if matches!(character, 'a'..='z' | '0'..='9') { character } else { '_' })
            .collect()
    };
    let mut agent = plain(agent);
    // A file name is bounded; what is longer is told apart by its number.
    agent.truncate(100);
    let mut id = plain(id);
    id.truncate(100);
    let name = format!("{agent}_case_{id}");
    let numbered = (2..).map(|number| format!("{name}_{number}.json"));
    let mut names = std::iter::once(format!("{name}.json")).chain(numbered);
    // There are more numbers than files.
    names.find(|name| taken.insert(name.clone())).unwrap_or(name)
}

/// JSON as Autobahn lays it out.
fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    let layout = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, layout);
    // What is written is JSON already, and a vector takes it all.
    let _infallible = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Counts by number, in the order of the numbers.
fn counts<N: Copy + ToString>(counts: &BTreeMap<N, u64>) -> Map<String, Value> {
    counts.iter().map(|(number, count)| (number.to_string(), (*count).into())).collect()
}
