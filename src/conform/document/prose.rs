//! Verse and talk of no meaning in words that could be German, some of which are.

use super::dice::Dice;

/// Bytes.
pub(super) const SIZE: usize = 222_218;

/// Characters.
pub(super) const CHARS: usize = 219_019;

const SMALL: &[&str] = &[
    "und", "die", "der", "ich", "das", "nicht", "in", "ein", "zu", "ist", "du", "mit", "sich", "so", "den", "es",
    "mir", "wie", "er", "auf", "dem", "was", "sie", "von", "nur", "aus", "doch", "für", "dich", "wenn", "noch", "hier",
    "über", "an", "nun", "daß", "im", "wir", "als", "auch", "des", "bei", "uns", "durch", "schön", "wär", "mag",
    "früh", "da", "hat",
];
const STARTS: &[&str] = &[
    "b", "br", "d", "dr", "f", "fl", "g", "gl", "gr", "h", "k", "kl", "kn", "l", "m", "n", "pf", "r", "s", "sch",
    "schl", "schw", "sp", "st", "str", "t", "tr", "w", "z", "zw", "",
];
const MIDDLES: &[&str] = &[
    "a", "e", "i", "o", "u", "ei", "au", "ie", "a", "e", "eu", "a", "o", "u", "ah", "oh", "e", "i", "e", "a", "ei",
    "ä", "ü", "ie", "a", "o", "u",
];
const ENDS: &[&str] =
    &["l", "n", "r", "t", "cht", "ng", "nd", "rt", "st", "m", "g", "ck", "ll", "nn", "tz", "rm", "ft", "b", "lt", "ß"];
const TAILS: &[&str] = &["", "", "en", "e", "er", "ung", "lich", "keit", "et", "es", "heit", "te", "isch", "em"];
const SPEAKERS: &[&str] = &["ARMGART", "DER MÜLLER", "STIMME VON OBEN", "LENZ", "DER GEHILFE", "ZWEITER WÄCHTER"];

pub(super) fn make() -> Vec<u8> {
    let mut dice = Dice::new(123);
    let words: Vec<String> = (0..6_000).map(|_| word(&mut dice)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = String::with_capacity(SIZE + 200);
    while out.len() < SIZE {
        out.push_str("\r\n");
        out.push_str(dice.pick(SPEAKERS));
        out.push_str(":\r\n");
        for _ in 0..dice.between(1, 14) {
            line(&mut out, &words, &mut dice);
        }
    }
    // The last line may end inside a letter of two bytes: then it is one byte shorter, and a blank takes its place.
    let end = (0..=SIZE).rev().find(|end| out.is_char_boundary(*end)).unwrap_or_default();
    out.truncate(end);
    let mut out = out.into_bytes();
    out.resize(SIZE, b' ');
    out
}

fn word(dice: &mut Dice) -> String {
    let mut word = String::new();
    for _ in 0..dice.between(1, 2) {
        word.push_str(dice.pick_skewed(STARTS));
        word.push_str(dice.pick(MIDDLES));
        word.push_str(dice.pick(ENDS));
    }
    word.push_str(dice.pick(TAILS));
    word
}

fn line(out: &mut String, words: &[&str], dice: &mut Dice) {
    for index in 0..dice.between(5, 8) {
        let word = if dice.below(100) < 48 { dice.pick_skewed(SMALL) } else { dice.pick_skewed(words) };
        let upper = index == 0 || (word.len() > 4 && dice.one_in(3));
        let mut letters = word.chars();
        out.push_str(if index == 0 { "  " } else { " " });
        match letters.next().filter(|_| upper) {
            Some(first) => out.extend(first.to_uppercase().chain(letters)),
            None => out.push_str(word),
        }
        out.push_str(if dice.one_in(9) { "," } else { "" });
    }
    out.push_str(dice.pick(&[",", ",", ".", ".", "!", ";", "", "?", ""]));
    out.push_str("\r\n");
}
