//! What we send, compressed, with nothing compressed twice that many cases send.
//!
//! Cases that walk through one document in steps of one size send the same compressed messages wherever the same was
//! agreed. So these are made once, kept within a bound, and shared by all connections, those that run at the same time
//! too. What a connection sends does not depend on whether its messages were there already, but for this: where the
//! bound leaves no room the messages are made for the connection alone, and then the first of them refers to none
//! before it, which every compressor is free to do.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::conform::Payload;
use crate::proto::deflate::{Deflater, Direction};

/// The level of our compression: the least that makes Huffman codes of its own for every block, as what targets meet in
/// the wild does. It is two to three times as fast as zlib's default.
const LEVEL: u8 = 2;

/// Bytes that are kept of all sequences together.
const MOST: usize = 64 << 20;

/// Compresses the messages of one connection.
pub(super) struct Compressor {
    direction: Direction,
    shared: Option<(Arc<Sequence>, u64)>,
    own: Option<Deflater>,
}

impl Compressor {
    pub(super) fn new(direction: Direction) -> Self {
        Self { direction, shared: None, own: None }
    }

    /// The compressed payload of a round of a repetition; `None` if what was agreed leaves no way to compress.
    pub(super) fn compress(&mut self, payload: &Payload, round: u64) -> Option<Bytes> {
        self.shared(payload, round).or_else(|| {
            // What comes now may refer to what this deflater made alone.
            self.shared = None;
            let own = match &mut self.own {
                Some(own) => own,
                none => none.insert(Deflater::new(LEVEL, self.direction)?),
            };
            let mut out = Vec::new();
            own.deflate(&payload.in_round(round).bytes(), &mut out);
            Some(out.into())
        })
    }

    /// The same from a sequence, if it is the next of one from whose start on this connection follows it.
    fn shared(&mut self, payload: &Payload, round: u64) -> Option<Bytes> {
        if self.shared.is_none() && self.own.is_none() && round == 0 {
            let sequence = Sequence::of(Key { payload: payload.clone(), direction: self.direction })?;
            self.shared = Some((sequence, 0));
        }
        let (sequence, next) =
            self.shared.as_mut().filter(|(sequence, next)| *next == round && sequence.key.payload == *payload)?;
        *next += 1;
        sequence.message(round)
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// What a sequence depends on.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    payload: Payload,
    direction: Direction,
}

/// The compressed messages of a walk through a document, as far as they were wanted yet.
struct Sequence {
    key: Key,
    made: Mutex<Made>,
}

struct Made {
    messages: Vec<Bytes>,
    deflater: Deflater,
    /// The message that is being made; kept for its memory.
    making: Vec<u8>,
    bytes: usize,
    /// There was no room for more.
    full: bool,
}

/// The sequences, those used last at the end.
static SEQUENCES: Mutex<Vec<Arc<Sequence>>> = Mutex::new(Vec::new());

/// Bytes of all sequences, those included that only connections still hold.
static HELD: AtomicUsize = AtomicUsize::new(0);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sequence {
    fn of(key: Key) -> Option<Arc<Self>> {
        if !matches!(key.payload, Payload::Part { .. }) {
            return None;
        }
        let mut sequences = lock(&SEQUENCES);
        let sequence = match sequences.iter().position(|sequence| sequence.key == key) {
            Some(index) => sequences.remove(index),
            None => {
                let deflater = Deflater::new(LEVEL, key.direction)?;
                let made = Made { messages: Vec::new(), deflater, making: Vec::new(), bytes: 0, full: false };
                Arc::new(Self { key, made: Mutex::new(made) })
            }
        };
        sequences.push(Arc::clone(&sequence));
        Some(sequence)
    }

    /// The message of a round, if it is there or is the next and there is room for it.
    fn message(&self, round: u64) -> Option<Bytes> {
        let mut made = lock(&self.made);
        let index = usize::try_from(round).ok()?;
        if let Some(message) = made.messages.get(index) {
            return Some(message.clone());
        }
        if made.full || index != made.messages.len() {
            return None;
        }
        let Made { messages, deflater, making, bytes, full } = &mut *made;
        making.clear();
        deflater.deflate(&self.key.payload.in_round(round).bytes(), making);
        *full = !make_room(making.len());
        if *full {
            *making = Vec::new();
            return None;
        }
        *bytes += making.len();
        let message = Bytes::copy_from_slice(making);
        messages.push(message.clone());
        Some(message)
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        HELD.fetch_sub(made.bytes, Ordering::Relaxed);
    }
}

/// Makes room for so many bytes, by forgetting the sequences that were not used for longest and that nobody follows.
fn make_room(bytes: usize) -> bool {
    if HELD.fetch_add(bytes, Ordering::Relaxed) + bytes <= MOST {
        return true;
    }
    let mut sequences = lock(&SEQUENCES);
    while HELD.load(Ordering::Relaxed) > MOST {
        let Some(index) = sequences.iter().position(|sequence| Arc::strong_count(sequence) == 1) else {
            HELD.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        };
        sequences.remove(index);
    }
    true
}
