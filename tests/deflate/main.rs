//! `proto::deflate`: permessage-deflate (RFC 7692), what is negotiated and what is compressed.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod deflating;
mod inflating;
mod joining;
mod negotiation;
mod parameters;
mod properties;
mod reach;

use wslab::proto::deflate::{Deflater, Direction, InflateError, Inflater};
use wslab::proto::opening::Extension;

/// Contexts are taken over, in a window of so many bits.
pub(crate) const fn takeover(window_bits: u8) -> Direction {
    Direction { context_takeover: true, window_bits }
}

/// Every message stands for itself.
pub(crate) const fn no_takeover(window_bits: u8) -> Direction {
    Direction { context_takeover: false, window_bits }
}

/// The only extension of a list.
pub(crate) fn extension(text: &str) -> Extension {
    let mut list = Extension::parse_list(text.as_bytes()).unwrap();
    assert_eq!(list.len(), 1, "{text}");
    list.remove(0)
}

/// A list of extensions.
pub(crate) fn extensions(text: &str) -> Vec<Extension> {
    Extension::parse_list(text.as_bytes()).unwrap()
}

/// A whole message inflated, in one piece.
pub(crate) fn inflate(inflater: &mut Inflater, compressed: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut out = Vec::new();
    inflater.inflate(compressed, true, &mut out, 1 << 24)?;
    Ok(out)
}

/// A whole message compressed.
pub(crate) fn deflate(deflater: &mut Deflater, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    deflater.deflate(payload, &mut out);
    out
}
