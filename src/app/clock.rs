//! The time of day, as clients are told it: since 1970, and nothing before that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    milliseconds(SystemTime::now())
}

/// Milliseconds since the epoch.
pub(crate) fn milliseconds(at: SystemTime) -> u64 {
    u64::try_from(since_epoch(at).as_millis()).unwrap_or(u64::MAX)
}

/// The time since the epoch.
pub(crate) fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_in_whole_milliseconds_from_1970_on() {
        let told = |nanos| milliseconds(UNIX_EPOCH + Duration::from_nanos(nanos));
        assert_eq!([0, 999_999, 1_000_000, 1_999_999].map(told), [0, 0, 1, 1]);
        assert_eq!(milliseconds(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert!((1_700_000_000_000..10_000_000_000_000).contains(&now()));
    }
}
