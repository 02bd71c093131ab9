//! The dashboard: who is connected, what flows, what is wrong, on a terminal.
//!
//! * It shows what it was told last, and never disturbs what it watches: a source is only asked by [`Wish`]es, and the
//!   dashboard waits for none.
//! * The screen is a function of the [`Model`], and that of what happened: [`Model::update`] asks no clock and does nothing.
//! * Memory is bounded: rows of one snapshot, and of another while frozen; a quarter of an hour of rates; 1000 violations;
//!   1000 frames, and no more than 2 MiB of them. Only the rows in sight are put into words.
//! * No text from the network can act on the terminal: control characters and those that turn writing round are escaped.
//! * The terminal is given back on every way out: by a key, by a signal, by a panic.
//!
//! ```text
//! wslab top · ws://127.0.0.1:9001/_wslab                                 live · up 1h02m
//! 200 open · in 1.2k msg/s 340 KiB/s · out 1.2k msg/s 340 KiB/s · 0 faults · 412 so far
//! ┏ ▸Connections 1/200 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃PEER                  URL               AGE STATE   IN/S OUT/S    RTT FAULTS          ┃
//! ┃127.0.0.1:50312       /chat?room=1    1m07s open      12    12  1.2ms      –          ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ┌ Rates of 1 min ──────────────────────────────┐┌ Violations 1 ────────────────────────┐
//! │1.2k msg/s in  peak 1.3k  340 KiB B/s in      ││12:00:01 #12 client InvalidUtf8       │
//! └──────────────────────────────────────────────┘└──────────────────────────────────────┘
//! ? help  q quit  / filter  s sort  space freeze  enter detail  tab pane  z zoom
//! ```
//!
//! Filters are in the language of `wslab analyze --filter`, over the fields of [`FIELDS`].

mod export;
pub mod keys;
mod model;
mod run;
mod screen;
mod theme;
mod update;
mod view;
mod words;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

pub use self::export::Export;
pub use self::model::{Column, FIELDS, Model, Options, Pane, Window};
pub use self::run::{Ended, run};
pub use self::theme::Theme;
pub use self::update::{Effect, Input};
#[cfg(doc)]
use crate::watch::live::Wish;

/// The screen with what is on it, as colours and all.
pub fn draw(model: &Model, size: Size) -> Buffer {
    let backend = TestBackend::new(size.width, size.height);
    let Ok(mut terminal) = Terminal::new(backend);
    let mut model = model.clone();
    model.update(Input::Size(size));
    let Ok(_drawn) = terminal.draw(|frame| view::render(frame, &model));
    terminal.backend().buffer().clone()
}

/// One screen of this size as text, without blanks at the ends of lines.
pub fn once(model: &Model, size: Size) -> String {
    let screen = draw(model, size);
    let mut text = String::new();
    for line in screen.content.chunks(usize::from(size.width).max(1)) {
        let mut written = String::new();
        let mut covered = 0;
        for cell in line {
            // A wide character covers the cell behind it, which is blank.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            written.push_str(cell.symbol());
            covered = words::width(cell.symbol()).saturating_sub(1);
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}
