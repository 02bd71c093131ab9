//! The client (section 4.1): what it asks, and what it makes of the answer.

use proptest::prelude::*;
use wslab::proto::opening::{Agreed, Ask, Extension, Extra, Policy, answer, judge_request};
use wslab::wire::http::{Headers, Limits, Request};

use crate::{NONCE, REQUEST, RESPONSE, names, request, response, response_with};

fn ask() -> Ask {
    Ask::new("server.example.com", "/chat", NONCE)
}

mod asking {
    use super::*;

    #[test]
    fn the_plain_request_is_that_of_section_1_2() {
        assert_eq!(ask().request(), Ok(request(REQUEST)));
    }

    #[test]
    fn everything_that_may_be_asked_is_in_the_request() {
        let mut headers = Extra::new();
        headers.push("Authorization", "Bearer x").expect("a free name");
        headers.push("Cookie", "a=b").expect("a free name");
        headers.push("Cookie", "c=d").expect("a free name");
        let ask = Ask {
            protocols: vec!["chat".into(), "superchat".into()],
            extensions: vec![Extension::new("a").with_value("b", "1").with("c"), Extension::new("d")],
            origin: Some("https://example.com".into()),
            headers,
            ..Ask::new("[::1]:9001", "/chat?room=1", NONCE)
        };
        let request = ask.request().expect("a request");
        assert!(judge_request(&request).faults.is_empty());
        let mut bytes = Vec::new();
        request.write(&mut bytes);
        insta::assert_snapshot!(String::from_utf8_lossy(&bytes).replace('\r', ""), @r#"
        GET /chat?room=1 HTTP/1.1
        Host: [::1]:9001
        Upgrade: websocket
        Connection: Upgrade
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        Sec-WebSocket-Version: 13
        Origin: https://example.com
        Sec-WebSocket-Protocol: chat, superchat
        Sec-WebSocket-Extensions: a; b=1; c, d
        Authorization: Bearer x
        Cookie: a=b
        Cookie: c=d
        "#);
    }

    #[test]
    fn what_would_break_a_rule_is_not_written() {
        let with = |change: fn(&mut Ask)| {
            let mut ask = ask();
            change(&mut ask);
            ask.request().expect_err("no request").to_string()
        };
        let said = [
            with(|ask| ask.host = "".into()),
            with(|ask| ask.host = "x\r\nEvil: 1".into()),
            with(|ask| ask.target = "".into()),
            with(|ask| ask.target = "chat".into()),
            with(|ask| ask.target = "/a b".into()),
            with(|ask| ask.target = "/é".into()),
            with(|ask| ask.target = "/chat#top".into()),
            with(|ask| ask.protocols = vec!["a".into(), "b c".into()]),
            with(|ask| ask.protocols = vec!["".into()]),
            with(|ask| ask.protocols = vec!["a".into(), "a".into()]),
            with(|ask| ask.origin = Some("https://a\r\nEvil: 1".into())),
            with(|ask| ask.origin = Some("".into())),
            with(|ask| ask.extensions = vec![Extension::new("a b")]),
            with(|ask| ask.extensions = vec![Extension::new("a").with_value("b", "")]),
            with(|ask| ask.extensions = vec![Extension::new("a").with("b\r\nc")]),
        ];
        insta::assert_snapshot!(said.join("\n"), @r#"
        "" is not a host
        "x\r\nEvil: 1" is not a host
        "" is not a path: it has to begin with / and be percent-encoded
        "chat" is not a path: it has to begin with / and be percent-encoded
        "/a b" is not a path: it has to begin with / and be percent-encoded
        "/é" is not a path: it has to begin with / and be percent-encoded
        "/chat#top" has a fragment: leave out what follows #, or write # as %23
        the subprotocol "b c" is not a token
        the subprotocol "" is not a token
        the subprotocol "a" is named twice
        "https://a\r\nEvil: 1" is not an origin
        "" is not an origin
        the extension "a b" is not made of tokens
        the extension "a; b=" is not made of tokens
        the extension "a; b\r\nc" is not made of tokens
        "#);
    }

    #[test]
    fn further_headers_leave_the_handshake_alone() {
        let refused = [
            ("host", "x"),
            ("UPGRADE", "x"),
            ("Connection", "x"),
            ("Origin", "x"),
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Sec-WebSocket-Key", "x"),
            ("sec-websocket-accept", "x"),
            ("Sec-WebSocket-Version", "x"),
            ("Sec-WebSocket-Protocol", "x"),
            ("Sec-WebSocket-Extensions", "x"),
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("a\r\nb", "x"),
            ("é", "x"),
            ("Cookie", "a\r\nEvil: 1"),
            ("Cookie", "a\nb"),
            ("Cookie", "a\0"),
            ("Cookie", "\x7f"),
        ];
        let mut extra = Extra::new();
        let said: Vec<_> = refused
            .iter()
            .map(|&(name, value)| extra.push(name, value).expect_err("not to be added").to_string())
            .collect();
        assert_eq!(extra.headers(), &Headers::new());
        insta::assert_snapshot!(said.join("\n"), @r#"
        the header host belongs to the handshake
        the header UPGRADE belongs to the handshake
        the header Connection belongs to the handshake
        the header Origin belongs to the handshake
        the header Content-Length belongs to the handshake
        the header Transfer-Encoding belongs to the handshake
        the header Sec-WebSocket-Key belongs to the handshake
        the header sec-websocket-accept belongs to the handshake
        the header Sec-WebSocket-Version belongs to the handshake
        the header Sec-WebSocket-Protocol belongs to the handshake
        the header Sec-WebSocket-Extensions belongs to the handshake
        "" is not the name of a header
        "a b" is not the name of a header
        "a:" is not the name of a header
        "a\r\nb" is not the name of a header
        "é" is not the name of a header
        the value of the header Cookie has a control character
        the value of the header Cookie has a control character
        the value of the header Cookie has a control character
        the value of the header Cookie has a control character
        "#);
        extra.push("X-Value", &b"\tany \xff visible"[..]).expect("a good value");
    }
}

mod checking {
    use super::*;

    fn faults(ask: &Ask, name: &str, values: &[&str]) -> Vec<&'static str> {
        names(ask.check(&response_with(name, values)).expect_err("a broken rule"))
    }

    #[test]
    fn the_response_of_section_1_2_opens_the_connection() {
        assert_eq!(ask().check(&response(RESPONSE)), Ok(Agreed::default()));
    }

    #[test]
    fn what_was_agreed_is_said() {
        let ask = Ask { protocols: vec!["chat".into()], extensions: vec![Extension::new("a").with("b")], ..ask() };
        let mut response = response_with("Sec-WebSocket-Protocol", &["chat"]);
        response.headers.push("Sec-WebSocket-Extensions", "a");
        let agreed = Agreed { protocol: Some("chat".into()), extensions: vec![Extension::new("a")] };
        assert_eq!(ask.check(&response), Ok(agreed));
    }

    #[test]
    fn a_response_that_breaks_a_rule_opens_nothing() {
        assert_eq!(faults(&ask(), "Sec-WebSocket-Protocol", &["chat"]), ["ResponseProtocolUnasked"]);
        assert_eq!(faults(&ask(), "Sec-WebSocket-Extensions", &["permessage-deflate"]), ["ResponseExtensionUnasked"]);
        assert_eq!(faults(&ask(), "Sec-WebSocket-Accept", &[]), ["ResponseAcceptMissing"]);
        let other = Ask { key: [0; 16], ..ask() };
        assert_eq!(names(other.check(&response(RESPONSE)).expect_err("another key")), ["ResponseAcceptWrong"]);
    }

    #[test]
    fn a_refusal_opens_nothing() {
        let refusal = response("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(names(ask().check(&refusal).expect_err("a refusal")), ["ResponseStatus"]);
    }
}

prop_compose! {
    fn any_ask()(
        key in any::<[u8; 16]>(),
        host in "[a-z0-9.-]{1,20}(:[0-9]{1,5})?",
        target in "/[!-\"$-~]{0,20}",
        protocols in prop::collection::hash_set("[a-zA-Z0-9.!~|-]{1,8}", 0..4),
        extensions in prop::collection::vec("[a-z-]{1,8}", 0..3),
        origin in prop::option::of("https?://[a-z.]{1,9}"),
    ) -> Ask {
        Ask {
            protocols: protocols.into_iter().collect(),
            extensions: extensions.into_iter().map(|name| Extension::new(name).with_value("a", "b")).collect(),
            origin,
            ..Ask::new(host, target, key)
        }
    }
}

proptest! {
    #[test]
    fn what_is_asked_breaks_no_rule_and_is_agreed(ask in any_ask(), preferred in any::<prop::sample::Index>()) {
        let request = ask.request()?;
        let mut bytes = Vec::new();
        request.write(&mut bytes);
        let (read, _) = Request::parse(&bytes, &Limits::default())?.expect("whole");
        let asked = judge_request(&read);
        prop_assert!(asked.faults.is_empty(), "{:?}", asked.faults);
        prop_assert_eq!(&asked.protocols, &ask.protocols);
        prop_assert_eq!(&asked.extensions, &ask.extensions);
        prop_assert_eq!(&asked.resource, &ask.target);

        let protocol = (!ask.protocols.is_empty()).then(|| ask.protocols[preferred.index(ask.protocols.len())].clone());
        let policy = Policy { protocols: protocol.iter().cloned().collect(), ..Policy::default() };
        let answer = answer(&read, &policy);
        prop_assert_eq!(answer.agreed.as_ref().and_then(|agreed| agreed.protocol.clone()), protocol);
        prop_assert_eq!(ask.check(&answer.response).ok(), answer.agreed);
    }

    #[test]
    fn no_words_break_out_of_their_line(host in any::<String>(), target in any::<String>(), word in any::<String>()) {
        let mut headers = Extra::new();
        let _ = headers.push(&word, word.as_str());
        let _ = headers.push("X", word.as_str());
        for ask in [
            Ask { headers, protocols: vec![word.clone()], ..Ask::new("x", "/", NONCE) },
            Ask { origin: Some(word.clone()), ..Ask::new("x", "/", NONCE) },
            Ask { extensions: vec![Extension::new(word.clone())], ..Ask::new("x", "/", NONCE) },
            Ask { extensions: vec![Extension::new("x").with_value("y", word)], ..Ask::new("x", "/", NONCE) },
            Ask::new(host, "/", NONCE),
            Ask::new("x", target, NONCE),
        ] {
            if let Ok(request) = ask.request() {
                let mut bytes = Vec::new();
                request.write(&mut bytes);
                let (read, size) = Request::parse(&bytes, &Limits::default())?.expect("whole");
                prop_assert_eq!(size, bytes.len());
                prop_assert_eq!(read.headers.len(), request.headers.len());
                prop_assert!(judge_request(&read).faults.is_empty());
            }
        }
    }
}
