//! Every format of one run that has every verdict and hostile text: as it stands, and what must not be in it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use wslab::report::{Report, annotations, csv, html, json, junit, markdown};
use wslab::watch::{Event, Kind, Outcome, Trouble, Verdict};

use crate::course::{HOSTILE, earlier, event, every_verdict, fold, plan, tested};
use crate::folding::everything;
use crate::made::{case, outcome};

fn compared() -> Report {
    fold(&every_verdict()).compared_with(&fold(&earlier()))
}

/// A run of one case that never had a connection, for this reason, by an agent of this name.
fn one(words: &str) -> Report {
    let mut brief = case("5.1");
    brief.title = words.to_owned();
    let mut events = vec![event(0, Kind::RunStarted(plan(&[brief])))];
    events.extend(tested(1, outcome("5.1", Verdict::Broken(Trouble::Target(words.to_owned())), None)));
    let agent = |event| Event { agent: Some(words.to_owned()), ..event };
    fold(&events.into_iter().map(agent).collect::<Vec<_>>())
}

#[test]
fn report_json() {
    insta::assert_snapshot!(json(&compared()));
}

#[test]
fn cases_csv() {
    insta::assert_snapshot!(csv(&compared()));
}

#[test]
fn junit_xml() {
    insta::assert_snapshot!(junit(&compared()));
}

#[test]
fn summary_md() {
    insta::assert_snapshot!(markdown(&compared()));
}

#[test]
fn github() {
    insta::assert_snapshot!(annotations(&compared()));
}

/// The page without its style and script, an element a line.
fn body(page: &str) -> String {
    let from = page.find("<body>").unwrap();
    let to = page.rfind("<script>").unwrap();
    page[from..to].replace("><", ">\n<")
}

#[test]
fn index_html() {
    insta::assert_snapshot!(body(&html(&compared())));
}

#[test]
fn a_page_of_several_agents_has_them_side_by_side() {
    let events = ["tungstenite", "ws"].into_iter().flat_map(|agent| {
        let events = if agent == "ws" { every_verdict() } else { earlier() };
        events.into_iter().map(move |event| Event { agent: Some(agent.to_owned()), ..event })
    });
    let page = html(&fold(&events.collect::<Vec<_>>()));
    let overview = page.split("<article").next().unwrap();
    insta::assert_snapshot!(body(&format!("{overview}<script>")));
    assert!(page.contains("id=\"1.1.2\"") && page.contains("id=\"2:1.1.2\""));
}

#[test]
fn no_run_is_something_to_render_too() {
    let nothing = Report::default();
    assert_eq!(annotations(&nothing), "");
    assert!(html(&nothing).contains("No run is recorded."));
    assert_eq!(csv(&nothing).lines().count(), 1);
    valid_junit(&junit(&nothing));
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = html(&compared());
    for word in ["http://", "https://", "<link", "@import", "url(", " src=", "onclick"] {
        // Text of the target is shown, but as text.
        let found = page.matches(word).count();
        let shown = if word == " src=" { HOSTILE.matches(word).count() * page.matches("&lt;img").count() } else { 0 };
        assert_eq!(found, shown, "{word}");
    }
}

#[test]
fn secrets_of_a_recording_are_not_rendered() {
    assert!(!everything(&compared()).contains("sesame"));
}

/// What must not be in any format as it is.
const FORBIDDEN: [char; 5] = ['\u{1b}', '\u{0}', '\u{202e}', '\u{fffe}', '\r'];

#[test]
fn nothing_acts_and_nothing_deceives() {
    let report = compared();
    for (name, text) in [
        ("html", html(&report)),
        ("junit", junit(&report)),
        ("markdown", markdown(&report)),
        ("csv", csv(&report)),
        ("annotations", annotations(&report)),
    ] {
        assert!(!text.contains(FORBIDDEN), "{name}");
        assert!(text.contains("κόσμε"), "{name} keeps what people write");
    }
    assert_eq!(html(&report).matches("<script").count(), 1);
    assert!(!html(&report).contains("<img"));
    assert_eq!(annotations(&report).lines().filter(|line| !line.starts_with("::")).count(), 0);
    let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(value["runs"][0]["cases"][0]["title"], format!("A title {HOSTILE}"), "JSON keeps everything");
}

/// Checks what `junit-10.xsd` of Jenkins says: which elements may be where, with which attributes.
#[track_caller]
fn valid_junit(text: &str) {
    /// Required attributes, further ones, children.
    type Element = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);
    const RERUN: Element = (&["type"], &["message"], &["stackTrace", "system-out", "system-err"]);
    const RESULT: Element = (&[], &["type", "message"], &[]);
    const TEXT: Element = (&[], &[], &[]);
    let schema: BTreeMap<&str, Element> = BTreeMap::from([
        ("", (&[][..], &[][..], &["testsuites"][..])),
        ("testsuites", (&[], &["name", "time", "tests", "failures", "errors"], &["testsuite"])),
        (
            "testsuite",
            (
                &["name", "tests", "failures", "errors"],
                &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
                &["testsuite", "properties", "testcase", "system-out", "system-err"],
            ),
        ),
        ("properties", (&[], &[], &["property"])),
        ("property", (&["name", "value"], &[], &[])),
        (
            "testcase",
            (
                &["name"],
                &["time", "classname", "group"],
                &[
                    "skipped",
                    "error",
                    "failure",
                    "rerunFailure",
                    "rerunError",
                    "flakyFailure",
                    "flakyError",
                    "system-out",
                    "system-err",
                ],
            ),
        ),
        ("skipped", RESULT),
        ("error", RESULT),
        ("failure", RESULT),
        ("rerunFailure", RERUN),
        ("rerunError", RERUN),
        ("flakyFailure", RERUN),
        ("flakyError", RERUN),
        ("stackTrace", TEXT),
        ("system-out", TEXT),
        ("system-err", TEXT),
    ]);
    let is_xml = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_xml));
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = vec![String::new()];
    loop {
        let event = reader.read_event().unwrap();
        if let Xml::Start(element) | Xml::Empty(element) = &event {
            let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
            let parent = schema[open.last().unwrap().as_str()];
            assert!(parent.2.contains(&name.as_str()), "{name} in {open:?}");
            let (required, further, _) = schema[name.as_str()];
            let attributes: Vec<String> = element
                .attributes()
                .map(|attribute| String::from_utf8(attribute.unwrap().key.as_ref().to_vec()).unwrap())
                .collect();
            assert!(required.iter().all(|name| attributes.iter().any(|has| has == name)), "{name}: {attributes:?}");
            for attribute in &attributes {
                assert!(
                    required.contains(&attribute.as_str()) || further.contains(&attribute.as_str()),
                    "{name} {attribute}"
                );
            }
            if matches!(event, Xml::Start(_)) {
                open.push(name);
            }
        } else if let Xml::End(_) = event {
            open.pop();
        } else if let Xml::Eof = event {
            break;
        }
    }
    assert_eq!(open.len(), 1);
}

#[test]
fn junit_obeys_its_schema() {
    valid_junit(&junit(&compared()));
    let failed = outcome("5.1", Verdict::Failed(Vec::new()), None);
    let mut events = vec![event(0, Kind::RunStarted(plan(&[case("5.1")])))];
    events.push(event(1, Kind::CaseRetried(Box::new(failed.clone()))));
    events.push(event(1, Kind::CaseRetried(Box::new(outcome("5.1", Verdict::Broken(Trouble::Refused), None)))));
    events.extend(tested(2, Outcome { attempts: 3, ..failed }));
    let text = junit(&fold(&events));
    valid_junit(&text);
    assert!(text.contains("<rerunFailure") && text.contains("<rerunError"), "{text}");
}

#[test]
#[should_panic(expected = "skipped in")]
fn the_schema_is_checked() {
    valid_junit("<testsuites><skipped/></testsuites>");
}

/// Text as a target could write it: of everything that some format acts on, much.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "<",
            ">",
            "&",
            "\"",
            "'",
            "]]>",
            "<!--",
            "::",
            "\n",
            "\r",
            "%",
            ",",
            ";",
            "=",
            "@",
            "```",
            "|",
            "\\",
            "\u{1b}",
            "</script>",
            "</details>",
            "<![CDATA[",
            "\u{85}",
            "\u{2028}",
            "\u{fffe}",
            "{case}",
            "-",
            "+",
            "\t",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_stays_text(words in text()) {
        let (plain, report) = (one("plain"), one(&words));
        // However it reads, the page has the same elements.
        let elements = |page: &str| page.matches('<').count();
        prop_assert_eq!(elements(&html(&report)), elements(&html(&plain)));
        valid_junit(&junit(&report));
        prop_assert_eq!(annotations(&report).lines().count(), annotations(&plain).lines().count());
        prop_assert!(annotations(&report).starts_with("::error title="));
        let text = csv(&report);
        let mut rows = ::csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), 1);
        for cell in rows.iter().flatten() {
            prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
        let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
        prop_assert_eq!(value["runs"][0]["agent"].as_str(), Some(words.as_str()));
    }
}
