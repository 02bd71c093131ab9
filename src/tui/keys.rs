//! The keys, in one table: it is what keys are looked up in, what the footer and the help show, and what the manual page
//! says.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Shows all keys.
    Help,
    /// Ends.
    Quit,
    /// Holds what is shown, or goes on.
    Freeze,
    /// Edits the filter.
    Filter,
    /// Sorts by the next column.
    Sort,
    /// Turns the order round.
    Reverse,
    /// Shows one connection.
    Enter,
    /// One step back.
    Back,
    /// Goes to the next pane.
    NextPane,
    /// Goes to the pane before.
    LastPane,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the left, where something is wider than the screen.
    Left,
    /// To the right.
    Right,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Home,
    /// To the last row, and along with new ones.
    End,
    /// Gives the whole screen to a pane.
    Zoom,
    /// Chooses columns.
    Columns,
    /// Chooses how much time the charts show.
    Window,
    /// Writes the view into files.
    Export,
    /// Takes the next theme.
    Theme,
    /// Shows payloads as text, or as bytes.
    Payload,
    /// Goes on where something happens next.
    Skip,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [(KeyModifiers, KeyCode)],
    /// The keys as they are shown: `s`.
    pub shown: &'static str,
    /// What they do, in a word, for the footer.
    pub word: &'static str,
    /// What they do, in words.
    pub words: &'static str,
    /// The same for programs.
    pub action: Action,
    /// How soon the footer shows it, if it does: 1 comes first.
    pub rank: Option<u8>,
}

const fn plain(character: char) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, KeyCode::Char(character))
}

const fn ctrl(character: char) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::CONTROL, KeyCode::Char(character))
}

const fn code(code: KeyCode) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, code)
}

const fn bind(
    action: Action,
    keys: &'static [(KeyModifiers, KeyCode)],
    shown: &'static str,
    word: &'static str,
    words: &'static str,
    rank: Option<u8>,
) -> Binding {
    Binding { keys, shown, word, words, action, rank }
}

/// All keys, in the order in which the help shows them.
pub const KEYS: &[Binding] = &[
    bind(Action::Help, &[plain('?'), code(KeyCode::F(1))], "?", "help", "show these keys", Some(1)),
    bind(Action::Quit, &[plain('q'), ctrl('c')], "q", "quit", "end", Some(2)),
    bind(Action::Freeze, &[plain(' ')], "space", "freeze", "hold what is shown, or go on", Some(5)),
    bind(Action::Filter, &[plain('/')], "/", "filter", "filter connections: rtt > 5ms", Some(3)),
    bind(Action::Sort, &[plain('s')], "s", "sort", "sort by the next column", Some(4)),
    bind(Action::Reverse, &[plain('S')], "S", "reverse", "turn the order round", None),
    bind(Action::Enter, &[code(KeyCode::Enter)], "enter", "detail", "look into a connection", Some(6)),
    bind(Action::Back, &[code(KeyCode::Esc), code(KeyCode::Backspace)], "esc", "back", "one step back", None),
    bind(Action::NextPane, &[code(KeyCode::Tab)], "tab", "pane", "go to the next pane", Some(7)),
    bind(Action::LastPane, &[code(KeyCode::BackTab)], "shift-tab", "pane before", "go to the pane before", None),
    bind(Action::Up, &[code(KeyCode::Up), plain('k')], "↑ k", "up", "one row up", None),
    bind(Action::Down, &[code(KeyCode::Down), plain('j')], "↓ j", "down", "one row down", None),
    bind(Action::Left, &[code(KeyCode::Left), plain('h')], "← h", "left", "to the left of long texts", None),
    bind(Action::Right, &[code(KeyCode::Right), plain('l')], "→ l", "right", "to the right of long texts", None),
    bind(Action::PageUp, &[code(KeyCode::PageUp), ctrl('b')], "pgup", "page up", "one page up", None),
    bind(Action::PageDown, &[code(KeyCode::PageDown), ctrl('f')], "pgdn", "page down", "one page down", None),
    bind(Action::Home, &[code(KeyCode::Home), plain('g')], "home g", "first", "to the first row", None),
    bind(Action::End, &[code(KeyCode::End), plain('G')], "end G", "last", "to the last row, and stay there", None),
    bind(Action::Zoom, &[plain('z')], "z", "zoom", "give the pane the whole screen", Some(8)),
    bind(Action::Columns, &[plain('c')], "c", "columns", "choose columns", Some(9)),
    bind(Action::Window, &[plain('w')], "w", "window", "charts of 1, 5 or 15 minutes", Some(10)),
    bind(Action::Export, &[plain('x')], "x", "export", "write the view as CSV and JSON", Some(11)),
    bind(Action::Theme, &[plain('t')], "t", "theme", "the next theme", Some(12)),
    bind(Action::Payload, &[plain('v')], "v", "payload", "payloads as text or as bytes", None),
    bind(Action::Skip, &[plain('n')], "n", "skip", "skip to where a replay goes on", None),
];

/// What the mouse does, in words.
pub const MOUSE: &[(&str, &str)] =
    &[("click", "select a row, sort by a column"), ("click again", "look into a connection"), ("wheel", "up and down")];

/// What a key is for, if for anything.
pub fn action(key: KeyEvent) -> Option<Action> {
    let (code, modifiers) = (key.code, key.modifiers);
    // Terminals tell shift with some characters that need it and not with others.
    let modifiers = match code {
        KeyCode::Char(_) | KeyCode::BackTab => modifiers.difference(KeyModifiers::SHIFT),
        _ => modifiers,
    };
    KEYS.iter().find(|binding| binding.keys.contains(&(modifiers, code))).map(|binding| binding.action)
}

/// The row of an action.
pub fn binding(action: Action) -> Option<&'static Binding> {
    KEYS.iter().find(|binding| binding.action == action)
}
