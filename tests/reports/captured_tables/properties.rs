//! Whatever is in a capture, programs read the same out of a table.

use proptest::prelude::*;
use wslab::capture::{Event, Sink as _, Table};
use wslab::report::captured::{CapturedTable, Format, Payload, Style};

use super::made::{connection, message};
use super::style;

/// A row of this table about what is told.
fn row(table: Table, format: Format, payload: Payload, event: &Event<'_>) -> String {
    let style = Style { payload, show_secrets: true, ..style(table, format) };
    let mut table = CapturedTable::new(style, Vec::new());
    table.take(event).unwrap();
    String::from_utf8(table.finish().unwrap()).unwrap()
}

/// What the cell of this name says in CSV and in JSON.
fn cell(table: Table, name: &str, payload: Payload, event: &Event<'_>) -> (String, serde_json::Value) {
    let text = row(table, Format::Csv, payload, event);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = reader.headers().unwrap().iter().position(|column| column == name).unwrap();
    let csv = reader.records().next().unwrap().unwrap()[column].to_owned();
    let text = row(table, Format::JsonLines, payload, event);
    assert_eq!(text.lines().count(), 1);
    (csv, serde_json::from_str::<serde_json::Value>(&text).unwrap()[name].clone())
}

/// Texts, many of them with what formats have to escape.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\",\\\\\r\n\t a-c\u{0}-\u{1f}…κ]{0,20}"]
}

proptest! {
    #[test]
    fn texts_are_read_as_they_were(url in texts(), agent in texts()) {
        let connection =
            wslab::capture::Connection { url: Some(url.clone()), agent: Some(agent.clone()), ..connection() };
        let closed = Event::Closed(&connection);
        for (name, text) in [("url", url), ("agent", agent)] {
            let (csv, json) = cell(Table::Connections, name, Payload::None, &closed);
            prop_assert_eq!(csv, text.clone());
            prop_assert_eq!(json, text);
        }
    }

    #[test]
    fn payloads_are_read_as_they_were(bytes: Vec<u8>, text in texts()) {
        let connection = connection();
        let lossy = String::from_utf8_lossy(&bytes).into_owned();
        let shown: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let wanted = [
            (Payload::Text, text.as_bytes(), text.clone()),
            (Payload::Text, &bytes[..], lossy),
            (Payload::Hex, &bytes[..], shown),
        ];
        for (payload, bytes, wanted) in wanted {
            let message = message(&connection, bytes);
            let (csv, json) = cell(Table::Messages, "payload", payload, &Event::Message(&message));
            prop_assert_eq!(csv, wanted.clone());
            prop_assert_eq!(json, wanted);
        }
    }

    #[test]
    fn a_row_for_people_is_one_line_of_bounded_length(url in texts(), bytes: Vec<u8>) {
        let connection = wslab::capture::Connection { url: Some(url), ..connection() };
        let message = message(&connection, &bytes);
        for (table, event) in [(Table::Connections, Event::Closed(&connection)), (Table::Messages, Event::Message(&message))] {
            let text = row(table, Format::Table, Payload::Text, &event);
            prop_assert_eq!(text.lines().count(), 2);
            let [titles, row] = text.lines().collect::<Vec<_>>()[..] else { unreachable!() };
            prop_assert!(row.chars().count() <= titles.chars().count() + 64, "{}", text);
        }
    }
}
