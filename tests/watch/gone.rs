//! Connections that are gone, and what they leave.

use std::time::Duration;

use hex_literal::hex;
use wslab::proto::opening::Answer;
use wslab::proto::{Config, Role};
use wslab::watch::Meter;
use wslab::wire::CloseCode;

use crate::end::{End, REQUEST, secs};
use crate::stage::{about, meter, watch};

#[test]
fn the_row_of_a_gone_connection_disappears() {
    let (meter, now) = meter();
    let mut ends = [0, 1, 2].map(|id| {
        let mut end = End::open(Role::Client);
        end.now = now;
        watch(&meter, &mut end, id);
        end.receives(hex!("81 01 61"));
        end
    });
    ends[1].now += secs(3);
    ends[1].receives(hex!("88 02 03e8"));
    assert_eq!(meter.snapshot_at(now).open, 3, "it is open until it has ended");
    ends[1].receives_eof();
    let snapshot = meter.snapshot_at(now + secs(3));
    assert_eq!(snapshot.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(snapshot.gone.iter().map(|row| row.id.0).collect::<Vec<_>>(), [1]);
    let totals = snapshot.totals;
    assert_eq!((snapshot.open, totals.opened, totals.closed), (2, 3, 1));
    assert_eq!(totals.received.text_messages, 3);
    assert_eq!(totals.closes.into_iter().collect::<Vec<_>>(), [(CloseCode::NORMAL, 1)]);
    assert_eq!(snapshot.spreads.lifetimes.count, 1);
    assert_eq!(snapshot.spreads.lifetimes.sum, 3_000_000_000);
}

#[test]
fn one_that_is_let_go_of_is_gone_as_well() {
    let (meter, now) = meter();
    let mut end = End::open(Role::Server);
    watch(&meter, &mut end, 0);
    drop(end);
    let snapshot = meter.snapshot_at(now);
    assert_eq!((snapshot.open, snapshot.totals.closed), (0, 1));
    let end = snapshot.gone[0].end.clone().unwrap();
    assert_eq!((end.code, end.clean), (CloseCode::ABNORMAL, false));
    assert_eq!(end.cause, "this end let go of the connection");
}

#[test]
fn it_is_gone_once() {
    let (meter, now) = meter();
    let mut end = End::open(Role::Client);
    watch(&meter, &mut end, 0);
    end.receives_eof();
    drop(end);
    let snapshot = meter.snapshot_at(now);
    assert_eq!((snapshot.totals.closed, snapshot.gone.len()), (1, 1));
    assert_eq!(
        snapshot.gone[0].end.as_ref().unwrap().cause,
        "the peer ended the connection without a closing handshake"
    );
}

#[test]
fn the_last_are_remembered_newest_first_and_no_more() {
    let (meter, now) = meter();
    let count = Meter::GONE as u64 + 20;
    for id in 0..count {
        drop(meter.observe_at(about(id), now));
    }
    let snapshot = meter.snapshot_at(now);
    let ids: Vec<_> = snapshot.gone.iter().map(|row| row.id.0).collect();
    assert_eq!(ids, (20..count).rev().collect::<Vec<_>>());
    assert_eq!((snapshot.totals.opened, snapshot.totals.closed), (count, count));
}

#[test]
fn an_opening_that_is_refused_never_was_a_connection() {
    let (meter, _) = meter();
    let mut end = End::connecting(Role::Server, Config::default());
    watch(&meter, &mut end, 0);
    end.policy = None;
    end.receives_raw(REQUEST);
    end.endpoint.answer(Answer::refusal(403, "not you"));
    end.ticks();
    end.takes_outgoing();
    end.receives_eof();
    let mut end = End::connecting(Role::Server, Config::default());
    watch(&meter, &mut end, 1);
    end.waits(secs(3600));
    meter.refused();
    meter.failed();
    let snapshot = meter.snapshot();
    assert_eq!((snapshot.totals.refused, snapshot.totals.failed), (2, 2));
    assert_eq!((snapshot.totals.opened, snapshot.totals.closed, snapshot.gone.len()), (0, 0, 0));
}

#[test]
fn peers_cannot_make_it_remember_every_code() {
    let (meter, now) = meter();
    for code in 3000..3100_u16 {
        let mut end = End::open(Role::Client);
        watch(&meter, &mut end, code.into());
        let [high, low] = code.to_be_bytes();
        end.receives([0x88, 2, high, low]);
        end.receives_eof();
    }
    let totals = meter.summary_at(now).totals;
    assert_eq!((totals.closes.len(), totals.other_closes, totals.closed), (64, 36, 100));
}

#[test]
fn handshakes_are_measured() {
    let (meter, now) = meter();
    let mut slow = about(0);
    slow.handshake = Some(Duration::from_millis(30));
    drop(meter.observe_at(slow, now));
    let handshakes = meter.summary_at(now).spreads.handshakes;
    assert_eq!((handshakes.count, handshakes.sum), (1, 30_000_000));
}
