//! What two ends do, as bytes: any bytes are some acts, so that a fuzzer can change them.

use wslab::capture::End;

/// Something that an end does.
#[derive(Clone, Copy, Debug)]
pub enum Act<'a> {
    /// It sends bytes.
    Says(End, &'a [u8]),
    /// It sends so many bytes that the capture does not have.
    Loses(End, u64),
    /// It sends no more.
    Ends(End),
    /// It breaks off.
    Resets(End),
    /// Something else, that the target knows.
    Other(u8),
}

/// Bytes as acts.
#[derive(Debug)]
pub struct Acts<'a>(pub &'a [u8]);

impl<'a> Acts<'a> {
    /// The next byte, 0 at the end.
    pub fn byte(&mut self) -> u8 {
        self.piece(1).first().copied().unwrap_or(0)
    }

    /// The next 16 bits.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// So many bytes, or what is left.
    pub fn piece(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

impl<'a> Iterator for Acts<'a> {
    type Item = Act<'a>;

    fn next(&mut self) -> Option<Act<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let kind = self.byte();
        let from = if kind & 1 == 0 { End::First } else { End::Second };
        Some(match kind >> 1 & 7 {
            0..=2 => {
                let count = self.short();
                Act::Says(from, self.piece(count.into()))
            }
            3 => Act::Loses(from, self.short().into()),
            4 => Act::Ends(from),
            5 => Act::Resets(from),
            _ => Act::Other(kind >> 4),
        })
    }
}

/// Writes that an end sends bytes.
pub fn write_act(from: End, bytes: &[u8], to: &mut Vec<u8>) {
    for bytes in bytes.chunks(u16::MAX.into()) {
        to.push(from.index() as u8);
        to.extend((bytes.len() as u16).to_le_bytes());
        to.extend(bytes);
    }
}
