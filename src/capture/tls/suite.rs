//! Cipher suites: which there are, and how they encrypt.

use aws_lc_rs::aead::{self, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
use aws_lc_rs::cipher::{self, AES_128, AES_256};
use aws_lc_rs::hkdf::{HKDF_SHA256, HKDF_SHA384};
use aws_lc_rs::{hkdf, hmac, tls_prf};
use tls_parser::{TlsCipherEnc, TlsCipherEncMode, TlsCipherMac, TlsCipherSuite, TlsPRF};

/// What is to be known of a cipher suite.
#[derive(Clone, Copy)]
pub(super) struct Suite {
    pub(super) sealing: Sealing,
    /// Whether its key derivation hashes with SHA-384, and not with SHA-256.
    long_hash: bool,
}

/// How records are sealed.
#[derive(Clone, Copy)]
pub(super) enum Sealing {
    /// RFC 5288 and 7905, or RFC 8446.
    Aead(&'static aead::Algorithm),
    /// RFC 6655, with a tag of so many bytes.
    Ccm(&'static cipher::Algorithm, usize),
    /// RFC 5246, section 6.2.3.2.
    Cbc(&'static cipher::Algorithm, hmac::Algorithm),
}

impl Suite {
    /// `None` if it is not supported.
    pub(super) fn find(id: u16) -> Option<Self> {
        let suite = TlsCipherSuite::from_id(id)?;
        let (gcm, block) = match suite.enc_size {
            128 => (&AES_128_GCM, &AES_128),
            _ => (&AES_256_GCM, &AES_256),
        };
        let sealing = match (suite.enc, suite.enc_mode) {
            (TlsCipherEnc::Chacha20_Poly1305, _) => Sealing::Aead(&CHACHA20_POLY1305),
            (TlsCipherEnc::Aes, TlsCipherEncMode::Gcm) => Sealing::Aead(gcm),
            (TlsCipherEnc::Aes, TlsCipherEncMode::Ccm) => {
                Sealing::Ccm(block, if suite.name.contains("CCM_8") { 8 } else { 16 })
            }
            (TlsCipherEnc::Aes, TlsCipherEncMode::Cbc) => Sealing::Cbc(
                block,
                match suite.mac {
                    TlsCipherMac::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    TlsCipherMac::HmacSha256 => hmac::HMAC_SHA256,
                    TlsCipherMac::HmacSha384 => hmac::HMAC_SHA384,
                    _ => return None,
                },
            ),
            _ => return None,
        };
        Some(Self { sealing, long_hash: suite.prf == TlsPRF::Sha384 })
    }

    /// The function that derives keys in TLS 1.2.
    pub(super) const fn prf(&self) -> &'static tls_prf::Algorithm {
        if self.long_hash { &tls_prf::P_SHA384 } else { &tls_prf::P_SHA256 }
    }

    /// The function that derives keys in TLS 1.3.
    pub(super) const fn hkdf(&self) -> hkdf::Algorithm {
        if self.long_hash { HKDF_SHA384 } else { HKDF_SHA256 }
    }

    /// How long the secrets of TLS 1.3 are.
    pub(super) const fn secret_length(&self) -> usize {
        if self.long_hash { 48 } else { 32 }
    }

    /// RFC 7905 made its nonces as TLS 1.3 later did, unlike the other suites of TLS 1.2.
    pub(super) fn is_chacha(&self) -> bool {
        matches!(self.sealing, Sealing::Aead(algorithm) if algorithm == &CHACHA20_POLY1305)
    }

    pub(super) fn key_length(&self) -> usize {
        match self.sealing {
            Sealing::Aead(algorithm) => algorithm.key_len(),
            Sealing::Ccm(algorithm, _) | Sealing::Cbc(algorithm, _) => {
                if algorithm == &AES_128 {
                    16
                } else {
                    32
                }
            }
        }
    }
}

/// The name that IANA registered.
pub(super) fn name(id: u16) -> String {
    TlsCipherSuite::from_id(id).map_or_else(|| format!("0x{id:04x}"), |suite| suite.name.to_owned())
}
