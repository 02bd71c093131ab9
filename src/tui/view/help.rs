//! All keys, from the table of keys.

use ratatui::Frame;

use super::{over, put, put_right};
use crate::tui::keys::{KEYS, MOUSE};
use crate::tui::model::Model;
use crate::tui::theme::Tint;

/// How wide the keys are, and a column with its words.
const KEY: u16 = 11;
const COLUMN: u16 = 44;

pub(super) fn render(frame: &mut Frame<'_>, top: u16, model: &Model) {
    let entries = KEYS.iter().map(|binding| (binding.shown, binding.words)).chain(MOUSE.iter().copied());
    let entries: Vec<_> = entries.collect();
    let screen = frame.area();
    let columns = if screen.width >= 2 * COLUMN + 2 { 2 } else { 1 };
    let lines = u16::try_from(entries.len().div_ceil(columns)).unwrap_or(u16::MAX);
    let width = COLUMN * u16::try_from(columns).unwrap_or(1) + 2;
    let inside = over(frame, width, (lines + 2).min(screen.height), "Keys", model);
    let hidden = lines.saturating_sub(inside.height);
    let top = top.min(hidden);
    let buffer = frame.buffer_mut();
    for (at, (keys, words)) in entries.iter().enumerate() {
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        let (column, line) = (at / lines, at % lines);
        let Some(row) = line.checked_sub(top).filter(|row| *row < inside.height) else { continue };
        let (x, y) = (inside.x + column * COLUMN, inside.y + row);
        put_right(buffer, x, y, keys, KEY, model.theme.style(Tint::Title));
        put(
            buffer,
            x + KEY + 1,
            y,
            words,
            (COLUMN - KEY - 2).min(inside.right().saturating_sub(x + KEY + 1)),
            model.theme.style(Tint::Text),
        );
    }
    if hidden > top {
        put_right(buffer, inside.x, inside.bottom(), " ↓ more ", inside.width, model.theme.style(Tint::Focus));
    }
}
