//! What was said of a case: by Autobahn, by us, and where we mean to differ.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use wslab::conform::Id;

/// What was said of one case, in the words of `wslab conform --json`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Ruling {
    pub(crate) verdict: String,
    pub(crate) close_verdict: String,
    /// `None` if the target sent no code.
    #[serde(default)]
    pub(crate) remote_close_code: Option<u16>,
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.remote_close_code.map_or("no code".to_owned(), |code| code.to_string());
        f.pad(&format!("{}, close {}, {code}", self.verdict, self.close_verdict))
    }
}

/// The rulings by case.
pub(crate) type Rulings = BTreeMap<Id, Ruling>;

/// What we say of a case, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) ruling: Ruling,
    pub(crate) why: String,
    /// The rules that the target broke.
    pub(crate) broken: Vec<String>,
}

impl Ours {
    /// Whether this differs from what Autobahn said only in what no entry has to be written for: a target that has to
    /// close and drops TCP without a close frame is OK there and non-strict here (RFC 6455, section 7.1.7: SHOULD).
    pub(crate) fn is_bare(&self, autobahn: &Ruling) -> bool {
        let strict = Ruling { verdict: "non-strict".to_owned(), ..autobahn.clone() };
        let bare = autobahn.verdict == "ok" && autobahn.remote_close_code.is_none() && self.ruling == strict;
        bare && self.broken == ["NoCloseFrame"]
    }
}

/// An entry of `differences.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    peer: String,
    pub(crate) case: String,
    verdict: String,
    close_verdict: String,
    remote_close_code: Option<u16>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    #[serde(default)]
    difference: Vec<Difference>,
}

/// A line of `wslab conform --json`.
#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    close_verdict: String,
    remote_close_code: Option<u16>,
    #[serde(default)]
    why: Vec<serde_json::Value>,
    #[serde(default)]
    broken: Vec<String>,
}

/// What Autobahn measured: its words in ours.
pub(crate) fn truth(path: &Path) -> Result<Rulings, String> {
    let rows: BTreeMap<String, (String, String, Option<u16>)> =
        serde_json::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let word = |word: String| word.to_lowercase().replace(' ', "-");
    let ruling = |(behaviour, close, remote_close_code)| Ruling {
        verdict: word(behaviour),
        close_verdict: word(close),
        remote_close_code,
    };
    rows.into_iter().map(|(id, row)| Ok((case(&id)?, ruling(row)))).collect()
}

/// Where we mean to differ for `peer`.
pub(crate) fn differences(path: &Path, peer: &str, peers: &[String]) -> Result<Rulings, String> {
    let all: Differences = toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rulings = Rulings::new();
    for entry in all.difference {
        let place = format!("{}: case {} of {}", path.display(), entry.case, entry.peer);
        if !peers.contains(&entry.peer) {
            return Err(format!("{place}: there is no such peer, only {}", peers.join(" and ")));
        }
        if entry.reason.trim().is_empty() {
            return Err(format!("{place}: the reason is missing"));
        }
        if entry.peer != peer {
            continue;
        }
        let Difference { verdict, close_verdict, remote_close_code, .. } = entry;
        if rulings.insert(case(&entry.case)?, Ruling { verdict, close_verdict, remote_close_code }).is_some() {
            return Err(format!("{place}: it is listed twice"));
        }
    }
    Ok(rulings)
}

/// What `wslab conform --json` printed.
pub(crate) fn ours(printed: &str) -> Result<BTreeMap<Id, Ours>, String> {
    let mut rulings = BTreeMap::new();
    for line in printed.lines() {
        let Line { id, verdict, close_verdict, remote_close_code, why, broken } = serde_json::from_str(line)
            .map_err(|error| format!("not a line of wslab conform --json: {error}: {line}"))?;
        // The last line, which counts, has none.
        let Some(id) = id else { continue };
        let why: Vec<_> = why.iter().map(|why| why.as_str().map_or_else(|| why.to_string(), str::to_owned)).collect();
        let ours = Ours { ruling: Ruling { verdict, close_verdict, remote_close_code }, why: why.join("; "), broken };
        if rulings.insert(case(&id)?, ours).is_some() {
            return Err(format!("wslab conform --json printed case {id} twice"));
        }
    }
    Ok(rulings)
}

fn case(id: &str) -> Result<Id, String> {
    id.parse().map_err(|error| format!("{id} is no case: {error}"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
