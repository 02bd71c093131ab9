//! The text that Prometheus and other readers of `OpenMetrics` scrape.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::watch::{Counts, Rates, Snapshot, Speed, Spread, Spreads, Totals};

/// The content type of [`text()`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A snapshot as `OpenMetrics` text 1.0.0, and rates where there are any.
///
/// All names begin with `wslab_`. Rows are not told: whoever connects could make as many time series as he likes.
pub fn text(snapshot: &Snapshot, rates: Option<&Rates>) -> String {
    let Snapshot { uptime, open, queued, totals, spreads, .. } = snapshot;
    let page = Page {
        uptime: *uptime,
        open: *open,
        queued: *queued,
        totals: totals.clone(),
        spreads: spreads.clone(),
        rates: rates.copied(),
    };
    let mut registry = Registry::with_prefix("wslab");
    registry.register_collector(Box::new(page));
    let mut out = String::new();
    // Writing to a `String` does not fail.
    let _written = text::encode(&mut out, &registry);
    out
}

#[derive(Debug)]
struct Page {
    uptime: Duration,
    open: u64,
    queued: u64,
    totals: Totals,
    spreads: Spreads,
    rates: Option<Rates>,
}

/// One kind of metric after the other.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn family(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        write(&mut self.0.encode_descriptor(name, help, unit, kind)?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        self.family(name, None, help, MetricType::Gauge, |out| out.encode_gauge(&value))
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.family(name, None, help, MetricType::Counter, |out| encode_counter(out, value))
    }

    /// A counter with a value for each of several sets of labels.
    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        self.family(name, unit, help, MetricType::Counter, |out| {
            values.into_iter().try_for_each(|(labels, value)| encode_counter(&mut out.encode_family(&labels)?, value))
        })
    }

    /// A gauge with a value for each direction.
    fn speeds(&mut self, name: &str, help: &str, rates: &Rates, of: fn(&Speed) -> f64) -> fmt::Result {
        self.family(name, None, help, MetricType::Gauge, |out| {
            let ways = [("received", &rates.received), ("sent", &rates.sent)];
            ways.into_iter()
                .try_for_each(|(way, speed)| out.encode_family(&[("direction", way)])?.encode_gauge(&of(speed)))
        })
    }

    /// A histogram of times, of nanoseconds in seconds.
    fn times(&mut self, name: &str, help: &str, spread: &Spread) -> fmt::Result {
        self.family(name, Some(&Unit::Seconds), help, MetricType::Histogram, |out| {
            encode_histogram(out, spread, |nanos| nanos / 1e9)
        })
    }
}

fn encode_counter(out: &mut MetricEncoder<'_>, value: impl EncodeCounterValue) -> fmt::Result {
    out.encode_counter::<NoLabelSet, _, u64>(&value, None)
}

fn encode_histogram(out: &mut MetricEncoder<'_>, spread: &Spread, scale: fn(f64) -> f64) -> fmt::Result {
    let mut bars: Vec<_> = spread.bars.iter().map(|bar| (scale(bar.to as f64), bar.count)).collect();
    let told: u64 = spread.bars.iter().map(|bar| bar.count).sum();
    bars.push((f64::INFINITY, spread.count.saturating_sub(told)));
    out.encode_histogram::<NoLabelSet>(scale(spread.sum as f64), spread.count, &bars, None)
}

type Kinds<const N: usize> = [(&'static str, fn(&Counts) -> u64); N];

/// A count for each direction and kind.
fn both<const N: usize>(
    received: &Counts,
    sent: &Counts,
    kinds: Kinds<N>,
) -> Vec<([(&'static str, &'static str); 2], u64)> {
    let ways = [("received", received), ("sent", sent)];
    let of = |(way, counts)| kinds.map(|(kind, of)| ([("direction", way), ("kind", kind)], of(counts)));
    ways.into_iter().flat_map(of).collect()
}

impl Collector for Page {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Writer(encoder);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        out.family("build", None, "Which wslab this is.", MetricType::Info, |out| out.encode_info(&version))?;
        self.connections(&mut out)?;
        self.traffic(&mut out)?;
        self.spreads(&mut out)?;
        match &self.rates {
            Some(rates) => speeds(rates, &mut out),
            None => Ok(()),
        }
    }
}

impl Page {
    fn connections(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Self { uptime, open, queued, totals, .. } = self;
        out.gauge("uptime_seconds", "How long this server has counted.", uptime.as_secs_f64())?;
        out.gauge("connections", "Connections that are open.", *open)?;
        out.family(
            "queued",
            Some(&Unit::Bytes),
            "What waits to be sent to peers that are slow.",
            MetricType::Gauge,
            |out| out.encode_gauge(queued),
        )?;
        out.counter("connections_opened", "Connections that were opened.", totals.opened)?;
        out.counter("connections_closed", "Connections that were open and ended.", totals.closed)?;
        out.counter("openings_refused", "Opening handshakes that were answered with a refusal.", totals.refused)?;
        out.counter("openings_failed", "Opening handshakes that failed without an answer.", totals.failed)?;
        let codes = totals.closes.iter().map(|(code, count)| (code.0.to_string(), *count));
        let other = (totals.other_closes > 0).then(|| ("other".to_owned(), totals.other_closes));
        out.counters(
            "closes",
            None,
            "Connections that ended, by close code; 1005: the close frame had none, 1006: there was none.",
            codes.chain(other).map(|(code, count)| ([("code", code)], count)),
        )?;
        out.counters(
            "faults",
            None,
            "How often a rule of RFC 6455 or RFC 7692 was broken by a peer.",
            totals.faults.iter().map(|(rule, count)| ([("rule", rule.name())], *count)),
        )
    }

    fn traffic(&self, out: &mut Writer<'_>) -> fmt::Result {
        let (received, sent) = (&self.totals.received, &self.totals.sent);
        let ways = [("received", received), ("sent", sent)];
        let each = |of: fn(&Counts) -> u64| ways.map(|(way, counts)| ([("direction", way)], of(counts)));
        out.counters(
            "messages",
            None,
            "Whole messages.",
            both(
                received,
                sent,
                [("text", |counts| counts.text_messages), ("binary", |counts| counts.binary_messages)],
            ),
        )?;
        out.counters(
            "frames",
            None,
            "Frames, by opcode.",
            both(
                received,
                sent,
                [
                    ("text", |counts| counts.text),
                    ("binary", |counts| counts.binary),
                    ("continuation", |counts| counts.continuation),
                    ("ping", |counts| counts.ping),
                    ("pong", |counts| counts.pong),
                    ("close", |counts| counts.close),
                    ("other", |counts| counts.other),
                ],
            ),
        )?;
        let bytes = Some(&Unit::Bytes);
        out.counters("payload", bytes, "Payloads of all frames, on the wire.", each(|counts| counts.payload))?;
        out.counters("frame_head", bytes, "Heads of all frames, on the wire.", each(|counts| counts.heads))?;
        out.counters(
            "message",
            bytes,
            "Whole messages: received ones after inflating, sent ones on the wire.",
            each(|counts| counts.message_bytes),
        )?;
        out.counters("compressed_messages", None, "Messages that were compressed.", each(|counts| counts.compressed))?;
        out.counters("deflated", bytes, "Compressed messages, on the wire.", each(|counts| counts.deflated))?;
        out.counters(
            "inflated",
            bytes,
            "Compressed messages: received ones after inflating, sent ones before compressing.",
            each(|counts| counts.inflated),
        )
    }

    fn spreads(&self, out: &mut Writer<'_>) -> fmt::Result {
        let spreads = &self.spreads;
        let help = "Whole messages: received ones after inflating, sent ones on the wire.";
        out.family("message_size", Some(&Unit::Bytes), help, MetricType::Histogram, |out| {
            let ways = [("received", &spreads.received), ("sent", &spreads.sent)];
            ways.into_iter().try_for_each(|(way, spread)| {
                encode_histogram(&mut out.encode_family(&[("direction", way)])?, spread, |bytes| bytes)
            })
        })?;
        out.times(
            "message_interval",
            "From one received message of a connection to its next; 0 within one read.",
            &spreads.intervals,
        )?;
        out.times(
            "echo_duration",
            "From a received message to the next sent one of the same kind and length, of a sample.",
            &spreads.echoes,
        )?;
        out.times("ping_round_trip", "From a ping to its pong.", &spreads.round_trips)?;
        out.times("handshake_duration", "How long opening handshakes took.", &spreads.handshakes)?;
        out.times("connection_duration", "How long connections lasted that ended.", &spreads.lifetimes)
    }
}

fn speeds(rates: &Rates, out: &mut Writer<'_>) -> fmt::Result {
    out.gauge("rate_window_seconds", "The time that the rates are the mean of.", rates.over.as_secs_f64())?;
    out.speeds("messages_per_second", "Whole messages.", rates, |speed| speed.messages)?;
    out.speeds("frames_per_second", "Frames.", rates, |speed| speed.frames)?;
    out.speeds("bytes_per_second", "Bytes of frames, on the wire.", rates, |speed| speed.bytes)?;
    out.gauge("connections_opened_per_second", "Connections that opened.", rates.opened)?;
    out.gauge("connections_closed_per_second", "Connections that ended.", rates.closed)?;
    out.gauge("faults_per_second", "Rules that were broken.", rates.faults)
}
