//! The keys that tokens are checked with, from files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::{fmt, str};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::pem;

/// The least bytes that a shared secret has: the output of SHA-256 (RFC 7518, section 3.2).
const LEAST_SECRET: usize = 32;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A secret that the issuer of the tokens shares: for HS256, HS384 and HS512 (RFC 7518, section 3.2).
#[derive(Clone)]
pub struct SecretKey {
    key: DecodingKey,
}

impl SecretKey {
    const ALGORITHMS: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

    /// Takes the bytes as they are.
    ///
    /// The RFC wants as many bytes as the hash has: 48 for HS384 and 64 for HS512. Many issuers give less, and 32 are
    /// more than can be guessed, so 32 are enough here for all three.
    ///
    /// # Errors
    /// If they are fewer than 32, or a key in PEM: whoever took a public key for a secret would let everybody who has the
    /// public key make tokens.
    pub fn new(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.is_empty() {
            return Err(KeyFault::Empty);
        }
        if secret.windows(pem::FRONT.len()).any(|window| window == pem::FRONT.as_bytes()) {
            return Err(KeyFault::PemAsSecret);
        }
        if secret.len() < LEAST_SECRET {
            return Err(KeyFault::Short(secret.len()));
        }
        Ok(Self { key: DecodingKey::from_secret(secret) })
    }

    /// Takes the bytes of a file, without the line end behind them.
    ///
    /// # Errors
    /// If it cannot be read, or for the reasons of [`SecretKey::new`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        KeyError::about(path, |bytes| {
            let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            Self::new(line.strip_suffix(b"\r").unwrap_or(line))
        })
    }

    pub(super) fn key_for(&self, algorithm: Algorithm) -> Option<&DecodingKey> {
        Self::ALGORITHMS.contains(&algorithm).then_some(&self.key)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// The public key of the issuer of the tokens, in PEM.
///
/// RSA of 2048 to 8192 bits for RS256, RS384 and RS512 (RFC 7518, section 3.3), EC P-256 for ES256 (section 3.4), or
/// Ed25519 for EdDSA (RFC 8037, section 3.1).
#[derive(Clone)]
pub struct PublicKey {
    key: DecodingKey,
    algorithms: &'static [Algorithm],
}

impl PublicKey {
    /// Finds out of what kind the key is, and takes it.
    ///
    /// # Errors
    /// If it is no public key, or none of these kinds.
    pub fn new(pem: &str) -> Result<Self, KeyFault> {
        use pem::Public::{Ed25519, P256, Rsa};
        let public = pem::public_key(pem)?;
        let (key, algorithms): (_, &[_]) = match &public {
            Rsa(der) => (DecodingKey::from_rsa_der(der), &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]),
            P256(point) => (DecodingKey::from_ec_der(point), &[Algorithm::ES256]),
            Ed25519(point) => (DecodingKey::from_ed_der(point), &[Algorithm::EdDSA]),
        };
        let (algorithm, bytes): (&'static dyn VerificationAlgorithm, _) = match &public {
            Rsa(der) => (&RSA_PKCS1_2048_8192_SHA256, der),
            P256(point) => (&ECDSA_P256_SHA256_FIXED, point),
            Ed25519(point) => (&ED25519, point),
        };
        // What no signature could ever fit is better said now than with each token.
        ParsedPublicKey::new(algorithm, bytes).map_err(|_| KeyFault::Damaged)?;
        Ok(Self { key, algorithms })
    }

    /// Takes the key of a file.
    ///
    /// # Errors
    /// If it cannot be read, or for the reasons of [`PublicKey::new`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        KeyError::about(path, |bytes| Self::new(str::from_utf8(bytes).map_err(|_| KeyFault::NotPem)?))
    }

    pub(super) fn key_for(&self, algorithm: Algorithm) -> Option<&DecodingKey> {
        self.algorithms.contains(&algorithm).then_some(&self.key)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

/// A file that serves as no key.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} as a key: {fault}", path.display())]
pub struct KeyError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: KeyFault,
}

impl KeyError {
    fn about<T>(path: &Path, take: impl FnOnce(&[u8]) -> Result<T, KeyFault>) -> Result<T, Self> {
        let taken = content(path).and_then(|bytes| take(&bytes));
        taken.map_err(|fault| Self { path: path.to_owned(), fault })
    }
}

/// What is wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The file has more than 64 KiB.
    #[error("it has more than 64 KiB, which no key has")]
    Large,
    /// There is nothing.
    #[error("it is empty: `openssl rand -base64 48` makes a secret")]
    Empty,
    /// The secret has so many bytes.
    #[error("a secret of {0} bytes can be guessed: at least 32 are needed, `openssl rand -base64 48` makes such a one")]
    Short(usize),
    /// Somebody gave a key in PEM as a shared secret.
    #[error(
        "it is a PEM file and no shared secret: give a public key as public key, and as a secret what only the issuer \
         of the tokens and this server know"
    )]
    PemAsSecret,
    /// Somebody gave a private key as public key.
    #[error(
        "it is a private key, and those are for the issuer of the tokens alone: `openssl pkey -in FILE -pubout` writes \
         the public key that belongs to it"
    )]
    Private,
    /// Somebody gave a certificate.
    #[error("it is a certificate: `openssl x509 -in FILE -noout -pubkey` writes the public key that is in it")]
    Certificate,
    /// Not PEM (RFC 7468).
    #[error("it is no PEM file: a public key begins with -----BEGIN PUBLIC KEY-----")]
    NotPem,
    /// PEM of another sort.
    #[error("it is PEM, but no public key, which begins with -----BEGIN PUBLIC KEY-----")]
    NoPublicKey,
    /// There are several keys.
    #[error("it has more than one key: leave the one that signs the tokens")]
    Several,
    /// The bytes are no key.
    #[error("the key in it is damaged or cut off")]
    Damaged,
    /// An RSA key of so many bits.
    #[error("an RSA key of {0} bits is not taken: it needs 2048 to 8192")]
    RsaSize(usize),
    /// A key of another kind.
    #[error("{0} keys are not taken: RSA, EC P-256 and Ed25519 are")]
    Kind(&'static str),
}

fn content(path: &Path) -> Result<Vec<u8>, KeyFault> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE { Err(KeyFault::Large) } else { Ok(bytes) }
}
