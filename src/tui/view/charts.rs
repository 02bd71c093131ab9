//! Rates over time: messages and bytes, in and out.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::chart::{columns, pairs};
use super::{bordered, put, put_right};
use crate::tui::model::{Model, Pane, Series};
use crate::tui::theme::Tint;
use crate::tui::words::{bytes, count, width};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let title = format!("Rates of {} min", model.window.minutes());
    let inside = bordered(frame, area, &title, model.pane == Pane::Charts, model);
    let series = [
        (Series::MessagesIn, " msg/s in", Tint::In),
        (Series::BytesIn, "/s in", Tint::In),
        (Series::MessagesOut, " msg/s out", Tint::Out),
        (Series::BytesOut, "/s out", Tint::Out),
    ];
    for ((series, name, tint), area) in series.into_iter().zip(pairs(inside, 2)) {
        one(frame, area, series, name, tint, model);
    }
}

fn one(frame: &mut Frame<'_>, area: Rect, series: Series, name: &str, tint: Tint, model: &Model) {
    if area.height < 2 || area.width < 8 {
        return;
    }
    let theme = model.theme;
    let history = &model.seen().history;
    let said = |number: f64| match series {
        Series::MessagesIn | Series::MessagesOut => count(number),
        Series::BytesIn | Series::BytesOut => bytes(number),
    };
    let values = history.columns(series, model.window, area.width);
    let most = values.iter().flatten().fold(0.0_f64, |most, value| most.max(*value));
    let buffer = frame.buffer_mut();
    let now = history.last(series).map_or_else(|| "–".to_owned(), said);
    let x = put(buffer, area.x, area.y, &format!("{now}{name}"), area.width, theme.style(tint));
    let peak = format!("peak {}", said(most));
    let left = area.right().saturating_sub(x + 1);
    if most > 0.0 && usize::from(left) >= width(&peak) {
        put_right(buffer, x + 1, area.y, &peak, left, theme.style(Tint::Faint));
    }
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    columns(buffer, below, &values, most, theme.style(tint));
    if history.len() == 0 {
        put(buffer, below.x, below.y, "not known yet", below.width, theme.style(Tint::Faint));
    }
}
