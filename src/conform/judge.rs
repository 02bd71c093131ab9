//! The verdict: a case and what happened, nothing else.
//!
//! The rules are those of Autobahn, with differences. These can turn a pass into less: the content of large messages is
//! compared, not their length alone, a target that breaks a rule by itself does not pass, and one that has to close and
//! just drops TCP is non-strict. These can turn a failure of the closing into a pass, and hold for no case of Autobahn's:
//! the closing that a SHOULD or a MAY is about is non-strict if it is another, and where an alternative leaves open what
//! comes, any closing will do. A recorded run can be judged again.

use crate::conform::deflate::{agreed, offered};
use crate::conform::expect::Wanted;
use crate::conform::{Case, Closer, Grade};
use crate::proto::{Level, Role, Rule};
use crate::watch::{CloseVerdict, Ending, Entry, Happening, Item, Opening, Side, Timeout, Transcript, Verdict, Why};
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
    /// What keeps a verdict that is no failure from being OK.
    pub short: Vec<Why>,
}

impl Judgement {
    fn new(verdict: Verdict, close: CloseVerdict) -> Self {
        Self { verdict, close, close_why: None, short: Vec::new() }
    }
}

/// Judges what happened in a case.
pub fn judge(case: &Case, transcript: &Transcript) -> Judgement {
    judge_wanted(case, &Wanted::of(case), transcript)
}

/// The same with the alternatives of the case at hand.
pub(super) fn judge_wanted(case: &Case, wanted: &Wanted, transcript: &Transcript) -> Judgement {
    if !transcript.is_open() {
        return judge_unopened(case, wanted, transcript);
    }
    if case.informational {
        return Judgement::new(Verdict::Informational, CloseVerdict::Informational);
    }
    let (close, close_why) = judge_close(case, transcript);
    if is_unplayable(case, transcript) {
        // Then it is us who close, whoever has to.
        let (close, close_why) = match case.close.by {
            Closer::Target => (CloseVerdict::Informational, None),
            Closer::Us | Closer::Either => (close, close_why),
        };
        return Judgement { close_why, ..Judgement::new(Verdict::Unimplemented, close) };
    }
    if case.opening.is_some() && transcript.heard.last().is_some_and(|last| last.what == Happening::End) {
        // The client refused it, and whether it may is what the case says.
        return judge_unopened(case, wanted, transcript);
    }
    if close != CloseVerdict::Ok && wanted.is_whatever(&transcript.heard, transcript.unheard) {
        // Where anything will do, so does any end.
        let (verdict, short) = judge_behaviour(case, wanted, transcript, CloseVerdict::Informational, None);
        return Judgement { short, ..Judgement::new(verdict, CloseVerdict::Informational) };
    }
    let (verdict, mut short) = judge_behaviour(case, wanted, transcript, close, close_why.as_ref());
    let is_other = close == CloseVerdict::WrongCode || matches!(close_why, Some(Why::WrongEnd { .. }));
    if is_other && case.level != Level::Must && matches!(verdict, Verdict::Ok | Verdict::NonStrict) {
        // What should or may be is not held to more than that.
        short.extend(close_why);
        return Judgement { short, ..Judgement::new(Verdict::NonStrict, CloseVerdict::Informational) };
    }
    Judgement { verdict, close, close_why, short }
}

/// A connection that was not opened is a failure, unless the case is about that.
fn judge_unopened(case: &Case, wanted: &Wanted, transcript: &Transcript) -> Judgement {
    let failed = |whys| Judgement::new(Verdict::Failed(whys), CloseVerdict::Failed);
    let opening = transcript.opening.as_ref();
    let faults = opening.map(|opening| opening.faults.as_slice()).unwrap_or_default();
    if case.opening.is_none() || opening.is_none() || transcript.is_of_client() && !faults.is_empty() {
        return failed(vec![handshake(transcript)]);
    }
    if !faults.is_empty() {
        return failed(faults.iter().copied().map(Why::Broke).collect());
    }
    if case.informational {
        return Judgement::new(Verdict::Informational, CloseVerdict::Informational);
    }
    let mut whys = own_faults(transcript);
    match wanted.verdict(&transcript.heard, transcript.unheard) {
        None => {
            let difference = wanted.difference(&transcript.heard);
            let silent = difference.got.is_none();
            whys.push(Why::Differs(difference));
            whys.extend(silent.then_some(Why::TimedOut(Timeout::Patience)));
            failed(whys)
        }
        Some(_) if !whys.is_empty() => failed(whys),
        Some(grade) => {
            let short = shortcoming(wanted, transcript, grade);
            Judgement { short, ..Judgement::new(verdict_of(grade), CloseVerdict::Ok) }
        }
    }
}

const fn verdict_of(grade: Grade) -> Verdict {
    match grade {
        Grade::Ok => Verdict::Ok,
        Grade::NonStrict => Verdict::NonStrict,
        Grade::Informational => Verdict::Informational,
    }
}

/// What was wanted for OK, and came otherwise.
fn shortcoming(wanted: &Wanted, transcript: &Transcript, grade: Grade) -> Vec<Why> {
    if grade == Grade::Ok {
        return Vec::new();
    }
    wanted.best_difference(&transcript.heard).map(Why::Differs).into_iter().collect()
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

/// The case needs compression, and the target did not agree on it, or did not offer what it is about.
fn is_unplayable(case: &Case, transcript: &Transcript) -> bool {
    let opening = transcript.opening.as_ref();
    !case.is_agreed(opening.and_then(agreed), transcript.role)
        || opening.is_some_and(|opening| !case.is_offered(&offered(opening)))
}

/// The first rule that applies.
fn judge_close(case: &Case, transcript: &Transcript) -> (CloseVerdict, Option<Why>) {
    let (wanted, closing) = (&case.close, &transcript.closing);
    let end = if closing.by_us { Side::Us } else { Side::Target };
    let wanted_end = match wanted.by {
        Closer::Us => Side::Us,
        Closer::Target => Side::Target,
        Closer::Either => end,
    };
    if end != wanted_end {
        return (CloseVerdict::Failed, Some(Why::WrongEnd { wanted: wanted_end, got: end }));
    }
    let clean = wanted.clean && (wanted.by != Closer::Either || closing.by_us);
    if clean && !closing.clean {
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
    let is_reset = |entry: &Entry| entry.side == Side::Us && entry.item == Item::Reset;
    if transcript.role == Role::Client && closing.dropped_by_us && !transcript.log.iter().any(is_reset) {
        return (CloseVerdict::FailedByClient, Some(Why::Dropped));
    }
    (CloseVerdict::Ok, None)
}

/// What the target did wrong by itself, whatever the case is about.
fn own_faults(transcript: &Transcript) -> Vec<Why> {
    let counts = |rule: &Rule| {
        let others = [Rule::FrameAfterClose, Rule::MaskingKeyRepeated, Rule::CompressedBeyondWindow];
        rule.close_code().is_some() || others.contains(rule)
    };
    let flooded = transcript.closing.ending == Ending::Flooded;
    let flood = flooded.then_some(Why::Flooded(transcript.received.bytes));
    let broken = transcript.faults.iter().map(|fault| fault.rule).filter(counts);
    flood.into_iter().chain(broken.map(Why::Broke)).collect()
}

fn judge_behaviour(
    case: &Case,
    wanted: &Wanted,
    transcript: &Transcript,
    close: CloseVerdict,
    close_why: Option<&Why>,
) -> (Verdict, Vec<Why>) {
    let closing = &transcript.closing;
    let mut whys = own_faults(transcript);
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
        // Without a grade a difference is among the reasons.
        Some(grade) if whys.is_empty() => {
            let mut short = shortcoming(wanted, transcript, grade);
            let ends_badly = failing(case, transcript);
            let verdict =
                if ends_badly.is_some() && grade == Grade::Ok { Verdict::NonStrict } else { verdict_of(grade) };
            short.extend(ends_badly);
            (verdict, short)
        }
        _ => (Verdict::Failed(whys), Vec::new()),
    }
}

/// How a target that had to fail the connection, and did, fell short of what section 7.1.7 wants: a close frame that says
/// why, and the end of TCP.
fn failing(case: &Case, transcript: &Transcript) -> Option<Why> {
    let closing = &transcript.closing;
    if case.close.by == Closer::Us || closing.by_us {
        return None;
    }
    let ended = matches!(closing.ending, Ending::ByPeer | Ending::Reset);
    match &closing.remote {
        None if ended && !case.close.may_be_bare => Some(Why::Bare),
        Some(said) if said.code.is_none() && !case.close.may_be_bare => Some(Why::Bare),
        Some(_) if transcript.role == Role::Client && closing.timeouts.contains(&Timeout::ServerDrop) => {
            Some(Why::TimedOut(Timeout::ServerDrop))
        }
        _ => None,
    }
}

/// The target closed first, and said that a policy or a limit of its own was hit.
fn refusal(transcript: &Transcript) -> Option<Why> {
    let said = transcript.closing.remote.as_ref().filter(|_| !transcript.closing.by_us)?;
    let code = said.code.filter(|code| matches!(*code, CloseCode::POLICY | CloseCode::TOO_BIG))?;
    Some(Why::PolicyLimit { code, reason: said.reason.clone() })
}
