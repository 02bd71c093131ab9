//! The opening handshake (section 4), as an endpoint goes through it.

use hex_literal::hex;
use wslab::proto::opening::{Agreed, Answer, Ask, Policy, answer};
use wslab::proto::{Cause, Config, Endpoint, Event, ReadyState, Role, Rule, SendError};
use wslab::wire::CloseCode;
use wslab::wire::http::{HeadFault, Response};

use crate::end::{
    End, REQUEST, RESPONSE, Told, asked, binary, close, closed_abnormally, keys, opened, peers_half, ping,
    read_request, request, secs, text, without_masks,
};
use crate::mirrored;

fn connecting(role: Role) -> End {
    End::connecting(role, Config::default())
}

/// A server that nobody answers for.
fn undecided() -> End {
    let mut server = connecting(Role::Server);
    server.policy = None;
    server
}

fn without_header(head: &str, name: &str) -> String {
    head.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect()
}

mirrored! {
    fn the_states_are_gone_through_in_order(end) {
        let mut end = connecting(end.role());
        assert_eq!(end.state(), ReadyState::Connecting);
        end.receives_raw(peers_half(end.role()));
        assert_eq!(end.state(), ReadyState::Open);
        end.out().close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(end.state(), ReadyState::Closing);
        end.ticks();
        end.receives(hex!("88 02 03e8"));
        assert_eq!(end.state(), ReadyState::Closing);
        end.receives_eof();
        assert_eq!(end.state(), ReadyState::Closed);
    }

    fn a_head_that_comes_byte_by_byte_opens(end) {
        let mut end = connecting(end.role());
        for byte in peers_half(end.role()).bytes() {
            assert_eq!(end.state(), ReadyState::Connecting);
            end.receives_raw([byte]);
        }
        assert_eq!(end.told.last(), Some(&opened()));
        assert_eq!(end.state(), ReadyState::Open);
    }

    fn a_head_cut_anywhere_opens_and_frames_behind_it_are_kept_in_order(end) {
        let frames = end.as_peer_sends(hex!("81 01 61  01 01 62  80 01 63  82 01 64"));
        let bytes = [peers_half(end.role()).as_bytes(), &frames].concat();
        for cut in 0..=bytes.len() {
            let mut end = connecting(end.role());
            let (first, second) = bytes.split_at(cut);
            end.receives_raw(first);
            end.receives_raw(second);
            let opened_at = end.told.iter().position(|told| *told == opened()).expect("it opens");
            assert_eq!(end.told[opened_at + 1..], [text("a"), text("bc"), binary("d")], "cut at {cut}");
        }
    }

    fn a_close_frame_right_behind_the_head_closes(end) {
        let close_frame = end.as_peer_sends(hex!("88 02 03e8"));
        let mut end = connecting(end.role());
        end.receives_raw([peers_half(end.role()).as_bytes(), &close_frame].concat());
        assert_eq!(end.told.last(), Some(&close(1000, "")));
    }

    fn nothing_can_be_sent_while_connecting(end) {
        let mut end = connecting(end.role());
        end.takes_outgoing();
        assert_eq!(end.out().send("early"), Err(SendError::NotOpen));
        assert_eq!(end.out().ping(b""), Err(SendError::NotOpen));
        assert_eq!(end.out().close(CloseCode::NORMAL, ""), Err(SendError::NotOpen));
        assert_eq!(end.out().close_without_code(), Err(SendError::NotOpen));
        assert!(end.takes_outgoing().is_empty());
    }

    fn what_is_sent_upon_open_goes_out_behind_the_handshake(end) {
        let mut end = connecting(end.role()).reacting(|event, out| {
            if matches!(event, Event::Open(_)) {
                out.send("first").unwrap();
            }
        });
        end.receives_raw(peers_half(end.role()));
        let bytes = end.takes_outgoing();
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
        assert_eq!(without_masks(&bytes[head..], end.role()), hex!("81 05 6669727374"));
    }

    fn tcp_ending_before_the_handshake_is_a_loss(end) {
        for cut in [0, 1, 40] {
            let mut end = connecting(end.role());
            end.receives_raw(&peers_half(end.role())[..cut]);
            let told = end.receives_eof();
            assert_eq!(told, [Told::Failed(Cause::Lost), closed_abnormally(None, Cause::Lost)]);
        }
    }

    fn a_head_that_is_too_long_is_refused(end) {
        let config = Config { max_head: 200, ..Config::default() };
        for chop in [1, 7, 1000] {
            let mut end = End::connecting(end.role(), config.clone());
            let start = peers_half(end.role()).strip_suffix("\r\n").unwrap();
            let head = format!("{start}X-Padding: {}\r\n\r\n", "x".repeat(100));
            for piece in head.as_bytes().chunks(chop) {
                end.receives_raw(piece);
            }
            let [Told::Failed(Cause::OpeningUnreadable(error))] = &end.told[..] else { panic!("{:?}", end.told) };
            assert_eq!((error.fault, error.at), (HeadFault::TooLarge(200), 200));
            assert!(end.shutdown);
        }
    }

    fn a_head_of_the_largest_size_is_taken(end) {
        let head = peers_half(end.role());
        let config = Config { max_head: head.len(), ..Config::default() };
        for chop in [1, head.len()] {
            let mut end = End::connecting(end.role(), config.clone());
            for piece in head.as_bytes().chunks(chop) {
                end.receives_raw(piece);
            }
            assert_eq!(end.told.last(), Some(&opened()));
        }
    }

    fn a_head_with_too_many_headers_is_refused(end) {
        let config = Config { max_headers: 2, ..Config::default() };
        let mut end = End::connecting(end.role(), config);
        end.receives_raw(peers_half(end.role()));
        let Told::Failed(Cause::OpeningUnreadable(error)) = &end.told[0] else { panic!("{:?}", end.told) };
        assert_eq!(error.fault, HeadFault::TooManyHeaders(2));
    }

    fn what_is_no_head_is_called_so_when_tcp_ends(end) {
        let mut end = connecting(end.role());
        for byte in b"HTTP/1.1 101 Oh\0no".iter().chain(b" and more of this") {
            end.receives_raw([*byte]);
        }
        end.receives_eof();
        assert!(matches!(end.told[..], [Told::Failed(Cause::OpeningUnreadable(_)), Told::Closed(_)]), "{:?}", end.told);
    }

    fn nothing_is_processed_behind_a_head_that_cannot_be_read(end) {
        let mut end = connecting(end.role());
        end.receives_raw("this is not HTTP\r\n\r\n");
        let [Told::Failed(cause @ Cause::OpeningUnreadable(_))] = &end.told[..] else { panic!("{:?}", end.told) };
        let cause = cause.clone();
        assert_eq!(end.state(), ReadyState::Closing);
        assert!(end.shutdown);
        assert_eq!(end.receives_raw(peers_half(end.role())), []);
        assert_eq!(end.receives_eof(), [closed_abnormally(None, cause)]);
    }
}

#[test]
fn a_client_sends_its_request_and_opens_upon_the_response() {
    let mut client = connecting(Role::Client);
    assert_eq!(client.ticks(), []);
    assert_eq!(client.takes_outgoing(), REQUEST.as_bytes());
    assert_eq!(client.endpoint.agreed(), None);
    assert_eq!(client.receives_raw(RESPONSE), [opened()]);
    assert_eq!(client.endpoint.agreed(), Some(&Agreed::default()));
    assert!(client.takes_outgoing().is_empty());
}

#[test]
fn a_server_is_asked_answers_and_opens() {
    let mut server = connecting(Role::Server);
    assert_eq!(server.receives_raw(REQUEST), [asked(), opened()]);
    assert_eq!(server.takes_outgoing(), RESPONSE.as_bytes());
}

#[test]
fn a_subprotocol_is_agreed_on() {
    let ask = Ask { protocols: vec!["chat".into(), "superchat".into()], ..Ask::new("example.com", "/", [7; 16]) };
    let request = ask.request().unwrap();
    let policy = Policy { protocols: vec!["superchat".into()], ..Policy::default() };
    let mut head = Vec::new();
    request.write(&mut head);
    let mut server = undecided();
    server.receives_raw(head);
    server.endpoint.answer(answer(&request, &policy));
    server.ticks();
    let agreed = Agreed { protocol: Some("superchat".into()), ..Agreed::default() };
    assert_eq!(server.told.last(), Some(&Told::Open(agreed.clone())));
    let endpoint = Endpoint::client(ask, keys(), Default::default(), server.now).unwrap();
    let mut client = End::new(endpoint, server.now);
    assert_eq!(client.receives_raw(server.takes_outgoing()), [Told::Open(agreed)]);
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let ask = Ask::new("example.com", "no slash", [0; 16]);
    let now = std::time::Instant::now();
    assert!(Endpoint::client(ask, keys(), Default::default(), now).is_err());
}

#[test]
fn bytes_wait_for_the_answer_of_the_server() {
    let mut server = undecided();
    let frames = server.as_peer_sends(hex!("81 01 61  82 01 62"));
    let (first, rest) = frames.split_at(3);
    let (second, third) = rest.split_at(5);
    assert_eq!(server.receives_raw([REQUEST.as_bytes(), first].concat()), [asked()]);
    assert_eq!(server.receives_raw(second), []);
    assert_eq!(server.waits(secs(5)), []);
    assert_eq!(server.state(), ReadyState::Connecting);
    assert!(server.takes_outgoing().is_empty());
    server.endpoint.answer(answer(&request(), &Policy::default()));
    assert_eq!(server.state(), ReadyState::Connecting, "until the next turn");
    assert_eq!(server.receives_raw(third), [opened(), text("a"), binary("b")], "in order, also with new bytes");
}

#[test]
fn bytes_that_waited_are_processed_without_new_ones() {
    let mut server = undecided();
    let frames = server.as_peer_sends(hex!("81 01 61  89 01 70"));
    server.receives_raw([REQUEST.as_bytes(), &frames].concat());
    let told = server.answers(&Policy::default());
    assert_eq!(told, [opened(), text("a"), ping("p")]);
    assert_eq!(server.takes_outgoing(), [RESPONSE.as_bytes(), &hex!("8a 01 70")].concat());
}

#[test]
fn more_bytes_than_a_head_before_the_answer_are_not_kept_and_refuse_the_connection() {
    let mut server = End::server(Config { max_head: 300, ..Config::default() }, std::time::Instant::now());
    server.policy = None;
    assert_eq!(server.receives_raw(REQUEST), [asked()]);
    for _ in 0..301 {
        server.receives_raw([0]);
    }
    server.answers(&Policy::default());
    assert!(server.takes_outgoing().starts_with(b"HTTP/1.1 400 "));
    assert!(server.shutdown);
    let Told::Closed(closed) = &server.receives_eof()[0] else { panic!("{:?}", server.told) };
    let Cause::OpeningInvalid(rules, None) = &closed.cause else { panic!("{:?}", closed.cause) };
    assert!(rules.contains(Rule::FrameBeforeOpen));
}

#[test]
fn more_bytes_than_a_head_before_a_refusal_do_not_matter() {
    let mut server = End::server(Config { max_head: 300, ..Config::default() }, std::time::Instant::now());
    server.policy = None;
    server.receives_raw([REQUEST.as_bytes(), &[0; 1000]].concat());
    server.endpoint.answer(Answer::refusal(401, "who are you?"));
    server.ticks();
    assert!(server.takes_outgoing().starts_with(b"HTTP/1.1 401 "));
    assert_eq!(server.receives_eof(), [closed_abnormally(None, Cause::Refused(401))]);
}

#[test]
fn a_server_may_refuse() {
    let mut server = undecided();
    server.receives_raw(REQUEST);
    server.endpoint.answer(Answer::refusal(503, "full"));
    assert_eq!(server.state(), ReadyState::Closing);
    assert_eq!(server.ticks(), [], "it knows what it did");
    assert!(server.shutdown);
    let sent = server.takes_outgoing();
    assert!(sent.starts_with(b"HTTP/1.1 503 ") && sent.ends_with(b"full\n"));
    assert_eq!(server.patience(), Some(secs(10)));
    assert_eq!(server.receives_raw("GET / HTTP/1.1\r\n\r\n"), []);
    assert_eq!(server.receives_eof(), [closed_abnormally(None, Cause::Refused(503))]);
}

#[test]
fn an_answer_to_nobody_does_nothing() {
    let mut server = undecided();
    server.endpoint.answer(Answer::refusal(503, "full"));
    assert!(server.takes_outgoing().is_empty());
    server.receives_raw(REQUEST);
    server.answers(&Policy::default());
    server.takes_outgoing();
    server.endpoint.answer(Answer::refusal(503, "full"));
    assert!(server.takes_outgoing().is_empty(), "it was answered");
    assert_eq!(server.state(), ReadyState::Open);
    let mut gone = undecided();
    gone.receives_raw(REQUEST);
    gone.receives_eof();
    gone.answers(&Policy::default());
    assert!(gone.takes_outgoing().is_empty());
    assert_eq!(gone.state(), ReadyState::Closed);
}

#[test]
fn a_server_tells_a_client_that_its_request_breaks_rules() {
    for (header, status, rule) in [
        ("Upgrade", 426, Rule::RequestUpgrade),
        ("Sec-WebSocket-Version", 426, Rule::RequestVersionMissing),
        ("Sec-WebSocket-Key", 400, Rule::RequestKeyMissing),
        ("Host", 400, Rule::RequestHost),
    ] {
        let request = without_header(REQUEST, header);
        let mut server = undecided();
        assert_eq!(server.receives_raw(&request), [asked()]);
        server.endpoint.answer(answer(&read_request(&request), &Policy::default()));
        server.ticks();
        assert!(server.takes_outgoing().starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{header}");
        let Told::Closed(closed) = &server.receives_eof()[0] else { panic!("{:?}", server.told) };
        let Cause::OpeningInvalid(rules, None) = &closed.cause else { panic!("{:?}", closed.cause) };
        assert!(rules.contains(rule));
        assert_eq!(closed.code, CloseCode::ABNORMAL);
    }
}

#[test]
fn a_server_tells_whoever_sends_no_http() {
    for (bytes, status) in [
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\0\n", 400),
    ] {
        let mut server = connecting(Role::Server);
        server.receives_raw(bytes);
        assert!(matches!(server.told[..], [Told::Failed(Cause::OpeningUnreadable(_))]), "{bytes:?}");
        assert!(server.takes_outgoing().starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{bytes:?}");
        assert!(server.shutdown);
    }
}

#[test]
fn whoever_speaks_tls_to_a_server_is_told_at_once() {
    // No line ends in it.
    for chop in [1, 11] {
        let mut server = connecting(Role::Server);
        for piece in hex!("16 0301 0200 01 0001fc 0303").chunks(chop) {
            server.receives_raw(piece);
        }
        assert!(matches!(server.told[..], [Told::Failed(Cause::OpeningUnreadable(_))]), "{:?}", server.told);
        assert!(server.takes_outgoing().starts_with(b"HTTP/1.1 400 "));
    }
}

#[test]
fn a_client_fails_upon_a_refusal_and_keeps_the_response() {
    let mut client = connecting(Role::Client);
    client.takes_outgoing();
    let told = client.receives_raw("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\nWho are you?\n");
    let [Told::Failed(Cause::OpeningInvalid(rules, Some(response)))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(rules.collect::<Vec<_>>(), [Rule::ResponseStatus]);
    assert_eq!(response.status, 401);
    assert_eq!(response.headers.get("www-authenticate"), Some(&b"Basic"[..]));
    assert!(client.takes_outgoing().is_empty(), "there is nobody to send a close frame to");
    assert!(client.shutdown);
    let mut expected = Response::new(401);
    expected.headers.push("WWW-Authenticate", "Basic");
    let cause = Cause::OpeningInvalid([Rule::ResponseStatus].into_iter().collect(), Some(Box::new(expected)));
    assert_eq!(client.receives_eof(), [closed_abnormally(None, cause)]);
}

#[test]
fn a_client_fails_upon_a_response_that_does_not_answer_its_request() {
    for (response, rule) in [
        (RESPONSE.replace("s3pPL", "xxxxx"), Rule::ResponseAcceptWrong),
        (without_header(RESPONSE, "Sec-WebSocket-Accept"), Rule::ResponseAcceptMissing),
        (without_header(RESPONSE, "Upgrade"), Rule::ResponseUpgrade),
        (without_header(RESPONSE, "Connection"), Rule::ResponseConnection),
        (RESPONSE.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n"), Rule::ResponseProtocolUnasked),
        (RESPONSE.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"), Rule::ResponseExtensionUnasked),
    ] {
        let mut client = connecting(Role::Client);
        client.takes_outgoing();
        let told = client.receives_raw([response.as_bytes(), &hex!("81 01 61")].concat());
        let [Told::Failed(Cause::OpeningInvalid(rules, Some(_)))] = &told[..] else { panic!("{told:?}") };
        assert_eq!(rules.collect::<Vec<_>>(), [rule]);
        assert_eq!(client.state(), ReadyState::Closing);
    }
}
