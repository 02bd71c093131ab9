//! Pings that ask whether the peer is alive (section 5.5.2).

use std::time::Duration;

use hex_literal::hex;
use wslab::proto::{Cause, Config, ReadyState, Role};
use wslab::wire::CloseCode;

use crate::end::{End, Told, close, closed_abnormally, farewell, pong, secs, text};
use crate::mirrored;
use crate::pair::{Network, Pair};

/// An end that pings every 30 s and waits 5 s for life.
fn watchful(role: Role) -> End {
    End::open_with(role, watching(30, 5))
}

fn watching(interval: u64, timeout: u64) -> Config {
    Config { ping_interval: Some(secs(interval)), pong_timeout: secs(timeout), ..Config::default() }
}

mirrored! {
    fn no_ping_is_sent_unless_wanted(end) {
        assert_eq!(end.waits(secs(1000)), []);
        assert!(end.sends().is_empty());
    }

    fn a_ping_is_sent_at_every_interval(end) {
        let mut end = watchful(end.role());
        for count in 1..=5 {
            assert_eq!(end.patience(), Some(secs(30)));
            assert_eq!(end.waits(secs(29)), []);
            assert!(end.sends().is_empty());
            assert_eq!(end.waits(secs(1)), []);
            assert_eq!(end.sends(), [0x89, 4, 0, 0, 0, count], "each with data of its own");
            end.receives([0x8a, 4, 0, 0, 0, count]);
        }
    }

    fn pings_that_were_missed_are_not_made_up_for(end) {
        let mut end = watchful(end.role());
        end.waits(secs(1000));
        assert_eq!(end.sends(), hex!("89 04 00000001"));
        assert_eq!(end.patience(), Some(secs(5)));
    }

    fn the_round_trip_is_measured(end) {
        let mut end = watchful(end.role());
        end.waits(secs(30));
        end.now += Duration::from_millis(70);
        let told = end.receives(hex!("8a 04 00000001"));
        assert_eq!(told, [Told::Pong(vec![0, 0, 0, 1], Some(Duration::from_millis(70)))]);
    }

    fn only_the_matching_pong_measures_the_round_trip_and_only_once(end) {
        let mut end = watchful(end.role());
        assert_eq!(end.receives(hex!("8a 04 00000000")), [pong(hex!("00000000"))], "before any ping");
        end.waits(secs(30));
        assert_eq!(end.receives(hex!("8a 00  8a 04 00000002  8a 05 0000000100")).len(), 3);
        assert!(end.told.iter().all(|told| matches!(told, Told::Pong(_, None))));
        let told = end.receives(hex!("8a 04 00000001  8a 04 00000001"));
        assert_eq!(told, [Told::Pong(vec![0, 0, 0, 1], Some(Duration::ZERO)), pong(hex!("00000001"))]);
    }

    fn a_late_pong_to_an_older_ping_measures_nothing(end) {
        let mut end = End::open_with(end.role(), watching(10, 100));
        end.waits(secs(10));
        end.waits(secs(10));
        assert_eq!(end.receives(hex!("8a 04 00000001")), [pong(hex!("00000001"))]);
        let told = end.receives(hex!("8a 04 00000002"));
        assert_eq!(told, [Told::Pong(vec![0, 0, 0, 2], Some(Duration::ZERO))]);
    }

    fn silence_after_a_ping_fails_the_connection(end) {
        let mut end = watchful(end.role());
        end.waits(secs(30));
        end.sends();
        assert_eq!(end.patience(), Some(secs(5)));
        assert_eq!(end.waits(secs(4)), []);
        assert_eq!(end.state(), ReadyState::Open);
        assert_eq!(end.waits(secs(1)), [Told::Failed(Cause::PongTimeout)]);
        assert_eq!(end.sends(), farewell(1002, "Pong timeout"));
        assert!(end.shutdown);
        assert_eq!(end.receives(hex!("8a 04 00000001")), [], "too late");
        assert_eq!(end.waits(secs(10)), [closed_abnormally(1002, Cause::PongTimeout)]);
    }

    fn any_bytes_are_a_sign_of_life(end) {
        for life in [&hex!("8a 00")[..], &hex!("81 01 61"), &hex!("89 00"), &hex!("81")] {
            let mut end = watchful(end.role());
            end.waits(secs(30));
            end.waits(secs(4));
            end.receives(life);
            assert_eq!(end.patience(), Some(secs(26)), "until the next ping");
            assert_eq!(end.waits(secs(20)), []);
            assert_eq!(end.state(), ReadyState::Open);
        }
    }

    fn no_bytes_are_no_sign_of_life(end) {
        let mut end = watchful(end.role());
        end.waits(secs(30));
        end.receives([]);
        assert_eq!(end.patience(), Some(secs(5)));
    }

    fn bytes_that_come_with_the_timeout_are_a_sign_of_life(end) {
        let mut end = watchful(end.role());
        end.waits(secs(30));
        end.now += secs(5);
        assert_eq!(end.receives(hex!("81 01 61")), [text("a")]);
        assert_eq!(end.state(), ReadyState::Open);
    }

    fn pings_more_frequent_than_the_timeout_do_not_prolong_it(end) {
        let mut end = End::open_with(end.role(), watching(2, 5));
        for _ in 0..3 {
            assert_eq!(end.waits(secs(2)), []);
        }
        assert_eq!(end.sends(), hex!("89 04 00000001  89 04 00000002  89 04 00000003"));
        assert_eq!(end.patience(), Some(secs(1)));
        assert_eq!(end.waits(secs(1)), [Told::Failed(Cause::PongTimeout)]);
    }

    fn no_ping_is_sent_while_closing(end) {
        let mut end = watchful(end.role());
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        end.sends();
        assert_eq!(end.patience(), Some(secs(10)));
        end.waits(secs(9));
        assert!(end.sends().is_empty());
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.patience(), Some(secs(1)));
    }

    fn an_unanswered_ping_does_not_disturb_the_closing_handshake(end) {
        let mut end = watchful(end.role());
        end.waits(secs(30));
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.waits(secs(6)), []);
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
    }

    fn an_interval_of_no_time_asks_never(end) {
        let config = Config { ping_interval: Some(Duration::ZERO), ..Config::default() };
        let mut end = End::open_with(end.role(), config);
        assert_eq!(end.patience(), None);
        assert_eq!(end.waits(secs(1)), []);
        assert!(end.sends().is_empty());
    }

    fn a_timeout_of_no_time_fails_the_connection_with_its_ping(end) {
        let mut end = End::open_with(end.role(), watching(30, 0));
        assert_eq!(end.waits(secs(30)), [Told::Failed(Cause::PongTimeout)]);
    }
}

#[test]
fn two_ends_that_ping_each_other_stay_open() {
    let network = Network::delayed(Duration::from_millis(40));
    let mut pair = Pair::new(watching(30, 5), watching(20, 5), network);
    pair.run_for(secs(100));
    for (end, pings) in [(&pair.client, 3), (&pair.server, 4)] {
        assert_eq!(end.state(), ReadyState::Open);
        let times = end.told.iter().filter_map(|told| match told {
            Told::Pong(_, time) => *time,
            _ => None,
        });
        assert_eq!(times.collect::<Vec<_>>(), vec![Duration::from_millis(80); pings]);
    }
}

#[test]
fn both_ends_notice_a_dead_network() {
    let network = Network::delayed(Duration::from_millis(40));
    let mut pair = Pair::new(watching(30, 5), watching(20, 5), network);
    pair.run_for(secs(1));
    pair.cut();
    let [client, server] = pair.finish();
    assert_eq!((client.cause, server.cause), (Cause::PongTimeout, Cause::PongTimeout));
    // The client asked after 30 s, waited for life for 5 s, and for the end of TCP for 10 s.
    assert_eq!(pair.elapsed(), Duration::from_millis(45_080));
}
