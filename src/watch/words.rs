//! How the protocol's words stand in a recording: rules by name, codes as numbers, bytes as hex, times in microseconds.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::proto::{ConnectionId, Level, Role, Rule};
use crate::wire::{CloseCode, Form, Head, Opcode};

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(|_| D::Error::invalid_value(Unexpected::Str(&name), &"the name of a rule"))
    }
}

impl Serialize for CloseCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(self.0)
    }
}

impl<'de> Deserialize<'de> for CloseCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u16::deserialize(from).map(Self)
    }
}

impl Serialize for ConnectionId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ConnectionId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self)
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "client" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            other => Err(D::Error::unknown_variant(other, &["client", "server"])),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "MUST" => Ok(Self::Must),
            "SHOULD" => Ok(Self::Should),
            "MAY" => Ok(Self::May),
            other => Err(D::Error::unknown_variant(other, &["MUST", "SHOULD", "MAY"])),
        }
    }
}

/// A head with the form of its length said only where it is not the shortest.
#[derive(Serialize, Deserialize)]
struct PlainHead {
    opcode: u8,
    fin: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    rsv: u8,
    len: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length_bits: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mask: Option<[u8; 4]>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
const fn is_zero(value: &u8) -> bool {
    *value == 0
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bits = match self.form {
            Form::Bits7 => 7,
            Form::Bits16 => 16,
            Form::Bits64 => 64,
        };
        let length_bits = (self.form != Form::minimal(self.len)).then_some(bits);
        let &Self { fin, rsv, opcode: Opcode(opcode), mask, len, .. } = self;
        PlainHead { opcode, fin, rsv, len, length_bits, mask }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let PlainHead { opcode, fin, rsv, len, length_bits, mask } = PlainHead::deserialize(from)?;
        let form = match length_bits {
            None => Form::minimal(len),
            Some(7) => Form::Bits7,
            Some(16) => Form::Bits16,
            Some(64) => Form::Bits64,
            Some(other) => {
                return Err(D::Error::invalid_value(Unexpected::Unsigned(other.into()), &"7, 16 or 64 bits"));
            }
        };
        Ok(Self { fin, rsv, opcode: Opcode(opcode), mask, len, form })
    }
}

/// Times as whole microseconds.
pub(super) mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// Times that may be missing as whole microseconds.
pub(super) mod optional_micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        time.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)).serialize(to)
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_micros))
    }
}

/// Outcomes that are shared, as if they were not.
pub(super) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::watch::Outcome;

    pub(in crate::watch) fn serialize<S: Serializer>(outcomes: &[Arc<Outcome>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(outcomes.iter().map(AsRef::<Outcome>::as_ref))
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<Outcome>>, D::Error> {
        Ok(Vec::<Outcome>::deserialize(from)?.into_iter().map(Arc::new).collect())
    }
}

/// Bytes as hex digits.
pub(super) mod hex {
    use serde::de::{Error, Unexpected};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        to.serialize_str(&digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>())
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let digits = String::deserialize(from)?;
        let bad = || D::Error::invalid_value(Unexpected::Str(&digits), &"hex digits in pairs");
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return Err(bad()) };
        pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<_>>().ok_or_else(bad)
    }
}

/// A hash as 32 hex digits: JSON readers lose numbers of 128 bits.
pub(super) mod hash {
    use serde::de::{Error, Unexpected};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(hash: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{hash:032x}"))
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let digits = String::deserialize(from)?;
        u128::from_str_radix(&digits, 16)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&digits), &"32 hex digits"))
    }
}

/// Bytes as base64 (RFC 4648, section 4).
pub(super) mod base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::{Error, Unexpected};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(&text).map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"base64"))
    }
}

/// Bytes that may be missing as base64.
pub(super) mod optional_base64 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Bytes(#[serde(with = "super::base64")] Vec<u8>);

    pub(in crate::watch) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::base64::serialize(bytes, to),
            None => None::<Bytes>.serialize(to),
        }
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(from)?.map(|Bytes(bytes)| bytes))
    }
}
