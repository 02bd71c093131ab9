//! Any segments of a few connections: out of order, overlapping, with any flags, cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wslab::capture::stream::{Budget, Finish, Limits, Receiver, Stream};
use wslab::capture::{Analyzer, End, Flags, Loss, Place, Segment};
use wslab_fuzz::{Acts, Everything, Line, OPTIONS, TcpFlags, segment};

const WAITING: usize = 1 << 16;

/// What was told of a stream.
#[derive(Default)]
struct Told {
    position: [u64; 2],
    opened: u32,
    ended: [bool; 2],
}

impl Told {
    fn more(&mut self, from: End, count: u64) {
        assert!(count > 0);
        assert!(!self.ended[from.index()], "nothing comes behind the end");
        self.position[from.index()] += count;
    }
}

impl Receiver for Told {
    fn opened(&mut self, _: End, _: Place) {
        self.opened += 1;
        assert_eq!(self.opened, 1);
    }

    fn bytes(&mut self, from: End, bytes: &mut [u8], _: Place) {
        self.more(from, bytes.len() as u64);
        // Whoever is told may do with them what he likes.
        bytes.fill(0);
    }

    fn lost(&mut self, from: End, count: u64, _: Loss, _: Place) {
        self.more(from, count);
    }

    fn differs(&mut self, _: End, _: u64, count: u64, _: Place) {
        assert!(count > 0);
    }

    fn ended(&mut self, from: End, _: Finish, _: Place) {
        assert!(!std::mem::replace(&mut self.ended[from.index()], true), "a direction ends once");
    }
}

/// A stream, for itself.
struct Checked {
    stream: Stream,
    told: Told,
}

impl Checked {
    fn new() -> Self {
        Self { stream: Stream::new(Limits { waiting: WAITING }), told: Told::default() }
    }

    fn check(&self) {
        for end in [End::First, End::Second] {
            assert_eq!(self.stream.position(end), self.told.position[end.index()]);
        }
    }

    fn finish(&mut self, budget: &mut Budget) {
        self.stream.finish(budget, &mut self.told);
        self.check();
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut acts = Acts(bytes);
    let mut line = Line::default();
    let mut analyzer = Analyzer::new(OPTIONS, Everything::new(bytes.len()));
    let mut budget = Budget::new(WAITING * 2);
    let mut streams = [Checked::new(), Checked::new(), Checked::new(), Checked::new()];
    while !acts.0.is_empty() {
        let (which, flags) = (acts.byte(), acts.byte());
        let (seq, ack, count) = (acts.short(), acts.short(), acts.short());
        line.wait((which & 0xf0) as i8);
        let payload = acts.piece(count.min(60_000).into());
        let from = if which & 1 == 0 { End::First } else { End::Second };
        let port = 5000 + u16::from(which >> 1 & 3);
        let ports = if from == End::First { [port, 80] } else { [80, port] };
        // Close to where they begin anew, and sometimes far off.
        let far = if flags & 0x80 == 0 { 0xffff_f000 } else { 0x7000_0000 };
        let seq = u32::from(seq).wrapping_add(far);
        let ack = u32::from(ack).wrapping_add(0xffff_f000);
        let place = line.place();
        let tcp = TcpFlags(flags & 0x17);
        let mut packet = segment(ports, seq, ack, tcp, payload);
        // Cut by the snap length.
        let cut = if flags & 0x60 == 0x60 { payload.len() / 2 } else { 0 };
        packet.truncate(packet.len() - cut);
        line.packet(packet, place, &mut analyzer);

        let mut payload = payload[..payload.len() - cut].to_vec();
        let address = |port: u16| ([10, 0, 0, 1], port).into();
        let mut segment = Segment {
            from: address(ports[0]),
            to: address(ports[1]),
            seq,
            ack: if tcp.0 & TcpFlags::ACK.0 == 0 { 0 } else { ack },
            flags: Flags {
                syn: tcp.0 & TcpFlags::SYN.0 != 0,
                ack: tcp.0 & TcpFlags::ACK.0 != 0,
                fin: tcp.0 & TcpFlags::FIN.0 != 0,
                rst: tcp.0 & TcpFlags::RST.0 != 0,
            },
            window: 0xffff,
            payload: &mut payload,
            cut: cut as u32,
        };
        let checked = &mut streams[usize::from(which >> 1 & 3)];
        if checked.stream.begins_anew(from, &segment) {
            checked.finish(&mut budget);
            *checked = Checked::new();
        }
        checked.stream.take(from, &mut segment, place, &mut budget, &mut checked.told);
        checked.check();
        assert!(budget.taken() <= WAITING * 2);
    }
    streams.iter_mut().for_each(|checked| checked.finish(&mut budget));
    assert_eq!(budget.taken(), 0, "what was taken was given back");
    analyzer.finish().expect("nowhere can always be written to").0.finish();
});
