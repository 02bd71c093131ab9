//! What can be listed of a capture.

/// What can be listed of a capture, one record after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// [Connections](crate::capture::Connection), as they end.
    Connections,
    /// [Frames](crate::capture::Frame).
    Frames,
    /// [Messages](crate::capture::Message).
    Messages,
    /// [Violations](crate::capture::Violation).
    Violations,
    /// What was sent in each interval of time, counted from frames.
    Rates,
    /// [Round trips](crate::capture::RoundTrip) of pings.
    RoundTrips,
    /// [Notes](crate::capture::Note).
    Notes,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Connections, Self::Frames, Self::Messages, Self::Violations, Self::Rates, Self::RoundTrips, Self::Notes];

    /// Its name: `frames`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Frames => "frames",
            Self::Messages => "messages",
            Self::Violations => "violations",
            Self::Rates => "rates",
            Self::RoundTrips => "round-trips",
            Self::Notes => "notes",
        }
    }
}
