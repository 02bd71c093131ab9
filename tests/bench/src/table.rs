//! Tables of names and figures.

use crate::shape::Shape;

/// Prints `rows`, the first of which has the titles: the first column flush left, the others flush right.
pub fn print(rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or_default();
            match column {
                0 => line += &format!("{cell:<width$}"),
                _ => line += &format!("   {cell:>width$}"),
            }
        }
        println!("{}", line.trim_end());
    }
}

/// Titles of a table whose columns are shapes.
pub fn titles(shapes: &[Shape]) -> Vec<String> {
    std::iter::once(String::new()).chain(shapes.iter().map(Shape::to_string)).collect()
}

/// The middle of `figures`; of two middles the mean.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}
