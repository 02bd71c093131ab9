//! The keys of one direction, and how they open records.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{DecryptingKey, UnboundCipherKey};
use aws_lc_rs::{hkdf, hmac, tls_prf};

use super::cbc::Cbc;
use super::ccm::Ccm;
use super::record::{ContentType, HEAD};
use super::secrets::{Random, Secret};
use super::suite::{Sealing, Suite};

/// What opens the records of one direction, until other keys take their place.
pub(super) struct Keys {
    cipher: Cipher,
    /// In TLS 1.3, what the keys were derived from, and the next will be.
    traffic: Option<(Suite, Secret)>,
}

enum Cipher {
    Aead(LessSafeKey, Iv),
    Ccm(Ccm, Iv),
    Cbc(Cbc),
}

enum Iv {
    /// The record brings the last eight bytes (RFC 5288, section 3).
    Explicit([u8; 4]),
    /// The sequence number is laid over it (RFC 8446, section 5.3; RFC 7905, section 2).
    Masked([u8; 12]),
}

struct Length(usize);

impl Keys {
    /// The keys that the client, or the server, uses in TLS 1.2 (RFC 5246, section 6.3).
    ///
    /// `None` if the suite is none of TLS 1.2.
    pub(super) fn of_master(
        suite: &Suite,
        master: &Secret,
        [client, server]: [&Random; 2],
        by_client: bool,
        encrypt_then_mac: bool,
    ) -> Option<Self> {
        let key = suite.key_length();
        let (mac, iv) = match suite.sealing {
            Sealing::Aead(_) if suite.is_chacha() => (0, 12),
            Sealing::Aead(_) | Sealing::Ccm(..) => (0, 4),
            Sealing::Cbc(_, mac) => (mac.tag_len(), 0),
        };
        let secret = tls_prf::Secret::new(suite.prf(), master.bytes()).ok()?;
        let block =
            secret.derive_with_seed_concatination(b"key expansion", server, client, 2 * (mac + key + iv)).ok()?;
        let mut rest = block.as_ref();
        let mut own = |length: usize| {
            let (both, after) = rest.split_at(2 * length);
            rest = after;
            let (client, server) = both.split_at(length);
            if by_client { client } else { server }
        };
        let (mac, key, iv) = (own(mac), own(key), own(iv));
        let iv = match iv.try_into() {
            Ok(salt) => Iv::Explicit(salt),
            Err(_) => Iv::Masked(iv.try_into().unwrap_or_default()),
        };
        let cipher = match suite.sealing {
            Sealing::Aead(algorithm) => Cipher::Aead(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?), iv),
            Sealing::Ccm(algorithm, tag) => Cipher::Ccm(Ccm::new(algorithm, key, tag)?, iv),
            Sealing::Cbc(algorithm, digest) => Cipher::Cbc(Cbc {
                key: DecryptingKey::cbc(UnboundCipherKey::new(algorithm, key).ok()?).ok()?,
                mac: hmac::Key::new(digest, mac),
                encrypt_then_mac,
            }),
        };
        Some(Self { cipher, traffic: None })
    }

    /// The keys of a traffic secret of TLS 1.3 (RFC 8446, section 7.3).
    ///
    /// `None` if the secret is not of the suite, or the suite none of TLS 1.3.
    pub(super) fn of_traffic(suite: &Suite, secret: &Secret) -> Option<Self> {
        let (mut key, mut iv) = ([0; 32], [0; 12]);
        let key = &mut key[..suite.key_length()];
        expand_label(suite, secret, b"key", key)?;
        expand_label(suite, secret, b"iv", &mut iv)?;
        let iv = Iv::Masked(iv);
        let cipher = match suite.sealing {
            Sealing::Aead(algorithm) => Cipher::Aead(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?), iv),
            Sealing::Ccm(algorithm, tag) => Cipher::Ccm(Ccm::new(algorithm, key, tag)?, iv),
            Sealing::Cbc(..) => return None,
        };
        Some(Self { cipher, traffic: Some((*suite, *secret)) })
    }

    /// The keys after a KeyUpdate (RFC 8446, section 7.2); `None` in TLS 1.2.
    pub(super) fn update(&self) -> Option<Self> {
        let (suite, secret) = self.traffic.as_ref()?;
        let mut next = [0; 48];
        let next = &mut next[..suite.secret_length()];
        expand_label(suite, secret, b"traffic upd", next)?;
        Self::of_traffic(suite, &Secret::new(next)?)
    }

    /// How many bytes a record of TLS 1.2 is longer than what is in it, beside its head. `None` if that differs.
    pub(super) fn overhead(&self) -> Option<u64> {
        let explicit = |iv: &Iv| if matches!(iv, Iv::Explicit(_)) { 8 } else { 0 };
        match &self.cipher {
            _ if self.traffic.is_some() => None,
            Cipher::Aead(key, iv) => Some(explicit(iv) + key.algorithm().tag_len() as u64),
            Cipher::Ccm(key, iv) => Some(explicit(iv) + key.tag as u64),
            Cipher::Cbc(_) => None,
        }
    }

    /// Opens a record in place and says what is in it. If it does not open, what it held is destroyed.
    pub(super) fn open<'r>(&self, sequence: u64, record: &'r mut [u8]) -> Option<(ContentType, &'r mut [u8])> {
        let (head, body) = record.split_first_chunk_mut::<HEAD>()?;
        if self.traffic.is_none() {
            let content = self.open_tls12(sequence, *head, body)?;
            return Some((ContentType(head[0]), content));
        }
        let inner = match &self.cipher {
            Cipher::Aead(key, Iv::Masked(iv)) => {
                key.open_in_place(masked(iv, sequence), Aad::from(*head), body).ok()?
            }
            Cipher::Ccm(key, Iv::Masked(iv)) => key.open(*masked(iv, sequence).as_ref(), head, body)?,
            _ => return None,
        };
        // RFC 8446, section 5.4: the content, its type, and zeros.
        let at = inner.iter().rposition(|byte| *byte != 0)?;
        let kind = ContentType(inner[at]);
        Some((kind, &mut inner[..at]))
    }

    fn open_tls12<'r>(&self, sequence: u64, head: [u8; HEAD], body: &'r mut [u8]) -> Option<&'r mut [u8]> {
        let (nonce, sealed, tag) = match &self.cipher {
            Cipher::Cbc(cbc) => return cbc.open(sequence, head, body),
            Cipher::Aead(key, Iv::Masked(iv)) => (masked(iv, sequence), body, key.algorithm().tag_len()),
            Cipher::Aead(_, Iv::Explicit(salt)) => with_explicit(*salt, body, 16)?,
            Cipher::Ccm(key, Iv::Explicit(salt)) => with_explicit(*salt, body, key.tag)?,
            Cipher::Ccm(_, Iv::Masked(_)) => return None,
        };
        let data = prefix(sequence, head, sealed.len().checked_sub(tag)?);
        match &self.cipher {
            Cipher::Aead(key, _) => key.open_in_place(nonce, Aad::from(data), sealed).ok(),
            Cipher::Ccm(key, _) => key.open(*nonce.as_ref(), &data, sealed),
            Cipher::Cbc(_) => None,
        }
    }
}

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// What is authenticated before the content of a record (RFC 5246, sections 6.2.3.1 and 6.2.3.3).
pub(super) fn prefix(sequence: u64, [kind, major, minor, ..]: [u8; HEAD], length: usize) -> [u8; 13] {
    let mut prefix = [0; 13];
    prefix[..8].copy_from_slice(&sequence.to_be_bytes());
    prefix[8..11].copy_from_slice(&[kind, major, minor]);
    // A record is shorter than 64 KiB, as its head says its length in 16 bits.
    prefix[11..].copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    prefix
}

fn masked(iv: &[u8; 12], sequence: u64) -> Nonce {
    let mut nonce = *iv;
    for (to, byte) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
        *to ^= byte;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// The nonce, what is sealed with it, and the length of its tag.
fn with_explicit(salt: [u8; 4], body: &mut [u8], tag: usize) -> Option<(Nonce, &mut [u8], usize)> {
    let (explicit, sealed) = body.split_first_chunk_mut::<8>()?;
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&salt);
    nonce[4..].copy_from_slice(explicit);
    Some((Nonce::assume_unique_for_key(nonce), sealed, tag))
}

/// RFC 8446, section 7.1: HKDF-Expand-Label with an empty context.
fn expand_label(suite: &Suite, secret: &Secret, label: &[u8], to: &mut [u8]) -> Option<()> {
    if secret.bytes().len() != suite.secret_length() {
        return None;
    }
    let [high, low] = u16::try_from(to.len()).ok()?.to_be_bytes();
    let label_length = u8::try_from(6 + label.len()).ok()?;
    let info: [&[u8]; 4] = [&[high, low, label_length], b"tls13 ", label, &[0]];
    let key = hkdf::Prk::new_less_safe(suite.hkdf(), secret.bytes());
    key.expand(&info, Length(to.len())).ok()?.fill(to).ok()
}
