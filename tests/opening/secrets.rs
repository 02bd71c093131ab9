//! What is not shown of heads.

use wslab::net::Target;
use wslab::wire::http::{head_without_secrets, is_secret, without_secrets, without_tokens, words_without_secrets};

#[test]
fn names_of_secrets_are_known() {
    for name in ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "token", "access_token"] {
        assert!(is_secret(name), "{name}");
    }
    for name in ["Host", "Origin", "Sec-WebSocket-Key", "WWW-Authenticate", "room", "page"] {
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
        ("ws://h/x?access=eyJhbGci.eyJzdWIi.sig&a=1", "ws://h/x?access=…&a=1"),
        ("ws://h/eyJhbGci.eyJzdWIi.sig", "ws://h/…"),
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

#[test]
fn secrets_in_commands_are_left_out() {
    for (words, shown) in [
        (&["client", "--token", "abc", "{url}"][..], "client --token … {url}"),
        (&["client", "--token=abc", "--no-auth", "{url}"], "client --token=… --no-auth {url}"),
        (&["env", "API_KEY=abc", "client", "eyJhbGci.eyJzdWIi.sig"], "env API_KEY=… client …"),
        (
            &["client", "-H", "Authorization: Bearer abc", "--token", "--quiet"],
            "client -H Authorization: … --token --quiet",
        ),
        (&["sh", "-c", "client --token abc {url}/?key=b"], "sh -c client --token … {url}/?key=…"),
        (&["node", "echo.js", "--name=x", "a=b", "error: no token"], "node echo.js --name=x a=b error: no token"),
    ] {
        assert_eq!(words_without_secrets(words.iter().copied()).join(" "), shown);
    }
}

#[track_caller]
fn head(head: &[u8], shown: &str) {
    assert_eq!(String::from_utf8_lossy(&head_without_secrets(head)), shown);
}

#[test]
fn secrets_in_heads_are_left_out_and_nothing_else() {
    head(
        b"GET /?token=abc&a=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer abc\r\ncookie:abc\r\nX: y\r\n\r\n",
        "GET /?token=…&a=1 HTTP/1.1\r\nHost: h\r\nAuthorization: …\r\ncookie: …\r\nX: y\r\n\r\n",
    );
    head(
        b"HTTP/1.1 101 x\nSet-Cookie: abc\n def\n\tghi\nX: y\n z\n",
        "HTTP/1.1 101 x\nSet-Cookie: …\n …\n …\nX: y\n z\n",
    );
    head(b"HTTP/1.1 302 x\r\nLocation: /?key=abc\r\n", "HTTP/1.1 302 x\r\nLocation: /?key=…\r\n");
    head(
        b"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: chat, eyJh.eyJi.c\r\n",
        "GET / HTTP/1.1\r\nSec-WebSocket-Protocol: chat, …\r\n",
    );
}

#[test]
fn a_head_that_is_cut_or_none_is_kept_as_far_as_it_is_no_secret() {
    head(b"GET / HTTP/1.1\r\nAuthorization: Bea", "GET / HTTP/1.1\r\nAuthorization: …");
    head(b"GET / HTTP/1.1\r\nAuthorization:", "GET / HTTP/1.1\r\nAuthorization:");
    let odd = b"HTTP/1.1 \xff\r\nX: \xfe\r\n\r\nAuthorization: this is content\r\n";
    assert_eq!(head_without_secrets(odd), odd);
    assert_eq!(head_without_secrets(b"\x15\x03\x01"), b"\x15\x03\x01");
    assert_eq!(head_without_secrets(b""), b"");
}

#[test]
fn tokens_are_known_by_their_shape() {
    assert_eq!(without_tokens("Bearer eyJhbGci.eyJzdWIi.sig-_1, x"), "Bearer …, x");
    for plain in ["eyJhbGci", "a.b.c", "eyJ.x", ""] {
        assert_eq!(without_tokens(plain), plain);
    }
}
