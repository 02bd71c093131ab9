//! Peers that take too long to open and to close (sections 4.1, 7.1.1 and 7.2.1).

use std::time::{Duration, Instant};

use hex_literal::hex;
use wslab::proto::opening::{Answer, Policy};
use wslab::proto::{Cause, Config, Role, Rule};
use wslab::wire::CloseCode;

use crate::end::{
    End, REQUEST, Told, asked, close, closed_abnormally, closed_cleanly, failed_by, opened, peers_half, secs, text,
};
use crate::mirrored;

const MOMENT: Duration = Duration::from_nanos(1);

/// What an end tells that gives a connection up.
fn given_up(sent: Option<u16>, cause: Cause) -> [Told; 2] {
    [Told::Failed(cause.clone()), closed_abnormally(sent, cause)]
}

mirrored! {
    fn an_opening_handshake_that_takes_too_long_fails_the_connection(end) {
        let mut end = End::connecting(end.role(), Config::default());
        end.ticks();
        assert_eq!(end.patience(), Some(secs(10)));
        end.waits(secs(9));
        end.receives_raw(&peers_half(end.role())[..50]);
        assert_eq!(end.patience(), Some(secs(1)), "bytes do not prolong it");
        assert_eq!(end.waits(secs(1) - MOMENT), []);
        assert_eq!(end.waits(MOMENT), given_up(None, Cause::OpeningTimeout));
        assert!(end.shutdown);
        assert!(end.takes_outgoing().is_empty(), "who does not read is not waited for");
    }

    fn an_open_connection_has_no_timeout(end) {
        assert_eq!(end.patience(), None);
        assert_eq!(end.waits(secs(1_000_000)), []);
        assert_eq!(end.patience(), None);
        assert_eq!(end.receives(hex!("81 01 61")), [text("a")]);
    }

    fn a_close_frame_that_is_not_answered_ends_the_connection(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.patience(), Some(secs(10)));
        end.waits(secs(9));
        assert_eq!(end.receives(hex!("81 01 61  8a 00")).len(), 2);
        assert_eq!(end.patience(), Some(secs(1)), "messages do not prolong it");
        assert_eq!(end.waits(secs(1)), given_up(Some(1000), Cause::ClosingTimeout));
        assert!(end.shutdown);
        assert!(end.takes_outgoing().is_empty(), "who does not answer is not waited for");
    }

    fn tcp_that_does_not_end_after_the_handshake_is_ended(end) {
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.patience(), Some(secs(10)));
        assert_eq!(end.waits(secs(10)), [closed_cleanly(1000, "", 1000)], "everything was said");
        assert!(end.shutdown);
        assert!(end.takes_outgoing().is_empty());
    }

    fn the_time_counts_from_the_first_close_frame(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        end.waits(secs(6));
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.patience(), Some(secs(4)));
        assert_eq!(end.waits(secs(4)), [closed_cleanly(1000, "", 1000)]);
    }

    fn a_close_frame_that_comes_with_the_timeout_counts(end) {
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        end.now += secs(10);
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, ""), closed_cleanly(1000, "", 1000)]);
    }

    fn tcp_that_does_not_end_after_a_fault_is_ended(end) {
        let [failed, closed] = failed_by(Rule::ReservedBit);
        assert_eq!(end.receives(hex!("c1 00")), [failed]);
        assert_eq!(end.waits(secs(10) - MOMENT), []);
        assert_eq!(end.waits(MOMENT), [closed]);
        assert!(end.takes_outgoing().is_empty(), "who does not read is not waited for");
    }

    fn no_time_at_all_is_a_timeout_at_once(end) {
        let config = Config { closing_timeout: Duration::ZERO, ..Config::default() };
        let mut end = End::open_with(end.role(), config);
        end.out().close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(end.ticks(), given_up(Some(1000), Cause::ClosingTimeout));
        let config = Config { opening_timeout: Duration::ZERO, ..Config::default() };
        let mut end = End::connecting(end.role(), config);
        assert_eq!(end.ticks(), given_up(None, Cause::OpeningTimeout));
    }

    fn a_time_beyond_the_calendar_is_no_timeout(end) {
        let forever = Duration::MAX;
        let config = Config {
            opening_timeout: forever,
            closing_timeout: forever,
            ping_interval: Some(forever),
            pong_timeout: forever,
            ..Config::default()
        };
        let mut end = End::open_with(end.role(), config);
        assert_eq!(end.patience(), None);
        end.out().close(CloseCode::NORMAL, "").unwrap();
        end.ticks();
        assert_eq!(end.patience(), None);
        assert_eq!(end.receives(hex!("88 02 03e8")), [close(1000, "")]);
        assert_eq!(end.receives_eof(), [closed_cleanly(1000, "", 1000)]);
    }
}

#[test]
fn a_server_that_does_not_decide_times_out() {
    let mut server = End::server(Config::default(), Instant::now());
    server.policy = None;
    assert_eq!(server.receives_raw(REQUEST), [asked()]);
    assert_eq!(server.waits(secs(10)), given_up(None, Cause::OpeningTimeout));
    assert_eq!(server.answers(&Policy::default()), []);
    assert!(server.takes_outgoing().is_empty());
}

#[test]
fn a_response_that_comes_with_the_timeout_opens() {
    let mut client = End::client(Config::default(), Instant::now());
    client.now += secs(10);
    assert_eq!(client.receives_raw(peers_half(Role::Client)), [opened()]);
}

#[test]
fn a_refused_client_that_does_not_go_is_left() {
    let mut server = End::server(Config::default(), Instant::now());
    server.policy = None;
    server.receives_raw(REQUEST);
    server.endpoint.answer(Answer::refusal(503, "full"));
    server.ticks();
    assert_eq!(server.patience(), Some(secs(10)));
    assert_eq!(server.waits(secs(10)), [closed_abnormally(None, Cause::Refused(503))]);
}

#[test]
fn a_server_that_does_not_end_tcp_is_left() {
    let mut client = End::open(Role::Client);
    client.out().close(CloseCode::NORMAL, "").unwrap();
    client.ticks();
    client.receives(hex!("88 02 03e8"));
    assert!(!client.shutdown);
    assert_eq!(client.waits(secs(10)), [closed_cleanly(1000, "", 1000)]);
    assert!(client.shutdown);
}
