//! Bytes in hexadecimal digits, as key logs have them.

/// How many bytes the digits stand for; `None` if they are no digits, or stand for more bytes than there is room for.
pub(super) fn unhex(digits: &[u8], to: &mut [u8]) -> Option<usize> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    for (to, [high, low]) in to.get_mut(..pairs.len())?.iter_mut().zip(pairs) {
        *to = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(pairs.len())
}
