//! What holds for any bytes, however they come.

use proptest::prelude::*;
use wslab::proto::Role::{self, Client, Server};
use wslab::wire::{Head, Opcode};

use crate::session::{Capture, close, control, frame, request, response, text};

/// What an end may send: frames, good and bad, and noise.
fn frames(from: Role) -> impl Strategy<Value = Vec<u8>> {
    let strange = (any::<bool>(), 0..8_u8, 0..16_u8, prop::collection::vec(any::<u8>(), 0..200)).prop_map(
        move |(fin, rsv, opcode, payload)| frame(from, Head { fin, rsv, ..Head::new(Opcode(opcode), 0) }, &payload),
    );
    prop_oneof![
        4 => "[a-z]{0,300}".prop_map(move |words| text(from, &words)),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(move |it| control(from, Opcode::PING, &it)),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(move |it| control(from, Opcode::PONG, &it)),
        1 => (0..6000_u16).prop_map(move |code| close(from, code)),
        3 => strange,
        1 => prop::collection::vec(any::<u8>(), 0..50),
    ]
}

/// What both ends say, in turns.
fn talk() -> impl Strategy<Value = Vec<(Role, Vec<u8>)>> {
    let turn = prop_oneof![frames(Client).prop_map(|it| (Client, it)), frames(Server).prop_map(|it| (Server, it))];
    prop::collection::vec(turn, 0..20)
}

fn all(capture: Capture, talk: &[(Role, Vec<u8>)]) -> Capture {
    talk.iter().fold(capture, |capture, (from, bytes)| capture.says(*from, bytes))
}

/// Lines of one end, since how what both say is mixed depends on the segments.
fn of(told: &[String], role: Role) -> Vec<&String> {
    let of = format!("0 {role} ");
    told.iter().filter(|line| line.starts_with(&of) && !line.contains("waited")).collect()
}

proptest! {
    #[test]
    fn segments_change_nothing(talk in talk(), sizes in prop::collection::vec(1..40_usize, 1..8)) {
        let whole = all(Capture::open(None), &talk).told();
        let mut cut = Capture::open(None);
        let mut size = sizes.iter().cycle();
        for (from, bytes) in &talk {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at((*size.next().unwrap()).min(rest.len()));
                cut = cut.says(*from, piece);
                rest = behind;
            }
        }
        let cut = cut.told();
        for role in [Client, Server] {
            prop_assert_eq!(of(&whole, role), of(&cut, role));
        }
    }

    #[test]
    fn anything_may_come_in_any_order(
        opened in any::<bool>(),
        compressed in any::<bool>(),
        late in any::<bool>(),
        deeds in prop::collection::vec((0..12_u8, talk(), prop::collection::vec(any::<u8>(), 0..100)), 0..6),
    ) {
        let extensions = compressed.then_some("permessage-deflate");
        let mut capture = if late { Capture::late() } else { Capture::new() };
        if opened {
            capture = capture.says(Client, request(extensions)).says(Server, response(extensions));
        }
        for (deed, talk, noise) in deeds {
            capture = match deed {
                0 => capture.misses(Client, &noise),
                1 => capture.misses(Server, &noise),
                2 => capture.says(Client, &noise),
                3 => capture.says(Server, &noise),
                4 => capture.says(Client, request(extensions)),
                5 => capture.says(Server, response(extensions)),
                6 => capture.says(Server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
                7 => capture.ends(Client),
                8 => capture.ends(Server),
                9 => capture.resets(Client),
                10 => capture.after(100),
                _ => all(capture, &talk),
            };
        }
        let told = capture.told();
        let opened = told.iter().filter(|line| line.contains(" opened ")).count();
        let closed = told.iter().filter(|line| line.contains(" closed ")).count();
        prop_assert_eq!(opened, closed, "every connection has an end");
    }
}
