//! The table of connections. Only the rows in sight are put into words.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::layout::columns;
use super::{bordered, put, put_right};
use crate::tui::model::{Column, Condition, Line, Model, Pane};
use crate::tui::theme::Tint;
use crate::tui::words::{age, bytes, count, harmless, span, thousands};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let has_focus = model.pane == Pane::Connections;
    let inside = bordered(frame, area, &title(model), has_focus, model);
    let columns = columns(model, inside.width);
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    let (sorted, falls) = model.sort;
    for &(column, x, width) in &columns {
        let mark = if falls { "▼" } else { "▲" };
        let title = if column == sorted { format!("{}{mark}", column.title()) } else { column.title().to_owned() };
        let style = theme.style(if column == sorted { Tint::Focus } else { Tint::Title });
        let put = if column.is_number() { put_right } else { put_left };
        put(buffer, inside.x + x, inside.y, &title, width, style);
    }
    let rows = inside.height.saturating_sub(1);
    if model.list.order.is_empty() && rows > 0 {
        let words = empty(model);
        put(buffer, inside.x + 1, inside.y + 1, words, inside.width.saturating_sub(1), theme.style(Tint::Faint));
    }
    for row in 0..rows {
        let at = model.list.top + usize::from(row);
        let Some(line) = model.line(at) else { break };
        let y = inside.y + 1 + row;
        let is_selected = has_focus && at == model.list.at;
        let condition = line.condition();
        if is_selected {
            buffer.set_style(Rect::new(inside.x, y, inside.width, 1), theme.style(Tint::Selected));
        }
        for &(column, x, width) in &columns {
            let text = cell(column, line, model.shift);
            let style =
                if is_selected { theme.style(Tint::Selected) } else { theme.style(tint(column, line, condition)) };
            let put = if column.is_number() { put_right } else { put_left };
            put(buffer, inside.x + x, y, &text, width, style);
        }
    }
}

fn put_left(buffer: &mut ratatui::buffer::Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) {
    put(buffer, x, y, text, width, style);
}

fn title(model: &Model) -> String {
    let many = model.list.order.len();
    let place = if many == 0 {
        String::new()
    } else {
        format!(" {}/{}", thousands(model.list.at as u64 + 1), thousands(many as u64))
    };
    match model.filter_text.trim() {
        "" => format!("Connections{place}"),
        filter => format!("Connections{place} · {}", harmless(filter)),
    }
}

fn empty(model: &Model) -> &'static str {
    if model.seen().shown.is_none() {
        "waiting to be told"
    } else if model.filter.is_some() {
        "none that the filter wants: esc drops it"
    } else {
        "nobody is connected"
    }
}

fn cell(column: Column, line: Line<'_>, shift: u16) -> String {
    let row = line.row;
    let text = |text: &str| {
        let shown = harmless(text);
        if shift == 0 { shown.into_owned() } else { shown.chars().skip(shift.into()).collect() }
    };
    // Zeros everywhere would hide what is not zero.
    let rate = |number: f64, of: fn(f64) -> String| if number > 0.0 { of(number) } else { "–".to_owned() };
    match column {
        Column::Id => row.id.0.to_string(),
        Column::Peer => row.peer.map_or_else(|| "–".to_owned(), |peer| peer.to_string()),
        Column::Url => text(&row.resource),
        Column::Subprotocol => row.subprotocol.as_deref().map_or_else(|| "–".to_owned(), text),
        Column::Age => age(row.age),
        Column::State => line.condition().word().to_owned(),
        Column::MessagesIn => rate(line.speed.messages_in, count),
        Column::MessagesOut => rate(line.speed.messages_out, count),
        Column::BytesIn => rate(line.speed.bytes_in, bytes),
        Column::BytesOut => rate(line.speed.bytes_out, bytes),
        Column::Messages => count(row.received.messages().saturating_add(row.sent.messages()) as f64),
        Column::Last => age(row.idle),
        Column::RoundTrip => row.round_trip.map_or_else(|| "–".to_owned(), span),
        Column::Compression => match row.received.compression() {
            Some(factor) => format!("{factor:.1}×"),
            None if row.compressed => "on".to_owned(),
            None => "–".to_owned(),
        },
        Column::Faults => rate(line.faults() as f64, count),
        Column::Queued => rate(row.queued as f64, bytes),
    }
}

fn tint(column: Column, line: Line<'_>, condition: Condition) -> Tint {
    match column {
        Column::Faults if line.faults() > 0 => Tint::Bad,
        Column::State if condition == Condition::Lost => Tint::Bad,
        _ if matches!(condition, Condition::Closed | Condition::Lost) => Tint::Faint,
        Column::State if condition == Condition::Idle => Tint::Odd,
        Column::State => Tint::Good,
        Column::MessagesIn | Column::BytesIn => Tint::In,
        Column::MessagesOut | Column::BytesOut => Tint::Out,
        Column::Id | Column::Age | Column::Last => Tint::Faint,
        _ => Tint::Text,
    }
}
