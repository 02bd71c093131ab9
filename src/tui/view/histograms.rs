//! How sizes and times are spread: marks and bars.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::chart::{columns, pairs};
use super::{bordered, put, put_right};
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Tint;
use crate::tui::words::{bytes, count, nanos, width};
use crate::watch::{Bar, Spread};

/// What is spread, and how its numbers are said.
type Said = fn(f64) -> String;

/// The lines that a third row needs.
const LEAST: u16 = 4;

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let inside = bordered(frame, area, "Spread", model.pane == Pane::Histograms, model);
    let Some(snapshot) = model.seen().snapshot_shown() else { return };
    let spreads = &snapshot.spreads;
    let mut shown: Vec<(&str, &Spread, Said, Tint)> = vec![
        ("size in", &spreads.received, bytes, Tint::In),
        ("size out", &spreads.sent, bytes, Tint::Out),
        ("round trip", &spreads.round_trips, nanos, Tint::Good),
        ("interval", &spreads.intervals, nanos, Tint::Text),
    ];
    if spreads.echoes.count > 0 {
        shown.insert(3, ("to echo", &spreads.echoes, nanos, Tint::Good));
    }
    // The last of them has room where the pane is large.
    let rows = if inside.height / 3 >= LEAST { 3 } else { 2 };
    for (one_of, area) in shown.into_iter().zip(pairs(inside, rows)) {
        one(frame, area, one_of, model);
    }
}

fn one(frame: &mut Frame<'_>, area: Rect, (name, spread, said, tint): (&str, &Spread, Said, Tint), model: &Model) {
    if area.height < 2 || area.width < 8 {
        return;
    }
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    let x = put(buffer, area.x, area.y, name, area.width, theme.style(tint));
    if spread.count == 0 {
        put(buffer, x + 1, area.y, "–", area.right().saturating_sub(x + 1), theme.style(Tint::Faint));
        return;
    }
    let [p50, p90, p99, max] = [spread.p50, spread.p90, spread.p99, spread.max].map(|mark| said(mark as f64));
    let many = count(spread.count as f64);
    let left = area.right().saturating_sub(x + 1);
    let marks = [
        format!("{many}  p50 {p50}  p90 {p90}  p99 {p99}  max {max}"),
        format!("p50 {p50}  p99 {p99}  max {max}"),
        format!("p50 {p50}  p99 {p99}"),
        format!("p50 {p50}"),
        p50,
    ];
    if let Some(marks) = marks.iter().find(|marks| width(marks) <= usize::from(left)) {
        put_right(buffer, x + 1, area.y, marks, left, theme.style(Tint::Faint));
    }
    // Bars beyond the first and the last that have something say nothing.
    let first = spread.bars.iter().position(|bar| bar.count > 0).unwrap_or_default();
    let last = spread.bars.iter().rposition(|bar| bar.count > 0).map_or(0, |at| at + 1);
    let bars = &spread.bars[first.min(last)..last];
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if usize::from(below.height) >= bars.len() && below.width >= 24 {
        lines(frame, below, bars, said, tint, model);
    } else {
        upright(frame, below, bars, said, tint, model);
    }
}

/// A line a bar, with its bound and its count.
fn lines(frame: &mut Frame<'_>, area: Rect, bars: &[Bar], said: Said, tint: Tint, model: &Model) {
    let buffer = frame.buffer_mut();
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1) as f64;
    let room = area.width.saturating_sub(18);
    for (y, bar) in (area.y..area.bottom()).zip(bars) {
        let faint = model.theme.style(Tint::Faint);
        put_right(buffer, area.x, y, &format!("≤ {}", said(bar.to as f64)), 10, faint);
        let long = (bar.count as f64 / most * f64::from(room)).round() as usize;
        let long = if bar.count > 0 { long.max(1) } else { 0 };
        put(buffer, area.x + 11, y, &"█".repeat(long), room, model.theme.style(tint));
        put_right(buffer, area.right() - 6, y, &count(bar.count as f64), 6, faint);
    }
}

/// A column or several a bar, and below them where they begin and end.
fn upright(frame: &mut Frame<'_>, area: Rect, bars: &[Bar], said: Said, tint: Tint, model: &Model) {
    let Some((first, last)) = bars.first().zip(bars.last()) else { return };
    let has_scale = area.height >= 3;
    let chart = Rect { height: area.height - u16::from(has_scale), ..area };
    // Where there are more bars than columns, neighbours share one: nothing that was counted is left out.
    let together = bars.len().div_ceil(usize::from(area.width).max(1));
    let heights: Vec<_> = bars.chunks(together).map(|bars| bars.iter().map(|bar| bar.count as f64).sum()).collect();
    let wide = (usize::from(area.width) / heights.len()).clamp(1, 4);
    let most = heights.iter().copied().fold(1.0, f64::max);
    let values: Vec<_> = heights.iter().flat_map(|height| std::iter::repeat_n(Some(*height), wide)).collect();
    let buffer = frame.buffer_mut();
    columns(buffer, chart, &values, most, model.theme.style(tint));
    if has_scale {
        let faint = model.theme.style(Tint::Faint);
        let scale = format!("≤{} … {}", said(first.to as f64), said(last.to as f64));
        put(buffer, area.x, area.bottom() - 1, &scale, area.width, faint);
    }
}
