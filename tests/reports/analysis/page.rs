//! The page of a capture.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use wslab::capture::{Close, NoteKind, Sink};
use wslab::proto::{Role, Rule};
use wslab::report::captured::{Look, Summary, html, text};
use wslab::wire::CloseCode;

use super::made::{Talk, four_hundred, note, one, three};
use super::screen::summary;

/// What stands between the body's tags, without the script; charts only as far as their first shape, an element a line.
fn body(page: &str) -> String {
    let from = page.find("<body>").unwrap();
    let to = page.rfind("<script>").unwrap();
    let mut text = String::new();
    for part in page[from..to].split("<g>") {
        // The first part of a chart is kept, the rest is how it goes on behind the chart.
        text.push_str(part.find("</g>").map_or(part, |end| &part[end + 4..]));
    }
    text.replace("><", ">\n<")
}

/// Checks that every element is closed where it was opened.
#[track_caller]
fn well_formed(page: &str) {
    const VOID: [&[u8]; 2] = [b"meta", b"input"];
    let mut text = page.replacen("<!DOCTYPE html>", "", 1);
    for element in ["style", "script"] {
        // What stands in them is no markup, as far as their own end.
        let from = text.find(&format!("<{element}>")).unwrap();
        let to = from + text[from..].find(&format!("</{element}>")).unwrap();
        text.replace_range(from + element.len() + 2..to, "");
    }
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    let mut open: Vec<Vec<u8>> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(element) if VOID.contains(&element.name().as_ref()) => {}
            Xml::Start(element) => open.push(element.name().as_ref().to_vec()),
            Xml::End(element) => assert_eq!(open.pop().as_deref(), Some(element.name().as_ref())),
            Xml::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_of_one_connection() {
    insta::assert_snapshot!(body(&html(&summary(one), "one.pcapng")));
}

#[test]
fn the_page_of_three_connections_with_faults_and_gaps() {
    insta::assert_snapshot!(body(&html(&summary(three), "three.pcapng")));
}

#[test]
fn every_page_is_well_formed() {
    let nothing: fn(&mut dyn Sink) = |_| ();
    for tell in [nothing, one, three, four_hundred] {
        let page = html(&summary(tell), "a.pcap, b.pcap");
        well_formed(&page);
        for word in ["http://", "<link", "@import", "url(", " src=", "onclick", "sesame"] {
            assert!(!page.contains(word), "{word}");
        }
    }
    assert_eq!(html(&summary(four_hundred), "").matches("<tr id=\"c").count(), 400);
}

#[test]
#[should_panic(expected = "assertion")]
fn a_page_that_is_not_well_formed_is_found() {
    well_formed("<html><style></style><script></script><p><b></p></b></html>");
}

#[test]
fn a_page_has_the_connections_that_matter_and_counts_the_others() {
    let mut summary = Summary::new(false);
    for number in 0..3000 {
        let mut talk = Talk::new(number, &mut summary);
        talk.open();
        if number == 2500 {
            talk.broken(Role::Client, Rule::Unmasked);
        }
        talk.close(Role::Client, 1000, "");
    }
    let page = html(&summary, "");
    assert_eq!(page.matches("<tr id=\"c").count(), 2000);
    assert!(page.contains("id=\"c2500\"") && page.contains("1000 more were counted"));
}

/// Text as somebody could write it who wants to harm.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = vec![
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "<!--",
        "</script>",
        "</style>",
        "<img src=x onerror=alert(1)>",
        "\u{1b}[2J",
        "\r",
        "\n",
        "\t",
        "\u{9b}",
        "\u{202e}",
        "\u{2028}",
        "\u{0}",
        "\u{7f}",
        "…",
        "κόσμε",
        "漢字",
        " ",
        "?token=sesame&",
        "%",
    ];
    let piece = prop_oneof![any::<char>().prop_map(String::from), prop::sample::select(pieces).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// A summary in which every text that an end or a reader could have written is one of these.
fn of_words(words: &[String]) -> Summary {
    let mut summary = Summary::new(true);
    let word = |index: usize| words[index % words.len()].clone();
    for number in 0..5 {
        let mut talk = Talk::new(number, &mut summary);
        let connection = &mut talk.connection;
        (connection.url, connection.host, connection.origin) = (Some(word(0)), Some(word(1)), Some(word(2)));
        (connection.agent, connection.subprotocol) = (Some(word(3)), Some(word(4)));
        (connection.extensions, connection.tls) = (Some(word(5)), Some(word(6)));
        talk.open();
        talk.connection.close = Some(Close { by: Role::Server, code: Some(CloseCode(4000)), reason: word(7) });
        talk.note(NoteKind::NotRead { what: &word(8) }).end(wslab::capture::Ending::Finished(Role::Server));
    }
    Talk::new(5, &mut summary).refuse(418, &word(9));
    note(&mut summary, 9, NoteKind::Encrypted { why: &word(10) });
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_words_become_markup_or_reach_a_terminal(words in prop::collection::vec(hostile(), 1..12)) {
        let summary = of_words(&words);
        let page = html(&summary, &words[0]);
        well_formed(&page);
        prop_assert_eq!(page.matches("<script").count(), 1);
        prop_assert_eq!(page.matches("<img").count(), 0);
        for width in [40, 80, 120] {
            for unicode in [true, false] {
                let text = text(&summary, &Look { width, color: false, unicode });
                for line in text.lines() {
                    prop_assert!(!line.contains(|c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}')), "{:?}", line);
                    prop_assert!(console::measure_text_width(line) <= width, "{:?}", line);
                }
            }
        }
    }
}
