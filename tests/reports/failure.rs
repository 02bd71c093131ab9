//! The text of a failed case.

use wslab::proto::Rule;
use wslab::report::failure;
use wslab::watch::{
    CloseVerdict, Difference, Due, Ending, Happening, Item, Opening, Said, Side, Timeout, Transcript, Trouble, Verdict,
    Why,
};
use wslab::wire::CloseCode;

use crate::made::{case, head, heard, ms, open, outcome, sent, text};

#[track_caller]
fn told(id: &str, verdict: Verdict, transcript: Option<Transcript>) -> String {
    failure(&case(id), &outcome(id, verdict, transcript), &format!("wslab conform ws://target/ {id}"))
}

fn differs(at: u64, wanted: Option<Happening>, got: Option<Happening>) -> Verdict {
    Verdict::Failed(vec![Why::Differs(Difference { at, wanted: vec![wanted.map(Due::One)], got })])
}

#[test]
fn what_came_is_not_what_was_wanted() {
    let mut transcript = open();
    transcript.log.push(sent(0, head(true, 0, 1, 125), &[b'*'; 125]));
    let mut wrong = vec![b'*'; 125];
    wrong[100] = b'+';
    transcript.heard = vec![heard(12, text(&wrong))];
    transcript.closing.remote = Some(Said { at: ms(13), code: Some(CloseCode::NORMAL), reason: "bye\u{1b}[2J".into() });
    transcript.closing.ending = Ending::ByPeer;
    transcript.duration = ms(14);
    insta::assert_snapshot!(told("1.1.2", differs(0, Some(text(&[b'*'; 125])), Some(text(&wrong))), Some(transcript)));
}

#[test]
fn long_lists_are_cut_in_the_middle() {
    let mut transcript = open();
    for at in 0..300 {
        transcript.log.push(sent(at, head(false, 0, 0, 3), b"abc"));
        transcript.sent.frames.entry(0).and_modify(|count| *count += 1).or_insert(1_u64);
        transcript.heard.push(heard(at, text(format!("{at}").as_bytes())));
    }
    transcript.received.frames.insert(9, 12);
    transcript.unheard = 1_000_000;
    transcript.closing.ending = Ending::Flooded;
    let verdict = Verdict::Failed(vec![Why::Flooded(16 << 20)]);
    let told = told("1.1.2", verdict, Some(transcript));
    assert!(told.lines().count() < 40);
    insta::assert_snapshot!(told);
}

#[test]
fn frames_tell_what_is_odd_about_them() {
    let mut transcript = open();
    let mut push = |fin, rsv, opcode, start: &[u8]| {
        transcript.log.push(sent(0, head(fin, rsv, opcode, start.len() as u64), start));
    };
    push(false, 7, 1, b"\xce\xba");
    push(true, 0, 0xb, b"");
    push(true, 0, 8, b"\x03");
    push(true, 0, 8, b"\x03\xe8\xff");
    push(true, 1, 2, b"\x00");
    let mut cut = sent(5, head(true, 0, 2, 70_000), b"abc");
    cut.item = match cut.item {
        Item::Frame { head, start, .. } => Item::Frame { head, start, len: 3 },
        other => other,
    };
    transcript.log.push(cut);
    transcript.log.push(wslab::watch::Entry { at: ms(6), side: Side::Us, item: Item::Reset });
    insta::assert_snapshot!(told("1.1.2", differs(0, Some(text(b"")), None), Some(transcript)));
}

#[test]
fn every_reason_has_its_words() {
    let whys = vec![
        Why::PolicyLimit { code: CloseCode::TOO_BIG, reason: "4 KiB".into() },
        Why::WrongEnd { wanted: Side::Us, got: Side::Target },
        Why::WrongCode { wanted: vec![CloseCode(1002), CloseCode(1007), CloseCode(1002)], got: CloseCode(4999) },
        Why::Unclean,
        Why::Dropped,
        Why::Broke(Rule::ReservedBit),
        Why::TimedOut(Timeout::Patience),
        Why::TimedOut(Timeout::CloseHandshake),
        Why::TimedOut(Timeout::ServerDrop),
        Why::TimedOut(Timeout::Stall),
        Why::Flooded(1 << 24),
        Why::Lost,
    ];
    let whys: Vec<String> = whys.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(whys.join("\n"));
}

#[test]
fn differences_tell_where() {
    let difference = |at, wanted: &[Option<Happening>], got| {
        let wanted = wanted.iter().map(|wanted| wanted.clone().map(Due::One)).collect();
        Difference { at, wanted, got }.to_string()
    };
    let pong = Happening::Pong(wslab::watch::Content::of(b"hi"));
    let long = |last| text([&[b'x'; 255][..], last].concat().as_slice());
    let all = [
        difference(0, &[Some(text(b"hello"))], Some(text(b"help!"))),
        difference(0, &[Some(text(b"hello"))], Some(text(b"jello"))),
        difference(0, &[Some(text(b"hello"))], Some(pong.clone())),
        difference(0, &[None], Some(pong.clone())),
        difference(3, &[None], Some(text("κόσμε".as_bytes()))),
        difference(3, &[Some(pong.clone()), None], None),
        difference(2, &[Some(long(b"abc"))], Some(long(b"bbc"))),
        difference(2, &[Some(long(b"abc"))], Some(long(b"abd"))),
        difference(1, &vec![Some(pong); 9], Some(Happening::Wait("A".into()))),
        difference(
            0,
            &[Some(text(b"\x1b[2J\n\"q\""))],
            Some(Happening::Binary(wslab::watch::Content::of(b"\xff\x00"))),
        ),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn there_was_no_connection() {
    insta::assert_snapshot!(told("5.1", Verdict::Broken(Trouble::Refused), None));
}

#[test]
fn every_trouble_has_its_words() {
    let troubles = [
        Trouble::Refused,
        Trouble::TimedOut,
        Trouble::NotFound("no such file".into()),
        Trouble::Tls("unknown issuer".into()),
        Trouble::Io("too many open files".into()),
    ];
    insta::assert_snapshot!(troubles.map(|trouble| trouble.to_string()).join("\n"));
}

/// A failed opening handshake with this answer.
fn not_opened(status: Option<u16>, timed_out: bool, response: &[u8]) -> String {
    let request = b"GET /chat?room=1 HTTP/1.1\r\nHost: target\r\nAuthorization: Bearer sesame\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let opening = Opening {
        request: request.to_vec(),
        response: response.to_vec(),
        status,
        timed_out,
        duration: ms(7),
        ..Opening::default()
    };
    let why = Why::Handshake {
        faults: if status == Some(101) { vec![Rule::ResponseAcceptWrong] } else { vec![Rule::ResponseMalformed] },
        status,
        timed_out,
        response: response.iter().copied().take(Why::RESPONSE).collect(),
    };
    let transcript = Transcript { opening: Some(opening), ..open() };
    told("5.1", Verdict::Failed(vec![why]), Some(transcript))
}

#[test]
fn the_opening_handshake_failed() {
    let long = [&b"HTTP/1.1 101 Yes\r\nX: "[..], &[b'a'; 16000]].concat();
    let all = [
        not_opened(None, false, b""),
        not_opened(None, true, b""),
        not_opened(None, false, b"HTTP/1.1 101 Switching Pro"),
        not_opened(None, false, &long),
        not_opened(None, false, b"\x15\x03\x01\x00\x02\x02\x28"),
        not_opened(
            Some(101),
            false,
            b"HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: \x1b[2J\r\nSet-Cookie: id=sesame\r\n\r\n",
        ),
        not_opened(Some(302), false, b"HTTP/1.1 302 Found\r\nlocation:  /login?to=\x07\r\n\r\n<html>"),
        not_opened(Some(302), false, b"HTTP/1.1 302 Found\r\n\r\n"),
    ];
    assert!(!all.concat().contains("sesame"), "secrets are not told");
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn statuses_have_their_words() {
    let all =
        [200, 204, 301, 400, 401, 403, 404, 426, 429, 500, 503, 999].map(|status| wslab::watch::refused(status, b""));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_case_that_closed_badly_after_several_attempts() {
    let mut outcome = outcome("7.1.1", Verdict::Ok, Some(open()));
    outcome.close = CloseVerdict::Unclean;
    outcome.close_why = Some(Why::Unclean);
    outcome.attempts = 3;
    insta::assert_snapshot!(failure(&case("7.1.1"), &outcome, "wslab conform 7.1.1"));
}

/// No case can be told in a way that is not text of some lines.
#[test]
fn every_case_can_be_told() {
    for case in wslab::conform::Corpus::embedded().cases {
        let outcome = outcome(case.id.as_str(), differs(0, None, Some(text(b"x"))), Some(open()));
        let told = failure(&case.brief(), &outcome, "wslab conform");
        assert!(told.len() < 4000 && told.lines().count() < 40, "{told}");
        assert!(!told.chars().any(|character| character.is_control() && character != '\n'), "{told}");
    }
}
