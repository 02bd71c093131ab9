//! A conformance run: how far it is, what is being run, what came of the others.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{bordered, put, put_all};
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Tint;
use crate::tui::words::{age, harmless, thousands};
use crate::watch::{Outcome, Verdict};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let Some(progress) = &model.seen().progress else { return };
    let title = format!("Conformance of {}", harmless(&progress.target));
    let inside = bordered(frame, area, &title, model.pane == Pane::Run, model);
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    let line = |y: u16| Rect::new(inside.x, inside.y + y, inside.width, 1);
    if inside.height < 4 {
        return;
    }

    let (done, all) = (progress.done.len(), progress.cases.max(progress.done.len()).max(1));
    let words = format!(" {}/{} · {}", thousands(done as u64), thousands(progress.cases as u64), age(progress.elapsed));
    let room = usize::from(inside.width).saturating_sub(words.chars().count()).min(60);
    let filled = room * done / all;
    put_all(
        buffer,
        line(0),
        &[
            (&"█".repeat(filled), theme.style(Tint::Good)),
            (&"·".repeat(room - filled), theme.style(Tint::Faint)),
            (&words, theme.style(Tint::Text)),
        ],
    );

    let counts = Verdict::WORDS.map(|word| {
        let count = progress.done.iter().filter(|outcome| outcome.verdict.word() == word).count();
        (count, format!("{} {word}  ", thousands(count as u64)))
    });
    let shown = counts.iter().zip(Verdict::WORDS).filter(|((count, _), word)| *count > 0 || *word == "ok");
    let counts: Vec<_> = shown.map(|((_, text), word)| (text.as_str(), theme.style(tint(word)))).collect();
    put_all(buffer, line(1), &counts);

    let running: Vec<_> = progress.in_flight.iter().take(64).map(|case| harmless(case)).collect();
    let running = if running.is_empty() { Cow::Borrowed("nothing") } else { Cow::Owned(running.join("  ")) };
    put_all(buffer, line(2), &[("running ", theme.style(Tint::Faint)), (&running, theme.style(Tint::Text))]);

    // What is not as it should be comes first, the newest on top; then the others.
    let is_odd = |outcome: &&Arc<Outcome>| !matches!(outcome.verdict, Verdict::Ok) || !outcome.close.is_good();
    let odd = progress.done.iter().rev().filter(is_odd);
    let others = progress.done.iter().rev().filter(|outcome| !is_odd(outcome));
    let rest = inside.height - 3;
    let list = odd.chain(others).skip(model.outcome);
    for (row, outcome) in (3..3 + rest).zip(list) {
        let why = outcome.why().next().map(ToString::to_string).unwrap_or_default();
        let close = if outcome.close.is_good() { String::new() } else { format!("close {}  ", outcome.close.word()) };
        let known = if outcome.known.is_some() { "known  " } else { "" };
        put_all(
            buffer,
            line(row),
            &[
                (&format!("{:<12} ", harmless(&outcome.case)), theme.style(Tint::Title)),
                (&format!("{:<14} ", outcome.verdict.word()), theme.style(tint(outcome.verdict.word()))),
                (&close, theme.style(Tint::Odd)),
                (known, theme.style(Tint::Faint)),
                (&harmless(&why), theme.style(Tint::Faint)),
            ],
        );
    }
    if done == 0 {
        put(buffer, inside.x, inside.y + 3, "no case has ended yet", inside.width, theme.style(Tint::Faint));
    }
}

fn tint(word: &str) -> Tint {
    match word {
        "ok" => Tint::Good,
        "failed" | "broken" => Tint::Bad,
        "non-strict" | "unimplemented" => Tint::Odd,
        _ => Tint::Faint,
    }
}
