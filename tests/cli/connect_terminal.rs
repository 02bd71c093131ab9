//! `wslab connect` on a terminal.

use std::net::TcpStream;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::faulty::{frame, open, send, server};
use crate::serve::on_a_free_port;
use crate::typed::Typing;

const UP: &str = "\x1b[A";
const LEFT: &str = "\x1b[D";
const CONTROL_C: &str = "\x03";
const CONTROL_D: &str = "\x04";

fn connected(name: &str, url: &str, arguments: &[&str]) -> Typing {
    let mut typing = Typing::start(name, &[&["connect", url], arguments].concat());
    typing.sees("connected to").edits(">");
    typing
}

/// Closes as soon as it is told so, and serves as many connections as come.
fn closes(body: &'static [u8]) -> String {
    server(move |mut stream: TcpStream| {
        open(&mut stream)?;
        loop {
            let (first, payload) = frame(&mut stream)?;
            match (first & 0xf, &payload[..]) {
                (8, _) => return send(&mut stream, first, &payload),
                (_, b"close") => return send(&mut stream, 0x88, body).and_then(|()| frame(&mut stream).map(drop)),
                (_, b"lose") => return Ok(()),
                _ => send(&mut stream, first, &payload)?,
            }
        }
    })
}

#[test]
fn lines_are_edited_and_come_back() {
    let (_server, url) = on_a_free_port(&[]);
    let mut typing = connected("edited", &url, &[]);
    typing.types("helo").types(LEFT).types("l\r").sees("< text hello").edits(">");
    typing.types("second\r").sees("< text second").edits(">");
    typing.types(UP).edits("> second").types(UP).edits("> hello").types("!\r").sees("< text hello!");
    typing.edits(">").types(CONTROL_D);
    insta::assert_snapshot!(typing.ends(0));
}

#[test]
fn what_comes_leaves_the_line_alone() {
    let (say, said) = mpsc::channel::<&'static str>();
    let said = Arc::new(Mutex::new(said));
    let url = server(move |mut stream| {
        open(&mut stream)?;
        let said = said.lock().unwrap();
        while let Ok(text) = said.recv() {
            send(&mut stream, 0x81, text.as_bytes())?;
        }
        let (first, payload) = frame(&mut stream)?;
        send(&mut stream, first, &payload)?;
        frame(&mut stream).and_then(|(first, payload)| send(&mut stream, first, &payload))
    });
    let mut typing = connected("undisturbed", &url, &[]);
    typing.types("half a li").edits("> half a li");
    say.send("one").unwrap();
    typing.sees("< text one").edits("> half a li");
    for text in ["two", "three\nof two lines", "four"] {
        say.send(text).unwrap();
    }
    typing.sees("< text four").edits("> half a li");
    drop(say);
    typing.types("ne\r").sees("< text half a line").edits(">").types("/quit\r");
    insta::assert_snapshot!(typing.ends(0));
}

#[test]
fn nothing_of_a_flood_is_lost_or_torn() {
    const COUNT: usize = 2000;
    let url = server(move |mut stream| {
        open(&mut stream)?;
        frame(&mut stream)?;
        for number in 0..COUNT {
            send(&mut stream, 0x81, format!("<{number}>").as_bytes())?;
        }
        frame(&mut stream).and_then(|(first, payload)| send(&mut stream, first, &payload))
    });
    let mut typing = connected("flood", &url, &[]);
    typing.types("go\r").types("typed meanwhile").sees(&format!("<{}>", COUNT - 1)).edits("> typed meanwhile");
    let written = typing.written();
    let numbers = (0..COUNT).map(|number| written.find(&format!("text\u{1b}[0m <{number}>\r\n")));
    let numbers: Vec<usize> = numbers.map(|at| at.expect("each is whole")).collect();
    assert!(numbers.is_sorted(), "they are in order");
    typing.types(CONTROL_C).sees("Ctrl-C again ends").edits(">").types(CONTROL_D);
    typing.ends(0);
}

#[test]
fn history_is_kept_in_a_file_without_secrets() {
    let (_server, url) = on_a_free_port(&[]);
    let mut typing = connected("history", &url, &[]);
    typing.types("kept\r").sees("< text kept").edits(">");
    typing.types("{\"token\":\"sesame\"}\r").sees("< text {\"token\"").edits(">");
    typing.types(" not with a blank in front\r").sees("< text  not").edits(">").types("/quit\r");
    let state = typing.state.clone();
    typing.ends(0);
    let file = state.join("wslab/history");
    let history = std::fs::read_to_string(&file).unwrap();
    assert!(history.contains("kept\n") && !history.contains("sesame") && !history.contains("blank"), "{history}");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);

    let mut typing = Typing::with_state(state.clone(), &["connect", &url]);
    typing.sees("connected to").edits(">").types(UP).edits("> /quit").types(UP).edits("> kept");
    typing.types(CONTROL_C).sees("Ctrl-C again ends").edits(">").types(CONTROL_C);
    typing.ends(130);

    let mut typing = Typing::with_state(state, &["connect", &url, "--no-history"]);
    typing.sees("connected to").edits(">").types("forgotten\r").sees("< text forgotten").edits(">");
    typing.types(UP).edits("> forgotten").types(UP).types(CONTROL_C).sees("Ctrl-C again").edits(">").types(CONTROL_D);
    typing.ends(0);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("forgotten"));
}

#[test]
fn a_history_that_cannot_be_kept_is_said_once() {
    let (_server, url) = on_a_free_port(&[]);
    let state = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("typed-no-folder");
    std::fs::write(&state, "").unwrap();
    let mut typing = Typing::with_state(state, &["connect", &url]);
    typing.sees("connected to").edits(">").types("one\r").sees("< text one").sees("warning: cannot keep the history");
    typing.edits(">").types("two\r").sees("< text two").edits(">").types(CONTROL_D);
    assert_eq!(typing.ends(0).matches("warning").count(), 1);
}

#[test]
fn commands_are_listed_and_completed() {
    let (_server, url) = on_a_free_port(&[]);
    let mut typing = connected("commands", &url, &[]);
    typing.types("/help\r").sees("the up arrow").edits(">");
    typing
        .types("/rec")
        .sees("/reconnect")
        .types("\t")
        .edits("> /reconnect")
        .types(CONTROL_C)
        .sees("Ctrl-C again ends")
        .edits(">");
    typing.types("/halp\r").sees("/halp is no command").edits(">");
    typing.types("//help\r").sees("< text /help").edits(">");
    typing.types("/binary 00 ff\r").sees("< binary 00ff").edits(">");
    typing.types("/text\r").sees("< text \n").edits(">");
    typing.types("/ping x\r").sees("< pong after #").edits(">");
    typing.types("\r").types("/close 4000 see you\r").sees("closed with 4000").sees("/quit ends");
    typing.edits(">").types(CONTROL_D);
    insta::assert_snapshot!(typing.ends(0));
}

#[test]
fn the_state_is_told() {
    let (_server, url) = on_a_free_port(&["--subprotocol", "chat"]);
    let mut typing = connected("status", &url, &["--subprotocol", "chat"]);
    typing.types("hello\r").sees("< text hello").edits(">").types("/status\r").sees("/ping measures it").edits(">");
    typing.types("/ping\r").sees("< pong after").edits(">").types("/close\r").sees("/quit ends").edits(">");
    typing.types("/status\r").until(|screen| screen.matches("round trip").count() == 2).edits(">").types(CONTROL_D);
    insta::assert_snapshot!(typing.ends(0));
}

#[test]
fn an_end_by_the_server_is_said_and_no_end_of_ours() {
    let mut typing = connected("reconnect", &closes(b"\x03\xf0not like this"), &[]);
    typing.types("close\r").sees("closed with 1008").sees("/quit ends").edits(">");
    typing.types("anybody?\r").sees("there is no connection").edits(">");
    typing.types("/reconnect\r").until(|screen| screen.matches("connected to").count() == 2).edits(">");
    typing.types("again\r").sees("< text again").edits(">").types("/quit\r");
    insta::assert_snapshot!(typing.ends(0));
}

#[test]
fn the_exit_code_is_that_of_the_last_connection() {
    let mut typing = connected("lost", &closes(b""), &[]);
    typing.types("lose\r").sees("/quit ends").edits(">").types("/quit\r");
    insta::assert_snapshot!(typing.ends(1));
}

#[test]
fn a_server_that_is_gone_can_be_tried_again() {
    let (running, url) = on_a_free_port(&[]);
    let mut typing = connected("gone", &url, &["--timeout", "2s"]);
    running.signal("TERM");
    typing.sees("closed with 1001").sees("/quit ends").edits(">");
    running.end().exits(0);
    typing.types("/reconnect\r").sees("error: cannot connect").sees("/reconnect tries again").edits(">");
    typing.types("/quit\r");
    typing.ends(1);
}

#[test]
fn connections_come_again_by_themselves() {
    let mut typing = connected("automatic", &closes(b"\x03\xf4"), &["--reconnect"]);
    typing.types("close\r").sees("connecting again in 0.");
    typing.until(|screen| screen.matches("connected to").count() == 2).edits(">");
    typing.types("again\r").sees("< text again").edits(">");
    // What we close stays closed.
    typing.types("/close\r").sees("/reconnect connects again").edits(">").types("/quit\r");
    typing.ends(0);
}

#[test]
fn control_c_clears_the_line_and_twice_it_ends() {
    let (_server, url) = on_a_free_port(&[]);
    let mut typing = connected("interrupted", &url, &[]);
    typing.types("not meant").edits("> not meant").types(CONTROL_C).sees("Ctrl-C again ends").edits(">");
    typing.types("meant\r").sees("< text meant").edits(">");
    typing.types(CONTROL_C).until(|screen| screen.matches("Ctrl-C again ends").count() == 2).edits(">");
    typing.types(CONTROL_C);
    insta::assert_snapshot!(typing.ends(130));
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    let (_server, url) = on_a_free_port(&[]);
    let mut typing = connected("terminated", &url, &[]);
    typing.types("half").edits("> half");
    typing.signal("TERM");
    insta::assert_snapshot!(typing.ends(130));
    // An interrupt from elsewhere is as good as a key.
    let mut typing = connected("signalled", &url, &[]);
    typing.types("half").edits("> half");
    typing.signal("INT");
    typing.sees("Ctrl-C again ends").edits(">");
    typing.signal("INT");
    typing.ends(130);
}

#[test]
fn a_server_that_does_not_read_cannot_hold_us() {
    let url = server(|mut stream| {
        open(&mut stream)?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let mut typing = connected("deaf", &url, &["--timeout", "300ms"]);
    typing.types("hello\r").edits(">").types(CONTROL_D);
    typing.ends(1);
}

#[test]
fn a_terminal_that_cannot_be_printed_on_is_served() {
    let (_server, url) = on_a_free_port(&[]);
    let state = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("typed-dumb");
    let mut typing = Typing::on("dumb", state, &["connect", &url]);
    typing.sees("connected to").types("hello\r").sees("< text hello").types("/quit\r");
    typing.ends(0);
}
