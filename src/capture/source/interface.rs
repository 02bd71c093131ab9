//! The interfaces that a pcapng file describes.

use super::field::{Order, link};
use crate::capture::{LinkType, Time};

/// The codes of options.
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const RESOLUTION: u16 = 9;
    pub(super) const OFFSET: u16 = 14;
}

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// The bit of `if_tsresol` that makes the rest a power of two.
const OF_TWO: u8 = 0x80;

/// Nanoseconds are ten to the power of minus this.
const NANO: u8 = 9;

/// What packets were captured on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// The most bytes of a packet that were kept; 0 if there is no limit.
    pub(super) snap: u32,
    unit: Unit,
    /// What is added to times, in nanoseconds.
    offset: i128,
}

/// The unit of times.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// One nanosecond is so many of them; `None` if they are so many that none fits the counter.
    PerNanosecond(Option<u64>),
    /// Two to the power of so many of them are a second.
    PowerOfTwo(u8),
}

impl Interface {
    /// An interface out of the body of its Interface Description Block, which has 8 bytes at least (section 4.2).
    pub(super) fn parse(order: Order, body: &[u8]) -> Self {
        let mut interface = Self {
            link: link(u32::from(order.u16(body, 0))),
            snap: order.u32(body, 4),
            unit: Unit::Nanoseconds(1000),
            offset: 0,
        };
        let mut options = &body[8..];
        // Options say nothing without which packets could not be read: those behind one that is cut are not looked for.
        while options.len() >= 4 {
            let (code, size) = (order.u16(options, 0), usize::from(order.u16(options, 2)));
            let Some(value) = options.get(4..4 + size).filter(|_| code != option::END) else { break };
            match (code, value) {
                (option::RESOLUTION, &[resolution]) => interface.unit = Unit::of(resolution),
                (option::OFFSET, value) if size == 8 => {
                    interface.offset = i128::from(order.u64(value, 0).cast_signed()) * NANOSECONDS_PER_SECOND;
                }
                _ => {}
            }
            options = options.get(4 + size.next_multiple_of(4)..).unwrap_or(&[]);
        }
        interface
    }

    /// The time that a packet's two halves of a counter mean; `None` if it is outside of what [`Time`] can say.
    #[inline]
    pub(super) fn time(&self, high: u32, low: u32) -> Option<Time> {
        let count = u64::from(high) << 32 | u64::from(low);
        if let (Unit::Nanoseconds(unit), 0) = (self.unit, self.offset)
            && let Some(time) = count.checked_mul(unit).and_then(|time| i64::try_from(time).ok())
        {
            return Some(Time(time));
        }
        self.odd_time(count)
    }

    #[cold]
    fn odd_time(&self, count: u64) -> Option<Time> {
        let wide = i128::from(count);
        let time = match self.unit {
            Unit::Nanoseconds(unit) => wide * i128::from(unit),
            Unit::PerNanosecond(units) => i128::from(units.map_or(0, |units| count / units)),
            // 64 bits and 30 bits are less than 127.
            Unit::PowerOfTwo(exponent) => (wide * NANOSECONDS_PER_SECOND) >> exponent,
        };
        i64::try_from(time + self.offset).ok().map(Time)
    }
}

impl Unit {
    /// What an `if_tsresol` says.
    fn of(resolution: u8) -> Self {
        let exponent = resolution & !OF_TWO;
        if resolution & OF_TWO != 0 {
            Self::PowerOfTwo(exponent)
        } else if exponent <= NANO {
            Self::Nanoseconds(10_u64.pow(u32::from(NANO - exponent)))
        } else {
            Self::PerNanosecond(10_u64.checked_pow(u32::from(exponent - NANO)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanoseconds(resolution: u8, offset: i64, count: u64) -> Option<i64> {
        let mut body = vec![1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, resolution, 0, 0, 0, 14, 0, 8, 0];
        body.extend_from_slice(&offset.to_le_bytes());
        let interface = Interface::parse(Order::Little, &body);
        interface.time((count >> 32) as u32, count as u32).map(|time| time.0)
    }

    #[test]
    fn times_are_powers_of_ten() {
        assert_eq!(nanoseconds(0, 0, 5), Some(5_000_000_000));
        assert_eq!(nanoseconds(3, 0, 5), Some(5_000_000));
        assert_eq!(nanoseconds(6, 0, 5), Some(5000));
        assert_eq!(nanoseconds(9, 0, 5), Some(5));
        assert_eq!(nanoseconds(12, 0, 5999), Some(5));
        assert_eq!(nanoseconds(28, 0, u64::MAX), Some(1));
        assert_eq!(nanoseconds(29, 0, u64::MAX), Some(0));
        assert_eq!(nanoseconds(127, 0, u64::MAX), Some(0));
    }

    #[test]
    fn times_are_powers_of_two() {
        assert_eq!(nanoseconds(0x80, 0, 5), Some(5_000_000_000));
        assert_eq!(nanoseconds(0x80 | 1, 0, 5), Some(2_500_000_000));
        assert_eq!(nanoseconds(0x80 | 32, 0, 3 << 31), Some(1_500_000_000));
        assert_eq!(nanoseconds(0xff, 0, u64::MAX), Some(0));
    }

    #[test]
    fn times_have_an_offset_in_seconds() {
        assert_eq!(nanoseconds(6, 100, 5), Some(100_000_005_000));
        assert_eq!(nanoseconds(6, -1, 5), Some(-999_995_000));
    }

    #[test]
    fn a_time_that_cannot_be_said_is_none() {
        assert_eq!(nanoseconds(9, 0, u64::MAX), None);
        assert_eq!(nanoseconds(0, 0, u64::MAX), None);
        assert_eq!(nanoseconds(6, i64::MAX, 0), None);
        assert_eq!(nanoseconds(9, i64::MIN, u64::MAX), None);
        // Neither of both could be said alone.
        assert_eq!(nanoseconds(0, -10_000_000_000, 10_000_000_001), Some(1_000_000_000));
    }
}
