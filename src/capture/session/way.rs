//! One direction of an open WebSocket: frames and the messages they make.

use super::pings::Pings;
use super::seek::Seeker;
use crate::capture::{Opaque, Place};
use crate::proto::deflate::Direction;
use crate::proto::{Flow, Joiner, Kind, Role, Rules};
use crate::wire::Head;

/// What is kept of a direction.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) flow: Flow,
    pub(super) joiner: Joiner,
    /// Where in the TCP stream the flow begins.
    pub(super) base: u64,
    /// Where in the flow the frame begins that is being read, or the next one.
    pub(super) start: u64,
    pub(super) frame: Option<Partial>,
    pub(super) message: Option<Unfinished>,
    /// The payload of the frame, if it is wanted and came in pieces.
    pub(super) payload: Vec<u8>,
    /// Looks for a frame after a loss.
    pub(super) seeker: Option<Box<Seeker>>,
    /// The pings that were sent in this direction.
    pub(super) pings: Pings,
    /// The packet with the first close frame.
    pub(super) closed: Option<Place>,
    /// The packet with the last frame or part of one.
    pub(super) last: Place,
    /// Whether anything is missing.
    pub(super) torn: bool,
    /// The packet with the first frame that has to make the other end fail the connection.
    pub(super) broken: Option<Place>,
    /// The TCP direction has ended: where, and whether by a reset.
    pub(super) ended: Option<(Place, bool)>,
}

/// A frame of which not everything came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partial {
    pub(super) head: Head,
    pub(super) captured: u64,
    pub(super) faults: Rules,
}

/// A message that is not finished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished {
    pub(super) kind: Kind,
    pub(super) first: Place,
    pub(super) frames: u64,
    pub(super) wire: u64,
    pub(super) compressed: bool,
    pub(super) opaque: Option<Opaque>,
}

impl Way {
    /// A direction that begins at `base` of the TCP stream; with compression if `deflate` says how.
    pub(super) fn new(sender: Role, base: u64, deflate: Option<Direction>, max_message: usize) -> Self {
        let reserved = if deflate.is_some() { Head::RSV1 } else { 0 };
        let joiner = Joiner::new(u64::MAX, max_message);
        Self {
            flow: Flow::new(sender).with_reserved(reserved),
            joiner: match deflate {
                Some(direction) => joiner.inflating(direction),
                None => joiner,
            },
            base,
            start: 0,
            frame: None,
            message: None,
            payload: Vec::new(),
            seeker: None,
            pings: Pings::default(),
            closed: None,
            last: Place::default(),
            torn: false,
            broken: None,
            ended: None,
        }
    }

    /// The same, but its beginning was not captured.
    pub(super) fn adrift(sender: Role, base: u64, deflate: Option<Direction>, max_message: usize) -> Self {
        let mut this = Self::new(sender, base, deflate, max_message);
        let reserved = if deflate.is_some() { Head::RSV1 } else { 0 };
        this.flow = Flow::adrift(sender).with_reserved(reserved);
        this.joiner.adrift();
        this.torn = true;
        this.seek();
        this
    }

    /// Looks for the next frame.
    pub(super) fn seek(&mut self) {
        let reserved = if self.reserves() { Head::RSV1 } else { 0 };
        self.seeker = Some(Box::new(Seeker::new(Some(self.flow.sender()), reserved)));
    }

    /// Whether messages may be compressed here.
    pub(super) const fn reserves(&self) -> bool {
        self.flow.reserved() != 0
    }
}
