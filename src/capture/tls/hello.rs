//! The few fields of handshake messages that matter to a bystander. What is cut short is read as far as it goes.

use super::secrets::Random;

// Extensions.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const ENCRYPT_THEN_MAC: u16 = 22;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;

pub(super) struct ClientHello {
    pub(super) random: Random,
    pub(super) server_name: Option<String>,
    pub(super) early_data: bool,
}

pub(super) struct ServerHello {
    pub(super) version: u16,
    pub(super) random: Random,
    pub(super) suite: u16,
    pub(super) compressed: bool,
    pub(super) encrypt_then_mac: bool,
    pub(super) alpn: Option<String>,
}

pub(super) struct EncryptedExtensions {
    pub(super) early_data: bool,
    pub(super) alpn: Option<String>,
}

/// Reads from the front; `None` where there is not enough.
struct Fields<'a>(&'a [u8]);

impl ClientHello {
    /// RFC 8446, section 4.1.2.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        fields.take(2)?;
        let mut hello = Self { random: *fields.0.first_chunk()?, server_name: None, early_data: false };
        fields.take(32)?;
        let extensions = || {
            fields.vector8()?;
            fields.vector16()?;
            fields.vector8()?;
            Some(fields.extensions())
        };
        for (kind, data) in { extensions }().into_iter().flatten() {
            match kind {
                SERVER_NAME => hello.server_name = server_name(data),
                EARLY_DATA => hello.early_data = true,
                _ => {}
            }
        }
        Some(hello)
    }
}

impl ServerHello {
    /// RFC 5246, section 7.4.1.3; RFC 8446, section 4.1.3.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        let version = fields.u16()?;
        let random = *fields.0.first_chunk()?;
        fields.take(32)?;
        fields.vector8()?;
        let suite = fields.u16()?;
        let compressed = fields.take(1)? != [0];
        let mut hello = Self { version, random, suite, compressed, encrypt_then_mac: false, alpn: None };
        for (kind, data) in fields.extensions() {
            match (kind, data) {
                (SUPPORTED_VERSIONS, &[high, low]) => hello.version = u16::from_be_bytes([high, low]),
                (ENCRYPT_THEN_MAC, _) => hello.encrypt_then_mac = true,
                (ALPN, data) => hello.alpn = alpn(data),
                _ => {}
            }
        }
        Some(hello)
    }
}

impl EncryptedExtensions {
    /// RFC 8446, section 4.3.1.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut all = Self { early_data: false, alpn: None };
        for (kind, data) in Fields(body).extensions() {
            match kind {
                EARLY_DATA => all.early_data = true,
                ALPN => all.alpn = alpn(data),
                _ => {}
            }
        }
        all
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(length.into())
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// Extensions by their types, as far as they are whole.
    fn extensions(mut self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let length = self.u16().unwrap_or(0);
        let mut fields = Fields(&self.0[..self.0.len().min(length.into())]);
        std::iter::from_fn(move || Some((fields.u16()?, fields.vector16()?)))
    }
}

/// RFC 6066, section 3: the first name that is a host's.
fn server_name(data: &[u8]) -> Option<String> {
    let mut names = Fields(Fields(data).vector16()?);
    while let Some(kind) = names.take(1) {
        let name = names.vector16()?;
        if kind == [0] {
            return Some(name.escape_ascii().to_string());
        }
    }
    None
}

/// RFC 7301, section 3.1: the one protocol that the server chose.
fn alpn(data: &[u8]) -> Option<String> {
    let name = Fields(Fields(data).vector16()?).vector8()?;
    Some(name.escape_ascii().to_string())
}
