//! Whatever comes, in whatever order, on whatever screen: nothing panics, and what is kept is bounded.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;
use wslab::proto::{ConnectionId, Role};
use wslab::tui::keys::KEYS;
use wslab::tui::{Input, Theme};
use wslab::watch::live::{News, Passed, State, Tail};
use wslab::wire::Opcode;

use crate::stage::{Stage, USUAL, at, progress, snapshot, violation};

fn key() -> impl Strategy<Value = Input> {
    let bound: Vec<_> = KEYS.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
    let any = prop_oneof![
        4 => prop::sample::select(bound),
        1 => any::<char>().prop_map(|character| (KeyModifiers::NONE, KeyCode::Char(character))),
    ];
    any.prop_map(|(modifiers, code)| Input::Key(KeyEvent::new(code, modifiers)))
}

fn mouse() -> impl Strategy<Value = Input> {
    let kinds = [MouseEventKind::ScrollUp, MouseEventKind::ScrollDown, MouseEventKind::Down(MouseButton::Left)];
    (prop::sample::select(kinds.to_vec()), 0..140_u16, 0..50_u16)
        .prop_map(|(kind, column, row)| Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

fn passed() -> impl Strategy<Value = Passed> {
    let payload = prop_oneof![prop::collection::vec(any::<u8>(), 0..200), any::<String>().prop_map(String::into_bytes)];
    let inflated = prop::option::of(any::<String>().prop_map(String::into_bytes));
    (any::<bool>(), 0..16_u8, any::<bool>(), 0..8_u8, any::<u64>(), payload, inflated).prop_map(
        |(by, opcode, fin, rsv, len, payload, inflated)| Passed {
            at: at(5),
            by: if by { Role::Client } else { Role::Server },
            opcode: Opcode(opcode),
            fin,
            rsv,
            len,
            payload,
            inflated,
        },
    )
}

fn news() -> impl Strategy<Value = News> {
    let tail = (0..4_u64, any::<u64>(), prop::collection::vec(passed(), 0..8));
    prop_oneof![
        4 => (0..30_u64, 0..4000_u64, any::<String>()).prop_map(|(many, second, text)| {
            let mut snapshot = snapshot(many, second);
            if let Some(row) = snapshot.rows.first_mut() {
                row.resource = text;
            }
            News::Snapshot(Box::new(snapshot))
        }),
        4 => tail.prop_map(|(id, missed, frames)| News::Frames(Tail { connection: ConnectionId(id), missed, frames })),
        1 => prop::collection::vec((0..90_u64).prop_map(violation), 0..20).prop_map(News::Violations),
        1 => (any::<String>(), any::<u64>()).prop_map(|(why, retry_ms)| News::State(State::Lost { why, retry_ms })),
        1 => prop::option::of(any::<String>()).prop_map(|words| News::State(State::Over { words })),
        1 => any::<String>().prop_map(|target| {
            let mut progress = progress();
            progress.target = target;
            News::Run(Box::new(progress))
        }),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => key(),
        3 => mouse(),
        4 => news().prop_map(Input::News),
        1 => any::<String>().prop_map(Input::Paste),
        2 => (0..140_u16, 0..50_u16).prop_map(|(width, height)| Input::Size(Size { width, height })),
        1 => (0..10_000_u64).prop_map(|millis| Input::Tick(Duration::from_millis(millis))),
        1 => any::<String>().prop_map(|words| Input::Exported(Ok(words))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_nothing_grows(inputs in prop::collection::vec(input(), 1..80)) {
        let mut stage = Stage::new(USUAL);
        stage.watch(3);
        for input in inputs {
            stage.input(input);
            let screen = stage.screen();
            prop_assert!(!screen.contains(|character: char| character.is_control() && character != '\n'), "{screen:?}");
            prop_assert!(screen.lines().count() == usize::from(stage.size.height) || stage.size.width == 0);
        }
        let [rows, samples, violations, frames] = stage.model.kept();
        prop_assert!(rows <= 32 && samples <= 900 && violations <= 1000 && frames <= 1000);
    }

    #[test]
    fn ascii_is_ascii_whatever_is_told(text in any::<String>()) {
        let mut stage = Stage::themed(USUAL, Theme::Ascii);
        let mut snapshot = snapshot(2, 3);
        snapshot.rows[0].resource = text;
        stage.tell(News::Snapshot(Box::new(snapshot)));
        prop_assert!(stage.screen().is_ascii());
    }
}
