//! Masking (RFC 6455, section 5.3): exclusive or with a key of four bytes.

/// From so many bytes on, asking which vectors the processor has costs less than the widest ones save.
const LONG: usize = 512;

/// Masks or unmasks `data` in place, as the payload's first bytes.
#[inline]
pub fn mask(data: &mut [u8], key: [u8; 4]) {
    let word = u32::from_ne_bytes(key);
    let wide = u64::from(word) << 32 | u64::from(word);
    if data.len() < LONG { xor(data, wide) } else { xor_long(data, wide) }
}

#[multiversion::multiversion(targets("x86_64+avx2"))]
fn xor_long(data: &mut [u8], wide: u64) {
    xor(data, wide);
}

#[inline(always)]
fn xor(data: &mut [u8], wide: u64) {
    let (blocks, rest) = data.as_chunks_mut::<32>();
    // Four words at a time: the compiler turns the loop into the widest vectors that the target has.
    for block in blocks {
        let (words, _) = block.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// Masks or unmasks `data` in place, where `offset` bytes of the payload came before it.
///
/// Cutting a payload anywhere and masking the pieces at their offsets gives what masking the whole gives.
#[inline]
pub fn mask_at(data: &mut [u8], key: [u8; 4], offset: u64) {
    mask(data, u32::from_le_bytes(key).rotate_right(8 * (offset % 4) as u32).to_le_bytes());
}
