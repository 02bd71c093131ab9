//! What is not shown of heads.

use wslab::net::Target;
use wslab::wire::http::{
    head_without_secrets, is_secret, subprotocols_without_secrets, tokens, without_secrets, without_tokens,
    words_without_secrets,
};

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
fn the_user_of_a_url_is_left_out() {
    for (text, shown) in [
        ("ws://user:hunter2@h/chat", "ws://…@h/chat"),
        ("GET ws://user:hun@ter2@h:80/x?a=1 HTTP/1.1", "GET ws://…@h:80/x?a=1 HTTP/1.1"),
        ("wss://ghp_abc@h", "wss://…@h"),
        ("http://a@h and http://b@h", "http://…@h and http://…@h"),
        ("/?next=http://a:b@h/&x=1", "/?next=http://…@h/&x=1"),
        ("ws://@h/", "ws://@h/"),
        ("ws://h/@me?mail=a@b#c@d", "ws://h/@me?mail=a@b#c@d"),
        ("a@b", "a@b"),
    ] {
        assert_eq!(without_secrets(text), shown);
    }
}

#[test]
fn parameters_that_are_usually_secret_are_known_by_their_words() {
    for name in [
        "sid",
        "connect.sid",
        "SID",
        "sig",
        "X-Amz-Signature",
        "pass",
        "user_pass",
        "userPass",
        "passwd",
        "pwd",
        "ticket",
        "session",
        "sessionid",
        "PHPSESSID",
        "code",
        "credentials",
        "otp",
        "bearer",
        "access",
        "accessToken",
        "api_key",
        "apikey",
    ] {
        assert_eq!(without_secrets(&format!("/?a=1&{name}=x&b=2")), format!("/?a=1&{name}=…&b=2"));
    }
    for name in [
        "inside",
        "side",
        "design",
        "signal",
        "compass",
        "passenger",
        "encode",
        "country_code",
        "accessible",
        "hotplug",
        "EIO",
        "transport",
        "bypass",
        "tickets_open",
    ] {
        let text = format!("/?a=1&{name}=x&b=2");
        assert_eq!(without_secrets(&text), text);
    }
}

#[test]
fn secrets_in_paths_and_fragments_are_left_out() {
    for (text, shown) in [
        ("/chat;session=abc/room;x=1?y=2", "/chat;session=…/room;x=1?y=2"),
        ("/chat;jsessionid=abc;v=1", "/chat;jsessionid=…;v=1"),
        ("/?a=1;token=b;c&d=e", "/?a=1;token=…&d=e"),
        ("/?next=/x?token=abc", "/?next=/x?token=…"),
        ("http://h/#access_token=abc&state=1", "http://h/#access_token=…&state=1"),
        ("name; token=abc", "name; token=…"),
        ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"),
    ] {
        assert_eq!(without_secrets(text), shown);
    }
}

#[test]
fn tokens_among_subprotocols_are_left_out() {
    for (names, shown) in [
        ("bearer, hunter2", "bearer, …"),
        ("chat, access_token,abc, v2", "chat, access_token,…, v2"),
        ("bearer, eyJhbGci.eyJzdWIi.sig", "bearer, …"),
        ("v1, 0123456789abcdef0123456789abcdef", "v1, …"),
        ("auth.Zm9vYmFyYmF6-cXV4MTIzNDU2Nzg5.v1", "auth.….v1"),
        ("550e8400-e29b-41d4-a716-446655440000", "…"),
        (
            "base64url.bearer.authorization.k8s.io.abc, v4.channel.k8s.io",
            "base64url.bearer.authorization.k8s.io.…, v4.channel.k8s.io",
        ),
    ] {
        assert_eq!(subprotocols_without_secrets(names), shown);
    }
    for plain in [
        "chat",
        "graphql-transport-ws",
        "graphql-transport-ws-2024-01",
        "v5.channel.k8s.io",
        "ocpp2.0.1, ocpp1.6",
        "bearer",
        "a-very-long-name-of-a-subprotocol",
        "token, bearer",
        "",
        "12345678901234567890",
        "v12.stomp,v11.stomp",
    ] {
        assert_eq!(subprotocols_without_secrets(plain), plain);
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
    head(
        b"GET ws://a:b@h/ HTTP/1.1\r\nsec-websocket-protocol:  bearer, abc\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "GET ws://…@h/ HTTP/1.1\r\nsec-websocket-protocol:  bearer, …\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
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
    assert_eq!(without_tokens("{\"t\":\"\\neyJhbGci.eyJzdWIi.sig\"}"), "{\"t\":\"\\n…\"}");
    assert_eq!(without_tokens("%22eyJhbGci.eyJzdWIi.sig eyJhbGci.eyJz"), "%22… …");
    for plain in ["eyJhbGci", "a.b.c", "eyJ.x", "", "keyJson.parse.it", "1eyJ1eyJ", "ä eyJ ä.ö.ü"] {
        assert_eq!(without_tokens(plain), plain);
    }
}

#[test]
fn tokens_are_found_among_any_bytes() {
    let bytes = b"\xff\x00eyJhbGci.eyJzdWIi.sig\x01eyJ";
    assert!(tokens(bytes).eq(std::iter::once(2..23)));
}
