//! Packets that come in other shapes: fragments, other links, cut, without times, between the same ports again.

use wslab::capture::{Keep, LinkType, Packet, Place, Time, Writer};
use wslab::proto::Role;

use super::ALL;
use super::made::{HELLO, Owned, REQUEST, RESPONSE, Stage, analysed, kept, packets, source, told};
use crate::source_built::{Got, Order, Pcapng, read};

/// An Ethernet header and an IPv4 header, each without options.
const HEADERS: usize = 34;

/// An IPv4 packet in fragments of so many bytes.
fn fragments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (head, data) = packet.split_at(HEADERS);
    let count = data.len().div_ceil(size);
    let piece = |(index, piece): (usize, &[u8])| {
        let mut fragment = head.to_vec();
        let more = if index + 1 < count { 0x2000 } else { 0 };
        fragment[16..18].copy_from_slice(&(20 + piece.len() as u16).to_be_bytes());
        fragment[18..20].copy_from_slice(&77_u16.to_be_bytes());
        fragment[20..22].copy_from_slice(&((index * size / 8) as u16 | more).to_be_bytes());
        fragment.extend_from_slice(piece);
        fragment
    };
    data.chunks(size).enumerate().map(piece).collect()
}

fn file(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Pcapng::plain();
    for (index, packet) in packets.iter().enumerate() {
        file = file.packet(0, index as u64 * 1000, packet);
    }
    file.bytes
}

fn bytes(file: &[u8]) -> Vec<Vec<u8>> {
    packets(file).into_iter().map(|(_, bytes)| bytes).collect()
}

#[test]
fn fragments_are_kept_if_what_they_make_is() {
    let mut stage = Stage::default();
    let one = stage.open();
    stage.open();
    let other = stage.open();
    let before = stage.packets.len();
    stage.says(one, Role::Client, HELLO).says(other, Role::Client, HELLO);
    let mut all: Vec<Vec<u8>> = stage.packets[..before].iter().map(|packet| packet.bytes.clone()).collect();
    let (mine, theirs) = (fragments(&stage.packets[before].bytes, 16), fragments(&stage.packets[before + 1].bytes, 8));
    assert_eq!((mine.len(), theirs.len()), (2, 4));
    // The last comes first, and those of the other between; they have another identification.
    let theirs: Vec<Vec<u8>> = theirs
        .into_iter()
        .map(|mut fragment| {
            fragment[19] = 78;
            fragment
        })
        .collect();
    all.extend([mine[1].clone(), theirs[0].clone(), theirs[3].clone(), mine[0].clone(), theirs[2].clone()]);
    all.extend([theirs[1].clone()]);
    let whole = file(&all);
    let of = |owner: usize| {
        let own = stage.packets[..before].iter().filter(move |packet| packet.owner == owner);
        own.map(|packet| packet.bytes.clone()).collect::<Vec<_>>()
    };
    let kept_of =
        |owner: usize| kept(&whole, move |connection| usize::from(connection.client.port()) == 50_000 + owner);
    assert_eq!(bytes(&kept_of(one)), [of(one), vec![mine[1].clone(), mine[0].clone()]].concat());
    let wanted = [0, 3, 2, 1].map(|index: usize| theirs[index].clone()).to_vec();
    assert_eq!(bytes(&kept_of(other)), [of(other), wanted].concat());
}

/// The same packets with other sequence numbers: those of another connection.
fn moved(packet: &[u8], by: u32) -> Vec<u8> {
    let mut packet = packet.to_vec();
    for at in [HEADERS + 4, HEADERS + 8] {
        let field: [u8; 4] = packet[at..at + 4].try_into().unwrap();
        packet[at..at + 4].copy_from_slice(&u32::from_be_bytes(field).wrapping_add(by).to_be_bytes());
    }
    packet
}

#[test]
fn connections_between_the_same_ports_are_told_apart() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.talks(owner);
    let one = stage.of(&[owner]).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    let two: Vec<Vec<u8>> = one.iter().map(|packet| moved(packet, 1_000_000)).collect();
    let three: Vec<Vec<u8>> = one.iter().map(|packet| moved(packet, 2_000_000)).collect();
    // Acknowledged once more, late.
    let late = one.last().unwrap().clone();
    let whole = file(&[one.clone(), vec![late.clone()], two.clone(), three.clone()].concat());
    assert_eq!(bytes(&kept(&whole, |connection| connection.number == 0)), [one, vec![late]].concat());
    assert_eq!(bytes(&kept(&whole, |connection| connection.number == 1)), two);
    assert_eq!(bytes(&kept(&whole, |connection| connection.number == 2)), three);
}

#[test]
fn link_types_lengths_and_times_stay() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.says(owner, Role::Client, HELLO);
    let packets: Vec<Vec<u8>> = stage.packets.iter().map(|packet| packet.bytes.clone()).collect();
    // Interfaces of raw IP in milliseconds, and of Ethernet in microseconds; the last packet is cut, the second has no time.
    let mut given = Pcapng::new(Order::Big).interface(101, 0, &[(9, &[3])]).interface(1, 0, &[]);
    given = given.packet(0, 5, &packets[0][14..]).simple(packets[1].len() as u32 - 14, &packets[1][14..]);
    given = given.packet(1, 7000, &packets[2]).packet(1, 7001, &packets[3]).packet(0, 8, &packets[4][14..]);
    let cut = &packets[5][..packets[5].len() - 3];
    given = given.enhanced(1, 9000, cut.len() as u32, packets[5].len() as u32, cut, &[]);
    let whole = given.bytes;
    let ip = |time, packet: &[u8]| Got::Packet(Some(time), 101, packet.len() as u32 - 14, packet[14..].to_vec());
    let wanted = [
        ip(5_000_000, &packets[0]),
        ip(5_000_000, &packets[1]),
        Got::Packet(Some(7_000_000), 1, packets[2].len() as u32, packets[2].clone()),
        Got::Packet(Some(7_001_000), 1, packets[3].len() as u32, packets[3].clone()),
        ip(8_000_000, &packets[4]),
        Got::Packet(Some(9_000_000), 1, packets[5].len() as u32, cut.to_vec()),
    ];
    assert_eq!(read(&kept(&whole, ALL)), wanted);
}

#[test]
fn a_capture_without_times_stays_one() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.says(owner, Role::Client, HELLO);
    let mut given = Pcapng::plain();
    for packet in &stage.packets {
        given = given.simple(packet.bytes.len() as u32, &packet.bytes);
    }
    let whole = |packet: &Owned| Got::Packet(None, 1, packet.bytes.len() as u32, packet.bytes.clone());
    let wanted: Vec<Got> = stage.packets.iter().map(whole).collect();
    assert_eq!(read(&kept(&given.bytes, ALL)), wanted);
}

#[test]
fn a_capture_that_begins_in_the_middle_is_kept_from_there() {
    let mut stage = Stage::default();
    let owner = stage.connect();
    stage.says(owner, Role::Client, REQUEST).says(owner, Role::Server, RESPONSE);
    let missing = stage.packets.len();
    for _ in 0..6 {
        stage.says(owner, Role::Client, HELLO);
    }
    let all: Vec<Vec<u8>> = stage.packets[missing..].iter().map(|packet| packet.bytes.clone()).collect();
    let whole = file(&all);
    let kept = kept(&whole, |connection| connection.guessed);
    assert_eq!(bytes(&kept), all);
    assert_eq!(told(&kept, &[], ALL), told(&whole, &[], ALL));
}

#[test]
fn what_comes_before_damage_is_kept() {
    let mut stage = Stage::default();
    let owner = stage.open();
    stage.says(owner, Role::Client, HELLO);
    let whole = stage.file();
    let keep = analysed(&whole, &[], Keep::new(ALL));
    let damaged = &whole[..whole.len() - 4];
    let mut out = Vec::new();
    let written = keep.write(|| source(damaged), &[], "tests", &mut out).unwrap();
    assert_eq!(written.packets as usize, stage.packets.len() - 1);
    assert_eq!(packets(&out), stage.of(&[owner])[..stage.packets.len() - 1]);
}

#[test]
fn a_link_type_that_pcapng_cannot_name_is_an_error() {
    let mut out = Writer::section(Vec::new(), "tests").unwrap();
    let place = Place { packet: 1, time: Some(Time(-1)) };
    let error = out.captured(&Packet { place, link: LinkType(70_000), length: 3, data: &mut [] }, None).unwrap_err();
    assert_eq!(error.to_string(), "the link type 70000 does not fit into a pcapng file");
    out.captured(&Packet { place, link: LinkType(276), length: 3, data: &mut [1, 2] }, Some("early")).unwrap();
}
