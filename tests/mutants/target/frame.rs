//! Heads of frames (RFC 6455, section 5.2).

use crate::fault::{Fault, Switch};

#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub(super) rsv: u8,
    pub(super) opcode: u8,
    pub(super) key: Option<[u8; 4]>,
    pub(super) len: u64,
    /// Bits that the length is written in.
    pub(super) form: u8,
}

impl Head {
    pub(super) const fn is_control(&self) -> bool {
        self.opcode >= 8
    }

    /// Bytes that the head takes.
    pub(super) fn size(&self) -> u64 {
        2 + u64::from(self.form / 8) * u64::from(self.form > 7) + if self.key.is_some() { 4 } else { 0 }
    }

    /// Reads a head from the beginning of `bytes`, and says how many it takes. `None` if it is not all there.
    pub(super) fn read(bytes: &[u8], fault: Switch) -> Option<(Self, usize)> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (form, extended) = match second & 0x7f {
            126 => (16, 2),
            127 => (64, 8),
            _ => (7, 0),
        };
        let mut len = [0; 8];
        let missing = rest.len() < extended;
        let goes_on = fault.is(Fault::LengthInOneRead) && !rest.is_empty();
        if missing && !goes_on {
            return None;
        }
        let there = rest.len().min(extended);
        len[8 - extended..8 - extended + there].copy_from_slice(&rest[..there]);
        let mut len = if form == 7 { u64::from(second & 0x7f) } else { u64::from_be_bytes(len) };
        let mut size = 2 + there;
        let key = if second & 0x80 == 0 {
            None
        } else if missing {
            // It reads on as if it had all of it.
            Some([0; 4])
        } else {
            let key = bytes.get(size..size + 4)?;
            size += 4;
            Some([key[0], key[1], key[2], key[3]])
        };
        if form == 64 {
            if fault.is(Fault::TakesTopBit) {
                len &= !(1 << 63);
            }
            if fault.is(Fault::LengthIn32Bits) && len >> 63 == 0 {
                len &= 0xffff_ffff;
            }
            if fault.is(Fault::LengthIn53Bits) && len >> 63 == 0 {
                len &= (1 << 53) - 1;
            }
        }
        let head = Self { fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: first & 15, key, len, form };
        Some((head, size))
    }

    /// Writes the head.
    pub(super) fn write(&self, out: &mut Vec<u8>, fault: Switch) {
        out.push(u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode);
        let mask = if self.key.is_some() { 0x80 } else { 0 };
        let to_125 = if fault.is(Fault::Sends125In16) { 124 } else { 125 };
        let to_65535 = if fault.is(Fault::Sends65535In64) {
            65534
        } else if fault.is(Fault::Sends65536In16) {
            65536
        } else {
            65535
        };
        match self.len {
            len if len <= to_125 => out.push(mask | len as u8),
            len if len <= to_65535 && !fault.is(Fault::Sends126In64) => {
                out.push(mask | 126);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                out.push(mask | 127);
                out.extend_from_slice(&len.to_be_bytes());
            }
        }
        out.extend(self.key.into_iter().flatten());
    }
}

/// Masks or unmasks `bytes`, the first of which is at `offset` in its payload (section 5.3).
pub(super) fn mask(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    let key: [u8; 16] = std::array::from_fn(|index| key[(offset + index) % 4]);
    for sixteen in bytes.chunks_mut(16) {
        match <&mut [u8; 16]>::try_from(&mut *sixteen) {
            Ok(whole) => *whole = (u128::from_ne_bytes(*whole) ^ u128::from_ne_bytes(key)).to_ne_bytes(),
            Err(_) => sixteen.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key),
        }
    }
}
