//! Recordings: written, read, cut at any byte, damaged.

use wslab::report::{Fold, Recording, Replayed, replay};
use wslab::watch::{Event, Sink as _};

use crate::course::{every_verdict, fold};

fn recorded(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut recording = Recording::new(&mut bytes);
    events.iter().for_each(|event| recording.take(event).unwrap());
    bytes
}

fn read(bytes: &[u8]) -> Result<(Replayed, Vec<Event>), String> {
    let mut events = Vec::new();
    let replayed = replay("run.jsonl", bytes, &mut events).map_err(|error| error.to_string())?;
    Ok((replayed, events))
}

#[test]
fn what_is_read_is_what_was_written() {
    let events = every_verdict();
    let bytes = recorded(&events);
    assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), events.len());
    let (replayed, again) = read(&bytes).unwrap();
    assert_eq!(replayed, Replayed { events: events.len() as u64, cut: false });
    assert_eq!(fold(&again), fold(&events));
    let mut fold_of_it = Fold::default();
    replay("", bytes.as_slice(), &mut fold_of_it).unwrap();
    assert_eq!(fold_of_it.finish(), fold(&events));
}

#[test]
fn a_recording_can_end_anywhere_behind_its_plan() {
    let events = every_verdict();
    let bytes = recorded(&events);
    let plan = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for end in plan..bytes.len() {
        let (replayed, kept) = read(&bytes[..end]).unwrap();
        let whole = bytes[..end].iter().filter(|&&byte| byte == b'\n').count();
        // An event that lacks but the end of its line is whole.
        assert!(kept.len() == whole || (kept.len() == whole + 1 && !replayed.cut), "{end}");
        assert_eq!(replayed.cut, kept.len() == whole && bytes[end - 1] != b'\n', "{end}");
    }
}

#[test]
fn what_is_damaged_is_told_by_line_and_column() {
    let good = String::from_utf8(recorded(&every_verdict()[1..2])).unwrap();
    let wrong = |text: &str| read(text.as_bytes()).unwrap_err();
    let all = [
        wrong("{"),
        wrong("PNG\n"),
        wrong(&format!("{good}{{\"at\":1}}\n{good}")),
        wrong(&format!("{good}\n\n{}\n", good.trim_end().replace("case-started", "case-begun"))),
        wrong(&format!("{good}{}", good.replace("1.1.1", "\u{1b}"))),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    run.jsonl:1:1: this is no event of a recording: EOF while parsing an object
    run.jsonl:1:1: this is no event of a recording: expected value
    run.jsonl:2:7: this is no event of a recording: invalid type: integer `1`, expected a timestamp string
    run.jsonl:4:49: this is no event of a recording: unknown variant `case-begun`, expected one of `run-started`, `case-started`, `case-retried`, `case-finished`, `unreachable`, `run-finished`
    run.jsonl:2:62: this is no event of a recording: control character (\u0000-\u001F) found while parsing a string
    ");
}

#[test]
fn nothing_is_a_recording_too() {
    assert_eq!(read(b"").unwrap().0, Replayed { events: 0, cut: false });
    assert_eq!(read(b"\n\n").unwrap().0.events, 0);
}

#[test]
fn a_full_disk_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(Recording::new(Full).take(&every_verdict()[0]).is_err());
}
