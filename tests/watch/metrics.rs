//! The text for Prometheus.

use std::time::Duration;

use hex_literal::hex;
use wslab::proto::{Config, Role};
use wslab::watch::feed::{self, Metrics};

use crate::end::{End, secs};
use crate::stage::{Watched, meter, watch};

/// What a server with one living and one gone connection tells.
fn told() -> String {
    let mut server = Watched::open_with(Role::Server, Config { ping_interval: Some(secs(5)), ..Config::default() });
    let earlier = server.meter.summary_at(server.end.now);
    server.end.waits(secs(5));
    server.end.now += Duration::from_millis(2);
    server.end.receives(hex!("8a 04 00000001  81 05 48656c6c6f  02 02 0000  80 80"));
    server.end.out().send("Hello, you").unwrap();
    server.end.ticks();
    let mut gone = End::open(Role::Server);
    gone.now = server.end.now;
    watch(&server.meter, &mut gone, 1);
    gone.now += secs(2);
    gone.receives_raw(hex!("81 00"));
    gone.receives_eof();
    let snapshot = server.meter.snapshot_at(server.end.now + secs(3));
    feed::text(&snapshot, snapshot.since(&earlier).as_ref())
}

#[test]
fn it_reads_like_this() {
    insta::assert_snapshot!(told().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn it_is_as_the_format_wants_it() {
    let text = told();
    assert!(text.ends_with("\n# EOF\n"));
    let mut families: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            assert!(name.starts_with("wslab_"), "{name}");
            assert!(!families.contains(&name), "{name} is told twice");
            families.push(name);
        } else if !line.starts_with('#') {
            let family = families.last().unwrap();
            assert!(line.starts_with(family), "{line} is not of {family}");
            let (_, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().unwrap() >= 0.0, "{line}");
        }
    }
}

#[test]
fn the_last_bucket_of_a_histogram_is_all() {
    let text = told();
    let value =
        |line: &str| text.lines().find_map(|told| told.strip_prefix(line)?.strip_prefix(' ')).map(str::to_owned);
    for (name, direction) in [("message_size_bytes", Some("received")), ("connection_duration_seconds", None)] {
        let (label, more) = match direction {
            Some(direction) => (format!("{{direction=\"{direction}\"}}"), format!(",direction=\"{direction}\"")),
            None => Default::default(),
        };
        let count = value(&format!("wslab_{name}_count{label}"));
        assert!(count.is_some());
        assert_eq!(value(&format!("wslab_{name}_bucket{{le=\"+Inf\"{more}}}")), count, "{name}");
    }
}

#[test]
fn each_scrape_has_rates() {
    let (meter, _) = meter();
    let metrics = Metrics::new(meter.clone());
    let text = metrics.scrape();
    assert!(text.contains("\nwslab_connections 0\n"), "{text}");
    assert!(text.contains("\nwslab_messages_per_second{direction=\"sent\"} 0.0\n"), "{text}");
}
