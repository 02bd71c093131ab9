//! Public keys in PEM (RFC 7468, section 13): what kind of key it is, and its bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::KeyFault;

/// What every PEM begins with.
pub(super) const FRONT: &str = "-----BEGIN ";

/// A public key as the algorithms take it.
#[derive(Debug)]
pub(super) enum Public {
    /// An `RSAPublicKey` (RFC 8017, appendix A.1.1).
    Rsa(Vec<u8>),
    /// A point of P-256 (RFC 5480, section 2.2).
    P256(Vec<u8>),
    /// A point of Ed25519 (RFC 8410, section 4).
    Ed25519(Vec<u8>),
}

/// Object identifiers, as DER has them.
mod oid {
    pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pub(super) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
    pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub(super) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    pub(super) const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
    pub(super) const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const ED448: &[u8] = &[0x2b, 0x65, 0x71];
    pub(super) const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
}

/// Tags of DER.
mod tag {
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BIT_STRING: u8 = 0x03;
    pub(super) const OID: u8 = 0x06;
    pub(super) const SEQUENCE: u8 = 0x30;
}

/// The one public key of a text.
pub(super) fn public_key(text: &str) -> Result<Public, KeyFault> {
    if text.trim().is_empty() {
        return Err(KeyFault::NotPem);
    }
    let (_, rest) = text.split_once(FRONT).ok_or(KeyFault::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyFault::NotPem)?;
    let (body, behind) = rest.split_once("-----END ").ok_or(KeyFault::Damaged)?;
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {}
        "CERTIFICATE" => return Err(KeyFault::Certificate),
        private if private.ends_with("PRIVATE KEY") => return Err(KeyFault::Private),
        // What OpenSSL writes before an EC private key.
        "EC PARAMETERS" if behind.contains("PRIVATE KEY-----") => return Err(KeyFault::Private),
        _ => return Err(KeyFault::NoPublicKey),
    }
    if behind.contains("PRIVATE KEY-----") {
        return Err(KeyFault::Private);
    }
    if behind.contains(FRONT) {
        return Err(KeyFault::Several);
    }
    let digits: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(digits).map_err(|_| KeyFault::Damaged)?;
    if label == "RSA PUBLIC KEY" { rsa(&der) } else { subject_public_key(&der) }
}

/// A `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7).
fn subject_public_key(der: &[u8]) -> Result<Public, KeyFault> {
    let info = whole(tag::SEQUENCE, der)?;
    let (algorithm, info) = element(tag::SEQUENCE, info)?;
    let (kind, parameters) = element(tag::OID, algorithm)?;
    let key = match whole(tag::BIT_STRING, info)? {
        [0, key @ ..] => key,
        _ => return Err(KeyFault::Damaged),
    };
    match kind {
        oid::RSA => rsa(key),
        oid::EC => match element(tag::OID, parameters)?.0 {
            oid::P256 => Ok(Public::P256(key.to_vec())),
            oid::P384 => Err(KeyFault::Kind("EC P-384")),
            oid::P521 => Err(KeyFault::Kind("EC P-521")),
            oid::SECP256K1 => Err(KeyFault::Kind("EC secp256k1")),
            _ => Err(KeyFault::Kind("such EC")),
        },
        oid::ED25519 => Ok(Public::Ed25519(key.to_vec())),
        oid::RSA_PSS => Err(KeyFault::Kind("RSA-PSS")),
        oid::ED448 => Err(KeyFault::Kind("Ed448")),
        oid::X25519 => Err(KeyFault::Kind("X25519")),
        _ => Err(KeyFault::Kind("such")),
    }
}

/// An `RSAPublicKey`: modulus and exponent.
fn rsa(der: &[u8]) -> Result<Public, KeyFault> {
    let (modulus, _) = element(tag::INTEGER, whole(tag::SEQUENCE, der)?)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = &modulus[zeros..];
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if (2048..=8192).contains(&bits) { Ok(Public::Rsa(der.to_vec())) } else { Err(KeyFault::RsaSize(bits)) }
}

/// The content of the element that all the bytes are.
fn whole(tag: u8, der: &[u8]) -> Result<&[u8], KeyFault> {
    match element(tag, der)? {
        (content, []) => Ok(content),
        _ => Err(KeyFault::Damaged),
    }
}

/// The content of the first element, and what is behind it (X.690, section 8.1).
fn element(tag: u8, der: &[u8]) -> Result<(&[u8], &[u8]), KeyFault> {
    let (length, rest) = match der {
        [found, short @ 0..=0x7f, rest @ ..] if *found == tag => (usize::from(*short), rest),
        [found, 0x81, length, rest @ ..] if *found == tag => (usize::from(*length), rest),
        [found, 0x82, high, low, rest @ ..] if *found == tag => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return Err(KeyFault::Damaged),
    };
    rest.split_at_checked(length).ok_or(KeyFault::Damaged)
}
