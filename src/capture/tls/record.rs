//! Records: what frames everything in TLS (RFC 8446, section 5.1; RFC 5246, section 6.2.1).

/// How many bytes the head of a record has: type, version, length.
pub(super) const HEAD: usize = 5;

/// The longest body: 2^14 bytes and what TLS 1.2 lets encryption add.
const MAX_BODY: usize = (1 << 14) + 2048;

/// What is in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentType(pub(super) u8);

impl ContentType {
    pub(super) const CHANGE_CIPHER_SPEC: Self = Self(20);
    pub(super) const ALERT: Self = Self(21);
    pub(super) const HANDSHAKE: Self = Self(22);
    pub(super) const DATA: Self = Self(23);
    /// RFC 6520.
    const HEARTBEAT: Self = Self(24);
}

/// What the front of some bytes is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// A record of so many bytes, head included.
    Record(usize),
    /// What may become the head of one.
    Short,
    /// No record.
    Other,
}

impl Front {
    /// Whether a record begins here.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_type = |kind: u8| (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::HEARTBEAT.0).contains(&kind);
        match *bytes {
            [kind, 3, minor, high, low, ..] if is_type(kind) && minor <= 4 => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if length <= MAX_BODY { Self::Record(HEAD + length) } else { Self::Other }
            }
            [] => Self::Short,
            [kind] if is_type(kind) => Self::Short,
            [kind, 3] if is_type(kind) => Self::Short,
            [kind, 3, minor] | [kind, 3, minor, _] if is_type(kind) && minor <= 4 => Self::Short,
            _ => Self::Other,
        }
    }
}
