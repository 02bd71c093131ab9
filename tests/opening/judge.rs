//! What holds for the judgement of any request and any response.

use proptest::prelude::*;
use wslab::proto::opening::{accept_key, judge_request, judge_response, rule_of};
use wslab::proto::{Role, Rule};
use wslab::wire::http::{Limits, Request, Response, Version};

use crate::{REQUEST, request_error, request_with, response_error};

#[test]
fn the_key_of_section_1_3_has_the_answer_of_section_1_3() {
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

mod malformed {
    use super::*;

    #[test]
    fn bytes_that_are_no_head_break_the_rule_of_who_sent_them() {
        let asked = |bytes: &[u8]| rule_of(&request_error(bytes), Role::Client);
        assert_eq!(asked(b"\x16\x03\x01"), Some(Rule::RequestMalformed));
        assert_eq!(asked(b"GET / HTTP/2.0\r\n"), Some(Rule::RequestHttpVersion));
        assert_eq!(asked(b"GET / HTTP/1.1\r\nHost : x\r\n"), Some(Rule::HeaderMalformed));
        let answered = |bytes: &[u8]| rule_of(&response_error(bytes), Role::Server);
        assert_eq!(answered(b"SSH-2.0"), Some(Rule::ResponseMalformed));
        assert_eq!(answered(b"HTTP/2 101\r\n"), Some(Rule::ResponseHttpVersion));
        assert_eq!(answered(b"HTTP/1.1 101\r\nA: \0"), Some(Rule::HeaderMalformed));
    }

    #[test]
    fn a_limit_is_no_rule() {
        let error =
            Request::parse(REQUEST.as_bytes(), &Limits { max_bytes: 9, max_headers: 9 }).expect_err("too large");
        assert_eq!(rule_of(&error, Role::Client), None);
    }
}

/// Lines that are near enough to a handshake to reach every check.
fn lines() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        Just("Host"),
        Just("Upgrade"),
        Just("Connection"),
        Just("Origin"),
        Just("Content-Length"),
        Just("Sec-WebSocket-Key"),
        Just("Sec-WebSocket-Version"),
        Just("Sec-WebSocket-Accept"),
        Just("Sec-WebSocket-Protocol"),
        Just("Sec-WebSocket-Extensions"),
    ];
    let value = prop_oneof![
        3 => "(websocket|Upgrade|13|a|dGhlIHNhbXBsZSBub25jZQ==|a; b=1|[ ,;=\"\\[\\]:]){0,4}".prop_map(String::into_bytes),
        1 => any::<Vec<u8>>(),
    ];
    prop::collection::vec((name.prop_map(str::to_owned), value), 0..10)
}

proptest! {
    #[test]
    fn anything_is_judged_without_panic(
        method in "GET|[ -~]{0,5}", target in any::<String>(), minor in 0..3_u8, asks in lines(),
        status in prop_oneof![Just(101_u16), any::<u16>()], answers in lines(),
    ) {
        let request = Request { method, target, version: Version(minor), headers: asks.into_iter().collect() };
        let asked = judge_request(&request);
        let response = Response { version: Version(minor), headers: answers.into_iter().collect(), ..Response::new(status) };
        let judged = judge_response(&asked, &response);
        prop_assert_eq!(judged.agreed.is_some(), status == 101);
        prop_assert!(asked.faults.into_iter().all(|rule| rule.name().starts_with("Request")));
        prop_assert!(judged.faults.into_iter().all(|rule| rule.name().starts_with("Response")));
    }

    /// Lists may be cut into lines, names may have any case, blanks may stand around values (RFC 9112, section 5).
    #[test]
    fn how_a_request_is_written_changes_nothing(
        elements in prop::collection::vec("a|b|c; d=1|websocket|Upgrade| |13|\\(", 1..5), at in 0..4_usize,
    ) {
        for name in ["Upgrade", "Connection", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
            let one = judge_request(&request_with(name, &[&elements.join(",")]));
            let mut cut = request_with(name, &[]);
            let (first, second) = elements.split_at(at.min(elements.len()));
            cut.headers.push(name.to_ascii_uppercase(), first.join(" ,\t"));
            cut.headers.push(name.to_ascii_lowercase(), second.join(" , "));
            prop_assert_eq!(&judge_request(&cut), &one);
        }
    }
}
