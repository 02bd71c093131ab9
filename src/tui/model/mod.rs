//! Everything that the dashboard knows, and what of it is shown. Nothing here asks a clock or does anything.

mod column;
mod fields;
mod history;
mod rows;
mod seen;
mod tail;

use std::time::Duration;

use ratatui::layout::Size;
use tui_input::Input;

pub use self::column::Column;
pub use self::fields::FIELDS;
pub use self::history::Window;
pub(super) use self::history::{History, Series};
use self::rows::Speedometer;
pub(super) use self::rows::{Condition, Line, Speeds};
pub(super) use self::seen::Seen;
pub(super) use self::tail::Frames;
use super::theme::Theme;
use crate::capture::{FieldFilter, FilterError};
use crate::proto::ConnectionId;
use crate::watch::Row;
use crate::watch::live::{News, Playing, State};

/// A part of the screen that keys can go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pane {
    /// A conformance run.
    Run,
    /// Who is connected.
    #[default]
    Connections,
    /// Rates over time.
    Charts,
    /// How sizes and times are spread.
    Histograms,
    /// Rules that were broken.
    Violations,
}

/// What lies over the panes.
#[derive(Clone, Debug, Default)]
pub(super) enum Overlay {
    #[default]
    None,
    /// The keys, from this line on.
    Help(u16),
    /// The choice of columns, at this one.
    Columns(usize),
    /// The filter that is being written.
    Filter(Box<Writing>),
}

/// A filter that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Writing {
    pub(super) input: Input,
    pub(super) error: Option<FilterError>,
    /// The one that was there before.
    pub(super) before: Option<FieldFilter>,
    pub(super) before_text: String,
}

/// The connection that is looked into.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) id: ConnectionId,
    /// As it was seen last, for when it is no longer told.
    pub(super) row: Option<Row>,
    pub(super) frames: Frames,
    /// How far its payload is scrolled, in lines.
    pub(super) scroll: u16,
}

/// Something that is said for a while.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) words: String,
    pub(super) is_bad: bool,
    pub(super) left: Duration,
}

/// How the table of connections is ordered and where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    /// The rows that are shown, by their places in the snapshot.
    pub(super) order: Vec<u32>,
    /// The one that is selected, once somebody has selected one.
    pub(super) selected: Option<ConnectionId>,
    /// Its place.
    pub(super) at: usize,
    /// The first that is in sight.
    pub(super) top: usize,
}

/// How the dashboard begins.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is watched, as the header names it.
    pub source: String,
    /// How it looks.
    pub theme: Theme,
    /// How much time charts show.
    pub window: Window,
    /// A filter, as it is written on the filter line.
    pub filter: Option<String>,
    /// Whether the mouse is for the dashboard, and not for the terminal's own selecting.
    pub mouse: bool,
}

impl Options {
    /// What is usual, for a source of this name.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), theme: Theme::Dark, window: Window::One, filter: None, mouse: true }
    }
}

/// Everything that the dashboard knows.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) source: String,
    pub(super) size: Size,
    pub(super) state: Option<State>,
    /// Until the source is tried again.
    pub(super) retry: Duration,
    /// Where the replay of a capture stands, if that is what is watched.
    pub(super) playing: Option<Playing>,
    live: Seen,
    frozen: Option<Box<Seen>>,
    speedometer: Speedometer,
    pub(super) list: List,
    pub(super) columns: Vec<Column>,
    pub(super) sort: (Column, bool),
    pub(super) filter: Option<FieldFilter>,
    pub(super) filter_text: String,
    pub(super) pane: Pane,
    pub(super) zoom: bool,
    pub(super) window: Window,
    pub(super) theme: Theme,
    pub(super) overlay: Overlay,
    pub(super) detail: Option<Detail>,
    pub(super) as_bytes: bool,
    /// How far long texts are moved to the left.
    pub(super) shift: u16,
    /// How far the violations are scrolled: the selected one, from the newest.
    pub(super) violation: usize,
    /// How far the run is scrolled.
    pub(super) outcome: usize,
    pub(super) notice: Option<Notice>,
    /// The last click, so that a second one means more.
    pub(super) clicked: Option<ConnectionId>,
}

impl Model {
    /// A dashboard that has heard nothing yet, on a screen of this size.
    pub fn new(options: Options, size: Size) -> Self {
        let mut model = Self {
            source: options.source,
            size,
            state: None,
            retry: Duration::ZERO,
            playing: None,
            live: Seen::default(),
            frozen: None,
            speedometer: Speedometer::default(),
            list: List::default(),
            columns: Column::ALL.into_iter().filter(|column| *column != Column::Subprotocol).collect(),
            sort: (Column::Id, false),
            filter: None,
            filter_text: String::new(),
            pane: Pane::Connections,
            zoom: false,
            window: options.window,
            theme: options.theme,
            overlay: Overlay::None,
            detail: None,
            as_bytes: false,
            shift: 0,
            violation: 0,
            outcome: 0,
            notice: None,
            clicked: None,
        };
        if let Some(text) = options.filter {
            match FieldFilter::parse(&text, &FIELDS) {
                Ok(filter) => (model.filter, model.filter_text) = (Some(filter), text),
                Err(error) => model.say(error.words(), true),
            }
        }
        model
    }

    /// What is shown: what is known, or what was known when it was frozen.
    pub(super) fn seen(&self) -> &Seen {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    pub(super) const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Holds what is shown, or goes on.
    pub(super) fn freeze(&mut self, hold: bool) {
        self.frozen = hold.then(|| Box::new(self.live.clone()));
        self.arrange();
    }

    /// Says something for a while.
    pub(super) fn say(&mut self, words: impl Into<String>, is_bad: bool) {
        let left = Duration::from_secs(if is_bad { 10 } else { 5 });
        self.notice = Some(Notice { words: words.into(), is_bad, left });
    }

    /// Takes up what a source tells.
    pub fn hear(&mut self, news: News) {
        match news {
            News::State(state) => {
                if let State::Lost { retry_ms, .. } = &state {
                    self.retry = Duration::from_millis(*retry_ms);
                    // All of them are told again.
                    self.live.forget_violations();
                    self.violation = 0;
                }
                self.state = Some(state);
            }
            News::Snapshot(snapshot) => {
                self.state.get_or_insert(State::Live);
                let before = self.live.snapshot_shown().map(|before| before.began);
                if before.is_some_and(|before| before != snapshot.began) {
                    // Another start of the server: its numbers are those of other connections.
                    self.look_into(None);
                    self.list.selected = None;
                }
                self.live.snapshot(*snapshot, &mut self.speedometer);
                if !self.is_frozen() {
                    self.arrange();
                }
            }
            News::Frames(tail) => self.frames(tail.connection, tail.missed, tail.frames),
            News::Violations(violations) => {
                let many = violations.len();
                self.live.violations(violations);
                // The one that is selected stays so, though newer ones come before it.
                if !self.is_frozen() && self.violation > 0 {
                    self.violation = (self.violation + many).min(self.live.violations.len().saturating_sub(1));
                }
            }
            News::Playing(playing) => self.playing = Some(playing),
            News::Run(progress) => {
                if self.live.progress.is_none() && self.live.shown.is_none() {
                    self.pane = Pane::Run;
                }
                self.live.progress(*progress);
            }
        }
    }

    fn frames(&mut self, id: ConnectionId, missed: u64, frames: Vec<crate::watch::live::Passed>) {
        let is_frozen = self.is_frozen();
        let Some(detail) = self.detail.as_mut().filter(|detail| detail.id == id) else { return };
        detail.frames.missed = detail.frames.missed.saturating_add(missed);
        // What is looked at holds still; what is only now looked into fills itself once.
        if is_frozen && detail.frames.len() > 0 {
            detail.frames.missed = detail.frames.missed.saturating_add(frames.len() as u64);
            return;
        }
        frames.into_iter().for_each(|frame| detail.frames.push(frame));
    }

    /// Looks into a connection, or out of it.
    pub(super) fn look_into(&mut self, id: Option<ConnectionId>) {
        let seen = self.seen();
        self.detail = id.map(|id| Detail {
            id,
            row: seen.find(id).map(|line| line.row.clone()),
            frames: Frames::default(),
            scroll: 0,
        });
        self.zoom = false;
    }

    /// The rows that are shown, filtered and in order. It is done when they change, never when they are drawn.
    pub(super) fn arrange(&mut self) {
        let seen = self.frozen.as_deref().unwrap_or(&self.live);
        self.list.order = seen.order(self.filter.as_ref(), self.sort);
        let position = self.list.selected.and_then(|id| {
            self.list.order.iter().position(|&place| seen.line(place).is_some_and(|line| line.row.id == id))
        });
        match position {
            Some(at) => self.list.at = at,
            None => self.list.at = self.list.at.min(self.list.order.len().saturating_sub(1)),
        }
        if let Some(detail) = &mut self.detail
            && let Some(line) = seen.find(detail.id)
        {
            detail.row = Some(line.row.clone());
        }
    }

    /// The row at a place of the table.
    pub(super) fn line(&self, at: usize) -> Option<Line<'_>> {
        self.list.order.get(at).and_then(|&place| self.seen().line(place))
    }

    /// Selects a place of the table.
    pub(super) fn select(&mut self, at: usize) {
        let at = at.min(self.list.order.len().saturating_sub(1));
        self.list.at = at;
        self.list.selected = self.line(at).map(|line| line.row.id);
    }

    /// The panes that there are.
    pub(super) fn panes(&self) -> impl Iterator<Item = Pane> + use<> {
        let has_run = self.seen().progress.is_some();
        let all = [Pane::Run, Pane::Connections, Pane::Charts, Pane::Histograms, Pane::Violations];
        all.into_iter().filter(move |pane| has_run || *pane != Pane::Run)
    }

    /// What keeps memory bounded, counted: rows, samples, violations, frames.
    #[doc(hidden)]
    pub fn kept(&self) -> [usize; 4] {
        let seen = [Some(&self.live), self.frozen.as_deref()];
        let most = |of: fn(&Seen) -> usize| seen.into_iter().flatten().map(of).max().unwrap_or_default();
        [
            most(Seen::rows),
            most(|seen| seen.history.len()),
            most(|seen| seen.violations.len()),
            self.detail.as_ref().map_or(0, |detail| detail.frames.len()),
        ]
    }
}
