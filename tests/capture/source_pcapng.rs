//! Files in the pcapng format are read.

use super::source_built::{BOTH, Got, Order, Pcapng, read, whole};

/// A key log.
const TLS: u32 = 0x544c_534b;

#[test]
fn enhanced_packets_have_times_and_lengths() {
    for order in BOTH {
        let file = Pcapng::new(order).interface(1, 0, &[]).packet(0, 5 << 32 | 7, b"first").enhanced(
            0,
            8,
            3,
            1500,
            b"abc",
            &[],
        );
        let expected = [whole((5_i64 << 32 | 7) * 1000, b"first"), Got::Packet(Some(8000), 1, 1500, b"abc".to_vec())];
        assert_eq!(read(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn padding_is_no_part_of_a_packet() {
    for size in 0..9 {
        let data = vec![1; size];
        assert_eq!(
            read(&Pcapng::plain().packet(0, 1, &data).packet(0, 2, b"x").bytes),
            [whole(1000, &data), whole(2000, b"x")]
        );
    }
}

#[test]
fn each_interface_has_its_own_link_type_and_unit() {
    let file = Pcapng::new(Order::Little)
        .interface(1, 0, &[])
        .interface(101, 0, &[(2, b"tun0"), (9, &[9])])
        .interface(113, 0, &[(9, &[0x80 | 10])])
        .interface(276, 0, &[(9, &[12])])
        .packet(1, 5, b"b")
        .packet(0, 5, b"a")
        .packet(2, 1024 + 512, b"c")
        .packet(3, 5999, b"d");
    assert_eq!(
        read(&file.bytes),
        [
            Got::Packet(Some(5), 101, 1, b"b".to_vec()),
            Got::Packet(Some(5000), 1, 1, b"a".to_vec()),
            Got::Packet(Some(1_500_000_000), 113, 1, b"c".to_vec()),
            Got::Packet(Some(5), 276, 1, b"d".to_vec()),
        ]
    );
}

#[test]
fn times_may_have_an_offset() {
    for order in BOTH {
        let offset = order.u64((-2_i64).cast_unsigned());
        let file = Pcapng::new(order).interface(1, 0, &[(14, &offset), (9, &[6])]).packet(0, 2_500_000, b"x");
        assert_eq!(read(&file.bytes), [whole(500_000_000, b"x")], "{order:?}");
    }
}

#[test]
fn a_time_beyond_all_calendars_is_none() {
    let file = Pcapng::plain().packet(0, u64::MAX, b"x");
    assert_eq!(read(&file.bytes), [Got::Packet(None, 1, 1, b"x".to_vec())]);
}

#[test]
fn an_option_that_is_cut_ends_the_options() {
    let body = [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 2, 0, 255, 255];
    let file = Pcapng::new(Order::Little).block(1, &body).packet(0, 5, b"x");
    assert_eq!(read(&file.bytes), [whole(5, b"x")]);
}

#[test]
fn options_behind_their_end_do_not_count() {
    let body = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0];
    let file = Pcapng::new(Order::Little).block(1, &body).packet(0, 5, b"x");
    assert_eq!(read(&file.bytes), [whole(5000, b"x")]);
}

#[test]
fn sections_have_byte_orders_and_interfaces_of_their_own() {
    let file = Pcapng::new(Order::Big)
        .interface(101, 0, &[])
        .packet(0, 1, b"a")
        .section(Order::Little)
        .interface(1, 0, &[(9, &[9])])
        .packet(0, 2, b"b")
        .section(Order::Big)
        .interface(113, 0, &[])
        .packet(0, 3, b"c");
    assert_eq!(
        read(&file.bytes),
        [
            Got::Packet(Some(1000), 101, 1, b"a".to_vec()),
            Got::Packet(Some(2), 1, 1, b"b".to_vec()),
            Got::Packet(Some(3000), 113, 1, b"c".to_vec()),
        ]
    );
}

#[test]
fn the_interfaces_of_a_section_end_with_it() {
    let file = Pcapng::plain().packet(0, 1, b"a").section(Order::Little).packet(0, 2, b"b");
    assert!(matches!(&read(&file.bytes)[..], [Got::Packet(..), Got::Error(_)]));
}

#[test]
fn simple_packets_have_no_time_and_are_cut_at_the_snap_length() {
    for order in BOTH {
        let file = Pcapng::new(order).interface(1, 5, &[]).simple(3, b"abc").simple(9, b"abcde").simple(5, b"abcde");
        assert_eq!(
            read(&file.bytes),
            [
                Got::Packet(None, 1, 3, b"abc".to_vec()),
                Got::Packet(None, 1, 9, b"abcde".to_vec()),
                Got::Packet(None, 1, 5, b"abcde".to_vec()),
            ],
            "{order:?}"
        );
    }
}

#[test]
fn simple_packets_are_of_the_first_interface() {
    let file = Pcapng::new(Order::Little).interface(101, 0, &[]).interface(1, 2, &[]).simple(3, b"abc");
    assert_eq!(read(&file.bytes), [Got::Packet(None, 101, 3, b"abc".to_vec())]);
}

#[test]
fn obsolete_packets_are_read() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .interface(1, 0, &[])
            .interface(101, 0, &[])
            .old_packet(1, 1 << 32, b"a")
            .old_packet(0, 2, b"bc");
        let expected = [Got::Packet(Some((1 << 32) * 1000), 101, 1, b"a".to_vec()), whole(2000, b"bc")];
        assert_eq!(read(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn comments_and_other_options_of_packets_are_skipped() {
    let options: [(u16, &[u8]); 3] = [(1, b"a comment"), (2, &[0, 0, 0, 1]), (1, b"another")];
    let file = Pcapng::plain().enhanced(0, 1, 5, 5, b"first", &options).packet(0, 2, b"second");
    assert_eq!(read(&file.bytes), [whole(1000, b"first"), whole(2000, b"second")]);
}

#[test]
fn blocks_of_other_types_are_skipped() {
    // Names, statistics, custom ones of both kinds, of a journal, of nobody; the shortest; one longer than the buffer.
    let kinds = [4, 5, 0xbad, 0x4000_0bad, 9, 0x1234_5678];
    for order in BOTH {
        let file = kinds
            .iter()
            .fold(Pcapng::new(order), |file, kind| file.block(*kind, b"12345678"))
            .interface(1, 0, &[])
            .block(4, &[])
            .packet(0, 1, b"first")
            .block(0xbad, &vec![6; 700_000])
            .packet(0, 2, b"second")
            .block(5, &[0; 100]);
        assert_eq!(read(&file.bytes), [whole(1000, b"first"), whole(2000, b"second")], "{order:?}");
    }
}

#[test]
fn key_logs_are_given_where_they_stand() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .secrets(TLS, b"CLIENT_RANDOM 1")
            .interface(1, 0, &[])
            .packet(0, 1, b"x")
            .secrets(TLS, b"CLIENT_RANDOM 2\n");
        let expected =
            [Got::Secrets("CLIENT_RANDOM 1".into()), whole(1000, b"x"), Got::Secrets("CLIENT_RANDOM 2\n".into())];
        assert_eq!(read(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn secrets_of_other_kinds_are_skipped() {
    // WireGuard's, and none that is known.
    let file = Pcapng::plain().secrets(0x5747_4b4c, b"LOCAL").secrets(1, b"").packet(0, 1, b"x");
    assert_eq!(read(&file.bytes), [whole(1000, b"x")]);
}

#[test]
fn a_file_may_have_no_packets_and_no_interfaces() {
    assert_eq!(read(&Pcapng::new(Order::Big).bytes), []);
    assert_eq!(read(&Pcapng::plain().bytes), []);
}

#[test]
fn what_the_writer_writes_is_read() {
    let mut written = Vec::new();
    let mut writer = wslab::capture::Writer::new(&mut written, "a program").unwrap();
    let time = std::time::Duration::new(1_795_333_425, 310_618_400);
    writer.packet(time, b"first", Some("a comment")).unwrap();
    writer.packet(time, b"second", None).unwrap();
    let time = 1_795_333_425_310_618_400;
    assert_eq!(read(&written), [whole(time, b"first"), whole(time, b"second")]);
}
