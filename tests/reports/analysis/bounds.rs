//! Memory does not grow with the capture, and what is left out is counted.

use wslab::capture::{Ending, Loss, NoteKind};
use wslab::proto::Role;
use wslab::report::captured::{Look, Rates, Summary, text};

use super::made::{Talk, note};

#[test]
fn a_hundred_thousand_connections_are_counted_and_ten_thousand_kept() {
    let mut summary = Summary::new(false);
    for number in 0..100_000 {
        Talk::new(number, &mut summary).open().text(Role::Client, "x").end(Ending::Open);
    }
    assert_eq!(summary.connections, 100_000);
    assert_eq!((summary.rows.len(), summary.left_out()), (Summary::CONNECTIONS, 90_000));
    assert_eq!(summary.sent[0].messages, 100_000);
    let text = text(&summary, &Look::default());
    assert!(text.contains("… and 99985 more"), "{text}");
}

#[test]
fn a_million_intervals_become_a_few_hundred() {
    let mut summary = Summary::new(false);
    let mut talk = Talk::new(0, &mut summary);
    talk.open();
    for _ in 0..100_000 {
        talk.wait(90).text(Role::Client, "x");
    }
    talk.end(Ending::Open);
    let rates = &summary.rates;
    assert!((Rates::MOST / 2..=Rates::MOST).contains(&rates.buckets().len()), "{}", rates.buckets().len());
    assert_eq!(rates.interval().as_secs(), 32);
    assert_eq!(rates.buckets().iter().map(|bucket| bucket.messages[0]).sum::<u64>(), 100_000);
    let inner = &rates.buckets()[1..rates.buckets().len() - 1];
    assert!(inner.iter().all(|bucket| bucket.messages[0] == 320), "ten a second, wherever they were before: {inner:?}");
    let (interval, columns) = rates.in_columns(40);
    assert!(columns.len() <= 40 && interval.as_secs() == 32 * 8, "{interval:?}");
    assert_eq!(columns.iter().map(|bucket| bucket.messages[0]).sum::<u64>(), 100_000);
}

#[test]
fn time_that_leaps_and_turns_back_is_borne() {
    let mut summary = Summary::new(false);
    let mut talk = Talk::new(3, &mut summary);
    talk.open().text(Role::Client, "x").wait(7_000_000_000_000).text(Role::Client, "y").end(Ending::Open);
    Talk::new(0, &mut summary).open().text(Role::Client, "z").end(Ending::Open);
    let messages: u64 = summary.rates.buckets().iter().map(|bucket| bucket.messages[0]).sum();
    assert_eq!(messages, 3);
    assert_eq!(summary.between[0].count(), 1);
}

#[test]
fn what_an_end_writes_and_what_is_noted_is_kept_in_part() {
    let mut summary = Summary::new(false);
    for number in 0..1000 {
        note(&mut summary, number, NoteKind::NotRead { what: &format!("{number}{}", "x".repeat(100_000)) });
    }
    let mut talk = Talk::new(0, &mut summary);
    talk.connection.url = Some("é".repeat(100_000));
    talk.open().close(Role::Client, 1000, &"y".repeat(10_000));
    assert_eq!(summary.notes.len(), 100);
    assert_eq!(summary.notes.iter().map(|note| note.count).sum::<u64>(), 1000);
    assert!(serde_json::to_string(&summary).expect("a summary can be written").len() < 500_000);
}

#[test]
fn no_kind_of_note_pushes_another_out() {
    let mut summary = Summary::new(false);
    for number in 0..500 {
        note(&mut summary, number, NoteKind::NotRead { what: &number.to_string() });
        let why = format!("no secrets are known for its client random {number:08x}…: give the key log");
        note(&mut summary, number, NoteKind::Encrypted { why: &why });
    }
    note(&mut summary, 7, NoteKind::Lost { offset: 3, count: 5, why: Loss::Cut });
    let of = |kind| summary.notes.iter().filter(move |note| note.kind == kind);
    let encrypted: Vec<_> = of("encrypted").map(|note| (note.words.as_str(), note.count)).collect();
    assert_eq!(encrypted, [("no secrets are known: give the key log", 500)]);
    let lost: Vec<_> = of("lost").map(|note| (note.words.as_str(), note.bytes)).collect();
    assert_eq!(lost, [("cut off by the snap length", 5)]);
    assert_eq!((of("not-read").count(), of("not-read").map(|note| note.count).sum::<u64>()), (100, 500));
    let rest = of("not-read").next_back().expect("a group for the rest");
    assert_eq!((rest.words.as_str(), rest.count), ("for other reasons, which are too many to be told apart", 401));
}

#[test]
fn numbers_are_spread_as_they_are() {
    let mut summary = Summary::new(false);
    let mut talk = Talk::new(0, &mut summary);
    talk.open();
    (1..=100).for_each(|length| {
        talk.text(Role::Server, &"x".repeat(length));
    });
    talk.end(Ending::Open);
    let [client, sizes] = &summary.sizes;
    assert!(client.is_empty() && client.doubling().is_empty());
    assert_eq!((client.min(), client.at(0.5), client.max(), client.mean()), (0, 0, 0, 0));
    assert_eq!((sizes.count(), sizes.min(), sizes.at(0.5), sizes.at(0.9), sizes.max()), (100, 1, 50, 90, 100));
    let bins: Vec<(u64, u64, u64)> = sizes.doubling().iter().map(|bin| (bin.from, bin.to, bin.count)).collect();
    assert_eq!(bins, [(1, 2, 1), (2, 4, 2), (4, 8, 4), (8, 16, 8), (16, 32, 16), (32, 64, 32), (64, 128, 37)]);
    let between = &summary.between[1];
    assert_eq!((between.count(), between.min(), between.max()), (99, 10_000_000, 10_000_000));
    assert_eq!(between.decimal().len(), 1);
}
