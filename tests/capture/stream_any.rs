//! What holds for any conversation, however it was captured.

use proptest::collection::vec;
use proptest::prelude::*;
use wslab::capture::stream::{Budget, Limits};
use wslab::capture::{End, Flags, Time};

use crate::stream::{CLIENT, SERVER, Sent, Wire, client, client_syn, name, server, server_syn};

/// No byte is a `?`, which stands for what is lost, and none is like its neighbours.
fn said(by: End, length: usize) -> Vec<u8> {
    let base = [b'a', b'A'][by.index()];
    (0..length).map(|at| base + ((at * 7 + at / 26) % 26) as u8).collect()
}

/// What both ends say, in segments of these lengths in turn, each acknowledging all of the other's before it.
fn conversation(lengths: &[usize], syn: bool, fin: bool) -> (Vec<Sent>, [Vec<u8>; 2]) {
    let said = [said(CLIENT, lengths.iter().sum()), said(SERVER, lengths.iter().sum())];
    let mut at = [0; 2];
    let mut segments = if syn { vec![client_syn(), server_syn(), client(0, "")] } else { vec![] };
    for (turn, length) in lengths.iter().enumerate() {
        let (from, other) = if turn % 3 == 1 { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
        let (begin, end) = (at[from.index()], at[from.index()] + length);
        let bytes = &said[from.index()][begin..end];
        let segment = if from == CLIENT { client(begin as i64, bytes) } else { server(begin as i64, bytes) };
        segments.push(segment.acks(at[other.index()] as i64));
        at[from.index()] = end;
    }
    let [first, second] = at.map(|at| at as i64);
    if fin {
        segments.push(client(first, "").acks(second).fin());
        segments.push(server(second, "").acks(first + 1).fin());
        segments.push(client(first + 1, "").acks(second + 1));
    }
    let [mut one, mut two] = said;
    one.truncate(at[0]);
    two.truncate(at[1]);
    (segments, [one, two])
}

/// The same segments, none more than `keys.len()` places away.
fn shuffled(segments: &[Sent], keys: &[usize]) -> Vec<Sent> {
    let mut places: Vec<_> = (0..segments.len()).map(|at| (at + keys[at % keys.len()] % 20, at)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, at)| segments[at].clone()).collect()
}

/// A copy of a part of what an end says, from somewhere to somewhere.
fn copy(said: &[Vec<u8>; 2], by: bool, from: usize, length: usize) -> Sent {
    let said = &said[usize::from(by)];
    let from = from % (said.len() + 1);
    let bytes = &said[from..(from + length).min(said.len())];
    if by { server(from as i64, bytes) } else { client(from as i64, bytes) }
}

fn captured(wire: &mut Wire, segments: Vec<Sent>) {
    wire.captures(segments);
    wire.ends();
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..4_usize, 0..200_usize, 1_000..1_500_usize], 1..60)
}

fn isn() -> impl Strategy<Value = [u32; 2]> {
    let isn = || prop_oneof![any::<u32>(), u32::MAX - 3_000..];
    [isn(), isn()]
}

fn any_segment() -> impl Strategy<Value = (Sent, i64)> {
    let number = || prop_oneof![-20..200_i64, -70_000..70_000_i64, any::<u32>().prop_map(i64::from)];
    let flags = prop_oneof![4 => Just(0x10_u8), 1 => any::<u8>()];
    let payload = prop_oneof![vec(any::<u8>(), 0..20), vec(Just(b'.'), 0..1_500)];
    let cut = prop_oneof![8 => Just(0), 1 => 0..70_u32, 1 => any::<u32>()];
    let time = prop_oneof![0..100_i64, any::<i64>()];
    (any::<bool>(), number(), number(), flags, payload, cut, time).prop_map(
        |(by, at, ack, flags, payload, cut, time)| {
            let flag = |bit| flags & bit != 0;
            let flags = Flags { fin: flag(1), syn: flag(2), rst: flag(4), ack: flag(16) };
            let mut sent = if by { server(at, payload) } else { client(at, payload) }.acks(ack).cut(cut);
            sent.flags = flags;
            (sent, time)
        },
    )
}

proptest! {
    #[test]
    fn what_was_captured_in_any_order_is_told_as_it_was_sent(
        lengths in lengths(), isn in isn(), keys in vec(0..20_usize, 1..40),
        copies in vec((any::<bool>(), any::<u16>(), 0..2_000_usize, any::<u16>()), 0..30),
    ) {
        let (segments, said) = conversation(&lengths, true, true);
        // The opening is in order.
        let mut segments = [segments[..3].to_vec(), shuffled(&segments[3..], &keys)].concat();
        for (by, from, length, place) in copies {
            let place = 3 + usize::from(place) % (segments.len() - 2);
            segments.insert(place, copy(&said, by, from.into(), length));
        }
        let mut wire = Wire::new();
        wire.isn = isn;
        captured(&mut wire, segments);
        prop_assert!(wire.told.with_gaps == said, "{:?}", wire.told.lines);
        prop_assert_eq!(wire.told.lost, [0, 0]);
        prop_assert!(wire.stream.is_over());
        let of = |word: &str| wire.told.lines.iter().filter(|line| line.contains(word)).count();
        prop_assert_eq!((of("opened"), of("ended by fin"), of("differs")), (1, 2, 0));
    }

    #[test]
    fn the_opening_may_be_out_of_order_too(lengths in vec(1..50_usize, 1..10), keys in vec(0..20_usize, 1..40)) {
        let (segments, said) = conversation(&lengths, true, true);
        let mut order = shuffled(&segments, &keys);
        // One has to be there from which the beginnings are known.
        let at = order.iter().position(|sent| sent.flags.syn && sent.flags.ack).unwrap();
        let answer = order.remove(at);
        order.insert(0, answer);
        let mut wire = Wire::new();
        captured(&mut wire, order);
        prop_assert!(wire.told.with_gaps == said, "{:?}", wire.told.lines);
        prop_assert_eq!(wire.told.lost, [0, 0]);
    }

    #[test]
    fn gaps_are_exactly_where_nothing_was_captured(
        lengths in lengths(), keys in vec(0..20_usize, 1..40), missing in vec(0..10_u8, 1..40),
    ) {
        let (segments, mut said) = conversation(&lengths, true, true);
        let count = segments.len();
        let mut kept = segments[..3].to_vec();
        let mut body = Vec::new();
        for (at, sent) in segments[3..count - 3].iter().enumerate() {
            if missing[at % missing.len()] == 0 {
                let begin = sent.at as usize;
                said[sent.from.index()][begin..begin + sent.payload.len()].fill(b'?');
            } else {
                body.push(sent.clone());
            }
        }
        body.extend_from_slice(&segments[count - 3..]);
        kept.extend(shuffled(&body, &keys));
        let mut wire = Wire::new();
        captured(&mut wire, kept);
        prop_assert!(wire.told.with_gaps == said, "{:?}", wire.told.lines);
        let lost = said.map(|said| said.iter().filter(|byte| **byte == b'?').count() as u64);
        prop_assert_eq!(wire.told.lost, lost);
    }

    #[test]
    fn one_direction_is_told_whole_without_the_other(lengths in lengths(), isn in isn(), syn: bool) {
        let (segments, said) = conversation(&lengths, syn, true);
        let mut wire = Wire::new();
        wire.isn = isn;
        captured(&mut wire, segments.into_iter().filter(|sent| sent.from == SERVER).collect());
        prop_assert_eq!(&wire.told.with_gaps[1], &said[1]);
        prop_assert!(wire.told.bytes[0].is_empty());
    }

    #[test]
    fn what_is_captured_from_the_middle_is_told_from_there(lengths in lengths(), isn in isn(), skipped in 0..60_usize) {
        let (segments, said) = conversation(&lengths, false, true);
        let segments: Vec<_> = segments.into_iter().skip(skipped).collect();
        let mut wire = Wire::new();
        wire.isn = isn;
        captured(&mut wire, segments);
        for (told, said) in wire.told.with_gaps.iter().zip(&said) {
            prop_assert!(said.ends_with(told));
        }
        prop_assert_eq!(wire.told.lost, [0, 0]);
    }

    #[test]
    fn the_snap_length_costs_what_it_cuts_off(
        lengths in lengths(), keys in vec(0..20_usize, 1..40), snap in 1..1_000_usize,
    ) {
        let (mut segments, mut said) = conversation(&lengths, true, true);
        for sent in &mut segments {
            let length = sent.payload.len();
            sent.payload.truncate(snap);
            sent.cut = (length - sent.payload.len()) as u32;
            let begin = (sent.at as usize).min(said[sent.from.index()].len());
            said[sent.from.index()][begin..begin + length][sent.payload.len()..].fill(b'?');
        }
        let mut wire = Wire::new();
        captured(&mut wire, [segments[..3].to_vec(), shuffled(&segments[3..], &keys)].concat());
        prop_assert!(wire.told.with_gaps == said, "{:?}", wire.told.lines);
    }

    #[test]
    fn any_segments_end_in_some_bytes_and_gaps_within_the_limits(
        segments in vec(any_segment(), 0..300), limit in 0..20_000_usize, budget in 0..30_000_usize, ignored in 0..600_usize,
    ) {
        let run = || {
            let mut wire = Wire::with(Limits { waiting: limit }, Budget::new(budget));
            for (at, (sent, time)) in segments.iter().enumerate() {
                wire.time = (at % 3 > 0).then_some(Time(*time));
                wire.begins_anew(sent.clone());
                wire.captures([sent.clone()]);
                prop_assert!(wire.budget.taken() <= budget.min(2 * limit));
                for end in [CLIENT, SERVER].into_iter().filter(|_| at <= ignored) {
                    let counted = wire.told.bytes[end.index()].len() as u64 + wire.told.lost[end.index()];
                    prop_assert_eq!(wire.stream.position(end), counted);
                }
                if at == ignored {
                    wire.stream.ignore(&mut wire.budget);
                    wire.told.lines.clear();
                }
            }
            wire.ends();
            if segments.len() > ignored {
                prop_assert!(wire.told.lines.is_empty());
            }
            for end in [CLIENT, SERVER] {
                let of_end = |line: &&String| line.starts_with(name(end)) && !line.contains("opened");
                let lines: Vec<_> = wire.told.lines.iter().filter(of_end).collect();
                let last = lines.iter().position(|line| line.contains("ended by"));
                prop_assert!(last.is_none_or(|last| last == lines.len() - 1), "{:?}", wire.told.lines);
            }
            Ok(wire.told.lines)
        };
        prop_assert_eq!(run()?, run()?, "the same segments are told the same");
    }
}
