//! What is said on one TCP connection: openings, frames, messages, and the rules that they break.
//!
//! A session is given the bytes of both ends in order, and what is missing of them. It takes TLS off where there are
//! secrets for it, finds opening handshakes after whatever else was asked before, reads both directions with a
//! [`Flow`](crate::proto::Flow) each, and tells what it found. It never reacts, and nothing that an end sends can make it
//! fail: what is not understood is passed over, and said where it matters.

mod attempt;
mod ending;
mod held;
mod http;
mod open;
mod opening;
mod pings;
mod seek;
mod told;
mod way;

use std::net::SocketAddr;

use self::held::Held;
use self::open::Open;
use self::opening::{Opening, Outcome};
pub(in crate::capture) use self::told::Told;
use crate::capture::tls::{Plain, Tls};
use crate::capture::{End, Event, Loss, Note, NoteKind, Place};
use crate::proto::Role;

/// One TCP connection.
#[derive(Debug)]
pub(in crate::capture) struct Session {
    addresses: [SocketAddr; 2],
    first: Place,
    /// Who sent the SYN.
    client: Option<End>,
    /// Where in each stream the next byte is.
    offsets: [u64; 2],
    layer: Layer,
    talk: Talk,
    /// Which directions have ended.
    ended: [bool; 2],
    /// How many tunnels, and headers of the PROXY protocol, it is inside of.
    tunnels: u8,
    /// What was lost before it was known that this is a WebSocket.
    losses: Vec<Lost>,
}

/// Bytes that are missing.
#[derive(Clone, Copy, Debug)]
struct Lost {
    from: End,
    offset: u64,
    count: u64,
    why: Loss,
    place: Place,
}

/// So many losses are remembered until it is known whether they matter.
const LOSSES: usize = 16;

/// In more tunnels than these nobody is.
const TUNNELS: u8 = 4;

/// What lies between TCP and what is said.
#[derive(Debug)]
enum Layer {
    /// Nothing came.
    New,
    /// Too little came to tell.
    Unknown(Box<[Held; 2]>),
    Plain,
    Tls(Box<Encrypted>),
}

#[derive(Debug)]
struct Encrypted {
    tls: Tls,
    /// Whether anything was decrypted.
    said: bool,
    /// Whether it was said why it cannot be read.
    noted: bool,
    /// Whether it is not among those any more that wait for secrets.
    settled: bool,
}

/// What TLS is given.
enum Give<'a> {
    Bytes(&'a mut [u8]),
    Lost(u64),
    /// Nothing more comes.
    End,
}

/// What is said.
#[derive(Debug)]
enum Talk {
    /// Nothing was said.
    New,
    Opening(Box<Opening>),
    Open(Box<Open>, End),
    Ignored,
}

impl Session {
    /// A connection between these, of which this packet was the first.
    pub(in crate::capture) fn new(addresses: [SocketAddr; 2], first: Place) -> Self {
        Self {
            addresses,
            first,
            client: None,
            offsets: [0, 0],
            layer: Layer::New,
            talk: Talk::New,
            ended: [false, false],
            tunnels: 0,
            losses: Vec::new(),
        }
    }

    /// Whether nothing of it has to be read any more.
    pub(in crate::capture) const fn is_ignored(&self) -> bool {
        matches!(self.talk, Talk::Ignored)
    }

    /// Its first packet, by which connections are put in order; for an open one the number says more.
    pub(in crate::capture) const fn order(&self) -> u64 {
        self.first.packet
    }

    /// Memory in bytes that it keeps of what came.
    #[inline]
    pub(in crate::capture) fn kept(&self) -> usize {
        let said = match &self.talk {
            Talk::Open(open, _) => open.kept(),
            Talk::Opening(opening) => opening.kept(),
            Talk::New | Talk::Ignored => 0,
        };
        match &self.layer {
            Layer::Tls(encrypted) => said + encrypted.tls.kept(),
            _ => said,
        }
    }

    /// It is given up, although it goes on.
    pub(in crate::capture) fn give_up(self, place: Place, told: &mut Told<'_>) {
        if self.talk.is_of_interest() {
            told.tell(&Event::Note(&Note {
                connection: self.talk.connection(),
                from: self.addresses[0],
                to: self.addresses[1],
                kind: NoteKind::NotRead { what: "what follows of it: too much was open at once, and it was given up" },
                place,
            }));
        }
        self.finish(told);
    }

    /// Whether both directions were read to their ends.
    pub(in crate::capture) const fn is_over(&self) -> bool {
        self.ended[0] && self.ended[1]
    }

    /// A SYN was seen: who is the client.
    pub(in crate::capture) fn opened(&mut self, by: End) {
        self.client.get_or_insert(by);
        if let Talk::Opening(opening) = &mut self.talk {
            opening.opened(by);
        }
    }

    /// Bytes of an end, in order.
    #[inline]
    pub(in crate::capture) fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place, told: &mut Told<'_>) {
        self.offsets[from.index()] += bytes.len() as u64;
        match (&mut self.layer, &mut self.talk) {
            (Layer::Plain, Talk::Open(open, client)) => open.bytes(role(from, *client), bytes, place, told),
            _ => {
                self.other_bytes(from, bytes, place, told);
                self.catch_up(told);
            }
        }
    }

    /// Makes room for what is said. Many connections never say anything.
    fn begin(&mut self) {
        if let Layer::New = self.layer {
            self.layer = Layer::Unknown(Box::default());
            self.talk = Talk::Opening(Box::new(Opening::new(self.addresses, self.client, self.first, [0, 0])));
        }
    }

    fn other_bytes(&mut self, from: End, bytes: &mut [u8], place: Place, told: &mut Told<'_>) {
        self.begin();
        match &mut self.layer {
            Layer::New => {}
            Layer::Plain => self.say(from, bytes, place, told),
            Layer::Tls(_) => self.decrypt(from, place, told, Give::Bytes(bytes)),
            Layer::Unknown(held) => {
                let own = &mut held[from.index()];
                own.push(bytes, place);
                let Some(encrypted) = Tls::begins(own.bytes()) else { return };
                let held = std::mem::take(held);
                self.layer = if encrypted {
                    let client = self.client.unwrap_or(from);
                    *told.waiting += 1;
                    Layer::Tls(Box::new(Encrypted { tls: Tls::new(client), said: false, noted: false, settled: false }))
                } else {
                    Layer::Plain
                };
                for (end, mut held) in [End::First, End::Second].into_iter().zip(*held) {
                    held.replay(|_, bytes, place| self.other_bytes(end, bytes, place, told));
                }
            }
        }
    }

    /// Gives TLS something, and takes what comes out of it.
    fn decrypt(&mut self, from: End, place: Place, told: &mut Told<'_>, give: Give<'_>) {
        let Layer::Tls(encrypted) = &mut self.layer else { return };
        let Encrypted { tls, said, .. } = &mut **encrypted;
        let talk = &mut self.talk;
        let (addresses, first, client) = (self.addresses, self.first, self.client);
        let secrets = told.secrets;
        let description = tls.description();
        let mut take = |plain: Plain<'_>| {
            if !std::mem::replace(said, true) {
                let mut opening = Opening::new(addresses, client, first, [0, 0]);
                opening.describe(description.clone());
                *talk = Talk::Opening(Box::new(opening));
            }
            match plain {
                // A tunnel inside TLS is not followed.
                Plain::Bytes(end, bytes) => drop(talk.bytes(end, bytes, place, told)),
                Plain::Lost(end, count) => talk.lost(end, count, place, told),
            }
        };
        match give {
            Give::Bytes(bytes) => tls.bytes(from, bytes, secrets, &mut take),
            Give::Lost(count) => tls.lost(from, count, secrets, &mut take),
            Give::End => tls.finish(secrets, &mut take),
        }
        if *said {
            talk.describe(tls);
        }
        self.note_trouble(from, place, told);
        self.waits_no_more(told);
    }

    /// Counts the connection out of those that wait for secrets, once it does not any more.
    fn waits_no_more(&mut self, told: &mut Told<'_>) {
        let Layer::Tls(encrypted) = &mut self.layer else { return };
        if !encrypted.settled && (encrypted.said || encrypted.noted) {
            encrypted.settled = true;
            *told.waiting -= 1;
        }
    }

    /// What is encrypted cannot be read, or not any further.
    fn note_trouble(&mut self, from: End, place: Place, told: &mut Told<'_>) {
        let Layer::Tls(encrypted) = &mut self.layer else { return };
        let Some(trouble) = encrypted.tls.trouble().filter(|_| !encrypted.noted) else { return };
        encrypted.noted = true;
        let why = trouble.to_string();
        let note = Note {
            connection: self.talk.connection(),
            from: self.addresses[from.index()],
            to: self.addresses[from.other().index()],
            kind: NoteKind::Encrypted { why: &why },
            place,
        };
        told.tell(&Event::Note(&note));
        if !encrypted.said {
            self.talk = Talk::Ignored;
        }
    }

    fn say(&mut self, from: End, bytes: &mut [u8], place: Place, told: &mut Told<'_>) {
        let Some(held) = self.talk.bytes(from, bytes, place, told) else { return };
        self.tunnels += 1;
        if self.tunnels > TUNNELS {
            self.talk = Talk::Ignored;
            return;
        }
        // Inside a tunnel it begins anew, perhaps with TLS.
        let offsets = match &self.talk {
            Talk::Opening(opening) => [opening.offset(End::First), opening.offset(End::Second)],
            _ => self.offsets,
        };
        let client = self.client.or(match &self.talk {
            Talk::Opening(opening) => opening.client(),
            _ => None,
        });
        self.talk = Talk::Opening(Box::new(Opening::new(self.addresses, client, self.first, offsets)));
        self.layer = Layer::Unknown(Box::default());
        for (end, mut held) in [End::First, End::Second].into_iter().zip(*held) {
            held.replay(|_, bytes, place| self.other_bytes(end, bytes, place, told));
        }
    }

    /// Bytes of an end are missing.
    pub(in crate::capture) fn lost(&mut self, from: End, count: u64, why: Loss, place: Place, told: &mut Told<'_>) {
        let offset = self.offsets[from.index()];
        self.offsets[from.index()] += count;
        if self.is_ignored() {
            return;
        }
        self.begin();
        let lost = Lost { from, offset, count, why, place };
        if self.talk.is_of_interest() {
            self.note_lost(lost, told);
        } else if self.losses.len() < LOSSES {
            self.losses.push(lost);
        }
        match &mut self.layer {
            Layer::Tls(_) => self.decrypt(from, place, told, Give::Lost(count)),
            Layer::Plain => self.talk.lost(from, Some(count), place, told),
            Layer::New => {}
            Layer::Unknown(_) => {
                let held = match std::mem::replace(&mut self.layer, Layer::Plain) {
                    Layer::Unknown(held) => held,
                    _ => Box::default(),
                };
                for (end, mut held) in [End::First, End::Second].into_iter().zip(*held) {
                    held.replay(|_, bytes, place| self.other_bytes(end, bytes, place, told));
                }
                self.talk.lost(from, Some(count), place, told);
            }
        }
        self.catch_up(told);
    }

    fn note_lost(&self, lost: Lost, told: &mut Told<'_>) {
        let Lost { from, offset, count, why, place } = lost;
        told.tell(&Event::Note(&Note {
            connection: self.talk.connection(),
            from: self.addresses[from.index()],
            to: self.addresses[from.other().index()],
            kind: NoteKind::Lost { offset, count, why },
            place,
        }));
    }

    /// Tells what was lost before it was known that it matters.
    fn catch_up(&mut self, told: &mut Told<'_>) {
        if !self.losses.is_empty() && self.talk.is_of_interest() {
            for lost in std::mem::take(&mut self.losses) {
                self.note_lost(lost, told);
            }
        }
    }

    /// A segment came again with other bytes.
    pub(in crate::capture) fn differs(
        &mut self,
        from: End,
        offset: u64,
        count: u64,
        place: Place,
        told: &mut Told<'_>,
    ) {
        if self.talk.is_of_interest() {
            told.tell(&Event::Note(&Note {
                connection: self.talk.connection(),
                from: self.addresses[from.index()],
                to: self.addresses[from.other().index()],
                kind: NoteKind::Differs { offset, count },
                place,
            }));
        }
    }

    /// The TCP connection ends in this direction, or is reset.
    pub(in crate::capture) fn ended(&mut self, from: End, reset: bool, place: Place) {
        self.ended[from.index()] = true;
        match &mut self.talk {
            Talk::Opening(opening) => opening.ended(from, reset, place),
            Talk::Open(open, client) => open.ended(role(from, *client), reset, place),
            Talk::New | Talk::Ignored => {}
        }
    }

    /// Nothing more is seen of the connection.
    pub(in crate::capture) fn finish(mut self, told: &mut Told<'_>) {
        if let Layer::Unknown(held) = &mut self.layer {
            let held = std::mem::take(held);
            self.layer = Layer::Plain;
            for (end, mut held) in [End::First, End::Second].into_iter().zip(*held) {
                held.replay(|_, bytes, place| self.other_bytes(end, bytes, place, told));
            }
        }
        let place = self.talk.last().unwrap_or(self.first);
        self.decrypt(End::First, place, told, Give::End);
        if let Layer::Tls(encrypted) = &self.layer
            && !encrypted.settled
        {
            *told.waiting -= 1;
        }
        match self.talk {
            Talk::Opening(opening) => {
                if let Some(open) = opening.finish(told) {
                    open.finish(told);
                }
            }
            Talk::Open(open, _) => open.finish(told),
            Talk::New | Talk::Ignored => {}
        }
    }
}

impl Talk {
    /// Gives back what was held if it begins anew.
    fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place, told: &mut Told<'_>) -> Option<Box<[Held; 2]>> {
        match self {
            Self::Open(open, client) => open.bytes(role(from, *client), bytes, place, told),
            Self::Opening(opening) => match opening.bytes(from, bytes, place, told) {
                Outcome::Stay => {}
                Outcome::Ignore => {
                    opening.abandon(told);
                    *self = Self::Ignored;
                }
                Outcome::Restart(held) => return Some(held),
                Outcome::Open(open) => {
                    let client = opening.client().unwrap_or(End::First);
                    *self = Self::Open(open, client);
                }
            },
            Self::New | Self::Ignored => {}
        }
        None
    }

    /// So many bytes are missing, or nobody knows how many.
    fn lost(&mut self, from: End, count: Option<u64>, place: Place, told: &mut Told<'_>) {
        match self {
            Self::Open(open, client) => open.lost(role(from, *client), count, place, told),
            Self::Opening(opening) => match opening.lost(from, count.unwrap_or(1), told) {
                Outcome::Ignore => {
                    opening.abandon(told);
                    *self = Self::Ignored;
                }
                Outcome::Open(open) => *self = Self::Open(open, opening.client().unwrap_or(End::First)),
                Outcome::Stay | Outcome::Restart(_) => {}
            },
            Self::New | Self::Ignored => {}
        }
    }

    /// What encrypts it.
    fn describe(&mut self, tls: &Tls) {
        match self {
            Self::Open(open, _) if open.connection.tls.is_none() => open.connection.tls = tls.description(),
            Self::Opening(opening) if !opening.is_described() => opening.describe(tls.description()),
            _ => {}
        }
    }

    /// The last packet of the connection that is open.
    fn last(&self) -> Option<Place> {
        match self {
            Self::Open(open, _) => Some(open.connection.last),
            _ => None,
        }
    }

    /// The number of the connection that is open.
    fn connection(&self) -> Option<u64> {
        match self {
            Self::Open(open, _) => Some(open.connection.number),
            _ => None,
        }
    }

    /// Whether it is, or may become, a WebSocket for all that is known: what is missing of it is told.
    fn is_of_interest(&self) -> bool {
        match self {
            Self::Open(..) => true,
            Self::Opening(opening) => opening.has_attempt(),
            Self::New | Self::Ignored => false,
        }
    }
}

fn role(end: End, client: End) -> Role {
    if end == client { Role::Client } else { Role::Server }
}
