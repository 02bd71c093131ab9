//! The mouse: a row is selected and looked into, a title sorts, the wheel scrolls.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Effect, moved};
use crate::tui::keys::Action;
use crate::tui::model::{Model, Overlay, Pane};
use crate::tui::view::layout::{Layout, columns, inside};

/// How many rows a step of the wheel is.
const STEP: usize = 3;

impl Model {
    pub(super) fn mouse(&mut self, event: MouseEvent, effects: &mut Vec<Effect>) -> bool {
        let Some(layout) = Layout::of(self) else { return false };
        let place = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollUp => self.wheel(&layout, place, Action::Up, effects),
            MouseEventKind::ScrollDown => self.wheel(&layout, place, Action::Down, effects),
            MouseEventKind::Down(MouseButton::Left) => self.click(&layout, place, effects),
            _ => false,
        }
    }

    fn wheel(&mut self, layout: &Layout, place: Position, action: Action, effects: &mut Vec<Effect>) -> bool {
        if matches!(self.overlay, Overlay::None) && self.detail.is_none() {
            let Some((pane, _)) = layout.panes.iter().find(|(_, area)| area.contains(place)) else { return false };
            self.pane = *pane;
        }
        if matches!(self.overlay, Overlay::Filter(_)) {
            return false;
        }
        for _ in 0..STEP {
            self.act(action, effects);
        }
        true
    }

    fn click(&mut self, layout: &Layout, place: Position, effects: &mut Vec<Effect>) -> bool {
        match self.overlay {
            Overlay::None => {}
            Overlay::Help(_) | Overlay::Columns(_) => {
                self.overlay = Overlay::None;
                return true;
            }
            Overlay::Filter(_) => return false,
        }
        if let Some([_, frames, _]) = layout.detail {
            return self.click_frame(frames, place);
        }
        let Some(&(pane, area)) = layout.panes.iter().find(|(_, area)| area.contains(place)) else { return false };
        self.pane = pane;
        let within = inside(area);
        if !within.contains(place) {
            return true;
        }
        let line = usize::from(place.y - within.y);
        match pane {
            Pane::Connections if line == 0 => {
                let x = place.x - within.x;
                let columns = columns(self, within.width);
                if let Some((column, ..)) = columns.iter().find(|(_, from, width)| (*from..=from + width).contains(&x))
                {
                    self.sort_by(*column);
                }
            }
            Pane::Connections => {
                let at = self.list.top + line - 1;
                if at < self.list.order.len() {
                    self.select(at);
                    if self.clicked.is_some() && self.clicked == self.list.selected {
                        self.clicked = None;
                        return self.enter(effects);
                    }
                    self.clicked = self.list.selected;
                }
            }
            Pane::Violations => {
                let top = first_in_sight(self.violation, within.height.into());
                self.violation = (top + line).min(self.seen().violations.len().saturating_sub(1));
            }
            Pane::Run | Pane::Charts | Pane::Histograms => {}
        }
        true
    }

    fn click_frame(&mut self, area: Rect, place: Position) -> bool {
        let within = inside(area);
        let Some(detail) = self.detail.as_mut().filter(|_| within.contains(place)) else { return false };
        let frames = &mut detail.frames;
        let top = first_in_sight(frames.place(), within.height.into());
        let at = top + usize::from(place.y - within.y);
        if at < frames.len() {
            frames.select(moved(at, Action::Enter, frames.len(), 1));
            detail.scroll = 0;
        }
        true
    }
}

/// The first of a list that is in sight, where the selected one is the last that is as soon as there is no room for all.
pub(in crate::tui) const fn first_in_sight(selected: usize, room: usize) -> usize {
    (selected + 1).saturating_sub(room)
}
