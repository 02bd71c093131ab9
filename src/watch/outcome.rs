//! What a case came to: its verdict, in Autobahn's vocabulary, and why.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{hex, micros};
use super::{Difference, Reason, Side, Timeout, Transcript, Trouble, refused};
use crate::proto::Rule;
use crate::wire::CloseCode;

/// What a target's behaviour is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What the RFC wants.
    Ok,
    /// Acceptable, not what the RFC wants.
    NonStrict,
    /// Neither good nor bad: the case only records.
    Informational,
    /// The target lacks the extension that the case needs.
    Unimplemented,
    /// Not what the RFC allows.
    Failed(Vec<Why>),
    /// There was no connection to judge.
    Broken(Trouble),
    /// The case was not run.
    NotRun(Reason),
}

impl Verdict {
    /// The words of every verdict, in the order in which summaries list them.
    pub const WORDS: [&str; 7] = ["ok", "non-strict", "informational", "unimplemented", "failed", "broken", "not-run"];

    /// The word for it in every output.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NonStrict => "non-strict",
            Self::Informational => "informational",
            Self::Unimplemented => "unimplemented",
            Self::Failed(_) => "failed",
            Self::Broken(_) => "broken",
            Self::NotRun(_) => "not-run",
        }
    }

    /// Whether the case says something against the target.
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Broken(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What the end of the connection is worth, judged apart from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseVerdict {
    /// As it has to be.
    Ok,
    /// The closing handshake was not completed.
    Unclean,
    /// The target closed with a code that the case does not accept.
    WrongCode,
    /// The wrong end closed, or there was nothing to close.
    Failed,
    /// We, as client, had to end TCP.
    FailedByClient,
    /// The case only records.
    Informational,
}

impl CloseVerdict {
    /// The word for it in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unclean => "unclean",
            Self::WrongCode => "wrong-code",
            Self::Failed => "failed",
            Self::FailedByClient => "failed-by-client",
            Self::Informational => "informational",
        }
    }

    /// Whether the end of the connection counts as good.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Ok | Self::Informational | Self::FailedByClient)
    }
}

impl fmt::Display for CloseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// What came is none of the alternatives.
    Differs(Difference),
    /// The target closed with a code that states a policy (1008) or a limit (1009): a refusal, not a broken rule.
    PolicyLimit {
        /// The code.
        code: CloseCode,
        /// The reason that the target gave.
        reason: String,
    },
    /// The wrong end closed the connection.
    WrongEnd {
        /// Who had to.
        wanted: Side,
        /// Who did.
        got: Side,
    },
    /// The target's close frame has a code that is not accepted.
    WrongCode {
        /// The accepted ones.
        wanted: Vec<CloseCode>,
        /// The one that came.
        got: CloseCode,
    },
    /// The closing handshake was not completed.
    Unclean,
    /// The target, a server, did not end TCP.
    Dropped,
    /// The opening handshake failed.
    Handshake {
        /// The rules that the target broke; empty if it ended the connection or took too long.
        faults: Vec<Rule>,
        /// The status of its answer.
        status: Option<u16>,
        /// Whether it took too long.
        timed_out: bool,
        /// How its answer begins: [`Why::RESPONSE`] bytes at most.
        #[serde(with = "hex")]
        response: Vec<u8>,
    },
    /// The target broke a rule by itself.
    Broke(Rule),
    /// A timer ended the connection.
    TimedOut(Timeout),
    /// The target sent more than any case can ask for; so many bytes were taken.
    Flooded(u64),
    /// The target ended the connection without a close frame.
    Lost,
    /// The target had to close, and did not say why in a close frame with a code.
    Bare,
    /// After the case the target did not serve a further connection.
    Gone(String),
}

impl Why {
    /// The most bytes that are kept of an answer to a failed opening handshake.
    pub const RESPONSE: usize = 256;

    /// The rule that the target broke, where the reason is that it broke one.
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Broke(rule) => Some(*rule),
            Self::WrongEnd { wanted: Side::Target, .. } => Some(Rule::NotFailed),
            Self::TimedOut(Timeout::CloseHandshake) => Some(Rule::CloseUnanswered),
            Self::TimedOut(Timeout::ServerDrop) | Self::Dropped => Some(Rule::ServerKeptConnection),
            Self::Lost => Some(Rule::ConnectionLost),
            Self::Bare => Some(Rule::NoCloseFrame),
            _ => None,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(difference) => difference.fmt(f),
            Self::PolicyLimit { code, reason } if reason.is_empty() => {
                write!(f, "the target refused it as a matter of policy: it closed with {code}")
            }
            Self::PolicyLimit { code, reason } => {
                write!(f, "the target refused it as a matter of policy: it closed with {code}, \"{reason}\"")
            }
            Self::WrongEnd { wanted, got } => write!(f, "{wanted} had to close the connection, but {got} did"),
            Self::WrongCode { wanted, got } => {
                write!(f, "the target closed with {got} instead of ")?;
                let mut seen = Vec::new();
                for code in wanted {
                    if !seen.contains(&code) {
                        f.write_str(if seen.is_empty() { "" } else { " or " })?;
                        code.fmt(f)?;
                        seen.push(code);
                    }
                }
                Ok(())
            }
            Self::Unclean => f.write_str("the closing handshake was not completed"),
            Self::Dropped => f.write_str("the target did not end the TCP connection"),
            Self::Handshake { faults, status, timed_out, response } => {
                f.write_str("the opening handshake failed: ")?;
                match status {
                    _ if *timed_out => f.write_str("the target did not answer in time"),
                    Some(status) if *status != 101 => f.write_str(&refused(*status, response)),
                    // Of a client, which answers nothing, the faults of its request are told.
                    None if response.is_empty() && faults.is_empty() => {
                        f.write_str("the target ended the connection without an answer")
                    }
                    None if is_cut(response) && response.len() < Self::RESPONSE => {
                        f.write_str("the target ended the connection in the middle of its answer")
                    }
                    None if is_cut(response) => f.write_str("the head of the answer is too long, or has no end"),
                    _ => {
                        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                        f.write_str(&faults.join("; "))
                    }
                }
            }
            Self::Broke(rule) => write!(f, "the target broke a rule: {rule} ({})", rule.clause()),
            Self::TimedOut(Timeout::Patience) => f.write_str("our patience was over"),
            Self::TimedOut(Timeout::CloseHandshake) => f.write_str("the target did not answer the close frame in time"),
            Self::TimedOut(Timeout::ServerDrop) => {
                f.write_str("the target did not end the TCP connection in time after the closing handshake")
            }
            Self::TimedOut(Timeout::Stall) => f.write_str("the target stopped reading"),
            Self::Flooded(bytes) => write!(f, "the target does not stop sending: {bytes} bytes came"),
            Self::Lost => f.write_str("the target ended the connection without a close frame"),
            Self::Bare => f.write_str("the target failed the connection without a close frame that says why"),
            Self::Gone(words) => write!(f, "afterwards the target did not serve a further connection: {words}"),
        }
    }
}

/// Whether this is how a head of HTTP begins, but not a whole one.
fn is_cut(response: &[u8]) -> bool {
    response.starts_with(b"HTTP/1.") && !response.windows(4).any(|bytes| bytes == b"\r\n\r\n")
}

/// A case, run and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The id of the case.
    pub case: String,
    /// The verdict on the behaviour.
    pub verdict: Verdict,
    /// The verdict on the end of the connection.
    pub close: CloseVerdict,
    /// Why, if that is not OK.
    pub close_why: Option<Why>,
    /// Why it was to be expected, where a baseline knows of the deviation: the reason that it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// How often the case was run; more than once if it failed at first.
    pub attempts: u32,
    /// How long the last run took, connecting included.
    #[serde(with = "micros")]
    pub duration: Duration,
    /// How much CPU time the tester itself spent on the last run, so that one sees who is slow; zero where the system
    /// does not tell.
    #[serde(default, with = "micros")]
    pub cpu: Duration,
    /// How what the target wrote to its standard error ends, if it was started for the case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// What keeps a verdict that is no failure from being OK.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<Why>,
    /// What happened in the last run.
    pub transcript: Option<Transcript>,
}

impl Outcome {
    /// The same without the contents of its transcript, as it is kept of each case of a run.
    #[must_use]
    pub fn without_contents(self) -> Self {
        Self { transcript: self.transcript.map(Transcript::without_contents), ..self }
    }

    /// The outcome of a case for which there was no connection. One that was not run closed neither well nor badly.
    pub const fn without_connection(case: String, verdict: Verdict) -> Self {
        let close = if verdict.is_failure() { CloseVerdict::Failed } else { CloseVerdict::Informational };
        Self {
            case,
            verdict,
            close,
            close_why: None,
            known: None,
            attempts: 0,
            duration: Duration::ZERO,
            cpu: Duration::ZERO,
            transcript: None,
            stderr: String::new(),
            short: Vec::new(),
        }
    }

    /// The outcome of a case after which the target serves nobody any more, whatever it did before.
    #[must_use]
    pub fn but_gone(mut self, words: String) -> Self {
        let gone = Why::Gone(words);
        match &mut self.verdict {
            Verdict::Failed(whys) => whys.push(gone),
            Verdict::Broken(_) | Verdict::NotRun(_) => {}
            verdict => *verdict = Verdict::Failed(vec![gone]),
        }
        self
    }

    /// Whether the case failed at first and passed when it was repeated.
    pub fn is_flaky(&self) -> bool {
        self.attempts > 1 && self.passes(false)
    }

    /// Whether the case failed because the connection was never open: its opening handshake failed.
    pub fn is_unopened(&self) -> bool {
        matches!(&self.verdict, Verdict::Failed(whys) if whys.iter().any(|why| matches!(why, Why::Handshake { .. })))
    }

    /// Whether the case counts as passed: its verdict is acceptable, and the connection ended as it had to. With
    /// `strict`, what the RFC merely puts up with is not.
    pub fn passes(&self, strict: bool) -> bool {
        let verdict = match self.verdict {
            Verdict::Ok | Verdict::Informational | Verdict::Unimplemented | Verdict::NotRun(_) => true,
            Verdict::NonStrict => !strict,
            Verdict::Failed(_) | Verdict::Broken(_) => false,
        };
        verdict && (self.close.is_good() || matches!(self.verdict, Verdict::NotRun(_)))
    }

    /// Whether it is held against the target: it does not pass, and no baseline knows of it.
    pub fn fails(&self, strict: bool) -> bool {
        !self.passes(strict) && self.known.is_none()
    }

    /// The code of the target's close frame, if there was one with a code.
    pub fn remote_close_code(&self) -> Option<CloseCode> {
        self.transcript.as_ref()?.remote_close_code()
    }

    /// The rules that the target broke, each once.
    pub fn broken(&self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for why in self.why() {
            let handshake = if let Why::Handshake { faults, .. } = why { faults.as_slice() } else { &[] };
            for rule in why.rule().into_iter().chain(handshake.iter().copied()) {
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        rules
    }

    /// All reasons: those of the verdict, then that of the close verdict, each once.
    pub fn why(&self) -> impl Iterator<Item = &Why> {
        let whys: &[Why] = match &self.verdict {
            Verdict::Failed(whys) => whys,
            _ => &self.short,
        };
        whys.iter().chain(self.close_why.iter().filter(|why| !whys.contains(why)))
    }
}
