//! How long a hole is waited for.

use crate::stream::{CLIENT, Wire, client, client_syn, server};

const NOTHING: [&str; 0] = [];

/// A byte of the client is missing before packet 4.
fn with_hole() -> Wire {
    let mut wire = Wire::opened();
    wire.captures([client(1, "b")]);
    wire
}

#[test]
fn a_hole_that_is_acknowledged_is_given_up_after_256_segments() {
    let mut wire = with_hole();
    wire.captures_nothing_new(255, &server(0, "").acks(2));
    assert_eq!(wire.told(), NOTHING);
    wire.captures_nothing_new(65, &server(0, "").acks(2));
    assert_eq!(wire.told(), ["client lost 1: not captured @4", "client: b @4"]);
}

#[test]
fn a_hole_that_shows_late_is_waited_for_as_long() {
    let mut wire = with_hole();
    wire.captures_nothing_new(250, &server(0, "").acks(4));
    wire.captures([client(3, "d")]);
    wire.captures_nothing_new(70, &server(0, "").acks(4));
    assert_eq!(wire.told(), ["client lost 1: not captured @4", "client: b @4"]);
    wire.captures([client(2, "c")]);
    assert_eq!(wire.told(), ["client: c @326", "client: d @255"]);
}

#[test]
fn an_acknowledgement_may_be_captured_before_what_it_acknowledges() {
    let mut wire = with_hole();
    wire.captures_nothing_new(2_000, &server(0, "").acks(0));
    wire.captures_nothing_new(200, &server(0, "").acks(2));
    assert_eq!(wire.told(), NOTHING);
    wire.captures([client(0, "a")]);
    assert_eq!(wire.told(), ["client: a @2205", "client: b @4"]);
}

#[test]
fn a_hole_that_is_acknowledged_is_given_up_after_a_second_with_some_segments() {
    let mut wire = with_hole();
    wire.passes(0);
    for _ in 0..30 {
        wire.passes(30);
        wire.captures([server(0, "").acks(2)]);
    }
    assert_eq!(wire.told(), NOTHING);
    for _ in 0..30 {
        wire.passes(30);
        wire.captures([server(0, "").acks(2)]);
    }
    assert_eq!(wire.told(), ["client lost 1: not captured @4", "client: b @4"]);
}

#[test]
fn time_alone_is_no_reason() {
    let mut wire = with_hole();
    wire.passes(0);
    for hours in [1, -2, 5, 7, -3, 100, 1, 1] {
        wire.passes(hours * 3_600_000);
        wire.captures([server(0, "").acks(2)]);
    }
    assert_eq!(wire.told(), NOTHING);
    wire.captures([client(0, "a")]);
    assert_eq!(wire.told(), ["client: a @13", "client: b @4"]);
}

#[test]
fn a_hole_that_the_other_end_has_too_is_waited_for() {
    let mut wire = with_hole();
    wire.captures_nothing_new(15_000, &server(0, "").acks(0));
    assert_eq!(wire.told(), NOTHING);
    wire.captures_nothing_new(1_000, &server(0, "").acks(0));
    assert_eq!(wire.told(), ["client lost 1: not captured @4", "client: b @4"]);
}

#[test]
fn where_nothing_is_acknowledged_a_hole_is_given_up_by_count() {
    let mut wire = Wire::new();
    wire.captures([client_syn(), client(1, "b")]);
    wire.told.lines.clear();
    wire.captures_nothing_new(1_023, &client(2, ""));
    assert_eq!(wire.told(), NOTHING);
    wire.captures_nothing_new(1, &client(2, ""));
    assert_eq!(wire.told(), ["client lost 1: not captured @2", "client: b @2"]);
}

#[test]
fn holes_are_given_up_each_in_its_time() {
    let mut wire = Wire::opened();
    // Every tenth segment is missing.
    for at in (0..10_000).filter(|at| at % 10 != 0) {
        wire.captures([client(at * 10, "0123456789"), server(0, "").acks(at * 10 + 10)]);
        assert!(wire.budget.taken() < 64 << 10, "{}", wire.budget.taken());
    }
    wire.ends();
    assert_eq!(wire.told.lost[0], 10_000);
    assert_eq!(wire.stream.position(CLIENT), 100_000);
    assert!(wire.told().iter().all(|line| !line.contains("given up")));
}

#[test]
fn what_was_acknowledged_and_never_captured_is_lost_at_the_end() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), server(0, "").acks(103)]);
    assert_eq!(wire.told(), ["client: one @4"]);
    wire.ends();
    assert_eq!(wire.told(), ["client lost 100: not captured @5"]);
}

#[test]
fn a_last_number_that_is_acknowledged_is_that_of_a_fin() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), server(0, "").acks(4)]);
    wire.told();
    wire.ends();
    assert_eq!(wire.told(), NOTHING);
}

#[test]
fn at_the_end_holes_are_given_up_in_the_order_of_the_capture() {
    let mut wire = Wire::opened();
    wire.captures([client(1, "b"), server(1, "B"), client(3, "d"), server(3, "D")]);
    wire.ends();
    assert_eq!(
        wire.told(),
        [
            "client lost 1: not captured @4",
            "client: b @4",
            "server lost 1: not captured @5",
            "server: B @5",
            "client lost 1: not captured @6",
            "client: d @6",
            "server lost 1: not captured @7",
            "server: D @7"
        ]
    );
}

#[test]
fn what_is_injected_far_ahead_does_not_stop_the_rest() {
    let mut wire = Wire::opened();
    wire.captures([client(500_000_000, "bogus"), client(2_000_000_000, "bogus").fin()]);
    for at in 0..5_000 {
        wire.captures([client(at, "."), server(0, "").acks(at + 1)]);
    }
    wire.ends();
    assert_eq!(wire.told.lost[0], 0);
    assert_eq!(wire.stream.position(CLIENT), 5_000);
}

#[test]
fn behind_a_pause_of_gigabytes_the_stream_goes_on() {
    for pause in [1_i64 << 30, 2 << 30, 3 << 30, (4 << 30) - (100 << 20)] {
        let mut wire = Wire::opened();
        wire.captures([client(0, "abc"), server(0, "").acks(3)]);
        wire.captures((0..20).map(|at| client(pause + at * 3, "abc")));
        wire.ends();
        assert_eq!(wire.stream.position(CLIENT), pause as u64 + 60, "{pause}");
    }
}
