//! One connection, and its frames as they pass.

use insta::assert_snapshot;
use ratatui::crossterm::event::KeyCode;
use wslab::proto::{ConnectionId, Role};
use wslab::watch::live::{News, Passed, State, Tail};
use wslab::wire::Opcode;

use crate::stage::{LARGE, Stage, frame, frames, snapshot};

fn looking(many: u64) -> Stage {
    let mut stage = Stage::with(LARGE, many);
    stage.press(KeyCode::Enter);
    stage
}

fn by_server(frame: Passed) -> Passed {
    Passed { by: Role::Server, ..frame }
}

#[test]
fn each_kind_of_frame_is_said_in_words() {
    let mut stage = looking(5);
    let compressed = Passed { rsv: 4, inflated: Some(b"inflated text".to_vec()), ..frame(Opcode::TEXT, &[0x4a, 0x4c]) };
    stage.tell(frames(
        0,
        vec![
            Passed { fin: false, ..frame(Opcode::TEXT, b"the first half, ") },
            frame(Opcode::CONTINUATION, b"and the second"),
            by_server(frame(Opcode::TEXT, "größe 日本 \u{1f600}".as_bytes())),
            by_server(compressed),
            Passed { rsv: 4, ..frame(Opcode::BINARY, &[1, 2, 3]) },
            frame(Opcode::BINARY, &(0..=255).collect::<Vec<_>>()),
            frame(Opcode::TEXT, b"\xff\xfe not text"),
            frame(Opcode::TEXT, b""),
            frame(Opcode::PING, b"ping"),
            by_server(frame(Opcode::PONG, b"ping")),
            frame(Opcode(0x3), b"?"),
            frame(Opcode::CLOSE, b""),
            frame(Opcode::CLOSE, b"\x03"),
            frame(Opcode::CLOSE, b"\x03\xe8"),
            by_server(frame(Opcode::CLOSE, b"\x03\xf1not \x1b[31mUTF-8")),
        ],
    ));
    assert_snapshot!(stage.screen());
    stage.write("v");
    assert_snapshot!("as_bytes", stage.screen());
}

#[test]
fn json_stands_on_lines() {
    let mut stage = looking(5);
    stage.tell(frames(0, vec![frame(Opcode::TEXT, br#"{"a":[1,2],"b":{"c":null}}"#)]));
    for line in ["┃{", "┃  \"a\": [", "│{", "│  \"a\": [", "    1,"] {
        if line.starts_with('┃') {
            stage.hides(line);
        } else {
            stage.shows(line);
        }
    }
}

#[test]
fn what_the_network_says_does_not_act_on_the_terminal() {
    let mut stage = looking(5);
    stage.tell(frames(0, vec![frame(Opcode::TEXT, "a\u{1b}[2Jb\u{202e}c\u{7}\u{9b}d\r\ne".as_bytes())]));
    let screen = stage.screen();
    assert!(!screen.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}', '\r']), "{screen:?}");
    stage.shows("a\\u{1b}[2Jb\\u{202e}c");
    let mut snapshot = snapshot(3, 9);
    snapshot.rows[0].resource = "/\u{1b}]0;title\u{7}\u{200f}".to_owned();
    stage.tell(News::Snapshot(Box::new(snapshot)));
    stage.press(KeyCode::Esc);
    let screen = stage.screen();
    assert!(!screen.contains(['\u{1b}', '\u{200f}', '\u{7}']), "{screen:?}");
}

#[test]
fn it_follows_what_comes_until_one_is_selected() {
    let mut stage = looking(5);
    let many = |from: u32| (from..from + 30).map(|at| frame(Opcode::TEXT, format!("frame {at}.").as_bytes())).collect();
    stage.tell(frames(0, many(0)));
    stage.shows("frame 29.");
    stage.shows("live");
    stage.press(KeyCode::Home);
    stage.shows("frame 0.");
    stage.tell(frames(0, many(30)));
    stage.shows("frame 0.");
    stage.hides("frame 59.");
    stage.press(KeyCode::End);
    stage.tell(frames(0, many(60)));
    stage.shows("frame 89.");
}

#[test]
fn frames_of_others_are_not_shown() {
    let mut stage = looking(5);
    stage.tell(frames(3, vec![frame(Opcode::TEXT, b"of another")]));
    stage.hides("of another");
}

#[test]
fn what_was_passed_over_is_said() {
    let mut stage = looking(5);
    let tail = Tail { connection: ConnectionId(0), missed: 1234, frames: vec![frame(Opcode::TEXT, b"x")] };
    stage.tell(News::Frames(tail));
    stage.shows("1 234 passed over");
    // What is frozen does not move.
    stage.write(" ");
    stage.tell(frames(0, vec![frame(Opcode::TEXT, b"later")]));
    stage.hides("later");
    stage.shows("1 235 passed over");
}

#[test]
fn a_connection_that_is_gone_is_still_known() {
    let mut stage = looking(5);
    stage.tell(News::Snapshot(Box::new(snapshot(0, 9))));
    stage.shows("10.0.0.0:40000");
    stage.shows("no longer told");
}

#[test]
fn how_a_connection_ended_is_said_in_words() {
    let mut stage = Stage::with(LARGE, 5);
    stage.write("/state == lost");
    stage.press(KeyCode::Enter);
    stage.press(KeyCode::Enter);
    stage.shows("1006 (abnormal closure)");
    stage.shows("reset by the peer");
    stage.shows("\"bye\"");
}

#[test]
fn a_long_payload_is_scrolled_when_zoomed() {
    let mut stage = looking(5);
    let lines: String = (0..100).map(|at| format!("line {at};\n")).collect();
    stage.tell(frames(0, vec![frame(Opcode::TEXT, lines.as_bytes())]));
    stage.shows("line 3;");
    stage.write("z");
    stage.press(KeyCode::PageDown);
    stage.hides("line 3;");
    stage.press(KeyCode::End);
    stage.press(KeyCode::PageUp);
    stage.press(KeyCode::PageUp);
    stage.press(KeyCode::PageUp);
    stage.shows("line 30;");
    stage.press(KeyCode::Esc);
    stage.shows("Connection 0");
}

#[test]
fn a_closed_connection_waits_for_nothing() {
    let mut stage = Stage::with(LARGE, 5);
    stage.press(KeyCode::Enter);
    stage.shows("waiting for frames");
    stage.press(KeyCode::Esc);
    stage.press(KeyCode::End);
    stage.press(KeyCode::Enter);
    stage.shows("it is closed: frames are shown only as they pass");
    stage.hides("waiting for frames");
}

#[test]
fn what_is_over_waits_for_nothing() {
    let mut stage = looking(5);
    stage.tell(News::State(State::Over { words: None }));
    stage.shows("everything has been told");
    stage.hides("waiting for frames");
}
