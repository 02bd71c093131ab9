//! The head of a frame (RFC 6455, section 5.2), as it stands on the wire.

use std::fmt;

/// The four bits that say what a frame is. Any value below 16 can be held; the top four bits are ignored on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Opcode(pub u8);

impl Opcode {
    /// A further fragment of the message that is open.
    pub const CONTINUATION: Self = Self(0x0);
    /// A text message, or its first fragment.
    pub const TEXT: Self = Self(0x1);
    /// A binary message, or its first fragment.
    pub const BINARY: Self = Self(0x2);
    /// The close frame.
    pub const CLOSE: Self = Self(0x8);
    /// A ping.
    pub const PING: Self = Self(0x9);
    /// A pong.
    pub const PONG: Self = Self(0xa);

    /// Whether this opcode has the bit of control frames, assigned or not (section 5.5).
    #[inline]
    pub const fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Whether RFC 6455 leaves this opcode for the future (section 5.2: 3 to 7 and 0xB to 0xF).
    #[inline]
    pub const fn is_reserved(self) -> bool {
        matches!(self.0 & 0xf, 0x3..=0x7 | 0xb..=0xf)
    }

    /// The specification's word for this opcode; reserved ones have none.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::CONTINUATION => Some("continuation"),
            Self::TEXT => Some("text"),
            Self::BINARY => Some("binary"),
            Self::CLOSE => Some("close"),
            Self::PING => Some("ping"),
            Self::PONG => Some("pong"),
            _ => None,
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "opcode {:#x}", self.0),
        }
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How the payload length is written (section 5.2): in the second byte, or in two or eight bytes that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// 0 to 125 in the second byte.
    Bits7,
    /// 126 in the second byte, then 16 bits.
    Bits16,
    /// 127 in the second byte, then 64 bits.
    Bits64,
}

impl Form {
    /// The shortest form that holds `len`, the only one that section 5.2 allows.
    #[inline]
    pub const fn minimal(len: u64) -> Self {
        match len {
            0..=125 => Self::Bits7,
            126..=0xffff => Self::Bits16,
            _ => Self::Bits64,
        }
    }

    /// Bytes that the length takes behind the second byte of the head.
    #[inline]
    pub const fn extra(self) -> usize {
        match self {
            Self::Bits7 => 0,
            Self::Bits16 => 2,
            Self::Bits64 => 8,
        }
    }
}

/// The head of a frame: everything before its payload.
///
/// Parsing cannot fail, it can only want more bytes, and [`Head::encode`] gives back the very bytes that were parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// Whether this frame ends its message.
    pub fin: bool,
    /// The three reserved bits: [`Head::RSV1`], [`Head::RSV2`], [`Head::RSV3`].
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key, if the mask bit is set.
    pub mask: Option<[u8; 4]>,
    /// The declared payload length in bytes.
    pub len: u64,
    /// How the length is written. Encoding widens a form that cannot hold `len`.
    pub form: Form,
}

impl Head {
    /// The first reserved bit, which permessage-deflate uses to say "compressed".
    pub const RSV1: u8 = 4;
    /// The second reserved bit.
    pub const RSV2: u8 = 2;
    /// The third reserved bit.
    pub const RSV3: u8 = 1;
    /// The longest head in bytes: two, a 64-bit length and a masking key.
    pub const MAX_LEN: usize = 14;

    /// The head of an unmasked, unfragmented frame with the shortest form of its length.
    #[inline]
    pub const fn new(opcode: Opcode, len: u64) -> Self {
        Self { fin: true, rsv: 0, opcode, mask: None, len, form: Form::minimal(len) }
    }

    /// Reads the head at the start of `bytes` and says how many bytes it took; `None` if it wants more.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let &[first, second, ..] = bytes else { return None };
        let (form, len, at) = match second & 0x7f {
            126 => (Form::Bits16, u64::from(u16::from_be_bytes(*array(bytes, 2)?)), 4),
            127 => (Form::Bits64, u64::from_be_bytes(*array(bytes, 2)?), 10),
            len => (Form::Bits7, u64::from(len), 2),
        };
        let (mask, size) = if second & 0x80 != 0 { (Some(*array(bytes, at)?), at + 4) } else { (None, at) };
        let head = Self { fin: first & 0x80 != 0, rsv: first >> 4 & 0x7, opcode: Opcode(first & 0xf), mask, len, form };
        Some((head, size))
    }

    /// Appends the bytes of this head to `out`: what [`Head::encode`] gives, faster where there is no masking key.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        let first = self.first_byte();
        // Arrays of known size are stored, not copied.
        match self.form.max(Form::minimal(self.len)) {
            _ if self.mask.is_some() => out.extend_from_slice(&self.encode()),
            Form::Bits7 => out.extend_from_slice(&[first, self.len as u8]),
            Form::Bits16 => {
                let [high, low] = (self.len as u16).to_be_bytes();
                out.extend_from_slice(&[first, 126, high, low]);
            }
            Form::Bits64 => out.extend_from_slice(&self.encode()),
        }
    }

    #[inline]
    const fn first_byte(&self) -> u8 {
        (self.fin as u8) << 7 | (self.rsv & 0x7) << 4 | self.opcode.0 & 0xf
    }

    /// The bytes of this head.
    #[inline]
    pub fn encode(&self) -> EncodedHead {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = self.first_byte();
        let mut size = 2;
        bytes[1] = match self.form.max(Form::minimal(self.len)) {
            Form::Bits7 => self.len as u8,
            Form::Bits16 => {
                bytes[2..4].copy_from_slice(&(self.len as u16).to_be_bytes());
                size = 4;
                126
            }
            Form::Bits64 => {
                bytes[2..10].copy_from_slice(&self.len.to_be_bytes());
                size = 10;
                127
            }
        };
        if let Some(key) = self.mask {
            bytes[1] |= 0x80;
            bytes[size..size + 4].copy_from_slice(&key);
            size += 4;
        }
        EncodedHead { bytes, size: size as u8 }
    }
}

/// The bytes of an encoded [`Head`]: two to fourteen.
#[derive(Clone, Copy, Debug)]
pub struct EncodedHead {
    bytes: [u8; Head::MAX_LEN],
    size: u8,
}

impl std::ops::Deref for EncodedHead {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.size)]
    }
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
