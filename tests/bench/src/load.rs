//! A load client that favours nobody.
//!
//! Every frame is made and masked beforehand, no two neighbours with the same key. A connection writes a burst at
//! once, waits for all of its echoes and writes the next. The first echo of each connection is compared byte by byte;
//! after that bytes are counted, and thrown away without leaving the kernel, so that the client is cheaper than any
//! server.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{Timespec, epoll};
use rustix::net::{RecvFlags, recv};
use wslab::wire::{Head, Opcode, mask};

use crate::process::Process;
use crate::servers::Protocol;
use crate::shape::Shape;

/// What is sent, and how it is answered.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// What the server speaks.
    pub protocol: Protocol,
    /// How much is in the air.
    pub shape: Shape,
    /// Text messages (ASCII) instead of binary ones.
    pub text: bool,
    /// How long nothing may happen before the server counts as stalled.
    pub patience: Duration,
}

/// What the measured window held.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Messages that were echoed.
    pub messages: f64,
    /// Seconds of CPU that the server took for them.
    pub cpu_seconds: f64,
}

/// The bursts that connections send in turn, and what one echo looks like.
struct Script {
    bursts: Vec<Vec<u8>>,
    first: Vec<u8>,
    echo: Vec<u8>,
    burst_echo: usize,
}

impl Script {
    /// Bytes of distinct bursts that are kept ready.
    const BYTES: usize = 1 << 20;

    fn new(traffic: &Traffic) -> Self {
        let Shape { payload: size, depth, .. } = traffic.shape;
        let mut random = Random(0x2545_f491);
        let payload: Vec<u8> = if traffic.text {
            (b' '..=b'~').cycle().take(size).collect()
        } else {
            (0..size).map(|_| random.next() as u8).collect()
        };
        let opcode = if traffic.text { Opcode::TEXT } else { Opcode::BINARY };
        let mut frame = || {
            let key = random.next().to_ne_bytes();
            let head = Head { mask: Some(key), ..Head::new(opcode, size as u64) };
            let mut frame = head.encode().to_vec();
            let at = frame.len();
            frame.extend_from_slice(&payload);
            mask(&mut frame[at..], key);
            frame
        };
        let first = frame();
        let echo = match traffic.protocol {
            Protocol::Raw => first.clone(),
            Protocol::WebSocket => [&Head::new(opcode, size as u64).encode(), payload.as_slice()].concat(),
        };
        let count = (Self::BYTES / (first.len() * depth)).clamp(2, 64);
        let bursts = (0..count).map(|_| (0..depth).flat_map(|_| frame()).collect()).collect();
        Self { bursts, first, burst_echo: echo.len() * depth, echo }
    }
}

/// A small generator (xorshift, 32 bits) that gives the same load on every run and never the same value twice in a row.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// One connection of the load.
struct Connection {
    stream: TcpStream,
    /// Which burst is being sent.
    burst: usize,
    /// Bytes of it that the socket has taken.
    sent: usize,
    /// Bytes of its echoes that are still to come.
    awaited: usize,
    waits_to_write: bool,
}

/// All connections of the load, open and proven to echo.
pub struct Load {
    script: Script,
    connections: Vec<Connection>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    discard: Vec<u8>,
    patience: Duration,
    received: u64,
    /// Bursts that may still be begun.
    quota: u64,
    /// Connections that wait for echoes.
    busy: usize,
}

impl Load {
    /// Opens the connections and compares the first echo of each.
    pub fn open(address: SocketAddr, traffic: &Traffic) -> Result<Self> {
        let script = Script::new(traffic);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(traffic.shape.connections);
        for index in 0..traffic.shape.connections {
            let mut stream = connect(address, traffic)?;
            compare_echo(&mut stream, &script.first, &script.echo)?;
            stream.set_nonblocking(true)?;
            epoll::add(&epoll, &stream, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
            let burst = index % script.bursts.len();
            connections.push(Connection { stream, burst, sent: 0, awaited: 0, waits_to_write: false });
        }
        Ok(Self {
            script,
            connections,
            epoll,
            events: Vec::with_capacity(1024),
            discard: vec![0; 1 << 20],
            patience: traffic.patience,
            received: 0,
            quota: 0,
            busy: 0,
        })
    }

    /// Loads `server` for `warm_up`, then measures it for `window`. No more than `most` messages are sent.
    pub fn measure(mut self, server: &Process, warm_up: Duration, window: Duration, most: u64) -> Result<Measured> {
        self.begin(most)?;
        self.run_for(warm_up)?;
        let (before, cpu) = (self.received, server.cpu_seconds()?);
        self.run_for(window)?;
        let cpu_seconds = server.cpu_seconds()? - cpu;
        let messages = (self.received - before) as f64 / self.script.echo.len() as f64;
        ensure!(messages > 0.0, "no message was echoed in the measured window");
        Ok(Measured { messages, cpu_seconds })
    }

    /// Has `messages` echoed, rounded up to whole bursts, and no more. Gives how many they were.
    pub fn exchange(&mut self, messages: u64) -> Result<u64> {
        let before = self.received;
        self.begin(messages)?;
        while self.busy > 0 {
            self.turn()?;
        }
        Ok((self.received - before) / self.script.echo.len() as u64)
    }

    fn depth(&self) -> u64 {
        (self.script.burst_echo / self.script.echo.len()) as u64
    }

    fn begin(&mut self, messages: u64) -> Result<()> {
        self.quota = messages.div_ceil(self.depth());
        for index in 0..self.connections.len() {
            self.next_burst(index)?;
        }
        Ok(())
    }

    fn run_for(&mut self, time: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time && self.busy > 0 {
            self.turn()?;
        }
        Ok(())
    }

    /// Waits until something happens, and answers it.
    fn turn(&mut self) -> Result<()> {
        self.events.clear();
        let patience = Timespec::try_from(self.patience)?;
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&patience)) {
            Ok(0) => bail!("the server stalled: nothing came back for {} s", self.patience.as_secs()),
            Err(rustix::io::Errno::INTR) => return Ok(()),
            result => result?,
        };
        for at in 0..self.events.len() {
            let event = self.events[at];
            let index = event.data.u64() as usize;
            let flags = event.flags;
            if flags.contains(epoll::EventFlags::OUT) {
                self.write(index)?;
            }
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                self.read(index)?;
            }
        }
        Ok(())
    }

    fn next_burst(&mut self, index: usize) -> Result<()> {
        if self.quota == 0 {
            return Ok(());
        }
        self.quota -= 1;
        self.busy += 1;
        let connection = &mut self.connections[index];
        connection.burst = (connection.burst + 1) % self.script.bursts.len();
        connection.sent = 0;
        connection.awaited = self.script.burst_echo;
        self.write(index)
    }

    fn write(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        let burst = &self.script.bursts[connection.burst];
        let mut blocked = false;
        while connection.sent < burst.len() && !blocked {
            match connection.stream.write(&burst[connection.sent..]) {
                Ok(count) => connection.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => blocked = true,
                Err(error) => return Err(error).context("cannot send to the server"),
            }
        }
        if blocked != connection.waits_to_write {
            connection.waits_to_write = blocked;
            let flags = if blocked { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            epoll::modify(&self.epoll, &connection.stream, epoll::EventData::new_u64(index as u64), flags)?;
        }
        Ok(())
    }

    fn read(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        // On a TCP socket this flag throws the bytes away where they are.
        let count = match recv(&connection.stream, self.discard.as_mut_slice(), RecvFlags::TRUNC) {
            Ok((_, count)) => count,
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(()),
            Err(error) => return Err(error).context("cannot receive from the server"),
        };
        ensure!(count > 0, "the server closed a connection in the middle of the load");
        ensure!(count <= connection.awaited, "the server sent more than the echoes that were due");
        self.received += count as u64;
        connection.awaited -= count;
        if connection.awaited == 0 {
            self.busy -= 1;
            self.next_burst(index)?;
        }
        Ok(())
    }
}

/// Opens one connection: connected, and past the opening handshake if the protocol has one.
pub fn connect(address: SocketAddr, traffic: &Traffic) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(traffic.patience))?;
    stream.set_write_timeout(Some(traffic.patience))?;
    if traffic.protocol == Protocol::WebSocket {
        shake_hands(&mut stream).context("the opening handshake failed")?;
    }
    Ok(stream)
}

/// Asks for a WebSocket, and reads no byte beyond the answer.
fn shake_hands(stream: &mut TcpStream) -> Result<()> {
    // The key and the answer to it are RFC 6455's own (section 1.3).
    stream.write_all(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
        ensure!(answer.len() <= 4096, "the answer is longer than 4096 bytes");
    }
    let answer = String::from_utf8(answer)?;
    ensure!(
        answer.starts_with("HTTP/1.1 101 "),
        "the answer is not 101: {}",
        answer.lines().next().unwrap_or_default()
    );
    ensure!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "Sec-WebSocket-Accept is wrong");
    Ok(())
}

/// Has one message echoed on each of `streams`, which block.
pub fn echo_once<'a>(streams: impl Iterator<Item = &'a mut TcpStream>, traffic: &Traffic) -> Result<()> {
    let script = Script::new(traffic);
    for stream in streams {
        compare_echo(stream, &script.first, &script.echo)?;
    }
    Ok(())
}

fn compare_echo(stream: &mut TcpStream, frame: &[u8], expected: &[u8]) -> Result<()> {
    stream.write_all(frame).context("cannot send the first message")?;
    let mut echo = vec![0; expected.len()];
    stream.read_exact(&mut echo).context("the echo of the first message did not come")?;
    ensure!(echo == expected, "the echo of the first message differs from what was sent");
    Ok(())
}
