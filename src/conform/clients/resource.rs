//! What a client can ask for: Autobahn's URLs, and one path for each case.

use std::sync::Arc;

use crate::conform::{Case, Options};
use crate::watch::Reason;

/// The longest name of an agent, in bytes.
const NAME: usize = 100;

/// The cases of a run, and their numbers.
#[derive(Debug)]
pub(super) struct Numbered {
    /// All cases that were selected, sorted by id.
    pub(super) cases: Vec<Arc<Case>>,
    /// How each is played, or why it is not.
    played: Vec<Result<Arc<Case>, Reason>>,
    /// Those that are played, by their number less one.
    numbers: Vec<usize>,
}

impl Numbered {
    pub(super) fn new(cases: &[Arc<Case>], options: &Options) -> Self {
        let played: Vec<_> = cases.iter().map(|case| options.playable(case)).collect();
        let numbers = (0..played.len()).filter(|&index| played[index].is_ok()).collect();
        Self { cases: cases.to_vec(), played, numbers }
    }

    /// The case of this index as it is played.
    pub(super) fn playable(&self, index: usize) -> Result<&Arc<Case>, Reason> {
        self.played[index].as_ref().map_err(|&reason| reason)
    }

    /// How many cases there are to ask for.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The indices of the cases that can be asked for.
    pub(super) fn indices(&self) -> &[usize] {
        &self.numbers
    }

    fn by_number(&self, number: &str) -> Result<usize, Refusal> {
        let count = self.count();
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| self.numbers.get(index).copied()).ok_or_else(|| {
            Refusal::bad(format!("case={} is none of the numbers from 1 to {count}", number.escape_debug()))
        })
    }

    fn by_id(&self, id: &str) -> Result<usize, Refusal> {
        let found = self.numbers.iter().copied().find(|&index| self.cases[index].id.as_str() == id);
        found.ok_or_else(|| Refusal(404, format!("no case {} is selected for clients", id.escape_debug())))
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// A word on what can be asked for.
    Help,
    /// How many cases there are.
    Count,
    /// What a case is.
    Info(usize),
    /// To play a case.
    Run { case: usize, agent: String },
    /// What a case came to.
    Status { case: usize, agent: String },
    /// The end of an agent's run, and perhaps of everything.
    Update { agent: String, stop: bool },
    /// The end of everything.
    Stop,
}

/// Why something cannot be asked for: a status of HTTP, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16, pub(super) String);

impl Refusal {
    fn bad(words: String) -> Self {
        Self(400, words)
    }
}

/// The path under which the case of this id is played.
pub(super) fn path_of(case: &Case) -> String {
    format!("{CASE}{}", case.id)
}

pub(super) const CASE: &str = "case/";

impl Resource {
    /// Reads a path and query. `nameless` is the name of an agent that does not give one.
    pub(super) fn read(resource: &str, numbered: &Numbered, nameless: &str) -> Result<Self, Refusal> {
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let query = Query(query);
        // Harnesses put a path behind a base that may end with a slash.
        let path = path.trim_start_matches('/');
        let agent = || query.agent(nameless);
        Ok(match path {
            "" => Self::Help,
            "getCaseCount" => Self::Count,
            "getCaseInfo" => Self::Info(query.case(numbered)?),
            "runCase" => Self::Run { case: query.case(numbered)?, agent: agent()? },
            "getCaseStatus" => Self::Status { case: query.case(numbered)?, agent: agent()? },
            "updateReports" => {
                let stop = query.get("shutdownOnComplete");
                let stop = stop.is_some_and(|value| ["true", "yes", "1"].contains(&value.to_lowercase().as_str()));
                Self::Update { agent: agent()?, stop }
            }
            "stopServer" => Self::Stop,
            _ => match path.strip_prefix(CASE) {
                Some(id) => Self::Run { case: numbered.by_id(id)?, agent: agent()? },
                None => return Err(Refusal(404, format!("there is no /{}\n\n{}", shown(path), help(numbered)))),
            },
        })
    }
}

/// The parameters behind a path.
struct Query<'a>(&'a str);

impl Query<'_> {
    /// The first parameter of the name.
    fn get(&self, name: &str) -> Option<String> {
        let mut parameters = url::form_urlencoded::parse(self.0.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn case(&self, numbered: &Numbered) -> Result<usize, Refusal> {
        match (self.get("case"), self.get("casetuple")) {
            (Some(number), _) => numbered.by_number(&number),
            (None, Some(id)) => numbered.by_id(&id),
            (None, None) => Err(Refusal::bad("which case? write case=1, or casetuple=1.1.1".to_owned())),
        }
    }

    fn agent(&self, nameless: &str) -> Result<String, Refusal> {
        let agent = self.get("agent").map(|agent| agent.trim().to_owned()).filter(|agent| !agent.is_empty());
        match agent {
            Some(agent) if agent.len() > NAME => {
                Err(Refusal::bad(format!("the name of the agent is longer than {NAME} bytes")))
            }
            Some(agent) => Ok(agent),
            None => Ok(nameless.to_owned()),
        }
    }
}

/// The name of a client that gives none: how its request calls it.
pub(super) fn nameless(user_agent: Option<&[u8]>) -> String {
    let name = String::from_utf8_lossy(user_agent.unwrap_or_default()).trim().to_owned();
    match name.floor_char_boundary(NAME) {
        0 => "unnamed client".to_owned(),
        end => name[..end].to_owned(),
    }
}

fn shown(path: &str) -> String {
    let end = path.floor_char_boundary(60);
    let dots = if end < path.len() { "…" } else { "" };
    format!("{}{dots}", path[..end].escape_debug())
}

/// What can be asked for, in words.
pub(super) fn help(numbered: &Numbered) -> String {
    format!(
        "\
This is wslab. It tests WebSocket clients with {} cases; all of these are asked for over WebSocket:

/getCaseCount                     how many cases there are, as text
/getCaseInfo?case=N               what case N is, as JSON; N counts from 1
/runCase?case=N&agent=NAME        plays case N: send every message back until the connection is closed
/case/5.15?agent=NAME             plays a case by its id
/getCaseStatus?case=N&agent=NAME  what case N came to, as JSON
/updateReports?agent=NAME         ends the run of NAME; with &shutdownOnComplete=true ends wslab too
/stopServer                       ends wslab",
        numbered.count()
    )
}
