//! URLs (RFC 6455, section 3).

use insta::assert_snapshot;
use wslab::net::Target;

fn host_and_resource(url: &str) -> (String, String) {
    let target: Target = url.parse().unwrap();
    (target.host_header(), target.resource)
}

#[test]
fn the_parts_of_a_url_make_the_request() {
    for (url, host, resource) in [
        ("ws://example.com", "example.com", "/"),
        ("ws://example.com?a=b", "example.com", "/?a=b"),
        ("WS://Example.COM:80/Chat", "example.com", "/Chat"),
        ("ws://example.com:8080/chat?x=%23#", "", ""),
        ("wss://example.com:443/", "example.com", "/"),
        ("wss://example.com:80/a%20b", "example.com:80", "/a%20b"),
        ("ws://127.0.0.1:9001/a b", "127.0.0.1:9001", "/a%20b"),
        ("ws://[::1]:9001/", "[::1]:9001", "/"),
        ("ws://[::1]/", "[::1]", "/"),
        ("unix:/run/chat.sock", "localhost", "/"),
        ("unix:/run/chat.sock:/room?a=1", "localhost", "/room?a=1"),
    ] {
        if host.is_empty() {
            assert!(url.parse::<Target>().is_err());
        } else {
            assert_eq!(host_and_resource(url), (host.to_owned(), resource.to_owned()), "{url}");
        }
    }
}

#[test]
fn a_target_is_written_as_the_url_that_names_it() {
    for url in
        ["ws://example.com/", "ws://example.com:8080/chat?x=1", "wss://[::1]:9001/", "unix:/a/b", "unix:/a/b:/room?a=1"]
    {
        let target: Target = url.parse().unwrap();
        assert_eq!(target.to_string(), url);
        assert_eq!(target.to_string().parse::<Target>().unwrap(), target);
    }
}

#[test]
fn what_is_no_target_is_said_to_be_none() {
    let urls = [
        "",
        "example.com",
        "http://example.com",
        "ws:example.com",
        "ws://",
        "ws:///path",
        "ws://a b/",
        "ws://a:99999/",
    ];
    let more = ["ws://example.com/#top", "unix:", "unix::/path", "ws://[::1", "ws://user:secret@example.com/"];
    let said: Vec<String> = urls
        .into_iter()
        .chain(more)
        .map(|url| match url.parse::<Target>() {
            Ok(target) => format!("{url} is {target}"),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_snapshot!(said.join("\n"), @r"
    `` is not the URL of a WebSocket: it has to begin with ws://, wss:// or unix:
    `example.com` is not the URL of a WebSocket: it has to begin with ws://, wss:// or unix:
    `http://example.com` is not the URL of a WebSocket: it has to begin with ws://, wss:// or unix:
    `ws:example.com` is not the URL of a WebSocket: it has to begin with ws://, wss:// or unix:
    `ws://` is not a URL: empty host
    ws:///path is ws://path/
    `ws://a b/` is not a URL: invalid international domain name
    `ws://a:99999/` is not a URL: invalid port number
    `ws://example.com/#top` has a fragment (`#`), which the URL of a WebSocket must not have; write %23 for the character
    `unix:` names no socket: write unix:/path/of/socket, or unix:/path/of/socket:/path to ask for a path
    `unix::/path` names no socket: write unix:/path/of/socket, or unix:/path/of/socket:/path to ask for a path
    `ws://[::1` is not a URL: invalid IPv6 address
    the URL names a user or a password for `example.com`, which the URL of a WebSocket must not; send a header Authorization instead
    ");
}
