//! The filter line.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use wslab::tui::{Input, Model, Options};

use crate::stage::{LARGE, Stage, USUAL};

fn left(expression: &str) -> String {
    let mut stage = Stage::with(LARGE, 200);
    stage.write("/");
    stage.input(Input::Paste(expression.to_owned()));
    let screen = stage.screen();
    let line = screen.lines().nth(1).unwrap_or_default();
    assert!(line.contains(" of 200 open"), "{expression}: {screen}");
    line.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn every_field_can_be_asked_for() {
    for (expression, rows) in [
        ("connection < 10", "10"),
        ("peer in 10.0.0.0/30", "4"),
        ("peer == 10.0.0.9:40009", "1"),
        ("url contains \"chat\"", "51"),
        ("url matches \"/feed*\"", "51"),
        ("subprotocol == chat.v1", "101"),
        ("subprotocol", "101"),
        ("state == idle", "40"),
        ("state in [closed, lost]", "2"),
        ("state == lost", "1"),
        ("age < 14s", "10"),
        ("idle >= 1m", "40"),
        ("rate_in > 16", "11"),
        ("rate_out == 0 and rate_in == 0", "2"),
        ("byte_rate > 0", "200"),
        ("messages > 1", "200"),
        ("rtt > 1ms && rtt < 1.1ms", "7"),
        ("!rtt", "50"),
        ("compressed", "67"),
        ("faults > 0", "4"),
        ("rule", "4"),
        ("code == 1006", "1"),
        ("reason == bye", "2"),
        ("opened > 2000-01-01T00:00:00Z", "202"),
    ] {
        assert_eq!(left(expression), rows, "{expression}");
    }
}

#[test]
fn what_is_wrong_is_said_in_place_and_what_was_in_force_stays() {
    let mut stage = Stage::with(LARGE, 200);
    stage.write("/faults > 0");
    stage.shows("4 of 200 open");
    stage.write(" && colour");
    stage.shows("connections have no `colour`");
    stage.shows("4 of 200 open");
    // It cannot be kept so.
    stage.press(KeyCode::Enter);
    stage.shows("connections have no `colour`");
    stage.input(Input::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    stage.shows("such as:");
    stage.hides(" of 200 open");
}

#[test]
fn a_field_of_captures_alone_is_not_promised() {
    let mut stage = Stage::with(LARGE, 5);
    stage.write("/opcode == text");
    stage.shows("connections have no `opcode`: they have connection, peer, url");
}

#[test]
fn esc_brings_back_what_was_in_force_and_drops_it_the_second_time() {
    let mut stage = Stage::with(LARGE, 200);
    stage.write("/faults > 0");
    stage.press(KeyCode::Enter);
    stage.write("/ && connection == 7");
    stage.shows("1 of 200 open");
    stage.press(KeyCode::Esc);
    stage.shows("4 of 200 open");
    stage.press(KeyCode::Esc);
    stage.hides(" of 200 open");
}

#[test]
fn keys_go_to_the_line_while_it_is_written() {
    let mut stage = Stage::with(USUAL, 5);
    stage.write("/q?z ");
    stage.shows("/ q?z");
    assert_eq!(stage.effects, []);
    for code in [KeyCode::Left, KeyCode::Home, KeyCode::Delete, KeyCode::End, KeyCode::Backspace] {
        stage.press(code);
    }
    stage.shows("/ ?z");
}

#[test]
fn a_long_line_moves_along_with_what_is_written() {
    let mut stage = Stage::with(USUAL, 5);
    stage.write("/");
    stage.input(Input::Paste("faults > 0 && ".repeat(20) + "connection == 3"));
    stage.shows("connection == 3");
    stage.input(Input::Paste("x".repeat(1 << 20)));
    stage.screen();
}

#[test]
fn a_filter_can_be_given_at_the_start() {
    let size = Size { width: 100, height: 30 };
    let options = Options { filter: Some("faults > 0".to_owned()), ..Options::new("here") };
    let mut stage = Stage::new(size);
    stage.model = Model::new(options, size);
    stage.watch(200);
    stage.shows("4 of 200 open");
    let options = Options { filter: Some("fault > 0".to_owned()), ..Options::new("here") };
    stage.model = Model::new(options, size);
    stage.shows("did you mean `faults`?");
}
