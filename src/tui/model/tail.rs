//! The last frames of the connection that is looked into. How many, and how much of them, is bounded.

use std::collections::VecDeque;

use crate::watch::live::Passed;

/// Frames, the oldest first.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Frames {
    kept: VecDeque<Passed>,
    bytes: usize,
    /// How many were here before the first that is kept.
    pub(in crate::tui) before: u64,
    /// How many went by without being told.
    pub(in crate::tui) missed: u64,
    /// The number of the frame that is selected; the last one if none is.
    selected: Option<u64>,
}

fn size(frame: &Passed) -> usize {
    frame.payload.len() + frame.inflated.as_ref().map_or(0, Vec::len)
}

impl Frames {
    /// The most frames.
    pub(in crate::tui) const MOST: usize = 1000;
    /// The most bytes of their payloads.
    pub(in crate::tui) const BYTES: usize = 2 << 20;

    pub(in crate::tui) fn push(&mut self, mut frame: Passed) {
        for payload in [Some(&mut frame.payload), frame.inflated.as_mut()].into_iter().flatten() {
            payload.truncate(Passed::KEPT);
            payload.shrink_to_fit();
        }
        self.bytes += size(&frame);
        self.kept.push_back(frame);
        while self.kept.len() > Self::MOST || self.bytes > Self::BYTES {
            let Some(gone) = self.kept.pop_front() else { break };
            self.bytes -= size(&gone);
            self.before += 1;
        }
    }

    pub(in crate::tui) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The frame at a place among those that are kept.
    pub(in crate::tui) fn at(&self, place: usize) -> Option<&Passed> {
        self.kept.get(place)
    }

    /// Whether the last frame is selected, whichever that is.
    pub(in crate::tui) const fn follows(&self) -> bool {
        self.selected.is_none()
    }

    /// The place of the one that is selected.
    pub(in crate::tui) fn place(&self) -> usize {
        let last = self.kept.len().saturating_sub(1);
        let selected = self.selected.map(|number| usize::try_from(number.saturating_sub(self.before)).unwrap_or(last));
        selected.map_or(last, |place| place.min(last))
    }

    /// Selects the one at a place; the last place follows what comes.
    pub(in crate::tui) fn select(&mut self, place: usize) {
        self.selected = (place + 1 < self.kept.len()).then(|| self.before + place as u64);
    }
}
