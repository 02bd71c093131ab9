//! UTF-8 that arrives in pieces (RFC 6455, section 8.1; RFC 3629).

/// The text is not UTF-8, whatever may still follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not UTF-8")]
pub struct InvalidUtf8;

/// A validator for text that arrives in pieces, cut anywhere, also inside a code point.
///
/// It fails fast: [`Utf8::feed`] refuses the first piece after which no continuation could make the text valid.
/// It copies nothing and holds at most the three bytes of a code point that was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    cut: [u8; 3],
    held: u8,
}

impl Utf8 {
    /// A validator at the start of a text.
    pub const fn new() -> Self {
        Self { cut: [0; 3], held: 0 }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// If the text so far is not the beginning of any UTF-8 text. The validator is then at the start of a new text.
    #[inline]
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        let rest = if self.held == 0 { piece } else { self.mend(piece)? };
        if rest.is_empty() || is_utf8(rest) { Ok(()) } else { self.cut_off(rest) }
    }

    /// Ends the text.
    ///
    /// # Errors
    /// If it ends inside a code point. Either way the validator is then at the start of a new text.
    #[inline]
    pub fn finish(&mut self) -> Result<(), InvalidUtf8> {
        if std::mem::take(self).held == 0 { Ok(()) } else { Err(InvalidUtf8) }
    }

    /// Whether the text so far ends between two code points.
    pub const fn is_whole(&self) -> bool {
        self.held == 0
    }

    /// Completes the code point that the last piece cut, and gives back what follows it.
    #[cold]
    fn mend<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], InvalidUtf8> {
        let held = usize::from(self.held);
        let mut point = [0; 4];
        point[..held].copy_from_slice(&self.cut[..held]);
        for (taken, &byte) in piece.iter().enumerate() {
            let size = held + taken + 1;
            point[size - 1] = byte;
            match prefix(&point[..size]) {
                Prefix::Whole => {
                    *self = Self::new();
                    return Ok(&piece[taken + 1..]);
                }
                Prefix::Cut => {
                    self.cut[..size].copy_from_slice(&point[..size]);
                    self.held = size as u8;
                }
                Prefix::Invalid => {
                    *self = Self::new();
                    return Err(InvalidUtf8);
                }
            }
        }
        Ok(&[])
    }

    /// `rest` is not whole: holds on to its end if that is a code point that was cut.
    #[cold]
    fn cut_off(&mut self, rest: &[u8]) -> Result<(), InvalidUtf8> {
        let error = match std::str::from_utf8(rest) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if error.error_len().is_some() {
            return Err(InvalidUtf8);
        }
        let tail = &rest[error.valid_up_to()..];
        self.cut[..tail.len()].copy_from_slice(tail);
        self.held = tail.len() as u8;
        Ok(())
    }
}

/// Below this many bytes a plain check is as fast as a vectorised one.
const SHORT: usize = 64;

/// Whether these bytes are a whole text in UTF-8.
#[inline]
pub fn is_utf8(text: &[u8]) -> bool {
    if text.len() < SHORT {
        text.is_ascii() || std::str::from_utf8(text).is_ok()
    } else {
        simdutf8::basic::from_utf8(text).is_ok()
    }
}

enum Prefix {
    Whole,
    Cut,
    Invalid,
}

fn prefix(point: &[u8]) -> Prefix {
    match std::str::from_utf8(point) {
        Ok(_) => Prefix::Whole,
        Err(error) if error.error_len().is_none() => Prefix::Cut,
        Err(_) => Prefix::Invalid,
    }
}
