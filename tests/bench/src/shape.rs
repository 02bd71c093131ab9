//! The shapes of traffic that servers are compared under.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};

/// How much is in the air at once: messages of one size on some connections, some of them in flight on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Payload of a message, in bytes.
    pub payload: usize,
    /// Connections that are open throughout.
    pub connections: usize,
    /// Messages in flight on each connection, written at once.
    pub depth: usize,
}

impl Shape {
    /// One small message under way in all.
    pub const ALONE: Self = Self { payload: 16, connections: 1, depth: 1 };
    /// Small messages on many connections: what waking up costs.
    pub const MANY: Self = Self { payload: 16, connections: 200, depth: 1 };
    /// Bursts of messages with the shortest form of head: what a frame costs.
    pub const SMALL_BURSTS: Self = Self { payload: 125, connections: 10, depth: 16 };
    /// Bursts of middling messages: what a frame and its bytes cost.
    pub const BURSTS: Self = Self { payload: 1 << 10, connections: 10, depth: 16 };
    /// Messages that usually come with one read.
    pub const LARGE: Self = Self { payload: 16 << 10, connections: 10, depth: 1 };
    /// Messages that are split over reads.
    pub const LARGER: Self = Self { payload: 64 << 10, connections: 10, depth: 1 };

    /// The shapes that are compared unless others are asked for.
    pub const ALL: [Self; 5] = [Self::MANY, Self::SMALL_BURSTS, Self::BURSTS, Self::LARGE, Self::LARGER];

    /// The largest payload, in bytes: a frame of it fits the buffers of a loopback connection.
    const MAX_PAYLOAD: usize = 1 << 20;
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    /// Reads `SIZExCONNECTIONS` or `SIZExCONNECTIONSxDEPTH`, such as `1KiBx10x16`.
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('x');
        let size = parts.next().unwrap_or_default();
        let (number, unit) = match size.strip_suffix("KiB") {
            Some(number) => (number, 1024),
            None => (size.strip_suffix('B').unwrap_or(size), 1),
        };
        let count = |part: &str| part.parse::<usize>().with_context(|| format!("{part:?} is not a number"));
        let payload = count(number)?.saturating_mul(unit);
        let connections = count(parts.next().context("no number of connections: SIZExCONNECTIONS is needed")?)?;
        let depth = parts.next().map_or(Ok(1), count)?;
        if let Some(more) = parts.next() {
            bail!("nothing may follow the depth, but {more:?} does");
        }
        ensure!(payload <= Self::MAX_PAYLOAD, "the payload may be 1024KiB at most");
        ensure!((1..=10_000).contains(&connections), "the connections may be 1 to 10000");
        ensure!((1..=1024).contains(&depth), "the depth may be 1 to 1024");
        Ok(Self { payload, connections, depth })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload {
            size if size >= 1024 && size.is_multiple_of(1024) => write!(f, "{}KiB", size / 1024)?,
            size => write!(f, "{size}B")?,
        }
        write!(f, "x{}", self.connections)?;
        if self.depth > 1 { write!(f, "x{}", self.depth) } else { Ok(()) }
    }
}
