//! The last line: what is said for a while, or the keys that matter here.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::put_all;
use crate::tui::keys::{Action, Binding, KEYS};
use crate::tui::model::{Model, Overlay, Pane};
use crate::tui::theme::Tint;
use crate::tui::words::{harmless, width};

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let theme = model.theme;
    let buffer = frame.buffer_mut();
    if let Some(notice) = &model.notice {
        let tint = if notice.is_bad { Tint::Bad } else { Tint::Good };
        put_all(buffer, area, &[(&harmless(&notice.words), theme.style(tint))]);
        return;
    }
    let mut keys: Vec<&Binding> =
        KEYS.iter().filter(|binding| binding.rank.is_some() && fits(binding, model)).collect();
    keys.sort_by_key(|binding| binding.rank);
    let mut x = area.x;
    for binding in keys {
        let word = word(binding, model);
        let takes = width(binding.shown) + width(word) + 3;
        if usize::from(x) + takes > usize::from(area.right()) + 2 {
            break;
        }
        let rest = Rect { x, width: area.right() - x, ..area };
        x = put_all(
            buffer,
            rest,
            &[
                (binding.shown, theme.style(Tint::Title)),
                (" ", theme.style(Tint::Faint)),
                (word, theme.style(Tint::Faint)),
            ],
        );
        x = (x + 2).min(area.right());
    }
}

/// Whether a key does something here.
fn fits(binding: &Binding, model: &Model) -> bool {
    let in_detail = model.detail.is_some();
    match binding.action {
        Action::Sort | Action::Columns | Action::Filter => !in_detail && model.pane == Pane::Connections,
        Action::Window => !in_detail && model.pane != Pane::Run,
        Action::Enter => matches!(model.overlay, Overlay::None) && !in_detail,
        _ => true,
    }
}

fn word(binding: &Binding, model: &Model) -> &'static str {
    match binding.action {
        Action::Freeze if model.is_frozen() => "go on",
        Action::Enter if matches!(model.pane, Pane::Charts | Pane::Histograms | Pane::Run) => "zoom",
        _ => binding.word,
    }
}
