//! Rates of the last minutes, one sample a second. What is kept is bounded in time and in memory.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::watch::{Rates, Snapshot, Totals};

/// The rates of one second; `None` where nothing is known of it.
pub(in crate::tui) type Sample = Option<[f64; 4]>;

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Series {
    MessagesIn,
    MessagesOut,
    BytesIn,
    BytesOut,
}

/// How much time charts show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// One minute.
    #[default]
    One,
    /// Five minutes.
    Five,
    /// Fifteen minutes.
    Fifteen,
}

impl Window {
    /// The next larger one, or the smallest.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::One => Self::Five,
            Self::Five => Self::Fifteen,
            Self::Fifteen => Self::One,
        }
    }

    /// How long it is, in minutes.
    pub const fn minutes(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Five => 5,
            Self::Fifteen => 15,
        }
    }
}

/// Where the sample that comes next begins.
#[derive(Clone, Debug)]
struct Mark {
    began: Timestamp,
    at: Timestamp,
    uptime: Duration,
    totals: Totals,
}

/// Samples, the oldest first.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct History {
    samples: VecDeque<Sample>,
    mark: Option<Mark>,
}

impl History {
    /// A quarter of an hour.
    pub(in crate::tui) const MOST: usize = 15 * 60;

    /// Takes up what has happened until now.
    pub(in crate::tui) fn feed(&mut self, snapshot: &Snapshot) {
        let next =
            Mark { began: snapshot.began, at: snapshot.at, uptime: snapshot.uptime, totals: snapshot.totals.clone() };
        let Some(mark) = &self.mark else {
            self.mark = Some(next);
            return;
        };
        let Ok(passed) = Duration::try_from(snapshot.at.duration_since(mark.at)) else {
            // Time went back: what is watched is something else.
            *self = Self { samples: VecDeque::new(), mark: Some(next) };
            return;
        };
        // A snapshot that comes a little early still ends its second.
        let seconds = (passed + Duration::from_millis(100)).as_secs();
        if seconds == 0 {
            return;
        }
        let over = snapshot.uptime.checked_sub(mark.uptime).filter(|_| mark.began == snapshot.began);
        let rates = over.and_then(|over| Rates::between(&mark.totals, &snapshot.totals, over));
        let sample =
            rates.map(|rates| [rates.received.messages, rates.sent.messages, rates.received.bytes, rates.sent.bytes]);
        for _ in 0..seconds.min(Self::MOST as u64) {
            if self.samples.len() == Self::MOST {
                self.samples.pop_front();
            }
            self.samples.push_back(sample);
        }
        self.mark = Some(next);
    }

    /// How many samples there are.
    pub(in crate::tui) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The last sample.
    pub(in crate::tui) fn last(&self, series: Series) -> Option<f64> {
        self.samples.back().copied().flatten().map(|sample| sample[series as usize])
    }

    /// So many columns for so much time, the last sample in the last: each the mean of what falls into it.
    pub(in crate::tui) fn columns(&self, series: Series, window: Window, columns: u16) -> Vec<Option<f64>> {
        let span = usize::from(window.minutes()) * 60;
        let columns = usize::from(columns);
        let value = |age: usize| {
            let at = self.samples.len().checked_sub(age + 1)?;
            self.samples.get(at).copied().flatten().map(|sample| sample[series as usize])
        };
        (0..columns)
            .map(|column| {
                let back = columns - 1 - column;
                let (first, last) =
                    (back * span / columns, ((back + 1) * span / columns).max(back * span / columns + 1));
                let known = (first..last).filter_map(value);
                let (count, sum) = known.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
                (count > 0).then(|| sum / f64::from(count))
            })
            .collect()
    }
}
