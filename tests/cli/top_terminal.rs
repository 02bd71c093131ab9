//! `wslab top` on a terminal, and the terminal after it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Running, wslab};
use crate::serve::{on_a_free_port, serve};
use crate::typed::Typing;

const ESCAPE: &str = "\x1b";
const CONTROL_C: &str = "\x03";

fn corpus(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/captures").join(name).display().to_string()
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("top-{name}"))
}

/// A replay that goes on for as long as a test takes.
fn replayed(name: &str) -> Typing {
    let mut typing = Typing::start(name, &["top", &corpus("violations.pcap.gz"), "--speed", "0.02x"]);
    typing.sees("replay 20").sees("? help");
    typing
}

/// Connections that stay open, each of which has sent a message.
fn talking(url: &str, many: usize) -> Vec<Running> {
    let clients = (0..many).map(|_| Running::start(wslab(&["connect", url, "-q"])));
    let mut clients: Vec<_> = clients.collect();
    for client in &mut clients {
        client.say(b"{\"hello\":\"world\"}\n");
        assert_eq!(client.line(), "{\"hello\":\"world\"}\n");
    }
    clients
}

#[test]
fn a_replay_is_looked_at_with_every_key() {
    let mut typing = replayed("keys");
    typing.types("?").sees("hold what is shown").types(ESCAPE).hides("hold what is shown");
    typing.sees("10.9.0.1:");
    typing.types("/connection >= 0\r").sees(" shown · ").types(ESCAPE).hides(" shown · ");
    typing.types("/rtt >").sees("/ rtt >").types(ESCAPE).hides("/ rtt >");
    typing.types("s").until(|screen| screen.contains('▲') || screen.contains('▼'));
    typing.types(" ").sees("FROZEN").types(" ").hides("FROZEN");
    typing.types("\r").sees("Connection ").sees("Frames ").types(ESCAPE).hides("Frames ");
    typing.types("\t\t\t").sees("▸Violations").types("z").hides("Connections").types("z");
    typing.types("q");
    typing.gives_back(0);
}

#[test]
fn signals_give_the_terminal_back() {
    for name in ["TERM", "INT", "HUP"] {
        let typing = replayed(&format!("signal-{name}"));
        typing.signal(name);
        typing.gives_back(130);
    }
    // As a key it is one that quits.
    let mut typing = replayed("control-c");
    typing.types(CONTROL_C);
    typing.gives_back(0);
}

#[test]
fn the_mouse_is_left_alone_if_it_is_to_be() {
    let arguments = ["top", &corpus("violations.pcap.gz"), "--speed", "0.02x", "--no-mouse"];
    let mut typing = Typing::start("no-mouse", &arguments);
    typing.sees("replay 20").types("q");
    assert!(!typing.gives_back(0).contains("\x1b[?1000h"));
}

#[test]
fn the_terminal_is_asked_nothing() {
    let mut typing = replayed("asked");
    typing.types("?").sees("hold what is shown").types("q");
    assert!(!typing.gives_back(0).contains("\x1b[6n"), "not every terminal says where its cursor is");
}

/// A capture with this time between its first packet and the others, in seconds.
fn with_a_gap(name: &str, seconds: u32) -> PathBuf {
    let mut capture = fs::read(corpus("close-by-server.pcap")).unwrap();
    assert_eq!(&capture[..4], [0xd4, 0xc3, 0xb2, 0xa1], "little endian, and microseconds");
    let number = |capture: &[u8], at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().unwrap());
    let mut at = 24;
    while at < capture.len() {
        let next = at + 16 + number(&capture, at + 8) as usize;
        if at > 24 {
            let later = number(&capture, at) + seconds;
            capture[at..at + 4].copy_from_slice(&later.to_le_bytes());
        }
        at = next;
    }
    let path = scratch(name);
    fs::write(&path, capture).unwrap();
    path
}

#[test]
fn a_gap_is_told_and_can_be_skipped() {
    let path = with_a_gap("gap.pcap", 3 * 3600);
    let mut typing = Typing::start("gap", &["top", path.to_str().unwrap()]);
    typing.sees(" · next at ").sees(": n skips").sees("0 open");
    typing.types("n").sees("over").sees("1 so far").types("q");
    typing.gives_back(0);
}

#[test]
fn a_gap_is_skipped_while_it_is_frozen() {
    let path = with_a_gap("frozen-gap.pcap", 3 * 3600);
    let mut typing = Typing::start("frozen-gap", &["top", path.to_str().unwrap()]);
    typing.sees(" · next at ").types(" ").sees("FROZEN").types("n").types(" ").sees("over").types("q");
    typing.gives_back(0);
}

#[test]
fn a_server_is_watched_and_its_connections() {
    let (_server, url) = on_a_free_port(&["--watch"]);
    let clients = talking(&url, 3);
    let mut typing = Typing::start("served", &["top", &url]);
    typing.sees("3 open").sees("live · up ").sees("3 so far");
    typing.types("/id < 1\r").sees("1 shown · 3 open").types(ESCAPE).hides(" shown · ");
    typing.types("n").sees("only a capture that is replayed");
    drop(clients);
    typing.sees("0 open").types("q");
    typing.gives_back(0);
}

#[test]
fn frames_pass_as_they_are_sent() {
    let (_server, url) = on_a_free_port(&["--watch"]);
    let mut clients = talking(&url, 1);
    let mut typing = Typing::start("passing", &["top", &url]);
    typing.sees("1 open").types("\r").sees("waiting for frames");
    // Frames are told from some time after the wish on.
    let heard = typing.until_it(
        |screen| screen.contains("\"answer\": 42"),
        || {
            clients[0].say(b"{\"answer\":42}\n");
        },
    );
    heard.sees("Frames ").sees("text");
    drop(clients);
    typing.sees("closed with").types("q");
    typing.gives_back(0);
}

#[test]
fn a_connection_that_is_closed_waits_for_nothing() {
    let (_server, url) = on_a_free_port(&["--watch"]);
    drop(talking(&url, 1));
    let mut typing = Typing::start("closed", &["top", &url]);
    typing.sees("0 open").sees("1 so far").types("\r").sees("it is closed: frames are shown only as they pass");
    typing.types("q");
    typing.gives_back(0);
}

#[test]
fn a_server_that_starts_again_is_attached_to_again() {
    let (server, url) = on_a_free_port(&["--watch"]);
    let clients = talking(&url, 2);
    let mut typing = Typing::start("restarted", &["top", &url]);
    typing.sees("2 open");
    server.signal("TERM");
    typing.sees("LOST, ");
    drop(clients);
    server.end().exits(0);
    let listen = url.trim_start_matches("ws://").trim_end_matches('/');
    let (_server, _) = serve(&["--listen", listen, "--watch"]);
    typing.hides("LOST").sees("live · up ").sees("0 open");
    let _clients = talking(&url, 1);
    typing.sees("1 open").types("q");
    typing.gives_back(0);
}

/// A token with these claims, signed with this secret (RFC 7515, with HMAC and SHA-256).
fn token(secret: &str, permissions: &[&str]) -> String {
    let claims = serde_json::json!({ "sub": "a", "exp": 4_102_444_800_u64, "permissions": permissions });
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

fn kept(name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = scratch(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn a_token_lets_one_watch() {
    let secret = "a secret of tests, which is long enough";
    let (_server, url) = on_a_free_port(&["--watch", "--auth-secret-file", &kept("secret", secret)]);
    let watcher = kept("watcher", &token(secret, &["watch"]));
    let mut typing = Typing::start("token", &["top", &url, "--auth-token-file", &watcher]);
    typing.sees("live · up ").types("q");
    typing.gives_back(0);
    let other = kept("other", &token(secret, &["chat"]));
    let ended = crate::process::run(&["top", &url, "--once", "--auth-token-file", &other]).exits(3);
    assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
}

#[test]
fn leaving_the_dashboard_of_a_server_ends_it() {
    let mut typing = Typing::start("serve-top", &["serve", "echo", "--top", "--listen", "127.0.0.1:0"]);
    typing.sees("live · up ").types("q");
    let screen = typing.ends(0);
    assert_eq!(screen.trim(), "the dashboard was left: closing 0 connections within 10s");
}

#[test]
fn a_signal_ends_a_server_with_a_dashboard_as_any_other() {
    for (signal, word) in [("TERM", "terminated"), ("INT", "interrupted"), ("HUP", "hung up")] {
        let arguments = ["serve", "echo", "--top", "--listen", "127.0.0.1:0"];
        let mut typing = Typing::start(&format!("serve-top-{signal}"), &arguments);
        typing.sees("live · up ").signal(signal);
        assert_eq!(typing.ends(0).trim(), format!("{word}: closing 0 connections within 10s"));
    }
}

#[test]
fn after_the_dashboard_of_a_run_its_end_is_shown() {
    let mut typing = Typing::start("conform-top", &["conform", "1.1", "--top"]);
    typing.sees("Conformance of ").sees("8/8").sees("over").types("q");
    let screen = typing.ends(0);
    assert!(screen.contains("wslab's own echo server") && screen.contains("passed in"), "{screen}");
}
