//! Masking keys.

/// Where masking keys come from: four bytes that nobody can foretell (RFC 6455, section 5.3).
pub trait MaskingKeys: Send {
    /// The next key.
    fn next_key(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4] + Send> MaskingKeys for F {
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}
