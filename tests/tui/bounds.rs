//! Memory stays bounded, however long and however much is told.

use std::time::Duration;

use ratatui::crossterm::event::KeyCode;
use wslab::watch::live::{News, Passed};
use wslab::wire::Opcode;

use crate::stage::{LARGE, Stage, at, frame, frames, snapshot, violation};

#[test]
fn an_hour_and_more_leaves_a_quarter_of_an_hour() {
    let mut stage = Stage::new(LARGE);
    for second in 0..5000 {
        stage.tell(News::Snapshot(Box::new(snapshot(1, second))));
    }
    assert_eq!(stage.model.kept()[1], 900);
    // Time that jumps is no more than as much as is kept.
    let mut far = snapshot(1, 6000);
    (far.at, far.uptime) = (at(1 << 40), Duration::from_secs(1 << 30));
    stage.tell(News::Snapshot(Box::new(far)));
    assert_eq!(stage.model.kept()[1], 900);
    // And time that goes back begins anew.
    stage.tell(News::Snapshot(Box::new(snapshot(1, 3))));
    assert_eq!(stage.model.kept()[1], 0);
}

#[test]
fn violations_are_forgotten_the_oldest_first() {
    let mut stage = Stage::with(LARGE, 1);
    for from in 0..30 {
        stage.tell(News::Violations((from * 100..from * 100 + 100).map(violation).collect()));
    }
    stage.tell(News::Violations((0..5000).map(violation).collect()));
    assert_eq!(stage.model.kept()[2], 1000);
    stage.shows("Violations 8 000");
}

#[test]
fn frames_are_forgotten_by_number_and_by_size() {
    let mut stage = Stage::with(LARGE, 1);
    stage.press(KeyCode::Enter);
    for _ in 0..50 {
        stage.tell(frames(0, (0..100).map(|_| frame(Opcode::TEXT, b"x")).collect()));
    }
    assert_eq!(stage.model.kept()[3], 1000);
    let large =
        Passed { payload: vec![b'x'; 1 << 20], inflated: Some(vec![b'y'; 1 << 20]), ..frame(Opcode::TEXT, b"") };
    stage.tell(frames(0, vec![large; 600]));
    assert_eq!(stage.model.kept()[3], (2 << 20) / 2 / Passed::KEPT);
}

#[test]
fn a_server_that_starts_anew_begins_with_no_rates() {
    let mut stage = Stage::with(LARGE, 20);
    let mut anew = snapshot(20, 5);
    (anew.began, anew.uptime) = (at(4000), Duration::from_secs(1));
    stage.tell(News::Snapshot(Box::new(anew)));
    stage.shows("in 0 msg/s");
}

#[test]
fn what_has_not_changed_is_not_drawn() {
    let mut stage = Stage::with(LARGE, 20);
    assert!(!stage.input(wslab::tui::Input::Tick(Duration::from_secs(1))));
    assert!(!stage.press(KeyCode::F(9)));
    assert!(stage.press(KeyCode::Down));
}
