//! Key logs in the format of NSS, which `SSLKEYLOGFILE` makes browsers and libraries write.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::Range;

use crate::capture::digits::unhex;

/// The client random: by it a connection is found in a key log.
pub(super) type Random = [u8; 32];

/// What key logs said.
///
/// A line is `LABEL client-random secret`, the latter two in hexadecimal. Comments, empty lines and labels that are
/// not needed are passed over; where something is said twice the later counts.
///
/// The secrets of 262,144 connections are kept, which takes at most about 100 MB. Of more than that, those of which something was
/// said first are [forgotten](Secrets::forgotten).
pub struct Secrets {
    connections: HashMap<Random, Known>,
    /// Their client randoms, in the order in which they came.
    order: VecDeque<Random>,
    /// How many connections are kept.
    limit: usize,
    forgotten: u64,
    bad_lines: u64,
    complete: bool,
}

/// The secrets that are of use, by their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// The master secret of TLS 1.2.
    Master,
    /// What encrypts 0-RTT data (RFC 8446, section 7.1, as all that follow).
    ClientEarly,
    /// What encrypts the client's part of the handshake.
    ClientHandshake,
    /// What encrypts the server's part of the handshake.
    ServerHandshake,
    /// What encrypts the client's data, until it updates its keys.
    ClientTraffic,
    /// What encrypts the server's data, until it updates its keys.
    ServerTraffic,
}

/// A secret: 32 or 48 bytes.
#[derive(Clone, Copy)]
pub(super) struct Secret {
    bytes: [u8; 48],
    length: usize,
}

/// What is known of a connection: of each secret its label, its length and its bytes. There may be many connections, and
/// most have few secrets.
#[derive(Default)]
struct Known(Vec<u8>);

impl Default for Secrets {
    fn default() -> Self {
        Self {
            connections: HashMap::new(),
            order: VecDeque::new(),
            limit: 1 << 18,
            forgotten: 0,
            bad_lines: 0,
            complete: false,
        }
    }
}

impl Secrets {
    /// Takes over the text of a key log, or more of it. A line must not be divided between calls; the last one need not
    /// end with a line feed.
    pub fn add(&mut self, text: &[u8]) {
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            if self.add_line(line).is_none() {
                self.bad_lines += 1;
            }
        }
    }

    /// Says that no more will come: records that would have been kept until their keys are known need not be.
    pub const fn complete(&mut self) {
        self.complete = true;
    }

    /// How many lines are none of a key log.
    pub const fn bad_lines(&self) -> u64 {
        self.bad_lines
    }

    /// How many connections were forgotten, because there were too many.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many connections something is known of.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn knows(&self, random: &Random) -> bool {
        self.connections.contains_key(random)
    }

    pub(super) fn find(&self, random: &Random, label: Label) -> Option<Secret> {
        self.connections.get(random)?.find(label)
    }

    /// `None` if the line is none of a key log.
    fn add_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let Some(name) = words.next().filter(|word| !word.starts_with(b"#")) else { return Some(()) };
        let (random, secret) = (words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let Some(label) = Label::ALL.into_iter().find(|label| label.name().as_bytes() == name) else {
            return name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')).then_some(());
        };
        let mut key = [0; 32];
        if unhex(random, &mut key)? != key.len() {
            return None;
        }
        let mut bytes = [0; 48];
        let length = unhex(secret, &mut bytes)?;
        if length != 48 && (length != 32 || label == Label::Master) {
            return None;
        }
        if !self.connections.contains_key(&key) {
            while self.order.len() >= self.limit
                && let Some(oldest) = self.order.pop_front()
            {
                self.connections.remove(&oldest);
                self.forgotten += 1;
            }
            self.order.push_back(key);
        }
        self.connections.entry(key).or_default().set(label, &bytes[..length]);
        Some(())
    }
}

impl Known {
    /// Label and length.
    const HEAD: usize = 2;

    fn find(&self, label: Label) -> Option<Secret> {
        self.place(label).and_then(|place| Secret::new(&self.0[place.start + Self::HEAD..place.end]))
    }

    fn set(&mut self, label: Label, secret: &[u8]) {
        let Ok(length) = u8::try_from(secret.len()) else { return };
        if let Some(place) = self.place(label) {
            self.0.drain(place);
        }
        self.0.reserve_exact(Self::HEAD + secret.len());
        self.0.extend([label as u8, length]);
        self.0.extend_from_slice(secret);
    }

    /// Where a secret and its head stand.
    fn place(&self, label: Label) -> Option<Range<usize>> {
        let mut at = 0;
        while let Some([other, length]) = self.0.get(at..at + Self::HEAD) {
            let end = at + Self::HEAD + usize::from(*length);
            if *other == label as u8 {
                return Some(at..end);
            }
            at = end;
        }
        None
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("connections", &self.connections.len())
            .field("forgotten", &self.forgotten)
            .field("bad_lines", &self.bad_lines)
            .finish_non_exhaustive()
    }
}

impl Label {
    const ALL: [Self; 6] = [
        Self::Master,
        Self::ClientEarly,
        Self::ClientHandshake,
        Self::ServerHandshake,
        Self::ClientTraffic,
        Self::ServerTraffic,
    ];

    /// As key logs have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Master => "CLIENT_RANDOM",
            Self::ClientEarly => "CLIENT_EARLY_TRAFFIC_SECRET",
            Self::ClientHandshake => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshake => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientTraffic => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerTraffic => "SERVER_TRAFFIC_SECRET_0",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Secret {
    /// `None` if it is longer than any.
    pub(super) fn new(secret: &[u8]) -> Option<Self> {
        let mut bytes = [0; 48];
        bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Self { bytes, length: secret.len() })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(label: Label, connection: u8, secret: u8, length: usize) -> String {
        format!("{label} {} {}\n", format!("{connection:02x}").repeat(32), format!("{secret:02x}").repeat(length))
    }

    fn found(secrets: &Secrets, connection: u8, label: Label) -> Option<Vec<u8>> {
        secrets.find(&[connection; 32], label).map(|secret| secret.bytes().to_vec())
    }

    #[test]
    fn each_secret_is_found_by_its_label_and_the_later_counts() {
        let mut secrets = Secrets::default();
        for (index, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(found(&secrets, 7, label), None);
            secrets.add(line(label, 7, index as u8, 48).as_bytes());
        }
        secrets.add(line(Label::ClientHandshake, 7, 0xee, 32).as_bytes());
        for (index, label) in Label::ALL.into_iter().enumerate() {
            let said = if label == Label::ClientHandshake { vec![0xee; 32] } else { vec![index as u8; 48] };
            assert_eq!(found(&secrets, 7, label), Some(said), "{label}");
        }
        assert_eq!((secrets.len(), secrets.forgotten()), (1, 0));
    }

    #[test]
    fn of_too_many_connections_the_oldest_are_forgotten() {
        let mut secrets = Secrets { limit: 3, ..Secrets::default() };
        for connection in [0, 1, 0, 2, 3, 4, 4] {
            secrets.add(line(Label::Master, connection, connection, 48).as_bytes());
        }
        assert_eq!((secrets.len(), secrets.forgotten(), secrets.bad_lines()), (3, 2, 0));
        let known = (0..6).filter(|connection| found(&secrets, *connection, Label::Master).is_some());
        assert_eq!(known.collect::<Vec<_>>(), [2, 3, 4]);
    }
}
