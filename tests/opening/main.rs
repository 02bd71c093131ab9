//! The opening handshake, clause by clause: heads as they stand on the wire, what requests and responses break, and
//! what each end makes of the other.

mod answer;
mod ask;
mod deflate;
mod extensions;
mod heads;
mod judge;
mod requests;
mod responses;
mod secrets;

use wslab::proto::Rules;
use wslab::wire::http::{HeadError, Limits, Request, Response};

/// The nonce of RFC 6455, section 1.3: `the sample nonce`, in base64 `dGhlIHNhbXBsZSBub25jZQ==`.
const NONCE: [u8; 16] = *b"the sample nonce";

/// The request of section 1.2 without what is optional.
const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\
    \r\n";

/// The response of section 1.2 without what is optional.
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    \r\n";

fn request(text: &str) -> Request {
    let (request, size) = Request::parse(text.as_bytes(), &Limits::default()).expect("a request").expect("whole");
    assert_eq!(size, text.len());
    request
}

fn response(text: &str) -> Response {
    let (response, size) = Response::parse(text.as_bytes(), &Limits::default()).expect("a response").expect("whole");
    assert_eq!(size, text.len());
    response
}

/// [`REQUEST`] with its header `name` in these versions: none, one, or several.
fn request_with(name: &str, values: &[&str]) -> Request {
    let mut request = request(REQUEST);
    request.headers.remove(name);
    for value in values {
        request.headers.push(name, *value);
    }
    request
}

/// [`RESPONSE`] with its header `name` in these versions: none, one, or several.
fn response_with(name: &str, values: &[&str]) -> Response {
    let mut response = response(RESPONSE);
    response.headers.remove(name);
    for value in values {
        response.headers.push(name, *value);
    }
    response
}

fn request_error(bytes: &[u8]) -> HeadError {
    Request::parse(bytes, &Limits::default()).expect_err("no request")
}

fn response_error(bytes: &[u8]) -> HeadError {
    Response::parse(bytes, &Limits::default()).expect_err("no response")
}

/// The names of the rules, for comparing and for reading.
fn names(rules: Rules) -> Vec<&'static str> {
    rules.into_iter().map(|rule| rule.name()).collect()
}
