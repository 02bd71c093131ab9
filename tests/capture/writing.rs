//! Connections as packets in a file.

use std::net::SocketAddr;
use std::time::Duration;

use etherparse::{SlicedPacket, TcpSlice, TransportSlice};
use proptest::prelude::*;
use wslab::capture::{Conversation, Writer};
use wslab::proto::Role;

use crate::blocks::{Packet, packets};

const SECOND: Duration = Duration::from_secs(1_800_000_000);

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[derive(Clone, Debug)]
enum Deed {
    Data(Role, Vec<u8>),
    End(Role),
    Reset(Role),
}

/// The packets of a connection on which this happens.
fn written(client: &str, server: &str, deeds: &[Deed]) -> Vec<Packet> {
    let mut file = Vec::new();
    let mut out = Writer::new(&mut file, "a program").unwrap();
    let mut talk = Conversation::open(address(client), address(server), SECOND, "case 5.15", &mut out).unwrap();
    for deed in deeds {
        match deed {
            Deed::Data(from, bytes) => talk.data(*from, bytes, SECOND, &mut out),
            Deed::End(from) => talk.end(*from, SECOND, &mut out),
            Deed::Reset(from) => talk.reset(*from, SECOND, &mut out),
        }
        .unwrap();
    }
    out.flush().unwrap();
    packets(&file)
}

fn with_tcp<R>(packet: &Packet, read: impl FnOnce(TcpSlice<'_>) -> R) -> R {
    let sliced = SlicedPacket::from_ethernet(&packet.bytes).unwrap();
    match sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => read(tcp),
        other => panic!("no TCP but {other:?}"),
    }
}

/// `client SYN seq 0`.
fn told(packet: &Packet) -> String {
    with_tcp(packet, |tcp| {
        let from = if tcp.source_port() == 50000 { "client" } else { "server" };
        let flags = [(tcp.syn(), " SYN"), (tcp.fin(), " FIN"), (tcp.rst(), " RST"), (tcp.ack(), " ACK")];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        let (seq, ack, size) = (tcp.sequence_number(), tcp.acknowledgment_number(), tcp.payload().len());
        format!("{from}{flags} seq {seq} ack {ack}, {size} bytes")
    })
}

#[test]
fn a_connection_is_opened_used_and_ended() {
    let deeds = [
        Deed::Data(Role::Client, b"GET".to_vec()),
        Deed::Data(Role::Server, b"HTTP/1.1".to_vec()),
        Deed::End(Role::Server),
        Deed::End(Role::Client),
        Deed::End(Role::Client),
        Deed::Reset(Role::Client),
    ];
    let packets = written("10.0.0.1:50000", "10.0.0.2:80", &deeds);
    let told: Vec<String> = packets.iter().map(told).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    client SYN seq 0 ack 0, 0 bytes
    server SYN ACK seq 0 ack 1, 0 bytes
    client ACK seq 1 ack 1, 0 bytes
    client ACK seq 1 ack 1, 3 bytes
    server ACK seq 1 ack 4, 8 bytes
    server FIN ACK seq 9 ack 4, 0 bytes
    client ACK seq 4 ack 10, 0 bytes
    client FIN ACK seq 4 ack 10, 0 bytes
    server ACK seq 10 ack 5, 0 bytes
    ");
    assert_eq!(packets[0].comment.as_deref(), Some("case 5.15"));
    assert!(packets[1..].iter().all(|packet| packet.comment.is_none()));
    assert!(packets.iter().all(|packet| packet.nanoseconds == SECOND.as_nanos() as u64));
}

#[test]
fn a_reset_is_the_last_thing() {
    let deeds = [Deed::Reset(Role::Server), Deed::End(Role::Client), Deed::Reset(Role::Client)];
    let packets = written("[2001:db8::1]:50000", "[2001:db8::2]:80", &deeds);
    assert_eq!(packets.len(), 4);
    assert_eq!(told(&packets[3]), "server RST ACK seq 1 ack 1, 0 bytes");
}

fn deed() -> impl Strategy<Value = Deed> {
    let role = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let size = prop_oneof![9 => 0..2000_usize, 1 => 60_000..200_000_usize];
    (role, size, any::<u8>()).prop_map(|(role, size, byte)| Deed::Data(role, vec![byte; size]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent, in order and once: sequence numbers follow each other, checksums are right.
    #[test]
    fn what_was_sent_is_in_the_packets(deeds in proptest::collection::vec(deed(), 0..20), six: bool) {
        let (client, server) =
            if six { ("[::1]:50000", "[::1]:80") } else { ("127.0.0.1:50000", "127.0.0.1:80") };
        let mut came = [Vec::new(), Vec::new()];
        let mut next = [1_u32, 1];
        for packet in &written(client, server, &deeds)[3..] {
            let sliced = SlicedPacket::from_ethernet(&packet.bytes).unwrap();
            let net = sliced.net.unwrap();
            with_tcp(packet, |tcp| {
                let side = usize::from(tcp.source_port() != 50000);
                assert_eq!(tcp.sequence_number(), next[side]);
                next[side] += tcp.payload().len() as u32;
                came[side].extend_from_slice(tcp.payload());
                let header = tcp.to_header();
                let sum = match &net {
                    etherparse::NetSlice::Ipv4(ip) => header.calc_checksum_ipv4_raw(
                        ip.header().source(), ip.header().destination(), tcp.payload()),
                    etherparse::NetSlice::Ipv6(ip) => header.calc_checksum_ipv6_raw(
                        ip.header().source(), ip.header().destination(), tcp.payload()),
                    other => panic!("{other:?}"),
                };
                assert_eq!(sum.unwrap(), tcp.checksum());
            });
        }
        let mut sent = [Vec::new(), Vec::new()];
        for deed in &deeds {
            if let Deed::Data(from, bytes) = deed {
                sent[usize::from(*from == Role::Server)].extend_from_slice(bytes);
            }
        }
        prop_assert!(came == sent);
    }
}
