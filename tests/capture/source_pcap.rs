//! Files in the pcap format are read.

use super::source_built::{BOTH, Got, MICRO, MODIFIED, NANO, Order, Pcap, all, read, whole};
use wslab::capture::source::Reader;

const SECOND: i64 = 1_000_000_000;

#[test]
fn times_are_in_microseconds_in_either_byte_order() {
    for order in BOTH {
        let file = Pcap::new(order, MICRO, 1).packet(1_795_333_425, 310_618, b"first").packet(0, 1, b"");
        let expected = [whole(1_795_333_425 * SECOND + 310_618_000, b"first"), whole(1000, b"")];
        assert_eq!(read(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn times_are_in_nanoseconds_in_either_byte_order() {
    for order in BOTH {
        let file = Pcap::new(order, NANO, 1).packet(1_795_333_425, 310_618_400, b"first");
        assert_eq!(read(&file.bytes), [whole(1_795_333_425 * SECOND + 310_618_400, b"first")], "{order:?}");
    }
}

#[test]
fn the_largest_time_is_read() {
    let time = i64::from(u32::MAX) * SECOND + i64::from(u32::MAX) * 1000;
    assert_eq!(read(&Pcap::plain().packet(u32::MAX, u32::MAX, b"x").bytes), [whole(time, b"x")]);
}

#[test]
fn records_of_the_modified_format_have_longer_heads() {
    for order in BOTH {
        let file = Pcap::new(order, MODIFIED, 1).packet(1, 2, b"first").packet(3, 4, b"second");
        let expected = [whole(SECOND + 2000, b"first"), whole(3 * SECOND + 4000, b"second")];
        assert_eq!(read(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn a_packet_may_be_longer_than_what_was_captured() {
    let file = Pcap::plain().record(1, 0, 3, 1500, b"abc");
    assert_eq!(read(&file.bytes), [Got::Packet(Some(SECOND), 1, 1500, b"abc".to_vec())]);
}

#[test]
fn a_packet_is_never_shorter_than_what_was_captured() {
    let file = Pcap::plain().record(1, 0, 3, 0, b"abc");
    assert_eq!(read(&file.bytes), [Got::Packet(Some(SECOND), 1, 3, b"abc".to_vec())]);
}

#[test]
fn a_packet_may_be_longer_than_the_snap_length_of_the_header() {
    let data = vec![7; 200_000];
    assert_eq!(read(&Pcap::plain().packet(1, 0, &data).bytes), [whole(SECOND, &data)]);
}

#[test]
fn what_the_link_type_says_of_checksums_is_left_out() {
    let file = Pcap::new(Order::Little, MICRO, 0x5400_0071).packet(1, 0, b"x");
    assert_eq!(read(&file.bytes), [Got::Packet(Some(SECOND), 113, 1, b"x".to_vec())]);
}

#[test]
fn raw_ip_has_one_link_type() {
    for number in [12, 14, 101] {
        let file = Pcap::new(Order::Big, MICRO, number).packet(1, 0, b"x");
        assert_eq!(read(&file.bytes), [Got::Packet(Some(SECOND), 101, 1, b"x".to_vec())], "{number}");
    }
}

#[test]
fn a_file_may_have_no_packets() {
    assert_eq!(read(&Pcap::plain().bytes), []);
}

#[test]
fn more_packets_than_fit_the_buffer_are_read() {
    let packets: Vec<_> = (0..3000).map(|n: u32| vec![n as u8; (n % 1500) as usize]).collect();
    let file = packets.iter().enumerate().fold(Pcap::plain(), |file, (n, data)| file.packet(n as u32, 0, data));
    let expected: Vec<_> = packets.iter().enumerate().map(|(n, data)| whole(n as i64 * SECOND, data)).collect();
    assert_eq!(read(&file.bytes), expected);
}

#[test]
fn packets_that_do_not_fit_the_buffer_are_read() {
    let sizes = [10, 300_000, 5, 2_000_000, 262_128, 262_144, 262_145, 1];
    let file = sizes.iter().fold(Pcap::plain(), |file, size| file.packet(1, 0, &vec![9; *size]));
    let expected: Vec<_> = sizes.iter().map(|size| whole(SECOND, &vec![9; *size])).collect();
    assert_eq!(read(&file.bytes), expected);
}

#[test]
fn a_reader_says_how_many_packets_it_gave() {
    let file = Pcap::plain().packet(1, 0, b"x").packet(1, 0, b"y");
    let mut reader = Reader::new("file", std::io::Cursor::new(file.bytes)).unwrap();
    assert_eq!(reader.packets(), 0);
    all(&mut reader);
    assert_eq!(reader.packets(), 2);
}
