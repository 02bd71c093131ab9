//! permessage-deflate in the opening handshake (RFC 7692, sections 5 and 7).

use wslab::proto::deflate::{self, ParamError};
use wslab::proto::opening::{Agreed, Answer, Ask, AskError, Extension, Policy, answer, judge_request, judge_response};

use crate::{NONCE, REQUEST, names, request, request_with, response_with};

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// What a server says to these offers that accepts any.
fn answers(offers: &[&str]) -> Answer {
    let policy = Policy { deflate: Some(deflate::Config::with_takeover()), ..Policy::default() };
    answer(&request_with(EXTENSIONS, offers), &policy)
}

fn agreed(offers: &[&str]) -> Option<String> {
    let answer = answers(offers);
    assert_eq!(answer.response.status, 101);
    let header = answer.response.headers.get(EXTENSIONS).map(|value| String::from_utf8_lossy(value).into_owned());
    let agreed = answer.agreed.expect("it was agreed");
    assert_eq!(header.is_some(), agreed.deflate().is_some());
    header
}

/// What a response with this header breaks, where `offered` was offered.
fn faults(offered: &str, answered: &str) -> Vec<&'static str> {
    let mut request = request(REQUEST);
    request.headers.push(EXTENSIONS, offered);
    names(judge_response(&judge_request(&request), &response_with(EXTENSIONS, &[answered])).faults)
}

#[test]
fn a_server_agrees_to_the_first_offer_that_is_valid() {
    assert_eq!(agreed(&["permessage-deflate"]).as_deref(), Some("permessage-deflate"));
    assert_eq!(
        agreed(&["permessage-deflate; x, permessage-deflate; server_max_window_bits=\"9\"", "permessage-deflate"])
            .as_deref(),
        Some("permessage-deflate; server_max_window_bits=9")
    );
    assert_eq!(agreed(&["x-webkit-deflate-frame"]), None);
    assert_eq!(agreed(&[]), None);
}

#[test]
fn a_server_that_does_not_want_it_agrees_to_none() {
    let answer = answer(&request_with(EXTENSIONS, &["permessage-deflate"]), &Policy::default());
    assert_eq!((answer.response.status, answer.agreed), (101, Some(Agreed::default())));
}

/// Section 7: it is declined, which is no reason to refuse the connection.
#[test]
fn an_offer_that_is_invalid_breaks_a_rule_and_is_declined() {
    for params in [
        "; x",
        "; server_max_window_bits",
        "; server_max_window_bits=16",
        "; server_max_window_bits=010",
        "; client_max_window_bits=7",
        "; server_no_context_takeover=1",
        "; client_no_context_takeover; client_no_context_takeover",
    ] {
        let offer = format!("permessage-deflate{params}");
        let request = request_with(EXTENSIONS, &[&offer]);
        let asked = judge_request(&request);
        assert_eq!(names(asked.faults), ["RequestDeflateInvalid"], "{params}");
        assert!(!asked.has_to_be_refused());
        assert_eq!(agreed(&[&offer]), None, "{params}");
        assert_eq!(names(answers(&[&offer]).faults), ["RequestDeflateInvalid"]);
        assert_eq!(faults(&offer, "permessage-deflate"), ["ResponseDeflateUnoffered"], "{params}");
    }
    assert_eq!(names(judge_request(&request_with(EXTENSIONS, &["deflate; x", "permessage-deflate"])).faults), [""; 0]);
}

#[test]
fn a_response_agrees_to_no_more_than_was_offered() {
    assert_eq!(faults("permessage-deflate", "permessage-deflate"), [""; 0]);
    assert_eq!(
        faults("permessage-deflate", "permessage-deflate; server_max_window_bits=9; client_no_context_takeover"),
        [""; 0]
    );
    assert_eq!(
        faults("permessage-deflate", "permessage-deflate; client_max_window_bits=9"),
        ["ResponseDeflateUnoffered"]
    );
    assert_eq!(
        faults("permessage-deflate; server_no_context_takeover", "permessage-deflate"),
        ["ResponseDeflateUnoffered"]
    );
    assert_eq!(faults("a", "permessage-deflate"), ["ResponseExtensionUnasked"]);
}

#[test]
fn a_response_has_valid_parameters_and_agrees_once() {
    for answered in [
        "permessage-deflate; x",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=0",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate, permessage-deflate",
    ] {
        let faults = faults("permessage-deflate; client_max_window_bits", answered);
        assert_eq!(faults, ["ResponseDeflateInvalid"], "{answered}");
    }
}

#[test]
fn both_ends_know_what_was_agreed() {
    let mut ask = Ask::new("server.example.com", "/chat", NONCE);
    ask.extensions = vec![deflate::Config::with_takeover().offer().into()];
    let policy = Policy { deflate: Some(deflate::Config::default()), ..Policy::default() };
    let answer = answer(&ask.request().expect("a request"), &policy);
    let told = ask.check(&answer.response).expect("an answer to the offer").deflate();
    let expected =
        deflate::Agreed { server_no_context_takeover: true, client_no_context_takeover: true, ..Default::default() };
    assert_eq!((told, answer.agreed.and_then(|agreed| agreed.deflate())), (Some(expected), Some(expected)));
}

#[test]
fn what_a_server_would_have_to_decline_is_not_offered() {
    let extensions = vec![Extension::new("permessage-deflate").with_value("server_max_window_bits", "7")];
    let ask = Ask { extensions, ..Ask::new("server.example.com", "/chat", NONCE) };
    let error = ask.request().expect_err("no server may accept it");
    assert!(matches!(error, AskError::Deflate(ParamError::ValueInvalid("server_max_window_bits", _))));
    assert_eq!(
        error.to_string(),
        "permessage-deflate cannot be offered like this: the value \"7\" of the parameter server_max_window_bits is \
         not a number from 8 to 15"
    );
}
