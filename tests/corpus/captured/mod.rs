//! Captured connections become cases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by a panic")]

mod made;
mod replayed;

use std::time::Duration;

use hex_literal::hex;
use wslab::conform::{Case, Step};
use wslab::proto::Role;
use wslab::proto::deflate::{Deflater, Direction};
use wslab::wire::{Form, Head, Opcode};

use self::made::Talk;
use crate::read;
use crate::support::frame::{binary, close, close_with, continuation, frame, ping, pong, text};

const SECOND: Duration = Duration::from_secs(1);

/// The one case of a file that was made.
#[track_caller]
fn one(file: &str) -> Case {
    let read = read(file).unwrap_or_else(|errors| panic!("{errors}\n{file}"));
    assert_eq!(read.cases.len(), 1);
    read.cases.into_iter().next().unwrap()
}

/// What a talk becomes, which has to be a case.
#[track_caller]
fn case_of(talk: &Talk) -> String {
    let file = talk.case().unwrap();
    one(&file);
    file
}

/// The case without what stands before.
fn body(file: &str) -> &str {
    &file[file.find("send = ").unwrap()..]
}

/// What differs from the capture, by the comment.
fn differs(file: &str) -> &str {
    let Some(begin) = file.find("# Otherwise") else { return "" };
    &file[begin..file.find("\n[section]").unwrap()]
}

#[test]
fn an_echo_talk() {
    let talk =
        Talk::with("/chat?room=1&token=hunter2", "Sec-WebSocket-Protocol: a, b\r\n", "Sec-WebSocket-Protocol: b\r\n")
            .client(&text("Hello, \u{201c}Köln\u{201d}\t\u{7}\n"))
            .server(&text("Hello, \u{201c}Köln\u{201d}\t\u{7}\n"))
            .client(&binary(hex!("00ff10")))
            .client(&text("*".repeat(1000)))
            .server(&binary(hex!("00ff10")))
            .server(&text("*".repeat(1000)))
            .client(&ping("still there?"))
            .server(&pong("still there?"))
            .client(&close_with(1000, "bye"))
            .server(&close_with(1000, ""))
            .over();
    insta::assert_snapshot!(case_of(&talk));
}

#[test]
fn fragments_with_control_frames_between() {
    let talk = Talk::open()
        .server(&text("welcome"))
        .server(&ping("a"))
        .client(&text(&"K\u{f6}".as_bytes()[..2]).unfinished())
        .client(&ping(""))
        .client(&pong("a"))
        .client(&continuation(hex!("b6")).unfinished())
        .client(&continuation("ln"))
        .client(&pong("nobody asked"))
        .server(&pong(""))
        .server(&text("Köln"))
        .client(&close(""))
        .server(&close(""))
        .over();
    insta::assert_snapshot!(body(&case_of(&talk)));
}

#[test]
fn frames_that_break_rules_are_sent_as_they_were() {
    let wrong = [
        text("not masked").wrongly_masked(),
        text("reserved bits").rsv(5),
        text(hex!("cebae1bdb9cf83cebcceb5 eda080")),
        text("long").form(Form::Bits64),
        frame(Opcode(11), "reserved"),
        frame(Opcode(11), ""),
        ping("fragmented").unfinished(),
        ping("*".repeat(126)),
        continuation("of nothing"),
        text("zero").key([0; 4]),
        text("cut").declaring(10),
        text("endless").declaring(1 << 63),
    ];
    let mut lines = Vec::new();
    for frame in wrong {
        let file = case_of(&Talk::open().client(&frame).server(&close_with(1002, "no")).over());
        let case = one(&file);
        let rules: Vec<&str> = case.rules.iter().map(|rule| rule.name()).collect();
        let step = body(&file).lines().nth(1).unwrap().trim();
        lines.push(format!("{step} {} {:?}", rules.join(" "), case.close.codes));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn masking_keys_that_repeat_are_sent_as_they_were() {
    let key = hex!("37fa213d");
    let talk = Talk::open().client(&text("a").key(key)).client(&text("b").key(key)).client(&text("c").key(key));
    insta::assert_snapshot!(body(&case_of(&talk.client(&text("d")))));
}

#[test]
fn what_was_captured_has_no_say_in_the_command() {
    let target = "/`reboot`?a='$(reboot)'&b=c";
    let asked = "Sec-WebSocket-Protocol: $b!|`c'\r\n";
    let file = case_of(&Talk::with(target, asked, asked).over());
    let command = file.lines().find(|line| line.contains("wslab conform")).unwrap();
    insta::assert_snapshot!(command);
}

#[test]
fn a_violation_upon_which_the_server_fails_the_connection() {
    let talk = Talk::open()
        .client(&text("Hello"))
        .server(&text("Hello"))
        .client(&text("Hello").wrongly_masked())
        .server(&close_with(1002, "not masked"))
        .client(&close_with(1002, ""))
        .over();
    insta::assert_snapshot!(case_of(&talk));
}

#[test]
fn a_server_that_goes_on_is_not_strict() {
    let talk = Talk::open()
        .client(&text("Hello").rsv(1))
        .server(&text("Hello"))
        .client(&close_with(1000, ""))
        .server(&close_with(1000, ""))
        .over();
    let file = case_of(&talk);
    insta::assert_snapshot!(format!("{}{}", differs(&file), body(&file)));
}

#[test]
fn of_a_server_that_breaks_rules_it_is_only_recorded_what_comes() {
    let talk = Talk::open()
        .client(&text("Hello"))
        .server(&text(hex!("48 ff")))
        .client(&close_with(1007, "not UTF-8"))
        .server(&close_with(1007, ""))
        .over();
    let file = case_of(&talk);
    insta::assert_snapshot!(format!("{}{}", differs(&file), body(&file)));
    assert!(one(&file).informational);
}

/// Compresses one message after another.
fn compressor() -> impl FnMut(&str) -> Vec<u8> {
    let mut deflater = Deflater::new(6, Direction { context_takeover: true, window_bits: 15 }).unwrap();
    move |text| {
        let mut out = Vec::new();
        deflater.deflate(text.as_bytes(), &mut out);
        out
    }
}

#[test]
fn compressed_messages() {
    let (mut client, mut server) = (compressor(), compressor());
    let first = client("Hello, Hello");
    let mut cut = client("and one in several frames");
    let rest = cut.split_off(9);
    let talk = Talk::deflating("; server_no_context_takeover; server_max_window_bits=12")
        .client(&text(first).rsv(Head::RSV1))
        .server(&text(server("Hello, Hello")).rsv(Head::RSV1))
        .client(&text("not compressed"))
        .server(&text("not compressed"))
        .client(&text(cut).rsv(Head::RSV1).unfinished())
        .client(&ping("between"))
        .client(&continuation(rest))
        .server(&pong("between"))
        .server(&binary(server("and one in several frames")).rsv(Head::RSV1))
        .client(&close_with(1000, ""))
        .server(&close_with(1000, ""))
        .over();
    let file = case_of(&talk);
    insta::assert_snapshot!(format!("{}{}", differs(&file), &file[file.find("deflate = ").unwrap()..]));
}

#[test]
fn compressed_data_that_are_invalid_are_sent_as_they_were() {
    let talk =
        Talk::deflating("").client(&text(hex!("ff ff ff 00")).rsv(Head::RSV1)).server(&close_with(1007, "")).over();
    let case = one(&case_of(&talk));
    let Step::Frame(frame) = &case.send[0] else { panic!("{:?}", case.send) };
    assert_eq!((frame.rsv, frame.compressed, &frame.payload.bytes()[..]), (4, false, &hex!("ff ff ff 00")[..]));
}

#[test]
fn connections_end_in_many_ways() {
    let hello = || Talk::open().client(&text("Hello")).server(&text("Hello"));
    let ends = [
        ("The server closes", hello().server(&close_with(1001, "away")).client(&close_with(1001, "")).over()),
        ("It closes without a code", hello().server(&close("")).client(&close("")).over()),
        ("Nobody answers the client", hello().client(&close_with(4000, "why")).ends(Role::Client)),
        ("The client's body is a stub", hello().client(&close("x")).server(&close_with(1002, "")).over()),
        ("The code is none", hello().client(&close_with(1005, "")).server(&close_with(1002, "")).over()),
        ("The reason is no text", hello().client(&close_with(1000, hex!("ff"))).server(&close_with(1007, "")).over()),
        (
            "More comes after",
            hello().client(&close_with(1000, "")).client(&text("x")).server(&close_with(1000, "")).over(),
        ),
        ("The client ends TCP", hello().ends(Role::Client).ends(Role::Server)),
        ("The client resets TCP", hello().resets(Role::Client)),
        ("The server ends TCP", hello().ends(Role::Server).ends(Role::Client)),
        ("The server resets TCP", hello().resets(Role::Server)),
        ("The capture ends", hello()),
        ("It ends in a frame", hello().client(&text("x").declaring(7))),
        ("Nothing is said", Talk::open().client(&close("")).server(&close("")).over()),
    ];
    let mut lines = String::new();
    for (what, talk) in ends {
        let file = case_of(&talk);
        lines += &format!("{what}:\n{}{}\n", differs(&file), body(&file));
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn many_messages_and_long_silences_are_awaited() {
    let mut talk = Talk::open().client(&text("subscribe"));
    for number in 0..5 {
        talk = talk.server(&text(format!("{number}")));
    }
    talk = talk.server(&ping("")).client(&pong("")).client(&text("more"));
    talk = talk.after(SECOND * 30).server(&text("late")).after(SECOND * 5).server(&pong("alive"));
    talk = talk.client(&close_with(1000, "")).server(&close_with(1000, "")).over();
    insta::assert_snapshot!(body(&case_of(&talk)));
}

#[test]
fn an_opening_handshake_that_breaks_rules_is_told() {
    let request = "GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let talk = Talk::silent().raw(Role::Client, request).raw(Role::Server, response).client(&close("")).over();
    let file = case_of(&talk);
    assert!(one(&file).rules.is_empty() || !file.contains("RequestVersionMissing"), "{file}");
    insta::assert_snapshot!(differs(&file), @r"
    # Otherwise than captured:
    # * rules of the opening handshake were broken, or the client did not wait for its end; a case begins
    #   when a connection is open
    ");
}

#[test]
fn what_cannot_become_a_case_is_told() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut guessed = Talk::open();
    let mut many = Talk::open();
    let mut large = Talk::open();
    for number in 0..10_001_u32 {
        many = many.client(&text(""));
        if number < 6 {
            guessed = guessed.client(&text("Hello")).server(&text("Hello"));
        }
        if number < 40 {
            let noise: Vec<u8> = (number..number + 30_000).flat_map(u32::to_be_bytes).collect();
            large = large.client(&binary(noise));
        }
    }
    let extension = "Sec-WebSocket-Extensions: x-secret; a=b\r\n";
    let foreign = Talk::with("/", "Sec-WebSocket-Extensions: x-secret\r\n", extension);
    let other = "Sec-WebSocket-Extensions: permessage-deflate, x-other\r\n";
    let both = Talk::with("/", "Sec-WebSocket-Extensions: permessage-deflate, x-other\r\n", other);
    let said = [
        Talk::open().case_of(1),
        Talk::silent().case_of(7),
        Talk::silent().raw(Role::Client, request).raw(Role::Server, refusal).over().case(),
        guessed.without(1..=5).case(),
        Talk::open().client(&text("a")).client(&text("b")).client(&text("c")).without(7..=7).case(),
        many.case(),
        large.case(),
        foreign.case(),
        both.case(),
        Talk::silent().raw(Role::Client, request).case(),
    ];
    let words: Vec<String> = said.into_iter().map(|said| said.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(words.join("\n"));
}
