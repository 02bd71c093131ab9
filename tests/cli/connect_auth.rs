//! `wslab connect --auth-token-file`: the server is shown a token, and nobody else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::faulty::{answer, drain, frame, request, send, server};
use crate::process::{Ended, run, run_with};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

/// A file with a token, which only its owner can read.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("auth-{name}"));
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A server that says what it was asked with, and then what the first message was.
fn mirror(headers: &'static str) -> String {
    server(move |mut stream| {
        let request = request(&mut stream)?;
        answer(&mut stream, &request, headers)?;
        let shown = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        let about = [shown("GET"), shown("Authorization"), shown("Sec-WebSocket-Protocol")].join("|");
        // What is shown is not printed; so the server says it in other words.
        send(&mut stream, 0x81, about.replace(TOKEN, "TOKEN").as_bytes())?;
        loop {
            let (first, payload) = frame(&mut stream)?;
            if first == 0x88 {
                return send(&mut stream, first, &payload);
            }
            let text = String::from_utf8_lossy(&payload).replace(TOKEN, "TOKEN");
            send(&mut stream, first, text.as_bytes())?;
        }
    })
}

#[track_caller]
fn shown(url: &str, arguments: &[&str]) -> Ended {
    let file = file("good", format!("{TOKEN}\n").as_bytes());
    let all = [&["connect", url, "-v", "--auth-token-file", file.to_str().unwrap()], arguments].concat();
    let ended = run_with(&all, b"").exits(0);
    assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN), "it was printed: {ended:?}");
    ended
}

#[test]
fn the_server_is_shown_the_token() {
    let header = shown(&mirror(""), &[]);
    assert!(header.stdout.contains("GET /path HTTP/1.1|Authorization: Bearer TOKEN|\n"), "{header:?}");
    let query = shown(&format!("{}?room=a", mirror("")), &["--auth-by", "query"]);
    assert!(query.stdout.contains("GET /path?room=a&token=TOKEN HTTP/1.1||\n"), "{query:?}");
    let query = shown(&mirror(""), &["--auth-by", "query"]);
    assert!(query.stdout.contains("GET /path?token=TOKEN HTTP/1.1||\n"), "{query:?}");
    let url = mirror("Sec-WebSocket-Protocol: chat\r\n");
    let subprotocol = shown(&url, &["--auth-by", "subprotocol", "--subprotocol", "chat"]);
    assert!(subprotocol.stdout.contains("||Sec-WebSocket-Protocol: chat, bearer, TOKEN\n"), "{subprotocol:?}");
    let message = shown(&mirror(""), &["--auth-by", "message"]);
    assert!(message.stdout.contains("GET /path HTTP/1.1||\n"), "{message:?}");
    assert!(message.stdout.contains("< text {\"token\":\"TOKEN\"}\n"), "{message:?}");
    assert!(message.stderr.contains("> text {\"token\":\"…\"}\n"), "{message:?}");
}

#[test]
fn what_a_server_says_back_is_not_printed() {
    let url = server(|mut stream| {
        let request = request(&mut stream)?;
        answer(&mut stream, &request, &format!("Sec-WebSocket-Protocol: {TOKEN}\r\n"))?;
        send(&mut stream, 0x81, format!("hello {TOKEN}").as_bytes())?;
        send(&mut stream, 0x89, TOKEN.as_bytes())?;
        send(&mut stream, 0x88, &[b"\x03\xe8bye ", TOKEN.as_bytes()].concat())?;
        drain(stream)
    });
    let file = file("back", TOKEN.as_bytes());
    let arguments = [
        "connect",
        &url,
        "-v",
        "--timeout",
        "1s",
        "--auth-by",
        "subprotocol",
        "--auth-token-file",
        file.to_str().unwrap(),
    ];
    let ended = run(&arguments);
    assert!(ended.stdout.contains("hello …"), "{ended:?}");
    assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN), "{ended:?}");
}

#[test]
fn nobody_there_is_told_without_the_token() {
    let file = file("nobody", TOKEN.as_bytes());
    let file = file.to_str().unwrap();
    let arguments = ["connect", "ws://127.0.0.1:1/", "--auth-token-file", file, "--auth-by", "query"];
    let ended = run(&arguments).exits(3);
    assert!(!ended.stderr.contains(TOKEN), "{ended:?}");
}

#[test]
fn files_without_a_token_are_explained() {
    let mut screens = String::new();
    let mut explain = |name: &str, arguments: &[&str]| {
        let all = [&["connect", "ws://127.0.0.1:1/"], arguments].concat();
        let said = run(&all).exits(2).stderr;
        let folder = format!("{}/", env!("CARGO_TARGET_TMPDIR"));
        screens.push_str(&format!("{name}\n{}\n", said.replace(&folder, "").replace(TOKEN, "TOKEN")));
    };
    let contents: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("blank", b" \n"),
        ("lines", b"one\ntwo\n"),
        ("control", b"a\x07b"),
        ("bytes", b"\xff\xfe"),
        ("long", &[b'a'; 70_000]),
        ("returned", b"token\r\n\r\n"),
    ];
    for (name, content) in contents {
        let file = file(name, content);
        explain(name, &["--auth-token-file", file.to_str().unwrap()]);
    }
    let good = file("explained", TOKEN.as_bytes());
    let good = good.to_str().unwrap();
    explain("missing", &["--auth-token-file", "no/such/file"]);
    explain("stdin", &["--auth-token-file", "-"]);
    explain("both", &["--auth-token-file", good, "--header", "authorization: Basic x"]);
    explain("no file", &["--auth-by", "query"]);
    explain("way", &["--auth-token-file", good, "--auth-by", "pigeon"]);
    let spaced = file("spaced", b"a b=");
    explain("subprotocol", &["--auth-token-file", spaced.to_str().unwrap(), "--auth-by", "subprotocol"]);
    let ended = run(&["connect", "ws://127.0.0.1:1/?token=x", "--auth-token-file", good, "--auth-by", "query"]);
    screens.push_str(&format!("twice\n{}", ended.exits(2).stderr));
    insta::assert_snapshot!(screens);
}

#[test]
fn a_file_that_others_can_read_is_warned_of() {
    let file = file("open", TOKEN.as_bytes());
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o620, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let ended = run(&["connect", "ws://127.0.0.1:1/", "--auth-token-file", file.to_str().unwrap()]).exits(3);
        assert_eq!(ended.stderr.contains("warning: others can read or change"), warned, "{mode:o}: {ended:?}");
    }
}
