//! Each key of the table does what the table says.

use std::collections::HashSet;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use wslab::proto::ConnectionId;
use wslab::tui::keys::{Action, KEYS, action, binding};
use wslab::tui::{Effect, Input};
use wslab::watch::live::{News, Playing, Wish};

use crate::stage::{LARGE, SMALL, Stage, USUAL, at, progress, snapshot, violation};

#[test]
fn no_key_is_for_two_things() {
    let keys: Vec<_> = KEYS.iter().flat_map(|binding| binding.keys).collect();
    let different: HashSet<_> = keys.iter().map(|key| format!("{key:?}")).collect();
    assert_eq!(different.len(), keys.len());
    for binding in KEYS {
        for &(modifiers, code) in binding.keys {
            assert_eq!(action(KeyEvent::new(code, modifiers)), Some(binding.action), "{binding:?}");
        }
    }
}

#[test]
fn every_key_is_in_the_help() {
    let mut stage = Stage::with(LARGE, 1);
    stage.write("?");
    for binding in KEYS {
        stage.shows(binding.words);
    }
}

#[test]
fn every_key_of_the_contract_is_there() {
    for (code, wanted) in [
        (KeyCode::Char('?'), Action::Help),
        (KeyCode::Char('q'), Action::Quit),
        (KeyCode::Char(' '), Action::Freeze),
        (KeyCode::Char('/'), Action::Filter),
        (KeyCode::Char('s'), Action::Sort),
        (KeyCode::Char('S'), Action::Reverse),
        (KeyCode::Enter, Action::Enter),
        (KeyCode::Esc, Action::Back),
        (KeyCode::Tab, Action::NextPane),
        (KeyCode::Char('h'), Action::Left),
        (KeyCode::Char('j'), Action::Down),
        (KeyCode::Char('k'), Action::Up),
        (KeyCode::Char('l'), Action::Right),
        (KeyCode::Char('z'), Action::Zoom),
        (KeyCode::Char('c'), Action::Columns),
        (KeyCode::Char('w'), Action::Window),
        (KeyCode::Char('x'), Action::Export),
        (KeyCode::Char('t'), Action::Theme),
    ] {
        assert_eq!(action(KeyEvent::new(code, KeyModifiers::NONE)), Some(wanted));
        assert!(binding(wanted).is_some());
    }
    // Terminals differ in whether they tell shift beside a character that needs it.
    let shifted = KeyEvent::new(KeyCode::Char('S'), KeyModifiers::SHIFT);
    assert_eq!(action(shifted), Some(Action::Reverse));
    assert_eq!(action(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)), Some(Action::LastPane));
    assert_eq!(action(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT)), None);
}

#[test]
fn q_and_control_c_end_it_wherever_one_is() {
    for before in ["", "?", "c", "z"] {
        let mut stage = Stage::with(USUAL, 3);
        stage.write(before);
        stage.write("q");
        assert_eq!(stage.effects, [Effect::Quit], "after {before:?}");
    }
    let mut stage = Stage::with(USUAL, 3);
    stage.write("/q");
    assert_eq!(stage.effects, []);
    stage.input(Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    assert_eq!(stage.effects, [Effect::Quit]);
}

#[test]
fn a_key_that_is_let_go_is_no_key() {
    let mut stage = Stage::with(USUAL, 3);
    let up = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
    assert!(!stage.input(Input::Key(up)));
    assert_eq!(stage.effects, []);
}

#[test]
fn space_holds_what_is_shown_and_goes_on() {
    let mut stage = Stage::with(USUAL, 5);
    stage.write(" ");
    stage.shows("FROZEN");
    stage.tell(News::Snapshot(Box::new(snapshot(9, 6))));
    stage.tell(News::Violations(vec![violation(1)]));
    stage.shows("5 open");
    stage.write(" ");
    stage.hides("FROZEN");
    stage.shows("9 open");
    assert_eq!(stage.effects, [true, false].map(|hold| Effect::Wish(Wish::Hold { hold })));
}

#[test]
fn what_is_frozen_can_still_be_sorted_and_filtered() {
    let mut stage = Stage::with(LARGE, 40);
    stage.write(" /connection == 17");
    stage.press(KeyCode::Enter);
    stage.shows("1 shown · 40 open");
    stage.press(KeyCode::Esc);
    stage.write("S");
    assert!(stage.find("10.0.0.39:").1 < stage.find("10.0.0.38:").1);
}

#[test]
fn s_goes_through_the_columns_that_are_shown() {
    let mut stage = Stage::with(LARGE, 30);
    stage.shows("#▲");
    stage.write("s");
    stage.shows("PEER▲");
    stage.write("S");
    stage.shows("PEER▼");
    assert!(stage.find("10.0.0.29:").1 < stage.find("10.0.0.28:").1);
    stage.write("ssss");
    // The fastest come first.
    stage.shows("IN/S▼");
    assert!(stage.find("10.0.0.16:").1 < stage.find("10.0.0.15:").1);
}

#[test]
fn the_selected_connection_stays_selected_when_the_order_changes() {
    let mut stage = Stage::with(USUAL, 30);
    stage.write("jjjS");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.effects, [Effect::Wish(Wish::Frames { connection: Some(ConnectionId(3)) })]);
}

#[test]
fn rows_are_reached_by_arrows_pages_and_ends() {
    let mut stage = Stage::with(USUAL, 100);
    for (code, place) in [
        (KeyCode::Down, "2/102"),
        (KeyCode::Up, "1/102"),
        (KeyCode::Up, "1/102"),
        (KeyCode::End, "102/102"),
        (KeyCode::Down, "102/102"),
        (KeyCode::Home, "1/102"),
        (KeyCode::Char('G'), "102/102"),
        (KeyCode::Char('g'), "1/102"),
    ] {
        stage.press(code);
        stage.shows(&format!("Connections {place} "));
    }
    stage.press(KeyCode::PageDown);
    stage.press(KeyCode::PageUp);
    stage.shows("Connections 1/102 ");
}

#[test]
fn tab_goes_round_the_panes() {
    let mut stage = Stage::with(SMALL, 5);
    for title in ["Rates of", "Spread", "Violations", "Connections"] {
        stage.press(KeyCode::Tab);
        stage.shows(&format!("▸{title}"));
    }
    stage.press(KeyCode::BackTab);
    stage.shows("▸Violations");
    stage.press(KeyCode::Esc);
    stage.shows("▸Connections");
    stage.tell(News::Run(Box::new(progress())));
    stage.press(KeyCode::BackTab);
    stage.shows("▸Conformance of");
}

#[test]
fn z_gives_the_whole_screen_to_a_pane_and_takes_it_back() {
    let mut stage = Stage::with(LARGE, 5);
    stage.shows("Violations");
    stage.write("z");
    stage.hides("Violations");
    stage.press(KeyCode::Esc);
    stage.shows("Violations");
}

#[test]
fn enter_looks_into_a_connection_and_esc_out_of_it() {
    let mut stage = Stage::with(USUAL, 5);
    stage.write("j");
    stage.press(KeyCode::Enter);
    stage.shows("Connection 1");
    stage.press(KeyCode::Esc);
    stage.shows("▸Connections");
    let wishes = [Some(ConnectionId(1)), None].map(|connection| Effect::Wish(Wish::Frames { connection }));
    assert_eq!(stage.effects, wishes);
}

#[test]
fn enter_on_a_violation_looks_into_its_connection() {
    let mut stage = Stage::with(LARGE, 5);
    stage.tell(News::Violations(vec![violation(2), violation(4)]));
    stage.press(KeyCode::BackTab);
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Enter);
    stage.shows("Connection 2");
}

#[test]
fn w_takes_the_next_window() {
    let mut stage = Stage::with(USUAL, 5);
    for minutes in [5, 15, 1] {
        stage.write("w");
        stage.shows(&format!("Rates of {minutes} min"));
    }
}

#[test]
fn c_chooses_columns_and_one_is_always_left() {
    let mut stage = Stage::with(LARGE, 5);
    stage.shows("PEER");
    stage.write("cj ");
    stage.press(KeyCode::Esc);
    stage.hides("PEER");
    stage.write("c");
    for _ in 0..15 {
        stage.write(" j");
    }
    stage.write("g");
    for _ in 0..15 {
        stage.write(" j");
    }
    stage.press(KeyCode::Esc);
    stage.screen();
}

#[test]
fn x_writes_what_is_listed() {
    let mut stage = Stage::with(USUAL, 12);
    stage.write("/connection in 3..5");
    stage.press(KeyCode::Enter);
    stage.write("Sx");
    let [Effect::Export(export)] = &stage.effects[..] else { panic!("nothing is to be written: {:?}", stage.effects) };
    assert!(export.name.starts_with("wslab-connections-2026"), "{}", export.name);
    let lines: Vec<_> = export.csv.lines().collect();
    assert!(lines[0].starts_with("connection,peer,url,"), "{}", lines[0]);
    let ids: Vec<_> = lines[1..].iter().map(|line| line.split(',').next().unwrap_or_default()).collect();
    assert_eq!(ids, ["5", "4", "3"]);
    let json: serde_json::Value = serde_json::from_str(&export.json).expect("it is JSON");
    assert_eq!(json[0]["connection"], 5);
    assert_eq!(json[0]["peer"], "10.0.0.5:40005");
    assert_eq!(json.as_array().map(Vec::len), Some(3));
}

#[test]
fn x_without_anything_to_write_says_so() {
    let mut stage = Stage::new(USUAL);
    stage.write("x");
    stage.shows("there is nothing to write yet");
    assert_eq!(stage.effects, []);
}

#[test]
fn files_that_are_there_are_not_written_over() {
    let mut stage = Stage::with(USUAL, 2);
    stage.write("x");
    let [Effect::Export(export)] = &stage.effects[..] else { panic!("nothing is to be written") };
    let folder = std::env::temp_dir().join(format!("wslab-export-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is room for a folder");
    let first = export.write(&folder).expect("it can be written");
    let second = export.write(&folder).expect("it can be written again");
    assert_ne!(first, second);
    assert_eq!(std::fs::read_to_string(&first[0]).ok().as_deref(), Some(export.csv.as_str()));
    std::fs::remove_dir_all(&folder).expect("it can be taken away again");
}

/// The rows of a CSV file by the names of their columns, of what `x` writes now.
fn written(stage: &mut Stage) -> Vec<std::collections::HashMap<String, String>> {
    stage.effects.clear();
    stage.write("x");
    let [Effect::Export(export)] = &stage.effects[..] else { panic!("nothing is to be written: {:?}", stage.effects) };
    csv::Reader::from_reader(export.csv.as_bytes()).deserialize().map(|row| row.expect("it is a row")).collect()
}

#[test]
fn no_text_becomes_a_formula() {
    let mut stage = Stage::new(USUAL);
    let mut seen = snapshot(6, 1);
    let urls = ["=HYPERLINK(\"http://example.com\")", "+1", "-1", "@SUM(1)", "\t=1", "/chat=1"];
    for (row, url) in seen.rows.iter_mut().zip(urls) {
        row.resource = url.to_owned();
    }
    seen.gone.clear();
    stage.tell(News::Snapshot(Box::new(seen)));
    let rows = written(&mut stage);
    let cells: Vec<_> = rows.iter().map(|row| row["url"].as_str()).collect();
    assert_eq!(cells, ["'=HYPERLINK(\"http://example.com\")", "'+1", "'-1", "'@SUM(1)", "'\t=1", "/chat=1"]);
    let [Effect::Export(export)] = &stage.effects[..] else { panic!("nothing is to be written") };
    let json: serde_json::Value = serde_json::from_str(&export.json).expect("it is JSON");
    assert_eq!(json[1]["url"], "+1", "programs read it as it is");
}

#[test]
fn a_row_that_comes_back_has_no_rate_at_first() {
    let mut stage = Stage::new(USUAL);
    let mut rate = |second: u64, is_told: bool| {
        let mut seen = snapshot(10, second);
        seen.gone.clear();
        seen.rows.retain(|row| is_told || row.id.0 != 5);
        stage.tell(News::Snapshot(Box::new(seen)));
        written(&mut stage).iter().find(|row| row["connection"] == "5").map(|row| row["messages_in_per_s"].clone())
    };
    assert_eq!([rate(0, true), rate(1, true)], [Some("0.0".to_owned()), Some("6.0".to_owned())]);
    assert_eq!([rate(2, false), rate(3, false), rate(4, false)], [None, None, None]);
    assert_eq!(rate(5, true).as_deref(), Some("0.0"), "what it did in its whole life is no rate");
    assert_eq!(rate(6, true).as_deref(), Some("6.0"));
}

#[test]
fn n_skips_only_what_is_replayed() {
    let mut stage = Stage::with(USUAL, 3);
    stage.write("n");
    stage.shows("only a capture that is replayed");
    assert_eq!(stage.effects, []);
    stage.tell(News::Playing(Playing { at: at(0), until: Some(at(9_000_000)) }));
    stage.write("n");
    assert_eq!(stage.effects, [Effect::Wish(Wish::Skip)]);
}
