//! The screen, a widget a file. Each is drawn from the model alone; nothing is remembered from one frame to the next.

mod chart;
mod charts;
mod columns;
mod connections;
mod detail;
mod filter;
mod footer;
mod header;
mod help;
mod histograms;
pub(super) mod layout;
mod payload;
mod run;
mod violations;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Paragraph, Widget, Wrap};

use self::layout::{Layout, SMALLEST, inside};
use super::model::{Model, Overlay, Pane};
use super::theme::Tint;
use super::words;

/// Draws everything.
pub(super) fn render(frame: &mut Frame<'_>, model: &Model) {
    match Layout::of(model) {
        // What is drawn on may be smaller for a moment than what the model knows of.
        Some(layout) if frame.area().width >= model.size.width && frame.area().height >= model.size.height => {
            whole(frame, &layout, model);
        }
        _ => {
            let (width, height) = SMALLEST;
            let area = frame.area();
            let words = format!("This needs {width}×{height} characters; here are {}×{}.", area.width, area.height);
            frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), area);
        }
    }
    model.theme.finish(frame.buffer_mut());
}

fn whole(frame: &mut Frame<'_>, layout: &Layout, model: &Model) {
    header::render(frame, layout.header, model);
    for &(pane, area) in &layout.panes {
        match pane {
            Pane::Run => run::render(frame, area, model),
            Pane::Connections => connections::render(frame, area, model),
            Pane::Charts => charts::render(frame, area, model),
            Pane::Histograms => histograms::render(frame, area, model),
            Pane::Violations => violations::render(frame, area, model),
        }
    }
    if let Some(areas) = layout.detail {
        detail::render(frame, areas, model);
    }
    match &model.overlay {
        Overlay::Help(top) => help::render(frame, *top, model),
        Overlay::Columns(at) => columns::render(frame, *at, model),
        Overlay::None | Overlay::Filter(_) => {}
    }
    match &model.overlay {
        Overlay::Filter(writing) => filter::render(frame, layout.footer, writing, model),
        _ => footer::render(frame, layout.footer, model),
    }
}

/// A border with a title, brighter if keys go there. What is within it is returned.
fn bordered(frame: &mut Frame<'_>, area: Rect, title: &str, has_focus: bool, model: &Model) -> Rect {
    let style = model.theme.style(if has_focus { Tint::Focus } else { Tint::Faint });
    // Without colours the focus shows by the kind of line.
    let kind = if has_focus { BorderType::Thick } else { BorderType::Plain };
    let room = usize::from(area.width.saturating_sub(4));
    let mark = if has_focus { "▸" } else { "" };
    let title = words::cut(&format!(" {mark}{title} "), room).into_owned();
    let block = Block::bordered().border_type(kind).border_style(style).title(Line::styled(title, style));
    frame.render_widget(block, area);
    inside(area)
}

/// A box in the middle that lies over everything else.
fn over(frame: &mut Frame<'_>, width: u16, height: u16, title: &str, model: &Model) -> Rect {
    let screen = frame.area();
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    Clear.render(area, frame.buffer_mut());
    bordered(frame, area, title, true, model)
}

/// Writes a text that is harmless already, within a width. It says where it ends.
fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) -> u16 {
    let area = buffer.area;
    if width == 0 || x >= area.right() || y >= area.bottom() {
        return x;
    }
    let text = words::cut(text, width.into());
    buffer.set_stringn(x, y, &text, width.into(), style).0
}

/// The same on the right of the width.
fn put_right(buffer: &mut Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) {
    let text = words::cut(text, width.into());
    let takes = u16::try_from(words::width(&text)).unwrap_or(width);
    put(buffer, x + width.saturating_sub(takes), y, &text, takes, style);
}

/// Pieces of text one after another, as far as there is room.
fn put_all(buffer: &mut Buffer, area: Rect, pieces: &[(&str, Style)]) -> u16 {
    let mut x = area.x;
    for (text, style) in pieces {
        x = put(buffer, x, area.y, text, area.right().saturating_sub(x), *style);
    }
    x
}
