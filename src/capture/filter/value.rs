//! Values as they are written.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::expression::Network;
use super::field::Kind;
use crate::capture::Time;

/// A number, an instant, a span, a truth or a word, as [`Record::number`](super::record::Record::number) gives it.
pub(super) fn number(kind: Kind, text: &str) -> Option<i128> {
    match kind {
        Kind::Number => whole(text).map(i128::from),
        Kind::Span => span(text),
        Kind::Time => {
            let timestamp: jiff::Timestamp = text.parse().ok()?;
            let time = Time(i64::try_from(timestamp.as_nanosecond()).ok()?);
            Some(time.0.into())
        }
        Kind::Truth => match text {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        },
        Kind::Word(words) => {
            let word = words.number(text).map(i128::from);
            word.or_else(|| if words.are_numbers() { whole(text).map(i128::from) } else { None })
        }
        Kind::Address | Kind::Bytes | Kind::Text => None,
    }
}

/// `1000`, `0x3e8`, `1k`, `64Ki`; a `B` for bytes may follow.
fn whole(text: &str) -> Option<u64> {
    let is_plain = |digits: &str| digits.starts_with(|digit: char| digit.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(digits, 16).ok().filter(|_| is_plain(digits));
    }
    let size = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(size);
    let factor = match unit.strip_suffix('B').unwrap_or(unit) {
        "" => 1,
        "k" | "K" => 1_000,
        "Ki" => 1 << 10,
        "M" => 1_000_000,
        "Mi" => 1 << 20,
        "G" => 1_000_000_000,
        "Gi" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// `5ms`, `1.5s`, `2m`.
fn span(text: &str) -> Option<i128> {
    if let Ok(span) = humantime::parse_duration(text) {
        return nanos(span);
    }
    // A fraction, which people write and `humantime` does not read.
    let (whole, rest) = text.split_once('.')?;
    let size = rest.find(|digit: char| !digit.is_ascii_digit())?;
    let (fraction, unit) = rest.split_at(size);
    if fraction.is_empty() || fraction.len() > 9 || whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let size = nanos(humantime::parse_duration(&format!("1{unit}")).ok()?)?;
    let parts = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let number = whole.parse::<u64>().ok()?;
    let part = fraction.parse::<i128>().ok()?.checked_mul(size)? / parts;
    i128::from(number).checked_mul(size)?.checked_add(part)
}

fn nanos(span: Duration) -> Option<i128> {
    i128::try_from(span.as_nanos()).ok()
}

/// `10.0.0.1`, `10.0.0.1:80`, `10.0.0.0/8`, `::1`, `[::1]:80`.
pub(super) fn network(text: &str) -> Option<Network> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        let ip = address.ip();
        return Some(Network { ip, prefix: Network::bits(ip), port: Some(address.port()) });
    }
    let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
    let ip: IpAddr = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip).parse().ok()?;
    let bits = Network::bits(ip);
    let prefix = match prefix {
        None => bits,
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().ok().filter(|prefix| *prefix <= bits)?
        }
        Some(_) => return None,
    };
    Some(Network { ip, prefix, port: None })
}

/// Bytes in hexadecimal digits: `0xcafe`.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
    digits.chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}
