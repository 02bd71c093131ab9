//! What one end said, before it is a WebSocket.

use super::LIMITS;
use crate::capture::session::held::Held;
use crate::capture::session::http::{Beginning, Body, beginning};
use crate::capture::session::seek::Seeker;

/// What an end said.
#[derive(Debug)]
pub(super) struct Talker {
    pub(super) state: State,
    pub(super) held: Held,
    /// Where in the stream the first byte is that is held, by whomever.
    pub(super) offset: u64,
    /// How much of what is held has no empty line.
    pub(super) searched: usize,
    /// What begins, once that is known.
    pub(super) begins: Option<Beginning>,
}

impl Talker {
    /// What begins here. A long head is looked at once.
    pub(super) fn beginning(&mut self) -> Beginning {
        if let Some(begins) = self.begins {
            return begins;
        }
        let begins = beginning(self.held.bytes());
        if matches!(begins, Beginning::Request | Beginning::Response) {
            self.begins = Some(begins);
        }
        begins
    }

    /// Whether a head may be whole, or is too long to wait for.
    pub(super) fn has_head(&mut self) -> bool {
        let bytes = self.held.bytes();
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let from = self.searched.saturating_sub(3).max(blank).min(bytes.len());
        let new = &bytes[from..];
        let found = new.windows(2).any(|two| two == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n");
        if !found {
            self.searched = bytes.len();
        }
        found || bytes.len() >= LIMITS.max_bytes
    }

    /// Takes a head from the front.
    pub(super) fn take(&mut self, size: usize) {
        self.held.drop_front(size);
        self.offset += size as u64;
        self.forget();
    }

    /// What is held is not what was looked at.
    pub(super) const fn forget(&mut self) {
        self.searched = 0;
        self.begins = None;
    }

    /// A body begins, of which some may be there already.
    pub(super) fn begin(&mut self, mut body: Body) {
        if body.is_over() {
            return;
        }
        let (count, over) = body.pass(self.held.bytes());
        self.take(count);
        if !over {
            self.state = State::Body(body);
        }
    }
}

#[derive(Debug)]
pub(super) enum State {
    /// A head begins.
    Head,
    Body(Body),
    /// Nobody knows what comes.
    Adrift(Box<Seeker>),
}
