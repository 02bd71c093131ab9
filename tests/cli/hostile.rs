//! Targets that are none: each ends in bounded time, in clear words.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::faulty::{answer, carelessly, drain, open, request, server};
use crate::process::{alike, run, run_with};

/// What a run of two cases and a conversation with such a target come to.
#[track_caller]
fn screens(behave: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> String {
    let url = server(behave);
    let begun = Instant::now();
    let arguments = ["conform", &url, "1.1.2", "5.1", "--jobs", "1", "--time-factor", "0.2"];
    let conform = run(&arguments).exits(1).screen();
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    let connect = run_with(&["connect", &url, "--timeout", "500ms"], b"hello\n");
    assert!([1, 3].contains(&connect.code), "{connect:?}");
    format!("{conform}--- connect, exit code {}\n{}", connect.code, alike(&connect.stderr))
}

/// A server of HTTP that answers everything with this head.
fn answers(head: &'static str) -> impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static {
    move |mut stream| {
        request(&mut stream)?;
        stream.write_all(head.as_bytes())?;
        drain(stream)
    }
}

#[test]
fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("ws://{free}/");
    insta::assert_snapshot!(run(&["conform", &url, "5"]).exits(3).screen(), @r"
    --- on stderr, exit code 3
    testing ws://127.0.0.1:PORT/ with 20 cases
    error: ws://127.0.0.1:PORT/ was never reachable: the connection was refused
    Is the server running there? --wait 30s waits until it is.
    ");
    insta::assert_snapshot!(run(&["connect", &url]).exits(3).screen(), @r"
    --- on stderr, exit code 3
    error: cannot connect to ws://127.0.0.1:PORT/: Connection refused (os error 111)
    ");
}

#[test]
fn no_such_socket() {
    insta::assert_snapshot!(run(&["conform", "unix:no/such.sock", "5"]).exits(3).screen());
}

#[test]
fn nobody_listens_is_said_in_json_too() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(&["conform", &format!("ws://{free}/"), "5", "--json"]).exits(3);
    assert_eq!(ended.stdout.lines().count(), 21);
    assert!(ended.stdout.lines().take(20).all(|line| line.contains(r#""verdict":"not-run""#)), "{}", ended.stdout);
}

#[test]
fn it_is_waited_for_a_target() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let later = thread::spawn(move || {
        thread::sleep(Duration::from_millis(400));
        let listen = free.to_string();
        crate::process::Running::start(crate::process::wslab(&["serve", "echo", "--listen", &listen]))
    });
    run(&["conform", &format!("ws://{free}/"), "1.1.1", "--wait", "30s"]).exits(0);
    drop(later.join());
}

#[test]
fn http_with_a_page() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>";
    insta::assert_snapshot!(screens(answers(page)));
}

#[test]
fn http_without_a_page() {
    insta::assert_snapshot!(screens(answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")));
}

#[test]
fn http_from_elsewhere() {
    insta::assert_snapshot!(screens(answers("HTTP/1.1 301 Moved Permanently\r\nLocation: /chat/\r\n\r\n")));
}

#[test]
fn http_that_wants_a_password() {
    insta::assert_snapshot!(screens(answers("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n")));
}

#[test]
fn a_wrong_accept() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    insta::assert_snapshot!(screens(answers(head)));
}

#[test]
fn another_protocol() {
    insta::assert_snapshot!(screens(|mut stream| {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")?;
        drain(stream)
    }));
}

#[test]
fn closes_at_once() {
    // Whether the tester sees an end or a reset depends on who is faster; both are no answer.
    insta::assert_snapshot!(screens(|mut stream| request(&mut stream).map(drop)));
}

#[test]
fn never_answers() {
    insta::assert_snapshot!(screens(drain));
}

#[test]
fn never_answers_anything_but_the_handshake() {
    insta::assert_snapshot!(screens(|mut stream| {
        open(&mut stream)?;
        drain(stream)
    }));
}

#[test]
fn closes_in_the_middle_of_the_handshake() {
    insta::assert_snapshot!(screens(|mut stream| {
        request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 101 Switching Pro")
    }));
}

#[test]
fn a_head_of_a_mebibyte() {
    insta::assert_snapshot!(screens(|mut stream| {
        request(&mut stream)?;
        write!(stream, "HTTP/1.1 101 Switching Protocols\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20))?;
        drain(stream)
    }));
}

#[test]
fn ends_after_the_handshake() {
    insta::assert_snapshot!(screens(|mut stream| {
        open(&mut stream)?;
        crate::faulty::frame(&mut stream).map(drop)
    }));
}

/// Such a target fails, and what is said of it is short, however much it sent.
#[track_caller]
fn floods(opens: bool, bytes: &'static [u8]) {
    let url = server(move |mut stream| {
        if opens {
            open(&mut stream)?;
        }
        let block = bytes.repeat(65536 / bytes.len());
        loop {
            stream.write_all(&block)?;
        }
    });
    let begun = Instant::now();
    let ended = run(&["conform", &url, "1.1.2", "5.1", "--time-factor", "0.1"]).exits(1);
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    assert!(ended.stdout.contains("0 of 2 cases passed"), "{ended:#?}");
    assert!(ended.stdout.len() < 6000, "{ended:#?}");
}

#[test]
fn floods_with_anything() {
    floods(false, b"\xff\x00\x7f");
}

#[test]
fn floods_with_lines() {
    floods(false, b"HTTP/1.1 100 Continue\r\nA: b\r\n");
}

#[test]
fn floods_with_messages() {
    floods(true, b"\x82\x05hello");
}

#[test]
fn floods_with_pings() {
    floods(true, b"\x89\x05hello");
}

#[test]
fn floods_with_an_endless_message() {
    floods(true, b"\x01\x05hello");
}

#[test]
fn resets() {
    let url = server(|stream| {
        // What is unread when a socket is closed makes the system reset the connection.
        thread::sleep(Duration::from_millis(100));
        drop(stream);
        Ok(())
    });
    let ended = run(&["conform", &url, "1.1.2", "5.1"]).exits(1);
    assert!(ended.stdout.contains("the opening handshake failed: the target ended the connection"), "{ended:#?}");
    run(&["connect", &url]).exits(3);
}

#[test]
fn a_target_that_opens_nothing_is_not_asked_517_times() {
    let url = server(answers("HTTP/1.1 404 Not Found\r\n\r\n"));
    let ended = run(&["conform", &url, "not:[a-z]*", "--jobs", "1"]).exits(1);
    let end: String = ended.stdout.lines().skip_while(|line| !line.starts_with("… and")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(alike(&end));
}

#[test]
fn a_target_that_opened_once_is_asked_every_time() {
    let count = Arc::new(AtomicU32::new(0));
    let url = server(move |mut stream| {
        let request = request(&mut stream)?;
        if request.is_empty() || count.fetch_add(1, Ordering::SeqCst) > 0 {
            return stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
        }
        answer(&mut stream, &request, "")?;
        carelessly(stream)
    });
    let ended = run(&["conform", &url, "5", "--jobs", "1"]).exits(1);
    assert!(!ended.stdout.contains("not run"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("… and 18 more failed because the opening handshake failed: status 503"),
        "{}",
        ended.stdout
    );
}
