//! The mouse.

use ratatui::crossterm::event::{KeyCode, MouseEventKind};
use wslab::proto::ConnectionId;
use wslab::tui::Effect;
use wslab::watch::live::{News, Wish};

use crate::stage::{LARGE, Stage, USUAL, violation};

#[test]
fn a_click_selects_and_another_looks_into_it() {
    let mut stage = Stage::with(USUAL, 20);
    let (x, y) = stage.find("10.0.0.4:");
    stage.click(x, y);
    stage.shows("Connections 5/22 ");
    stage.click(x, y);
    stage.shows("Connection 4");
    assert_eq!(stage.effects, [Effect::Wish(Wish::Frames { connection: Some(ConnectionId(4)) })]);
}

#[test]
fn a_title_sorts_and_turns_round() {
    let mut stage = Stage::with(LARGE, 20);
    let (x, y) = stage.find("RTT");
    stage.click(x, y);
    stage.shows("RTT▼");
    stage.click(x, y);
    stage.shows("RTT▲");
    let (x, y) = stage.find("PEER");
    stage.click(x, y);
    stage.shows("PEER▲");
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut stage = Stage::with(LARGE, 200);
    let (x, y) = stage.find("10.0.0.4:");
    stage.mouse(MouseEventKind::ScrollDown, x, y);
    stage.shows("Connections 4/202 ");
    stage.mouse(MouseEventKind::ScrollUp, x, y);
    stage.shows("Connections 1/202 ");
    stage.tell(News::Violations((0..20).map(violation).collect()));
    let (x, y) = stage.find("Violations");
    stage.mouse(MouseEventKind::ScrollDown, x, y + 2);
    stage.shows("▸Violations");
}

#[test]
fn a_click_brings_keys_to_a_pane() {
    let mut stage = Stage::with(LARGE, 20);
    let (x, y) = stage.find("Spread");
    stage.click(x, y + 1);
    stage.shows("▸Spread");
}

#[test]
fn a_click_beside_the_help_takes_it_away() {
    let mut stage = Stage::with(LARGE, 20);
    stage.write("?");
    stage.click(0, 20);
    stage.hides("show these keys");
    stage.press(KeyCode::Esc);
}

#[test]
fn clicks_beyond_everything_do_nothing() {
    let mut stage = Stage::with(USUAL, 2);
    for (x, y) in [(0, 0), (79, 23), (500, 500), (u16::MAX, u16::MAX), (40, 12)] {
        stage.click(x, y);
        stage.mouse(MouseEventKind::ScrollDown, x, y);
    }
    stage.screen();
}
