//! What responses break (sections 4.1, 4.2.2, 4.4, 9.1 and 11.3).

use wslab::proto::opening::{Agreed, Asked, Extension, judge_request, judge_response};
use wslab::wire::http::{Response, Version};

use crate::{REQUEST, RESPONSE, names, request, request_with, response, response_with};

fn asked() -> Asked {
    let mut request = request(REQUEST);
    request.headers.push("Sec-WebSocket-Protocol", "chat, superchat");
    request.headers.push("Sec-WebSocket-Extensions", "a; b, c");
    judge_request(&request)
}

fn faults(response: &Response) -> Vec<&'static str> {
    names(judge_response(&asked(), response).faults)
}

/// What `RESPONSE` breaks with its header `name` in these versions.
fn with(name: &str, values: &[&str]) -> Vec<&'static str> {
    faults(&response_with(name, values))
}

/// What a refusal of a request with this version breaks.
fn refusal(version: &str, status: u16, headers: &[(&str, &str)]) -> Vec<&'static str> {
    let asked = judge_request(&request_with("Sec-WebSocket-Version", &[version]));
    let mut response = Response::new(status);
    headers.iter().for_each(|&(name, value)| response.headers.push(name, value));
    names(judge_response(&asked, &response).faults)
}

#[test]
fn the_response_of_section_1_2_breaks_no_rule_and_says_what_is_agreed() {
    let mut response = response(RESPONSE);
    response.headers.push("Sec-WebSocket-Protocol", "superchat");
    response.headers.push("Sec-WebSocket-Extensions", "c; d=1");
    let judged = judge_response(&asked(), &response);
    assert_eq!(names(judged.faults), [""; 0]);
    let agreed =
        Agreed { protocol: Some("superchat".into()), extensions: vec![Extension::new("c").with_value("d", "1")] };
    assert_eq!(judged.agreed, Some(agreed));
    assert_eq!(judge_response(&asked(), &crate::response(RESPONSE)).agreed, Some(Agreed::default()));
}

#[test]
fn the_version_of_http_is_1_1_or_later() {
    assert_eq!(faults(&Response { version: Version::HTTP_10, ..response(RESPONSE) }), ["ResponseHttpVersion"]);
    assert_eq!(faults(&Response { version: Version(2), ..response(RESPONSE) }), [""; 0]);
}

/// Section 4.1, item 1 of the response.
#[test]
fn every_status_but_101_opens_nothing() {
    for status in [100, 102, 200, 302, 400, 401, 426, 503] {
        let judged = judge_response(&asked(), &Response { status, ..response(RESPONSE) });
        assert_eq!((names(judged.faults), judged.agreed), (vec!["ResponseStatus"], None), "{status}");
    }
}

/// Item 2: unlike a request's, the header may name nothing else.
#[test]
fn upgrade_says_websocket_alone() {
    for values in [&["WebSocket"][..], &["websocket,"]] {
        assert_eq!(with("Upgrade", values), [""; 0], "{values:?}");
    }
    for values in [&[][..], &[""], &["h2c"], &["websocket, h2c"], &["h2c", "websocket"]] {
        assert_eq!(with("Upgrade", values), ["ResponseUpgrade"], "{values:?}");
    }
}

/// Item 3.
#[test]
fn connection_says_upgrade() {
    for values in [&["upgrade"][..], &["keep-alive, UPGRADE"], &["keep-alive", "Upgrade"]] {
        assert_eq!(with("Connection", values), [""; 0], "{values:?}");
    }
    for values in [&[][..], &[""], &["close"], &["upgrading"]] {
        assert_eq!(with("Connection", values), ["ResponseConnection"], "{values:?}");
    }
}

/// Item 4; section 11.3.3.
#[test]
fn accept_answers_the_key_once() {
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_eq!(with("Sec-WebSocket-Accept", &[]), ["ResponseAcceptMissing"]);
    assert_eq!(with("Sec-WebSocket-Accept", &[ACCEPT, ACCEPT]), ["ResponseAcceptRepeated"]);
    for value in ["", "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo"] {
        assert_eq!(with("Sec-WebSocket-Accept", &[value]), ["ResponseAcceptWrong"], "{value}");
    }
    let both = ["ResponseAcceptRepeated", "ResponseAcceptWrong"];
    assert_eq!(with("Sec-WebSocket-Accept", &[ACCEPT, "x"]), both);
}

#[test]
fn accept_is_not_judged_where_the_key_is_not_known() {
    let judged = judge_response(&Asked::default(), &response_with("Sec-WebSocket-Accept", &["x"]));
    assert_eq!(names(judged.faults), [""; 0]);
}

/// Item 5.
#[test]
fn extensions_were_offered_and_keep_to_the_grammar() {
    assert_eq!(with("Sec-WebSocket-Extensions", &["a, c"]), [""; 0]);
    for values in [&["d"][..], &["a, d"], &["a, d; b"], &["A"]] {
        assert_eq!(with("Sec-WebSocket-Extensions", values), ["ResponseExtensionUnasked"], "{values:?}");
    }
    for values in [&[""][..], &["a;"], &["a b"]] {
        assert_eq!(with("Sec-WebSocket-Extensions", values), ["ResponseExtensionsInvalid"], "{values:?}");
    }
}

/// Section 11.3.2: unlike a request, a response must not spread them over several headers.
#[test]
fn the_extensions_stand_in_one_header() {
    assert_eq!(with("Sec-WebSocket-Extensions", &["a", "c"]), ["ResponseExtensionsRepeated"]);
}

/// Item 6; section 11.3.4.
#[test]
fn the_subprotocol_was_asked_for_and_is_one() {
    assert_eq!(with("Sec-WebSocket-Protocol", &["chat"]), [""; 0]);
    for value in ["", "Chat", "hat", "chat, superchat"] {
        assert_eq!(with("Sec-WebSocket-Protocol", &[value]), ["ResponseProtocolUnasked"], "{value}");
    }
    assert_eq!(with("Sec-WebSocket-Protocol", &["chat", "superchat"]), ["ResponseProtocolRepeated"]);
}

/// Section 4.4.
#[test]
fn who_refuses_a_version_lists_those_it_has() {
    let list = [("Sec-WebSocket-Version", "13, 8")];
    for status in [400, 426] {
        assert_eq!(refusal("12", status, &list), ["ResponseStatus"]);
        assert_eq!(refusal("12", status, &[]), ["ResponseStatus", "ResponseVersionMissing"]);
        assert_eq!(
            refusal("12", status, &[("sec-websocket-version", " ")]),
            ["ResponseStatus", "ResponseVersionMissing"]
        );
        assert_eq!(refusal("13", status, &[]), ["ResponseStatus"]);
    }
    // These say something else.
    for status in [403, 404, 503] {
        assert_eq!(refusal("12", status, &[]), ["ResponseStatus"]);
    }
}

/// 400 may have had another reason; 426 cannot.
#[test]
fn a_bad_request_with_another_fault_too_needs_no_list() {
    let mut request = request_with("Sec-WebSocket-Version", &["12"]);
    request.headers.remove("Sec-WebSocket-Key");
    let asked = judge_request(&request);
    assert_eq!(names(judge_response(&asked, &Response::new(400)).faults), ["ResponseStatus"]);
    let expected = ["ResponseStatus", "ResponseVersionMissing"];
    assert_eq!(names(judge_response(&asked, &Response::new(426)).faults), expected);
}

/// Section 4.2.1.
#[test]
fn a_broken_request_is_not_accepted() {
    let answers = |name: &str, values: &[&str]| {
        names(judge_response(&judge_request(&request_with(name, values)), &response(RESPONSE)).faults)
    };
    assert_eq!(answers("Host", &[]), ["ResponseNotRefused"]);
    assert_eq!(answers("Connection", &["close"]), ["ResponseNotRefused"]);
    assert_eq!(answers("Sec-WebSocket-Version", &["99"]), ["ResponseNotRefused"]);
    assert_eq!(answers("Sec-WebSocket-Version", &["8"]), [""; 0]);
}
