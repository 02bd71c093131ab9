//! Where everything stands.
//!
//! ```text
//! ┌ wslab top · ws://127.0.0.1:9001/_wslab ─────────────────────── live · up 1h02m ┐
//! │ 200 open · 412 so far · in 1.2k msg/s 340 KiB/s · out …        2 lines: header  │
//! ├ Connections ────────────────────────────────────────────────────────────────────┤
//! │ #  PEER  URL  AGE  STATE  IN/S …                               what is left      │
//! ├ Rates ───────────────────────────┬ Spread ───────────┬ Violations ───────────────┤
//! │ charts                           │ histograms        │                  8 or 10  │
//! ├──────────────────────────────────┴───────────────────┴───────────────────────────┤
//! │ ? help  q quit  / filter …                                     1 line: footer    │
//! └──────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Where there is less room, the pane that keys go to has all of it, and `tab` brings the next.

use ratatui::layout::Rect;

use crate::tui::model::{Column, Model, Overlay, Pane};

/// The smallest screen that something is drawn on.
pub(in crate::tui) const SMALLEST: (u16, u16) = (60, 15);

/// Where everything stands.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Layout {
    pub(in crate::tui) header: Rect,
    pub(in crate::tui) panes: Vec<(Pane, Rect)>,
    /// What is known of one connection, its frames, and the payload of one.
    pub(in crate::tui) detail: Option<[Rect; 3]>,
    pub(in crate::tui) footer: Rect,
}

/// The first `height` lines of an area, and the others.
const fn split(area: Rect, height: u16) -> (Rect, Rect) {
    let height = if height > area.height { area.height } else { height };
    let top = Rect { height, ..area };
    (top, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// So many parts of a length that has `all` of them.
pub(super) fn part_of(length: u16, parts: u16, all: u16) -> u16 {
    u16::try_from(u32::from(length) * u32::from(parts) / u32::from(all.max(1))).unwrap_or(length)
}

/// The areas side by side that have so much of the width, in percent.
fn beside<const N: usize>(area: Rect, percent: [u16; N]) -> [Rect; N] {
    let mut x = area.x;
    let mut sum = 0;
    percent.map(|part| {
        sum += part;
        let end = area.x + part_of(area.width, sum, 100);
        let rect = Rect { x, width: end - x, ..area };
        x = end;
        rect
    })
}

impl Layout {
    /// Where everything stands on the screen; `None` if that is too small.
    pub(in crate::tui) fn of(model: &Model) -> Option<Self> {
        let size = model.size;
        if size.width < SMALLEST.0 || size.height < SMALLEST.1 {
            return None;
        }
        let screen = Rect::new(0, 0, size.width, size.height);
        let (header, rest) = split(screen, 2);
        let low = if matches!(model.overlay, Overlay::Filter(_)) { 2 } else { 1 };
        let (body, footer) = split(rest, rest.height - low);
        let mut layout = Self { header, panes: Vec::new(), detail: None, footer };
        if model.detail.is_some() {
            layout.detail = Some(detail(body, model.zoom));
        } else {
            layout.panes = panes(body, model);
        }
        Some(layout)
    }

    /// The area of a pane, if it is in sight.
    pub(in crate::tui) fn area(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(of, _)| *of == pane).map(|(_, area)| *area)
    }
}

fn detail(body: Rect, zoom: bool) -> [Rect; 3] {
    if zoom {
        let (none, rest) = split(body, 0);
        return [none, none, rest];
    }
    let (about, rest) = split(
        body,
        match body.height {
            24.. => 8,
            18.. => 6,
            _ => 4,
        },
    );
    let (frames, payload) = split(rest, rest.height - part_of(rest.height, 2, 5).max(4));
    [about, frames, payload]
}

fn panes(body: Rect, model: &Model) -> Vec<(Pane, Rect)> {
    let pane = model.pane;
    if model.zoom || body.height < 17 || body.width < 72 {
        return vec![(pane, body)];
    }
    let is_large = body.height >= 27;
    let low = if is_large { body.height / 3 } else { 8 };
    let (top, bottom) = split(body, body.height - low);
    let has_run = model.seen().progress.is_some();
    let main = if has_run && pane != Pane::Connections { Pane::Run } else { Pane::Connections };
    let mut panes = vec![(main, top)];
    if body.width >= 110 {
        let [charts, spreads, violations] = beside(bottom, [44, 26, 30]);
        panes.extend([(Pane::Charts, charts), (Pane::Histograms, spreads), (Pane::Violations, violations)]);
    } else {
        let [left, right] = beside(bottom, [55, 45]);
        let first = if pane == Pane::Histograms { Pane::Histograms } else { Pane::Charts };
        panes.extend([(first, left), (Pane::Violations, right)]);
    }
    panes
}

/// The area within a border.
pub(in crate::tui) const fn inside(area: Rect) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Where the columns stand that have room within so much width, from left to right: their beginnings and widths.
pub(in crate::tui) fn columns(model: &Model, width: u16) -> Vec<(Column, u16, u16)> {
    let mut chosen: Vec<_> = Column::ALL.into_iter().filter(|column| model.columns.contains(column)).collect();
    let needed = |columns: &[Column]| columns.iter().map(|column| column.width() + 1).sum::<u16>().saturating_sub(1);
    while chosen.len() > 1 && needed(&chosen) > width {
        let last = (0..chosen.len()).max_by_key(|&at| chosen[at].rank());
        chosen.remove(last.unwrap_or_default());
    }
    let left = width.saturating_sub(needed(&chosen));
    // What is left is for the texts, which are longer than others.
    let wide = [Column::Url, Column::Peer].into_iter().find(|column| chosen.contains(column));
    let mut x = 0;
    let place = |column: Column| {
        let more = if Some(column) == wide { left } else { 0 };
        let (begins, takes) = (x, (column.width() + more).min(width));
        x += takes + 1;
        (column, begins, takes)
    };
    chosen.into_iter().map(place).collect()
}
