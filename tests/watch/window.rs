//! Rates over the last seconds.

use std::time::Duration;

use wslab::watch::feed::RateWindow;

use crate::end::secs;
use crate::stage::{about, meter, morning};

#[test]
fn it_begins_with_the_second_snapshot() {
    let (meter, now) = meter();
    let mut window = RateWindow::default();
    assert_eq!(window.feed(&meter.summary_at(now)), None);
    assert_eq!(window.feed(&meter.summary_at(now)), None, "no time went by");
    drop(meter.observe_at(about(0), now));
    let rates = window.feed(&meter.summary_at(now + secs(4))).unwrap();
    assert_eq!((rates.over, rates.opened), (secs(4), 0.25));
}

#[test]
fn it_is_ten_seconds_long_for_whoever_asks_often() {
    let (meter, now) = meter();
    let mut window = RateWindow::default();
    for tenth in 0..=600 {
        let at = now + Duration::from_millis(tenth * 100);
        drop(meter.observe_at(about(tenth), at));
        let Some(rates) = window.feed(&meter.summary_at(at)) else { continue };
        if tenth > 110 {
            assert!((secs(10)..secs(11)).contains(&rates.over), "{:?}", rates.over);
            assert!((rates.opened - 10.0).abs() < 1e-9, "{}", rates.opened);
        }
    }
}

#[test]
fn it_is_from_one_to_the_next_for_whoever_asks_rarely() {
    let (meter, now) = meter();
    let mut window = RateWindow::default();
    window.feed(&meter.summary_at(now));
    for minute in 1..5 {
        let rates = window.feed(&meter.summary_at(now + secs(60 * minute))).unwrap();
        assert_eq!(rates.over, secs(60));
    }
}

#[test]
fn a_restart_begins_it_anew() {
    let (first, now) = meter();
    let mut window = RateWindow::default();
    drop(first.observe_at(about(0), now));
    window.feed(&first.summary_at(now));
    let restarted = wslab::watch::Meter::beginning(now + secs(3), morning() + secs(3));
    assert_eq!(window.feed(&restarted.summary_at(now + secs(4))), None);
    assert_eq!(window.feed(&restarted.summary_at(now + secs(5))).unwrap().over, secs(1));
}
