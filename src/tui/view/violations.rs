//! Rules that were broken, the newest first, and below how often each was.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{bordered, put, put_all};
use crate::proto::Level;
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Tint;
use crate::tui::update::first_in_sight;
use crate::tui::words::{thousands, time};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let seen = model.seen();
    let has_focus = model.pane == Pane::Violations;
    let many = seen
        .snapshot_shown()
        .map_or(0, |snapshot| snapshot.totals.faults())
        .max(seen.violations.len() as u64 + seen.forgotten);
    let title = if many == 0 { "Violations".to_owned() } else { format!("Violations {}", thousands(many)) };
    let inside = bordered(frame, area, &title, has_focus, model);
    let theme = model.theme;
    if seen.violations.is_empty() {
        counts(frame, inside, model);
        return;
    }
    let top = first_in_sight(model.violation, inside.height.into());
    let buffer = frame.buffer_mut();
    for row in 0..inside.height {
        let at = top + usize::from(row);
        let Some(violation) = seen.violation(at) else { break };
        let rule = violation.rule;
        let line = Rect::new(inside.x, inside.y + row, inside.width, 1);
        let is_selected = has_focus && at == model.violation;
        let style = |tint| theme.style(if is_selected { Tint::Selected } else { tint });
        if is_selected {
            buffer.set_style(line, theme.style(Tint::Selected));
        }
        let who = match (violation.connection, violation.by) {
            (Some(id), Some(by)) => format!("#{} {by} ", id.0),
            (Some(id), None) => format!("#{} ", id.0),
            (None, Some(by)) => format!("{by} "),
            (None, None) => String::new(),
        };
        let clause = if inside.width >= 70 {
            format!(" · {} · {}", rule.level().name(), rule.clause())
        } else {
            String::new()
        };
        let tint = if rule.level() == Level::Must { Tint::Bad } else { Tint::Odd };
        // The name is short; the words say more where there is room.
        let words = if inside.width >= 70 { rule.words() } else { rule.name() };
        let at = format!("{} ", time(violation.at));
        put_all(
            buffer,
            line,
            &[
                (&at, style(Tint::Faint)),
                (&who, style(Tint::Text)),
                (words, style(tint)),
                (&clause, style(Tint::Faint)),
            ],
        );
    }
}

/// How often each rule was broken, where nobody says when.
fn counts(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let faults =
        model.seen().snapshot_shown().map(|snapshot| &snapshot.totals.faults).filter(|faults| !faults.is_empty());
    let buffer = frame.buffer_mut();
    let Some(faults) = faults else {
        put(buffer, area.x, area.y, "no rule was broken", area.width, model.theme.style(Tint::Good));
        return;
    };
    let mut faults: Vec<_> = faults.iter().collect();
    faults.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (y, (rule, count)) in (area.y..area.bottom()).zip(faults) {
        let line = Rect::new(area.x, y, area.width, 1);
        let words = if area.width >= 70 { rule.words() } else { rule.name() };
        let count = format!("{} × ", thousands(*count));
        put_all(buffer, line, &[(&count, model.theme.style(Tint::Text)), (words, model.theme.style(Tint::Bad))]);
    }
}
