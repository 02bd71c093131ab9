//! A message counts for its connection, for its address and for its user.

use std::net::IpAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use wslab::app::limit::{Allotment, Allowance, Blocked, Layers, Limiter, Limits, Rate};

fn limits(connection: &str, address: &str, user: &str) -> Limits {
    let rate = |words: &str| -> Option<Rate> { if words.is_empty() { None } else { Some(words.parse().unwrap()) } };
    Limits { connection: rate(connection), address: rate(address), user: rate(user), ..Limits::default() }
}

fn layers(connection: &str, address: &str, user: &str) -> Arc<Layers> {
    Arc::new(Layers::new(limits(connection, address, user)))
}

fn address(last: u8) -> Option<IpAddr> {
    Some([192, 0, 2, last].into())
}

fn left(allotment: &mut Allotment, now: Instant) -> Option<u32> {
    allotment.take(now).unwrap().map(|allowance| allowance.remaining)
}

#[test]
fn by_default_a_hundred_messages_in_sixty_seconds_count_for_a_connection() {
    let Limits { connection, address, user, .. } = Limits::default();
    assert_eq!((connection, address, user), (Some(Rate::new(100, Duration::from_secs(60))), None, None));
}

#[test]
fn without_limits_there_is_no_allowance() {
    let mut allotment = layers("", "", "").allot(address(1));
    assert_eq!(allotment.take(Instant::now()), Ok(None));
    assert_eq!(allotment.look(Instant::now()), None);
}

#[test]
fn connections_of_one_address_share_what_it_may() {
    let now = Instant::now();
    let layers = layers("3/60s", "4/60s", "");
    let (mut one, mut two, mut elsewhere) =
        (layers.allot(address(1)), layers.allot(address(1)), layers.allot(address(2)));
    assert_eq!(left(&mut one, now), Some(2));
    assert_eq!(left(&mut one, now), Some(1));
    assert_eq!(left(&mut two, now), Some(1), "the address is stricter");
    assert_eq!(left(&mut two, now), Some(0));
    two.take(now).unwrap_err();
    assert_eq!(left(&mut elsewhere, now), Some(2));
    // No address, no limit of an address.
    let mut nowhere = layers.allot(None);
    assert_eq!(left(&mut nowhere, now), Some(2));
}

#[test]
fn a_user_counts_from_when_it_is_known() {
    let now = Instant::now();
    let layers = layers("", "", "2/60s");
    let (mut one, mut two) = (layers.allot(address(1)), layers.allot(address(2)));
    assert_eq!(one.take(now), Ok(None));
    one.set_user("ada");
    two.set_user("ada");
    assert_eq!(left(&mut one, now), Some(1));
    assert_eq!(left(&mut two, now), Some(0));
    one.take(now).unwrap_err();
    two.set_user("bob");
    assert_eq!(left(&mut two, now), Some(1));
}

#[test]
fn what_one_layer_refuses_costs_the_others_nothing() {
    let began = Instant::now();
    let layers = layers("10/60s", "10/60s", "1/5s");
    let mut one = layers.allot(address(1));
    one.set_user("ada");
    one.take(began).unwrap();
    for _ in 0..20 {
        assert_eq!(one.take(began), Err(Blocked { until: began + Duration::from_secs(5) }));
    }
    let mut other = layers.allot(address(1));
    assert_eq!(other.look(began).unwrap().remaining, 9, "the address paid once");
    one.set_user("bob");
    assert_eq!(one.look(began).unwrap().remaining, 1);
    // Refused ones do not even begin a window.
    let mut late = layers.allot(address(3));
    late.set_user("ada");
    late.take(began).unwrap_err();
    other.set_user("eve");
    late.set_user("");
    assert_eq!(late.look(began), Some(Allowance { limit: 1, remaining: 1, resets: began }));
}

#[test]
fn the_longest_block_is_told() {
    let began = Instant::now();
    let layers = layers("1/10s", "1/50s", "1/30s");
    let mut one = layers.allot(address(1));
    one.set_user("ada");
    one.take(began).unwrap();
    assert_eq!(one.take(began), Err(Blocked { until: began + Duration::from_secs(50) }));
    let later = began + Duration::from_secs(40);
    assert_eq!(one.take(later), Err(Blocked { until: began + Duration::from_secs(50) }));
    one.take(began + Duration::from_secs(50)).unwrap();
}

/// Whoever tries again when a block ends does not do so without a pause.
#[test]
fn a_block_never_ends_when_it_begins() {
    let now = Instant::now();
    let minute = Duration::from_secs(60);
    for (rate, least) in [
        (Rate::new(0, minute), minute),
        (Rate::new(0, Duration::ZERO), minute),
        (Rate::new(0, Duration::MAX), minute),
        (Rate::new(1, Duration::MAX), minute),
    ] {
        let by_connection = Limits { connection: Some(rate), ..Limits::default() };
        let by_user = Limits { connection: None, user: Some(rate), ..Limits::default() };
        for limits in [by_connection, by_user] {
            let mut allotment = Arc::new(Layers::new(limits)).allot(None);
            allotment.set_user("ada");
            for _ in 0..rate.count {
                allotment.take(now).unwrap();
            }
            for now in [now, now + Duration::from_secs(3)] {
                let Blocked { until } = allotment.take(now).unwrap_err();
                assert!(until >= now + least - Duration::from_secs(3), "{rate:?}: {:?}", until - now);
            }
        }
        let limiter = Limiter::new(rate, 0);
        for _ in 0..rate.count {
            limiter.take(&1, now).unwrap();
        }
        assert!(limiter.take(&1, now).unwrap_err().until >= now + least, "{rate:?}");
    }
}

#[test]
fn of_equal_ones_the_later_is_the_stricter() {
    let now = Instant::now();
    let soon = Allowance { limit: 5, remaining: 2, resets: now };
    let late = Allowance { limit: 9, remaining: 2, resets: now + Duration::from_secs(1) };
    let less = Allowance { limit: 9, remaining: 1, resets: now };
    assert_eq!((soon.stricter(late), late.stricter(soon)), (late, late));
    assert_eq!((late.stricter(less), less.stricter(late)), (less, less));
}

/// Threads take at once from an address whose users are blocked: it pays for nobody, and never lets more through.
#[test]
fn many_threads_take_no_more_than_there_is() {
    let now = Instant::now();
    let layers = layers("", "1000/60s", "100/60s");
    let through: usize = thread::scope(|scope| {
        let taking = |user: &'static str| {
            let mut allotment = layers.allot(address(1));
            allotment.set_user(user);
            move || (0..500).filter(|_| allotment.take(now).is_ok()).count()
        };
        let threads: Vec<_> = ["ada", "ada", "bob", "bob"].map(|user| scope.spawn(taking(user))).into_iter().collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(through, 200);
    let allotment = layers.allot(address(1));
    assert_eq!(allotment.look(now).unwrap().remaining, 800);
    layers.forget(now + Duration::from_secs(60));
}

/// Of several who take the last one of a user at once, the address pays for the one who gets it.
#[test]
fn who_comes_too_late_gets_back_what_another_layer_took() {
    let now = Instant::now();
    for _ in 0..500 {
        let layers = layers("", "1000/60s", "1/60s");
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut allotment = layers.allot(address(1));
                    allotment.set_user("ada");
                    barrier.wait();
                    let _taken = allotment.take(now);
                });
            }
        });
        assert_eq!(layers.allot(address(1)).look(now).unwrap().remaining, 999);
    }
}
