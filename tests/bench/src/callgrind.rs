//! Instructions per message, which hardly vary from run to run.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::load::{Load, Traffic};
use crate::process::Process;
use crate::servers::Server;
use crate::shape::Shape;
use crate::table;

/// Messages of the two runs. Their difference leaves out starting, connecting and ending.
const FEW: u64 = 4_000;
const MANY: u64 = 24_000;

/// Counts, prints the table, and gives the counts.
pub fn measure(servers: &[&Server], shapes: &[Shape], text: bool) -> Result<Value> {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(valgrind.is_ok_and(|status| status.success()), "counting instructions needs valgrind, which is not here");
    let mut rows = vec![table::titles(shapes)];
    let mut all = Vec::new();
    for server in servers {
        let mut row = vec![server.name.to_owned()];
        for &shape in shapes {
            eprintln!("{} under {shape}", server.name);
            let count = |messages| {
                count(server, shape, text, messages).with_context(|| format!("{} under {shape} failed", server.name))
            };
            let ((few, instructions_few), (many, instructions_many)) = (count(FEW)?, count(MANY)?);
            let each = (instructions_many as f64 - instructions_few as f64) / (many - few) as f64;
            row.push(format!("{each:.0}"));
            all.push(json!({ "server": server.name, "shape": shape.to_string(), "instructions_per_message": each }));
        }
        rows.push(row);
    }
    println!("Instructions of the server per echoed message, without the kernel's.");
    table::print(&rows);
    Ok(all.into())
}

/// The messages that were echoed and the instructions of the whole run.
fn count(server: &Server, shape: Shape, text: bool, messages: u64) -> Result<(u64, u64)> {
    let process = Process::start_under(&["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], server)?;
    let traffic = Traffic { protocol: server.protocol, shape, text, patience: Duration::from_secs(60) };
    let echoed = Load::open(process.address, &traffic)?.exchange(messages)?;
    let words = process.end()?;
    let line = words.lines().find_map(|line| line.split_once("Collected :")).context("valgrind gave no count")?;
    Ok((echoed, line.1.trim().parse()?))
}
