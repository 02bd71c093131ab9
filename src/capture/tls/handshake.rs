//! What the records say: the handshake, and what comes after it.

use std::fmt;

use super::connection::{Plain, Tls, To};
use super::hello::{ClientHello, EncryptedExtensions, ServerHello};
use super::message::Kind;
use super::record::{ContentType, Front, HEAD};
use super::search::Opened;
use super::secrets::{Random, Secrets};
use super::side::{Epoch, Reading};
use super::suite::{Sealing, Suite};
use super::trouble::Trouble;
use crate::capture::End;

/// How many records of an encrypted handshake may fail to open; of one with early data, which may be refused, so many
/// more.
const MAX_PASSED: (u32, u32) = (256, 4096);

/// How many records in succession may otherwise fail to open: each may be damaged.
const MAX_FAILURES: u32 = 8;

/// What both ends agreed on.
#[derive(Default)]
pub(super) struct Agreed {
    pub(super) client_random: Option<Random>,
    pub(super) server_random: Random,
    pub(super) version: Option<Version>,
    pub(super) suite: Option<u16>,
    pub(super) encrypt_then_mac: bool,
    pub(super) early: EarlyData,
    pub(super) server_name: Option<String>,
    pub(super) alpn: Option<String>,
}

/// The versions that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Tls12,
    Tls13,
}

/// 0-RTT data (RFC 8446, section 2.3).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum EarlyData {
    #[default]
    None,
    Offered,
    Accepted,
    Refused,
}

impl Tls {
    /// Reads a record. False if it has to wait; it is as it was then.
    pub(super) fn record(&mut self, from: End, record: &mut [u8], secrets: &Secrets, to: To<'_>) -> bool {
        let kind = ContentType(record[0]);
        let is_clear = matches!(self.sides[from.index()].reading, Reading::Clear);
        match self.agreed.version {
            // RFC 8446, section 5: it means nothing.
            Some(Version::Tls13) if kind == ContentType::CHANGE_CIPHER_SPEC => {}
            // An alert of an end that has no keys, or what follows a HelloRetryRequest.
            Some(Version::Tls13) if kind != ContentType::DATA => {}
            Some(Version::Tls12) if is_clear && kind != ContentType::DATA => {
                self.clear(from, kind, &record[HEAD..], to);
            }
            Some(_) => return self.sealed(from, record, secrets, to),
            None if matches!(kind, ContentType::CHANGE_CIPHER_SPEC | ContentType::DATA) => {
                if from == self.client && self.agreed.client_random.is_some() {
                    // Early data, or the packets did not come in the order in which they were sent.
                    self.wait(from, Trouble::Incomplete, secrets, to);
                    return false;
                }
                self.give_up_both(&Trouble::NotCaptured, to);
            }
            None => self.clear(from, kind, &record[HEAD..], to),
        }
        true
    }

    /// Reads what is not encrypted.
    pub(super) fn clear(&mut self, from: End, kind: ContentType, body: &[u8], to: To<'_>) {
        let side = &mut self.sides[from.index()];
        match kind {
            ContentType::CHANGE_CIPHER_SPEC => side.seal(Epoch::Master),
            ContentType::ALERT => {
                side.greeted = true;
                side.closed |= matches!(body, [_, 0]);
            }
            ContentType::HANDSHAKE => self.handshake(from, body, to),
            _ => {}
        }
    }

    fn sealed(&mut self, from: End, record: &mut [u8], secrets: &Secrets, to: To<'_>) -> bool {
        let length = record.len();
        match self.open(from, record, secrets) {
            Opened::Content { kind, content, lost } => {
                if lost {
                    to(Plain::Lost(from, None));
                }
                self.content(from, kind, content, to);
            }
            Opened::No => self.fail(from, length, to),
            Opened::Waits(trouble) => {
                self.wait(from, trouble, secrets, to);
                return self.sides[from.index()].waiting.is_none();
            }
        }
        true
    }

    /// A record does not open.
    fn fail(&mut self, from: End, length: usize, to: To<'_>) {
        let side = &mut self.sides[from.index()];
        side.failures += 1;
        let limit = match (&side.reading, self.agreed.early) {
            (Reading::Open(Epoch::Master | Epoch::Traffic, _), _) => {
                side.sequence += 1;
                side.unsure = true;
                to(Plain::Lost(from, None));
                MAX_FAILURES
            }
            (Reading::Sealed(Epoch::Master), _) => {
                side.unsure = true;
                MAX_FAILURES
            }
            (Reading::Clear | Reading::Sealed(Epoch::Traffic), _) => MAX_FAILURES,
            (_, EarlyData::None) => MAX_PASSED.0,
            _ => MAX_PASSED.1,
        };
        side.unread = side.unread.saturating_add(length as u64);
        if side.failures > limit || side.is_exhausted() {
            self.give_up(from, Trouble::Damaged, to);
        }
    }

    /// What was in a record that was encrypted.
    pub(super) fn content(&mut self, from: End, kind: ContentType, content: &mut [u8], to: To<'_>) {
        let side = &mut self.sides[from.index()];
        match kind {
            ContentType::DATA if content.is_empty() => {}
            ContentType::DATA => to(Plain::Bytes(from, content)),
            ContentType::ALERT => side.closed |= matches!(content, [_, 0]),
            ContentType::HANDSHAKE => self.handshake(from, content, to),
            // A second handshake (RFC 5246, section 7.4.1.1).
            ContentType::CHANGE_CIPHER_SPEC if self.agreed.version == Some(Version::Tls12) => side.seal(Epoch::Master),
            _ => {}
        }
    }

    fn handshake(&mut self, from: End, mut bytes: &[u8], to: To<'_>) {
        loop {
            let side = &mut self.sides[from.index()];
            let message = side.messages.next(&mut bytes);
            let kind = message.as_ref().map(|(kind, _)| *kind).or_else(|| side.messages.under_way());
            if let Some(kind) = kind
                && !side.greeted
            {
                side.greeted = true;
                match kind {
                    Kind::CLIENT_HELLO => self.client = from,
                    Kind::SERVER_HELLO => self.client = from.other(),
                    Kind::HELLO_REQUEST => side.greeted = false,
                    _ => return self.give_up_both(&Trouble::NotCaptured, to),
                }
            }
            let Some((kind, body)) = message else { return };
            self.message(from, kind, &body, to);
            if self.sides[from.index()].is_ignored() {
                return;
            }
        }
    }

    fn message(&mut self, from: End, kind: Kind, body: &[u8], to: To<'_>) {
        let is_client = from == self.client;
        let is_tls13 = self.agreed.version == Some(Version::Tls13);
        let side = &mut self.sides[from.index()];
        match (kind, &side.reading) {
            (Kind::CLIENT_HELLO, reading) if is_client && (!is_tls13 || matches!(reading, Reading::Clear)) => {
                let Some(hello) = ClientHello::read(body) else { return self.give_up_both(&Trouble::NotTls, to) };
                self.agreed.client_random = Some(hello.random);
                self.agreed.server_name = hello.server_name;
                self.agreed.early = if hello.early_data { EarlyData::Offered } else { EarlyData::None };
            }
            (Kind::SERVER_HELLO, reading) if !is_client && (!is_tls13 || matches!(reading, Reading::Clear)) => {
                let Some(hello) = ServerHello::read(body) else { return self.give_up_both(&Trouble::NotTls, to) };
                if let Err(trouble) = self.agree(&hello) {
                    self.give_up_both(&trouble, to);
                }
            }
            (Kind::ENCRYPTED_EXTENSIONS, Reading::Open(Epoch::Handshake, _)) if !is_client => {
                let all = EncryptedExtensions::read(body);
                self.agreed.alpn = all.alpn;
                if all.early_data {
                    self.agreed.early = EarlyData::Accepted;
                } else if self.agreed.early == EarlyData::Offered {
                    self.agreed.early = EarlyData::Refused;
                    // Unless nobody waited for this.
                    let client = &mut self.sides[self.client.index()];
                    if matches!(client.reading, Reading::Sealed(Epoch::Early)) {
                        client.reading = Reading::Sealed(Epoch::Handshake);
                    }
                }
            }
            (Kind::FINISHED, Reading::Open(Epoch::Handshake, _)) => side.seal(Epoch::Traffic),
            (Kind::END_OF_EARLY_DATA, Reading::Open(Epoch::Early, _)) => side.seal(Epoch::Handshake),
            (Kind::KEY_UPDATE, Reading::Open(Epoch::Traffic, keys)) => {
                if let Some(keys) = keys.update() {
                    side.reading = Reading::Open(Epoch::Traffic, Box::new(keys));
                    side.sequence = 0;
                }
            }
            _ => {}
        }
    }

    /// The server has chosen.
    fn agree(&mut self, hello: &ServerHello) -> Result<(), Trouble> {
        let version = match hello.version {
            0x0303 => Version::Tls12,
            0x0304 => Version::Tls13,
            other => return Err(Trouble::Version(other)),
        };
        let agreed = &mut self.agreed;
        agreed.version = Some(version);
        agreed.suite = Some(hello.suite);
        if hello.compressed {
            return Err(Trouble::Compression);
        }
        let suite = Suite::find(hello.suite).ok_or(Trouble::Suite(hello.suite))?;
        agreed.server_random = hello.random;
        agreed.encrypt_then_mac = hello.encrypt_then_mac;
        agreed.alpn.clone_from(&hello.alpn);
        if version == Version::Tls13 {
            if matches!(suite.sealing, Sealing::Cbc(..)) {
                return Err(Trouble::Suite(hello.suite));
            }
            let early = agreed.early == EarlyData::Offered;
            self.sides[self.client.index()].seal(if early { Epoch::Early } else { Epoch::Handshake });
            self.sides[self.client.other().index()].seal(Epoch::Handshake);
        }
        Ok(())
    }
}

impl Agreed {
    /// Whether the server has chosen. A HelloRetryRequest says all that matters (RFC 8446, section 4.1.4); the ServerHello
    /// behind it is passed over.
    pub(super) const fn is_settled(&self) -> bool {
        self.version.is_some()
    }

    /// Whether these bytes may begin a record behind a gap.
    pub(super) fn may_begin(&self, bytes: &[u8]) -> bool {
        let is_kind = match (self.version, bytes[0]) {
            (Some(Version::Tls13), kind) => kind == ContentType::DATA.0,
            (_, kind) => (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::DATA.0).contains(&kind),
        };
        is_kind && bytes.get(2).is_none_or(|minor| *minor == 3) && Front::of(bytes) != Front::Other
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}
