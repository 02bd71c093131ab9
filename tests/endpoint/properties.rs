//! What holds of all connections.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wslab::proto::{Config, Role};
use wslab::wire::{CloseBody, CloseCode, Form, Head, Opcode, mask};

use crate::end::{End, Told, peers_half, secs};
use crate::pair::{Act, Network, Pair};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => ".{0,40}".prop_map(Act::Text),
        4 => vec(any::<u8>(), 0..400).prop_map(Act::Binary),
        2 => vec(any::<u8>(), 0..=125).prop_map(Act::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Act::Pong),
        1 => closing(),
    ]
}

fn closing() -> impl Strategy<Value = Act> {
    let code = (1000..5000_u16).prop_filter("may be sent", |&code| CloseCode(code).may_be_sent());
    prop_oneof![(code, ".{0,30}").prop_map(|(code, reason)| Act::Close(code, reason)), Just(Act::CloseWithoutCode)]
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn network() -> impl Strategy<Value = Network> {
    (vec(1..50_usize, 0..5), vec(millis(0..200), 0..5)).prop_map(|(chops, delays)| Network {
        chops,
        delays,
        dead: false,
    })
}

fn config() -> impl Strategy<Value = Config> {
    (prop::option::of(1..100_usize), prop::option::of(millis(50..1000))).prop_map(|(fragment, ping_interval)| Config {
        fragment,
        ping_interval,
        ..Config::default()
    })
}

/// What has to be delivered: not what is measured, nor what looks like a ping of keepalive.
fn delivered(told: &[Told]) -> Vec<Told> {
    let kept = told.iter().filter(|told| match told {
        Told::Message(_) | Told::Close(..) => true,
        Told::Ping(data) => data.len() != 4,
        _ => false,
    });
    kept.cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is said, chopped and delayed: what was sent before the close is delivered, once and in order; both
    /// ends are closed, and tell the same story.
    #[test]
    fn two_ends_always_understand_each_other(
        configs in (config(), config()),
        network in network(),
        script in vec((millis(0..300), role(), act()), 0..20),
        last in (role(), closing()),
    ) {
        let mut pair = Pair::new(configs.0, configs.1, network);
        let mut sent: [Vec<Told>; 2] = Default::default();
        pair.run_for(secs(5));
        let script = script.into_iter().chain([(Duration::ZERO, last.0, last.1)]);
        for (pause, role, act) in script {
            pair.run_for(pause);
            if let Ok(told) = pair.act(role, &act) {
                sent[role as usize].push(told);
            }
        }
        let [client, server] = pair.finish();
        prop_assert!(client.clean && server.clean);
        prop_assert_eq!(client.sent, Some(server.code));
        prop_assert_eq!(server.sent, Some(client.code));
        for (role, end) in [(Role::Client, &pair.server), (Role::Server, &pair.client)] {
            let mut came = delivered(&end.told);
            let sent = delivered(&sent[role as usize]);
            if !sent.iter().any(|told| matches!(told, Told::Close(..))) {
                // Its close frame is the answer to the other's.
                prop_assert!(matches!(came.pop(), Some(Told::Close(_, reason)) if reason.is_empty()));
            }
            prop_assert_eq!(came, sent);
        }
    }

    /// Whatever comes, however it is cut: no panic, no endless turn, no more memory than allowed, and the same events.
    #[test]
    fn any_bytes_are_survived(role in role(), bytes in vec(any::<u8>(), 0..300), cuts in vec(1..20_usize, 1..4)) {
        survives(role, "", &bytes, &cuts)?;
        survives(role, peers_half(role), &bytes, &cuts)?;
    }

    /// The same of bytes that are nearly frames.
    #[test]
    fn any_frames_are_survived(role in role(), frames in vec(frame(), 0..12), cuts in vec(1..40_usize, 1..4)) {
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.bytes(role)).collect();
        survives(role, peers_half(role), &bytes, &cuts)?;
    }

    /// The same of bytes that are nearly an opening handshake.
    #[test]
    fn any_heads_are_survived(
        role in role(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cuts in vec(1..40_usize, 1..4),
    ) {
        let mut head = peers_half(role).as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(head.len());
            head[at] = byte;
        }
        survives(role, "", &head, &cuts)?;
    }

    /// Time alone never makes an end busy: whenever a tick is due it does what is due, and then waits.
    #[test]
    fn time_passes(role in role(), timers in vec(millis(0..50), 5), open: bool, frames in vec(frame(), 0..5)) {
        let config = Config {
            opening_timeout: timers[0],
            closing_timeout: timers[1],
            ping_interval: Some(timers[2]),
            pong_timeout: timers[3],
            ..Config::default()
        };
        let mut end = End::connecting(role, config);
        end.ticks();
        if open && !end.is_closed() {
            end.receives_raw(peers_half(role));
            end.receives_raw(frames.into_iter().flat_map(|frame| frame.bytes(role)).collect::<Vec<_>>());
        }
        // `End` checks that every deadline lies ahead, so each round takes time.
        for _ in 0..1000 {
            match end.patience() {
                Some(patience) => end.waits(patience),
                None => break,
            };
            end.takes_outgoing();
        }
        if let Some(patience) = end.patience() {
            end.waits(patience + timers[4]);
        }
    }
}

/// Small limits, so that they are met.
const MAX_MESSAGE: usize = 200;

/// Gives an end `head` and `bytes`, at once and cut.
fn survives(role: Role, head: &str, bytes: &[u8], cuts: &[usize]) -> Result<(), TestCaseError> {
    let config = Config { max_message: MAX_MESSAGE, max_frame: 150, ..Config::default() };
    let mut whole = End::connecting(role, config.clone());
    let mut cut = End::connecting(role, config);
    whole.receives_raw(head);
    cut.receives_raw(head);
    whole.receives_raw(bytes);
    let mut rest = bytes;
    for &size in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at(size.min(rest.len()));
        rest = left;
        cut.receives_raw(piece);
        prop_assert!(cut.endpoint.gathered() <= MAX_MESSAGE);
    }
    for end in [&mut whole, &mut cut] {
        end.receives_eof();
        prop_assert!(end.is_closed());
        prop_assert!(matches!(end.told.last(), Some(Told::Closed(_))));
        prop_assert_eq!(end.endpoint.gathered(), 0);
    }
    prop_assert_eq!(&whole.told, &cut.told);
    prop_assert_eq!(whole.takes_outgoing(), cut.takes_outgoing());
    Ok(())
}

/// A frame that is mostly right.
#[derive(Clone, Debug)]
struct Frame {
    head: Head,
    payload: Vec<u8>,
    odd: bool,
}

impl Frame {
    fn bytes(mut self, receiver: Role) -> Vec<u8> {
        let key = self.payload.iter().fold([1, 2, 3, 4_u8], |[a, b, c, d], byte| [b, c, d, a.wrapping_add(*byte)]);
        self.head.mask = ((receiver == Role::Server) != self.odd).then_some(key);
        mask(&mut self.payload, self.head.mask.unwrap_or_default());
        [&self.head.encode(), self.payload.as_slice()].concat()
    }
}

fn frame() -> impl Strategy<Value = Frame> {
    let payload = prop_oneof![
        4 => ".{0,20}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..200),
        2 => closing().prop_map(|act| {
            let mut payload = Vec::new();
            if let Act::Close(code, reason) = &act {
                CloseBody::Status(CloseCode(*code), reason.as_bytes()).write(&mut payload);
            }
            payload
        }),
    ];
    let opcode = prop_oneof![12 => prop::sample::select(vec![0, 0, 1, 1, 2, 9, 10, 8]), 1 => 0..16_u8];
    let rare = || prop::bool::weighted(0.03);
    (opcode, any::<bool>(), payload, rare(), rare(), rare()).prop_map(|(opcode, fin, payload, reserved, long, odd)| {
        let opcode = Opcode(opcode);
        let mut head = Head::new(opcode, payload.len() as u64);
        head.fin = fin || opcode.is_control();
        head.rsv = if reserved { Head::RSV1 } else { 0 };
        if long {
            head.form = Form::Bits64;
        }
        Frame { head, payload, odd }
    })
}
