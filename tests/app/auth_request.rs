//! Where a request has its token.

use proptest::prelude::*;
use wslab::app::auth::token_of;
use wslab::wire::http::Request;

fn request(target: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request.headers.push(*name, *value);
    }
    request
}

#[test]
fn a_request_has_a_token_in_one_of_three_places() {
    let found = |target: &str, headers: &[(&str, &str)]| token_of(&request(target, headers));
    assert_eq!(found("/", &[]), None);
    assert_eq!(found("/", &[("Authorization", "Bearer a.b.c")]).as_deref(), Some("a.b.c"));
    assert_eq!(found("/", &[("authorization", "bEARER   a.b.c ")]).as_deref(), Some("a.b.c"));
    assert_eq!(found("/chat?room=1&token=a.b.c", &[]).as_deref(), Some("a.b.c"));
    assert_eq!(found("ws://h/?token=a%2Eb%2ec#x", &[]).as_deref(), Some("a.b.c"));
    assert_eq!(found("/", &[("Sec-WebSocket-Protocol", "bearer, a.b.c")]).as_deref(), Some("a.b.c"));
    let apart = [("Sec-WebSocket-Protocol", "chat, Bearer"), ("sec-websocket-protocol", "a.b.c,more")];
    assert_eq!(found("/", &apart).as_deref(), Some("a.b.c"));
}

#[test]
fn the_header_counts_before_the_query_and_the_query_before_the_subprotocol() {
    let headers = [("Authorization", "Bearer one"), ("Sec-WebSocket-Protocol", "bearer, three")];
    assert_eq!(token_of(&request("/?token=two", &headers)).as_deref(), Some("one"));
    assert_eq!(token_of(&request("/?token=two", &headers[1..])).as_deref(), Some("two"));
    // Another scheme is nobody's token.
    let headers = [("Authorization", "Basic b25l"), ("Sec-WebSocket-Protocol", "bearer, three")];
    assert_eq!(token_of(&request("/", &headers)).as_deref(), Some("three"));
}

#[test]
fn what_only_looks_like_a_token_is_none() {
    let none = |target: &str, headers: &[(&str, &str)]| assert_eq!(token_of(&request(target, headers)), None);
    none("/?token=", &[]);
    none("/?token", &[]);
    none("/?Token=x&tokens=y", &[]);
    none("/token=x", &[]);
    none("/#?token=x", &[]);
    none("/", &[("Authorization", "Bearer")]);
    none("/", &[("Authorization", "Bearer  ")]);
    none("/", &[("Authorization", "Bearerx y")]);
    none("/", &[("Sec-WebSocket-Protocol", "bearer")]);
    none("/", &[("Sec-WebSocket-Protocol", "chat, a.b.c")]);
}

proptest! {
    #[test]
    fn any_request_is_looked_at_without_panic(
        target in ".{0,60}", header in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut request = Request::get(target);
        request.headers.push("Authorization", header.clone());
        request.headers.push("Sec-WebSocket-Protocol", header);
        let _token = token_of(&request);
    }
}
