//! Charts, as SVG that stands in the page and takes its colours from there.

use std::time::Duration;

use maud::{Markup, html};

use super::super::super::plain::size;
use super::super::summary::{Bin, Bucket, Rates, Spread, Summary};
use super::super::words::{byte_rate, nanos, rate, span};

/// The columns of a chart over time.
const COLUMNS: usize = 200;

/// What was sent over time: the client's above the axis, the server's below.
pub(super) fn rates(rates: &Rates) -> Markup {
    if rates.buckets().len() < 2 {
        return html! {};
    }
    let (interval, columns) = rates.in_columns(COLUMNS);
    html! {
        section id="rates" {
            h2 { "Over time" }
            p.legend { span { i.client {} "client, above the line" } span { i.server {} "server, below it" }
                span { (span(interval)) " a column" } }
            div.figures {
                (over_time("messages", interval, &columns, |bucket, end| bucket.messages[end], rate))
                (over_time("bytes on the wire", interval, &columns, |bucket, end| bucket.bytes[end], byte_rate))
            }
        }
    }
}

fn over_time(
    name: &str,
    interval: Duration,
    columns: &[Bucket],
    number: fn(&Bucket, usize) -> u64,
    shown: fn(u64, Duration) -> String,
) -> Markup {
    let most = columns.iter().flat_map(|bucket| [number(bucket, 0), number(bucket, 1)]).max().unwrap_or(0);
    if most == 0 {
        return html! {};
    }
    let height = |number: u64| if number == 0 { 0.0 } else { (number as f64 * 50.0 / most as f64).max(0.8) };
    let words = |index: usize, bucket: &Bucket| {
        let [client, server] = [number(bucket, 0), number(bucket, 1)].map(|number| shown(number, interval));
        let after = span(interval.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX)));
        format!("after {after}: client {client}, server {server}")
    };
    let whole = interval.saturating_mul(u32::try_from(columns.len()).unwrap_or(u32::MAX));
    html! {
        figure.chart {
            figcaption { (name) ", at most " (shown(most, interval)) }
            svg viewBox={ "0 0 " (columns.len()) " 100" } preserveAspectRatio="none" role="img"
                aria-label={ (name) " over time, at most " (shown(most, interval)) } {
                @for (index, bucket) in columns.iter().enumerate().filter(|(_, bucket)| number(bucket, 0) + number(bucket, 1) > 0) {
                    g {
                        title { (words(index, bucket)) }
                        @let (up, down) = (height(number(bucket, 0)), height(number(bucket, 1)));
                        rect.client x=(index) y=(format!("{:.1}", 50.0 - up)) width="0.9" height=(format!("{up:.1}")) {}
                        rect.server x=(index) y="50" width="0.9" height=(format!("{down:.1}")) {}
                    }
                }
                rect.axis x="0" y="49.8" width=(columns.len()) height="0.4" {}
            }
            div.axis { span { "0 s" } span { (span(whole)) } }
        }
    }
}

/// How sizes and times are spread.
pub(super) fn histograms(summary: &Summary) -> Markup {
    let pair = |[client, server]: &[Spread; 2], bins: fn(&Spread) -> Vec<Bin>| [bins(client), bins(server)];
    let sizes = pair(&summary.sizes, Spread::doubling);
    let between = pair(&summary.between, Spread::decimal);
    let trips = [summary.round_trips.decimal(), Vec::new()];
    if sizes.iter().chain(&trips).all(Vec::is_empty) {
        return html! {};
    }
    html! {
        p.legend { span { i.client {} "client" } span { i.server {} "server" } }
        div.figures {
            (histogram("Message size", &sizes, size, ["client", "server"]))
            (histogram("Time between messages of one sender", &between, nanos, ["client", "server"]))
            (histogram("From ping to pong", &trips, nanos, ["trip", ""]))
        }
    }
}

/// Wide enough for a telephone, so that nothing of the words is lost there.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 130.0;

fn histogram(name: &str, pair: &[Vec<Bin>; 2], shown: fn(u64) -> String, classes: [&str; 2]) -> Markup {
    let from = pair.iter().flatten().map(|bin| bin.from).min().unwrap_or(0);
    if pair.iter().all(Vec::is_empty) {
        return html! {};
    }
    let mut borders: Vec<Bin> = pair.iter().flatten().map(|bin| Bin { count: 0, ..*bin }).collect();
    borders.sort_unstable_by_key(|bin| bin.from);
    borders.dedup();
    let count = |end: usize, from: u64| pair[end].iter().find(|bin| bin.from == from).map_or(0, |bin| bin.count);
    let most = pair.iter().flatten().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let several = pair.iter().filter(|bins| !bins.is_empty()).count();
    let step = WIDTH / borders.len().max(1) as f64;
    let bar = (step * 0.9 / several.max(1) as f64).min(40.0);
    let lines: Vec<usize> = (0..2).filter(|&end| !pair[end].is_empty()).collect();
    // As many words as have room below.
    let every = borders.len().div_ceil(5).max(1);
    let one = |number: f64| format!("{number:.1}");
    html! {
        figure.chart {
            figcaption { (name) ", at most " (most) " in a column" }
            svg.histogram viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 18.0) } role="img"
                aria-label={ (name) " from " (shown(from)) } {
                @for (index, bin) in borders.iter().enumerate() {
                    g {
                        title { (shown(bin.from)) " to " (shown(bin.to))
                            @for &end in &lines { ", " (classes[end]) " " (count(end, bin.from)) } }
                        @for (place, &end) in lines.iter().enumerate().filter(|(_, end)| count(**end, bin.from) > 0) {
                            @let height = (count(end, bin.from) as f64 * HEIGHT / most as f64).max(1.0);
                            rect class=(classes[end]) x=(one(index as f64 * step + place as f64 * bar)) y=(one(HEIGHT - height))
                                width=(one(bar * 0.95)) height=(one(height)) {}
                        }
                    }
                }
                rect.axis x="0" y=(HEIGHT) width=(WIDTH) height="0.7" {}
                @for (index, bin) in borders.iter().enumerate().step_by(every) {
                    text x=(one(index as f64 * step)) y=(HEIGHT + 13.0) { (shown(bin.from)) }
                }
            }
        }
    }
}
