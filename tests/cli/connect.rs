//! `wslab connect`: lines in, lines out, and nothing of the server's reaches the terminal as it likes.

use std::net::TcpStream;

use crate::faulty::{answer, drain, frame, open, request, send, server};
use crate::process::{Ended, Running, alike, run, run_with, wslab};

/// Echoes, and closes with what it was closed with.
fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    open(&mut stream)?;
    loop {
        let (first, payload) = frame(&mut stream)?;
        send(&mut stream, first, &payload)?;
        if first == 0x88 {
            return Ok(());
        }
    }
}

/// Opens, sends these frames, and waits for the end.
fn sends(frames: &'static [(u8, &'static [u8])]) -> impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static {
    move |mut stream| {
        open(&mut stream)?;
        frames.iter().try_for_each(|(first, payload)| send(&mut stream, *first, payload))?;
        loop {
            let (first, payload) = frame(&mut stream)?;
            if first == 0x88 {
                return send(&mut stream, first, &payload);
            }
        }
    }
}

/// What was said, with the times of messages made alike.
fn screen(ended: &Ended) -> String {
    let lines = ended.screen();
    let lines = lines.lines().map(|line| match line.split_once("Z ") {
        Some((time, rest)) if time.starts_with("20") => format!("TIME {rest}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_become_messages() {
    let ended = run_with(&["connect", &server(echo), "-v"], "hello\r\n\nκόσμε\nno end".as_bytes()).exits(0);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn quietly_there_are_only_payloads() {
    let ended = run_with(&["connect", &server(echo), "-q"], b"hello\n\nworld\n").exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("hello\n\nworld\n", ""));
}

#[test]
fn into_a_pipe_payloads_are_as_they_came() {
    let url = server(sends(&[(0x81, b"\x1b[31mred\x07"), (0x82, b"a\0b")]));
    let ended = run_with(&["connect", &url, "-q"], b"");
    assert_eq!(ended.stdout.as_bytes(), b"\x1b[31mred\x07\na\0b\n");
}

#[test]
fn a_server_does_not_command_the_terminal() {
    let frames: &'static [(u8, &[u8])] = &[
        (0x81, b"\x1b[2J\x1b]0;title\x07 bell\r\x08\x7f"),
        (0x81, b"c1 \xc2\x9b31m, turned \xe2\x80\xaetxt.exe"),
        (0x81, b"two\nlines"),
        (0x89, b"\x1bc"),
        (0x88, b"\x03\xe9\x1b[5mbye\x07\ngone"),
    ];
    let ended = run(&["connect", &server(sends(frames)), "-v"]).exits(0);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn a_subprotocol_does_not_command_the_terminal() {
    let url = server(|mut stream| {
        let request = request(&mut stream)?;
        answer(&mut stream, &request, "Sec-WebSocket-Protocol: \u{1b}[31mchat\r\n")?;
        drain(stream)
    });
    run(&["connect", &url, "--subprotocol", "chat", "--timeout", "500ms"]).exits(3);
}

#[test]
fn binary_is_shown_as_hex() {
    let ended = run_with(&["connect", &server(echo), "--binary"], b"\xff\xfe\nplain\n").exits(0);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn a_line_that_is_no_text_is_told_and_the_connection_closed() {
    let mut running = Running::start(wslab(&["connect", &server(echo)]));
    running.say(b"good\n");
    assert!(running.line().ends_with("< text good\n"));
    running.say(b"b\xffd\n");
    insta::assert_snapshot!(screen(&running.end().exits(2)));
}

#[test]
fn pings_are_answered_with_a_time() {
    let url = server(|mut stream| {
        open(&mut stream)?;
        loop {
            let (first, payload) = frame(&mut stream)?;
            send(&mut stream, if first == 0x89 { 0x8a } else { first }, &payload)?;
        }
    });
    let ended = run_with(&["connect", &url, "--ping", "50ms", "--linger", "300ms", "--timeout", "1s"], b"x\n");
    assert!(ended.stderr.contains("< pong after "), "{}", ended.stderr);
}

#[test]
fn codes_and_reasons_are_said() {
    let mut screens = String::new();
    for body in [&b""[..], b"\x03\xe8", b"\x03\xe8done", b"\x03\xf3trouble", b"\x0f\xa0mine", b"\x03\xed", b"\x03"] {
        let frames: &'static [(u8, &[u8])] = Box::leak(Box::new([(0x88, body)]));
        let url = server(sends(frames));
        for quiet in [&[][..], &["-q"]] {
            let mut running = Running::start(wslab(&[&["connect", &url, "--timeout", "500ms"], quiet].concat()));
            running.say(b"");
            let ended = running.end();
            screens.push_str(&format!("{body:02x?} {quiet:?}\n{}\n", screen(&ended)));
        }
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn an_end_without_a_close_is_said() {
    let ended = run(&["connect", &server(|mut stream| open(&mut stream))]).exits(1);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn a_rule_that_the_server_breaks_is_said() {
    let ended = run(&["connect", &server(sends(&[(0xc1, b"hello")])), "-q"]).exits(1);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn an_interrupt_closes_first() {
    let mut running = Running::start(wslab(&["connect", &server(echo)]));
    running.say(b"hello\n");
    assert!(running.line().ends_with("< text hello\n"));
    running.signal("INT");
    insta::assert_snapshot!(alike(&running.end().exits(130).stderr));
}

#[test]
fn a_server_that_stops_reading_cannot_hold_us() {
    let mut running = Running::start(wslab(&[
        "connect",
        &server(|mut stream| {
            open(&mut stream)?;
            send(&mut stream, 0x81, b"ready")?;
            std::thread::sleep(std::time::Duration::from_secs(60));
            Ok(())
        }),
        "-q",
        "--timeout",
        "300ms",
    ]));
    assert_eq!(running.line(), "ready\n");
    running.say(&[&[b'x'; 8 << 20][..], b"\n"].concat());
    running.signal("INT");
    running.end().exits(130);
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    let url = server(sends(&[(0x81, b"one"), (0x81, b"two"), (0x81, b"three")]));
    let mut child = wslab(&["connect", &url])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _input = child.stdin.take();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
