//! The yearbook of a weather station that does not exist: large tables.

use std::fmt::Write as _;

use super::dice::Dice;

/// Bytes.
pub(super) const SIZE: usize = 263_516;

/// Characters.
pub(super) const CHARS: usize = 263_500;

const STATIONS: &[&str] = &["Vogelfels", "Gruenort", "Halbhang", "Imboden", "Sankt Lenz", "Ostauen"];
const SKIES: &[&str] = &["clear", "hazy", "few clouds", "broken clouds", "overcast", "fog", "rain", "sleet", "snow"];
const WINDS: &[&str] = &["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>Yearbook of the \
     stations</title>\n  <style>\n    body { font-family: sans-serif; margin: 2em }\n    table { border-collapse: \
     collapse }\n    td.number { text-align: right }\n  </style>\n</head>\n<body>\n";

pub(super) fn make() -> Vec<u8> {
    let mut dice = Dice::new(124);
    let mut out = String::from(HEAD);
    const TAIL: &str = "-->\n</body>\n</html>\n";
    let mut chars = out.len();
    // Characters beyond ASCII are in the headings alone.
    for station in STATIONS.iter().cycle() {
        let from = out.len();
        let _ = write!(out, "  <h2 id=\"t{from}\">Station {station}, mean at noon</h2>\n  <table>\n");
        out.push_str("    <thead><tr><th>Day</th><th>°C</th><th>hPa</th><th>mm</th><th>Wind</th></tr></thead>\n");
        for day in 1..=dice.between(60, 120) {
            row(&mut out, day, &mut dice);
        }
        out.push_str("  </table>\n");
        let more = out[from..].chars().count();
        if chars + more > CHARS - TAIL.len() - 6 {
            out.truncate(from);
            break;
        }
        chars += more;
    }
    out.push_str("  <!--");
    chars += 6;
    while chars < CHARS - TAIL.len() {
        let words = format!(" {:04x}", dice.below(65_536));
        let room = CHARS - TAIL.len() - chars;
        out.push_str(&words[..words.len().min(room)]);
        chars += words.len().min(room);
    }
    out.push_str(TAIL);
    out.into_bytes()
}

fn row(out: &mut String, day: usize, dice: &mut Dice) {
    // Writing to a string cannot fail.
    let _ = write!(out, "    <tr><td><a href=\"/day/{:012x}\">{day}</a></td>", dice.roll() >> 16);
    let degrees = dice.below(380) as i64 - 90;
    let _ = write!(out, "<td class=\"number\">{}.{}</td>", degrees / 10, degrees.abs() % 10);
    let _ = write!(out, "<td class=\"number\">{}.{}</td>", dice.between(985, 1035), dice.below(10));
    let _ = write!(out, "<td class=\"number\">{}</td>", dice.below(40).saturating_sub(20));
    let (wind, force, sky) = (dice.pick_skewed(WINDS), dice.below(7), dice.pick_skewed(SKIES));
    let _ = writeln!(out, "<td title=\"{sky}, force {force}\">{wind}</td></tr>");
}
