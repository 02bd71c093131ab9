//! A file of numbered objects with a table of their places, whose streams are compressed: it has the look of a PDF, and
//! no reader would show anything of it.

use super::dice::Dice;

/// Bytes.
pub(super) const SIZE: usize = 1_042_328;

pub(super) fn make() -> Vec<u8> {
    let mut dice = Dice::new(125);
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    while out.len() < SIZE - 60_000 {
        places.push(out.len());
        let number = places.len();
        if dice.one_in(2) {
            page(&mut out, number, &mut dice);
        } else {
            stream(&mut out, number, dice.between(500, 8_000), &mut dice);
        }
    }
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 2);
    places.iter().chain([&out.len()]).for_each(|place| table.push_str(&format!("{place:010} 00000 n \n")));
    // The last stream takes what is left, less what stands around it.
    let tail =
        |start: usize| format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", places.len() + 2);
    let number = places.len() + 1;
    let around = frame(number, 99_999).len() + END.len() + table.len() + tail(1_000_000).len();
    let room = SIZE.saturating_sub(out.len() + around);
    stream(&mut out, number, room, &mut dice);
    let start = out.len();
    out.extend_from_slice(table.as_bytes());
    out.extend_from_slice(tail(start).as_bytes());
    out.resize(SIZE, b'\n');
    out
}

const END: &[u8] = b"\nendstream\nendobj\n";

fn frame(number: usize, len: usize) -> String {
    format!("{number} 0 obj\n<< /Length {len} /Filter /FlateDecode >>\nstream\n")
}

fn stream(out: &mut Vec<u8>, number: usize, len: usize, dice: &mut Dice) {
    out.extend_from_slice(frame(number, len).as_bytes());
    out.extend((0..len).map(|_| (dice.roll() >> 56) as u8));
    out.extend_from_slice(END);
}

/// A page and the widths of a font, which nothing compresses: the readable tenth of the file.
fn page(out: &mut Vec<u8>, number: usize, dice: &mut Dice) {
    let mut text = format!("{number} 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]\n");
    text.push_str("   /Resources << /ProcSet [/PDF /Text] /Font << /F1 7 0 R /F2 8 0 R >> >>\n");
    text.push_str(&format!("   /Contents {} 0 R >>\nendobj\n% widths\n[", dice.between(3, 300)));
    for width in 0..200 {
        text.push_str(&format!("{} ", 250 + 50 * dice.below(12)));
        text.push_str(if width % 16 == 15 { "\n" } else { "" });
    }
    text.push_str("]\n");
    out.extend_from_slice(text.as_bytes());
}
