//! Messages compressed on their way out, where that is worth it.

use std::cell::Cell;

use crate::proto::Role;
use crate::proto::deflate::{Agreed, Config, Deflater, Direction};

/// Compresses messages of one endpoint.
#[derive(Debug)]
pub(super) struct Packing {
    deflater: Deflater,
    threshold: usize,
}

/// A thread's buffer for compressed messages that grew beyond this is given back, in bytes.
const KEPT: usize = 1 << 20;

thread_local! {
    static PACKED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How `sender` compresses by what is agreed on, within what its own configuration wants.
pub(super) fn outgoing(config: &Config, agreed: &Agreed, sender: Role) -> Direction {
    let agreed = agreed.direction(sender);
    let (context_takeover, window_bits) = match sender {
        Role::Client => (config.client_takeover, config.client_window_bits),
        Role::Server => (config.server_takeover, config.server_window_bits),
    };
    Direction {
        context_takeover: agreed.context_takeover && context_takeover,
        window_bits: agreed.window_bits.min(window_bits),
    }
}

impl Packing {
    /// `None` if nothing can be compressed in this direction.
    pub(super) fn new(config: &Config, direction: Direction) -> Option<Self> {
        let deflater = Deflater::new(config.level, direction)?;
        Some(Self { deflater, threshold: config.threshold })
    }

    /// Lends `send` the compressed payload; does nothing, and says so, if it is better sent as it is.
    pub(super) fn pack(&mut self, payload: &[u8], send: impl FnOnce(&[u8])) -> bool {
        if payload.len() < self.threshold {
            return false;
        }
        let mut packed = PACKED.take();
        packed.clear();
        self.deflater.deflate(payload, &mut packed);
        // With takeover the peer has to see what later messages will refer to.
        let worth_it = packed.len() < payload.len() || self.deflater.takes_over();
        if worth_it {
            send(&packed);
        }
        if packed.capacity() <= KEPT {
            PACKED.set(packed);
        }
        worth_it
    }
}
