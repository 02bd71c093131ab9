//! Small charts, as SVG that stands in a page and takes its colours from there.

use maud::{Markup, html};

/// A bar of parts, each with the class that colours it, its words and its number. It is as wide as what holds it.
pub(super) fn bar(parts: &[(&str, &str, usize)]) -> Markup {
    let total: usize = parts.iter().map(|(_, _, number)| number).sum();
    let shown: Vec<_> = parts.iter().filter(|(_, _, number)| *number > 0).collect();
    let words: Vec<String> = shown.iter().map(|(_, words, number)| format!("{number} {words}")).collect();
    let mut at = 0;
    let places: Vec<(&str, usize, usize)> = shown
        .iter()
        .map(|(class, _, number)| {
            at += number;
            (*class, at - number, *number)
        })
        .collect();
    let scaled = |number: usize| format!("{:.2}", number as f64 * 100.0 / total as f64);
    html! {
        svg.bar viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=(words.join(", ")) {
            @for (class, at, number) in places {
                rect class=(class) x=(scaled(at)) y="0" width=(scaled(number)) height="4" {}
            }
        }
    }
}

/// A bar of this share of what is most, from 0 to 1.
pub(super) fn share(class: &str, share: f64) -> Markup {
    let width = format!("{:.2}", share.clamp(0.0, 1.0) * 100.0);
    html! {
        svg.share viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(class) x="0" y="0" width=(width) height="4" {}
        }
    }
}
