//! Numbers, times and texts as a screen has room for them: short, of a known width, and harmless to a terminal.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::Span;

/// A count in five characters at most: `999`, `1.2k`, `34M`.
pub(super) fn count(number: f64) -> String {
    scaled(number, 1000.0, &["", "k", "M", "G", "T", "P", "E"], "")
}

/// Bytes in seven characters at most: `999 B`, `1.2 KiB`, `34 MiB`.
pub(super) fn bytes(number: f64) -> String {
    scaled(number, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], " ")
}

fn scaled(number: f64, factor: f64, units: &[&str], blank: &str) -> String {
    let mut number = if number.is_finite() { number.max(0.0) } else { 0.0 };
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < units.len() {
        number /= factor;
        unit += 1;
    }
    // What is not a whole thing shows when it is small: one message in two seconds is not none.
    let digits = usize::from(number < 9.95 && (unit > 0 || number.fract() > 0.05 && number > 0.0));
    format!("{number:.digits$}{blank}{}", units.get(unit).copied().unwrap_or_default())
}

/// A time that has gone by, in six characters at most: `42s`, `3m07s`, `5h12m`, `12d03h`.
pub(super) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m{:02}s", seconds % 60),
        () if hours < 24 => format!("{hours}h{:02}m", minutes % 60),
        () if days < 100 => format!("{days}d{:02}h", hours % 24),
        () => format!("{days}d"),
    }
}

/// How long something takes, in six characters at most: `850µs`, `1.2ms`, `3.4s`.
pub(super) fn span(time: Duration) -> String {
    nanos(time.as_nanos() as f64)
}

/// The same, of nanoseconds.
pub(super) fn nanos(nanos: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    if nanos >= 99.5e9 {
        return age(Duration::from_secs((nanos / 1e9) as u64));
    }
    let fits = |(size, _): &&(f64, &str)| nanos >= size * 0.9995;
    let (size, unit) = units.iter().find(fits).copied().unwrap_or((1.0, "ns"));
    let number = nanos / size;
    let digits = usize::from(number < 99.5 && number.fract() > 0.05 && size > 1.0);
    format!("{number:.digits$}{unit}")
}

/// The time of a day, in UTC: `07:00:00`.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A day and the time of it, in UTC: `2026-11-22 07:00:00`.
pub(super) fn date_and_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same with milliseconds: `07:00:00.123`.
pub(super) fn exact_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

/// How something is called that there are so many of.
pub(super) fn several(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// A whole number with its thousands apart: `10 000`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Whether a terminal acts on a character, or shows nothing or other text because of it.
const fn is_harmful(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text from the network, with escapes for what is harmful in it.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push('⏎'),
            '\t' => shown.push(' '),
            harmful if is_harmful(harmful) => shown.extend(harmful.escape_default()),
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// A text in so many columns at most, with `…` for what had no room.
pub(super) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    // Nobody sees more; measuring a text of megabytes takes long.
    let most = text.floor_char_boundary(text.len().min(columns.saturating_mul(16).saturating_add(16)));
    let (start, is_cut) = (&text[..most], most < text.len());
    if !is_cut && width(start) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    let mut taken = 0;
    let mut end = 0;
    for (at, character) in start.char_indices() {
        let next = at + character.len_utf8();
        taken += width(&start[at..next]);
        if taken > room {
            break;
        }
        end = next;
    }
    Cow::Owned(format!("{}…", &start[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let counts = [0.0, 0.5, 9.0, 12.0, 999.0, 999.6, 1234.0, 99_999.0, 1e6, 1.84e19].map(count);
        assert_eq!(counts, ["0", "0.5", "9", "12", "999", "1.0k", "1.2k", "100k", "1.0M", "18E"]);
        let sizes = [0.0, 5.0, 1024.0, 1536.0, 1e9].map(bytes);
        assert_eq!(sizes, ["0 B", "5 B", "1.0 KiB", "1.5 KiB", "954 MiB"]);
        assert_eq!([f64::NAN, -1.0, f64::INFINITY].map(count), ["0", "0", "0"]);
    }

    #[test]
    fn times_are_short() {
        let ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 8_640_000].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["0s", "59s", "1m00s", "59m59s", "1h00m", "23h59m", "1d00h", "100d"]);
        let spans = [0.0, 999.0, 1000.0, 1500.0, 850e3, 1.2e6, 1e9, 99e9, 100e9].map(nanos);
        assert_eq!(spans, ["0ns", "999ns", "1µs", "1.5µs", "850µs", "1.2ms", "1s", "99s", "1m40s"]);
    }

    #[test]
    fn texts_fit_and_do_no_harm() {
        assert_eq!(harmless("a\x1b[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello", 4), "hel…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(thousands(1_234_567), "1 234 567");
    }
}
