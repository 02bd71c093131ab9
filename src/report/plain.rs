//! Text that somebody else wrote, made fit to be read: nothing in it acts, and nothing in it deceives.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

/// The text, with characters that a document must not hold, or that deceive whoever reads it, written as `\u{1b}`.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut open = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unfit(character) {
            let _infallible = write!(open, "{}", character.escape_unicode());
        } else {
            open.push(character);
        }
    }
    Cow::Owned(open)
}

/// Whether a character is a control (XML 1.0 forbids most), changes the direction of others, cannot be seen, or is none.
fn is_unfit(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}' => true,
        _ => character.is_control() || (character as u32) & 0xfffe == 0xfffe,
    }
}

/// The text on one line.
pub(super) fn line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

/// A time as people say it: `0.3 ms`, `12 ms`, `1.25 s`, `2 min 5 s`.
pub(super) fn time(time: Duration) -> String {
    match time.as_micros() {
        0 => "0 ms".to_owned(),
        micros @ 1..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        micros @ 10_000..1_000_000 => format!("{:.0} ms", micros as f64 / 1e3),
        micros @ 1_000_000..60_000_000 => format!("{:.2} s", micros as f64 / 1e6),
        micros => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

/// A size in bytes as people say it: `125 B`, `64.0 KiB`, `1.5 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"");
    for next in units {
        if size < 1023.95 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

/// `1 case`, `2 cases`.
pub(super) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Milliseconds, to the microsecond.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_or_deceives_is_written_out() {
        assert_eq!(
            plain("a\u{1b}[2J\0\r\n\tκόσμε \u{202e}x\u{ffff}"),
            "a\\u{1b}[2J\\u{0}\\u{d}\n\tκόσμε \\u{202e}x\\u{ffff}"
        );
        assert_eq!(line("a\nb\tc\u{85}"), "a b c\\u{85}");
    }

    #[test]
    fn times_and_sizes_are_as_people_say_them() {
        let times = [0, 300, 9_999, 10_000, 1_250_000, 125_000_000].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(times, ["0 ms", "0.3 ms", "10.0 ms", "10 ms", "1.25 s", "2 min 5 s"]);
        let sizes = [0, 1023, 1024, 65_536, 1_572_864, 1_048_575, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "64.0 KiB", "1.5 MiB", "1.0 MiB", "16384.0 PiB"]);
    }
}
