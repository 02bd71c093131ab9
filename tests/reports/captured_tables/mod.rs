//! Tables of what was found in a capture, from events made by hand.

mod made;
mod properties;
mod rates;

use std::io::{self, Write};

use wslab::capture::{Event, Filter, Sink as _, Table, Wants};
use wslab::report::captured::{CapturedTable, Format, Payload, Style};

use made::{connection, frame, message, tell};

fn style(table: Table, format: Format) -> Style {
    Style { table, format, payload: Payload::None, show_secrets: false, filter: None, interval: None }
}

/// What a table of this style says of some of everything.
fn told(style: Style) -> String {
    let mut table = CapturedTable::new(style, Vec::new());
    tell(&mut table);
    String::from_utf8(table.finish().unwrap()).unwrap()
}

#[test]
fn every_table_has_every_format() {
    for table in Table::ALL {
        let formats =
            [(Format::Table, "table"), (Format::Json, "json"), (Format::JsonLines, "jsonl"), (Format::Csv, "csv")];
        for (format, name) in formats {
            insta::assert_snapshot!(format!("{}.{name}", table.name()), told(style(table, format)));
        }
    }
}

#[test]
fn payloads_are_shown_in_every_way() {
    let mut shown = String::new();
    for payload in [Payload::Text, Payload::Hex, Payload::Base64, Payload::Sha256] {
        for table in [Table::Frames, Table::Messages] {
            for format in [Format::Table, Format::JsonLines, Format::Csv] {
                // A text with controls in it is no text for a snapshot.
                shown.push_str(&told(Style { payload, ..style(table, format) }).replace(is_odd, "¿"));
                shown.push('\n');
            }
        }
    }
    insta::assert_snapshot!(shown);
}

fn is_odd(character: char) -> bool {
    character != '\n' && character.is_control()
}

#[test]
fn every_format_of_a_table_has_the_same_cells() {
    for table in Table::ALL {
        let text = told(style(table, Format::Csv));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let array: Vec<serde_json::Value> = serde_json::from_str(&told(style(table, Format::Json))).unwrap();
        let lines = told(style(table, Format::JsonLines));
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(array, lines);
        assert_eq!(array.len(), rows.len());
        for (object, row) in array.iter().zip(rows) {
            let mut cells = Vec::new();
            for (name, value) in object.as_object().unwrap() {
                match (name.as_str(), value.as_object()) {
                    ("close", Some(parts)) => {
                        cells.extend(parts.iter().map(|(part, value)| (format!("close_{part}"), cell(value))));
                    }
                    ("close", None) => {
                        cells.extend(["by", "code", "reason"].map(|part| (format!("close_{part}"), String::new())));
                    }
                    _ => cells.push((name.clone(), cell(value))),
                }
            }
            let row: Vec<_> = names.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
            assert_eq!(cells, row, "{}", table.name());
        }
    }
}

/// A value as it stands in CSV.
fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[test]
fn a_table_of_nothing_is_a_table() {
    for (format, text) in [(Format::Json, "[]\n"), (Format::JsonLines, "")] {
        let table = CapturedTable::new(style(Table::Frames, format), Vec::new());
        assert_eq!(String::from_utf8(table.finish().unwrap()).unwrap(), text);
    }
    for format in [Format::Csv, Format::Table] {
        let table = CapturedTable::new(style(Table::Frames, format), Vec::new());
        assert_eq!(String::from_utf8(table.finish().unwrap()).unwrap().lines().count(), 1);
    }
}

#[test]
fn only_what_is_needed_is_wanted() {
    let wants = |table, payload| CapturedTable::new(Style { payload, ..style(table, Format::Csv) }, io::sink()).wants();
    let nothing = Wants::default();
    let messages = Wants { messages: true, ..nothing };
    for (table, wanted) in [
        (Table::Frames, nothing),
        (Table::Rates, nothing),
        (Table::RoundTrips, nothing),
        (Table::Notes, nothing),
        (Table::Messages, messages),
        (Table::Connections, messages),
        (Table::Violations, messages),
    ] {
        assert_eq!(wants(table, Payload::None), wanted, "{}", table.name());
    }
    assert_eq!(wants(Table::Frames, Payload::Hex), Wants { frame_payloads: true, ..nothing });
    assert_eq!(wants(Table::Messages, Payload::Hex), messages);
}

#[test]
fn secrets_are_shown_only_if_that_is_asked_for() {
    let hidden = told(style(Table::Connections, Format::Csv));
    assert!(hidden.contains("/chat?room=1&token=…") && !hidden.contains("abc123"), "{hidden}");
    let shown = told(Style { show_secrets: true, ..style(Table::Connections, Format::Csv) });
    assert!(shown.contains("/chat?room=1&token=abc123"), "{shown}");
}

#[test]
fn tokens_in_payloads_shown_as_text_are_masked_unless_secrets_are_shown() {
    let known = connection();
    let token = format!("eyJhbGci.eyJzdWIi.{}", "c2VzYW1l".repeat(50));
    for bytes in [format!("a {token} b").into_bytes(), [token.as_bytes(), b" \xff"].concat()] {
        for (table, format) in [Table::Frames, Table::Messages].into_iter().flat_map(|table| {
            [Format::Table, Format::Json, Format::JsonLines, Format::Csv].map(|format| (table, format))
        }) {
            let shown = |payload, show_secrets| {
                let style = Style { payload, show_secrets, ..style(table, format) };
                let mut table = CapturedTable::new(style, Vec::new());
                table.take(&Event::Frame(&frame(&known, &bytes))).unwrap();
                table.take(&Event::Message(&message(&known, &bytes))).unwrap();
                String::from_utf8(table.finish().unwrap()).unwrap()
            };
            let hidden = shown(Payload::Text, false);
            assert!(!hidden.contains("eyJ") && !hidden.contains("c2Vz"), "{hidden}");
            assert!(hidden.contains("a … b") || hidden.contains("… \u{fffd}"), "what is behind it is shown: {hidden}");
            assert!(shown(Payload::Text, true).contains("eyJhbGci.eyJz"));
            assert_eq!(shown(Payload::Hex, false), shown(Payload::Hex, true));
        }
    }
}

#[test]
fn nothing_in_a_table_for_people_acts_on_a_terminal() {
    let mut evil = connection();
    evil.url = Some("/\u{1b}]0;title\u{7}\r\n\u{202e}\u{9b}2J".to_owned());
    let mut table = CapturedTable::new(style(Table::Connections, Format::Table), Vec::new());
    table.take(&Event::Closed(&evil)).unwrap();
    let text = String::from_utf8(table.finish().unwrap()).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains(|character: char| character != '\n' && character.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
}

/// Takes so many bytes.
struct Pipe(usize);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_is_told() {
    let connection = connection();
    let frame = frame(&connection, b"");
    let mut table = CapturedTable::new(style(Table::Frames, Format::Csv), Pipe(100_000));
    let broken = (0..1_000_000).find_map(|_| table.take(&Event::Frame(&frame)).err());
    assert_eq!(broken.map(|error| error.kind()), Some(io::ErrorKind::BrokenPipe));
    let table = CapturedTable::new(style(Table::Frames, Format::Csv), Pipe(0));
    assert_eq!(table.finish().err().map(|error| error.kind()), Some(io::ErrorKind::BrokenPipe));
}

#[test]
fn what_is_gathered_can_be_written_at_any_time() {
    let connection = connection();
    let mut out = Vec::new();
    let mut table = CapturedTable::new(style(Table::Frames, Format::JsonLines), &mut out);
    table.take(&Event::Frame(&frame(&connection, b""))).unwrap();
    assert_eq!(table.rows(), 1);
    table.flush().unwrap();
    drop(table);
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn only_what_the_filter_wants_has_a_row() {
    let rows = |table, text| {
        let filter = Some(Filter::parse(text, table).unwrap());
        told(Style { filter, ..style(table, Format::JsonLines) }).lines().count()
    };
    assert_eq!(rows(Table::Frames, "connection == 3"), 3);
    assert_eq!(rows(Table::Frames, "opcode == text || code == 1000"), 2);
    assert_eq!(rows(Table::Frames, "payload contains world"), 1);
    assert_eq!(rows(Table::Messages, "opaque"), 1);
    assert_eq!(rows(Table::Connections, "guessed"), 1);
    assert_eq!(rows(Table::Violations, "rule == InvalidUtf8"), 1);
    assert_eq!(rows(Table::Rates, "direction == client"), 2);
    assert_eq!(rows(Table::RoundTrips, "rtt > 1s"), 1);
    assert_eq!(rows(Table::Notes, "kind == lost"), 1);
}

#[test]
fn what_the_filter_needs_is_wanted() {
    let filter = Filter::parse("payload contains x", Table::Frames).ok();
    let table = CapturedTable::new(Style { filter, ..style(Table::Frames, Format::Csv) }, io::sink());
    assert_eq!(table.wants(), Wants { frame_payloads: true, messages: false });
}
