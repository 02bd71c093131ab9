//! Segments out of packets of every shape.

use std::ops::Range;

use hex_literal::hex;
use wslab::capture::segment::{Dissected, Dissector};
use wslab::capture::{LinkType, Packet, Place};

pub(crate) const ETHERNET: [u8; 12] = hex!("02 00 00 00 00 02  02 00 00 00 00 01");

/// A header of 20 bytes, and options to the 32nd.
pub(crate) const TCP: [u8; 37] = hex!(
    "c350 0050 01020304 0a0b0c0d 80 18 0200 dead 0000"
    "01 01 080a 00000001 00000002"
    "48656c6c6f"
);

const SEGMENT: &str = r#"10.0.0.1:50000 > 10.0.0.2:80 ACK seq 16909060 ack 168496141 window 512 "Hello""#;
const SEGMENT_6: &str = r#"[2001:db8::1]:50000 > [2001:db8::2]:80 ACK seq 16909060 ack 168496141 window 512 "Hello""#;

pub(crate) fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_be_bytes()
}

/// IPv4 from 10.0.0.1 to 10.0.0.2; flags and offset of fragments as they are in the header.
pub(crate) fn ipv4_piece(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let fragment = fragment.to_be_bytes();
    bytes(&[
        &hex!("45 00"),
        &total,
        &hex!("1234"),
        &fragment,
        &[64, protocol],
        &hex!("beef 0a000001 0a000002"),
        payload,
    ])
}

pub(crate) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_piece(protocol, 0x4000, payload)
}

/// IPv6 from 2001:db8::1 to 2001:db8::2.
pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let addresses = hex!("20010db8000000000000000000000001 20010db8000000000000000000000002");
    bytes(&[&hex!("60000000"), &length(payload), &[next, 64], &addresses, payload])
}

pub(crate) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    bytes(&[&ETHERNET, &kind.to_be_bytes(), payload])
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    bytes(&[&hex!("cafe"), &port.to_be_bytes(), &length, &hex!("0000"), payload])
}

/// What is dissected out of a packet of this length, as far as it was captured.
pub(crate) fn told_of(dissector: &mut Dissector, link: LinkType, captured: &[u8], length: usize) -> String {
    let mut data = captured.to_vec();
    let length = u32::try_from(length).unwrap();
    told(dissector.dissect(Packet { place: Place::default(), link, length, data: &mut data }))
}

pub(crate) fn told(dissected: Dissected<'_>) -> String {
    let segment = match dissected {
        Dissected::Segment(segment) => segment,
        Dissected::Other => return "something else".to_owned(),
        Dissected::Fragment => return "a fragment".to_owned(),
        Dissected::Malformed(why) => return why.to_string(),
    };
    let flags = segment.flags;
    let flags = [(flags.syn, " SYN"), (flags.ack, " ACK"), (flags.fin, " FIN"), (flags.rst, " RST")];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    let payload = match segment.payload.len() {
        0..=100 => format!("{:?}", String::from_utf8_lossy(segment.payload)),
        long => format!("{long} bytes"),
    };
    let cut = if segment.cut == 0 { String::new() } else { format!(" and {} bytes", segment.cut) };
    format!(
        "{} > {}{flags} seq {} ack {} window {} {payload}{cut}",
        segment.from, segment.to, segment.seq, segment.ack, segment.window
    )
}

fn read(link: LinkType, packet: &[u8]) -> String {
    told_of(&mut Dissector::new(), link, packet, packet.len())
}

pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) link: LinkType,
    pub(crate) packet: Vec<u8>,
}

fn shape(name: &'static str, link: u32, packet: Vec<u8>) -> Shape {
    Shape { name, link: LinkType(link), packet }
}

/// The same segment on every link.
fn links() -> Vec<Shape> {
    let ip = ipv4(6, &TCP);
    let raw = |link: &[u8]| bytes(&[link, &ip]);
    vec![
        shape("Ethernet", 1, ethernet(0x0800, &ip)),
        shape("Ethernet, padded", 1, bytes(&[&ethernet(0x0800, &ip), &[0x55; 23]])),
        shape("802.1Q", 1, ethernet(0x8100, &raw(&hex!("0005 0800")))),
        shape("802.1ad", 1, ethernet(0x88a8, &raw(&hex!("0005 8100 0006 0800")))),
        shape("three tags", 1, ethernet(0x9100, &raw(&hex!("0005 8100 0006 8100 0007 0800")))),
        shape("VN-Tag", 1, ethernet(0x8926, &raw(&hex!("00010002 0800")))),
        shape("802.1BR", 1, ethernet(0x893f, &raw(&hex!("000000010000 0800")))),
        shape("802.1CB", 1, ethernet(0xf1c1, &raw(&hex!("00000007 0800")))),
        shape("802.1ah", 1, ethernet(0x88e7, &bytes(&[&hex!("00000005"), &ethernet(0x0800, &ip)]))),
        shape("MPLS", 1, ethernet(0x8847, &raw(&hex!("000010ff 000021ff")))),
        shape("MPLS, Ethernet", 1, ethernet(0x8847, &bytes(&[&hex!("000011ff"), &ethernet(0x0800, &ip)]))),
        shape(
            "MPLS, control word, Ethernet",
            1,
            ethernet(0x8847, &bytes(&[&hex!("000011ff 00000000"), &ethernet(0x0800, &ip)])),
        ),
        shape("PPPoE", 1, ethernet(0x8864, &raw(&hex!("11 00 0001 005b 0021")))),
        shape("SNAP", 1, ethernet(97, &raw(&hex!("aaaa03 000000 0800")))),
        shape("LLC", 1, ethernet(92, &raw(&hex!("060603")))),
        shape("MACsec", 1, ethernet(0x88e5, &raw(&hex!("00 00 00000001 0800")))),
        shape("MACsec, SCI", 1, ethernet(0x88e5, &raw(&hex!("20 00 00000001 0200000000010001 0800")))),
        shape("BSD loopback, little-endian", 0, raw(&hex!("02000000"))),
        shape("BSD loopback, big-endian", 0, raw(&hex!("00000002"))),
        shape("OpenBSD loopback", 108, raw(&hex!("00000002"))),
        shape("raw", 101, raw(&[])),
        shape("raw, 12", 12, raw(&[])),
        shape("raw, 14", 14, raw(&[])),
        shape("raw IPv4", 228, raw(&[])),
        shape("cooked", 113, raw(&hex!("0004 0001 0006 020000000001 0000 0800"))),
        shape("cooked, 802.1Q", 113, raw(&hex!("0004 0001 0006 020000000001 0000 8100 0005 0800"))),
        shape("cooked 2", 276, raw(&hex!("0800 0000 00000001 0001 04 06 0200000000010000"))),
        shape("PPP", 9, raw(&hex!("0021"))),
        shape("PPP, one byte of protocol", 9, raw(&hex!("ff03 21"))),
        shape("PPP in HDLC", 50, raw(&hex!("ff03 0021"))),
        shape("HDLC", 104, raw(&hex!("0f00 0800"))),
        shape("PPPoE alone", 51, raw(&hex!("11 00 0001 005b 0021"))),
        shape("pppd", 166, raw(&hex!("0103 0021"))),
        shape("pppd, address", 166, raw(&hex!("01ff03 0021"))),
        shape("PPP with direction", 204, raw(&hex!("00 ff03 0021"))),
    ]
}

/// The same segment in other packets.
fn tunnels() -> Vec<Shape> {
    let ip = ipv4(6, &TCP);
    let frame = ethernet(0x0800, &ip);
    let inside = |name, protocol, header: &[u8], inner: &[u8]| {
        shape(name, 1, ethernet(0x0800, &ipv4(protocol, &bytes(&[header, inner]))))
    };
    let in_udp = |name, port, header: &[u8], inner: &[u8]| {
        shape(name, 1, ethernet(0x0800, &ipv4(17, &udp(port, &bytes(&[header, inner])))))
    };
    vec![
        inside("IP in IP", 4, &[], &ip),
        shape("IPv4 in IPv6", 229, ipv6(4, &ip)),
        inside("AH", 51, &hex!("06 04 0000 00000001 00000002 000000000000000000000000"), &TCP),
        inside("GRE", 47, &hex!("0000 0800"), &ip),
        inside("GRE, all fields", 47, &hex!("b000 0800 cafe0000 00000001 00000002"), &ip),
        inside("GRE, bridged", 47, &hex!("2000 6558 00000001"), &frame),
        inside("GRE, MPLS", 47, &hex!("0000 8847 000011ff"), &ip),
        inside("PPTP", 47, &hex!("3081 880b 005d 0001 00000001 00000002 ff03 0021"), &ip),
        inside("ERSPAN I", 47, &hex!("0000 88be"), &frame),
        inside("ERSPAN II", 47, &hex!("1000 88be 00000001 10010000 00000000"), &frame),
        inside("ERSPAN III", 47, &hex!("1000 22eb 00000001 20010000 00000000 00000000"), &frame),
        inside("ERSPAN III, more", 47, &hex!("1000 22eb 00000001 20010000 00000000 00000001 0000000000000000"), &frame),
        inside("EtherIP", 97, &hex!("3000"), &frame),
        inside("Ethernet in IP", 143, &[], &frame),
        inside("MPLS in IP", 137, &hex!("000011ff"), &ip),
        in_udp("VXLAN", 4789, &hex!("08000000 00000100"), &frame),
        in_udp("VXLAN, Linux", 8472, &hex!("08000000 00000100"), &frame),
        in_udp("VXLAN-GPE", 4790, &hex!("0c000001 00000100"), &ip),
        in_udp("GENEVE", 6081, &hex!("0000 6558 00000100"), &frame),
        in_udp("GENEVE, options", 6081, &hex!("0200 0800 00000100 0102800100000000"), &ip),
        in_udp("GTP", 2152, &hex!("30 ff 0059 00000001"), &ip),
        in_udp("GTP, extension", 2152, &hex!("34 ff 0061 00000001 0000 00 85 01 0001 00"), &ip),
    ]
}

/// The same segment in IPv6.
fn ipv6_shapes() -> Vec<Shape> {
    let raw = |name, next, header: &[u8]| shape(name, 101, ipv6(next, &bytes(&[header, &TCP])));
    let ip = ipv6(6, &TCP);
    let last = hex!("20010db8000000000000000000000002");
    let other = hex!("20010db8000000000000000000000009");
    let routed = |name, header: &[u8], list: &[&[u8]]| {
        let mut packet = ipv6(43, &bytes(&[header, &list.concat(), &TCP]));
        packet[39] = 7;
        shape(name, 101, packet)
    };
    vec![
        shape("Ethernet", 1, ethernet(0x86dd, &ip)),
        shape("Linux loopback", 0, bytes(&[&hex!("0a000000"), &ip])),
        shape("NetBSD loopback", 0, bytes(&[&hex!("18000000"), &ip])),
        shape("FreeBSD loopback", 0, bytes(&[&hex!("0000001c"), &ip])),
        shape("Darwin loopback", 0, bytes(&[&hex!("1e000000"), &ip])),
        shape("OpenBSD loopback", 108, bytes(&[&hex!("00000018"), &ip])),
        shape("raw IPv6", 229, ip.clone()),
        shape("cooked 2", 276, bytes(&[&hex!("86dd 0000 00000001 0001 04 06 0200000000010000"), &ip])),
        shape("PPP", 9, bytes(&[&hex!("ff03 0057"), &ip])),
        shape("6in4", 1, ethernet(0x0800, &ipv4(41, &ip))),
        raw("hop by hop", 0, &hex!("06 00 0502 0000 0100")),
        raw("destination, twice", 60, &hex!("3c 01 010c 000000000000000000000000 06 00 0104 00000000")),
        raw("routing, done", 43, &hex!("06 00 00 00 00000000")),
        raw("AH", 51, &hex!("06 04 0000 00000001 00000002 000000000000000000000000")),
        raw("fragment, the only one", 44, &hex!("06 00 0000 00000007")),
        raw("all of them", 0, &hex!("2b 00 010400000000 2c 00 0000 00000000 3c 00 0000 00000007 06 00 010400000000")),
        routed("routing, on the way", &hex!("06 02 02 01 00000000"), &[&last]),
        routed("segment routing, on the way", &hex!("06 04 04 01 01 00 0000"), &[&last, &other]),
    ]
}

pub(crate) fn shapes() -> Vec<Shape> {
    links().into_iter().chain(tunnels()).chain(ipv6_shapes()).collect()
}

#[test]
fn a_segment_is_found_on_every_link() {
    for Shape { name, link, packet } in links() {
        assert_eq!(read(link, &packet), SEGMENT, "{name}");
    }
}

#[test]
fn a_segment_is_found_in_tunnels() {
    for Shape { name, link, packet } in tunnels() {
        assert_eq!(read(link, &packet), SEGMENT, "{name}");
    }
}

#[test]
fn a_segment_is_found_behind_extension_headers() {
    for Shape { name, link, packet } in ipv6_shapes() {
        assert_eq!(read(link, &packet), SEGMENT_6, "{name}");
    }
}

#[test]
fn options_of_ipv4_are_stepped_over() {
    let mut packet = bytes(&[&ipv4(6, &[])[..20], &hex!("07 07 04 00000000 00"), &TCP]);
    packet[0] = 0x47;
    packet[2..4].copy_from_slice(&65_u16.to_be_bytes());
    assert_eq!(read(LinkType::RAW, &packet), SEGMENT);
}

/// With its flags as the header has them.
fn with_flags(flags: u8) -> String {
    let mut tcp = TCP;
    tcp[13] = flags;
    read(LinkType::RAW, &ipv4(6, &tcp))
}

#[test]
fn flags_are_those_of_the_header() {
    for (flags, words) in [(0x01, " FIN"), (0x02, " SYN"), (0x04, " RST"), (0x10, " ACK"), (0xe8, ""), (0, "")] {
        let expected = SEGMENT.replace(" ACK", words);
        assert_eq!(with_flags(flags), expected, "{flags:#04x}");
    }
}

#[test]
fn the_ip_header_says_where_the_payload_ends() {
    let frame = ethernet(0x0800, &ipv4(6, &TCP[..34]));
    let read = read(LinkType::ETHERNET, &bytes(&[&frame, &hex!("0000 0000 c001cafe")]));
    assert_eq!(read, SEGMENT.replace("Hello", "He"));
}

/// A payload that is to be cut up by the network card.
fn offloaded(size: usize, ip: fn(&[u8]) -> Vec<u8>) -> String {
    let header = ip(&TCP[..32]);
    read(LinkType::RAW, &bytes(&[&header, &vec![b'x'; size]]))
}

#[test]
fn what_the_network_card_cuts_up_has_no_length() {
    let four = |tcp: &[u8]| {
        let mut packet = ipv4(6, tcp);
        packet[2..4].fill(0);
        packet
    };
    let six = |tcp: &[u8]| {
        let mut packet = ipv6(6, tcp);
        packet[4..6].fill(0);
        packet
    };
    let jumbo = |tcp: &[u8]| {
        let mut packet = ipv6(0, &bytes(&[&hex!("06 00 c204 00040028"), tcp]));
        packet[4..6].fill(0);
        packet
    };
    assert_eq!(offloaded(262_144, four), SEGMENT.replace("\"Hello\"", "262144 bytes"));
    assert_eq!(offloaded(262_144, six), SEGMENT_6.replace("\"Hello\"", "262144 bytes"));
    assert_eq!(offloaded(262_144, jumbo), SEGMENT_6.replace("\"Hello\"", "262144 bytes"));
    assert_eq!(offloaded(1 << 20, four), "the length in the IPv4 header is impossible");
}

#[test]
fn a_length_that_the_record_does_not_have_was_cut() {
    // Programs that cut packets sometimes forget how long they were.
    let packet = ipv4(6, &TCP);
    let (head, told) = (&packet[..54], told_of(&mut Dissector::new(), LinkType::RAW, &packet[..54], 54));
    assert_eq!(head.len(), 54);
    assert_eq!(told, SEGMENT.replace("\"Hello\"", "\"He\" and 3 bytes"));
}

/// Where the segment is in a packet.
fn segment_in(packet: &[u8]) -> Range<usize> {
    let at = packet.windows(TCP.len()).position(|part| part == TCP).unwrap();
    at..at + TCP.len()
}

#[test]
fn a_snap_length_takes_bytes_of_the_payload_and_nothing_else() {
    for Shape { name, link, packet } in shapes() {
        let place = segment_in(&packet);
        let whole = read(link, &packet);
        for snap in 0..packet.len() {
            let told = told_of(&mut Dissector::new(), link, &packet[..snap], packet.len());
            let there = snap.saturating_sub(place.start);
            if there < 16 {
                assert!(told.ends_with("cut off by the snap length"), "{name}, {snap}: {told}");
                continue;
            }
            let there = there.clamp(32, 37) - 32;
            let (payload, rest) = "Hello".split_at(there);
            let payload = match rest.len() {
                0 => format!("{payload:?}"),
                rest => format!("{payload:?} and {rest} bytes"),
            };
            assert_eq!(told, whole.replace("\"Hello\"", &payload), "{name}, {snap}");
        }
    }
}

#[test]
fn what_holds_no_tcp_is_something_else() {
    let frame = |kind, payload: &[u8]| ethernet(kind, payload);
    let packets = [
        ("ARP", frame(0x0806, &hex!("0001 0800 06 04 0001"))),
        ("UDP", frame(0x0800, &ipv4(17, &udp(53, b"query")))),
        ("ICMP", frame(0x0800, &ipv4(1, &bytes(&[&hex!("0301 0000 00000000"), &ipv4(6, &TCP)])))),
        ("ESP", frame(0x0800, &ipv4(50, &TCP))),
        ("no next header", frame(0x86dd, &ipv6(59, &TCP))),
        ("a fragment of ICMP", frame(0x0800, &ipv4_piece(1, 0x2000, &TCP[..32]))),
        ("spanning tree", frame(38, &hex!("424203 0000 00 00 00"))),
        ("discovery of PPPoE", frame(0x8864, &hex!("11 09 0000 0004 01010000"))),
        ("LCP", frame(0x8864, &hex!("11 00 0001 0006 c021 01010004"))),
        ("encrypted MACsec", frame(0x88e5, &hex!("0c 00 00000001 00112233445566778899"))),
        ("an echo of GTP", frame(0x0800, &ipv4(17, &udp(2152, &hex!("32 01 0004 00000000 0000 00 00"))))),
        ("a version of IP that there is not", frame(0x8847, &hex!("000011ff 10000000"))),
    ];
    for (name, packet) in packets {
        assert_eq!(read(LinkType::ETHERNET, &packet), "something else", "{name}");
    }
}

/// The packet with these bytes in it changed.
fn spoilt(packet: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut packet = packet.to_vec();
    packet[at] = byte;
    packet
}

#[test]
fn what_is_wrong_is_said() {
    let (four, six) = (ipv4(6, &TCP), ipv6(6, &TCP));
    let extended = ipv6(0, &hex!("06 00 0502"));
    let short_ah = ipv4(51, &hex!("06 00 0000 00000001 00000002"));
    let nested = (0..50).fold(four.clone(), |packet, _| ipv4(4, &packet));
    let cases = [
        (147, four.clone()),
        (1, ETHERNET.to_vec()),
        (1, ethernet(0x0800, &six)),
        (1, ethernet(0x86dd, &four)),
        (1, ethernet(0x8100, &hex!("0005"))),
        (101, spoilt(&four, 0, 0x44)),
        (101, spoilt(&four, 3, 19)),
        (101, four[..19].to_vec()),
        (101, six[..39].to_vec()),
        (101, extended),
        (101, short_ah),
        (101, ipv4(17, &[0; 7])),
        (101, ipv4(47, &hex!("8000 0800"))),
        (101, ipv4(17, &udp(2152, &hex!("34 ff 0061 00000001 0000 00 85 00 0001 00")))),
        (101, ipv4(6, &TCP[..19])),
        (101, spoilt(&four, 32, 0x40)),
        (101, spoilt(&four, 32, 0xa0)),
        (101, ipv4_piece(6, 0x2000, &TCP)),
        (101, ipv4_piece(6, 0x1fff, &TCP)),
        (101, nested),
    ];
    let told: Vec<String> = cases.iter().map(|(link, packet)| read(LinkType(*link), packet)).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    link type 147 is not read
    the packet ends within the link header
    the IPv4 header has another version than the header before it says
    the IPv6 header has another version than the header before it says
    the packet ends within the link header
    the IPv4 header is too short by its own account
    the length in the IPv4 header is impossible
    the packet ends within the IPv4 header
    the packet ends within the IPv6 header
    the packet ends within the IP extension header
    the IP extension header is too short by its own account
    the packet ends within the UDP header
    the packet ends within the tunnel header
    the tunnel header is too short by its own account
    the packet ends within the TCP header
    the data offset in the TCP header is impossible
    the data offset in the TCP header is impossible
    an IP fragment is of impossible length
    an IP fragment is of impossible length
    too many headers are nested
    ");
}

#[test]
fn eight_tunnels_are_read() {
    let mut packet = ethernet(0x0800, &ipv4(6, &TCP));
    for _ in 0..8 {
        packet = ethernet(0x0800, &ipv4(17, &udp(4789, &bytes(&[&hex!("08000000 00000100"), &packet]))));
    }
    assert_eq!(read(LinkType::ETHERNET, &packet), SEGMENT);
}

#[test]
fn the_payload_is_lent_out_of_the_packet() {
    let mut data = ipv4(6, &TCP);
    let packet = Packet { place: Place::default(), link: LinkType::RAW, length: 57, data: &mut data };
    match Dissector::new().dissect(packet) {
        Dissected::Segment(segment) => segment.payload.copy_from_slice(b"World"),
        other => panic!("no segment but {other:?}"),
    }
    assert!(data.ends_with(b"World"));
}
