//! The bar that shows how far a run is.

use std::io;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// A bar of so many steps, on the terminal of stderr.
pub(super) fn bar(steps: u64) -> ProgressBar {
    styled(ProgressBar::with_draw_target(Some(steps), terminal()), "{bar:30} {pos}/{len} {msg}")
}

/// Room for several bars, one below the other, on the terminal of stderr.
pub(super) fn bars() -> MultiProgress {
    MultiProgress::with_draw_target(terminal())
}

/// A bar of so many steps among others, with a name.
pub(super) fn bar_among(bars: &MultiProgress, steps: u64, name: String) -> ProgressBar {
    let bar = bars.add(ProgressBar::new(steps)).with_prefix(name);
    styled(bar, "{bar:30} {pos}/{len} {prefix} {msg}")
}

fn terminal() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Narrow(Term::stderr())), 20)
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A terminal that ends before its edge. Lines are filled up to the end, and the `^C` that a terminal echoes there
/// would begin a line of its own, so that the bar above it would not be found any more when it is to be removed.
#[derive(Debug)]
struct Narrow(Term);

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(4).max(1)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
