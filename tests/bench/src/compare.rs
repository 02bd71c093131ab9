//! CPU time per message, of every server under every shape.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::load::{Load, Traffic};
use crate::process::Process;
use crate::servers::Server;
use crate::shape::Shape;
use crate::table::{self, median};

/// What is compared, and how thoroughly.
pub struct Plan {
    /// The shapes of traffic.
    pub shapes: Vec<Shape>,
    /// Measurements of each server under each shape.
    pub rounds: u32,
    /// Seconds of a measurement.
    pub seconds: f64,
    /// Text messages instead of binary ones.
    pub text: bool,
}

/// Measures, prints the table, and gives every single figure.
pub fn measure(servers: &[&Server], plan: &Plan) -> Result<Value> {
    // By shape, then server: the seconds per million messages of each round.
    let mut figures = vec![vec![Vec::new(); servers.len()]; plan.shapes.len()];
    for round in 1..=plan.rounds {
        for (&shape, figures) in plan.shapes.iter().zip(&mut figures) {
            eprintln!("round {round} of {}: {shape}", plan.rounds);
            for (server, figures) in servers.iter().zip(figures) {
                let figure = measure_one(server, shape, plan);
                figures.push(figure.with_context(|| format!("{} under {shape} failed", server.name))?);
            }
        }
    }
    let medians: Vec<Vec<f64>> =
        figures.iter().map(|column| column.iter().map(|each| median(each)).collect()).collect();
    println!("CPU seconds of the server per million messages; in brackets the ratio to {}.", servers[0].name);
    let mut rows = vec![table::titles(&plan.shapes)];
    rows.extend(servers.iter().enumerate().map(|(row, server)| {
        let cell = |column: &Vec<f64>| format!("{:.2} (×{:.2})", column[row], column[row] / column[0]);
        std::iter::once(server.name.to_owned()).chain(medians.iter().map(cell)).collect()
    }));
    table::print(&rows);
    let mut all = Vec::new();
    for (shape, (figures, medians)) in plan.shapes.iter().zip(figures.iter().zip(&medians)) {
        for (server, (rounds, median)) in servers.iter().zip(figures.iter().zip(medians)) {
            all.push(json!({
                "server": server.name,
                "shape": shape.to_string(),
                "cpu_seconds_per_million": rounds,
                "median": median,
                "ratio": median / medians[0],
            }));
        }
    }
    Ok(all.into())
}

fn measure_one(server: &Server, shape: Shape, plan: &Plan) -> Result<f64> {
    /// Far beyond what any server echoes in a window: only so that there is a bound.
    const MOST: u64 = 1 << 30;
    let process = Process::start(server)?;
    let patience = Duration::from_secs(5);
    let load = Load::open(process.address, &Traffic { protocol: server.protocol, shape, text: plan.text, patience })?;
    let window = Duration::from_secs_f64(plan.seconds);
    let measured = load.measure(&process, window / 3, window, MOST)?;
    process.end()?;
    Ok(measured.cpu_seconds / measured.messages * 1e6)
}
