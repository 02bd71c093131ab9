//! A connection as a bystander sees it: segments in, what is told of them out as lines that can be read.

use std::net::{Ipv4Addr, SocketAddr};

use wslab::capture::stream::{Budget, Finish, Limits, Receiver, Stream};
use wslab::capture::{End, Flags, Loss, Place, Segment, Time};

pub(crate) const CLIENT: End = End::First;
pub(crate) const SERVER: End = End::Second;

/// The numbers of the SYNs; the client's first bytes are right before the wrap.
pub(crate) const ISN: [u32; 2] = [u32::MAX - 9, 7_000];

/// A segment before it is sent; numbers count from the first byte of each end.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: End,
    pub(crate) at: i64,
    pub(crate) ack: Option<i64>,
    pub(crate) flags: Flags,
    pub(crate) payload: Vec<u8>,
    pub(crate) cut: u32,
}

const fn sent(from: End, at: i64, payload: Vec<u8>) -> Sent {
    let flags = Flags { syn: false, ack: true, fin: false, rst: false };
    Sent { from, at, ack: Some(0), flags, payload, cut: 0 }
}

/// The client sends these bytes, the first of which is its `at`th.
pub(crate) fn client(at: i64, payload: impl AsRef<[u8]>) -> Sent {
    sent(CLIENT, at, payload.as_ref().to_vec())
}

/// The server sends these bytes.
pub(crate) fn server(at: i64, payload: impl AsRef<[u8]>) -> Sent {
    sent(SERVER, at, payload.as_ref().to_vec())
}

impl Sent {
    /// It acknowledges this many bytes.
    pub(crate) const fn acks(mut self, count: i64) -> Self {
        self.ack = Some(count);
        self
    }

    /// It acknowledges nothing.
    pub(crate) const fn without_ack(mut self) -> Self {
        self.ack = None;
        self.flags.ack = false;
        self
    }

    /// A SYN; its number is the one before [`Sent::at`].
    pub(crate) const fn syn(mut self) -> Self {
        self.flags.syn = true;
        self
    }

    pub(crate) const fn fin(mut self) -> Self {
        self.flags.fin = true;
        self
    }

    pub(crate) const fn rst(mut self) -> Self {
        self.flags.rst = true;
        self
    }

    /// So many bytes of it are behind the snap length.
    pub(crate) const fn cut(mut self, count: u32) -> Self {
        self.cut = count;
        self
    }
}

pub(crate) fn client_syn() -> Sent {
    client(0, "").syn().without_ack()
}

pub(crate) fn server_syn() -> Sent {
    server(0, "").syn()
}

/// What is told, one line each.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    pub(crate) bytes: [Vec<u8>; 2],
    /// The same, with a `?` for each that is lost.
    pub(crate) with_gaps: [Vec<u8>; 2],
    pub(crate) lost: [u64; 2],
}

pub(crate) const fn name(end: End) -> &'static str {
    match end {
        CLIENT => "client",
        SERVER => "server",
    }
}

impl Receiver for Told {
    fn opened(&mut self, by: End, place: Place) {
        self.lines.push(format!("{} opened @{}", name(by), place.packet));
    }

    fn bytes(&mut self, from: End, bytes: &mut [u8], place: Place) {
        assert!(!bytes.is_empty(), "nothing is told as something");
        let text = String::from_utf8_lossy(bytes);
        self.lines.push(format!("{}: {text} @{}", name(from), place.packet));
        self.bytes[from.index()].extend_from_slice(bytes);
        self.with_gaps[from.index()].extend_from_slice(bytes);
        // Whoever is told may unmask in place.
        bytes.fill(0xff);
    }

    fn lost(&mut self, from: End, count: u64, why: Loss, place: Place) {
        assert!(count > 0, "nothing is told as lost");
        self.lines.push(format!("{} lost {count}: {why} @{}", name(from), place.packet));
        let end = &mut self.with_gaps[from.index()];
        end.resize(end.len() + count.min(1 << 16) as usize, b'?');
        self.lost[from.index()] += count;
    }

    fn differs(&mut self, from: End, offset: u64, count: u64, place: Place) {
        self.lines.push(format!("{} differs in {count} from {offset} @{}", name(from), place.packet));
    }

    fn ended(&mut self, from: End, how: Finish, place: Place) {
        let how = match how {
            Finish::Fin => "fin",
            Finish::Reset => "reset",
        };
        self.lines.push(format!("{} ended by {how} @{}", name(from), place.packet));
    }
}

/// The place where the bystander listens.
pub(crate) struct Wire {
    pub(crate) stream: Stream,
    pub(crate) budget: Budget,
    pub(crate) told: Told,
    pub(crate) isn: [u32; 2],
    pub(crate) packets: u64,
    pub(crate) time: Option<Time>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), Budget::default())
    }

    pub(crate) fn with(limits: Limits, budget: Budget) -> Self {
        let (stream, told) = (Stream::new(limits), Told::default());
        Self { stream, budget, told, isn: ISN, packets: 0, time: None }
    }

    /// One whose opening was captured: three packets.
    pub(crate) fn opened() -> Self {
        let mut wire = Self::new();
        wire.captures([client_syn(), server_syn(), client(0, "")]);
        wire.told.lines.clear();
        wire
    }

    pub(crate) fn segment<'a>(&self, sent: &'a mut Sent) -> Segment<'a> {
        let [own, other] = [self.isn[sent.from.index()], self.isn[sent.from.other().index()]];
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Segment {
            from: address(1),
            to: address(2),
            seq: own.wrapping_add(sent.at as u32).wrapping_add(u32::from(!sent.flags.syn)),
            ack: sent.ack.map_or(0, |ack| other.wrapping_add(ack as u32).wrapping_add(1)),
            flags: sent.flags,
            window: 512,
            payload: &mut sent.payload,
            cut: sent.cut,
        }
    }

    /// Time goes on, or back, by so many milliseconds.
    pub(crate) fn passes(&mut self, milliseconds: i64) {
        let now = self.time.unwrap_or_default();
        self.time = Some(Time(now.0 + milliseconds * 1_000_000));
    }

    pub(crate) fn captures(&mut self, sent: impl IntoIterator<Item = Sent>) {
        for mut sent in sent {
            self.packets += 1;
            let place = Place { packet: self.packets, time: self.time };
            let from = sent.from;
            let mut segment = self.segment(&mut sent);
            self.stream.take(from, &mut segment, place, &mut self.budget, &mut self.told);
        }
    }

    /// So many segments that carry nothing, from this end.
    pub(crate) fn captures_nothing_new(&mut self, count: usize, like: &Sent) {
        self.captures(std::iter::repeat_n(like.clone(), count));
    }

    pub(crate) fn ends(&mut self) {
        self.stream.finish(&mut self.budget, &mut self.told);
        assert_eq!(self.budget.taken(), 0, "what was kept is given back");
    }

    pub(crate) fn begins_anew(&self, mut sent: Sent) -> bool {
        let from = sent.from;
        let segment = self.segment(&mut sent);
        self.stream.begins_anew(from, &segment)
    }

    /// What was told since the last time.
    pub(crate) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told.lines)
    }
}
