//! How many connections an address may have, and how often it may open one.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use wslab::app::limit::{DoorLimits, Doors, Refused};

fn address(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

fn doors(connections: u32) -> Doors {
    Doors::new(DoorLimits { connections: Some(connections), ..DoorLimits::default() })
}

#[test]
fn an_address_has_so_many_connections() {
    let now = Instant::now();
    let doors = doors(2);
    let first = doors.enter(address(1), now).unwrap();
    let _second = doors.enter(address(1), now).unwrap();
    assert_eq!(doors.enter(address(1), now).unwrap_err(), Refused::TooMany { limit: 2 });
    let _elsewhere = doors.enter(address(2), now).unwrap();
    assert_eq!((doors.connections(address(1)), doors.addresses()), (2, 2));
    drop(first);
    assert_eq!(doors.connections(address(1)), 1);
    let _again = doors.clone().enter(address(1), now).unwrap();
    doors.enter(address(1), now).unwrap_err();
}

#[test]
fn nobody_is_remembered_who_has_left() {
    let now = Instant::now();
    let doors = doors(5);
    let permits: Vec<_> = (0..=255).map(|last| doors.enter(address(last), now).unwrap()).collect();
    assert_eq!(doors.addresses(), 256);
    drop(permits);
    assert_eq!(doors.addresses(), 0);
}

#[test]
fn a_network_of_ipv6_is_one_address() {
    let now = Instant::now();
    let doors = doors(1);
    let of = |host: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, host));
    let _permit = doors.enter(of(1), now).unwrap();
    doors.enter(of(2), now).unwrap_err();
}

#[test]
fn when_there_are_too_many_addresses_the_further_ones_count_as_one() {
    let now = Instant::now();
    let doors = Doors::new(DoorLimits { connections: Some(2), max_addresses: 3, ..DoorLimits::default() });
    let mut known: Vec<_> = (0..3).map(|last| doors.enter(address(last), now).unwrap()).collect();
    let others: Vec<_> = (3..5).map(|last| doors.enter(address(last), now).unwrap()).collect();
    assert_eq!(doors.enter(address(5), now).unwrap_err(), Refused::TooMany { limit: 2 });
    assert_eq!(doors.addresses(), 3);
    // Those who are known are not harmed.
    known.push(doors.enter(address(0), now).unwrap());
    drop(others);
    let _other = doors.enter(address(5), now).unwrap();
    drop(known);
    let _known = doors.enter(address(5), now).unwrap();
    assert_eq!(doors.connections(address(5)), 1);
}

#[test]
fn an_address_opens_so_many_in_a_second() {
    let began = Instant::now();
    let doors = Doors::new(DoorLimits { connections: Some(1), ..DoorLimits::default() }.handshakes_per_second(3));
    let permit = doors.enter(address(1), began).unwrap();
    // Refused ones count too.
    for _ in 0..2 {
        assert_eq!(doors.enter(address(1), began).unwrap_err(), Refused::TooMany { limit: 1 });
    }
    drop(permit);
    let until = began + Duration::from_secs(1);
    assert_eq!(doors.enter(address(1), began).unwrap_err(), Refused::TooOften { until });
    let _elsewhere = doors.enter(address(2), began).unwrap();
    let _again = doors.enter(address(1), until).unwrap();
    doors.forget(until + Duration::from_secs(1));
}

#[test]
fn by_default_the_doors_are_open() {
    let now = Instant::now();
    let doors = Doors::new(DoorLimits::default());
    let _permits: Vec<_> = (0..1000).map(|_| doors.enter(address(1), now).unwrap()).collect();
    assert_eq!(doors.addresses(), 0);
}

#[test]
fn errors_are_for_people() {
    assert_snapshot!(Refused::TooMany { limit: 5 }, @"this address has 5 connections already, which is as many as it may have");
    assert_snapshot!(Refused::TooOften { until: Instant::now() }, @"this address opens connections too fast");
}
