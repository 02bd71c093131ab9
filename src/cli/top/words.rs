//! One look at a source, in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shown::Told;
use crate::cli::print::Harmless;
use crate::watch::live::Progress;
use crate::watch::{Counts, Snapshot};

/// What was told, in words.
pub(super) fn of(name: &str, told: &Told) -> String {
    let mut text = format!("{}\n", Harmless(name));
    if let Some(snapshot) = &told.snapshot {
        write_snapshot(&mut text, snapshot);
        let rates = told.before.as_ref().and_then(|before| snapshot.since(before));
        if let Some(rates) = rates {
            let (received, sent) = (rates.received, rates.sent);
            let _written = writeln!(
                text,
                "now         {:.0} messages/s and {:.0} B/s received, {:.0} messages/s and {:.0} B/s sent",
                received.messages, received.bytes, sent.messages, sent.bytes
            );
        }
    }
    if let Some(progress) = &told.run {
        write_run(&mut text, progress);
    }
    text
}

fn write_snapshot(text: &mut String, snapshot: &Snapshot) {
    let totals = &snapshot.totals;
    let _written = writeln!(text, "at          {:.3}", snapshot.at);
    let _written = writeln!(
        text,
        "connections {} open, {} opened, {} closed, {} refused, {} failed",
        snapshot.open, totals.opened, totals.closed, totals.refused, totals.failed
    );
    for (name, counts) in [("received", &totals.received), ("sent", &totals.sent)] {
        write_counts(text, name, counts);
    }
    let _written = writeln!(text, "violations  {}", totals.faults());
    for (rule, times) in &totals.faults {
        let _written = writeln!(text, "            {times} × {}: {}", rule.name(), rule.words());
    }
}

fn write_counts(text: &mut String, name: &str, counts: &Counts) {
    let _written = writeln!(
        text,
        "{name:11} {} messages of {} B, {} frames of {} B",
        counts.messages(),
        counts.message_bytes,
        counts.frames(),
        counts.bytes()
    );
}

fn write_run(text: &mut String, progress: &Progress) {
    let _written = writeln!(text, "target      {}", Harmless(&progress.target));
    let _written = writeln!(text, "cases       {} of {} done", progress.done.len(), progress.cases);
    let mut verdicts = BTreeMap::<&str, u64>::new();
    for outcome in &progress.done {
        *verdicts.entry(outcome.verdict.word()).or_default() += 1;
    }
    for (verdict, count) in verdicts {
        let _written = writeln!(text, "            {count} {verdict}");
    }
    if !progress.in_flight.is_empty() {
        let _written = writeln!(text, "in flight   {}", progress.in_flight.join(", "));
    }
}
