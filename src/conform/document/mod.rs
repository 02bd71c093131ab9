//! The five documents that the cases about compression send: made here, the same on every machine.
//!
//! Each has the size and about the redundancy of what such a file has in the wild, so that what a target's compressor
//! and the tester's are asked for is realistic. They are made once, when the first byte is wanted, by integers alone.

mod bitmap;
mod dice;
mod html;
mod json;
mod pdf;
mod prose;

use std::sync::OnceLock;

use bytes::Bytes;

/// A document that payloads are cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// Records as indented JSON: ASCII, compresses to an eighth.
    Json,
    /// A greyscale bitmap of 512 by 512 points, compresses to two thirds.
    Bitmap,
    /// Prose that looks German, with letters beyond ASCII: compresses to a third.
    Prose,
    /// A page with large tables and a few letters beyond ASCII: compresses to a seventh.
    Html,
    /// A file of objects that are compressed already, as PDF has them: compresses to nine tenths.
    Pdf,
}

/// What lengths and offsets in a document count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Characters, so that every part of a text is text.
    Chars,
}

/// A document as it is held.
struct Held {
    /// The document twice, so that a part that begins near its end and goes on at its start is one slice.
    twice: Vec<u8>,
    /// The byte at which every [`STRIDE`]-th character of `twice` begins; empty if it is no text.
    starts: Vec<u32>,
}

/// Characters between two places that are kept.
const STRIDE: usize = 64;

impl Document {
    /// Every document.
    pub const ALL: &[Self] = &[Self::Json, Self::Bitmap, Self::Prose, Self::Html, Self::Pdf];

    /// The name, as cases write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Bitmap => "bitmap",
            Self::Prose => "prose",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// Whether it is UTF-8.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json | Self::Prose | Self::Html)
    }

    /// How long it is; 0 characters if it is no text.
    pub const fn len(self, unit: Unit) -> usize {
        match (self, unit) {
            (Self::Json, _) => json::SIZE,
            (Self::Bitmap, Unit::Bytes) => bitmap::SIZE,
            (Self::Prose, Unit::Bytes) => prose::SIZE,
            (Self::Prose, Unit::Chars) => prose::CHARS,
            (Self::Html, Unit::Bytes) => html::SIZE,
            (Self::Html, Unit::Chars) => html::CHARS,
            (Self::Pdf, Unit::Bytes) => pdf::SIZE,
            (Self::Bitmap | Self::Pdf, Unit::Chars) => 0,
        }
    }

    /// All of it.
    pub fn bytes(self) -> &'static [u8] {
        &self.held().twice[..self.len(Unit::Bytes)]
    }

    /// `len` units from `at` on; behind the last comes the first again. Nothing is copied. No part is longer than the
    /// document.
    pub fn part(self, at: usize, len: usize, unit: Unit) -> Bytes {
        let whole = self.len(unit);
        let at = at.checked_rem(whole).unwrap_or_default();
        let end = at + len.min(whole);
        let held = self.held();
        Bytes::from_static(match unit {
            Unit::Bytes => &held.twice[at..end],
            Unit::Chars => &held.twice[held.byte_of(at)..held.byte_of(end)],
        })
    }

    fn held(self) -> &'static Held {
        static HELD: [OnceLock<Held>; 5] = [const { OnceLock::new() }; 5];
        HELD[self as usize].get_or_init(|| {
            let bytes = match self {
                Self::Json => json::make(),
                Self::Bitmap => bitmap::make(),
                Self::Prose => prose::make(),
                Self::Html => html::make(),
                Self::Pdf => pdf::make(),
            };
            debug_assert_eq!(bytes.len(), self.len(Unit::Bytes), "{}", self.name());
            Held::new(&bytes, self.is_text())
        })
    }
}

impl Held {
    fn new(bytes: &[u8], is_text: bool) -> Self {
        let twice = bytes.repeat(2);
        // A byte of the form 10xxxxxx continues a character.
        let starts = || twice.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80).map(|(at, _)| at as u32);
        let starts = if is_text { starts().step_by(STRIDE).collect() } else { Vec::new() };
        Self { twice, starts }
    }

    /// Where a character begins; the end of what is held for one behind the last.
    fn byte_of(&self, char: usize) -> usize {
        let Some(&start) = self.starts.get(char / STRIDE) else { return self.twice.len() };
        let rest = &self.twice[start as usize..];
        let begins = rest.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80);
        begins.map(|(at, _)| at).nth(char % STRIDE).map_or(self.twice.len(), |at| start as usize + at)
    }
}
