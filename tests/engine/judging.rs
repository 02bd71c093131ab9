//! Every rule of the two verdicts, on transcripts made by hand.

use hex_literal::hex;
use wslab::conform::{
    Alternative, Case, Close, CloseVerdict, Closer, Expected, Grade, Happening, Judgement, Own, Side, Terms,
    Transcript, Verdict, Why, judge,
};
use wslab::proto::{Level, Role, Rule};
use wslab::watch::{Content, Ending, Fault, Heard, Opening, Said, Timeout};
use wslab::wire::CloseCode;

use crate::stage::*;

/// An echo case, in which we close with 1000.
fn echo_case() -> Case {
    case([text("Hello")], &[hears("Hello")])
}

fn said(code: Option<u16>) -> Option<Said> {
    Some(Said { at: ms(1), code: code.map(CloseCode), reason: String::new() })
}

fn heard(texts: &[&str]) -> Vec<Heard> {
    texts.iter().map(|text| Heard { at: ms(1), what: Happening::Text(Content::of(text.as_bytes())) }).collect()
}

/// We closed, the target answered, all is well.
fn good(texts: &[&str]) -> Transcript {
    let mut transcript = Transcript::new(Role::Client);
    transcript.opening = Some(opened());
    transcript.heard = heard(texts);
    let closing = &mut transcript.closing;
    (closing.by_us, closing.clean, closing.ending) = (true, true, Ending::ByPeer);
    (closing.local, closing.remote) = (said(Some(1000)), said(Some(1000)));
    transcript
}

/// The target failed the connection.
fn failed_with(code: Option<u16>) -> Transcript {
    let mut transcript = good(&[]);
    transcript.closing.by_us = false;
    transcript.closing.remote = said(code);
    transcript
}

fn whys(judgement: &Judgement) -> &[Why] {
    match &judgement.verdict {
        Verdict::Failed(whys) => whys,
        other => panic!("{other:?} instead of failed"),
    }
}

#[test]
fn an_echo_with_a_clean_close_is_ok() {
    let judgement = judge(&echo_case(), &good(&["Hello"]));
    assert_eq!(
        judgement,
        Judgement { verdict: Verdict::Ok, close: CloseVerdict::Ok, close_why: None, short: Vec::new() }
    );
}

#[test]
fn the_first_alternative_that_matches_gives_the_verdict() {
    let mut case = echo_case();
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![] });
    case.expect.push(Alternative { verdict: Grade::Ok, events: vec![] });
    case.expect.push(Alternative { verdict: Grade::Informational, events: vec![hears("a"), hears("b")] });
    assert_eq!(judge(&case, &good(&["Hello"])).verdict, Verdict::Ok);
    assert_eq!(judge(&case, &good(&[])).verdict, Verdict::NonStrict);
    assert_eq!(judge(&case, &good(&["a", "b"])).verdict, Verdict::Informational);
}

#[test]
fn events_are_compared_as_a_whole() {
    let case = case([text("a")], &[hears("a"), hears("b")]);
    let difference = |texts: &[&str]| match whys(&judge(&case, &good(texts))) {
        [Why::Differs(difference)] => (difference.at, difference.wanted[0].is_some(), difference.got.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(difference(&["a", "x"]), (1, true, true), "another content");
    assert_eq!(difference(&["b", "a"]), (0, true, true), "another order");
    assert_eq!(difference(&["a"]), (1, true, false), "something is missing");
    assert_eq!(difference(&["a", "b", "c"]), (2, false, true), "something is extra");
}

#[test]
fn the_kind_of_a_message_counts() {
    let mut transcript = good(&[]);
    transcript.heard = vec![Heard { at: ms(1), what: Happening::Binary(Content::of(b"Hello")) }];
    assert!(judge(&echo_case(), &transcript).verdict.is_failure());
    transcript.heard[0].what = Happening::Pong(Content::of(b"Hello"));
    assert!(judge(&echo_case(), &transcript).verdict.is_failure());
    let case = case([ping("Hello")], &[Expected::Pong("Hello".into())]);
    assert_eq!(judge(&case, &transcript).verdict, Verdict::Ok);
}

#[test]
fn events_that_were_not_kept_are_events() {
    let mut transcript = good(&["Hello"]);
    transcript.unheard = 1;
    assert!(judge(&echo_case(), &transcript).verdict.is_failure());
}

#[test]
fn all_alternatives_that_agree_so_far_are_named() {
    let mut case = case([text("a")], &[hears("a"), hears("b")]);
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![hears("a")] });
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![hears("z")] });
    let judgement = judge(&case, &good(&["a", "x"]));
    let [why] = whys(&judgement) else { panic!() };
    insta::assert_snapshot!(why, @r#"event 2: expected text of 1 byte "b" or nothing more, got text of 1 byte "x""#);
}

#[test]
fn a_handshake_that_failed_fails_the_case_whatever_it_expects() {
    let case = failing(case([text("a")], &[]), 1002);
    let mut transcript = Transcript::new(Role::Client);
    let faults = vec![Rule::ResponseStatus];
    transcript.opening = Some(Opening { faults, status: Some(404), ..Opening::default() });
    let judgement = judge(&case, &transcript);
    assert_eq!(judgement.close, CloseVerdict::Failed);
    insta::assert_snapshot!(whys(&judgement)[0], @"the opening handshake failed: status 404 Not Found: an HTTP server answers, but it does not speak WebSocket at this path");
    transcript.opening = Some(Opening { timed_out: true, ..Opening::default() });
    insta::assert_snapshot!(whys(&judge(&case, &transcript))[0], @"the opening handshake failed: the target did not answer in time");
    transcript.opening = Some(Opening::default());
    insta::assert_snapshot!(whys(&judge(&case, &transcript))[0], @"the opening handshake failed: the target ended the connection without an answer");
}

#[test]
fn the_wrong_end_fails_the_close_and_the_case_only_where_it_says_so() {
    let mut case = echo_case();
    let mut transcript = good(&["Hello"]);
    transcript.closing.by_us = false;
    let judgement = judge(&case, &transcript);
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Ok, CloseVerdict::Failed));
    let why = Why::WrongEnd { wanted: Side::Us, got: Side::Target };
    assert_eq!(judgement.close_why, Some(why.clone()));
    case.close.wrong_end_fails = true;
    assert_eq!(whys(&judge(&case, &transcript)), [why]);
}

#[test]
fn a_target_that_has_to_close_and_does_not_fails_the_close() {
    let mut case = failing(case([text("a")], &[]), 1007);
    let judgement = judge(&case, &good(&[]));
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Ok, CloseVerdict::Failed));
    case.close.wrong_end_fails = true;
    assert_eq!(judge(&case, &good(&[])).verdict.word(), "failed");
}

/// A target that had to close, and ended TCP like this, without a close frame.
fn bare(ending: Ending) -> Transcript {
    let mut transcript = failed_with(None);
    transcript.closing = wslab::watch::Closing { ending, ..Default::default() };
    transcript
}

#[test]
fn a_target_that_drops_tcp_where_it_has_to_fail_is_non_strict_and_told_why() {
    let mut case = failing(case([text("a")], &[]), 1002);
    for ending in [Ending::ByPeer, Ending::Reset] {
        let judgement = judge(&case, &bare(ending));
        assert_eq!((judgement.verdict, judgement.close), (Verdict::NonStrict, CloseVerdict::Ok));
        let [why] = &judgement.short[..] else { panic!("{:?}", judgement.short) };
        assert_eq!((why.clone(), why.rule()), (Why::Bare, Some(Rule::NoCloseFrame)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(why, @"the target failed the connection without a close frame that says why");
        }
    }
    // A close frame that says nothing does not say why either.
    let judgement = judge(&case, &failed_with(None));
    assert_eq!((judgement.verdict, judgement.short), (Verdict::NonStrict, vec![Why::Bare]));
    // What is worse stays worse.
    let mut wrong = bare(Ending::ByPeer);
    wrong.heard = heard(&["a"]);
    assert!(judge(&case, &wrong).verdict.is_failure());
    case.close.may_be_bare = true;
    let judgement = judge(&case, &bare(Ending::ByPeer));
    assert_eq!((judgement.verdict, judgement.close, judgement.short), (Verdict::Ok, CloseVerdict::Ok, vec![]));
}

#[test]
fn what_keeps_a_verdict_from_being_ok_is_told() {
    let mut case = echo_case();
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![Expected::Rest] });
    let judgement = judge(&case, &good(&["Hullo"]));
    assert_eq!(judgement.verdict, Verdict::NonStrict);
    let [why] = &judgement.short[..] else { panic!("{:?}", judgement.short) };
    insta::assert_snapshot!(
        why,
        @r#"event 1: expected text of 5 bytes "Hello", got text of 5 bytes "Hullo"; from byte 1 on they differ: "ullo" instead of "ello""#
    );
    assert!(judge(&case, &good(&["Hello"])).short.is_empty());
}

#[test]
fn the_rest_is_whatever_comes_behind_the_events_and_nothing_before_them() {
    let open = |events: &[Expected]| {
        let mut case = case([text("a")], &[hears("a"), hears("b")]);
        case.expect.push(Alternative { verdict: Grade::NonStrict, events: [events, &[Expected::Rest]].concat() });
        case
    };
    let verdict = |case: &Case, texts: &[&str]| judge(case, &good(texts)).verdict.word();
    let all = open(&[]);
    assert_eq!(verdict(&all, &["a", "b"]), "ok", "the better one stands before");
    assert_eq!([verdict(&all, &[]), verdict(&all, &["x", "y", "z"])], ["non-strict", "non-strict"]);
    let first = open(&[hears("a")]);
    assert_eq!([verdict(&first, &["a"]), verdict(&first, &["a", "x", "y"])], ["non-strict", "non-strict"]);
    assert_eq!([verdict(&first, &[]), verdict(&first, &["x", "a"])], ["failed", "failed"]);
    let mut many = good(&["a"]);
    many.unheard = 7;
    assert_eq!(judge(&first, &many).verdict, Verdict::NonStrict, "what was not kept is the rest too");
}

#[test]
fn where_whatever_comes_will_do_any_closing_will() {
    let mut case = echo_case();
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![hears("a"), Expected::Rest] });
    let mut closes_first = good(&["a"]);
    (closes_first.closing.by_us, closes_first.closing.remote) = (false, said(Some(1001)));
    let mut other_code = good(&["a", "b"]);
    other_code.closing.remote = said(Some(1002));
    let mut lost = good(&["a"]);
    (lost.closing.clean, lost.closing.remote) = (false, None);
    for transcript in [closes_first, other_code, lost] {
        let judgement = judge(&case, &transcript);
        assert_eq!((judgement.verdict, judgement.close), (Verdict::NonStrict, CloseVerdict::Informational));
    }
    // The better alternative is held to how it has to end.
    let mut clean = good(&["Hello"]);
    clean.closing.remote = said(Some(1002));
    assert_eq!(judge(&case, &clean).close, CloseVerdict::WrongCode);
}

#[test]
fn another_closing_is_non_strict_where_it_is_no_must() {
    let wrong_code = failed_with(Some(1011));
    let wrong_end = good(&[]);
    for (level, verdict, closes) in [
        (Level::Must, Verdict::Ok, [CloseVerdict::WrongCode, CloseVerdict::Failed]),
        (Level::Should, Verdict::NonStrict, [CloseVerdict::Informational; 2]),
        (Level::May, Verdict::NonStrict, [CloseVerdict::Informational; 2]),
    ] {
        let case = Case { level, ..failing(case([text("a")], &[]), 1007) };
        for (transcript, close) in [&wrong_code, &wrong_end].into_iter().zip(closes) {
            let judgement = judge(&case, transcript);
            assert_eq!((&judgement.verdict, judgement.close), (&verdict, close), "{level:?}");
            assert_eq!(judgement.short.is_empty(), level == Level::Must);
        }
        // What did not come to what was wanted stays a failure.
        let mut wrong = good(&["b"]);
        wrong.closing.remote = said(Some(1011));
        assert!(judge(&case, &wrong).verdict.is_failure());
    }
    // Where the case says that it fails, it does.
    let mut strict = Case { level: Level::Should, ..failing(case([text("a")], &[]), 1007) };
    (strict.close.wrong_end_fails, strict.close.wrong_code_fails) = (true, true);
    assert!([wrong_code, wrong_end].iter().all(|transcript| judge(&strict, transcript).verdict.is_failure()));
}

#[test]
fn either_end_may_close_but_only_with_a_code_of_the_case() {
    let codes = vec![CloseCode::NORMAL, CloseCode::TOO_BIG];
    let mut case = Case { close: Close { by: Closer::Either, codes, ..echo_case().close }, ..echo_case() };
    case.expect.push(Alternative { verdict: Grade::Ok, events: vec![] });
    let judged = |case: &Case, transcript: &Transcript| {
        let judgement = judge(case, transcript);
        (judgement.verdict.word(), judgement.close)
    };
    assert_eq!(judged(&case, &good(&["Hello"])), ("ok", CloseVerdict::Ok));
    assert_eq!(judged(&case, &failed_with(Some(1009))), ("ok", CloseVerdict::Ok));
    assert_eq!(judged(&case, &failed_with(Some(1011))), ("ok", CloseVerdict::WrongCode));
    case.close.wrong_code_fails = true;
    assert_eq!(judged(&case, &failed_with(Some(1011))), ("failed", CloseVerdict::WrongCode));
    // Whoever has a limit says so.
    let cut = judge(&case, &bare(Ending::ByPeer));
    assert_eq!((cut.verdict, cut.short), (Verdict::NonStrict, vec![Why::Bare]));
    // Where we close, it has to answer.
    let mut lost = good(&["Hello"]);
    (lost.closing.clean, lost.closing.remote) = (false, None);
    assert_eq!(judged(&case, &lost), ("ok", CloseVerdict::Unclean));
}

#[test]
fn a_case_that_cannot_be_played_passes_whoever_has_to_close() {
    let terms = vec![Terms { takeover: true, window: None, own: Own::default() }];
    let case = Case { deflate: terms, ..echo_case() };
    let judgement = judge(&case, &good(&[]));
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Unimplemented, CloseVerdict::Ok));
    // It was us who closed, because there was nothing to play.
    let close = Close { wrong_end_fails: true, ..failing(case.clone(), 1002).close };
    let judgement = judge(&Case { close, ..case }, &good(&[]));
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Unimplemented, CloseVerdict::Informational));
    assert_eq!(judgement.close_why, None);
}

#[test]
fn an_unclean_end_counts_only_where_a_clean_one_is_wanted() {
    let mut case = echo_case();
    let mut transcript = good(&["Hello"]);
    transcript.closing.clean = false;
    transcript.closing.remote = None;
    let judgement = judge(&case, &transcript);
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Ok, CloseVerdict::Unclean));
    assert_eq!(judgement.close_why, Some(Why::Lost));
    transcript.closing.timeouts = vec![Timeout::Patience, Timeout::CloseHandshake];
    assert_eq!(judge(&case, &transcript).close_why, Some(Why::TimedOut(Timeout::CloseHandshake)));
    case.close.clean = false;
    assert_eq!(judge(&case, &transcript).close, CloseVerdict::Ok);
}

#[test]
fn the_wrong_end_comes_before_an_unclean_end_and_that_before_a_wrong_code() {
    let mut transcript = good(&["Hello"]);
    transcript.closing.remote = said(Some(1011));
    assert_eq!(judge(&echo_case(), &transcript).close, CloseVerdict::WrongCode);
    transcript.closing.clean = false;
    assert_eq!(judge(&echo_case(), &transcript).close, CloseVerdict::Unclean);
    transcript.closing.by_us = false;
    assert_eq!(judge(&echo_case(), &transcript).close, CloseVerdict::Failed);
}

#[test]
fn a_wrong_code_fails_the_close_and_the_case_only_where_it_says_so() {
    let mut case = echo_case();
    let mut transcript = good(&["Hello"]);
    transcript.closing.remote = said(Some(1001));
    let judgement = judge(&case, &transcript);
    assert_eq!((&judgement.verdict, judgement.close), (&Verdict::Ok, CloseVerdict::WrongCode));
    insta::assert_snapshot!(
        judgement.close_why.as_ref().unwrap(),
        @"the target closed with 1001 (going away) instead of 1000 (normal closure)"
    );
    case.close.wrong_code_fails = true;
    let judgement = judge(&case, &transcript);
    assert!(matches!(whys(&judgement), [Why::WrongCode { .. }]));
}

#[test]
fn a_close_without_a_code_is_accepted() {
    let case = Case { close: Close { wrong_code_fails: true, ..echo_case().close }, ..echo_case() };
    let mut transcript = good(&["Hello"]);
    transcript.closing.remote = said(None);
    assert_eq!(judge(&case, &transcript).close, CloseVerdict::Ok);
}

#[test]
fn a_client_that_has_to_end_tcp_says_so_only_where_clean_does_not_matter() {
    let case = Case { close: Close { clean: false, ..echo_case().close }, ..echo_case() };
    let mut transcript = good(&["Hello"]);
    (transcript.closing.dropped_by_us, transcript.closing.clean) = (true, false);
    assert_eq!(judge(&case, &transcript).close, CloseVerdict::FailedByClient);
    transcript.role = Role::Server;
    assert_eq!(judge(&case, &transcript).close, CloseVerdict::Ok, "as server that is our part");
}

#[test]
fn an_informational_case_only_records() {
    let case = Case { informational: true, ..echo_case() };
    let judgement = judge(&case, &failed_with(Some(1011)));
    assert_eq!((judgement.verdict, judgement.close), (Verdict::Informational, CloseVerdict::Informational));
}

#[test]
fn a_refusal_by_policy_fails_and_is_called_one() {
    for code in [1008, 1009] {
        let mut transcript = failed_with(Some(code));
        transcript.closing.remote.as_mut().unwrap().reason = "too big".to_owned();
        let judgement = judge(&echo_case(), &transcript);
        assert!(matches!(whys(&judgement)[0], Why::PolicyLimit { .. }));
    }
    let judgement = judge(&echo_case(), &failed_with(Some(1009)));
    insta::assert_snapshot!(
        whys(&judgement)[0],
        @"the target refused it as a matter of policy: it closed with 1009 (message too big)"
    );
    assert!(!matches!(whys(&judge(&echo_case(), &failed_with(Some(1011))))[0], Why::PolicyLimit { .. }));
}

#[test]
fn a_target_that_breaks_a_rule_by_itself_fails() {
    let mut transcript = good(&["Hello"]);
    transcript.faults = vec![Fault { rule: Rule::Masked, at: ms(1), times: 3 }];
    assert_eq!(whys(&judge(&echo_case(), &transcript)), [Why::Broke(Rule::Masked)]);
    transcript.faults[0].rule = Rule::FrameAfterClose;
    assert_eq!(whys(&judge(&echo_case(), &transcript)), [Why::Broke(Rule::FrameAfterClose)]);
    transcript.faults[0].rule = Rule::MaskingKeyRepeated;
    assert_eq!(whys(&judge(&echo_case(), &transcript)), [Why::Broke(Rule::MaskingKeyRepeated)]);
    transcript.faults[0].rule = Rule::TruncatedFrame;
    assert_eq!(judge(&echo_case(), &transcript).verdict, Verdict::Ok, "how it ends is for the closing to say");
}

#[test]
fn silence_is_called_silence() {
    let mut transcript = good(&[]);
    transcript.closing.timeouts = vec![Timeout::Patience];
    assert_eq!(whys(&judge(&echo_case(), &transcript))[1], Why::TimedOut(Timeout::Patience));
    transcript.closing.timeouts = vec![Timeout::Stall];
    assert_eq!(whys(&judge(&echo_case(), &transcript))[1], Why::TimedOut(Timeout::Stall));
}

#[test]
fn a_transcript_can_be_judged_again_from_its_recording() {
    let case = case([text("Hello")], &[hears("Hello")]);
    for target in [echo(), mute(), once(vec![(1, Deed::Send(hex!("f1 81 01020304 00").to_vec()))])] {
        let played = play(&case, target);
        let recorded = serde_json::to_string(&played.transcript).unwrap();
        let read: Transcript = serde_json::from_str(&recorded).unwrap();
        assert_eq!(read, played.transcript);
        assert_eq!(judge(&case, &read), played.judgement);
    }
}

#[test]
fn reasons_name_the_rules_that_the_target_broke() {
    let of = |why: Why| why.rule();
    assert_eq!(of(Why::Broke(Rule::Masked)), Some(Rule::Masked));
    assert_eq!(of(Why::WrongEnd { wanted: Side::Target, got: Side::Us }), Some(Rule::NotFailed));
    assert_eq!(of(Why::WrongEnd { wanted: Side::Us, got: Side::Target }), None);
    assert_eq!(of(Why::TimedOut(Timeout::CloseHandshake)), Some(Rule::CloseUnanswered));
    assert_eq!(of(Why::TimedOut(Timeout::ServerDrop)), Some(Rule::ServerKeptConnection));
    assert_eq!(of(Why::Dropped), Some(Rule::ServerKeptConnection));
    assert_eq!(of(Why::Lost), Some(Rule::ConnectionLost));
    assert_eq!(of(Why::TimedOut(Timeout::Patience)), None);
    assert_eq!(of(Why::Unclean), None);
}
