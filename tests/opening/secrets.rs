//! What is not shown of heads.

use wslab::net::Target;
use wslab::wire::http::{is_secret, without_secrets};

#[test]
fn names_of_secrets_are_known() {
    for name in ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "token", "access_token"] {
        assert!(is_secret(name), "{name}");
    }
    for name in ["Host", "Origin", "Sec-WebSocket-Key", "room", "page"] {
        assert!(!is_secret(name), "{name}");
    }
}

#[test]
fn secrets_in_queries_are_left_out() {
    for (text, shown) in [
        ("/chat?room=1&token=abc&x", "/chat?room=1&token=…&x"),
        ("GET /?access_token=a.b.c HTTP/1.1", "GET /?access_token=… HTTP/1.1"),
        ("ws://h/?jwt=x#y", "ws://h/?jwt=…#y"),
        ("/?token=", "/?token="),
        ("/token?room=token", "/token?room=token"),
        ("/plain", "/plain"),
    ] {
        assert_eq!(without_secrets(text), shown);
    }
}

#[test]
fn targets_and_their_errors_do_not_show_them() {
    let target: Target = "ws://localhost:9001/chat?token=abc".parse().expect("a target");
    assert_eq!(target.to_string(), "ws://localhost:9001/chat?token=…");
    assert_eq!(target.resource, "/chat?token=abc");
    let error = "http://localhost/?token=abc".parse::<Target>().expect_err("no WebSocket");
    assert!(!error.to_string().contains("abc"), "{error}");
}
