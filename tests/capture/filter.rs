//! Filters: expressions over frames, messages, connections and what else there is.

use std::time::Duration;

use proptest::prelude::*;
use wslab::capture::{
    Close, Connection, Ending, Filter, Frame, Frames, Loss, Message, Note, NoteKind, Place, RoundTrip, Sent, Table,
    Time, Violation, Wants,
};
use wslab::proto::{Kind, Role, Rule, Rules};
use wslab::wire::{CloseCode, Head, Opcode};

/// A packet of 2026-11-22T07:00:00Z and so many seconds.
fn place(seconds: i64) -> Place {
    Place { packet: 17, time: Some(Time((1_795_330_800 + seconds) * 1_000_000_000)) }
}

fn connection() -> Connection {
    Connection {
        number: 3,
        client: "10.0.0.1:50312".parse().unwrap(),
        server: "[2001:db8::2]:443".parse().unwrap(),
        url: Some("/chat/room?n=1".to_owned()),
        host: Some("example.org".to_owned()),
        origin: None,
        agent: Some("a \"browser\"".to_owned()),
        status: Some(101),
        refusal: None,
        subprotocol: None,
        extensions: Some("permessage-deflate".to_owned()),
        guessed: false,
        tls: Some("TLS 1.3".to_owned()),
        first: place(0),
        opened: Some(place(1)),
        closed: None,
        last: place(60),
        ending: Ending::Reset(Role::Client),
        close: Some(Close { by: Role::Server, code: Some(CloseCode::GOING_AWAY), reason: "bye".to_owned() }),
        from_client: Sent { frames: Frames { text: 7, ..Frames::default() }, bytes: 2_000, ..Sent::default() },
        from_server: Sent::default(),
        violations: 2,
    }
}

fn frame(connection: &Connection) -> Frame<'_> {
    Frame {
        connection,
        from: Role::Client,
        number: 5,
        head: Head { mask: Some([0; 4]), rsv: Head::RSV1, ..Head::new(Opcode::TEXT, 1000) },
        captured: 900,
        offset: 4096,
        place: place(2),
        payload: Some(b"Hello \xff world"),
        code: None,
        faults: Rules::NONE,
    }
}

fn message(connection: &Connection) -> Message<'_> {
    Message {
        connection,
        from: Role::Server,
        number: 0,
        kind: Kind::Binary,
        frames: 2,
        compressed: true,
        wire: 9,
        length: None,
        payload: None,
        opaque: None,
        first: place(2),
        place: place(3),
    }
}

/// Whether an expression holds, for the record of its table.
fn holds(table: Table, text: &str) -> bool {
    let filter = Filter::parse(text, table).unwrap_or_else(|error| panic!("{error}"));
    let connection = connection();
    match table {
        Table::Connections => filter.connection(&connection),
        Table::Frames | Table::Rates => filter.frame(&frame(&connection)),
        Table::Messages => filter.message(&message(&connection)),
        Table::Violations => filter.violation(&Violation {
            connection: &connection,
            by: Role::Server,
            rule: Rule::InvalidUtf8,
            frame: None,
            offset: 12,
            place: place(4),
        }),
        Table::RoundTrips => filter.round_trip(&RoundTrip {
            connection: &connection,
            from: Role::Client,
            time: Duration::from_micros(5_500),
            place: place(5),
        }),
        Table::Notes => filter.note(&Note {
            connection: None,
            from: connection.client,
            to: connection.server,
            kind: NoteKind::Lost { offset: 100, count: 10, why: Loss::Cut },
            place: place(6),
        }),
    }
}

#[track_caller]
fn all_hold(table: Table, texts: &[&str]) {
    for text in texts {
        assert!(holds(table, text), "{text}");
        assert!(!holds(table, &format!("!({text})")), "!({text})");
    }
}

#[track_caller]
fn none_holds(table: Table, texts: &[&str]) {
    for text in texts {
        assert!(!holds(table, text), "{text}");
    }
}

#[test]
fn frames_are_asked_for_what_their_heads_say() {
    let holding = [
        "opcode == text",
        "kind == TEXT",
        "opcode == 1",
        "opcode < close",
        "opcode in [text, binary, 0xa]",
        "fin && masked",
        "fin == true",
        "rsv == 4",
        "length == 1000 && length == 1k && length < 1Ki && length < 1KiB && length >= 0x3e8",
        "length <= 1000 && length >= 1000 && length <= 1001 && length > 999 && length < 1001 && length != 1001",
        "length in 1..1000",
        "length in [5, 900..1100]",
        "captured < length",
        "direction == client && from != server && by in [client]",
        "frame == 5 and packet == 17 and offset == 4Ki and connection == 3 and conn == 3",
        "payload contains Hello",
        r#"payload == "Hello \xff world""#,
        "payload contains 0xff20",
        r"payload contains '\u{20}world'",
        "time == 2026-11-22T07:00:02Z",
        "time > '2026-11-22T07:00:00Z' && time < 2026-11-22T08:00:02.5+01:00",
        "time in 2026-11-22T07:00:00Z..2026-11-22T07:00:02Z",
    ];
    all_hold(Table::Frames, &holding);
    none_holds(
        Table::Frames,
        &[
            "opcode == close",
            "!fin",
            "length > 1000",
            "length < 1000",
            "length <= 999",
            "length >= 1001",
            "length != 1000",
            "length in 1..999",
            "payload contains x",
            "!masked",
        ],
    );
}

#[test]
fn every_table_has_the_fields_of_the_connection() {
    let holding = [
        "client == 10.0.0.1",
        "client == 10.0.0.1:50312",
        "client in 10.0.0.0/8",
        "client in [192.168.0.0/16, 10.0.0.1]",
        "client != 10.0.0.2",
        "client in 0.0.0.0/0",
        "server == [2001:db8::2]:443",
        "server == 2001:db8::2",
        "server == [2001:db8::2]",
        "server in [::1, 2001:db8::/32]",
        "url == '/chat/room?n=1'",
        "url contains room",
        "url matches /chat*",
        "url matches '/*/ro?m\\\\?n=[0-9]'",
        "host in [example.org, 'example.com']",
        "host != other",
        "agent contains '\"'",
        "status == 101",
        "tls",
        "tls contains 1.3",
        "!subprotocol && !origin",
        "extensions && !guessed",
        "duration == 60s && duration > 59.5s && duration == 1m",
        "opened > 2026-11-22T07:00:00Z && !closed",
        "close_by == server && close_code == 1001 && close_reason == bye",
        "ending == reset && ended_by in [client, server] && !refusal",
        "violations > 0 && client_frames == 7 && client_bytes > 1k && server_frames == 0",
    ];
    for table in Table::ALL.into_iter().filter(|table| *table != Table::Notes) {
        all_hold(table, &holding);
    }
    none_holds(
        Table::Connections,
        &["client in 11.0.0.0/8", "client == 10.0.0.1:80", "server in 0.0.0.0/0", "url matches chat", "host == other"],
    );
}

#[test]
fn other_records_have_fields_of_their_own() {
    all_hold(Table::Connections, &["packet == 17 && code == 1001"]);
    all_hold(Table::Messages, &["kind == binary && frames == 2 && compressed && wire < 10 && !opaque && message == 0"]);
    all_hold(Table::Violations, &["rule == InvalidUtf8 && rule == invalidutf8 && level == must && level == MUST"]);
    all_hold(Table::Violations, &["clause == 6455#8.1 && by == server && offset == 12"]);
    all_hold(Table::Messages, &["!why"]);
    all_hold(Table::Violations, &["words contains UTF-8"]);
    all_hold(Table::Notes, &["words == 'cut off by the snap length'"]);
    all_hold(Table::RoundTrips, &["rtt > 5ms && rtt < 5.6ms && rtt == 5500us && from == client"]);
    all_hold(Table::Notes, &["kind == lost && from == 10.0.0.1 && to == [2001:db8::2]:443 && count == 10"]);
}

#[test]
fn what_is_known_at_the_end_is_not_asked_for_before() {
    for (text, at) in [
        ("closed", 0..6),
        ("tls && close_code == 1000", 7..17),
        ("!(url == '/' || ending == reset)", 16..22),
        ("status < client_frames", 9..22),
        ("server_bytes > 5", 0..12),
        ("duration > 5s", 0..8),
        ("ended_by == client", 0..8),
        ("violations > 0", 0..10),
    ] {
        let error = Filter::parse_early(text).unwrap_err();
        assert_eq!(error.at(), &at, "{text}");
        assert!(error.words().contains("known only when the connection is over"), "{error}");
        assert!(Filter::parse(text, Table::Connections).is_ok(), "{text}");
    }
    let early = "tls && status == 101 && client in 10.0.0.0/8 && !refusal && opened > 2026-11-22T07:00:00Z && !guessed";
    assert!(Filter::parse_early(early).unwrap().connection(&connection()));
}

#[test]
fn what_is_not_known_is_like_nothing() {
    none_holds(Table::Frames, &["code == 1000", "code != 1000", "code", "code in 0..65535", "subprotocol != a"]);
    all_hold(Table::Frames, &["!code", "!(code == 1000)", "not code == 1000"]);
    none_holds(Table::Messages, &["length >= 0", "payload contains ''", "payload"]);
    none_holds(Table::Violations, &["frame >= 0"]);
    none_holds(Table::Notes, &["connection >= 0"]);
}

#[test]
fn and_binds_more_than_or_and_not_more_than_and() {
    for (text, printed) in [
        ("fin || masked && rsv == 0", "fin || (masked && rsv == 0)"),
        ("fin or masked and rsv == 0", "fin || (masked && rsv == 0)"),
        ("(fin || masked) && rsv == 0", "(fin || masked) && rsv == 0"),
        ("not fin and masked", "!fin && masked"),
        ("!rsv == 0 || fin", "!(rsv == 0) || fin"),
        ("!!!fin", "!fin"),
        ("((fin))", "fin"),
        ("time>2026-11-22T07:00:00Z", "time > 2026-11-22T07:00:00.000000000Z"),
        ("duration>1500ms", "duration > 1500ms"),
        ("kind in [text,8]", "opcode in [text, close]"),
        ("opcode == 3", "opcode == 3"),
        ("client==10.0.0.1", "client in [10.0.0.1]"),
        ("payload==0x00ff22", r#"payload == "\u{0}\xff\"""#),
        ("length in [1, 2..1Ki]", "length in [1, 2..1024]"),
        ("captured<length", "captured < length"),
    ] {
        assert_eq!(Filter::parse(text, Table::Frames).unwrap().to_string(), printed);
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let mut told = String::new();
    for (table, text) in [
        (Table::Frames, "opcode == text && length > \"text\""),
        (Table::Frames, ""),
        (Table::Frames, "   "),
        (Table::Frames, "lenght > 5"),
        (Table::Frames, "rtt > 5ms"),
        (Table::Frames, "nonsense"),
        (Table::Frames, "opcode == txt"),
        (Table::Frames, "opcode == 0x"),
        (Table::Violations, "rule == InvalidUft8"),
        (Table::Violations, "rule == 5"),
        (Table::Violations, "level > must"),
        (Table::Frames, "opcode = text"),
        (Table::Frames, "fin & masked"),
        (Table::Frames, "fin | masked"),
        (Table::Frames, "url ~ chat"),
        (Table::Frames, "fin masked"),
        (Table::Frames, "length 5"),
        (Table::Frames, "length"),
        (Table::Frames, "fin &&"),
        (Table::Frames, "(fin || (masked)"),
        (Table::Frames, "fin)"),
        (Table::Frames, "url == 'abc"),
        (Table::Frames, "url == 'a\\qc'"),
        (Table::Frames, "url < b"),
        (Table::Frames, "url matches 'a[b'"),
        (Table::Frames, "length contains 5"),
        (Table::Frames, "fin matches x"),
        (Table::Frames, "length == -5"),
        (Table::Frames, "length == 18446744073709551616"),
        (Table::Frames, "length == 99999999999Gi"),
        (Table::Frames, "length in 5..1"),
        (Table::Frames, "length in [1, 2"),
        (Table::Frames, "length in []"),
        (Table::Frames, "length in 5.."),
        (Table::Frames, "client == example.org"),
        (Table::Frames, "client in 10.0.0.0/33"),
        (Table::Frames, "time > yesterday"),
        (Table::RoundTrips, "rtt > 5"),
        (Table::Frames, "fin == yes"),
        (Table::Frames, "5 < length"),
        (Table::Frames, "payload == 0xabc"),
        (Table::Frames, "fin && κόσμε == 'x'\n|| \u{1b}[2J"),
    ] {
        let error = Filter::parse(text, table).expect_err(text);
        told.push_str(&format!("error: {error}\n\n"));
    }
    let long = format!("{} && lenght > 5 && {}", "fin && ".repeat(50) + "fin", "fin && ".repeat(50) + "fin");
    told.push_str(&format!("error: {}\n", Filter::parse(&long, Table::Frames).unwrap_err()));
    insta::assert_snapshot!(told);
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    for text in ["(", "!", "[", "!(", "fin && (", "'", "\"\\", "..", "length in [", "a", "∧"] {
        let many = text.repeat(100_000);
        assert!(Filter::parse(&many, Table::Frames).is_err(), "{text}");
        assert!(Filter::parse(&many, Table::Frames).unwrap_err().to_string().len() < 2_000, "{text}");
    }
    let nested = |depth| format!("{}fin{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(100), Table::Frames).is_ok());
    assert!(Filter::parse(&nested(101), Table::Frames).is_err());
    assert!(holds(Table::Frames, &format!("{}fin", "!".repeat(100_000))));
    assert!(holds(Table::Frames, &format!("{}fin", "fin && ".repeat(100_000))));
    assert!(Filter::parse(&format!("url == {}", "a".repeat(2_000_000)), Table::Frames).is_err());
}

#[test]
fn payloads_are_gathered_only_for_who_asks_for_them() {
    let needs = |text, table| Filter::parse(text, table).unwrap().needs();
    assert_eq!(needs("fin", Table::Frames), Wants::default());
    let payloads = Wants { frame_payloads: true, messages: false };
    assert_eq!(needs("fin && !(rsv == 0 || payload contains x)", Table::Frames), payloads);
    assert!(needs("payload contains x", Table::Messages).messages);
}

#[test]
fn a_connection_can_be_asked_for_by_its_number() {
    let filter = Filter::connection_number(3, Table::Frames);
    let connection = connection();
    assert!(filter.frame(&frame(&connection)));
    let both = filter.and(Filter::parse("!fin || rsv == 0", Table::Frames).unwrap());
    assert!(!both.frame(&frame(&connection)));
    assert_eq!(both.to_string(), "connection == 3 && (!fin || rsv == 0)");
}

/// Tests that mean something for frames.
fn tests() -> impl Strategy<Value = String> {
    let order = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let equal = || prop::sample::select(vec!["==", "!="]);
    prop_oneof![
        prop::sample::select(vec!["fin", "masked", "guessed", "tls", "code", "url", "payload", "closed"])
            .prop_map(str::to_owned),
        (order(), any::<u64>()).prop_map(|(order, number)| format!("length {order} {number}")),
        (order(), 0..20_u64).prop_map(|(order, number)| format!("rsv {order} {number}")),
        (order(), 0..16_u8).prop_map(|(order, number)| format!("opcode {order} {number}")),
        (order(), any::<i64>()).prop_map(|(order, time)| format!("time {order} {}", Time(time))),
        (order(), any::<u32>()).prop_map(|(order, span)| format!("duration {order} {span}us")),
        (equal(), any::<std::net::IpAddr>()).prop_map(|(order, address)| format!("client {order} {address}")),
        (
            any::<(std::net::IpAddr, u16)>().prop_map(std::net::SocketAddr::from),
            any::<std::net::Ipv6Addr>(),
            0..=128_u8
        )
            .prop_map(|(one, other, prefix)| format!("server in [{one}, {other}/{prefix}]")),
        (prop::sample::select(vec!["==", "!=", "contains"]), any::<Vec<u8>>()).prop_map(|(order, bytes)| {
            let text: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("payload {order} '{text}'")
        }),
        "url (==|contains|matches) \"[a-z*?/ κ…]{0,8}\"",
        (any::<u32>(), any::<u32>(), any::<u8>()).prop_map(|(one, other, more)| format!(
            "offset in [{more}, {}..{}]",
            one.min(other),
            one.max(other)
        )),
        Just("captured <= length".to_owned()),
    ]
}

/// Expressions that mean something for frames.
fn expressions() -> impl Strategy<Value = String> {
    tests().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) && ({other})")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("({one}) or ({other})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_too_much(text: String) {
        for table in Table::ALL {
            if let Err(error) = Filter::parse(&text, table) {
                prop_assert!(!error.to_string().contains(char::from(27)), "it acts on terminals");
            }
        }
    }

    #[test]
    fn no_mixture_of_words_and_signs_is_too_much(
        words in prop::collection::vec(prop::sample::select(vec![
            "fin", "length", "client", "url", "time", "and", "or", "not", "in", "contains", "matches", "==", "<", "!", "(",
            ")", "[", "]", ",", "..", "5", "5ms", "::1", "[::1]", "10.0.0.0/8", "'a'", "\"", "\\", "&&", "||", "text", "*",
        ]), 0..20),
        blank in prop::sample::select(vec!["", " "]),
    ) {
        let text = words.join(blank);
        if let Ok(filter) = Filter::parse(&text, Table::Frames) {
            let printed = filter.to_string();
            prop_assert_eq!(Filter::parse(&printed, Table::Frames).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_printed_is_parsed_to_the_same(text in expressions()) {
        let filter = Filter::parse(&text, Table::Frames).unwrap_or_else(|error| panic!("{error}"));
        let printed = filter.to_string();
        let again = Filter::parse(&printed, Table::Frames).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(again.to_string(), printed);
        let connection = connection();
        let frame = frame(&connection);
        prop_assert_eq!(filter.frame(&frame), again.frame(&frame));
    }

    #[test]
    fn de_morgan_is_right(one in expressions(), other in expressions()) {
        let holds = |text: String| holds(Table::Frames, &text);
        prop_assert_eq!(holds(format!("!(({one}) && ({other}))")), holds(format!("!({one}) || !({other})")));
        prop_assert_eq!(holds(format!("!(({one}) || ({other}))")), holds(format!("!({one}) && !({other})")));
        prop_assert_eq!(holds(format!("!(!({one}))")), holds(one));
    }
}
