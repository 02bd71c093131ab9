//! Rates, and the windows of many keys.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use insta::assert_snapshot;
use proptest::prelude::*;
use wslab::app::limit::{AddressKey, Allowance, Blocked, Exceeded, Limiter, Rate, RateError, Remaining};

fn rate(words: &str) -> Rate {
    words.parse().unwrap()
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_rate_is_written_in_several_ways() {
    assert_eq!(rate("100/60s"), Rate::new(100, seconds(60)));
    assert_eq!(rate("10/s"), Rate::new(10, seconds(1)));
    assert_eq!(rate("5/1m"), Rate::new(5, seconds(60)));
    assert_eq!(rate("5/m"), Rate::new(5, seconds(60)));
    assert_eq!(rate(" 5 / 1h 30m "), Rate::new(5, seconds(90 * 60)));
    assert_eq!(rate("4294967295/100ms"), Rate::new(u32::MAX, Duration::from_millis(100)));
    assert_eq!(rate("1/7d"), Rate::new(1, seconds(7 * 24 * 60 * 60)));
    let shown = ["100/60s", "10/s", "5/1m", "7/1500ms", "1/1h", "1/ms", "1/7us", "1/1000001ns"];
    assert_snapshot!(shown.map(|words| rate(words).to_string()).join(" "), @"100/60s 10/s 5/60s 7/1500ms 1/3600s 1/ms 1/7us 1/1000001ns");
}

#[test]
fn a_rate_that_is_none_is_refused_with_words() {
    let wrong = [
        "100",
        "",
        "x/60s",
        "/60s",
        "-1/s",
        "1.5/s",
        "+1/s",
        "4294967296/s",
        "0/s",
        "100/60",
        "100/",
        "100/x",
        "1/-1s",
        "1/0s",
        "1/8d",
        "1/99999999999999999999s",
    ];
    let said = wrong.map(|words| format!("{words:>22}  {}", words.parse::<Rate>().unwrap_err()));
    assert_snapshot!(said.join("\n"), @r"
                       100  a rate is written COUNT/TIME: 100/60s is a hundred in sixty seconds
                            a rate is written COUNT/TIME: 100/60s is a hundred in sixty seconds
                     x/60s  before the slash of a rate stands how many, a whole number: 100/60s
                      /60s  before the slash of a rate stands how many, a whole number: 100/60s
                      -1/s  before the slash of a rate stands how many, a whole number: 100/60s
                     1.5/s  before the slash of a rate stands how many, a whole number: 100/60s
                      +1/s  before the slash of a rate stands how many, a whole number: 100/60s
              4294967296/s  a rate counts to 4294967295 at most
                       0/s  a rate of none would let nothing through: the least is 1, as in 1/60s
                    100/60  behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m
                      100/  behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m
                     100/x  behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m
                     1/-1s  behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m
                      1/0s  in no time there is no rate: write a time of at least 1ns, as in 10/s
                      1/8d  the time of a rate is a week at most: 1000/7d
    1/99999999999999999999s  behind the slash of a rate stands a time with its unit, ms, s, m or h: 100/60s, 10/s, 5/1m
    ");
    assert_eq!("1/s/s".parse::<Rate>(), Err(RateError::Period));
}

#[test]
fn a_hundred_in_sixty_seconds_are_a_hundred_in_sixty_seconds() {
    let limiter = Limiter::new(rate("100/60s"), 10);
    let began = Instant::now();
    let until = began + seconds(60);
    for taken in 1..=100 {
        // Spread over 50 s.
        let allowance = limiter.take(&1, began + seconds(taken / 2)).unwrap();
        assert_eq!(allowance.remaining, 100 - taken as u32);
    }
    for second in 50..60 {
        assert_eq!(limiter.take(&1, began + seconds(second)), Err(Blocked { until }));
    }
    assert_eq!(limiter.take(&1, until - Duration::from_nanos(1)), Err(Blocked { until }));
    let again = limiter.take(&1, until).unwrap();
    assert_eq!(again, Allowance { limit: 100, remaining: 99, resets: until + seconds(60) });
}

#[test]
fn what_was_refused_makes_no_block_longer() {
    let limiter = Limiter::new(rate("1/10s"), 10);
    let began = Instant::now();
    limiter.take(&1, began).unwrap();
    for second in 0..10 {
        limiter.take(&1, began + seconds(second)).unwrap_err();
    }
    limiter.take(&1, began + seconds(10)).unwrap();
}

#[test]
fn looking_takes_nothing() {
    let limiter = Limiter::new(rate("2/10s"), 10);
    let began = Instant::now();
    assert_eq!(limiter.look(&1, began), Allowance { limit: 2, remaining: 2, resets: began });
    assert!(limiter.is_empty());
    limiter.take(&1, began).unwrap();
    let later = began + seconds(5);
    for _ in 0..3 {
        assert_eq!(limiter.look(&1, later), Allowance { limit: 2, remaining: 1, resets: began + seconds(10) });
    }
    assert_eq!(limiter.look(&1, began + seconds(10)).remaining, 2);
}

#[test]
fn odd_rates_do_no_harm() {
    let now = Instant::now();
    let nothing = Limiter::new(Rate::new(0, seconds(10)), 10);
    assert_eq!(nothing.take(&1, now), Err(Blocked { until: now + seconds(10) }));
    let everything = Limiter::new(Rate::new(1, Duration::ZERO), 10);
    let forever = Limiter::new(Rate::new(1, Duration::MAX), 10);
    for key in 0..100 {
        everything.take(&1, now).unwrap();
        everything.take(&key, now).unwrap();
    }
    forever.take(&1, now).unwrap();
    forever.take(&1, now + seconds(1_000_000)).unwrap_err();
    // A clock that goes back.
    let limiter = Limiter::new(rate("1/10s"), 10);
    limiter.take(&1, now + seconds(5)).unwrap();
    assert_eq!(limiter.take(&1, now), Err(Blocked { until: now + seconds(15) }));
}

#[test]
fn what_is_over_is_forgotten_as_it_goes_on() {
    let limiter = Limiter::new(rate("1/10s"), 1_000_000);
    let began = Instant::now();
    for key in 0..10_000_u64 {
        limiter.take(&key, began + Duration::from_millis(key)).unwrap();
    }
    assert!(limiter.len() <= 10_000);
    // One key alone goes on: each time some of the others go.
    let later = began + seconds(100);
    for _ in 0..10_000 / 8 {
        let _taken = limiter.take(&0, later);
    }
    assert_eq!(limiter.len(), 1);
    limiter.forget(later + seconds(10));
    assert!(limiter.is_empty());
}

/// A window that began anew stands in the order twice until its former beginning is forgotten.
#[test]
fn what_began_anew_is_not_forgotten_with_what_is_over() {
    let limiter = Limiter::new(rate("1/10s"), 1000);
    let began = Instant::now();
    for key in 0..100 {
        limiter.take(&key, began).unwrap();
    }
    let later = began + seconds(10);
    for key in (0..100).rev() {
        limiter.take(&key, later).unwrap();
    }
    for key in 0..100 {
        assert_eq!(limiter.take(&key, later), Err(Blocked { until: later + seconds(10) }), "{key}");
    }
    assert_eq!(limiter.len(), 100);
}

#[test]
fn there_are_never_more_windows_than_may_be() {
    let limiter = Limiter::new(rate("3/10s"), 100);
    let began = Instant::now();
    for key in 0..100 {
        limiter.take(&key, began).unwrap();
    }
    // Whoever comes new shares one window.
    for key in 100..103 {
        limiter.take(&key, began + seconds(1)).unwrap();
    }
    for key in 100..10_000 {
        assert_eq!(limiter.take(&key, began + seconds(2)), Err(Blocked { until: began + seconds(11) }));
        assert_eq!(limiter.look(&key, began + seconds(2)).remaining, 0);
    }
    assert_eq!(limiter.len(), 100);
    // That harms nobody who was there.
    for key in 0..100 {
        limiter.take(&key, began + seconds(3)).unwrap();
    }
    // And there is room as soon as anything is over.
    assert_eq!(limiter.take(&500, began + seconds(10)).unwrap().remaining, 2);
    assert!(limiter.len() <= 100);

    let none = Limiter::new(rate("1/10s"), 0);
    none.take(&1, began).unwrap();
    none.take(&2, began).unwrap_err();
}

/// A window of each key, as one would write it down.
#[derive(Default)]
struct Model {
    windows: HashMap<u8, (u64, u32)>,
}

impl Model {
    /// At which millisecond the block ends, or how many are left.
    fn take(&mut self, key: u8, at: u64, count: u32, period: u64) -> Result<u32, u64> {
        let window = self.windows.entry(key).or_insert((at, 0));
        if at - window.0 >= period {
            *window = (at, 0);
        }
        if window.1 == count {
            return Err(window.0 + period);
        }
        window.1 += 1;
        Ok(count - window.1)
    }
}

proptest! {
    #[test]
    fn a_limiter_does_what_the_model_does(
        count in 1..5_u32, period in 1..50_u64, steps in prop::collection::vec((0..20_u8, 0..20_u64, any::<bool>()), 0..300),
    ) {
        let limiter = Limiter::new(Rate::new(count, Duration::from_millis(period)), 20);
        let mut model = Model::default();
        let began = Instant::now();
        let (mut at, mut passed) = (0, Vec::new());
        for (key, wait, forget) in steps {
            at += wait;
            let now = began + Duration::from_millis(at);
            if forget {
                limiter.forget(now);
            }
            let looked = limiter.look(&key, now);
            let taken = limiter.take(&key, now);
            let expected = model.take(key, at, count, period);
            let got = taken.map(|allowance| allowance.remaining)
                .map_err(|blocked| (blocked.until - began).as_millis() as u64);
            prop_assert_eq!(got, expected);
            prop_assert_eq!(looked.remaining, expected.map_or(0, |left| left + 1));
            if taken.is_ok() {
                passed.push((key, at));
            }
            prop_assert!(limiter.len() <= 20);
        }
        // Of each key, as many go through as may from any first one on that comes after a block or a pause.
        for key in 0..20 {
            let mut times: Vec<u64> = passed.iter().filter(|(of, _)| *of == key).map(|(_, at)| *at).collect();
            while let Some(&first) = times.first() {
                let within = times.iter().take_while(|at| **at < first + period).count();
                prop_assert!(within <= count as usize);
                times.drain(..within);
            }
        }
    }

    #[test]
    fn whatever_comes_the_windows_are_bounded(
        steps in prop::collection::vec((any::<u8>(), 0..5_u64), 0..500), max in 0..20_usize,
    ) {
        let limiter = Limiter::new(Rate::new(2, Duration::from_millis(30)), max);
        let mut now = Instant::now();
        for (key, wait) in steps {
            now += Duration::from_millis(wait);
            let _taken = limiter.take(&key, now);
            prop_assert!(limiter.len() <= max);
        }
        limiter.forget(now + Duration::from_millis(30));
        prop_assert!(limiter.is_empty());
    }

    #[test]
    fn a_rate_reads_back(count in 1..=u32::MAX, nanos in 1..=7 * 24 * 60 * 60 * 1_000_000_000_u64, round in 0..10_u32) {
        let size = 10_u64.pow(round);
        let rate = Rate::new(count, Duration::from_nanos((nanos / size).max(1) * size));
        prop_assert_eq!(rate.to_string().parse(), Ok(rate));
    }

    #[test]
    fn any_words_are_read_without_panic(words in ".{0,20}|[0-9]{0,12}/[0-9]{0,25}[a-zA-Z]{0,3}") {
        let _rate = words.parse::<Rate>();
    }
}

#[test]
fn an_address_stands_for_a_client() {
    let key = |address: &str| AddressKey::from(address.parse::<IpAddr>().unwrap());
    assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    // No address of one kind is one of the other.
    assert_ne!(key("::192.0.2.1"), key("192.0.2.1"));
    let shown =
        ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6", "::1"].map(|address| key(address).to_string());
    assert_eq!(shown, ["192.0.2.1", "192.0.2.1", "2001:db8:1:2::/64", "::/64"]);
}

#[test]
fn replies_are_what_clients_wait_for() {
    let now = Instant::now();
    let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
    let until = now + Duration::from_micros(1_500_001);
    let exceeded = Exceeded::new(&Blocked { until }, now, wall);
    assert_snapshot!(serde_json::to_string(&exceeded).unwrap(), @r#"{"type":"error","message":"Rate limit exceeded","retryAfter":1501,"blockedUntil":1700000001501}"#);
    let over = Exceeded::new(&Blocked { until: now }, now + seconds(1), wall);
    assert_eq!((over.retry_after, over.blocked_until), (0, 1_700_000_000_000));
    let allowance = Allowance { limit: 100, remaining: 57, resets: now + seconds(20) };
    assert_snapshot!(serde_json::to_string(&Remaining::new(Some(allowance), now, wall)).unwrap(), @r#"{"type":"rate_limit","limit":100,"remaining":57,"resetsAt":1700000020000}"#);
    assert_snapshot!(serde_json::to_string(&Remaining::new(None, now, wall)).unwrap(), @r#"{"type":"rate_limit","limit":null,"remaining":null,"resetsAt":null}"#);
}
