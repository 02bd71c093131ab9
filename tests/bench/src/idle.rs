//! Memory of connections on which nothing happens.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, getrlimit};
use serde_json::{Value, json};

use crate::load::{self, Traffic};
use crate::process::Process;
use crate::servers::Server;
use crate::shape::Shape;
use crate::table;

/// Opens `connections` to each server, prints the KiB that each of them takes, and gives them.
pub fn measure(servers: &[&Server], connections: usize) -> Result<Value> {
    ensure!((1..=1_000_000).contains(&connections), "1 to 1000000 idle connections are possible");
    let needed = connections as u64 + 64;
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    ensure!(limit >= needed, "{connections} connections need {needed} open files, but `ulimit -Hn` allows {limit}");
    let mut rows = vec![["", "after the opening", "after one echo"].map(str::to_owned).to_vec()];
    let mut all = Vec::new();
    for server in servers {
        eprintln!("{connections} connections to {}", server.name);
        let (open, used) = measure_one(server, connections).with_context(|| format!("{} failed", server.name))?;
        rows.push(vec![server.name.to_owned(), format!("{open:.2}"), format!("{used:.2}")]);
        all.push(json!({ "server": server.name, "connections": connections, "open_kib": open, "used_kib": used }));
    }
    println!("KiB of the server per idle connection, with {connections} of them.");
    table::print(&rows);
    Ok(all.into())
}

/// KiB per connection after the opening handshake, and after one message of 16 bytes was echoed on each.
fn measure_one(server: &Server, connections: usize) -> Result<(f64, f64)> {
    let shape = Shape { connections, ..Shape::MANY };
    let traffic = Traffic { protocol: server.protocol, shape, text: false, patience: Duration::from_secs(10) };
    let process = Process::start(server)?;
    let before = process.resident_kib()?;
    let resident = || -> Result<f64> {
        // The server may still be at it.
        thread::sleep(Duration::from_millis(500));
        Ok((process.resident_kib()? - before) as f64 / connections as f64)
    };
    let mut streams = (0..connections).map(|_| load::connect(process.address, &traffic)).collect::<Result<Vec<_>>>()?;
    let open = resident()?;
    load::echo_once(streams.iter_mut(), &traffic)?;
    let used = resident()?;
    drop(streams);
    process.end()?;
    Ok((open, used))
}
