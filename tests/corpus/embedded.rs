//! The corpus in the binary is whole, and says of every case what it has to.

use std::collections::BTreeMap;
use std::path::Path;

use wslab::conform::{Closer, Corpus, Expected, Id, Payload, Step};
use wslab::proto::Level;
use wslab::wire::{CloseCode, Opcode};

fn ids(prefix: &str) -> Vec<String> {
    let cases = Corpus::embedded().cases;
    cases.iter().filter(|case| case.id.starts_with(prefix)).map(|case| case.id.to_string()).collect()
}

#[test]
fn every_section_has_the_cases_of_autobahn() {
    let mut sections: BTreeMap<Id, usize> = BTreeMap::new();
    for case in Corpus::embedded().cases {
        let section = case.id.parts().next().expect("a part").parse().expect("an id");
        *sections.entry(section).or_default() += 1;
    }
    let counts: Vec<_> = sections.iter().map(|(id, count)| (id.as_str(), *count)).collect();
    let wanted = [
        ("1", 16),
        ("2", 11),
        ("3", 7),
        ("4", 10),
        ("5", 20),
        ("6", 145),
        ("7", 37),
        ("9", 54),
        ("10", 1),
        ("12", 90),
        ("13", 126),
    ];
    assert_eq!(counts, wanted);
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), 517);
}

#[test]
fn every_part_counts_its_cases_from_one() {
    let parts = [
        ("1.1", 8),
        ("1.2", 8),
        ("2", 11),
        ("3", 7),
        ("4.1", 5),
        ("4.2", 5),
        ("5", 20),
        ("6.1", 3),
        ("6.2", 4),
        ("6.3", 2),
        ("6.4", 4),
        ("6.5", 5),
        ("6.6", 11),
        ("6.7", 4),
        ("6.8", 2),
        ("6.9", 4),
        ("6.10", 3),
        ("6.11", 5),
        ("6.12", 8),
        ("6.13", 5),
        ("6.14", 10),
        ("6.15", 1),
        ("6.16", 3),
        ("6.17", 5),
        ("6.18", 5),
        ("6.19", 5),
        ("6.20", 7),
        ("6.21", 8),
        ("6.22", 34),
        ("6.23", 7),
        ("7.1", 6),
        ("7.3", 6),
        ("7.5", 1),
        ("7.7", 13),
        ("7.9", 9),
        ("7.13", 2),
        ("9.1", 6),
        ("9.2", 6),
        ("9.3", 9),
        ("9.4", 9),
        ("9.5", 6),
        ("9.6", 6),
        ("9.7", 6),
        ("9.8", 6),
        ("10.1", 1),
        ("12.1", 18),
        ("12.2", 18),
        ("12.3", 18),
        ("12.4", 18),
        ("12.5", 18),
        ("13.1", 18),
        ("13.2", 18),
        ("13.3", 18),
        ("13.4", 18),
        ("13.5", 18),
        ("13.6", 18),
        ("13.7", 18),
    ];
    for (part, count) in parts {
        let wanted: Vec<_> = (1..=count).map(|number| format!("{part}.{number}")).collect();
        assert_eq!(ids(part), wanted);
    }
}

#[test]
fn cases_are_sorted_and_no_id_is_there_twice() {
    let corpus = Corpus::embedded();
    for pair in corpus.cases.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} comes before {}", pair[0].id, pair[1].id);
    }
}

#[test]
fn every_case_cites_a_clause_and_says_what_it_sends() {
    for case in Corpus::embedded().cases {
        assert!(!case.clauses.is_empty(), "{}", case.id);
        assert!(!case.expect.is_empty(), "{}", case.id);
        assert!(!case.close.codes.is_empty(), "{}", case.id);
        assert!(case.title.starts_with(|first: char| first.is_ascii_uppercase() || first == '1'), "{}", case.title);
        assert!(!case.title.ends_with('.') && !case.title.contains(['{', '}']), "{}", case.title);
        for rule in &case.rules {
            assert!(case.clauses.contains(&rule.clause()), "{} misses the clause of {rule:?}", case.id);
        }
    }
}

#[test]
fn no_two_cases_have_the_same_title() {
    let mut titles: BTreeMap<String, Id> = BTreeMap::new();
    for case in Corpus::embedded().cases {
        if let Some(first) = titles.insert(case.title.clone(), case.id.clone()) {
            // Autobahn sends these twice, so there is nothing by which to tell them apart.
            let twins = [("6.9.4", "6.11.4"), ("6.9.4", "6.11.4"), ("6.22.1", "6.23.6"), ("6.22.2", "6.23.7")];
            assert!(twins.contains(&(first.as_str(), case.id.as_str())), "{first} and {}: {}", case.id, case.title);
        }
    }
}

#[test]
fn every_case_belongs_to_a_section_that_has_a_title() {
    let corpus = Corpus::embedded();
    for case in &corpus.cases {
        let depth = case.id.parts().count();
        let titles: Vec<_> = corpus.sections_of(&case.id).map(|section| section.title.as_str()).collect();
        assert_eq!(titles.len(), depth - 1, "{}: {titles:?}", case.id);
    }
    let first: Vec<_> =
        corpus.sections.iter().take(3).map(|section| format!("{} {}", section.id, section.title)).collect();
    assert_eq!(first, ["1 Framing", "1.1 Text in one frame", "1.2 Binary in one frame"]);
}

#[test]
fn a_case_knows_where_it_stands() {
    let corpus = Corpus::embedded();
    let case = corpus.case("5.15").expect("a case");
    assert_eq!(&*case.source.file, "corpus/cases/05-fragmentation.toml");
    let text = include_str!("../../corpus/cases/05-fragmentation.toml");
    let lines: Vec<_> = text.lines().skip(case.source.line - 1).take(2).collect();
    assert_eq!(lines, ["[[case]]", "id = \"5.15\""]);
}

/// The embedded corpus is that of the folder: a file that nobody embeds would never run.
#[test]
fn every_file_of_the_folder_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let (folder, embedded) = (Corpus::read(&root).expect("a corpus"), Corpus::embedded());
    let listed = |corpus: &Corpus| corpus.cases.iter().map(|case| case.id.to_string()).collect::<Vec<_>>();
    assert_eq!(listed(&folder), listed(&embedded));
    assert_eq!(folder.sections, embedded.sections);
    let source = include_str!("../../src/conform/corpus.rs");
    for kind in ["cases", "payloads"] {
        let Ok(files) = root.join(kind).read_dir() else { continue };
        for file in files {
            let name = file.expect("an entry").file_name().into_string().expect("a name");
            assert!(source.contains(&format!("\"corpus/{kind}/{name}\"")), "{name} is not embedded");
        }
    }
}

/// Opcodes of the frames that the steps send, repetitions done once.
fn opcodes(steps: &[Step]) -> Vec<Opcode> {
    let mut opcodes = Vec::new();
    for step in steps {
        match step {
            Step::Frame(frame) => opcodes.push(frame.opcode),
            Step::Repeat { steps, .. } => opcodes.extend(self::opcodes(steps)),
            _ => {}
        }
    }
    opcodes
}

#[test]
fn section_6_wants_bad_text_refused_by_the_target_and_nothing_else() {
    for case in Corpus::embedded().cases.iter().filter(|case| case.id.starts_with("6")) {
        let message: Vec<u8> = case
            .send
            .iter()
            .filter_map(|step| match step {
                Step::Frame(frame) => Some(frame.payload.bytes()),
                Step::More(payload) => Some(payload.bytes()),
                _ => None,
            })
            .flatten()
            .collect();
        match case.close.by {
            Closer::Target => {
                assert!(std::str::from_utf8(&message).is_err(), "{} is good", case.id);
                assert!(case.close.wrong_end_fails && case.close.codes == [CloseCode::INVALID_DATA], "{}", case.id);
            }
            Closer::Either => panic!("{} is of either", case.id),
            Closer::Us => {
                assert!(std::str::from_utf8(&message).is_ok(), "{} is bad", case.id);
                let [only] = &case.expect[..] else { panic!("{} has alternatives", case.id) };
                assert_eq!(only.events, [Expected::Text(Payload::Bytes(message.into()))], "{}", case.id);
            }
        }
    }
}

#[test]
fn section_7_closes_by_itself_and_the_code_counts() {
    for case in Corpus::embedded().cases.iter().filter(|case| case.id.starts_with("7")) {
        assert_eq!(case.close.by, Closer::Us, "{}", case.id);
        assert!(case.close.wrong_code_fails || case.informational, "{}", case.id);
        let closes = opcodes(&case.send).contains(&Opcode::CLOSE);
        assert!(closes || case.id.as_str() == "7.1.1", "{} sends no close frame", case.id);
    }
    let informational: Vec<_> =
        Corpus::embedded().cases.iter().filter(|case| case.informational).map(|case| case.id.to_string()).collect();
    assert_eq!(informational, ["7.1.6", "7.13.1", "7.13.2"]);
}

#[test]
fn section_9_is_bulk_and_wants_back_what_it_sends() {
    for case in &Corpus::embedded().cases {
        let is_bulk = case.tags.iter().any(|tag| tag == "bulk");
        assert_eq!(is_bulk, ["9", "12", "13"].iter().any(|section| case.id.starts_with(section)), "{}", case.id);
        if case.id.starts_with("9") {
            assert_eq!(case.level, Level::Should, "{}", case.id);
            let sent = match &case.send[..] {
                [Step::Frame(frame)] => &frame.payload,
                [Step::Repeat { times: 1000, steps }] => match &steps[..] {
                    [Step::Frame(frame), Step::Await(_)] => &frame.payload,
                    other => panic!("{}: {other:?}", case.id),
                },
                other => panic!("{}: {other:?}", case.id),
            };
            let [only] = &case.expect[..] else { panic!("{} has alternatives", case.id) };
            let wanted = match &only.events[..] {
                [Expected::Repeat(1000, events)] => &events[0],
                events => &events[0],
            };
            let (Expected::Text(wanted) | Expected::Binary(wanted)) = wanted else { panic!("{}", case.id) };
            assert_eq!(wanted, sent, "{}", case.id);
        }
    }
}
