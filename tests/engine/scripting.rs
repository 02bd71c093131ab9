//! The tester's manners and timers, in virtual time.

use std::time::Duration;

use hex_literal::hex;
use wslab::conform::{
    Alternative, Await, Case, Close, Closer, Expected, Fragments, Frame, Grade, Manners, Own, Pace, Patience, Payload,
    Step, Terms, Then, Timers, Verdict, Why,
};
use wslab::proto::Rule;
use wslab::watch::{Ending, Timeout};
use wslab::wire::{CloseCode, Opcode};

use crate::stage::*;

#[test]
fn we_close_when_all_that_is_expected_has_come() {
    let played = play(&case([text("Hello")], &[hears("Hello")]), echo());
    assert_eq!(played.opcodes(), [Opcode::TEXT, Opcode::CLOSE]);
    assert_eq!(played.our_close(), Some(&hex!("03e8")[..]));
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.transcript.duration, Duration::ZERO, "no patience is spent where the outcome is certain");
    assert!(played.transcript.closing.by_us && played.transcript.closing.clean);
}

#[test]
fn we_close_with_the_first_code_of_the_case() {
    let case = case([text("Hello")], &[hears("Hello")]);
    let codes = vec![CloseCode(3000), CloseCode(1000)];
    let case = Case { close: Close { codes, ..case.close.clone() }, ..case };
    assert_eq!(play(&case, echo()).our_close(), Some(&hex!("0bb8")[..]));
}

#[test]
fn we_do_not_close_while_alternatives_disagree() {
    let mut case = case([text("Hello")], &[hears("Hello")]);
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![hears("Hello"), hears("Hello")] });
    let played = play(&case, echo());
    assert_eq!(played.transcript.duration, ms(1000));
    assert_eq!(played.our_close(), Some(&b"\x03\xe9Going Away"[..]));
}

#[test]
fn an_alternative_that_cannot_be_reached_any_more_is_not_waited_for() {
    let mut case = case([text("Hello")], &[hears("Hello")]);
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![] });
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![hears("a"), hears("b")] });
    let played = play(&case, echo());
    assert_eq!(played.transcript.duration, Duration::ZERO);
    assert_eq!(played.our_close(), Some(&hex!("03e8")[..]));
}

#[test]
fn silence_is_waited_for_in_full() {
    let case = case([Step::Frame(frame(Opcode::PONG, "unasked"))], &[]);
    let case = Case { patience: Patience { time: ms(1000), then: Then::Close }, ..case };
    let played = play(&case, echo());
    assert_eq!(played.transcript.duration, ms(1000));
    assert_eq!(played.our_close(), Some(&[][..]), "a close frame without a body");
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn a_silent_target_fails_after_the_patience_of_the_case() {
    let played = play(&case([text("Hello")], &[hears("Hello")]), mute());
    assert_eq!(played.verdicts(), ("failed", "unclean"));
    assert!(played.transcript.closing.failed_by_us);
    assert_eq!(played.transcript.closing.timeouts, [Timeout::Patience, Timeout::CloseHandshake]);
    assert_eq!(played.transcript.duration, ms(2000), "1 s for the echo, 1 s for the close frame");
}

#[test]
fn a_slow_run_is_slow_in_everything() {
    let played = play_at(&case([text("Hello")], &[hears("Hello")]), mute(), Pace::new(2.5));
    assert_eq!(played.transcript.duration, ms(5000));
}

#[test]
fn timers_can_be_ones_own() {
    let timers = Timers { closing: Some(ms(300)), drop: Some(ms(200)), ..Timers::default() };
    let case = case([text("Hello")], &[hears("Hello")]);
    let played = play_at(&case, mute(), Pace::new(2.0).with(timers));
    assert_eq!(played.transcript.duration, ms(2000 + 600), "2 s for the echo, twice 0.3 s for the close frame");
    let mut inner = echo();
    let target: Target = Box::new(move |head, payload| {
        inner(head, payload).into_iter().filter(|(_, deed)| !matches!(deed, Deed::End)).collect()
    });
    let played = play_at(&case, target, Pace::default().with(timers));
    assert_eq!(played.transcript.duration, ms(200));
}

#[test]
fn a_server_that_keeps_the_connection_is_dropped_after_a_second() {
    let mut inner = echo();
    let target: Target = Box::new(move |head, payload| {
        inner(head, payload).into_iter().filter(|(_, deed)| !matches!(deed, Deed::End)).collect()
    });
    let played = play(&case([text("Hello")], &[hears("Hello")]), target);
    assert_eq!(played.transcript.duration, ms(1000));
    assert_eq!(played.transcript.closing.timeouts, [Timeout::ServerDrop]);
    assert_eq!(played.verdicts(), ("ok", "unclean"));
}

#[test]
fn the_targets_close_is_answered_with_1000_whatever_it_says() {
    let played = play(
        &failing(case([text("Hello"), Step::Wait { time: ms(500), tag: None }, text("never sent")], &[]), 1002),
        once(vec![(100, closes(1002)), (101, Deed::End)]),
    );
    assert_eq!(played.frames, [(Opcode::TEXT, b"Hello".to_vec()), (Opcode::CLOSE, hex!("03e8").to_vec())]);
    assert_eq!(played.transcript.duration, ms(101));
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn pings_are_answered_while_the_connection_is_open() {
    let case = case([text("Hello")], &[hears("Hello")]);
    let target =
        once(vec![(1, says(Opcode::PING, b"a")), (2, says(Opcode::PING, b"b")), (3, says(Opcode::TEXT, b"Hello"))]);
    let played = play(&case, target);
    let pong = |payload: &[u8]| (Opcode::PONG, payload.to_vec());
    assert_eq!(played.frames[1..3], [pong(b"a"), pong(b"b")]);
    assert_eq!(played.judgement.verdict, Verdict::Ok, "pings are no events");
}

#[test]
fn pings_are_not_answered_after_our_close_frame() {
    let case = case([close(1000)], &[]);
    let played = play(&case, once(vec![(1, says(Opcode::PING, b"late")), (2, closes(1000)), (3, Deed::End)]));
    assert_eq!(played.opcodes(), [Opcode::CLOSE]);
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn no_control_frame_is_put_into_an_unfinished_frame() {
    // Autobahn does so in 6.4.3: a ping and a close of the target come while our frame is unfinished.
    let begun = Step::Frame(wslab::conform::Frame { len: Some(8), ..frame(Opcode::TEXT, "four") });
    let wait = Step::Wait { time: ms(100), tag: None };
    let mut case =
        failing(case([ping("x"), begun, wait, Step::More("more".into())], &[Expected::Pong("x".into())]), 1007);
    case.close.clean = false;
    let target =
        once(vec![(0, says(Opcode::PONG, b"x")), (1, says(Opcode::PING, b"now")), (50, closes(1007)), (60, Deed::End)]);
    let played = play(&case, target);
    assert_eq!(
        played.opcodes(),
        [Opcode::PING, Opcode::TEXT, Opcode::PONG, Opcode::CLOSE],
        "the frame is finished first"
    );
    assert_eq!(played.frames[1].1.len(), 8);
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn a_frame_that_cannot_be_finished_is_followed_by_nothing() {
    let huge = Step::Frame(wslab::conform::Frame { len: Some(1 << 40), ..frame(Opcode::TEXT, "x") });
    let played = play(&failing(case([huge], &[]), 1009), once(vec![]));
    assert_eq!(played.transcript.closing.ending, Ending::ByUs);
    assert!(played.transcript.closing.dropped_by_us && played.transcript.closing.local.is_none());
    assert_eq!(played.transcript.duration, ms(1000));
}

#[test]
fn a_target_that_breaks_a_rule_is_failed_with_its_code() {
    let masked = Deed::Send(hex!("81 85 37fa213d 7f9f4d5158").to_vec());
    let played = play(&case([text("Hello")], &[hears("Hello")]), once(vec![(5, masked)]));
    assert_eq!(&played.our_close().unwrap()[..2], hex!("03ea"));
    assert!(played.transcript.heard.is_empty(), "its messages count for nothing");
    let Verdict::Failed(whys) = &played.judgement.verdict else { panic!("not failed") };
    assert!(whys.contains(&Why::Broke(Rule::Masked)), "{whys:?}");
}

#[test]
fn text_that_is_not_utf8_is_failed_with_1007() {
    let played = play(&case([text("Hello")], &[hears("Hello")]), once(vec![(5, says(Opcode::TEXT, b"\xff"))]));
    assert_eq!(&played.our_close().unwrap()[..2], hex!("03ef"));
}

#[test]
fn a_fault_in_the_answer_to_our_close_drops_the_connection() {
    let played = play(&case([close(1000)], &[]), once(vec![(5, says(Opcode::CLOSE, b"\x03"))]));
    assert_eq!(played.transcript.duration, ms(5));
    assert!(played.transcript.closing.dropped_by_us && !played.transcript.closing.clean);
}

#[test]
fn a_wait_with_a_tag_is_an_event() {
    let wait = |tag: &str| Step::Wait { time: ms(1000), tag: Some(tag.to_owned()) };
    let mut case = failing(case([text("a"), wait("A"), text("b"), wait("B")], &[Expected::Wait("A".to_owned())]), 1007);
    case.expect.push(Alternative {
        verdict: Grade::NonStrict,
        events: vec![Expected::Wait("A".to_owned()), Expected::Wait("B".to_owned())],
    });
    let early = play(&case, once(vec![(1500, closes(1007)), (1500, Deed::End)]));
    assert_eq!(early.verdicts(), ("ok", "ok"));
    let late = play(&case, once(vec![(2500, closes(1007)), (2500, Deed::End)]));
    assert_eq!(late.verdicts(), ("non-strict", "ok"));
    let at_once = play(&case, once(vec![(500, closes(1007)), (500, Deed::End)]));
    assert_eq!(at_once.verdicts(), ("failed", "ok"));
}

#[test]
fn a_close_frame_is_a_stimulus_where_the_target_has_to_close() {
    // 3.7: a close frame with reserved bits.
    let bad = Step::Frame(wslab::conform::Frame { rsv: 7, ..frame(Opcode::CLOSE, "") });
    let played = play(&failing(case([bad], &[]), 1002), once(vec![(1, closes(1002)), (1, Deed::End)]));
    assert!(!played.transcript.closing.by_us);
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn steps_behind_our_close_frame_are_sent_too() {
    let played = play(&case([close(1000), text("late")], &[]), echo());
    assert_eq!(played.opcodes(), [Opcode::CLOSE, Opcode::TEXT]);
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn plain_frames_share_a_write_and_chopped_ones_do_not() {
    let played = play(&case([text("a"), text("b")], &[hears("a"), hears("b")]), echo());
    assert_eq!(played.writes[0].1.len(), 14);
    let chopped = Step::Frame(wslab::conform::Frame { chop: Some(3), ..frame(Opcode::TEXT, "Hello") });
    let played = play(&case([text("a"), chopped, text("b")], &[hears("a"), hears("Hello"), hears("b")]), echo());
    let sizes: Vec<_> = played.writes.iter().map(|(_, bytes)| bytes.len()).collect();
    assert_eq!(sizes, [7, 3, 3, 3, 2, 7, 8]);
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn a_pause_separates_frames_in_time() {
    let paused = Step::Frame(wslab::conform::Frame { pause: Some(ms(20)), ..frame(Opcode::TEXT, "a") });
    let played = play(&case([paused, text("b")], &[hears("a"), hears("b")]), echo());
    assert_eq!((played.writes[0].0, played.writes[1].0), (ms(0), ms(20)));
    assert_eq!(played.verdicts(), ("ok", "ok"));
}

#[test]
fn a_message_in_65537_frames_goes_out_in_large_writes() {
    let fragments = Some(Fragments { size: 64, empty_last: true });
    let payload = Payload::Fill { pattern: "*".into(), len: 4 << 20 };
    let message = wslab::conform::Frame { fragments, ..frame(Opcode::TEXT, payload.clone()) };
    let played = play(&case([Step::Frame(message)], &[Expected::Text(payload)]), echo());
    assert_eq!(played.frames.len(), 65_538);
    assert!(played.writes.len() < 80 && played.writes.iter().all(|(_, bytes)| bytes.len() <= 65_536));
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.transcript.sent.frames, [(0, 65_536), (1, 1), (8, 1)].into());
    assert!(played.transcript.log.iter().count() <= 160);
    assert!(played.transcript.heard[0].what != wslab::watch::Happening::Wait(String::new()));
}

#[test]
fn a_repetition_in_lockstep_sends_each_message_when_the_last_was_echoed() {
    let steps = vec![text("x"), Step::Await(Await::Message)];
    let case = case([Step::Repeat { times: 1000, steps }], &[Expected::Repeat(1000, vec![hears("x")])]);
    let mut inner = echo();
    let slow: Target = Box::new(move |head, payload| {
        inner(head, payload).into_iter().map(|(_, deed)| (Duration::from_micros(500), deed)).collect()
    });
    let played = play(&case, slow);
    assert_eq!(played.verdicts(), ("ok", "ok"));
    assert_eq!(played.writes.len(), 1001);
    assert_eq!(played.transcript.heard.len(), 1000);
}

#[test]
fn a_lockstep_that_gets_no_answer_ends_with_the_patience() {
    let steps = vec![text("x"), Step::Await(Await::Message)];
    let case = case([Step::Repeat { times: 1000, steps }], &[Expected::Repeat(1000, vec![hears("x")])]);
    let played = play(&case, once(vec![(10, says(Opcode::TEXT, b"x"))]));
    assert_eq!(played.verdicts().0, "failed");
    assert_eq!(played.transcript.duration, ms(2010));
}

#[test]
fn a_wrong_echo_is_certain_after_a_second() {
    let case = case([text("Hello")], &[hears("Hello")]);
    let case = Case { patience: Patience { time: Duration::from_secs(1000), then: Then::Close }, ..case };
    let mut inner = echo();
    let wrong: Target = Box::new(move |head, payload| match head.opcode {
        Opcode::TEXT => vec![(ms(1), says(Opcode::TEXT, b"Hullo"))],
        _ => inner(head, payload),
    });
    let played = play(&case, wrong);
    assert_eq!(played.verdicts(), ("failed", "ok"));
    assert!(played.transcript.duration <= ms(10_001));
}

#[test]
fn a_half_close_and_a_reset_are_said_and_done() {
    let played = play(&case([text("a"), Step::HalfClose], &[hears("a")]), echo());
    assert_eq!(played.transcript.closing.ending, Ending::ByPeer);
    let played = play(&case([text("a"), Step::Reset], &[]), echo());
    assert!(played.transcript.closing.dropped_by_us && played.transcript.closing.by_us);
}

#[test]
fn a_target_that_resets_is_recorded_as_that() {
    let played = play(&case([text("Hello")], &[hears("Hello")]), once(vec![(7, Deed::Reset)]));
    assert_eq!((played.transcript.closing.ending, played.transcript.duration), (Ending::Reset, ms(7)));
    assert_eq!(played.verdicts(), ("failed", "failed"));
}

#[test]
fn a_flood_is_cut_off() {
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.extend(hex!("82 7e 4000"));
        flood.resize(flood.len() + 0x4000, 7);
    }
    let deeds = (1..20).map(|at| (at, Deed::Send(flood.clone()))).collect();
    let case = failing(case([text("Hello")], &[]), 1002);
    let played = play(&case, once(deeds));
    assert_eq!(played.transcript.closing.ending, Ending::Flooded);
    assert_eq!(played.transcript.heard.len(), 64);
    assert!(played.transcript.unheard > 100);
    let Verdict::Failed(whys) = &played.judgement.verdict else { panic!("not failed") };
    assert!(matches!(whys[0], Why::Flooded(_)));
}

#[test]
fn a_ping_is_not_answered_where_our_manners_leave_it() {
    let pings = || once(vec![(1, says(Opcode::PING, b"x")), (2, says(Opcode::TEXT, b"Hello"))]);
    let polite = case([text("Hello")], &[hears("Hello")]);
    assert!(play(&polite, pings()).opcodes().contains(&Opcode::PONG));
    let case = Case { manners: Manners { pong: false, ..Manners::default() }, ..polite };
    let played = play(&case, pings());
    assert_eq!((played.opcodes(), played.verdicts().0), (vec![Opcode::TEXT, Opcode::CLOSE], "ok"));
}

#[test]
fn the_steps_go_on_behind_the_targets_close_frame_where_our_manners_leave_it() {
    let bad = Frame { pause: Some(ms(20)), ..frame(Opcode(3), "") };
    let polite = failing(case([Step::Frame(bad), ping("late")], &[]), 1002);
    let rude = Case { manners: Manners { stop: false, ..Manners::default() }, ..polite.clone() };
    // It closes at once, and answers pings or not.
    let target = |pongs: bool| -> Target {
        Box::new(move |head, payload| match head.opcode {
            Opcode(3) => vec![(ms(1), closes(1002))],
            Opcode::PING if pongs => vec![(ms(1), says(Opcode::PONG, payload))],
            Opcode::CLOSE => vec![(ms(1), Deed::End)],
            _ => Vec::new(),
        })
    };
    let stopped = play(&polite, target(true));
    assert_eq!((stopped.opcodes(), stopped.verdicts()), (vec![Opcode(3), Opcode::CLOSE], ("ok", "ok")));
    let played = play(&rude, target(false));
    assert_eq!((played.opcodes(), played.verdicts()), (vec![Opcode(3), Opcode::PING, Opcode::CLOSE], ("ok", "ok")));
    assert!(played.transcript.duration < ms(30), "nothing is waited for: {:?}", played.transcript.duration);
    let Verdict::Failed(whys) = &play(&rude, target(true)).judgement.verdict else { panic!("a pong is no failure") };
    assert!(whys.contains(&Why::Broke(Rule::FrameAfterClose)), "{whys:?}");
}

#[test]
fn a_close_frame_that_we_leave_unanswered_is_for_the_target_to_end() {
    let manners = Manners { close: false, ..Manners::default() };
    let base = failing(case([text("Hello")], &[Expected::End]), 1000);
    let mut case = Case { manners, ..base };
    let played = play(&case, once(vec![(1, closes(1000)), (700, Deed::End)]));
    assert_eq!((played.opcodes(), played.transcript.duration), (vec![Opcode::TEXT], ms(700)));
    assert_eq!(played.verdicts(), ("ok", "ok"));
    let stays = play(&case, once(vec![(1, closes(1000))]));
    assert_eq!(stays.verdicts().0, "failed");
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![] });
    assert_eq!(play(&case, once(vec![(1, closes(1000))])).verdicts().0, "non-strict");
    // With all manners the end is none of the events.
    let polite = Case { manners: Manners::default(), ..case };
    let played = play(&polite, once(vec![(1, closes(1000)), (700, Deed::End)]));
    assert!(played.transcript.heard.is_empty() && played.opcodes().contains(&Opcode::CLOSE));
}

#[test]
fn an_await_is_over_when_whatever_comes_will_do() {
    let steps = [text("a"), Step::Await(Await::Message), Step::Await(Await::Message), close(1000)];
    let mut case = case(steps, &[hears("a"), hears("b")]);
    let wrong = || {
        let mut deeds = Some(vec![(ms(3), says(Opcode::TEXT, b"x"))]);
        let mut echo = echo();
        Box::new(move |head: &wslab::wire::Head, payload: &[u8]| match head.opcode {
            Opcode::CLOSE => echo(head, payload),
            _ => deeds.take().unwrap_or_default(),
        }) as Target
    };
    let closed = |played: &Played| played.writes.last().map(|(at, _)| *at);
    assert!(closed(&play(&case, wrong())) >= Some(ms(1000)), "there may be more to come");
    case.expect.push(Alternative { verdict: Grade::NonStrict, events: vec![Expected::Rest] });
    let played = play(&case, wrong());
    assert_eq!((closed(&played), played.verdicts()), (Some(ms(3)), ("non-strict", "ok")));
}

#[test]
fn a_frame_behind_the_close_frame_of_the_target_fails_it() {
    let case = failing(case([text("Hello")], &[]), 1000);
    let played = play(&case, once(vec![(1, closes(1000)), (1, Deed::End)]));
    assert_eq!(played.verdicts(), ("ok", "ok"));
    let played = play(&case, once(vec![(1, closes(1000)), (1, says(Opcode::PONG, b"")), (2, Deed::End)]));
    let Verdict::Failed(whys) = &played.judgement.verdict else { panic!("{:?}", played.judgement) };
    assert_eq!(whys[0], Why::Broke(Rule::FrameAfterClose));
    // Even where whatever comes will do.
    let case = Case { expect: vec![Alternative { verdict: Grade::Ok, events: vec![Expected::Rest] }], ..case };
    let played = play(&case, once(vec![(1, closes(1000)), (1, says(Opcode::PONG, b"")), (2, Deed::End)]));
    assert_eq!(played.judgement.verdict, Verdict::Failed(vec![Why::Broke(Rule::FrameAfterClose)]));
}

#[test]
fn either_end_may_close_first() {
    let mut case = case([text("Hello")], &[hears("Hello")]);
    case.close = Close { by: Closer::Either, codes: vec![CloseCode::NORMAL, CloseCode::TOO_BIG], ..case.close };
    case.expect.push(Alternative { verdict: Grade::Ok, events: vec![] });
    let played = play(&case, echo());
    assert_eq!((played.verdicts(), played.transcript.closing.by_us), (("ok", "ok"), true));
    let refuses = |code| once(vec![(5, closes(code)), (6, Deed::End)]);
    let played = play(&case, refuses(1009));
    assert_eq!((played.verdicts(), played.transcript.closing.by_us), (("ok", "ok"), false));
    assert_eq!(play(&case, refuses(1003)).verdicts().1, "wrong-code");
}

#[test]
fn what_is_not_agreed_on_is_not_played_whoever_has_to_close() {
    let terms = vec![Terms { takeover: true, window: None, own: Own::default() }];
    let case = Case { deflate: terms, ..failing(case([text("Hello")], &[]), 1002) };
    let played = play(&case, echo());
    assert_eq!((played.opcodes(), played.verdicts()), (vec![Opcode::CLOSE], ("unimplemented", "informational")));
    assert_eq!(played.our_close(), Some(&hex!("03e8")[..]));
}
