//! What the meter costs the echo server: the same server without it and with it, in turns.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::load::{Load, Traffic};
use crate::process::Process;
use crate::servers::{self, Server};
use crate::shape::Shape;
use crate::table::{self, median};

/// The server without the meter, and with it.
pub const SERVERS: [&str; 2] = ["wslab", "wslab-meter"];

/// Turns of each server in a round, one after the other: whatever else the machine does disturbs both alike.
const TURNS: u32 = 20;

/// What is compared, and how thoroughly.
pub struct Plan {
    /// The shapes of traffic.
    pub shapes: Vec<Shape>,
    /// Pairs of processes that are started for each shape.
    pub rounds: u32,
    /// Seconds that each process is measured for.
    pub seconds: f64,
    /// Text messages instead of binary ones.
    pub text: bool,
}

/// A server that is measured, and its load.
struct Side {
    process: Process,
    load: Load,
    messages: u64,
    cpu_seconds: f64,
}

impl Side {
    fn start(server: &Server, shape: Shape, text: bool) -> Result<Self> {
        let process = Process::start(server)?;
        let patience = Duration::from_secs(5);
        let load = Load::open(process.address, &Traffic { protocol: server.protocol, shape, text, patience })?;
        Ok(Self { process, load, messages: 0, cpu_seconds: 0.0 })
    }

    /// Has about so many messages echoed, and counts what they cost. The server sleeps before and after.
    fn turn(&mut self, messages: u64) -> Result<()> {
        let before = self.process.cpu_seconds()?;
        self.messages += self.load.exchange(messages)?;
        self.cpu_seconds += self.process.cpu_seconds()? - before;
        Ok(())
    }

    /// Begins to count anew, and gives the nanoseconds that a message has taken until now.
    fn nanoseconds(&mut self) -> f64 {
        let each = self.cpu_seconds / self.messages as f64 * 1e9;
        (self.messages, self.cpu_seconds) = (0, 0.0);
        each
    }
}

/// Measures, prints the table, and gives every single figure.
pub fn measure(plan: &Plan) -> Result<Value> {
    println!(
        "CPU nanoseconds of the echo server per message. The meter's share is the median of {} rounds.",
        plan.rounds
    );
    let titles = ["", "without the meter", "with it", "its share", "of the rounds, least", "most"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let mut all = Vec::new();
    for &shape in &plan.shapes {
        let mut figures = [Vec::new(), Vec::new()];
        for round in 0..plan.rounds {
            eprintln!("round {} of {}: {shape}", round + 1, plan.rounds);
            let pair = round_of(shape, plan, round).with_context(|| format!("{shape} failed"))?;
            figures.iter_mut().zip(pair).for_each(|(figures, figure)| figures.push(figure));
        }
        let [without, with] = &figures;
        let mut shares: Vec<f64> = without.iter().zip(with).map(|(without, with)| with / without - 1.0).collect();
        shares.sort_by(f64::total_cmp);
        let percent = |share: f64| format!("{:+.1} %", share * 100.0);
        rows.push(vec![
            shape.to_string(),
            format!("{:.0}", median(without)),
            format!("{:.0}", median(with)),
            percent(median(&shares)),
            percent(shares.first().copied().unwrap_or(f64::NAN)),
            percent(shares.last().copied().unwrap_or(f64::NAN)),
        ]);
        all.push(json!({
            "shape": shape.to_string(),
            "nanoseconds_without": without,
            "nanoseconds_with": with,
            "share": median(&shares),
        }));
    }
    table::print(&rows);
    Ok(all.into())
}

/// Nanoseconds per message without the meter and with it.
fn round_of(shape: Shape, plan: &Plan, round: u32) -> Result<[f64; 2]> {
    let start = |name| Side::start(servers::find(name)?, shape, plan.text);
    // Each of them is started first every other time.
    let (mut without, mut with) = if round.is_multiple_of(2) {
        let without = start(SERVERS[0])?;
        (without, start(SERVERS[1])?)
    } else {
        let with = start(SERVERS[1])?;
        (start(SERVERS[0])?, with)
    };
    let turn = Duration::from_secs_f64(plan.seconds) / TURNS;
    // Warms both up, and tells how many messages make a turn.
    let mut messages = 1000;
    for side in [&mut without, &mut with] {
        side.turn(20_000)?;
        let each = Duration::from_secs_f64(side.nanoseconds() * 1e-9);
        messages = messages.max((turn.as_secs_f64() / each.as_secs_f64().max(1e-9)) as u64);
    }
    for turn in 0..TURNS {
        let sides = if turn % 2 == 0 { [&mut without, &mut with] } else { [&mut with, &mut without] };
        sides.into_iter().try_for_each(|side| side.turn(messages))?;
    }
    let figures = [without.nanoseconds(), with.nanoseconds()];
    without.process.end()?;
    with.process.end()?;
    Ok(figures)
}
