//! Columns of eighths, as many as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws values from the bottom of an area, one a column; the largest of all, or `most`, is as high as the area. What is
/// not known stays empty, and what is more than nothing can be seen.
pub(super) fn columns(buffer: &mut Buffer, area: Rect, values: &[Option<f64>], most: f64, style: Style) {
    if area.height == 0 {
        return;
    }
    let steps = f64::from(area.height) * 8.0;
    for (x, value) in (area.x..area.right()).zip(values) {
        let Some(value) = value.filter(|value| *value > 0.0 && value.is_finite()) else { continue };
        let height = ((value / most * steps).round().clamp(1.0, steps)) as u16;
        for line in 0..area.height {
            let part = height.saturating_sub(line.saturating_mul(8)).min(8);
            if part > 0
                && let Some(cell) = buffer.cell_mut((x, area.bottom() - 1 - line))
            {
                cell.set_symbol(EIGHTHS[usize::from(part)]).set_style(style);
            }
        }
    }
}

/// The four quarters of an area, with a blank column between.
pub(super) const fn quarters(area: Rect) -> [Rect; 4] {
    let (left, top) = (area.width / 2, area.height / 2);
    let (right, bottom) = (area.width - left, area.height - top);
    let (middle, below) = (area.x + left, area.y + top);
    [
        Rect { x: area.x, y: area.y, width: left.saturating_sub(1), height: top },
        Rect { x: middle, y: area.y, width: right, height: top },
        Rect { x: area.x, y: below, width: left.saturating_sub(1), height: bottom },
        Rect { x: middle, y: below, width: right, height: bottom },
    ]
}
