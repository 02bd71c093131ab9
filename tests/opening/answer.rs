//! The server (section 4.2.2): it agrees, or refuses in the right way.

use proptest::prelude::*;
use wslab::proto::Rule;
use wslab::proto::opening::{
    Agreed, Answer, Extra, OriginError, Origins, Policy, answer, judge_request, judge_response, origin,
};
use wslab::wire::http::{Headers, Limits, Request, Response, Version};

use crate::{REQUEST, RESPONSE, names, request, request_error, request_with, response};

fn answered(request: &Request) -> Answer {
    answer(request, &Policy::default())
}

/// The answer to `REQUEST` with its header `name` in these versions.
fn with(name: &str, values: &[&str]) -> Answer {
    answered(&request_with(name, values))
}

fn text(answer: &Answer) -> String {
    let mut bytes = Vec::new();
    answer.write(&mut bytes);
    String::from_utf8_lossy(&bytes).replace('\r', "")
}

mod agreeing {
    use super::*;

    #[test]
    fn the_request_of_section_1_2_gets_the_response_of_section_1_2() {
        let answer = answered(&request(REQUEST));
        assert_eq!(answer.response, response(RESPONSE));
        assert_eq!(answer.agreed, Some(Agreed::default()));
        assert!(answer.body.is_empty() && answer.faults.is_empty());
    }

    #[test]
    fn blanks_cases_lists_and_lines_do_not_matter() {
        let spread = request(
            "GET /chat HTTP/1.1\r\nHOST:server.example.com\r\nupgrade:\t h2c ,WEBSOCKET \r\nConnection: keep-alive\r\n\
             connection: , UpGrade\r\nsec-websocket-key:   dGhlIHNhbXBsZSBub25jZQ==  \r\n\
             SEC-WEBSOCKET-VERSION: 13\t\r\n\r\n",
        );
        assert_eq!(answered(&spread).response, response(RESPONSE));
    }

    #[test]
    fn the_servers_preference_chooses_the_subprotocol() {
        let policy = |protocols: &[&str]| Policy {
            protocols: protocols.iter().map(|&protocol| protocol.into()).collect(),
            ..Policy::default()
        };
        let chosen = |asked: &[&str], accepted: &[&str]| {
            let answer = answer(&request_with("Sec-WebSocket-Protocol", asked), &policy(accepted));
            let header = answer.response.headers.get("Sec-WebSocket-Protocol").map(<[u8]>::to_vec);
            let agreed = answer.agreed.expect("agreed").protocol;
            assert_eq!(header, agreed.clone().map(String::into_bytes));
            agreed
        };
        assert_eq!(chosen(&["a, b"], &["b", "a"]).as_deref(), Some("b"));
        assert_eq!(chosen(&["a", "b"], &["c", "b"]).as_deref(), Some("b"));
        assert_eq!(chosen(&["a"], &["A", "b"]), None);
        assert_eq!(chosen(&["a"], &[]), None);
        assert_eq!(chosen(&[], &["a"]), None);
    }

    #[test]
    fn no_extension_is_agreed_on_by_itself() {
        let answer = with("Sec-WebSocket-Extensions", &["permessage-deflate; client_max_window_bits"]);
        assert_eq!(answer.response, response(RESPONSE));
        assert_eq!(answer.agreed, Some(Agreed::default()));
    }

    #[test]
    fn further_headers_are_on_every_response() {
        let mut headers = Extra::new();
        headers.push("Server", "wslab").expect("a free name");
        headers.push("Set-Cookie", "a=b").expect("a free name");
        let policy = Policy { headers, ..Policy::default() };
        for request in [request(REQUEST), request_with("Host", &[])] {
            let response = answer(&request, &policy).response;
            assert_eq!(response.headers.get("server"), Some(&b"wslab"[..]));
            assert_eq!(response.headers.get("set-cookie"), Some(&b"a=b"[..]));
        }
    }
}

mod refusing {
    use super::*;

    /// The status and the one line of the body, the first of which a person reads.
    fn said(answer: &Answer) -> String {
        assert_eq!(answer.agreed, None);
        assert_eq!(answer.body.matches('\n').count(), 1);
        format!("{} {}", answer.response.status, answer.body.trim_end())
    }

    #[test]
    fn the_body_says_what_is_wrong() {
        let other = |change: fn(&mut Request)| {
            let mut request = request(REQUEST);
            change(&mut request);
            said(&answered(&request))
        };
        let lines = [
            other(|request| request.method = "POST".into()),
            other(|request| request.version = Version::HTTP_10),
            other(|request| request.target = "*".into()),
            other(|request| request.target = "/#".into()),
            other(|request| request.headers = Headers::from_iter([("Host", "x")])),
            said(&with("Host", &[])),
            said(&with("Upgrade", &["h2c"])),
            said(&with("Connection", &["close"])),
            said(&with("Sec-WebSocket-Key", &[])),
            said(&with("Sec-WebSocket-Key", &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="])),
            said(&with("Sec-WebSocket-Key", &["x"])),
            said(&with("Sec-WebSocket-Version", &[])),
            said(&with("Sec-WebSocket-Version", &["13", "13"])),
            said(&with("Sec-WebSocket-Version", &["12"])),
            said(&with("Sec-WebSocket-Protocol", &["a b"])),
            said(&with("Sec-WebSocket-Protocol", &["a, a"])),
            said(&with("Sec-WebSocket-Extensions", &["a;"])),
            said(&with("Content-Length", &["5"])),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        405 the method of the request is not GET (RFC 6455, section 4.1)
        400 the request is not of HTTP/1.1 or later (RFC 6455, section 4.1)
        400 the target of the request is neither a path nor an absolute http URI (RFC 6455, section 4.1)
        400 the target of the request has a fragment (RFC 6455, section 3)
        426 the Upgrade header of the request does not say websocket (RFC 6455, section 4.1)
        400 the request has not exactly one Host header with a host and perhaps a port (RFC 6455, section 4.1)
        426 the Upgrade header of the request does not say websocket (RFC 6455, section 4.1)
        400 the Connection header of the request does not say Upgrade (RFC 6455, section 4.1)
        400 the request has no Sec-WebSocket-Key header (RFC 6455, section 4.1)
        400 the request has several Sec-WebSocket-Key headers (RFC 6455, section 11.3.1)
        400 the Sec-WebSocket-Key header is not 16 bytes in base64 (RFC 6455, section 4.1)
        426 the request has no Sec-WebSocket-Version header (RFC 6455, section 4.1)
        400 the request has several Sec-WebSocket-Version headers (RFC 6455, section 11.3.5)
        426 the version of the request is not 13 (RFC 6455, section 4.1)
        400 a subprotocol of the request is empty or not a token (RFC 6455, section 4.1)
        400 the request names a subprotocol twice (RFC 6455, section 4.1)
        400 the Sec-WebSocket-Extensions header of the request is not as the grammar wants it (RFC 6455, section 9.1)
        400 the request has a body (RFC 6455, section 4.1)
        "#);
    }

    /// RFC 9110, section 15.5.6.
    #[test]
    fn another_method_is_not_allowed() {
        let answer = answered(&Request { method: "POST".into(), ..request(REQUEST) });
        insta::assert_snapshot!(text(&answer), @r#"
        HTTP/1.1 405 Method Not Allowed
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 61
        Allow: GET, HEAD

        the method of the request is not GET (RFC 6455, section 4.1)
        "#);
    }

    /// RFC 9110, section 9.3.2: the response to HEAD has no body, but says how long it would be.
    #[test]
    fn head_is_answered_without_a_body() {
        let by =
            |method: &str| answered(&Request { method: method.into(), ..request("GET / HTTP/1.1\r\nHost: x\r\n\r\n") });
        assert_eq!(by("HEAD").response, by("GET").response);
        assert_eq!(by("HEAD").body, "");
        assert_eq!(by("POST").response.status, 405);
    }

    #[test]
    fn a_websocket_is_not_asked_for_by_head() {
        let head = answered(&Request { method: "HEAD".into(), ..request(REQUEST) });
        assert_eq!(
            (head.response.status, head.response.headers.get("Allow"), head.body.as_str()),
            (405, Some(&b"GET"[..]), "")
        );
    }

    /// Section 4.4; RFC 9110, sections 15.5.22 and 7.8.
    #[test]
    fn another_version_is_told_which_one_is_understood() {
        insta::assert_snapshot!(text(&with("Sec-WebSocket-Version", &["12"])), @r#"
        HTTP/1.1 426 Upgrade Required
        Connection: close, Upgrade
        Content-Type: text/plain; charset=utf-8
        Content-Length: 61
        Upgrade: websocket
        Sec-WebSocket-Version: 13

        the version of the request is not 13 (RFC 6455, section 4.1)
        "#);
    }

    /// A browser that opens the address as a page, a health check.
    #[test]
    fn who_does_not_ask_for_an_upgrade_is_told_to() {
        let answer = answered(&request("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"));
        insta::assert_snapshot!(text(&answer), @r#"
        HTTP/1.1 426 Upgrade Required
        Connection: close, Upgrade
        Content-Type: text/plain; charset=utf-8
        Content-Length: 81
        Upgrade: websocket
        Sec-WebSocket-Version: 13

        the Upgrade header of the request does not say websocket (RFC 6455, section 4.1)
        "#);
        assert_eq!(
            names(answer.faults),
            ["RequestUpgrade", "RequestConnection", "RequestKeyMissing", "RequestVersionMissing"]
        );
    }

    #[test]
    fn a_fault_that_another_version_may_explain_is_not_held_against_it() {
        let mut request = request_with("Sec-WebSocket-Version", &["99"]);
        request.headers.set("Sec-WebSocket-Key", "x");
        assert_eq!(answered(&request).response.status, 426);
    }

    /// RFC 9110, section 7.8: HTTP/1.0 has no upgrade to ask for.
    #[test]
    fn an_old_client_is_not_told_to_upgrade() {
        let answer = answered(&request("GET / HTTP/1.0\r\nHost: x\r\n\r\n"));
        assert_eq!(answer.response.status, 400);
        assert!(!answer.response.headers.has_token("Connection", "Upgrade"));
    }

    #[test]
    fn a_bad_request_is_refused_with_a_line_of_text() {
        insta::assert_snapshot!(text(&with("Sec-WebSocket-Key", &["x"])), @r#"
        HTTP/1.1 400 Bad Request
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 79

        the Sec-WebSocket-Key header is not 16 bytes in base64 (RFC 6455, section 4.1)
        "#);
    }

    /// Section 4.2.2, item 4, origin; section 10.2.
    #[test]
    fn an_origin_that_is_not_allowed_is_forbidden() {
        let policy = Policy { origins: Origins::named(["https://example.com"]), ..Policy::default() };
        let to = |origins: &[&str]| answer(&request_with("Origin", origins), &policy);
        assert_eq!(to(&["https://example.com"]).response.status, 101);
        assert_eq!(to(&["HTTPS://Example.com"]).response.status, 101);
        for origins in [
            &["https://example.com.evil.example"][..],
            &["http://example.com"],
            &["null"],
            &[""],
            &["https://example.com", "https://evil.example"],
            &["https://example.com, https://example.com"],
        ] {
            assert_eq!(to(origins).response.status, 403, "{origins:?}");
        }
        insta::assert_snapshot!(text(&to(&["https://evil.example"])), @r#"
        HTTP/1.1 403 Forbidden
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 47

        the origin of the request may not connect here
        "#);
    }

    /// Section 10.2: the page that a server shows may connect to it.
    #[test]
    fn pages_of_the_server_itself_are_those_of_its_host_and_port() {
        let policy = Policy { origins: Origins::same(), ..Policy::default() };
        let status = |host: &str, origin: &str| {
            let mut request = request_with("Origin", &[origin]);
            request.headers.set("Host", host);
            answer(&request, &policy).response.status
        };
        for (host, origin) in [
            ("localhost:9001", "http://localhost:9001"),
            ("Localhost:9001", "http://localhost:9001"),
            ("chat.localhost:9001", "http://chat.localhost:9001"),
            ("192.0.2.7", "https://192.0.2.7"),
            ("192.0.2.7:443", "https://192.0.2.7"),
            ("192.0.2.7", "http://192.0.2.7:80"),
            ("[::1]:9001", "http://[::1]:9001"),
            ("[::1]", "http://[::1]"),
        ] {
            assert_eq!(status(host, origin), 101, "{host} {origin}");
        }
        for (host, origin) in [
            ("localhost:9001", "http://localhost"),
            ("localhost:9001", "http://localhost:9002"),
            ("localhost:9001", "http://evil.example:9001"),
            ("localhost", "https://localhost.evil.example"),
            ("192.0.2.7:443", "http://192.0.2.7"),
            ("evil.example:9001", "http://evil.example:9001"),
            ("evil.example", "https://evil.example"),
            ("127.0.0.1.evil.example", "https://127.0.0.1.evil.example"),
            ("evillocalhost", "https://evillocalhost"),
            ("localhost:9001", "null"),
            ("localhost:9001", "file://"),
            ("localhost:9001", "chrome-extension://localhost:9001"),
        ] {
            assert_eq!(status(host, origin), 403, "{host} {origin}");
        }
    }

    /// Whoever owns a name may have it lead here; so the server has to be told its own.
    #[test]
    fn a_server_that_is_reached_by_a_name_is_told_it() {
        let named = vec!["https://chat.example:8443".to_owned()];
        let status = |same: bool, host: &str, origin: &str| {
            let policy = Policy { origins: Origins::Only { same, named: named.clone() }, ..Policy::default() };
            let mut request = request_with("Origin", &[origin]);
            request.headers.set("Host", host);
            answer(&request, &policy).response.status
        };
        assert_eq!(status(false, "anything", "https://chat.example:8443"), 101);
        assert_eq!(status(true, "Chat.example:9001", "http://chat.example:9001"), 101);
        assert_eq!(status(false, "chat.example:9001", "http://chat.example:9001"), 403);
        assert_eq!(status(true, "evil.example:9001", "http://evil.example:9001"), 403);
    }

    /// RFC 6454, section 6.2.
    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for (text, read) in [
            ("https://chat.example", "https://chat.example"),
            ("http://good.example/", "http://good.example"),
            ("HTTPS://Chat.Example:443", "https://chat.example"),
            ("http://localhost:80/", "http://localhost"),
            ("http://localhost:443", "http://localhost:443"),
            ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("Null", "null"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(read), "{text}");
        }
        for (text, error) in [
            ("chat.example", OriginError::Form),
            ("", OriginError::Form),
            ("https://", OriginError::Form),
            ("https:///", OriginError::Form),
            ("1https://a", OriginError::Form),
            ("https://a b", OriginError::Form),
            ("https://*.example", OriginError::Form),
            ("https://a:", OriginError::Form),
            ("https://a:+80", OriginError::Form),
            ("https://a:65536", OriginError::Form),
            ("https://[::1", OriginError::Form),
            ("https://a//", OriginError::Longer),
            ("https://a/page", OriginError::Longer),
            ("https://a?", OriginError::Longer),
            ("https://user@a", OriginError::Longer),
            ("wss://a", OriginError::Scheme),
            ("https://bücher.example", OriginError::NotAscii),
        ] {
            assert_eq!(origin(text), Err(error), "{text}");
        }
    }

    /// Section 4.2.1, item 7: such a request does not come from a browser.
    #[test]
    fn a_request_without_an_origin_is_not_held_to_the_policy() {
        let policy = Policy { origins: Origins::named([""; 0]), ..Policy::default() };
        assert_eq!(answer(&request(REQUEST), &policy).response.status, 101);
    }

    #[test]
    fn a_broken_request_is_no_less_broken_for_its_origin() {
        let policy = Policy { origins: Origins::named([""; 0]), ..Policy::default() };
        let mut request = request_with("Origin", &["https://evil.example"]);
        request.headers.remove("Sec-WebSocket-Key");
        assert_eq!(answer(&request, &policy).response.status, 400);
    }

    #[test]
    fn bytes_that_are_no_request_are_refused_too() {
        let status = |bytes: &[u8]| Answer::malformed(&request_error(bytes)).response.status;
        assert_eq!(status(b"GET / HTTP/2.0\r\n"), 505);
        assert_eq!(status(b"\x16\x03\x01"), 400);
        let answer = Answer::malformed(&request_error(b"GET / HTTP/1.1\r\nHost : x\r\n"));
        assert_eq!(answer.faults.into_iter().collect::<Vec<_>>(), [Rule::HeaderMalformed]);
        insta::assert_snapshot!(text(&answer), @r#"
        HTTP/1.1 400 Bad Request
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 65

        a header line does not begin with a name and a colon, at byte 20
        "#);
        let long = Request::parse(REQUEST.as_bytes(), &Limits { max_bytes: 9, max_headers: 9 }).expect_err("too long");
        let answer = Answer::malformed(&long);
        assert!(answer.faults.is_empty());
        insta::assert_snapshot!(text(&answer), @r#"
        HTTP/1.1 431 Request Header Fields Too Large
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 32

        the head is longer than 9 bytes
        "#);
    }

    #[test]
    fn applications_refuse_in_the_same_shape() {
        insta::assert_snapshot!(text(&Answer::refusal(503, "there are too many connections")), @r#"
        HTTP/1.1 503 Service Unavailable
        Connection: close
        Content-Type: text/plain; charset=utf-8
        Content-Length: 31

        there are too many connections
        "#);
    }
}

/// A request that breaks at most a few rules.
fn any_request() -> impl Strategy<Value = Request> {
    let change = prop_oneof![
        Just(("Host", "")),
        Just(("Upgrade", "h2c")),
        Just(("Connection", "close")),
        Just(("Sec-WebSocket-Key", "x")),
        Just(("Sec-WebSocket-Version", "12")),
        Just(("Sec-WebSocket-Version", "99")),
        Just(("Origin", "https://b")),
        Just(("Sec-WebSocket-Protocol", "a, b")),
        Just(("Sec-WebSocket-Protocol", "a b")),
        Just(("Sec-WebSocket-Extensions", "a;")),
        Just(("Sec-WebSocket-Extensions", "a")),
        Just(("Content-Length", "1")),
    ];
    let methods = prop_oneof![9 => Just("GET"), 1 => Just("HEAD"), 1 => Just("PUT")];
    (methods, prop::collection::vec((change, 0..3_u8), 0..3)).prop_map(|(method, changes)| {
        let mut request = request(REQUEST);
        request.method = method.into();
        for ((name, value), how) in changes {
            match how {
                0 => drop(request.headers.remove(name)),
                1 => request.headers.set(name, value),
                _ => request.headers.push(name, value),
            }
        }
        request
    })
}

proptest! {
    /// What the own server answers, the own judge finds no fault with: it agrees to good requests and refuses the rest.
    #[test]
    fn every_answer_is_a_good_one(request in any_request(), any_origin in any::<bool>()) {
        let origins = if any_origin { Origins::Any } else { Origins::named(["https://a"]) };
        let policy = Policy { protocols: vec!["b".into(), "a".into()], origins, ..Policy::default() };
        let answer = answer(&request, &policy);
        let mut bytes = Vec::new();
        answer.write(&mut bytes);
        let (read, size) = Response::parse(&bytes, &Limits::default())?.expect("whole");
        prop_assert_eq!(&read, &answer.response);

        let asked = judge_request(&request);
        let judged = judge_response(&asked, &read);
        prop_assert_eq!(&judged.agreed, &answer.agreed);
        prop_assert_eq!(answer.faults, asked.faults);
        if answer.agreed.is_some() {
            prop_assert!(asked.faults.is_empty() && judged.faults.is_empty() && size == bytes.len());
        } else {
            prop_assert_eq!(names(judged.faults), ["ResponseStatus"]);
            prop_assert!(read.headers.has_token("Connection", "close"));
            prop_assert!(!asked.faults.is_empty() || read.status == 403);
            let length = String::from_utf8_lossy(read.headers.get("Content-Length").expect("a length")).into_owned();
            let sent = bytes.len() - size;
            prop_assert!(length == sent.to_string() || request.method == "HEAD" && sent == 0);
        }
    }
}
