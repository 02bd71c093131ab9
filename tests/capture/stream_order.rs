//! Order, repetition, overlap: RFC 9293, section 3.10.7.4, as a bystander has to do it.

use wslab::capture::stream::{Budget, Limits};

use crate::stream::{CLIENT, Wire, client, server};

const NOTHING: [&str; 0] = [];

#[test]
fn what_comes_in_order_is_told_at_once() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), server(0, "eins").acks(3), client(3, "two").acks(4)]);
    assert_eq!(wire.told(), ["client: one @4", "server: eins @5", "client: two @6"]);
    assert_eq!(wire.stream.position(CLIENT), 6);
}

#[test]
fn sequence_numbers_wrap() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "0123456789"), client(20, "uvw"), client(10, "abcdefghij")]);
    assert_eq!(wire.told(), ["client: 0123456789 @4", "client: abcdefghij @6", "client: uvw @5"]);
}

#[test]
fn a_position_does_not_wrap() {
    let mut wire = Wire::opened();
    for at in 0..10 {
        wire.captures([client(at << 29, "").cut(1 << 29), server(0, "").acks((at + 1) << 29)]);
    }
    wire.told();
    wire.captures([client(10 << 29, "end")]);
    assert_eq!(wire.told(), ["client: end @24"]);
    assert_eq!(wire.stream.position(CLIENT), (5 << 30) + 3);
}

#[test]
fn what_comes_too_early_waits() {
    let mut wire = Wire::opened();
    wire.captures([client(6, "c"), client(3, "b")]);
    assert_eq!(wire.told(), NOTHING);
    wire.captures([client(0, "aaa")]);
    assert_eq!(wire.told(), ["client: aaa @6", "client: b @5"]);
    wire.captures([client(4, "..")]);
    assert_eq!(wire.told(), ["client: .. @7", "client: c @4"]);
}

#[test]
fn one_direction_does_not_wait_for_the_other() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "b"), server(0, "s")]);
    assert_eq!(wire.told(), ["server: s @5"]);
}

#[test]
fn what_was_told_is_not_told_again() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(0, "one"), client(3, "two"), client(0, "onetwo"), client(1, "ne")]);
    assert_eq!(wire.told(), ["client: one @4", "client: two @6"]);
}

#[test]
fn of_an_overlap_only_the_new_part_is_told() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "abc"), client(1, "bcde"), client(0, "abcdef")]);
    assert_eq!(wire.told(), ["client: abc @4", "client: de @5", "client: f @6"]);
}

#[test]
fn overlaps_of_what_waits_fill_only_the_holes() {
    let mut wire = Wire::opened();
    wire.captures([client(2, "cd"), client(6, "gh"), client(1, "bcdefghi"), client(0, "a")]);
    assert_eq!(
        wire.told(),
        ["client: a @7", "client: b @6", "client: cd @4", "client: ef @6", "client: gh @5", "client: i @6"]
    );
}

#[test]
fn a_segment_across_a_hole_and_what_waits_behind_it_is_told_in_turn() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "def"), client(0, "abcdefgh")]);
    assert_eq!(wire.told(), ["client: abc @5", "client: def @4", "client: gh @5"]);
}

#[test]
fn of_what_waits_the_first_copy_counts_and_the_other_is_said_to_differ() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "def"), client(2, "cDEfg"), client(0, "ab")]);
    assert_eq!(
        wire.told(),
        ["client differs in 3 from 3 @5", "client: ab @6", "client: c @5", "client: def @4", "client: g @5"]
    );
}

#[test]
fn a_later_copy_of_what_waits_that_comes_in_order_is_compared_once() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "def"), client(0, "abcDEFgh")]);
    assert_eq!(wire.told(), ["client: abc @5", "client differs in 3 from 3 @5", "client: def @4", "client: gh @5"]);
}

#[test]
fn a_later_copy_of_what_was_told_is_compared() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(3, "two"), client(3, "two"), client(3, "TWO")]);
    assert_eq!(wire.told(), ["client: one @4", "client: two @5", "client differs in 3 from 3 @7"]);
}

#[test]
fn a_later_copy_in_one_piece_is_compared_stretch_by_stretch() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(3, "two"), client(6, "three"), client(0, "oneTWOthree..")]);
    wire.told.lines.drain(..3);
    assert_eq!(wire.told(), ["client differs in 3 from 3 @7", "client: .. @7"]);
}

#[test]
fn only_the_last_stretches_are_compared() {
    let mut wire = Wire::opened();
    wire.captures((0..33).map(|at| client(at * 3, "abc")));
    wire.told.lines.clear();
    wire.captures([client(0, "ABC"), client(3, "ABC")]);
    assert_eq!(wire.told(), ["client differs in 3 from 3 @38"]);
}

#[test]
fn a_keepalive_is_nothing() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(2, ""), client(2, "\0"), server(0, "").acks(3), client(3, "two")]);
    assert_eq!(wire.told(), ["client: one @4", "client: two @8"]);
}

#[test]
fn a_keepalive_after_a_single_byte_is_nothing() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "1"), client(0, "\0"), client(1, "2")]);
    assert_eq!(wire.told(), ["client: 1 @4", "client: 2 @6"]);
}

#[test]
fn a_window_probe_is_data() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(3, "t"), client(3, "t"), server(0, "").acks(3), client(3, "two")]);
    assert_eq!(wire.told(), ["client: one @4", "client: t @5", "client: wo @8"]);
}

#[test]
fn what_is_cut_off_is_lost_in_its_place() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one").cut(10), client(13, "two")]);
    assert_eq!(wire.told(), ["client: one @4", "client lost 10: cut off by the snap length @4", "client: two @5"]);
    assert_eq!(wire.stream.position(CLIENT), 16);
}

#[test]
fn what_is_cut_off_and_waits_is_lost_in_its_turn() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "two").cut(2), client(8, "three"), client(0, "one")]);
    assert_eq!(
        wire.told(),
        ["client: one @6", "client: two @4", "client lost 2: cut off by the snap length @4", "client: three @5"]
    );
}

#[test]
fn what_is_cut_off_and_waits_can_still_be_filled() {
    let mut wire = Wire::opened();
    wire.captures([client(1, "b").cut(5), client(3, "de"), client(0, "a")]);
    assert_eq!(
        wire.told(),
        [
            "client: a @6",
            "client: b @4",
            "client lost 1: cut off by the snap length @4",
            "client: de @5",
            "client lost 2: cut off by the snap length @4"
        ]
    );
}

#[test]
fn what_is_cut_off_behind_known_bytes_is_only_what_is_not_known() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "abcdef"), client(4, "ef").cut(2), client(2, "c").cut(1), client(8, "i")]);
    assert_eq!(wire.told(), ["client: abcdef @4", "client lost 2: cut off by the snap length @5", "client: i @7"]);
}

#[test]
fn what_does_not_fit_makes_a_hole_be_given_up() {
    let mut wire = Wire::with(Limits { waiting: 1_000 }, Budget::default());
    let block = [b'.'; 300];
    wire.captures([crate::stream::client_syn(), client(1, block), client(302, block), client(603, block)]);
    assert_eq!(
        wire.told()[1..3],
        [
            "client lost 1: given up: too much came out of order @2".to_owned(),
            format!("client: {} @2", ".".repeat(300))
        ]
    );
    assert_eq!(wire.stream.position(CLIENT), 301);
    assert!(wire.budget.taken() <= 1_000);
    wire.captures([client(2_000, [b'x'; 5_000])]);
    assert_eq!(wire.stream.position(CLIENT), 7_000);
    assert_eq!(wire.budget.taken(), 0);
}

#[test]
fn the_budget_is_shared() {
    let mut one = Wire::with(Limits::default(), Budget::new(1_000));
    one.captures([crate::stream::client_syn(), client(1, [b'.'; 500])]);
    let mut two = Wire::with(Limits::default(), std::mem::take(&mut one.budget));
    two.captures([crate::stream::client_syn(), client(1, [b'.'; 500])]);
    assert_eq!(two.stream.position(CLIENT), 501, "who comes later gives up");
    assert_eq!(one.stream.position(CLIENT), 0);
    one.budget = two.budget;
    one.stream.ignore(&mut one.budget);
    assert_eq!(one.budget.taken(), 0);
}

#[test]
fn who_is_ignored_keeps_and_tells_nothing() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "two")]);
    wire.stream.ignore(&mut wire.budget);
    assert_eq!(wire.budget.taken(), 0);
    wire.captures([client(0, "one"), client(6, "three"), server(0, "s"), server(1, "").fin()]);
    assert!(!wire.stream.is_over());
    wire.captures([client(11, "").fin()]);
    wire.ends();
    assert_eq!(wire.told(), NOTHING);
    assert!(wire.stream.is_over());
}
