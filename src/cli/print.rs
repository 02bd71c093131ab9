//! Printing: results on stdout, everything else on stderr, and nothing of it can panic.

use std::fmt;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Reset, Style};

/// What is as it should be.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What is acceptable.
pub(super) const WEAK: Style = AnsiColor::Yellow.on_default();
/// What is wrong.
pub(super) const WRONG: Style = AnsiColor::Red.on_default().bold();

/// Prints a line of results.
pub(super) fn result(line: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{line}")?;
    // With a pipe, what was printed is wanted now: a port, a message.
    out.flush()
}

/// Tells the user something that is no result. If nobody can be told, that is so.
pub(super) fn tell(line: fmt::Arguments<'_>) {
    let _told = writeln!(anstream::stderr().lock(), "{line}");
}

/// Tells what went wrong.
pub(super) fn error(words: impl fmt::Display) {
    tell(format_args!("{WRONG}error:{Reset} {words}"));
}

/// Tells what is likely not meant.
pub(super) fn warning(words: impl fmt::Display) {
    tell(format_args!("{WEAK}warning:{Reset} {words}"));
}

/// A number of things: `1 case`, `2 cases`.
pub(super) struct Count<'a>(pub(super) usize, pub(super) &'a str);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// Text of somebody else, without what a terminal would act on or a reader would be deceived by.
pub(super) struct Harmless<'a>(pub(super) &'a str);

impl fmt::Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for character in self.0.chars() {
            match character {
                '\t' => f.write_char(character)?,
                // A further line must not look like one of ours.
                '\n' => f.write_str("\n    ")?,
                character if is_harmless(character) => f.write_char(character)?,
                character => write!(f, "{}", character.escape_unicode())?,
            }
        }
        Ok(())
    }
}

/// Whether a terminal shows a character, and does nothing else for it.
pub(super) fn is_harmless(character: char) -> bool {
    !character.is_control() && !is_deceiving(character)
}

/// Whether a character changes the direction of others, or ends a line where terminals do not agree.
const fn is_deceiving(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Bytes in hex.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
