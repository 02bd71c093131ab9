//! Memory of connections on which nothing happens.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, getrlimit};
use serde_json::{Value, json};

use crate::chat;
use crate::load::{self, Traffic};
use crate::process::Process;
use crate::servers::Server;
use crate::shape::Shape;
use crate::table;

/// Members of each room, when connections to a chat join.
const ROOM: usize = 100;

/// Opens `connections` to each server, prints the KiB that each of them takes, and gives them.
pub fn measure(echoes: &[&Server], chats: &[&Server], connections: usize) -> Result<Value> {
    ensure!((1..=1_000_000).contains(&connections), "1 to 1000000 idle connections are possible");
    let needed = connections as u64 + 64;
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    ensure!(limit >= needed, "{connections} connections need {needed} open files, but `ulimit -Hn` allows {limit}");
    let mut all = Vec::new();
    println!("KiB of the server per idle connection, with {connections} of them.");
    measure_all(echoes, "after one echo", connections, measure_one, &mut all)?;
    let joined = format!("in rooms of {ROOM}");
    measure_all(chats, &joined, connections, measure_chat, &mut all)?;
    Ok(all.into())
}

fn measure_all(
    servers: &[&Server],
    used_title: &str,
    connections: usize,
    measure: fn(&Server, usize) -> Result<(f64, f64)>,
    all: &mut Vec<Value>,
) -> Result<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["", "after the opening", used_title].map(str::to_owned).to_vec()];
    for server in servers {
        eprintln!("{connections} connections to {}", server.name);
        let (open, used) = measure(server, connections).with_context(|| format!("{} failed", server.name))?;
        rows.push(vec![server.name.to_owned(), format!("{open:.2}"), format!("{used:.2}")]);
        all.push(json!({ "server": server.name, "connections": connections, "open_kib": open, "used_kib": used }));
    }
    table::print(&rows);
    Ok(())
}

/// KiB per connection after the opening handshake, and after everybody has joined a room of a chat.
fn measure_chat(server: &Server, connections: usize) -> Result<(f64, f64)> {
    let process = Process::start(server)?;
    let before = process.resident_kib()?;
    let resident = || -> Result<f64> {
        // The server may still be at it.
        thread::sleep(Duration::from_millis(500));
        Ok((process.resident_kib()? - before) as f64 / connections as f64)
    };
    let mut streams = (0..connections).map(|_| chat::connect(process.address)).collect::<Result<Vec<_>>>()?;
    let open = resident()?;
    let mut discard = vec![0; 1 << 20];
    for (room, members) in streams.chunks_mut(ROOM).enumerate() {
        for (number, stream) in members.iter_mut().enumerate() {
            chat::join(stream, room, number)?;
        }
        members.iter().try_for_each(|stream| chat::drain(stream, &mut discard).map(drop))?;
    }
    chat::settle(&streams, &mut discard)?;
    let used = resident()?;
    drop(streams);
    process.end()?;
    Ok((open, used))
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
