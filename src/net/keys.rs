//! Masking keys and nonces from the system's generator.

use crate::proto::MaskingKeys;

/// Bytes that are fetched from the system at once: 256 keys.
const BATCH: usize = 1024;

/// Masking keys of the system's generator (RFC 6455, section 5.3), fetched in batches.
#[derive(Debug)]
pub struct SystemKeys {
    batch: Box<[u8; BATCH]>,
    used: usize,
}

impl SystemKeys {
    /// Keys that are fetched when the first is wanted.
    pub fn new() -> Self {
        Self { batch: Box::new([0; BATCH]), used: BATCH }
    }
}

impl Default for SystemKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl MaskingKeys for SystemKeys {
    fn next_key(&mut self) -> [u8; 4] {
        if self.used == BATCH {
            fill(&mut self.batch[..]);
            self.used = 0;
        }
        let mut key = [0; 4];
        key.copy_from_slice(&self.batch[self.used..self.used + 4]);
        self.used += 4;
        key
    }
}

/// The 16 bytes of a Sec-WebSocket-Key (section 4.1), from the system's generator.
///
/// # Panics
/// If the system has no generator.
pub fn nonce() -> [u8; 16] {
    let mut nonce = [0; 16];
    fill(&mut nonce);
    nonce
}

/// # Panics
/// If the system has no generator: then nothing that is sent could be safe.
fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the system's random generator failed: {error}");
    }
}
