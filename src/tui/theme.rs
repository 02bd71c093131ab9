//! How things look: in sixteen colours, on dark ground or on light, without colours, or in ASCII alone.
//!
//! Widgets say what something is, by a [`Tint`]. What a terminal cannot show is taken out of the finished screen, in one
//! place, so that no widget has to think of it.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// A way to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Sixteen colours on dark ground.
    #[default]
    Dark,
    /// Sixteen colours on light ground.
    Light,
    /// No colours, for `NO_COLOR` and for terminals without.
    Plain,
    /// No colours, and no characters but ASCII.
    Ascii,
}

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tint {
    /// Neither more nor less important than other things.
    Text,
    /// Less important: labels, units.
    Faint,
    /// Titles and names of keys.
    Title,
    /// The pane that keys go to.
    Focus,
    /// The row that is selected.
    Selected,
    /// What comes in.
    In,
    /// What goes out.
    Out,
    /// As it should be.
    Good,
    /// To be looked at.
    Odd,
    /// Wrong.
    Bad,
}

impl Theme {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Plain, Self::Ascii];

    /// Its name: `dark`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Plain => "plain",
            Self::Ascii => "ascii",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Plain,
            Self::Plain => Self::Ascii,
            Self::Ascii => Self::Dark,
        }
    }

    pub(super) const fn style(self, tint: Tint) -> Style {
        let style = Style::new();
        let bold = style.add_modifier(Modifier::BOLD);
        let (dark, light) = match tint {
            Tint::Text => return style,
            Tint::Selected => return style.add_modifier(Modifier::REVERSED),
            Tint::Title => return bold,
            Tint::Faint => (Color::DarkGray, Color::DarkGray),
            Tint::Focus => (Color::LightCyan, Color::Blue),
            Tint::In => (Color::Cyan, Color::Blue),
            Tint::Out => (Color::Yellow, Color::Magenta),
            Tint::Good => (Color::Green, Color::Green),
            Tint::Odd => (Color::LightYellow, Color::Magenta),
            Tint::Bad => (Color::LightRed, Color::Red),
        };
        let style = if matches!(tint, Tint::Focus | Tint::Bad) { bold } else { style };
        match self {
            Self::Dark => style.fg(dark),
            Self::Light => style.fg(light),
            Self::Plain | Self::Ascii => style,
        }
    }

    /// Takes out of a finished screen what this theme does without.
    pub(super) fn finish(self, screen: &mut Buffer) {
        if self != Self::Ascii {
            return;
        }
        for cell in &mut screen.content {
            if !cell.symbol().is_ascii() {
                let plain = cell.symbol().chars().next().map_or(" ", ascii);
                cell.set_symbol(plain);
            }
        }
    }
}

/// What stands for a character where there is nothing but ASCII.
const fn ascii(character: char) -> &'static str {
    match character {
        '─' | '═' | '━' => "-",
        '│' | '║' | '┃' => "|",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╰' | '╯' => "+",
        '█' | '▇' => "#",
        '▆' | '▅' => "=",
        '▄' | '▃' => "-",
        '▂' | '▁' => "_",
        '←' | '◂' => "<",
        '→' | '▸' | '›' => ">",
        '↑' | '▲' => "^",
        '↓' | '▼' => "v",
        '·' | '…' => ".",
        '•' | '●' => "*",
        '×' | '✗' => "x",
        '✓' => "+",
        '≤' => "<",
        'µ' => "u",
        '⏎' => "~",
        '–' | '—' => "-",
        _ => "?",
    }
}
