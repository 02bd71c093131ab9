//! The summary on a terminal.

use wslab::capture::{NoteKind, Sink};
use wslab::report::captured::{Look, Summary, text};

use super::made::{four_hundred, note, one, three};

pub(super) fn summary(tell: fn(&mut dyn Sink)) -> Summary {
    let mut summary = Summary::new(false);
    tell(&mut summary);
    summary
}

const NARROW: Look = Look { width: 80, color: false, unicode: true };
const WIDE: Look = Look { width: 120, color: false, unicode: true };

/// The text, whose lines fit, and none of which ends in blanks.
#[track_caller]
fn shown(tell: fn(&mut dyn Sink), look: Look) -> String {
    let text = text(&summary(tell), &look);
    for line in text.lines() {
        let width = console::measure_text_width(line);
        assert!(look.color || width <= look.width, "{width} columns: {line}");
        assert!(look.unicode || line.is_ascii(), "{line}");
    }
    text
}

#[test]
fn nothing_is_said_of_nothing() {
    insta::assert_snapshot!(shown(|_| (), NARROW), @"no WebSocket connection");
}

#[test]
fn what_cannot_be_decrypted_is_said_without_any_connection_too() {
    insta::assert_snapshot!(shown(
        |sink| note(sink, 4, NoteKind::Encrypted { why: "the key log has no secrets of this session" }),
        NARROW
    ));
}

#[test]
fn one_connection_is_short() {
    let text = shown(one, NARROW);
    assert!(text.lines().count() <= 50, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn one_connection_on_a_wide_terminal() {
    insta::assert_snapshot!(shown(one, WIDE));
}

#[test]
fn three_connections_with_faults_and_gaps() {
    insta::assert_snapshot!(shown(three, NARROW));
}

#[test]
fn three_connections_in_colours() {
    let look = Look { color: true, ..NARROW };
    let painted = shown(three, look);
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), shown(three, NARROW), "colours change nothing else");
    insta::assert_snapshot!(painted.replace('\u{1b}', "␛"));
}

#[test]
fn three_connections_in_ascii() {
    insta::assert_snapshot!(shown(three, Look { unicode: false, ..NARROW }));
}

#[test]
fn four_hundred_connections_on_a_narrow_terminal() {
    insta::assert_snapshot!(shown(four_hundred, NARROW));
}

#[test]
fn four_hundred_connections_on_a_wide_terminal() {
    insta::assert_snapshot!(shown(four_hundred, WIDE));
}

#[test]
fn forty_columns_are_enough() {
    shown(four_hundred, Look { width: 40, ..NARROW });
    shown(three, Look { width: 40, ..NARROW });
}

#[test]
fn secrets_are_shown_only_if_they_are_to_be() {
    let hidden = summary(three);
    let mut open = Summary::new(true);
    three(&mut open);
    let json = |summary: &Summary| serde_json::to_string(summary).expect("a summary can be written");
    assert!(!text(&hidden, &WIDE).contains("sesame") && !json(&hidden).contains("sesame"));
    assert!(text(&open, &WIDE).contains("token=sesame") && json(&open).contains("sesame"));
}

#[test]
fn a_summary_is_json_too() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&summary(three)).expect("a summary can be written"));
}
