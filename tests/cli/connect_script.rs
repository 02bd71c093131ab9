//! `wslab connect --script`: steps in, an exit code by outcome out.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::faulty::{frame, open, send, server};
use crate::process::{Ended, Running, run, run_with, wslab};
use crate::serve::on_a_free_port;

/// A server that answers `join`, closes on `close`, is lost on `lose`, and echoes the rest.
fn room() -> String {
    server(|mut stream| {
        open(&mut stream)?;
        loop {
            let (first, payload) = frame(&mut stream)?;
            match (first & 0xf, &payload[..]) {
                (8, _) => return send(&mut stream, first, &payload),
                (9, _) => send(&mut stream, 0x8a, &payload)?,
                (_, b"join") => send(&mut stream, 0x81, br#"{"type":"joined","room":"a","message":"welcome"}"#)?,
                (_, b"close") => {
                    send(&mut stream, 0x88, b"\x03\xf0too bad")?;
                    frame(&mut stream)?;
                    return Ok(());
                }
                (_, b"lose") => return Ok(()),
                _ => send(&mut stream, first, &payload)?,
            }
        }
    })
}

#[track_caller]
fn played(script: &str, code: i32) -> Ended {
    run_with(&["connect", &room(), "--script", "--linger", "50ms"], script.as_bytes()).exits(code)
}

/// What was said on stderr, without the colours that it has not.
#[track_caller]
fn said(script: &str, code: i32) -> String {
    crate::process::alike(&played(script, code).stderr)
}

#[test]
fn what_comes_as_it_has_to_is_well() {
    let script = "\
# a whole visit
/timeout 10s
join
/expect-json {\"type\": \"joined\", \"room\": \"a\"}

hello
/expect hello
/binary 00 ff
/expect-binary 00ff
//slash
/expect /slash
/text # no comment
/expect # no
/ping
/wait 10ms
/close 4001 thanks
/expect-close 4001 thanks
";
    let ended = played(script, 0);
    assert!(ended.stderr.ends_with("closed with 4001: thanks\n"), "{ended:?}");
}

#[test]
fn an_end_that_is_expected_is_well() {
    played("close\n/expect-close 1008 bad\n", 0);
    played("lose\n/expect-close 1006\n", 0);
    played("hello\n/expect hello\n/quit\nnever sent\n", 0);
    // After a new connection the old end is forgotten.
    played("lose\n/expect-close\n/reconnect\nhello\n/expect hello\n", 0);
    played("lose\n/expect-close\n/reconnect\nlose\n/wait 5s\n", 1);
}

#[test]
fn an_end_that_is_not_expected_counts_as_it_does_without_a_script() {
    played("hello\n", 0);
    played("lose\n", 1);
    played("close\n", 0);
}

#[test]
fn what_does_not_come_as_it_has_to_is_said_with_its_line() {
    let script = "\
join
/expect left
/timeout 200ms
/expect anything
one
/expect-json {\"type\":\"joined\"}
two
/expect-binary 00
/expect-close 1000
";
    insta::assert_snapshot!(said(script, 1));
}

#[test]
fn what_cannot_be_done_without_a_connection_is_said() {
    insta::assert_snapshot!(said("close\n/expect hello\nmore\nand more\n", 1));
    insta::assert_snapshot!(said("close\n/expect-close 1000\n", 1));
    insta::assert_snapshot!(said("close\n/expect-close\nmore\n", 1));
}

#[test]
fn a_script_is_read_before_anything_is_done() {
    // Nobody listens there, and nobody is asked.
    for script in ["hello\n/expekt x\n", "/wait 5\n", "/expect-json {\n", "/close 1006\n"] {
        let ended = run_with(&["connect", "ws://127.0.0.1:1/", "--script"], script.as_bytes()).exits(2);
        assert!(ended.stderr.starts_with("error: standard input, line "), "{ended:?}");
    }
}

fn scratch(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn scripts_are_files_too() {
    let (_server, url) = on_a_free_port(&[]);
    let path = scratch("visit.script", "hello\n/expect hello\n");
    let ended = run(&["connect", &url, "-q", "--script", path.to_str().unwrap()]).exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("hello\n", ""));
    let path = scratch("failing.script", "hello\n/expect goodbye\n");
    let ended = run(&["connect", &url, "-q", "--script", path.to_str().unwrap()]).exits(1);
    assert!(ended.stderr.contains("failing.script, line 2: not as expected"), "{ended:?}");
}

#[test]
fn mistakes_are_explained() {
    let mistakes: [&[&str]; 4] = [
        &["connect", "ws://127.0.0.1:1/", "--script", "no/such.script"],
        &["connect", "--script", "ws://127.0.0.1:1/"],
        &["connect", "ws://127.0.0.1:1/", "--script", "a", "--reconnect"],
        &["connect", "ws://127.0.0.1:1/", "--script", "a", "--echo"],
    ];
    let said = mistakes.map(|arguments| format!("$ wslab {}\n{}", arguments.join(" "), run(arguments).exits(2).stderr));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn without_script_no_line_is_a_command() {
    let (_server, url) = on_a_free_port(&[]);
    let lines = "/quit\n# hello\n//x\n\n";
    let ended = run_with(&["connect", &url, "-q"], lines.as_bytes()).exits(0);
    assert_eq!(ended.stdout, lines);
}

#[test]
fn lines_go_on_over_a_new_connection() {
    let url = server(|mut stream| {
        open(&mut stream)?;
        let (first, payload) = frame(&mut stream)?;
        if first == 0x88 {
            return send(&mut stream, first, &payload);
        }
        send(&mut stream, first, &payload)
    });
    let mut running = Running::start(wslab(&["connect", &url, "-q", "--reconnect"]));
    running.say(b"one\n");
    assert_eq!(running.line(), "one\n");
    // The server is gone after each message; what cannot be sent any more is sent on the next connection. A message
    // that was on its way is lost, so it is said until it is heard.
    let until = Instant::now() + Duration::from_secs(60);
    let heard = loop {
        assert!(Instant::now() < until, "it does not connect again");
        running.say(b"two\n");
        thread::sleep(Duration::from_millis(100));
        if let Some(line) = running.heard() {
            break line;
        }
    };
    assert_eq!(heard, "two\n");
    running.signal("INT");
    let ended = running.end();
    assert!(ended.stderr.contains("connecting again in 0."), "{ended:?}");
}
