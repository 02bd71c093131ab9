//! Packets in, events out.
//!
//! ```no_run
//! use std::io;
//!
//! use wslab::capture::source::{self, Item};
//! use wslab::capture::{Analyzer, Event, Options, Sink};
//!
//! struct Counter(u64);
//!
//! impl Sink for Counter {
//!     fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
//!         self.0 += u64::from(matches!(event, Event::Frame(_)));
//!         Ok(())
//!     }
//! }
//!
//! let mut source = source::open(&["traffic.pcapng".into()])?;
//! let mut analyzer = Analyzer::new(Options::default(), Counter(0));
//! while let Some(item) = source.next()? {
//!     match item {
//!         Item::Packet(packet) => analyzer.packet(packet)?,
//!         Item::Secrets(secrets) => analyzer.secrets(secrets),
//!         Item::Idle => {}
//!     }
//! }
//! let (counter, _) = analyzer.finish()?;
//! println!("{} frames", counter.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod table;
mod totals;

use std::io;

use self::table::{Entry, Table};
pub use self::totals::Totals;
use super::segment::{Dissected, Dissector};
use super::session::{Session, Told};
use super::stream::{Budget, Finish, Receiver};
use super::tls::Secrets;
use super::{End, Loss, Packet, Place, Segment, Sink, Wants};

/// Bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The largest message in bytes that is put together; larger ones are counted and not shown.
    pub max_message: usize,
    /// The most bytes that wait, over all connections, for others that come before them.
    pub max_waiting: usize,
    /// The most bytes that are kept of what connections said, for messages that are not finished and for what compressed
    /// ones refer to. Beyond it those connections are given up that keep most.
    pub max_kept: usize,
    /// The most TCP connections that are followed at a time. Beyond it those are given up that were idle longest.
    pub max_connections: usize,
}

impl Default for Options {
    /// 64 MiB, 32 MiB, 512 MiB, and 131,072 connections.
    fn default() -> Self {
        Self { max_message: 64 << 20, max_waiting: 32 << 20, max_kept: 512 << 20, max_connections: 1 << 17 }
    }
}

/// If more connections wait for secrets, those that have none are given up: each keeps up to 128 KiB.
const WAITING: usize = 128;

/// Reads the packets of a capture, in order, and tells a [`Sink`] what it finds.
#[derive(Debug)]
pub struct Analyzer<S> {
    sink: S,
    wants: Wants,
    options: Options,
    dissector: Dissector,
    table: Table,
    budget: Budget,
    secrets: Secrets,
    /// Memory for the next message that has to be put together.
    memory: Vec<u8>,
    /// How many connections wait for secrets.
    waiting: usize,
    /// The number of the next WebSocket connection.
    next: u64,
    totals: Totals,
    failed: Option<io::Error>,
}

impl<S: Sink> Analyzer<S> {
    /// An analyzer that has seen nothing.
    pub fn new(options: Options, sink: S) -> Self {
        Self {
            wants: sink.wants(),
            sink,
            options,
            dissector: Dissector::new(),
            table: Table::new(options.max_connections, options.max_kept),
            budget: Budget::new(options.max_waiting),
            secrets: Secrets::default(),
            memory: Vec::new(),
            waiting: 0,
            next: 0,
            totals: Totals::default(),
            failed: None,
        }
    }

    /// Secrets for TLS, as lines of an NSS key log. They may come after their connections, unless very many connections
    /// wait for some.
    pub fn secrets(&mut self, keylog: &[u8]) {
        self.secrets.add(keylog);
    }

    /// What was read so far.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The sink.
    pub const fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink, to be changed.
    pub const fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// What works on packets, and what it tells.
    #[inline]
    fn parts(&mut self) -> (&mut Dissector, &mut Table, &mut Budget, Told<'_>) {
        let told = Told {
            sink: &mut self.sink,
            wants: self.wants,
            options: &self.options,
            secrets: &self.secrets,
            memory: &mut self.memory,
            waiting: &mut self.waiting,
            next: &mut self.next,
            failed: &mut self.failed,
        };
        (&mut self.dissector, &mut self.table, &mut self.budget, told)
    }

    /// The next packet.
    ///
    /// # Errors
    /// The first error of the sink.
    #[inline]
    pub fn packet(&mut self, packet: Packet<'_>) -> io::Result<()> {
        let place = packet.place;
        self.totals.packet(&packet);
        let (dissector, table, budget, mut told) = self.parts();
        match dissector.dissect(packet) {
            Dissected::Segment(mut segment) => {
                take(table, budget, &mut segment, place, &mut told);
                self.totals.segments += 1;
                if self.waiting > WAITING {
                    self.secrets.complete();
                }
            }
            Dissected::Other => {}
            Dissected::Fragment => self.totals.fragments += 1,
            Dissected::Malformed(malformed) => self.totals.malformed(malformed, place),
        }
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The capture ends: tells what was still open, and gives the sink back.
    ///
    /// # Errors
    /// The first error of the sink.
    pub fn finish(mut self) -> io::Result<(S, Totals)> {
        let (_, table, budget, mut told) = self.parts();
        for mut entry in table.drain() {
            end(&mut entry, budget, &mut told);
        }
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.sink, self.totals)),
        }
    }
}

fn take(table: &mut Table, budget: &mut Budget, segment: &mut Segment<'_>, place: Place, told: &mut Told<'_>) {
    let (mut entry, mut from) = table.entry(segment, place);
    if entry.stream.begins_anew(from, segment) {
        let mut old = table.replace(segment, place);
        end(&mut old, budget, told);
        (entry, from) = table.entry(segment, place);
    }
    let Entry { stream, session, lingers, kept, .. } = entry;
    let Some(talk) = session else {
        stream.take(from, segment, place, budget, &mut Nobody);
        return;
    };
    stream.take(from, segment, place, budget, &mut Reader { session: talk, told });
    let over = talk.is_over() || talk.is_ignored();
    let after = if over { 0 } else { talk.kept() };
    let before = std::mem::replace(kept, after);
    if over {
        if let Some(mut session) = session.take() {
            // What was acknowledged and never captured is told now.
            stream.finish(budget, &mut Reader { session: &mut session, told });
            session.finish(told);
        }
        stream.ignore(budget);
        table.silenced();
    } else if stream.is_over() && !std::mem::replace(lingers, true) {
        table.lingers(segment, place);
    }
    table.keeps(before, after);
    if let Some(entry) = table.late(place) {
        end(entry, budget, told);
        let kept = std::mem::take(&mut entry.kept);
        table.keeps(kept, 0);
        table.silenced();
    }
    if let Some(idle) = table.too_many(place) {
        for mut entry in idle {
            if let Some(session) = entry.session.take() {
                session.give_up(place, told);
            }
            entry.stream.ignore(budget);
        }
    }
}

/// Nothing more is seen of a connection.
fn end(entry: &mut Entry, budget: &mut Budget, told: &mut Told<'_>) {
    if let Some(mut session) = entry.session.take() {
        entry.stream.finish(budget, &mut Reader { session: &mut session, told });
        session.finish(told);
    }
    entry.stream.ignore(budget);
}

/// Gives the bytes of a TCP connection to its session.
struct Reader<'a, 't> {
    session: &'a mut Session,
    told: &'a mut Told<'t>,
}

impl Receiver for Reader<'_, '_> {
    fn opened(&mut self, by: End, _: Place) {
        self.session.opened(by);
    }

    #[inline]
    fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place) {
        self.session.bytes(from, bytes, place, self.told);
    }

    fn lost(&mut self, from: End, count: u64, why: Loss, place: Place) {
        self.session.lost(from, count, why, place, self.told);
    }

    fn differs(&mut self, from: End, offset: u64, count: u64, place: Place) {
        self.session.differs(from, offset, count, place, self.told);
    }

    fn ended(&mut self, from: End, how: Finish, place: Place) {
        self.session.ended(from, how == Finish::Reset, place);
    }
}

/// Reads nothing.
struct Nobody;

impl Receiver for Nobody {
    fn opened(&mut self, _: End, _: Place) {}
    fn bytes(&mut self, _: End, _: &mut [u8], _: Place) {}
    fn lost(&mut self, _: End, _: u64, _: Loss, _: Place) {}
    fn differs(&mut self, _: End, _: u64, _: u64, _: Place) {}
    fn ended(&mut self, _: End, _: Finish, _: Place) {}
}
