//! AES-CCM (RFC 3610) with nonces of twelve bytes, as TLS has it (RFC 6655), out of CTR and CBC.

use aws_lc_rs::cipher::{
    Algorithm, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

const BLOCK: usize = 16;

/// How many bytes the length of a message has, where the nonce has twelve.
const LENGTH: usize = 3;

pub(super) struct Ccm {
    counter: DecryptingKey,
    chain: EncryptingKey,
    /// How long the tag is.
    pub(super) tag: usize,
}

impl Ccm {
    pub(super) fn new(algorithm: &'static Algorithm, key: &[u8], tag: usize) -> Option<Self> {
        let key = || UnboundCipherKey::new(algorithm, key);
        Some(Self { counter: DecryptingKey::ctr(key().ok()?).ok()?, chain: EncryptingKey::cbc(key().ok()?).ok()?, tag })
    }

    /// Opens what ends with a tag; `None` if the tag is wrong.
    pub(super) fn open<'r>(&self, nonce: [u8; 12], data: &[u8], sealed: &'r mut [u8]) -> Option<&'r mut [u8]> {
        let (content, tag) = sealed.split_at_mut_checked(sealed.len().checked_sub(self.tag)?)?;
        let mut expected = [0; BLOCK];
        self.apply(nonce, 0, &mut expected)?;
        self.apply(nonce, 1, content)?;
        let code = self.code(nonce, data, content)?;
        for (expected, code) in expected.iter_mut().zip(code) {
            *expected ^= code;
        }
        (expected[..self.tag] == *tag).then_some(content)
    }

    /// RFC 3610, section 2.3.
    fn apply(&self, nonce: [u8; 12], counter: u8, to: &mut [u8]) -> Option<()> {
        let mut start = [0; BLOCK];
        start[0] = 2;
        start[1..13].copy_from_slice(&nonce);
        start[15] = counter;
        self.counter.decrypt(to, DecryptionContext::Iv128(FixedLength::from(start))).ok().map(|_| ())
    }

    /// RFC 3610, section 2.2. The additional data are those of TLS: 5 or 13 bytes.
    fn code(&self, nonce: [u8; 12], data: &[u8], content: &[u8]) -> Option<[u8; BLOCK]> {
        let mut blocks = Vec::with_capacity(3 * BLOCK + content.len());
        let tag = u8::try_from((self.tag - 2) / 2).ok()?;
        blocks.push(0x40 | tag << 3 | 2);
        blocks.extend_from_slice(&nonce);
        blocks.extend_from_slice(content.len().to_be_bytes().last_chunk::<LENGTH>()?);
        blocks.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        blocks.extend_from_slice(data);
        blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
        blocks.extend_from_slice(content);
        blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
        let zero = EncryptionContext::Iv128(FixedLength::from([0; BLOCK]));
        self.chain.less_safe_encrypt(&mut blocks, zero).ok()?;
        blocks.last_chunk().copied()
    }
}
