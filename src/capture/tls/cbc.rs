//! Block ciphers of TLS 1.2 (RFC 5246, section 6.2.3.2), also with encrypt-then-MAC (RFC 7366).
//!
//! Nobody waits for an answer, so nothing here has to take the same time whatever the padding is.

use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext};
use aws_lc_rs::{hmac, iv::FixedLength};

use super::keys::prefix;
use super::record::HEAD;

const BLOCK: usize = 16;

pub(super) struct Cbc {
    pub(super) key: DecryptingKey,
    pub(super) mac: hmac::Key,
    pub(super) encrypt_then_mac: bool,
}

impl Cbc {
    /// What is in a record; `None` if its padding or its MAC is wrong.
    pub(super) fn open<'r>(&self, sequence: u64, head: [u8; HEAD], body: &'r mut [u8]) -> Option<&'r mut [u8]> {
        let mac_length = self.mac.algorithm().tag_len();
        let mut sealed = body;
        if self.encrypt_then_mac {
            let (authenticated, mac) = sealed.split_at_mut_checked(sealed.len().checked_sub(mac_length)?)?;
            self.verify(sequence, head, authenticated, mac)?;
            sealed = authenticated;
        }
        let (iv, blocks) = sealed.split_first_chunk_mut::<BLOCK>()?;
        if blocks.is_empty() || !blocks.len().is_multiple_of(BLOCK) {
            return None;
        }
        let iv = DecryptionContext::Iv128(FixedLength::from(*iv));
        let padded = self.key.decrypt(blocks, iv).ok()?;
        let padding = *padded.last()?;
        let at = padded.len().checked_sub(usize::from(padding) + 1)?;
        let (content, after) = padded.split_at_mut(at);
        if after.iter().any(|byte| *byte != padding) {
            return None;
        }
        if self.encrypt_then_mac {
            return Some(content);
        }
        let (content, mac) = content.split_at_mut_checked(content.len().checked_sub(mac_length)?)?;
        self.verify(sequence, head, content, mac)?;
        Some(content)
    }

    fn verify(&self, sequence: u64, head: [u8; HEAD], authenticated: &[u8], mac: &[u8]) -> Option<()> {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(&prefix(sequence, head, authenticated.len()));
        context.update(authenticated);
        (context.sign().as_ref() == mac).then_some(())
    }
}
