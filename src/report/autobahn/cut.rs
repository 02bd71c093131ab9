//! Payloads as Autobahn shows them.

use std::fmt::Write as _;

/// A payload of more bytes is cut.
const WHOLE: u64 = 60;

/// So many bytes are left of it.
const LEFT: usize = 64;

/// A payload of `len` bytes that begins with `start`: as text if it is UTF-8, else as hex; cut if it is long, even where
/// that makes it no longer UTF-8.
pub(super) fn cut(len: u64, start: &[u8]) -> String {
    let shown = &start[..start.len().min(LEFT)];
    let more = if len > WHOLE { " ..." } else { "" };
    match std::str::from_utf8(shown) {
        Ok(text) => format!("{text}{more}"),
        Err(_) => {
            let mut hex = "0x".to_owned();
            for byte in shown {
                let _infallible = write!(hex, "{byte:02x}");
            }
            hex + more
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn short_payloads_are_whole() {
        assert_eq!(cut(0, b""), "");
        assert_eq!(cut(5, b"Hello"), "Hello");
        assert_eq!(cut(60, &[b'*'; 60]), "*".repeat(60));
        assert_eq!(cut(2, &[0xff, 0x00]), "0xff00");
    }

    #[test]
    fn long_payloads_are_cut() {
        assert_eq!(cut(61, &[b'*'; 61]), "*".repeat(61) + " ...");
        assert_eq!(cut(65_536, &[b'*'; 256]), "*".repeat(64) + " ...");
        assert_eq!(cut(65_536, &[0xfe; 256]), format!("0x{} ...", "fe".repeat(64)));
    }

    #[test]
    fn a_character_that_is_cut_makes_it_hex() {
        let text = "x".to_owned() + &"ä".repeat(40);
        assert!(cut(81, text.as_bytes()).starts_with("0x78c3a4"));
    }
}
