//! What a terminal can show, and how text is fitted to it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use console::measure_text_width;

/// How text for a terminal looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many columns it may have; fewer than 40 count as 40.
    pub width: usize,
    /// Whether it has colours, as ANSI sequences.
    pub color: bool,
    /// Whether it may have other characters than ASCII's.
    pub unicode: bool,
}

/// 80 columns, no colours.
impl Default for Look {
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true }
    }
}

/// What is as it should be, what is acceptable, what is wrong: as every command has them.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WEAK: Style = AnsiColor::Yellow.on_default();
pub(super) const WRONG: Style = AnsiColor::Red.on_default().bold();
/// What the client sent, and what the server.
pub(super) const ENDS: [Style; 2] = [AnsiColor::Cyan.on_default(), AnsiColor::Green.on_default()];
/// What is only needed on a second look.
pub(super) const SOFT: Style = AnsiColor::BrightBlack.on_default();
pub(super) const TITLE: Style = Style::new().bold();
pub(super) const PLAIN: Style = Style::new();

impl Look {
    pub(super) fn columns(self) -> usize {
        self.width.max(40)
    }

    /// The text in this style, on one line or several, each styled for itself.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        let text = self.spelled(text);
        if !self.color || style.is_plain() || text.trim().is_empty() { text } else { format!("{style}{text}{style:#}") }
    }

    /// The text with characters that the terminal has.
    pub(super) fn spelled(self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        let ascii = |character| match character {
            '\0'..='\u{7f}' => character,
            '→' => '>',
            '←' => '<',
            '…' => '~',
            '·' => '.',
            '✗' | '×' => 'x',
            '✓' => 'v',
            '“' | '”' => '"',
            'µ' => 'u',
            _ => '?',
        };
        text.chars().map(ascii).collect()
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// The text in no more than this many columns.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut end = 0;
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += width(character.encode_utf8(&mut [0; 4]));
        // One column is for the dots.
        if used >= most {
            break;
        }
        end = at + character.len_utf8();
    }
    format!("{}…", &text[..end])
}

/// The text in no more than this many columns, without its middle: of an address, the end tells most.
pub(super) fn cut_inside(text: &str, most: usize) -> String {
    if text.len() <= most || !text.is_ascii() {
        return cut(text, most);
    }
    let end = most / 2;
    format!("{}…{}", &text[..most - 1 - end], &text[text.len() - end..])
}

/// The text in lines of no more than this many columns, broken at blanks where there are any.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = cut(word, most);
        let line = lines.last_mut().map_or("", |line| line.as_str());
        if !line.is_empty() && width(line) + 1 + width(&word) > most {
            lines.push(word);
        } else if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

/// A cell of a [`Grid`].
#[derive(Clone, Debug, Default)]
pub(super) struct Cell(pub(super) String, pub(super) Style);

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text, PLAIN)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned(), PLAIN)
    }
}

/// A column of a [`Grid`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Whether it stands on the right.
    pub(super) right: bool,
    /// How soon it is left out where there is no room: the highest first, 0 never.
    pub(super) spare: u8,
}

pub(super) const fn left(title: &'static str) -> Column {
    Column { title, right: false, spare: 0 }
}

pub(super) const fn right(title: &'static str) -> Column {
    Column { title, right: true, spare: 0 }
}

/// Rows of cells in columns, two blanks apart.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    /// The column that is cut where there is no room.
    pub(super) flex: Option<usize>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// The columns that a flexible one should have at least.
    const FLEX: usize = 16;

    /// Appends it, two columns from the left.
    pub(super) fn render(mut self, look: Look, out: &mut String) {
        // Before anything is measured: what a terminal does not have may be narrower than what stands for it.
        self.rows.iter_mut().flatten().for_each(|cell| cell.0 = look.spelled(&cell.0));
        let mut widths = self.widths();
        let gives = |widths: &[usize], flex: Option<usize>, least: usize| {
            flex.map_or(0, |flex| widths[flex].saturating_sub(least))
        };
        while Self::over(&widths, look) > gives(&widths, self.flex, Self::FLEX) {
            let spare = (0..self.columns.len()).filter(|&index| self.columns[index].spare > 0);
            let Some(worst) = spare.max_by_key(|&index| self.columns[index].spare) else { break };
            self.columns.remove(worst);
            self.rows.iter_mut().for_each(|row| drop(row.remove(worst)));
            self.flex = self.flex.map(|flex| if flex > worst { flex - 1 } else { flex });
            widths = self.widths();
        }
        if let Some(flex) = self.flex {
            widths[flex] -= Self::over(&widths, look).min(gives(&widths, self.flex, 4));
        }
        // What is left is cut where it is widest, on a very narrow terminal.
        while Self::over(&widths, look) > 0 {
            let Some(widest) = widths.iter_mut().max().filter(|width| **width > 1) else { break };
            *widest -= 1;
        }
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let title = |column: &Column| Cell(column.title.to_owned(), SOFT);
            let titles: Vec<Cell> = self.columns.iter().map(title).collect();
            self.row(&titles, &widths, look, out);
        }
        self.rows.iter().for_each(|row| self.row(row, &widths, look, out));
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |index: usize| self.rows.iter().map(move |row| width(&row[index].0)).max().unwrap_or(0);
        self.columns.iter().enumerate().map(|(index, column)| cells(index).max(width(column.title))).collect()
    }

    /// How many columns are too many.
    fn over(widths: &[usize], look: Look) -> usize {
        widths.iter().map(|width| width + 2).sum::<usize>().saturating_sub(look.columns())
    }

    fn row(&self, cells: &[Cell], widths: &[usize], look: Look, out: &mut String) {
        let mut line = String::new();
        let mut owed = 0;
        for ((Cell(text, style), column), &size) in cells.iter().zip(&self.columns).zip(widths) {
            let text = cut(text, size);
            let pad = size - width(&text).min(size);
            owed += 2 + if column.right { pad } else { 0 };
            if !text.is_empty() {
                let _infallible = write!(line, "{:owed$}{}", "", look.paint(*style, &text));
                owed = 0;
            } else {
                owed += if column.right { 0 } else { size - pad };
            }
            owed += if column.right { 0 } else { pad };
        }
        out.push_str(&line);
        out.push('\n');
    }
}
