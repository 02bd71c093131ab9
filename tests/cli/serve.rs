//! `wslab serve echo`: where it listens, whom it takes, how it ends.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use crate::process::{Running, alike, run, run_with, wslab};

/// A server that listens, and where.
#[track_caller]
pub(crate) fn serve(arguments: &[&str]) -> (Running, String) {
    let mut running = Running::start(wslab(&[&["serve", "echo"], arguments].concat()));
    let line = running.line();
    let url = line.strip_prefix("listening on ").expect(&line).trim().to_owned();
    (running, url)
}

pub(crate) fn on_a_free_port(arguments: &[&str]) -> (Running, String) {
    serve(&[&["--listen", "127.0.0.1:0"], arguments].concat())
}

/// A path of its own for a test.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wslab-cli-{}-{name}", std::process::id()))
}

/// What a client says and hears that sends `input`.
#[track_caller]
fn talk(url: &str, arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let ended = run_with(&[&["connect", url, "-q"], arguments].concat(), input);
    (ended.code, ended.stdout, alike(&ended.stderr).trim_end().to_owned())
}

#[test]
fn it_says_where_it_listens_and_echoes() {
    let (_server, url) = on_a_free_port(&[]);
    assert!(url.starts_with("ws://127.0.0.1:") && !url.ends_with(":0"), "{url}");
    assert_eq!(talk(&url, &[], b"hello\nworld\n"), (0, "hello\nworld\n".to_owned(), String::new()));
}

#[test]
fn it_listens_on_sockets() {
    let path = scratch("socket");
    let listen = format!("unix:{}", path.display());
    let (server, url) = serve(&["--listen", &listen]);
    assert_eq!(url, listen);
    assert_eq!(talk(&url, &[], b"hello\n"), (0, "hello\n".to_owned(), String::new()));
    run(&["conform", &listen, "2.1"]).exits(0);
    server.signal("TERM");
    server.end().exits(0);
    assert!(!path.exists(), "the socket is removed");
}

#[test]
fn a_socket_that_is_there_is_not_taken() {
    let path = scratch("taken");
    fs::write(&path, "").unwrap();
    let ended = run(&["serve", "echo", "--listen", &format!("unix:{}", path.display())]).exits(2);
    assert!(path.exists());
    fs::remove_file(&path).unwrap();
    insta::assert_snapshot!(ended.stderr.replace(path.to_str().unwrap(), "PATH"));
}

#[test]
fn an_address_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    insta::assert_snapshot!(run(&["serve", "echo", "--listen", &listen]).exits(2).screen());
    insta::assert_snapshot!(run(&["serve", "echo", "--listen", "192.0.2.1:80"]).exits(2).screen());
}

#[test]
fn asked_to_end_it_closes_with_1001() {
    for signal in ["TERM", "INT"] {
        let (server, url) = on_a_free_port(&[]);
        let mut client = Running::start(wslab(&["connect", &url]));
        client.say(b"hello\n");
        assert!(client.line().ends_with("< text hello\n"));
        server.signal(signal);
        let ended = client.end().exits(0);
        assert_eq!(
            alike(&ended.stderr),
            "connected to ws://127.0.0.1:PORT\nclosed with 1001 (going away): the server shuts down\n"
        );
        let ended = server.end().exits(0);
        let word = if signal == "TERM" { "terminated" } else { "interrupted" };
        assert_eq!(ended.stderr, format!("{word}: closing 1 connection within 10s\n"));
    }
}

#[test]
fn a_client_that_does_not_close_is_dropped() {
    let (server, url) = on_a_free_port(&["--grace", "200ms"]);
    let mut deaf = std::net::TcpStream::connect(url.trim_start_matches("ws://")).unwrap();
    opened(&mut deaf);
    server.signal("TERM");
    let ended = server.end().exits(0);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn asked_twice_it_ends_at_once() {
    let (server, url) = on_a_free_port(&["--grace", "1h"]);
    let mut deaf = std::net::TcpStream::connect(url.trim_start_matches("ws://")).unwrap();
    opened(&mut deaf);
    server.signal("INT");
    // The close frame is there when the first signal has been taken.
    let mut frame = [0; 2];
    std::io::Read::read_exact(&mut deaf, &mut frame).unwrap();
    assert_eq!(frame[0], 0x88);
    server.signal("INT");
    server.end().exits(130);
}

/// Has the opening handshake as a client.
fn opened(stream: &mut std::net::TcpStream) {
    use std::io::Write as _;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    .unwrap();
    let answer = crate::faulty::request(stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}

#[test]
fn quietly_it_says_nothing() {
    let path = scratch("quiet");
    let listen = format!("unix:{}", path.display());
    let server = Running::start(wslab(&["serve", "echo", "-q", "--listen", &listen]));
    run(&["conform", &listen, "1.1.1", "--wait", "30s"]).exits(0);
    server.signal("TERM");
    let ended = server.end().exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
}

#[test]
fn a_message_that_is_too_large_is_refused() {
    let (_server, url) = on_a_free_port(&["--max-message", "5"]);
    assert_eq!(talk(&url, &[], b"hello\n"), (0, "hello\n".to_owned(), String::new()));
    let (code, heard, said) = talk(&url, &[], b"hello!\n");
    assert_eq!((code, heard.as_str()), (0, ""));
    assert!(said.starts_with("closed with 1009 (message too big)"), "{said}");
}

#[test]
fn subprotocols_are_agreed_on() {
    let (_server, url) = on_a_free_port(&["--subprotocol", "chat.v2,chat.v1"]);
    let ended = run_with(&["connect", &url, "--subprotocol", "chat.v1", "--subprotocol", "chat.v0"], b"");
    assert!(ended.stderr.contains(", subprotocol chat.v1\n"), "{}", ended.stderr);
    let ended = run_with(&["connect", &url], b"").exits(0);
    assert!(!ended.stderr.contains("subprotocol"), "{}", ended.stderr);
}

#[test]
fn origins_are_refused() {
    let (_server, url) = on_a_free_port(&["--origin", "https://good.example"]);
    assert_eq!(talk(&url, &["--origin", "https://good.example"], b"hello\n").0, 0);
    let (code, _, said) = talk(&url, &["--origin", "https://bad.example"], b"hello\n");
    assert_eq!(code, 3);
    insta::assert_snapshot!(said);
}

#[test]
fn origins_are_read_as_people_write_them() {
    let (_server, url) = on_a_free_port(&["--origin", "HTTPS://good.example:443/,null"]);
    for (origin, code) in [("https://good.example", 0), ("null", 0), ("https://good.example:444", 3)] {
        assert_eq!(talk(&url, &["--origin", origin], b"hello\n").0, code, "{origin}");
    }
    for wrong in ["good.example", "https://good.example/chat", "wss://good.example"] {
        let ended = run(&["serve", "echo", "--origin", wrong]).exits(2);
        let line = ended.stderr.lines().next().unwrap_or_default();
        assert!(line.contains(wrong) && line.contains("origin") && line.contains("`same`"), "{line}");
    }
}

/// A page of another site whose name leads here for a moment.
#[test]
fn a_name_that_nobody_gave_is_not_believed() {
    let (_server, url) = on_a_free_port(&["--origin", "same"]);
    let place = url.trim_start_matches("ws://");
    let port = place.rsplit_once(':').unwrap().1;
    assert_eq!(talk(&url, &["--origin", &format!("http://{place}")], b"hello\n").0, 0);
    let evil = format!("evil.example:{port}");
    let mut stream = std::net::TcpStream::connect(place).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!(
            "GET / HTTP/1.1\r\nHost: {evil}\r\nOrigin: http://{evil}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        .as_bytes(),
    )
    .unwrap();
    let answer = crate::faulty::request(&mut stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

/// Whoever says what tokens have to be like wants them asked for.
#[test]
fn what_is_said_of_tokens_wants_a_key() {
    for (option, value) in [
        ("--auth-audience", "a"),
        ("--auth-issuer", "a"),
        ("--auth-leeway", "1s"),
        ("--auth-timeout", "10s"),
        ("--auth-tries", "3"),
    ] {
        let listen = ["serve", "echo", "--listen", "127.0.0.1:0"];
        let ended = run(&[&listen[..], &[option, value]].concat()).exits(2);
        assert!(ended.stderr.contains("--auth-secret-file <FILE>|--auth-public-key-file <FILE>"), "{}", ended.stderr);
        let variable = format!("WSLAB_{}", option.trim_start_matches("--").replace('-', "_").to_uppercase());
        let mut command = wslab(&listen);
        command.env(variable, value);
        Running::start(command).end().exits(2);
    }
    let key = scratch("secret");
    fs::write(&key, "a secret of tests, which is long enough").unwrap();
    let (_server, _) = on_a_free_port(&["--auth-secret-file", key.to_str().unwrap(), "--auth-tries", "2"]);
    fs::remove_file(&key).unwrap();
}

#[test]
fn more_connections_than_there_are_places_are_refused() {
    let (_server, url) = on_a_free_port(&["--max-connections", "1"]);
    let mut first = Running::start(wslab(&["connect", &url]));
    first.say(b"hello\n");
    assert!(first.line().ends_with("< text hello\n"));
    let (code, _, said) = talk(&url, &[], b"");
    assert_eq!(code, 3);
    insta::assert_snapshot!(said);
}

#[test]
fn it_pings_who_is_silent() {
    let (_server, url) = on_a_free_port(&["--ping-interval", "50ms"]);
    let ended = run_with(&["connect", &url, "-v", "--linger", "400ms"], b"hello\n").exits(0);
    assert!(ended.stderr.contains("< ping"), "{}", ended.stderr);
}

#[test]
fn it_speaks_tls() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (scratch("cert.pem"), scratch("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let (_server, url) = on_a_free_port(&["--tls-cert", cert, "--tls-key", key]);
    let url = url.replace("127.0.0.1", "localhost");
    assert!(url.starts_with("wss://"), "{url}");
    assert_eq!(talk(&url, &["--cacert", cert], b"hello\n"), (0, "hello\n".to_owned(), String::new()));
    assert_eq!(talk(&url, &["--insecure"], b"hello\n").0, 0);
    run(&["conform", &url, "--cacert", cert, "1.1.1"]).exits(0);
    let distrusted = run(&["conform", &url, "1.1.1"]).exits(3).stderr;
    assert!(distrusted.contains("was never reachable: the TLS handshake failed: "), "{distrusted}");
    assert_eq!(talk(&url, &[], b"hello\n").0, 3);
    // The wrong way round, and without TLS.
    let swapped = run(&["serve", "echo", "--tls-cert", key, "--tls-key", cert]).exits(2).stderr;
    insta::assert_snapshot!(swapped.replace(cert, "CERT").replace(key, "KEY"));
    let plain = run(&["conform", &url.replace("wss", "ws"), "1.1.1"]).exits(1);
    assert!(plain.stdout.contains("the opening handshake failed"), "{plain:#?}");
    fs::remove_file(cert).unwrap();
    fs::remove_file(key).unwrap();
}
