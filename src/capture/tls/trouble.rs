//! Why a connection cannot be read.

use thiserror::Error;

use super::secrets::{Label, Random};
use super::suite;

/// Why what one end sent, or both, cannot be read, or no further. `Display` says what to do about it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Trouble {
    /// No secrets are known for it, or not the one that is needed.
    #[error("{}", no_secrets(client_random, *label))]
    NoSecrets {
        /// By what it is found in a key log.
        client_random: [u8; 32],
        /// The secret that is missing; `None` if all are.
        label: Option<Label>,
    },
    /// Its cipher suite is not supported.
    #[error("the cipher suite {} cannot be decrypted here", suite::name(*.0))]
    Suite(u16),
    /// Its version is not supported.
    #[error("{} cannot be decrypted here: only TLS 1.2 and TLS 1.3 can", version(*.0))]
    Version(u16),
    /// It is compressed below the encryption (RFC 3749).
    #[error("TLS compression is in use, which is not supported")]
    Compression,
    /// Its beginning is missing.
    #[error("its handshake was not captured: start the capture before the connection is opened")]
    NotCaptured,
    /// Parts of the handshake are missing.
    #[error("packets of its handshake are missing, without which the rest cannot be decrypted")]
    Incomplete,
    /// Bytes are missing, and nothing behind them could be decrypted.
    #[error("bytes of it are missing, and what follows could not be decrypted")]
    Lost,
    /// Records do not decrypt.
    #[error("its records do not decrypt: the secrets are wrong, or the capture is damaged")]
    Damaged,
    /// It is no TLS, or no longer.
    #[error("it does not go on as TLS does")]
    NotTls,
}

fn no_secrets(random: &Random, label: Option<Label>) -> String {
    let start: String = random[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    match label {
        None => format!(
            "no secrets are known for its client random {start}…: \
             give the key log (SSLKEYLOGFILE) that its client or its server wrote"
        ),
        Some(label) => format!("the key log has no {label} for its client random {start}…"),
    }
}

fn version(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x7f00..=0x7fff => format!("draft {} of TLS 1.3", version & 0xff),
        _ => format!("TLS version 0x{version:04x}"),
    }
}
