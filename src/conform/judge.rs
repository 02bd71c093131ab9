//! The verdict: a case and what happened, nothing else.
//!
//! The rules are those of Autobahn, with these differences, each of which can only turn a pass into a failure: the
//! content of large messages is compared, not their length alone, and a target that breaks a rule for which a
//! connection has to be failed does not pass. A recorded run can be judged again.

use crate::conform::deflate::agreed;
use crate::conform::expect::Wanted;
use crate::conform::{Case, Closer, Grade};
use crate::proto::Role;
use crate::watch::{CloseVerdict, Ending, Opening, Side, Timeout, Transcript, Verdict, Why};
use crate::wire::CloseCode;

/// Both verdicts on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What the target's behaviour is worth.
    pub verdict: Verdict,
    /// What the end of the connection is worth.
    pub close: CloseVerdict,
    /// Why that is not OK.
    pub close_why: Option<Why>,
}

/// Judges what happened in a case.
pub fn judge(case: &Case, transcript: &Transcript) -> Judgement {
    judge_wanted(case, &Wanted::of(case), transcript)
}

/// The same with the alternatives of the case at hand.
pub(super) fn judge_wanted(case: &Case, wanted: &Wanted, transcript: &Transcript) -> Judgement {
    if !transcript.is_open() {
        let verdict = Verdict::Failed(vec![handshake(transcript)]);
        return Judgement { verdict, close: CloseVerdict::Failed, close_why: None };
    }
    if case.informational {
        let (verdict, close) = (Verdict::Informational, CloseVerdict::Informational);
        return Judgement { verdict, close, close_why: None };
    }
    let (close, close_why) = judge_close(case, transcript);
    let verdict = if lacks_extension(case, transcript) {
        Verdict::Unimplemented
    } else {
        judge_behaviour(case, wanted, transcript, close, close_why.as_ref())
    };
    Judgement { verdict, close, close_why }
}

fn handshake(transcript: &Transcript) -> Why {
    let opening = transcript.opening.clone().unwrap_or_default();
    if transcript.role == Role::Server {
        // The answer is ours, and says nothing of the target.
        let Opening { faults, timed_out, .. } = opening;
        return Why::Handshake { faults, status: None, timed_out, response: Vec::new() };
    }
    Why::Handshake {
        faults: opening.faults,
        status: opening.status,
        timed_out: opening.timed_out,
        response: opening.response.into_iter().take(Why::RESPONSE).collect(),
    }
}

/// The case needs compression, and the target did not agree on it.
fn lacks_extension(case: &Case, transcript: &Transcript) -> bool {
    !case.deflate.is_empty() && transcript.opening.as_ref().and_then(agreed).is_none()
}

/// The first rule that applies.
fn judge_close(case: &Case, transcript: &Transcript) -> (CloseVerdict, Option<Why>) {
    let (wanted, closing) = (&case.close, &transcript.closing);
    let (wanted_end, end) = (
        match wanted.by {
            Closer::Us => Side::Us,
            Closer::Target => Side::Target,
        },
        if closing.by_us { Side::Us } else { Side::Target },
    );
    if end != wanted_end {
        return (CloseVerdict::Failed, Some(Why::WrongEnd { wanted: wanted_end, got: end }));
    }
    if wanted.clean && !closing.clean {
        let why = match closing.timeouts.iter().rfind(|timeout| **timeout != Timeout::Patience) {
            Some(timeout) => Why::TimedOut(*timeout),
            None if closing.remote.is_none() && !closing.dropped_by_us => Why::Lost,
            None => Why::Unclean,
        };
        return (CloseVerdict::Unclean, Some(why));
    }
    if let Some(code) = transcript.remote_close_code().filter(|code| !wanted.codes.contains(code)) {
        return (CloseVerdict::WrongCode, Some(Why::WrongCode { wanted: wanted.codes.clone(), got: code }));
    }
    if transcript.role == Role::Client && closing.dropped_by_us {
        return (CloseVerdict::FailedByClient, Some(Why::Dropped));
    }
    (CloseVerdict::Ok, None)
}

fn judge_behaviour(
    case: &Case,
    wanted: &Wanted,
    transcript: &Transcript,
    close: CloseVerdict,
    close_why: Option<&Why>,
) -> Verdict {
    let closing = &transcript.closing;
    let mut whys = Vec::new();
    if closing.ending == Ending::Flooded {
        whys.push(Why::Flooded(transcript.received.bytes));
    }
    let broken = transcript.faults.iter().map(|fault| fault.rule).filter(|rule| rule.close_code().is_some());
    whys.extend(broken.map(Why::Broke));
    let grade = wanted.verdict(&transcript.heard, transcript.unheard);
    if grade.is_none() {
        whys.extend(refusal(transcript));
        let difference = wanted.difference(&transcript.heard);
        let silent = difference.got.is_none();
        whys.push(Why::Differs(difference));
        if silent && closing.timeouts.contains(&Timeout::Stall) {
            whys.push(Why::TimedOut(Timeout::Stall));
        } else if silent && closing.timeouts.contains(&Timeout::Patience) {
            whys.push(Why::TimedOut(Timeout::Patience));
        } else if silent && closing.remote.is_none() && !closing.by_us {
            whys.push(Why::Lost);
        }
    }
    let wrong_end = matches!(close_why, Some(Why::WrongEnd { .. })) && case.close.wrong_end_fails;
    let wrong_code = close == CloseVerdict::WrongCode && case.close.wrong_code_fails;
    if wrong_end || wrong_code {
        whys.extend(close_why.cloned());
    }
    match grade {
        _ if !whys.is_empty() => Verdict::Failed(whys),
        Some(Grade::Ok) => Verdict::Ok,
        Some(Grade::NonStrict) => Verdict::NonStrict,
        Some(Grade::Informational) => Verdict::Informational,
        // A difference is always among the reasons.
        None => Verdict::Failed(whys),
    }
}

/// The target closed first, and said that a policy or a limit of its own was hit.
fn refusal(transcript: &Transcript) -> Option<Why> {
    let said = transcript.closing.remote.as_ref().filter(|_| !transcript.closing.by_us)?;
    let code = said.code.filter(|code| matches!(*code, CloseCode::POLICY | CloseCode::TOO_BIG))?;
    Some(Why::PolicyLimit { code, reason: said.reason.clone() })
}
