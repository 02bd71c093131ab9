//! UTF-8 (RFC 3629), one byte after another.

use crate::fault::{Fault, Switch};

#[derive(Clone, Debug)]
pub(super) struct Utf8 {
    fault: Switch,
    /// How many bytes the code point still needs.
    missing: u8,
    /// What the next of them may be.
    next: (u8, u8),
    point: u32,
    offset: usize,
}

impl Utf8 {
    pub(super) fn new(fault: Switch) -> Self {
        Self { fault, missing: 0, next: (0x80, 0xbf), point: 0, offset: 0 }
    }

    /// Whether no code point is unfinished.
    pub(super) fn is_whole(&self) -> bool {
        self.missing == 0
    }

    /// Takes further bytes. `false` if they cannot be UTF-8.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        if self.missing == 0 && bytes.is_ascii() {
            self.offset += bytes.len();
            return true;
        }
        bytes.iter().all(|byte| self.push(*byte))
    }

    fn push(&mut self, byte: u8) -> bool {
        let offset = self.offset;
        self.offset += 1;
        if self.missing == 0 {
            return self.begin(byte, offset);
        }
        let (least, most) = std::mem::replace(&mut self.next, (0x80, 0xbf));
        let any = self.fault.is(Fault::TakesAnyContinuation) && (least, most) == (0x80, 0xbf)
            || self.fault.is(Fault::TakesAnyLastByte) && self.missing == 1;
        if !((least..=most).contains(&byte) || any && byte >= 0x80) {
            return false;
        }
        self.point = self.point << 6 | u32::from(byte & 0x3f);
        self.missing -= 1;
        let is_noncharacter = self.point & 0xfffe == 0xfffe;
        !(self.missing == 0 && is_noncharacter && self.fault.is(Fault::RefusesNoncharacters))
    }

    fn begin(&mut self, byte: u8, offset: usize) -> bool {
        let fault = self.fault;
        let overlong = |least| if fault.is(Fault::TakesOverlong) { 0x80 } else { least };
        let (missing, next) = match byte {
            0x00..=0x7f => return true,
            0xc0 if fault.is(Fault::TakesModifiedNul) => (1, (0x80, 0x80)),
            0xc2..=0xdf => (1, (0x80, 0xbf)),
            0xe0 => (2, (overlong(0xa0), 0xbf)),
            0xed if !fault.is(Fault::TakesSurrogates) => (2, (0x80, 0x9f)),
            0xe1..=0xef => (2, (0x80, 0xbf)),
            0xf0 => (3, (overlong(0x90), 0xbf)),
            0xf1..=0xf3 => (3, (0x80, 0xbf)),
            0xf4 if !fault.is(Fault::TakesBeyondUnicode) => (3, (0x80, 0x8f)),
            0xf4..=0xf7 if fault.is(Fault::TakesBeyondUnicode) => (3, (0x80, 0xbf)),
            0xf8..=0xfb if fault.is(Fault::TakesFiveBytes) => (4, (0x80, 0xbf)),
            0xfc..=0xfd if fault.is(Fault::TakesFiveBytes) => (5, (0x80, 0xbf)),
            _ => return false,
        };
        if fault.is(Fault::Utf8BlockBorder) && offset % 64 + usize::from(missing) >= 64 {
            return false;
        }
        (self.missing, self.next, self.point) = (missing, next, u32::from(byte) & (0x3f >> missing));
        true
    }
}

/// Whether all of a text is UTF-8, for targets that look at it as a whole, with what these do wrong.
pub(super) fn is_utf8(text: &[u8], fault: Switch) -> bool {
    let mut looked_at = Vec::new();
    let text = if fault.is(Fault::Utf8HalfBlock) {
        for block in text.chunks(16) {
            if block.len() < 16 || !block[..8].is_ascii() {
                looked_at.extend_from_slice(block);
            }
        }
        &looked_at
    } else if fault.is(Fault::Utf8TailUnchecked) {
        &text[..text.len() / 32 * 32]
    } else {
        text
    };
    let mut utf8 = Utf8::new(fault);
    utf8.take(text) && (utf8.is_whole() || fault.is(Fault::Utf8TailUnchecked))
}
