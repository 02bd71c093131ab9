//! What requests break (sections 3, 4.1, 4.2.1, 9.1 and 11.3).

use wslab::proto::opening::{Asked, Extension, judge_request};
use wslab::wire::http::{Request, Version};

use crate::{REQUEST, names, request, request_with};

fn faults(request: &Request) -> Vec<&'static str> {
    names(judge_request(request).faults)
}

/// What `REQUEST` breaks with its header `name` in these versions.
fn with(name: &str, values: &[&str]) -> Vec<&'static str> {
    faults(&request_with(name, values))
}

fn to(target: &str) -> Asked {
    judge_request(&Request { target: target.into(), ..request(REQUEST) })
}

#[test]
fn the_request_of_section_1_2_breaks_no_rule_and_says_what_it_asks() {
    let mut request = request(REQUEST);
    request.headers.push("Origin", "http://example.com");
    request.headers.push("Sec-WebSocket-Protocol", "chat, superchat");
    request.headers.push("Sec-WebSocket-Extensions", "a; b=c");
    request.headers.push("sec-websocket-protocol", "ultrachat");
    let asked = judge_request(&request);
    assert_eq!(names(asked.faults), [""; 0]);
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.resource, "/chat");
    assert_eq!(asked.host.as_deref(), Some("server.example.com"));
    assert_eq!(asked.origin.as_deref(), Some("http://example.com"));
    assert_eq!(asked.key.as_deref(), Some("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_eq!(asked.versions, ["13"]);
    assert_eq!(asked.protocols, ["chat", "superchat", "ultrachat"]);
    assert_eq!(asked.extensions, [Extension::new("a").with_value("b", "c")]);
    assert!(!asked.has_to_be_refused());
}

#[test]
fn a_plain_request_breaks_every_rule_that_it_says_nothing_to() {
    assert_eq!(
        faults(&request("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
        ["RequestUpgrade", "RequestConnection", "RequestKeyMissing", "RequestVersionMissing"]
    );
}

/// Section 4.1, item 2.
#[test]
fn the_method_is_get() {
    for method in ["POST", "HEAD", "get"] {
        assert_eq!(faults(&Request { method: method.into(), ..request(REQUEST) }), ["RequestMethod"]);
    }
}

/// Section 4.1, item 2.
#[test]
fn the_version_of_http_is_1_1_or_later() {
    assert_eq!(faults(&Request { version: Version::HTTP_10, ..request(REQUEST) }), ["RequestHttpVersion"]);
    assert_eq!(faults(&Request { version: Version(2), ..request(REQUEST) }), [""; 0]);
}

/// Section 4.1, item 3.
#[test]
fn the_target_is_a_path_or_an_absolute_http_uri() {
    for (target, resource) in [
        ("/", "/"),
        ("/a/b?c=d&e", "/a/b?c=d&e"),
        ("//", "//"),
        ("http://server.example.com/chat?x", "/chat?x"),
        ("HTTPS://[::1]:80/", "/"),
        ("http://server.example.com", "/"),
        ("http://server.example.com?x=/", "/?x=/"),
    ] {
        let asked = to(target);
        assert_eq!((names(asked.faults), asked.resource.as_str()), (Vec::new(), resource), "{target}");
    }
    for target in ["*", "chat", "server.example.com:80", "ws://server.example.com/", "http:///", "http://a b/", "/é"] {
        let asked = to(target);
        assert_eq!((names(asked.faults), asked.resource.as_str()), (vec!["RequestTarget"], target), "{target}");
    }
}

/// Section 3.
#[test]
fn the_target_has_no_fragment() {
    for target in ["/chat#", "/chat#x", "http://x#y", "/?a#b"] {
        assert_eq!(names(to(target).faults), ["RequestFragment"], "{target}");
    }
    assert_eq!(names(to("/chat%23x").faults), [""; 0]);
}

/// Section 4.1, item 4.
#[test]
fn there_is_one_host_header_with_a_host() {
    for host in ["x", "example.com:8080", "127.0.0.1", "[::1]", "[::1]:9001", "[fe80::1%25lo]", "x:", "a_b.example"] {
        assert_eq!(with("Host", &[host]), [""; 0], "{host}");
    }
    let broken: &[&[&str]] =
        &[&[], &["x", "x"], &[""], &["a b"], &["a/b"], &["u@x"], &["x:y"], &[":80"], &["[::1"], &["::1"]];
    for hosts in broken {
        assert_eq!(with("Host", hosts), ["RequestHost"], "{hosts:?}");
    }
}

/// Section 4.1, item 5; section 4.2.1, item 3.
#[test]
fn upgrade_says_websocket() {
    let good: &[&[&str]] = &[&["WebSocket"], &["h2c, websocket"], &["h2c", "WEBSOCKET"], &[" ,websocket,\t"]];
    for values in good {
        assert_eq!(with("Upgrade", values), [""; 0], "{values:?}");
    }
    let broken: &[&[&str]] = &[&[], &[""], &["h2c"], &["websocket2"], &["web socket"], &["websocket/13"]];
    for values in broken {
        assert_eq!(with("Upgrade", values), ["RequestUpgrade"], "{values:?}");
    }
}

/// Section 4.1, item 6; section 4.2.1, item 4.
#[test]
fn connection_says_upgrade() {
    let good: &[&[&str]] = &[&["upgrade"], &["keep-alive, Upgrade"], &["keep-alive", "UPGRADE"], &["Upgrade,"]];
    for values in good {
        assert_eq!(with("Connection", values), [""; 0], "{values:?}");
    }
    let broken: &[&[&str]] = &[&[], &[""], &["keep-alive"], &["upgraded"], &["keep-alive Upgrade"]];
    for values in broken {
        assert_eq!(with("Connection", values), ["RequestConnection"], "{values:?}");
    }
}

/// Section 4.1, item 7; section 11.3.1.
#[test]
fn there_is_one_key_of_16_bytes() {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(with("Sec-WebSocket-Key", &[]), ["RequestKeyMissing"]);
    assert_eq!(with("Sec-WebSocket-Key", &[KEY, KEY]), ["RequestKeyRepeated"]);
    assert_eq!(judge_request(&request_with("Sec-WebSocket-Key", &[KEY, KEY])).key, None);
    let broken = [
        "",
        "dGhl",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZSE=",
        "dGhlIHNhbXBsZSBub25jZSEh",
        "dGhl IHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j_Q==",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
    ];
    for key in broken {
        assert_eq!(with("Sec-WebSocket-Key", &[key]), ["RequestKeyInvalid"], "{key}");
    }
    assert_eq!(with("Sec-WebSocket-Key", &[KEY, "x"]), ["RequestKeyRepeated", "RequestKeyInvalid"]);
}

/// RFC 4648, section 3.5 leaves bits behind the last byte to the decoder, and RFC 6455 never decodes the key.
#[test]
fn a_key_may_have_bits_behind_its_last_byte() {
    assert_eq!(with("Sec-WebSocket-Key", &["dGhlIHNhbXBsZSBub25jZR=="]), [""; 0]);
}

#[test]
fn a_key_that_is_not_text_is_invalid() {
    let mut request = request(REQUEST);
    request.headers.set("Sec-WebSocket-Key", &b"\xff\xfe"[..]);
    assert_eq!(faults(&request), ["RequestKeyInvalid"]);
}

/// Section 4.1, item 9; section 11.3.5.
#[test]
fn there_is_one_version_13() {
    assert_eq!(with("Sec-WebSocket-Version", &[]), ["RequestVersionMissing"]);
    assert_eq!(with("Sec-WebSocket-Version", &["13", "13"]), ["RequestVersionRepeated"]);
    assert_eq!(with("Sec-WebSocket-Version", &["13", "8"]), ["RequestVersionRepeated", "RequestVersionUnknown"]);
    for version in ["", "0", "8", "12", "14", "25", "013", "13.0", "13, 8", "+13", "thirteen"] {
        assert_eq!(with("Sec-WebSocket-Version", &[version]), ["RequestVersionUnknown"], "{version}");
    }
}

/// Section 4.1, item 10.
#[test]
fn subprotocols_are_tokens_that_differ() {
    let good: &[&[&str]] = &[&["a"], &["a, b"], &["a", "b"], &["a,,b ,"], &["a", ""], &["a, A"], &["v10.stomp"]];
    for values in good {
        assert_eq!(with("Sec-WebSocket-Protocol", values), [""; 0], "{values:?}");
    }
    let broken: &[&[&str]] = &[&[""], &[","], &["a b"], &["a/b"], &["\"a\""], &["a;b"], &["é"], &["a", "b=c"]];
    for values in broken {
        assert_eq!(with("Sec-WebSocket-Protocol", values), ["RequestProtocolInvalid"], "{values:?}");
    }
    for values in [&["a, b, a"][..], &["a", "a"]] {
        assert_eq!(with("Sec-WebSocket-Protocol", values), ["RequestProtocolRepeated"], "{values:?}");
    }
}

/// Section 9.1.
#[test]
fn extensions_keep_to_the_grammar() {
    assert_eq!(with("Sec-WebSocket-Extensions", &["a; b", "c"]), [""; 0]);
    for values in [&[""][..], &["a;"], &["a; b=\""], &["a", "b c"]] {
        assert_eq!(with("Sec-WebSocket-Extensions", values), ["RequestExtensionsInvalid"], "{values:?}");
    }
    assert_eq!(judge_request(&request_with("Sec-WebSocket-Extensions", &["a", ";"])).extensions, []);
}

#[test]
fn there_is_no_body() {
    assert_eq!(with("Content-Length", &["0"]), [""; 0]);
    assert_eq!(with("Content-Length", &["5"]), ["RequestBody"]);
    assert_eq!(with("Content-Length", &["0", "5"]), ["RequestBody"]);
    assert_eq!(with("Content-Length", &["-1"]), ["RequestBody"]);
    assert_eq!(with("Content-Length", &["+0"]), ["RequestBody"]);
    assert_eq!(with("Transfer-Encoding", &["chunked"]), ["RequestBody"]);
}

#[test]
fn several_origins_are_none_that_a_policy_knows() {
    let asked = judge_request(&request_with("Origin", &["http://a", "http://b"]));
    assert_eq!(asked.origin.as_deref(), Some("http://a, http://b"));
}

/// Section 4.2.1 says what has to be refused; section 4.4 allows older versions.
#[test]
fn what_has_to_be_refused_is_what_section_4_2_1_describes() {
    let refused = |name: &str, values: &[&str]| judge_request(&request_with(name, values)).has_to_be_refused();
    assert!(refused("Sec-WebSocket-Key", &[]));
    assert!(refused("Sec-WebSocket-Version", &["14"]));
    assert!(refused("Sec-WebSocket-Version", &["x"]));
    assert!(refused("Sec-WebSocket-Version", &[]));
    assert!(!refused("Sec-WebSocket-Version", &["8"]));
    assert!(!refused("Content-Length", &["5"]));
    assert!(!refused("Sec-WebSocket-Protocol", &["a, a"]));
}
