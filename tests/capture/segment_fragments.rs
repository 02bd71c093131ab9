//! Segments in IP fragments.

use hex_literal::hex;
use proptest::prelude::*;
use wslab::capture::segment::Dissector;
use wslab::capture::{LinkType, Packet, Place, Time};

use crate::segment::{TCP, bytes, ipv4, ipv4_piece, ipv6, told, told_of};

const MORE: u16 = 0x2000;

/// A TCP header and this many bytes of payload.
fn tcp(size: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..size).map(|at| b'a' + (at % 26) as u8).collect();
    bytes(&[&TCP[..32], &payload])
}

/// The fragments of a datagram, each this many times 8 bytes long, the last shorter.
fn fragments_4(protocol: u8, datagram: &[u8], eights: usize) -> Vec<Vec<u8>> {
    let last = datagram.len().div_ceil(eights * 8) - 1;
    let piece = |(at, part): (usize, &[u8])| {
        let more = if at < last { MORE } else { 0 };
        ipv4_piece(protocol, more | u16::try_from(at * eights).unwrap(), part)
    };
    datagram.chunks(eights * 8).enumerate().map(piece).collect()
}

fn fragments_6(datagram: &[u8], eights: usize) -> Vec<Vec<u8>> {
    let last = datagram.len().div_ceil(eights * 8) - 1;
    let piece = |(at, part): (usize, &[u8])| {
        let field = u16::try_from(at * eights * 8).unwrap() | u16::from(at < last);
        ipv6(44, &bytes(&[&hex!("06 00"), &field.to_be_bytes(), &hex!("00000007"), part]))
    };
    datagram.chunks(eights * 8).enumerate().map(piece).collect()
}

fn read(dissector: &mut Dissector, packet: &[u8]) -> String {
    told_of(dissector, LinkType::RAW, packet, packet.len())
}

/// What becomes of fragments that come in this order.
fn segments(fragments: &[Vec<u8>]) -> Vec<String> {
    let mut dissector = Dissector::new();
    fragments.iter().map(|fragment| read(&mut dissector, fragment)).filter(|told| told != "a fragment").collect()
}

#[test]
fn the_last_fragment_makes_the_segment() {
    let mut dissector = Dissector::new();
    let told: Vec<String> = fragments_4(6, &tcp(20), 3).iter().map(|piece| read(&mut dissector, piece)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    a fragment
    a fragment
    10.0.0.1:50000 > 10.0.0.2:80 ACK seq 16909060 ack 168496141 window 512 "abcdefghijklmnopqrst"
    "#);
}

proptest! {
    #[test]
    fn fragments_in_any_order_give_the_same_segment(
        size in 0..400_usize,
        eights in 1..6_usize,
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        six in any::<bool>(),
    ) {
        let datagram = tcp(size);
        let fragments = if six { fragments_6(&datagram, eights) } else { fragments_4(6, &datagram, eights) };
        let whole = if six { ipv6(6, &datagram) } else { ipv4(6, &datagram) };
        let whole = read(&mut Dissector::new(), &whole);
        prop_assume!(fragments.len() > 1);
        // Some of them in any order, any number of times; then all of them, so that none is missing.
        let some = order.iter().map(|index| index.get(&fragments).clone());
        let all: Vec<_> = some.chain(fragments.iter().rev().cloned()).collect();
        let segments = segments(&all);
        prop_assert!(!segments.is_empty());
        prop_assert!(segments.iter().all(|segment| *segment == whole), "{segments:?}");
    }

    #[test]
    fn what_of_fragments_was_cut_is_counted(
        size in 0..200_usize,
        eights in 2..6_usize,
        snap in 36..120_usize,
    ) {
        let fragments = fragments_4(6, &tcp(size), eights);
        prop_assume!(fragments.len() > 1);
        let mut dissector = Dissector::new();
        let mut outcome = String::new();
        for fragment in &fragments {
            outcome = told_of(&mut dissector, LinkType::RAW, &fragment[..snap.min(fragment.len())], fragment.len());
        }
        let first = fragments[0].len();
        let there = if snap < first { snap.saturating_sub(20 + 32) } else {
            let last = fragments.last().unwrap().len();
            if fragments.len() > 2 || snap < last { size.min(fragments[1..].iter().fold((first - 20, true), |(sum, on), f| {
                if !on { (sum, false) } else { (sum + snap.min(f.len()) - 20, snap >= f.len()) }
            }).0.saturating_sub(32)) } else { size }
        };
        let payload = String::from_utf8(tcp(size)[32..][..there].to_vec()).unwrap();
        let payload = if there > 100 { format!("{there} bytes") } else { format!("{payload:?}") };
        let cut = if there == size { String::new() } else { format!(" and {} bytes", size - there) };
        let expected = format!("window 512 {payload}{cut}");
        prop_assert!(outcome.ends_with(&expected), "{outcome:?} is not {expected:?}");
    }
}

#[test]
fn of_bytes_that_come_twice_the_first_count() {
    let datagram = tcp(24);
    let first = ipv4_piece(6, MORE, &datagram[..48]);
    let other = ipv4_piece(6, MORE | 4, b"ZZZZZZZZYYYYYYYY");
    let overlap = ipv4_piece(6, 5, b"ZZZZZZZZ!!!!!!!!");
    assert_eq!(segments(&[first, overlap.clone()]).join(""), whole_with("abcdefghijklmnop!!!!!!!!"));
    let fragments = [other, ipv4_piece(6, MORE, &datagram[..40]), overlap];
    assert_eq!(segments(&fragments).join(""), whole_with("ZZZZZZZZYYYYYYYY!!!!!!!!"));
}

/// The segment with this payload.
fn whole_with(payload: &str) -> String {
    let packet = ipv4(6, &bytes(&[&TCP[..32], payload.as_bytes()]));
    read(&mut Dissector::new(), &packet)
}

#[test]
fn fragments_that_disagree_are_refused() {
    let datagram = tcp(40);
    let mut dissector = Dissector::new();
    let pieces = [
        (2, &datagram[16..32]),
        (MORE | 6, &datagram[48..56]),
        (MORE | 1, &datagram[8..24]),
        (3, &datagram[24..48]),
        (MORE, &datagram[..8]),
    ];
    let told: Vec<String> =
        pieces.iter().map(|(field, part)| read(&mut dissector, &ipv4_piece(6, *field, part))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    a fragment
    IP fragments disagree about the end of their datagram
    a fragment
    IP fragments disagree about the end of their datagram
    10.0.0.1:50000 > 10.0.0.2:80 ACK seq 16909060 ack 168496141 window 512 ""
    "#);
}

#[test]
fn datagrams_of_others_are_others() {
    let datagram = tcp(40);
    let [first, second] = [ipv4_piece(6, MORE, &datagram[..40]), ipv4_piece(6, 5, &datagram[40..])];
    let differs = |at: usize| {
        let mut other = second.clone();
        other[at] ^= 2;
        segments(&[first.clone(), other]).len()
    };
    assert_eq!(segments(&[first.clone(), second.clone()]).len(), 1);
    // The identification, the protocol, the two addresses.
    assert_eq!([4, 9, 12, 19].map(differs), [0, 0, 0, 0]);
}

/// What the second of two fragments makes that comes so many seconds later.
fn after(seconds: i64) -> String {
    let mut dissector = Dissector::new();
    let mut outcome = String::new();
    for (fragment, at) in fragments_4(6, &tcp(40), 5).iter().zip([0, seconds]) {
        let mut data = fragment.clone();
        let place = Place { packet: 1, time: Some(Time(at * 1_000_000_000)) };
        let length = u32::try_from(data.len()).unwrap();
        outcome = told(dissector.dissect(Packet { place, link: LinkType::RAW, length, data: &mut data }));
    }
    outcome
}

#[test]
fn fragments_wait_half_a_minute() {
    let whole = read(&mut Dissector::new(), &ipv4(6, &tcp(40)));
    assert_eq!(after(30), whole);
    assert_eq!(after(-1000), whole);
    assert_eq!(after(31), "a fragment");
}

/// What the last fragment of a datagram makes if between it and the first so many others came, of this size.
fn among(others: u16, size: usize) -> String {
    let mut dissector = Dissector::new();
    let datagram = tcp(40);
    read(&mut dissector, &ipv4_piece(6, MORE, &datagram[..40]));
    for other in 0..others {
        let mut packet = ipv4_piece(6, MORE, &vec![0; size]);
        packet[12..14].copy_from_slice(&hex!("0b0b"));
        packet[4..6].copy_from_slice(&other.to_be_bytes());
        assert_eq!(read(&mut dissector, &packet), "a fragment");
    }
    read(&mut dissector, &ipv4_piece(6, 5, &datagram[40..]))
}

#[test]
fn the_oldest_is_given_up_when_there_are_too_many() {
    let whole = read(&mut Dissector::new(), &ipv4(6, &tcp(40)));
    assert_eq!(among(1023, 8), whole);
    assert_eq!(among(1024, 8), "a fragment");
    assert_eq!(among(60, 65_504), whole);
    assert_eq!(among(65, 65_504), "a fragment");
}

#[test]
fn datagrams_that_came_whole_take_no_room() {
    let mut dissector = Dissector::new();
    let fragments = fragments_4(6, &tcp(60_000), 4000);
    for _ in 0..200 {
        let told: Vec<String> = fragments.iter().map(|fragment| read(&mut dissector, fragment)).collect();
        assert_eq!(told[0], "a fragment");
        assert!(told[1].ends_with("60000 bytes"), "{}", told[1]);
    }
}

#[test]
fn fragments_of_a_tunnel_may_hold_a_fragment() {
    let inner = fragments_4(6, &tcp(100), 10);
    let outer = |packet: &[u8]| fragments_4(47, &bytes(&[&hex!("0000 0800"), packet]), 6);
    let all: Vec<_> = inner.iter().flat_map(|packet| outer(packet)).collect();
    assert_eq!(all.len(), 5);
    assert_eq!(segments(&all), [read(&mut Dissector::new(), &ipv4(6, &tcp(100)))]);
}
