//! What DEFLATE works with, lent by the thread.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress};

/// So many of each kind are kept for the next who needs one.
const KEPT: usize = 4;

thread_local! {
    static INFLATING: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
    static DEFLATING: RefCell<Vec<(Settings, Compress)>> = const { RefCell::new(Vec::new()) };
}

/// What a compressor is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// 0 to 9.
    pub(super) level: u8,
    /// 9 to 15.
    pub(super) window_bits: u8,
}

/// A decompressor at the start of a stream. Its window is the largest: of a smaller one it would depend on how the
/// bytes are cut whether it were noticed that a message refers too far back.
pub(super) fn decompressor() -> Decompress {
    match INFLATING.with_borrow_mut(Vec::pop) {
        Some(mut decompressor) => {
            decompressor.reset(false);
            decompressor
        }
        None => Decompress::new(false),
    }
}

/// Gives a decompressor back.
pub(super) fn keep_decompressor(decompressor: Decompress) {
    // While the thread ends there is nobody to keep it.
    let _kept = INFLATING.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < KEPT {
            kept.push(decompressor);
        }
    });
}

/// A compressor at the start of a stream.
pub(super) fn compressor(settings: Settings) -> Compress {
    let kept = DEFLATING.with_borrow_mut(|kept| {
        let index = kept.iter().position(|(made_for, _)| *made_for == settings)?;
        Some(kept.swap_remove(index).1)
    });
    match kept {
        Some(mut compressor) => {
            compressor.reset();
            compressor
        }
        None => {
            let level = Compression::new(settings.level.into());
            Compress::new_with_window_bits(level, false, settings.window_bits)
        }
    }
}

/// Gives a compressor back.
pub(super) fn keep_compressor(settings: Settings, compressor: Compress) {
    // As above.
    let _kept = DEFLATING.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() == KEPT {
            // Whoever comes next is as likely to want these settings as any others.
            kept.remove(0);
        }
        kept.push((settings, compressor));
    });
}
