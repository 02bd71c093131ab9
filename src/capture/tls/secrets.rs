//! Key logs in the format of NSS, which `SSLKEYLOGFILE` makes browsers and libraries write.

use std::collections::HashMap;
use std::fmt;

/// The client random: by it a connection is found in a key log.
pub(super) type Random = [u8; 32];

/// What key logs said.
///
/// A line is `LABEL client-random secret`, the latter two in hexadecimal. Comments, empty lines and labels that are
/// not needed are passed over; where something is said twice the later counts.
#[derive(Default)]
pub struct Secrets {
    connections: HashMap<Random, Known>,
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

/// What is known of a connection, by [`Label`].
#[derive(Default)]
struct Known([Option<Secret>; Label::ALL.len()]);

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
        self.connections.get(random)?.0[label as usize]
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
        self.connections.entry(key).or_default().0[label as usize] = Some(Secret { bytes, length });
        Some(())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("connections", &self.connections.len())
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

/// How many bytes the digits stand for; `None` if they are no digits or too many.
fn unhex(digits: &[u8], to: &mut [u8]) -> Option<usize> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    for (to, [high, low]) in to.get_mut(..pairs.len())?.iter_mut().zip(pairs) {
        *to = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(pairs.len())
}
