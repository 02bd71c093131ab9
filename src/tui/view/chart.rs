//! Columns of eighths, as many as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::layout::part_of;

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

/// An area in so many rows of two, with a blank column between.
pub(super) fn pairs(area: Rect, rows: u16) -> impl Iterator<Item = Rect> {
    let left = area.width / 2;
    (0..rows).flat_map(move |row| {
        let [top, bottom] = [row, row + 1].map(|row| area.y + part_of(area.height, row, rows));
        let row = Rect { y: top, height: bottom - top, ..area };
        [Rect { width: left.saturating_sub(1), ..row }, Rect { x: area.x + left, width: area.width - left, ..row }]
    })
}
