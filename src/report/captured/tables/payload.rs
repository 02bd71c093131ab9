//! How payloads are shown.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::capture::without_tokens;

/// How payloads are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// Not at all: the cell is empty.
    #[default]
    None,
    /// As UTF-8; what is none becomes U+FFFD. Unless secrets are shown, `…` stands for JSON Web Tokens, of which each has
    /// to be whole in the frame or message; they are not looked for in what is shown in another way.
    Text,
    /// In hexadecimal digits.
    Hex,
    /// In base64, with padding.
    Base64,
    /// By its SHA-256 in hexadecimal digits.
    Sha256,
}

impl Payload {
    /// The bytes as they are to be shown; `kept` is room to write them.
    pub(super) fn show<'a>(self, bytes: &'a [u8], show_secrets: bool, kept: &'a mut String) -> Option<Cow<'a, str>> {
        kept.clear();
        match self {
            Self::None => return None,
            Self::Text => {
                return Some(match String::from_utf8_lossy(bytes) {
                    text if show_secrets => text,
                    Cow::Borrowed(text) => without_tokens(text),
                    Cow::Owned(text) => Cow::Owned(without_tokens(&text).into_owned()),
                });
            }
            Self::Hex => hex(bytes, kept),
            Self::Base64 => STANDARD.encode_string(bytes, kept),
            Self::Sha256 => hex(digest(&SHA256, bytes).as_ref(), kept),
        }
        Some(Cow::Borrowed(kept))
    }

    /// As much of the bytes as is needed to show the beginning of what is shown, for `most` characters.
    pub(super) fn beginning(self, bytes: &[u8], most: usize, show_secrets: bool) -> &[u8] {
        // A character takes four bytes at most, and one more shows that there is more.
        let beginning = &bytes[..bytes.len().min(4 * (most + 1))];
        match self {
            Self::Sha256 => bytes,
            // A token has to be whole to be known as one, and what is behind it moves up.
            Self::Text if !show_secrets && may_hold_token(beginning) => bytes,
            _ => beginning,
        }
    }
}

/// Whether a token may begin here.
fn may_hold_token(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|window| window == b"eyJ")
}

fn hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len());
    for byte in bytes {
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        out.extend([digit(byte >> 4), digit(byte & 0xf)]);
    }
}
