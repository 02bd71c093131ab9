//! Snapshots, written and read, and compared.

use std::time::Duration;

use hex_literal::hex;
use wslab::proto::{Config, Role};
use wslab::watch::{Rates, Snapshot};

use crate::end::{End, secs};
use crate::stage::{Watched, about, meter, morning, watch};

/// A server that pings, with a message each way, a fault, and one that has left.
fn busy() -> (Watched, Snapshot) {
    let mut server = Watched::open_with(Role::Server, Config { ping_interval: Some(secs(5)), ..Config::default() });
    server.end.waits(secs(5));
    server.end.now += Duration::from_millis(2);
    server.end.receives_raw(hex!("8a 84 00000000 00000001  8a 80 00000000"));
    server.end.receives(hex!("81 05 48656c6c6f"));
    server.end.out().send("Hello, you").unwrap();
    server.end.ticks();
    let mut gone = End::open(Role::Server);
    gone.now = server.end.now;
    let mut who = about(1);
    who.peer = Some("[::1]:50312".parse().unwrap());
    who.handshake = Some(Duration::from_micros(700));
    gone.endpoint.set_observer(server.meter.observe_at(who, gone.now));
    gone.now += secs(2);
    gone.receives(hex!("88 05 03e8 627965"));
    gone.receives_eof();
    let snapshot = server.meter.snapshot_at(server.end.now + secs(3));
    (server, snapshot)
}

#[test]
fn what_is_written_is_read_again() {
    let (_, snapshot) = busy();
    let written = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&written).unwrap(), snapshot);
}

#[test]
fn it_is_written_like_this() {
    let (_, snapshot) = busy();
    let mut written = serde_json::to_value(&snapshot).unwrap();
    // Their own tests say what they hold.
    written.as_object_mut().unwrap().remove("spreads");
    insta::assert_snapshot!(serde_json::to_string_pretty(&written).unwrap());
}

#[test]
fn the_marks_of_a_spread_are_close_to_the_numbers() {
    let mut client = Watched::open(Role::Client);
    for size in 1..=1000_u16 {
        let [high, low] = size.to_be_bytes();
        let head = if size < 126 { vec![0x82, low] } else { vec![0x82, 126, high, low] };
        client.end.receives([head, vec![0; size.into()]].concat());
    }
    let spread = client.meter.summary_at(client.end.now).spreads.received;
    assert_eq!((spread.count, spread.sum, spread.min, spread.mean), (1000, 500_500, 1, 500.5));
    for (mark, number) in
        [(spread.p50, 500_f64), (spread.p90, 900.0), (spread.p99, 990.0), (spread.p999, 999.0), (spread.max, 1000.0)]
    {
        assert!((mark as f64 / number - 1.0).abs() < 0.02, "{mark} stands for {number}");
    }
    let bars: Vec<_> = spread.bars.iter().filter(|bar| bar.count > 0).map(|bar| (bar.to, bar.count)).collect();
    assert_eq!(bars, [(16, 16), (32, 16), (64, 32), (128, 64), (256, 128), (512, 256), (1024, 488)]);
}

#[test]
fn it_can_be_without_rows() {
    let (server, snapshot) = busy();
    assert_eq!((snapshot.rows.len(), snapshot.gone.len()), (1, 1));
    let summary = server.meter.summary_at(server.end.now + secs(3));
    assert_eq!(summary, Snapshot { rows: Vec::new(), gone: Vec::new(), ..snapshot });
}

#[test]
fn rates_are_the_difference_of_two() {
    let mut client = Watched::open(Role::Client);
    client.end.receives(hex!("81 02 6161"));
    let earlier = client.meter.summary_at(client.end.now);
    client.end.now += secs(2);
    client.end.receives(hex!("81 02 6161  82 02 6161  89 00"));
    drop(client.meter.observe_at(about(1), client.end.now));
    let later = client.meter.summary_at(client.end.now);
    let Rates { over, received, sent, opened, closed, faults } = later.since(&earlier).unwrap();
    assert_eq!(over, secs(2));
    assert_eq!((received.messages, received.frames, received.bytes, received.message_bytes), (1.0, 1.5, 5.0, 2.0));
    // The pong is masked.
    assert_eq!((sent.messages, sent.frames, sent.bytes), (0.0, 0.5, 3.0));
    assert_eq!((opened, closed, faults), (0.5, 0.5, 0.0));
}

#[test]
fn there_are_no_rates_without_time_nor_over_a_restart() {
    let (first, now) = meter();
    let snapshot = first.snapshot_at(now + secs(1));
    assert_eq!(snapshot.since(&snapshot), None);
    assert_eq!(snapshot.since(&first.snapshot_at(now + secs(2))), None, "it is not earlier");
    let restarted = wslab::watch::Meter::beginning(now + secs(3), morning() + secs(3));
    assert_eq!(restarted.snapshot_at(now + secs(4)).since(&snapshot), None);
}

#[test]
fn ten_thousand_are_counted_too() {
    let (meter, now) = meter();
    let mut ends: Vec<_> = (0..4).map(|_| End::open(Role::Client)).collect();
    for (id, end) in ends.iter_mut().enumerate() {
        watch(&meter, end, id as u64);
        end.receives(hex!("81 01 61"));
    }
    let _idle: Vec<_> = (4..10_000).map(|id| meter.observe_at(about(id), now)).collect();
    let snapshot = meter.snapshot_at(now);
    assert_eq!((snapshot.rows.len(), snapshot.open, snapshot.totals.received.messages()), (10_000, 10_000, 4));
    assert!(snapshot.rows.iter().map(|row| row.id.0).eq(0..10_000), "in the order in which they opened");
}
