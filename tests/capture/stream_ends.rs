//! How directions begin and end.

use crate::stream::{CLIENT, SERVER, Wire, client, client_syn, server, server_syn};

const NOTHING: [&str; 0] = [];

#[test]
fn the_client_is_who_sends_the_syn() {
    let mut wire = Wire::new();
    wire.captures([client_syn(), client_syn(), server_syn(), client(0, "")]);
    assert_eq!(wire.told(), ["client opened @1"]);
}

#[test]
fn the_client_is_whose_syn_is_acknowledged() {
    let mut wire = Wire::new();
    wire.captures([server_syn(), client(0, "one")]);
    assert_eq!(wire.told(), ["client opened @1", "client: one @2"]);
}

#[test]
fn data_with_the_syn_are_the_first_bytes() {
    let mut wire = Wire::new();
    wire.captures([client(0, "early").syn().without_ack(), server_syn().acks(5), client(5, "late")]);
    assert_eq!(wire.told(), ["client opened @1", "client: early @1", "client: late @3"]);
}

#[test]
fn a_beginning_is_known_from_either_syn() {
    let mut wire = Wire::new();
    wire.captures([server_syn(), client(3, "two"), client(0, "one")]);
    assert_eq!(wire.told(), ["client opened @1", "client: one @3", "client: two @2"]);
    let mut wire = Wire::new();
    wire.captures([client_syn(), client(0, ""), server(3, "two"), server(0, "one")]);
    assert_eq!(wire.told(), ["client opened @1", "server: one @4", "server: two @3"]);
}

#[test]
fn a_syn_that_is_captured_late_is_no_new_connection() {
    let mut wire = Wire::new();
    wire.captures([client(0, "one"), client_syn(), client(3, "two")]);
    assert_eq!(wire.told(), ["client: one @1", "client opened @2", "client: two @3"]);
    let mut wire = Wire::new();
    wire.captures([client(3, "two")]);
    assert!(!wire.begins_anew(client_syn()));
}

#[test]
fn in_the_middle_the_first_data_are_told_at_once() {
    let mut wire = Wire::new();
    wire.captures([client(1000, "one").acks(500), server(500, "eins").acks(1003)]);
    assert_eq!(wire.told(), ["client: one @1", "server: eins @2"]);
    assert_eq!(wire.stream.position(CLIENT), 3);
}

#[test]
fn in_the_middle_an_acknowledgement_says_what_is_still_to_come() {
    let mut wire = Wire::new();
    wire.captures([server(0, "s").acks(1000), client(1003, "two"), client(1000, "one")]);
    assert_eq!(wire.told(), ["server: s @1", "client: one @3", "client: two @2"]);
}

#[test]
fn in_the_middle_what_is_before_the_first_captured_byte_is_not_lost() {
    let mut wire = Wire::new();
    wire.captures([server(0, "s").acks(1000), client(1003, "two")]);
    wire.captures_nothing_new(127, &server(1, "").acks(1006));
    assert_eq!(wire.told(), ["server: s @1"]);
    wire.captures_nothing_new(1, &server(1, "").acks(1006));
    assert_eq!(wire.told(), ["client: two @2"]);
    assert_eq!(wire.stream.position(CLIENT), 3);
}

#[test]
fn in_the_middle_earlier_data_are_taken_until_something_is_told() {
    let mut wire = Wire::new();
    wire.captures([client(1006, ""), client(1003, "two"), client(1000, "one"), client(1006, "three")]);
    assert_eq!(wire.told(), ["client: two @2", "client: three @4"]);
}

#[test]
fn in_the_middle_a_keepalive_is_no_beginning() {
    let mut wire = Wire::new();
    wire.captures([client(999, ""), server(0, "").acks(1000), client(1000, "one")]);
    assert_eq!(wire.told(), ["client: one @3"]);
    let mut wire = Wire::new();
    wire.captures([server(0, "").acks(1000), client(999, "\0"), client(1000, "one")]);
    assert_eq!(wire.told(), ["client: one @3"]);
}

#[test]
fn one_direction_is_enough() {
    let mut wire = Wire::new();
    wire.captures([server_syn(), server(0, "one").acks(10), server(3, "two").acks(20), server(6, "").acks(21).fin()]);
    assert_eq!(wire.told(), ["client opened @1", "server: one @2", "server: two @3", "server ended by fin @4"]);
    wire.ends();
    // The last number is that of the FIN.
    assert_eq!(wire.told(), ["client lost 20: not captured @4"]);
}

#[test]
fn a_fin_ends_a_direction_in_its_place() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "two").fin(), client(0, "one")]);
    assert_eq!(wire.told(), ["client: one @5", "client: two @4", "client ended by fin @4"]);
    assert!(!wire.stream.is_over());
    wire.captures([server(0, "").acks(7).fin(), client(7, "").acks(1)]);
    assert_eq!(wire.told(), ["server ended by fin @6"]);
    assert!(wire.stream.is_over());
    wire.ends();
    assert_eq!(wire.told(), NOTHING);
}

#[test]
fn what_comes_behind_a_fin_is_ignored() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one").fin(), client(3, "two"), client(0, "onetwo"), client(0, "one").fin()]);
    assert_eq!(wire.told(), ["client: one @4", "client ended by fin @4"]);
    assert_eq!(wire.stream.position(CLIENT), 3);
    let mut wire = Wire::opened();
    wire.captures([client(5, "three"), client(3, "").fin(), client(0, "one")]);
    assert_eq!(wire.told(), ["client: one @6", "client ended by fin @5"]);
    assert_eq!(wire.budget.taken(), 0);
}

#[test]
fn a_fin_behind_a_hole_waits() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "").fin(), server(0, "").fin().acks(4)]);
    assert_eq!(wire.told(), ["server ended by fin @5"]);
    assert!(wire.stream.is_over());
    wire.ends();
    assert_eq!(wire.told(), ["client lost 3: not captured @4", "client ended by fin @4"]);
}

#[test]
fn a_reset_in_its_place_ends_a_direction() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(3, "").rst()]);
    assert_eq!(wire.told(), ["client: one @4", "client ended by reset @5"]);
    assert!(wire.stream.is_over());
    wire.captures([server(0, "on its way"), client(3, "").rst()]);
    assert_eq!(wire.told(), ["server: on its way @6"]);
}

#[test]
fn a_reset_at_what_was_acknowledged_counts() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(3, "two"), server(0, "").acks(3), client(3, "").rst().without_ack()]);
    assert_eq!(wire.told()[2..], ["client ended by reset @7"]);
}

#[test]
fn a_reset_elsewhere_is_ignored() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), server(0, "").acks(3)]);
    wire.told.lines.clear();
    for at in [-1_000_000, 0, 2, 70_000, 2_000_000_000] {
        wire.captures([client(at, "").rst().acks(at)]);
        assert!(!wire.stream.is_over(), "{at}");
    }
    wire.captures([client(3, "two")]);
    assert_eq!(wire.told(), ["client: two @11"]);
}

#[test]
fn a_reset_ahead_waits_and_is_forgotten_if_its_sender_goes_on() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "one"), client(1_000, "").rst()]);
    assert!(wire.stream.is_over());
    wire.captures([client(3, vec![b'.'; 1_200])]);
    assert!(!wire.stream.is_over());
    assert_eq!(wire.stream.position(CLIENT), 1_203);
    wire.captures([client(2_000, "").rst()]);
    wire.told.lines.clear();
    wire.ends();
    assert_eq!(wire.told(), ["client lost 797: not captured @7", "client ended by reset @7"]);
}

#[test]
fn a_reset_that_overtook_data_waits_for_them() {
    let mut wire = Wire::opened();
    wire.captures([client(3, "two"), client(6, "").rst(), client(0, "one")]);
    assert_eq!(wire.told(), ["client: one @6", "client: two @4", "client ended by reset @5"]);
}

#[test]
fn behind_a_reset_in_the_middle_nothing_is_told() {
    let mut wire = Wire::new();
    wire.captures([client(100, "").rst().without_ack(), client(0, "one")]);
    assert_eq!(wire.told(), ["client ended by reset @1"]);
}

#[test]
fn a_reset_behind_a_fin_is_over() {
    let mut wire = Wire::opened();
    wire.captures([client(0, "").fin(), client(1, "").rst()]);
    assert_eq!(wire.told(), ["client ended by fin @4"]);
    assert!(wire.stream.is_over());
}

#[test]
fn a_syn_can_be_answered_by_a_reset() {
    let mut wire = Wire::new();
    wire.captures([client_syn(), server(-7_001, "").rst()]);
    assert_eq!(wire.told(), ["client opened @1", "server ended by reset @2"]);
    assert!(wire.stream.is_over());
    let mut wire = Wire::new();
    wire.captures([client_syn(), server(-7_001, "").rst().acks(77)]);
    assert!(!wire.stream.is_over());
}

#[test]
fn a_syn_with_another_number_begins_anew() {
    let mut wire = Wire::opened();
    assert!(!wire.begins_anew(client_syn()));
    assert!(!wire.begins_anew(server_syn()));
    assert!(!wire.begins_anew(client(100_000, "")));
    assert!(wire.begins_anew(client(100_000, "").syn().without_ack()));
    assert!(wire.begins_anew(client(-100_000, "").syn().without_ack()));
    assert!(wire.begins_anew(server(100_000, "").syn()));
    wire.captures([client(0, "").fin(), server(0, "").fin()]);
    assert!(!wire.begins_anew(client_syn()));
    assert!(wire.begins_anew(client(100_000, "").syn().without_ack()));
    wire.stream.ignore(&mut wire.budget);
    assert!(wire.begins_anew(client(100_000, "").syn().without_ack()));
}

#[test]
fn an_answer_to_another_syn_begins_anew() {
    let mut wire = Wire::new();
    wire.captures([client_syn()]);
    assert!(!wire.begins_anew(server_syn()));
    assert!(!wire.begins_anew(server_syn().acks(500)), "data with the SYN");
    assert!(wire.begins_anew(server_syn().acks(1_000_000)));
}

#[test]
fn what_was_captured_of_the_middle_does_not_fit_any_syn() {
    let mut wire = Wire::new();
    wire.captures([client(5_000_000, "one").acks(100), server(100, "eins")]);
    assert!(wire.begins_anew(client_syn()));
    assert!(!wire.begins_anew(server_syn()));
    assert_eq!(wire.stream.position(SERVER), 4);
}
