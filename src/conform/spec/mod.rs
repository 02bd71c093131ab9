//! Autobahn's configuration files: `fuzzingclient.json`, which tests servers, and `fuzzingserver.json`, which tests
//! clients.
//!
//! Everything that has a meaning here is read as Autobahn reads it. What has none is told, never silently dropped.

mod options;
mod pattern;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use pattern::{fits_case, fits_whole};

use crate::conform::{Case, Timers};

/// The largest configuration file, in bytes.
pub const MAX_SPEC: usize = 1 << 20;

/// A configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The folder for Autobahn's files.
    pub outdir: String,
    /// Who is tested.
    pub tested: Tested,
    /// The cases that are run.
    pub cases: SpecCases,
    /// The keys and options that have no effect.
    pub ignored: Vec<String>,
}

/// Who is tested.
#[derive(Clone, Debug, PartialEq)]
pub enum Tested {
    /// These servers, one after another.
    Servers(Vec<TestedServer>),
    /// The clients that come.
    Clients(TestedClients),
}

/// A server to be tested.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestedServer {
    /// Where it is.
    pub url: String,
    /// Where in the file that is said: a line and a column, from 1.
    pub place: (usize, usize),
    /// What reports call it.
    pub agent: Option<String>,
    /// The origin to name.
    pub origin: Option<String>,
    /// The subprotocols to ask for, the preferred one first.
    pub protocols: Vec<String>,
    /// Its timers.
    pub timers: Timers,
}

/// How clients are tested.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestedClients {
    /// Where they are awaited: host and port. Autobahn takes the port alone, and listens on all interfaces.
    pub url: String,
    /// Where in the file that is said: a line and a column, from 1.
    pub place: (usize, usize),
    /// A file with the key, in PEM, for `wss`.
    pub key: Option<String>,
    /// A file with the certificates, in PEM, for `wss`.
    pub cert: Option<String>,
    /// The timers.
    pub timers: Timers,
}

/// Which cases are run with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecCases {
    /// Patterns for those that are run.
    pub cases: Vec<String>,
    /// Patterns for those that are not.
    pub exclude: Vec<String>,
    /// Patterns for agents, each with patterns for cases that are not run with them.
    pub exclude_agent: BTreeMap<String, Vec<String>>,
}

impl SpecCases {
    /// Whether a case is run with anybody.
    pub fn select(&self, case: &Case) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| fits_case(pattern, &case.id));
        fits(&self.cases) && !fits(&self.exclude)
    }

    /// Whether a case is left out for an agent.
    pub fn excludes(&self, agent: &str, case: &Case) -> bool {
        let theirs = self.exclude_agent.iter().filter(|(pattern, _)| fits_whole(pattern, agent));
        theirs.flat_map(|(_, cases)| cases).any(|pattern| fits_whole(pattern, case.id.as_str()))
    }

    /// The ids and patterns that fit none of these cases.
    pub fn strangers<'a>(&'a self, cases: &[Case]) -> Vec<&'a str> {
        let agents = self.exclude_agent.values().flatten().map(String::as_str);
        let agents = agents.filter(|pattern| !cases.iter().any(|case| fits_whole(pattern, case.id.as_str())));
        let others = self.cases.iter().chain(&self.exclude).map(String::as_str);
        let others = others.filter(|pattern| !cases.iter().any(|case| fits_case(pattern, &case.id)));
        let mut strangers: Vec<&str> = others.chain(agents).collect();
        strangers.sort_unstable();
        strangers.dedup();
        strangers
    }
}

/// Something wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The file, by the name under which it was parsed.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: SpecFault,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.fault)
    }
}

impl std::error::Error for SpecError {}

/// What is wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecFault {
    /// It is not JSON, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// It is too large.
    #[error("the file is larger than {} KiB", MAX_SPEC >> 10)]
    TooLarge,
    /// It is neither of the two.
    #[error("there is neither `servers`, as in fuzzingclient.json, nor `url`, as in fuzzingserver.json")]
    Neither,
    /// It is both.
    #[error(
        "there are `servers`, as in fuzzingclient.json, and a `url`, as in fuzzingserver.json: leave one of them out"
    )]
    Both,
    /// An option cannot be as it is.
    #[error("the option `{name}` has to be {wanted}")]
    Option {
        /// Its name.
        name: String,
        /// What it can be.
        wanted: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", expecting = "an object with `servers` or `url`")]
struct File {
    outdir: Option<String>,
    servers: Option<Vec<Server>>,
    url: Option<String>,
    key: Option<String>,
    cert: Option<String>,
    protocols: Option<Vec<String>>,
    #[serde(default)]
    options: Map<String, Value>,
    cases: Vec<String>,
    #[serde(default)]
    exclude_cases: Vec<String>,
    #[serde(default)]
    exclude_agent_cases: BTreeMap<String, Vec<String>>,
}

/// The keys of both files, each with whether it is only of the one that tests clients.
const KEYS: [(&str, bool); 10] = [
    ("outdir", false),
    ("servers", false),
    ("url", true),
    ("key", true),
    ("cert", true),
    ("protocols", true),
    ("options", false),
    ("cases", false),
    ("exclude-cases", false),
    ("exclude-agent-cases", false),
];

#[derive(Deserialize)]
struct Server {
    url: String,
    agent: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    protocols: Vec<String>,
    #[serde(default)]
    options: Map<String, Value>,
}

/// The keys of a server.
const SERVER_KEYS: [&str; 5] = ["url", "agent", "origin", "protocols", "options"];

impl Spec {
    /// Reads a configuration. `name` is its name in errors.
    ///
    /// # Errors
    /// The first thing that is wrong in it.
    pub fn parse(name: &str, text: &str) -> Result<Self, SpecError> {
        let fail =
            |(line, column): (usize, usize), fault: SpecFault| SpecError { file: name.to_owned(), line, column, fault };
        if text.len() > MAX_SPEC {
            return Err(fail((1, 1), SpecFault::TooLarge));
        }
        let shape = |error: serde_json::Error| {
            let place = (error.line().max(1), error.column().max(1));
            fail(place, SpecFault::Shape(without_place(&error)))
        };
        let file: File = serde_json::from_str(text).map_err(shape)?;
        let tree: Value = serde_json::from_str(text).map_err(shape)?;
        let mut ignored = strangers(&tree, file.servers.is_some());
        let mut common = Timers::default();
        let optional = |(name, fault): (String, SpecFault)| fail(place_of(text, &name, 0), fault);
        options::read(&file.options, &mut common, &mut ignored).map_err(optional)?;
        let (tested, outdir) = match (file.servers, file.url) {
            (Some(_), Some(_)) => return Err(fail(place_of(text, "url", 0), SpecFault::Both)),
            (None, None) => return Err(fail((1, 1), SpecFault::Neither)),
            (Some(servers), None) => {
                let mut tested = Vec::new();
                for (index, server) in servers.into_iter().enumerate() {
                    let mut timers = common;
                    options::read(&server.options, &mut timers, &mut ignored).map_err(optional)?;
                    let Server { url, agent, origin, protocols, .. } = server;
                    let place = place_of(text, "url", index);
                    tested.push(TestedServer { url, place, agent, origin, protocols, timers });
                }
                (Tested::Servers(tested), "./reports/servers")
            }
            (None, Some(url)) => {
                // Autobahn reads them and never selects one.
                ignored
                    .extend(file.protocols.filter(|protocols| !protocols.is_empty()).map(|_| "protocols".to_owned()));
                let place = place_of(text, "url", 0);
                let (key, cert) = (file.key, file.cert);
                (Tested::Clients(TestedClients { url, place, key, cert, timers: common }), "./reports/clients")
            }
        };
        let mut seen = std::collections::BTreeSet::new();
        ignored.retain(|name| seen.insert(name.clone()));
        Ok(Self {
            outdir: file.outdir.unwrap_or_else(|| outdir.to_owned()),
            tested,
            cases: SpecCases {
                cases: file.cases,
                exclude: file.exclude_cases,
                exclude_agent: file.exclude_agent_cases,
            },
            ignored,
        })
    }
}

/// The keys that have no meaning in a file of this kind.
fn strangers(tree: &Value, of_servers: bool) -> Vec<String> {
    let mut strangers = Vec::new();
    for key in tree.as_object().into_iter().flat_map(Map::keys) {
        match KEYS.iter().find(|(name, _)| name == key) {
            Some((_, only_of_clients)) if !(*only_of_clients && of_servers) => {}
            _ => strangers.push(key.clone()),
        }
    }
    let servers = tree.get("servers").and_then(Value::as_array).into_iter().flatten();
    let keys = servers.filter_map(Value::as_object).flat_map(Map::keys);
    strangers.extend(keys.filter(|key| !SERVER_KEYS.contains(&key.as_str())).cloned());
    strangers
}

/// Where a key stands for the n-th time, from 0: a line, and a column in characters, both from 1.
fn place_of(text: &str, key: &str, nth: usize) -> (usize, usize) {
    let quoted = format!("\"{key}\"");
    let is_key = |at: &usize| text[at + quoted.len()..].trim_start().starts_with(':');
    let at = text.match_indices(&quoted).map(|(at, _)| at).filter(is_key).nth(nth).unwrap_or_default();
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (1 + before.matches('\n').count(), 1 + line.chars().count())
}

/// The words of an error, without the place that is told in our own way.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&place).unwrap_or(&words).to_owned()
}
