//! A room in which one talks and all hear it.
//!
//! The load is a member for each connection. The first delivery to each is compared; after that all of them have the
//! same length, so bytes are counted, and thrown away without leaving the kernel.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{Timespec, epoll};
use rustix::net::{RecvFlags, recv};
use serde_json::{Value, json};
use wslab::wire::{Head, Opcode, mask};

use crate::load::{self, Traffic};
use crate::process::Process;
use crate::servers::Server;
use crate::shape::Shape;
use crate::table;

/// Characters of a message.
const MESSAGE: usize = 100;
/// Messages under way at the same time, in either way of measuring.
const WINDOWS: [u64; 2] = [1, 16];
/// How long nothing may happen before the server counts as stalled.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is measured.
pub struct Plan {
    /// In the room.
    pub members: usize,
    /// How often, of which the median counts.
    pub rounds: u32,
    /// Seconds of each measurement, after a third of that to warm up.
    pub seconds: f64,
}

/// What the measured window held.
#[derive(Clone, Copy)]
struct Measured {
    deliveries: f64,
    seconds: f64,
    cpu_seconds: f64,
}

/// Measures each server in turns, prints the medians, and gives all figures.
pub fn measure(servers: &[&Server], plan: &Plan) -> Result<Value> {
    ensure!((2..=10_000).contains(&plan.members), "2 to 10000 members are possible");
    let mut all = Vec::new();
    let mut figures = vec![[const { (Vec::new(), Vec::new()) }; 2]; servers.len()];
    for round in 1..=plan.rounds {
        for (server, figures) in servers.iter().zip(&mut figures) {
            eprintln!("round {round} of {}: {}", plan.rounds, server.name);
            let measured = one_round(server, plan).with_context(|| format!("{} failed", server.name))?;
            for ((window, measured), (rates, costs)) in WINDOWS.iter().zip(measured).zip(figures) {
                let Measured { deliveries, seconds, cpu_seconds } = measured;
                rates.push(deliveries / seconds);
                costs.push(cpu_seconds * 1e6 / deliveries);
                all.push(json!({
                    "server": server.name, "members": plan.members, "window": window, "round": round,
                    "deliveries": deliveries, "seconds": seconds, "cpu_seconds": cpu_seconds,
                }));
            }
        }
    }
    let titles = ["", "deliveries/s, 1", "CPU µs each", "deliveries/s, 16", "CPU µs each"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let costs: Vec<_> = figures.iter().map(|both| both.each_ref().map(|(_, costs)| table::median(costs))).collect();
    for ((server, both), own) in servers.iter().zip(&figures).zip(&costs) {
        let mut row = vec![server.name.to_owned()];
        for (index, (rates, _)) in both.iter().enumerate() {
            row.push(format!("{:.0}", table::median(rates)));
            row.push(format!("{:.2} ({:.2})", own[index], own[index] / costs[0][index]));
        }
        rows.push(row);
    }
    println!(
        "A room of {} members, of whom one says {MESSAGE} characters at a time, 1 or 16 messages under way.",
        plan.members
    );
    table::print(&rows);
    Ok(all.into())
}

fn one_round(server: &Server, plan: &Plan) -> Result<[Measured; 2]> {
    let process = Process::start(server)?;
    let mut room = Room::enter(process.address, plan.members)?;
    let warm_up = Duration::from_secs_f64(plan.seconds / 3.0);
    let [one, many] = WINDOWS;
    let both =
        [room.measure(&process, one, warm_up, plan.seconds)?, room.measure(&process, many, warm_up, plan.seconds)?];
    drop(room);
    process.end()?;
    Ok(both)
}

/// Connects to a chat; nothing more.
pub fn connect(address: SocketAddr) -> Result<TcpStream> {
    let protocol = crate::servers::Protocol::WebSocket;
    load::connect(address, &Traffic { protocol, shape: Shape::MANY, text: true, patience: PATIENCE })
}

/// Has a member join; what the others hear of it waits for them.
pub fn join(stream: &mut TcpStream, room: usize, number: usize) -> Result<()> {
    let wish = json!({ "type": "join", "room": format!("r{room}"), "username": format!("u{number}") });
    stream.write_all(&frame(&wish.to_string(), number as u32))?;
    let answer: Value = serde_json::from_slice(&read_message(stream).context("no answer to a join")?)?;
    ensure!(answer["type"] == "joined", "the answer to a join is {answer}");
    Ok(())
}

/// Takes what has come for a member, unread; gives how many bytes that was.
pub fn drain(stream: &TcpStream, space: &mut [u8]) -> Result<usize> {
    let mut all = 0;
    loop {
        // On a TCP socket the first flag throws the bytes away where they are.
        match recv(stream, &mut *space, RecvFlags::TRUNC | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => bail!("the server closed the connection of a member"),
            Ok((_, count)) => all += count,
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(all),
            Err(error) => return Err(error).context("cannot receive from the server"),
        }
    }
}

/// A masked text frame.
fn frame(text: &str, seed: u32) -> Vec<u8> {
    let key = seed.wrapping_mul(0x9e37_79b9).to_ne_bytes();
    let mut frame = Head { mask: Some(key), ..Head::new(Opcode::TEXT, text.len() as u64) }.encode().to_vec();
    let at = frame.len();
    frame.extend_from_slice(text.as_bytes());
    mask(&mut frame[at..], key);
    frame
}

/// The payload of the next frame, which is a whole text message of less than 64 KiB.
fn read_message(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    ensure!(head[0] == 0x81 && head[1] < 127, "a frame that begins with {head:02x?}");
    let mut length = usize::from(head[1]);
    if length == 126 {
        let mut long = [0; 2];
        stream.read_exact(&mut long)?;
        length = usize::from(u16::from_be_bytes(long));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

/// All members, and what is under way to them.
struct Room {
    members: Vec<Member>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    discard: Vec<u8>,
    /// What the first member says, under different masks.
    frames: Vec<Vec<u8>>,
    /// Bytes of a delivery.
    delivery: usize,
    sent: u64,
    /// Messages that everybody has heard.
    heard: u64,
    /// How many have heard those that are under way, by their number modulo the length of this.
    hearing: [usize; 64],
}

struct Member {
    stream: TcpStream,
    /// Bytes that came, of all deliveries.
    bytes: u64,
}

impl Room {
    /// Everybody joins, and hears the first message.
    fn enter(address: SocketAddr, count: usize) -> Result<Self> {
        let mut discard = vec![0; 1 << 20];
        let mut streams: Vec<TcpStream> = Vec::with_capacity(count);
        for number in 0..count {
            let mut stream = connect(address)?;
            join(&mut stream, 0, number)?;
            streams.push(stream);
            // That others join is not to fill the sockets.
            if number % 16 == 15 {
                streams.iter().try_for_each(|stream| drain(stream, &mut discard).map(drop))?;
            }
        }
        settle(&streams, &mut discard)?;
        let said = "x".repeat(MESSAGE);
        let wish = json!({ "type": "chat", "message": said }).to_string();
        let frames: Vec<_> = (1..=64).map(|seed| frame(&wish, seed)).collect();
        streams[0].write_all(&frames[0])?;
        let mut delivery = 0;
        for stream in &mut streams {
            let payload = read_message(stream).context("the first message did not come")?;
            let word: Value = serde_json::from_slice(&payload)?;
            let right = word["type"] == "chat" && word["username"] == "u0" && word["message"] == said.as_str();
            ensure!(right && word["timestamp"].as_u64() > Some(1_000_000_000_000), "the first message is {word}");
            delivery = Head::new(Opcode::TEXT, payload.len() as u64).encode().len() + payload.len();
        }
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (index, stream) in streams.iter().enumerate() {
            stream.set_nonblocking(true)?;
            epoll::add(&epoll, stream, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
        }
        let members = streams.into_iter().map(|stream| Member { stream, bytes: 0 }).collect();
        let events = Vec::with_capacity(1024);
        Ok(Self { members, epoll, events, discard, frames, delivery, sent: 0, heard: 0, hearing: [0; 64] })
    }

    /// Talks for `warm_up`, then for so many seconds that are measured, with `window` messages under way; then waits
    /// until everybody has heard everything.
    fn measure(&mut self, server: &Process, window: u64, warm_up: Duration, seconds: f64) -> Result<Measured> {
        self.talk_for(window, warm_up)?;
        let (heard, cpu, start) = (self.heard, server.cpu_seconds()?, Instant::now());
        self.talk_for(window, Duration::from_secs_f64(seconds))?;
        let (cpu_seconds, seconds) = (server.cpu_seconds()? - cpu, start.elapsed().as_secs_f64());
        let deliveries = (self.heard - heard) as f64 * self.members.len() as f64;
        ensure!(deliveries > 0.0, "no message reached everybody in the measured window");
        while self.heard < self.sent {
            self.listen()?;
        }
        Ok(Measured { deliveries, seconds, cpu_seconds })
    }

    fn talk_for(&mut self, window: u64, time: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time {
            while self.sent < self.heard + window {
                let frame = &self.frames[(self.sent % self.frames.len() as u64) as usize];
                let count = self.members[0].stream.write(frame).context("cannot send to the server")?;
                ensure!(count == frame.len(), "the server does not read");
                self.sent += 1;
            }
            self.listen()?;
        }
        Ok(())
    }

    /// Waits until something comes, and counts it.
    fn listen(&mut self) -> Result<()> {
        self.events.clear();
        let patience = Timespec::try_from(PATIENCE)?;
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&patience)) {
            Ok(0) => bail!("the server stalled: nothing came for {} s", PATIENCE.as_secs()),
            Err(rustix::io::Errno::INTR) => return Ok(()),
            result => result?,
        };
        for at in 0..self.events.len() {
            let member = &mut self.members[self.events[at].data.u64() as usize];
            let count = match recv(&member.stream, self.discard.as_mut_slice(), RecvFlags::TRUNC) {
                Ok((_, count)) => count,
                Err(rustix::io::Errno::WOULDBLOCK) => continue,
                Err(error) => return Err(error).context("cannot receive from the server"),
            };
            ensure!(count > 0, "the server closed the connection of a member");
            let before = member.bytes / self.delivery as u64;
            member.bytes += count as u64;
            let after = member.bytes / self.delivery as u64;
            ensure!(after <= self.sent, "the server sent more than was said");
            for number in before..after {
                let hearing = &mut self.hearing[(number % 64) as usize];
                *hearing += 1;
                // They come in order, so the one before has been heard by all too.
                if *hearing == self.members.len() {
                    *hearing = 0;
                    self.heard = number + 1;
                }
            }
        }
        Ok(())
    }
}

/// Waits until nothing comes any more.
pub fn settle(streams: &[TcpStream], discard: &mut [u8]) -> Result<()> {
    let mut quiet = 0;
    while quiet < 3 {
        thread::sleep(Duration::from_millis(50));
        let mut came = 0;
        for stream in streams {
            came += drain(stream, discard)?;
        }
        quiet = if came == 0 { quiet + 1 } else { 0 };
    }
    Ok(())
}
