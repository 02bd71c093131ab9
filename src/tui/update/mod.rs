//! What becomes of a dashboard by what happens: keys, the mouse, news, time. Nothing else is asked, so the same inputs
//! always lead to the same screen.

mod mouse;
mod writing;

use std::time::Duration;

use ratatui::crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Size;

pub(super) use self::mouse::first_in_sight;
use super::export::{self, Export};
use super::keys::{self, Action};
use super::model::{Column, List, Model, Overlay, Pane};
use super::view::layout::{Layout, inside};
use super::view::{help, payload};
use crate::watch::live::{News, State, Wish};

/// What happens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// A source tells something.
    News(News),
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text that is pasted: it goes to the filter line.
    Paste(String),
    /// The screen has another size.
    Size(Size),
    /// So much time has gone by since the last of these.
    Tick(Duration),
    /// What became of an export: where it is, or why not.
    Exported(Result<String, String>),
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// To be told to the source.
    Wish(Wish),
    /// To be written, as files of the current folder.
    Export(Export),
    /// To end.
    Quit,
}

impl Model {
    /// Takes up what happens. `true` comes with it if the screen has changed.
    pub fn update(&mut self, input: Input) -> (Vec<Effect>, bool) {
        let mut effects = Vec::new();
        let mut is_changed = true;
        match input {
            Input::News(news) => {
                if matches!(news, News::State(State::Live)) && matches!(self.state, Some(State::Lost { .. })) {
                    self.ask_again(&mut effects);
                }
                self.hear(news);
            }
            Input::Key(key) if key.kind == KeyEventKind::Release => is_changed = false,
            Input::Key(key) => is_changed = self.key(key, &mut effects),
            Input::Mouse(event) => is_changed = self.mouse(event, &mut effects),
            Input::Paste(text) => is_changed = self.paste(&text),
            Input::Size(size) => self.size = size,
            Input::Tick(passed) => is_changed = self.tick(passed),
            Input::Exported(Ok(place)) => self.say(format!("written: {place}"), false),
            Input::Exported(Err(why)) => self.say(format!("not written: {why}"), true),
        }
        if is_changed {
            self.settle();
        }
        (effects, is_changed)
    }

    /// Whoever was lost has forgotten what was asked of it.
    fn ask_again(&self, effects: &mut Vec<Effect>) {
        if let Some(detail) = &self.detail {
            effects.push(Effect::Wish(Wish::Frames { connection: Some(detail.id) }));
        }
        if self.is_frozen() {
            effects.push(Effect::Wish(Wish::Hold { hold: true }));
        }
    }

    fn tick(&mut self, passed: Duration) -> bool {
        let mut is_changed = false;
        if let Some(notice) = &mut self.notice {
            notice.left = notice.left.saturating_sub(passed);
            if notice.left.is_zero() {
                self.notice = None;
                is_changed = true;
            }
        }
        let before = self.retry.as_secs();
        self.retry = self.retry.saturating_sub(passed);
        is_changed || self.retry.as_secs() != before
    }

    fn key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
        if matches!(self.overlay, Overlay::Filter(_)) && self.write(key) {
            return true;
        }
        keys::action(key).is_some_and(|action| self.act(action, effects))
    }

    /// Does what a key is for. `false` if it is for nothing here.
    pub(super) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) -> bool {
        let hidden_help = usize::from(help::hidden(self.size)) + 1;
        match (&mut self.overlay, action) {
            (_, Action::Quit) => effects.push(Effect::Quit),
            (_, Action::Theme) => self.theme = self.theme.next(),
            (Overlay::Help(_), Action::Help | Action::Back | Action::Enter) => self.overlay = Overlay::None,
            (Overlay::Help(top), action) => *top = moved((*top).into(), action, hidden_help, 10) as u16,
            (Overlay::Columns(_), Action::Columns | Action::Back) => self.overlay = Overlay::None,
            (Overlay::Columns(at), Action::Enter | Action::Freeze) => {
                let at = *at;
                self.toggle(Column::ALL[at.min(Column::ALL.len() - 1)]);
            }
            (Overlay::Columns(at), action) => *at = moved(*at, action, Column::ALL.len(), 5),
            (_, Action::Help) => self.overlay = Overlay::Help(0),
            (_, Action::Columns) => self.overlay = Overlay::Columns(0),
            (_, Action::Filter) => self.begin_to_write(),
            (_, Action::Freeze) => {
                let hold = !self.is_frozen();
                self.freeze(hold);
                effects.push(Effect::Wish(Wish::Hold { hold }));
            }
            (_, Action::Skip) => match self.playing {
                Some(_) if matches!(self.state, Some(State::Live)) => effects.push(Effect::Wish(Wish::Skip)),
                _ => self.say("only a capture that is replayed can go on where something happens next", true),
            },
            (_, Action::Sort) => self.sort_by_next(),
            (_, Action::Reverse) => {
                self.sort.1 = !self.sort.1;
                self.arrange();
            }
            (_, Action::Zoom) => self.zoom = !self.zoom,
            (_, Action::Window) => self.window = self.window.next(),
            (_, Action::Export) => match export::of(self) {
                Some(export) => effects.push(Effect::Export(export)),
                None => self.say("there is nothing to write yet", true),
            },
            (_, Action::Payload) => self.as_bytes = !self.as_bytes,
            (_, Action::Left) => self.shift = self.shift.saturating_sub(8),
            (_, Action::Right) => self.shift = (self.shift + 8).min(512),
            (_, Action::NextPane) => self.turn(1),
            (_, Action::LastPane) => self.turn(-1),
            (_, Action::Back) => return self.back(effects),
            (_, Action::Enter) => return self.enter(effects),
            (_, action) => self.go(action),
        }
        true
    }

    /// One step back: out of the zoom, out of a connection, out of a filter.
    fn back(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.zoom {
            self.zoom = false;
        } else if self.detail.is_some() {
            self.look_into(None);
            effects.push(Effect::Wish(Wish::Frames { connection: None }));
        } else if self.filter.is_some() {
            self.filter = None;
            self.filter_text.clear();
            self.arrange();
        } else if self.pane != Pane::Connections {
            self.pane = Pane::Connections;
        } else {
            return false;
        }
        true
    }

    /// Looks into the connection that is selected, or that broke the rule that is.
    pub(super) fn enter(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.detail.is_some() {
            self.zoom = !self.zoom;
            return true;
        }
        let id = match self.pane {
            Pane::Connections => self.line(self.list.at).map(|line| line.row.id),
            Pane::Violations => self.seen().violation(self.violation).and_then(|violation| violation.connection),
            Pane::Run | Pane::Charts | Pane::Histograms => {
                self.zoom = !self.zoom;
                return true;
            }
        };
        let Some(id) = id else { return false };
        if self.pane == Pane::Connections {
            self.list.selected = Some(id);
        }
        self.look_into(Some(id));
        effects.push(Effect::Wish(Wish::Frames { connection: Some(id) }));
        true
    }

    fn turn(&mut self, by: isize) {
        if self.detail.is_some() {
            self.zoom = !self.zoom;
            return;
        }
        let panes: Vec<_> = self.panes().collect();
        let at = panes.iter().position(|pane| *pane == self.pane).unwrap_or_default();
        let next = at.wrapping_add_signed(by).wrapping_add(panes.len()) % panes.len();
        self.pane = panes[next];
    }

    /// Up, down, pages, first and last, in what keys go to.
    fn go(&mut self, action: Action) {
        let (page, lines) = (self.page(), self.payload_lines());
        if let Some(detail) = &mut self.detail {
            if self.zoom {
                detail.scroll = moved(detail.scroll.into(), action, lines, page) as u16;
            } else {
                let place = moved(detail.frames.place(), action, detail.frames.len(), page);
                detail.frames.select(place);
                detail.scroll = 0;
            }
            return;
        }
        match self.pane {
            Pane::Connections => self.select(moved(self.list.at, action, self.list.order.len(), page)),
            Pane::Violations => {
                self.violation = moved(self.violation, action, self.seen().violations.len(), page);
            }
            Pane::Run => {
                let failures = self.seen().progress.as_ref().map_or(0, |progress| progress.done.len());
                self.outcome = moved(self.outcome, action, failures, page);
            }
            Pane::Charts | Pane::Histograms => {}
        }
    }

    /// How many rows of what keys go to are in sight.
    fn page(&self) -> usize {
        let Some(layout) = Layout::of(self) else { return 1 };
        let area = layout.detail.map(|[_, frames, payload]| if self.zoom { payload } else { frames });
        let area = area.or_else(|| layout.area(self.pane));
        usize::from(area.map_or(1, |area| inside(area).height.saturating_sub(1))).max(1)
    }

    /// How many lines the payload has that is zoomed.
    fn payload_lines(&self) -> usize {
        let area = Layout::of(self).and_then(|layout| layout.detail).map(|[_, _, payload]| inside(payload));
        let frame = self.detail.as_ref().and_then(|detail| detail.frames.at(detail.frames.place()));
        let both = area.zip(frame).filter(|_| self.zoom);
        both.map_or(0, |(area, frame)| payload::lines(frame, self.as_bytes, area.width.into()).len())
    }

    fn sort_by_next(&mut self) {
        let columns: Vec<_> = Column::ALL.into_iter().filter(|column| self.columns.contains(column)).collect();
        let at = columns.iter().position(|column| *column == self.sort.0);
        let next = at.map_or(0, |at| (at + 1) % columns.len().max(1));
        if let Some(column) = columns.get(next) {
            self.sort_by(*column);
        }
    }

    /// Sorts by a column; by the same one again, the other way round.
    pub(super) fn sort_by(&mut self, column: Column) {
        self.sort = if self.sort.0 == column { (column, !self.sort.1) } else { (column, column.falls()) };
        self.arrange();
    }

    fn toggle(&mut self, column: Column) {
        match self.columns.iter().position(|of| *of == column) {
            // One has to be left.
            Some(_) if self.columns.len() == 1 => {}
            Some(at) => {
                self.columns.remove(at);
            }
            None => self.columns.push(column),
        }
    }

    /// Keeps what is selected in sight, and places within what there is.
    fn settle(&mut self) {
        self.violation = self.violation.min(self.seen().violations.len().saturating_sub(1));
        if !self.panes().any(|pane| pane == self.pane) {
            self.pane = Pane::Connections;
        }
        let height = Layout::of(self).and_then(|layout| layout.area(Pane::Connections));
        let rows = usize::from(height.map_or(1, |area| inside(area).height.saturating_sub(1))).max(1);
        let List { order, at, top, .. } = &mut self.list;
        *at = (*at).min(order.len().saturating_sub(1));
        *top = (*top).min(order.len().saturating_sub(rows)).min(*at).max((*at + 1).saturating_sub(rows));
    }
}

/// Where one is after a move, among so many.
pub(super) fn moved(at: usize, action: Action, among: usize, page: usize) -> usize {
    let last = among.saturating_sub(1);
    let to = match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => at.saturating_add(1),
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => at.saturating_add(page),
        Action::Home => 0,
        Action::End => last,
        _ => at,
    };
    to.min(last)
}
