//! What many connections may take.

use std::io;

use wslab::capture::source::{Item, Reader, Source as _};
use wslab::capture::{Analyzer, Event, NoteKind, Options, Sink, Wants};
use wslab::proto::Role::Server;
use wslab::wire::{Head, Opcode};

use crate::session::{Capture, frame};

/// Counts connections that are opened, closed and given up.
#[derive(Default)]
struct Counts {
    opened: u64,
    closed: u64,
    given_up: u64,
}

impl Sink for Counts {
    fn wants(&self) -> Wants {
        Wants { messages: true, ..Wants::default() }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opened(_) => self.opened += 1,
            Event::Closed(_) => self.closed += 1,
            Event::Note(note) => {
                self.given_up +=
                    u64::from(matches!(note.kind, NoteKind::NotRead { what } if what.contains("given up")));
            }
            _ => {}
        }
        Ok(())
    }
}

/// So many connections, each with a message of 10,000 bytes that is not finished.
fn counts(connections: u16, options: Options) -> Counts {
    let mut analyzer = Analyzer::new(options, Counts::default());
    for port in 0..connections {
        let head = Head { fin: false, ..Head::new(Opcode::TEXT, 0) };
        let file = Capture::open_from(5000 + port).says(Server, frame(Server, head, &[b'x'; 10_000])).file();
        let mut reader = Reader::new("made", io::Cursor::new(file)).unwrap();
        while let Some(item) = reader.next().unwrap() {
            if let Item::Packet(mut packet) = item {
                packet.place.packet += u64::from(port) * 100;
                analyzer.packet(packet).unwrap();
            }
        }
    }
    analyzer.finish().unwrap().0
}

#[test]
fn nothing_is_given_up_within_the_bounds() {
    let Counts { opened, closed, given_up } = counts(40, Options::default());
    assert_eq!((opened, closed, given_up), (40, 40, 0));
}

#[test]
fn some_are_given_up_beyond_the_bounds_and_it_is_said() {
    for options in
        [Options { max_kept: 100_000, ..Options::default() }, Options { max_connections: 10, ..Options::default() }]
    {
        let Counts { opened, closed, given_up } = counts(40, options);
        assert_eq!((opened, closed), (40, 40), "none is lost");
        assert!((25..=38).contains(&given_up), "{given_up} of 40 were given up");
    }
}
