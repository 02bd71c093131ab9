//! The filter line: what is written, with a mark under what is wrong, and below it why.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::put;
use crate::tui::model::{Model, Writing};
use crate::tui::theme::Tint;
use crate::tui::words::{several, width};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, writing: &Writing, model: &Model) {
    let theme = model.theme;
    let (line, below) = (Rect { height: 1, ..area }, Rect { y: area.y + 1, height: 1, ..area });
    let input = &writing.input;
    let room = usize::from(line.width.saturating_sub(3));
    let scroll = input.visual_scroll(room);
    let buffer = frame.buffer_mut();
    put(buffer, line.x, line.y, "/ ", 2, theme.style(Tint::Focus));
    let wrong = writing.error.as_ref().map(|error| error.at().clone()).unwrap_or_default();
    let mut column = 0;
    for (at, character) in input.value().char_indices() {
        let mut symbol = [0; 4];
        let symbol = character.encode_utf8(&mut symbol);
        let takes = width(symbol);
        if column >= scroll && column + takes <= scroll + room {
            let is_wrong = wrong.contains(&at);
            let style = if is_wrong {
                theme.style(Tint::Bad).add_modifier(Modifier::UNDERLINED)
            } else {
                theme.style(Tint::Text)
            };
            let x = line.x + 2 + u16::try_from(column - scroll).unwrap_or(u16::MAX);
            buffer.set_stringn(x, line.y, &*symbol, takes, style);
        }
        column += takes;
    }
    let (words, tint) = match &writing.error {
        Some(error) => (error.words(), Tint::Bad),
        None if input.value().trim().is_empty() => (
            "such as: peer in 10.0.0.0/8 && rtt > 5ms, url contains \"chat\", faults > 0, state == idle".to_owned(),
            Tint::Faint,
        ),
        None => (
            several(model.list.order.len() as u64, "connection", "connections") + " · enter keeps it, esc drops it",
            Tint::Good,
        ),
    };
    put(buffer, below.x + 2, below.y, &words, below.width.saturating_sub(2), theme.style(tint));
    let cursor = u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new((line.x + 2 + cursor.min(line.width)).min(line.right() - 1), line.y));
}
