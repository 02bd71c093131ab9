//! What was sent in each interval.

use std::time::Duration;

use wslab::capture::{Event, Frame, Place, Sink as _, Table, Time};
use wslab::proto::Role;
use wslab::report::captured::{CapturedTable, Format, Style};
use wslab::wire::{Head, Opcode};

use super::made::{connection, frame};
use super::style;

const SECOND: i64 = 1_000_000_000;

fn table(interval: Option<Duration>) -> CapturedTable<Vec<u8>> {
    CapturedTable::new(Style { interval, ..style(Table::Rates, Format::Csv) }, Vec::new())
}

/// A frame at this time.
fn at(table: &mut CapturedTable<Vec<u8>>, time: i64) {
    let connection = connection();
    let place = Place { packet: 1, time: Some(Time(time)) };
    table.take(&Event::Frame(&Frame { place, ..frame(&connection, b"12345") })).unwrap();
}

fn rows(table: CapturedTable<Vec<u8>>) -> Vec<String> {
    let text = String::from_utf8(table.finish().unwrap()).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The frames of all rows.
fn frames(rows: &[String]) -> u64 {
    rows.iter().map(|row| row.split(',').nth(3).unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn frames_are_counted_in_their_interval() {
    let mut table = table(Some(Duration::from_millis(500)));
    for time in [0, SECOND / 2 - 1, SECOND / 2, 3 * SECOND, SECOND] {
        at(&mut table, time);
    }
    assert_eq!(
        rows(table),
        [
            "1970-01-01T00:00:00.000000000Z,0.5,client,2,2,22,10",
            "1970-01-01T00:00:00.500000000Z,0.5,client,1,1,11,5",
            "1970-01-01T00:00:01.000000000Z,0.5,client,1,1,11,5",
            "1970-01-01T00:00:03.000000000Z,0.5,client,1,1,11,5",
        ]
    );
}

#[test]
fn each_end_has_its_row_and_messages_count_at_their_last_frame() {
    let connection = connection();
    let mut table = table(Some(Duration::from_secs(1)));
    let mut take = |frame: Frame<'_>| table.take(&Event::Frame(&frame)).unwrap();
    let first = frame(&connection, b"12345");
    let place = Place { packet: 1, time: Some(Time(0)) };
    let head = |fin, opcode| Head { fin, ..Head::new(opcode, 200) };
    for head in [head(false, Opcode::TEXT), head(true, Opcode::PING), head(true, Opcode::CONTINUATION)] {
        take(Frame { place, from: Role::Server, head, ..first });
    }
    take(Frame { place, ..first });
    assert_eq!(
        rows(table),
        ["1970-01-01T00:00:00.000000000Z,1,client,1,1,11,5", "1970-01-01T00:00:00.000000000Z,1,server,3,1,612,600",]
    );
}

#[test]
fn rows_come_when_time_has_moved_on() {
    let mut out = Vec::new();
    let connection = connection();
    let style = Style { interval: Some(Duration::from_secs(1)), ..style(Table::Rates, Format::Csv) };
    let mut table = CapturedTable::new(style, &mut out);
    for second in 0..10 {
        let place = Place { packet: 1, time: Some(Time(second * SECOND)) };
        table.take(&Event::Frame(&Frame { place, ..frame(&connection, b"") })).unwrap();
    }
    assert_eq!(table.rows(), 8, "the last but one may still grow");
}

#[test]
fn what_comes_too_late_has_a_row_of_its_own() {
    let mut table = table(Some(Duration::from_secs(1)));
    for second in [0, 10, 0, 20] {
        at(&mut table, second * SECOND);
    }
    let rows = rows(table);
    assert_eq!((rows.len(), frames(&rows)), (4, 4), "{rows:?}");
}

#[test]
fn intervals_become_longer_when_there_are_too_many() {
    for (count, step, interval) in [
        (10, SECOND / 1000, "0.001"),
        (121, SECOND / 1000, "0.002"),
        (1_000, SECOND / 10, "1"),
        (10_000, SECOND, "120"),
        (10_000, 100_000 * SECOND, "11059200"),
    ] {
        let mut table = table(None);
        for number in 0..count {
            at(&mut table, number * step);
        }
        let rows = rows(table);
        assert_eq!(frames(&rows), count.unsigned_abs());
        assert!(rows.len() <= 120, "{}", rows.len());
        assert!(rows.iter().all(|row| row.split(',').nth(1) == Some(interval)), "{}", rows[0]);
    }
}

#[test]
fn a_clock_that_was_wrong_once_does_not_spoil_the_rest() {
    let mut table = table(None);
    at(&mut table, 0);
    for number in 0..100 {
        at(&mut table, 1_795_333_425 * SECOND + number * SECOND / 1000);
    }
    let rows = rows(table);
    assert_eq!(rows.len(), 101);
    assert!(rows.iter().all(|row| row.contains(",0.001,")), "{rows:?}");
}

#[test]
fn times_at_both_ends_of_the_world_are_times() {
    for interval in [None, Some(Duration::from_nanos(1)), Some(Duration::MAX)] {
        let mut table = table(interval);
        for time in [i64::MIN, i64::MAX, 0, -1, i64::MIN, i64::MAX] {
            at(&mut table, time);
        }
        assert_eq!(frames(&rows(table)), 6, "{interval:?}");
    }
}

#[test]
fn frames_without_a_time_are_counted_apart() {
    let connection = connection();
    let mut table = table(None);
    let place = Place { packet: 1, time: None };
    table.take(&Event::Frame(&Frame { place, ..frame(&connection, b"") })).unwrap();
    assert_eq!(table.untimed(), 1);
    assert_eq!(rows(table), [""; 0]);
}
