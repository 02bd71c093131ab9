//! Every screen in every state, as people see it.

use std::time::Duration;

use insta::assert_snapshot;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Size;
use ratatui::style::Color;
use wslab::tui::{Input, Theme, draw};
use wslab::watch::Bar;
use wslab::watch::live::{News, Playing, State};
use wslab::wire::Opcode;

use crate::stage::{LARGE, SMALL, Stage, USUAL, at, frame, frames, progress, snapshot, violation};

fn named(size: Size) -> String {
    format!("{}x{}", size.width, size.height)
}

/// The same scene on each size of screen.
fn on_each(name: &str, scene: impl Fn(&mut Stage)) {
    for size in [SMALL, USUAL, LARGE] {
        let mut stage = Stage::new(size);
        scene(&mut stage);
        assert_snapshot!(format!("{name}_{}", named(size)), stage.screen());
    }
}

#[test]
fn nothing_told_yet() {
    on_each("waiting", |_| {});
}

#[test]
fn nobody_connected() {
    on_each("empty", |stage| stage.watch(0));
}

#[test]
fn one_connection() {
    on_each("one", |stage| stage.watch(1));
}

#[test]
fn two_hundred_connections() {
    on_each("many", |stage| stage.watch(200));
}

#[test]
fn ten_thousand_connections() {
    on_each("thousands", |stage| {
        stage.watch(10_000);
        stage.press(KeyCode::End);
    });
}

#[test]
fn frozen() {
    on_each("frozen", |stage| {
        stage.watch(200);
        stage.press(KeyCode::Char(' '));
    });
}

#[test]
fn filtered() {
    on_each("filtered", |stage| {
        stage.watch(200);
        stage.write("/url contains \"chat\" && rtt > 1ms");
        stage.press(KeyCode::Enter);
    });
}

#[test]
fn filter_being_written() {
    on_each("filter_error", |stage| {
        stage.watch(200);
        stage.write("/peer in 10.0.0.0/8 && rate > \"fast\"");
    });
    on_each("filter_begun", |stage| {
        stage.watch(200);
        stage.write("/");
    });
}

#[test]
fn sorted_by_rate() {
    on_each("sorted", |stage| {
        stage.watch(200);
        for _ in 0..5 {
            stage.press(KeyCode::Char('s'));
        }
    });
}

#[test]
fn lost_and_over() {
    on_each("lost", |stage| {
        stage.watch(200);
        stage.tell(News::State(State::Lost { why: "connection refused".to_owned(), retry_ms: 4000 }));
        stage.input(Input::Tick(Duration::from_millis(1500)));
    });
    on_each("over", |stage| {
        stage.watch(200);
        stage.tell(News::State(State::Over { words: Some("the capture ends here".to_owned()) }));
    });
}

#[test]
fn violations() {
    let scene = |stage: &mut Stage| {
        stage.watch(200);
        stage.tell(News::Violations((0..12).map(violation).collect()));
        stage.press(KeyCode::BackTab);
        stage.press(KeyCode::Down);
    };
    on_each("violations", scene);
    on_each("violations_zoomed", |stage| {
        scene(stage);
        stage.press(KeyCode::Char('z'));
    });
}

#[test]
fn charts_and_histograms_zoomed() {
    on_each("charts_zoomed", |stage| {
        stage.watch(200);
        stage.press(KeyCode::Tab);
        stage.press(KeyCode::Char('z'));
    });
    on_each("histograms_zoomed", |stage| {
        stage.watch(200);
        stage.press(KeyCode::Tab);
        stage.press(KeyCode::Tab);
        stage.press(KeyCode::Char('z'));
    });
}

#[test]
fn one_connection_in_detail() {
    let scene = |stage: &mut Stage| {
        stage.watch(200);
        stage.write("jjj");
        stage.press(KeyCode::Enter);
        stage.tell(frames(
            3,
            vec![
                frame(Opcode::PING, b"are you there"),
                frame(Opcode::BINARY, &[0, 1, 2, 0xff]),
                frame(Opcode::TEXT, br#"{"type":"move","from":[1,2],"to":{"x":3}}"#),
            ],
        ));
    };
    on_each("detail", scene);
    on_each("detail_waiting", |stage| {
        stage.watch(200);
        stage.press(KeyCode::Enter);
    });
    on_each("detail_zoomed", |stage| {
        scene(stage);
        stage.press(KeyCode::Char('z'));
    });
}

#[test]
fn a_conformance_run() {
    on_each("run", |stage| {
        stage.tell(News::State(State::Live));
        stage.tell(News::Run(Box::new(progress())));
    });
}

#[test]
fn help_and_columns() {
    on_each("help", |stage| {
        stage.watch(200);
        stage.write("?");
    });
    on_each("columns", |stage| {
        stage.watch(200);
        stage.write("cjj ");
    });
}

#[test]
fn what_is_said_for_a_while() {
    let mut stage = Stage::with(USUAL, 1);
    stage.input(Input::Exported(Ok("wslab-connections.csv in the folder".to_owned())));
    stage.shows("written: wslab-connections.csv in the folder");
    stage.input(Input::Tick(Duration::from_secs(6)));
    stage.hides("written:");
    stage.input(Input::Exported(Err("disk full".to_owned())));
    stage.shows("not written: disk full");
}

#[test]
fn too_small_a_screen_says_so() {
    let mut stage = Stage::with(USUAL, 200);
    for (width, height) in [(59, 15), (60, 14), (30, 5), (1, 1), (0, 0)] {
        let size = Size { width, height };
        stage.input(Input::Size(size));
        let screen = stage.screen();
        assert!(width < 30 || screen.contains("This needs 60×15"), "{screen}");
    }
}

#[test]
fn without_colours_there_are_none() {
    let mut stage = Stage::themed(LARGE, Theme::Plain);
    stage.watch(200);
    let screen = draw(&stage.model, LARGE);
    assert!(screen.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let mut coloured = Stage::with(LARGE, 200);
    let colours = |stage: &Stage| {
        let screen = draw(&stage.model, LARGE);
        screen.content.iter().filter(|cell| cell.fg != Color::Reset).count()
    };
    assert!(colours(&coloured) > 500);
    // No colour but the sixteen.
    let screen = draw(&coloured.model, LARGE);
    assert!(!screen.content.iter().any(|cell| matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_))));
    coloured.write("tt");
    assert_eq!(colours(&coloured), 0);
}

#[test]
fn ascii_is_all_that_is_left_where_there_is_no_more() {
    for size in [SMALL, USUAL, LARGE] {
        let mut stage = Stage::themed(size, Theme::Ascii);
        stage.watch(200);
        stage.tell(News::Violations((0..3).map(violation).collect()));
        let screen = stage.screen();
        assert!(screen.is_ascii(), "{screen}");
        assert_snapshot!(format!("ascii_{}", named(size)), screen);
    }
}

#[test]
fn replays_say_where_they_stand() {
    let mut said = String::new();
    for size in [SMALL, USUAL, LARGE] {
        for until in [None, Some(4_500), Some(3_600_000), Some(90_000_000)] {
            let mut stage = Stage::with(size, 3);
            stage.tell(News::Playing(Playing { at: at(1500), until: until.map(at) }));
            said.push_str(stage.screen().lines().next().unwrap_or_default());
            said.push('\n');
        }
    }
    assert_snapshot!(said);
}

#[test]
fn all_that_was_counted_is_in_the_bars() {
    for size in [SMALL, USUAL, LARGE] {
        let mut stage = Stage::new(size);
        let mut seen = snapshot(1, 1);
        // Far more bars than there are columns, and the largest is the last.
        let bars: Vec<_> = (1..=500).map(|to| Bar { to, count: if to == 500 { 1000 } else { 1 } }).collect();
        seen.spreads.received.bars = bars;
        stage.tell(News::Snapshot(Box::new(seen)));
        stage.write("\t\t");
        while !stage.screen().contains("▸Spread") {
            stage.press(KeyCode::Tab);
        }
        stage.write("z");
        let screen = stage.screen();
        let first = screen.lines().take_while(|line| !line.contains("round trip")).collect::<Vec<_>>();
        assert!(first.iter().any(|line| line.contains('█')), "the largest bar is out of sight:\n{screen}");
    }
}

#[test]
fn a_screen_may_be_as_large_as_it_likes() {
    for size in [Size { width: 40_000, height: 15 }, Size { width: 60, height: 40_000 }] {
        let mut stage = Stage::with(size, 3);
        stage.shows("3 open");
        stage.press(KeyCode::Enter);
        stage.shows("waiting for frames");
    }
}
