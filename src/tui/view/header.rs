//! The first two lines: what is watched, how it is, and everything together.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::layout::part_of;
use super::{put, put_all, put_right};
use crate::tui::model::Model;
use crate::tui::theme::Tint;
use crate::tui::words::{age, bytes, count, date_and_time, exact_time, harmless, several, thousands, time, width};
use crate::watch::live::{Playing, State};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    let (words, tint) = state(model);
    let room = u16::try_from(width(&words)).unwrap_or(u16::MAX).min(part_of(area.width, 3, 5));
    put_right(buffer, area.right() - room, area.y, &words, room, theme.style(tint));
    let name = Rect { width: area.width - room - 1, ..area };
    put_all(
        buffer,
        name,
        &[
            ("wslab top", theme.style(Tint::Title)),
            (" · ", theme.style(Tint::Faint)),
            (&harmless(&model.source), theme.style(Tint::Text)),
        ],
    );

    let y = area.y + 1;
    let Some(shown) = &model.seen().shown else {
        let words = if model.seen().progress.is_some() { "" } else { "nothing has been told yet" };
        put(buffer, area.x, y, words, area.width, theme.style(Tint::Faint));
        return;
    };
    let (snapshot, totals) = (&shown.snapshot, &shown.snapshot.totals);
    let mut first = format!("{} open", thousands(snapshot.open));
    if model.filter.is_some() {
        first = format!("{} shown · {first}", thousands(model.list.order.len() as u64));
    }
    let rates = shown.rates.unwrap_or_default();
    let flow = |speed: crate::watch::Speed| format!("{} msg/s {}/s", count(speed.messages), bytes(speed.bytes));
    let faults = totals.faults();
    let bad = theme.style(if faults > 0 { Tint::Bad } else { Tint::Faint });
    let faint = theme.style(Tint::Faint);
    let so_far = format!(" · {} so far", thousands(totals.opened));
    let refused = totals.refused.saturating_add(totals.failed);
    let refused = if refused > 0 { format!(" · {} refused", thousands(refused)) } else { String::new() };
    let left_out = match shown.left_out {
        0 => String::new(),
        many => format!(" · {} not shown", thousands(many as u64)),
    };
    let line = Rect { y, ..area };
    put_all(
        buffer,
        line,
        &[
            (&first, theme.style(Tint::Title)),
            (" · in ", faint),
            (&flow(rates.received), theme.style(Tint::In)),
            (" · out ", faint),
            (&flow(rates.sent), theme.style(Tint::Out)),
            (" · ", faint),
            (&several(faults, "fault", "faults"), bad),
            (&so_far, faint),
            (&refused, faint),
            (&left_out, bad),
        ],
    );
}

fn state(model: &Model) -> (String, Tint) {
    let up =
        model.seen().snapshot_shown().map(|snapshot| format!(" · up {}", age(snapshot.uptime))).unwrap_or_default();
    let (words, tint) = match &model.state {
        None => ("waiting".to_owned(), Tint::Odd),
        Some(State::Live) => match &model.playing {
            Some(playing) => (replayed(playing), Tint::Good),
            None => (format!("live{up}"), Tint::Good),
        },
        Some(State::Lost { why, .. }) => {
            let retry = match model.retry.as_secs() {
                0 => "trying again".to_owned(),
                seconds => format!("again in {seconds}s"),
            };
            (format!("LOST, {retry}: {}", harmless(why)), Tint::Bad)
        }
        Some(State::Over { words }) => {
            let words = words.as_deref().map(|words| format!(": {}", harmless(words))).unwrap_or_default();
            (format!("over{words}"), Tint::Odd)
        }
    };
    if model.is_frozen() { (format!("FROZEN · {words}"), Tint::Odd) } else { (words, tint) }
}

/// The capture's own time, and until when nothing happens in it.
fn replayed(playing: &Playing) -> String {
    let Some(until) = playing.until else { return format!("replay {}", date_and_time(playing.at)) };
    let day = |at: Timestamp| at.strftime("%F").to_string();
    let is_soon = until.duration_since(playing.at).as_secs() < 10;
    let (now, then) = match () {
        // In slow motion a wait that is long for us is short for the capture.
        () if is_soon => (exact_time(playing.at), exact_time(until)),
        () if day(playing.at) == day(until) => (time(playing.at), time(until)),
        () => (time(playing.at), date_and_time(until)),
    };
    format!("{now} · next at {then}: n skips")
}
