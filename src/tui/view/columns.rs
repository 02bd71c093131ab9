//! The choice of columns.

use ratatui::Frame;

use super::{over, put};
use crate::tui::model::{Column, Model};
use crate::tui::theme::Tint;
use crate::tui::update::first_in_sight;

pub(super) fn render(frame: &mut Frame<'_>, selected: usize, model: &Model) {
    let height = u16::try_from(Column::ALL.len() + 2).unwrap_or(u16::MAX);
    let inside = over(frame, 56, height.min(frame.area().height), "Columns: enter chooses, esc is done", model);
    let top = first_in_sight(selected, inside.height.into());
    let buffer = frame.buffer_mut();
    for (y, (at, column)) in (inside.y..inside.bottom()).zip(Column::ALL.into_iter().enumerate().skip(top)) {
        let mark = if model.columns.contains(&column) { "x" } else { " " };
        let tint = if at == selected { Tint::Selected } else { Tint::Text };
        let text = format!("[{mark}] {:<9} {:<40}", column.title(), column.words());
        put(buffer, inside.x, y, &text, inside.width, model.theme.style(tint));
    }
}
