//! The corpus in the binary is whole, and says of every case what it has to.

use std::collections::BTreeMap;
use std::path::Path;

use wslab::conform::{Case, Closer, Corpus, Expected, Id, Payload, Step};
use wslab::proto::{Level, Role};
use wslab::wire::{CloseCode, Opcode};

/// The groups beyond Autobahn's sections, each with the file that it stands in.
const GROUPS: [(&str, &str); 14] = [
    ("hs", "20-opening-of-servers"),
    ("hc", "21-opening-of-clients"),
    ("mk", "22-masking"),
    ("ln", "23-lengths"),
    ("rs", "24-reserved-bits"),
    ("fr", "25-fragmentation"),
    ("ut", "26-utf8"),
    ("cl", "27-closing"),
    ("pp", "28-pings-and-pongs"),
    ("pn", "29-negotiation"),
    ("df", "30-compressed-data"),
    ("lm", "31-limits"),
    ("ct", "32-clients"),
    ("cb", "33-continuation-bytes"),
];

fn ids(prefix: &str) -> Vec<String> {
    let cases = Corpus::embedded().cases;
    cases.iter().filter(|case| case.id.starts_with(prefix)).map(|case| case.id.to_string()).collect()
}

/// The cases of Autobahn's sections, or the others.
fn autobahn(whether: bool) -> Vec<Case> {
    let is_number = |case: &Case| case.id.as_str().starts_with(|first: char| first.is_ascii_digit());
    Corpus::embedded().cases.into_iter().filter(|case| is_number(case) == whether).collect()
}

fn group(case: &Case) -> &str {
    case.id.parts().next().expect("a part")
}

#[test]
fn every_section_has_the_cases_of_autobahn() {
    let mut sections: BTreeMap<Id, usize> = BTreeMap::new();
    for case in autobahn(true) {
        let section = group(&case).parse().expect("an id");
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

/// Each group is a file of its own, and there are at least as many cases beyond Autobahn's as it has.
#[test]
fn every_other_case_belongs_to_a_group_that_stands_in_a_file() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for case in autobahn(false) {
        let Some((name, file)) = GROUPS.iter().find(|(name, _)| *name == group(&case)) else {
            panic!("{} is of no group", case.id)
        };
        assert_eq!(*case.source.file, format!("corpus/cases/{file}.toml"), "{}", case.id);
        *counts.entry((*name).to_owned()).or_default() += 1;
    }
    assert_eq!(counts.len(), GROUPS.len(), "{counts:?}");
    assert!(counts.values().all(|count| *count >= 20), "{counts:?}");
    let quick = autobahn(false).iter().filter(|case| !is_bulk(case)).count();
    assert!(quick >= 1000, "{quick}");
}

#[test]
fn every_case_with_an_opening_has_a_target_and_an_answer_to_compare_with() {
    let cases = Corpus::embedded().cases;
    let (openings, others): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.opening.is_some());
    assert!(openings.len() > 400, "{}", openings.len());
    let is_of = |case: &Case, wanted: fn(&Expected) -> bool| {
        case.expect.iter().flat_map(|alternative| &alternative.events).any(wanted)
    };
    for case in openings {
        assert!(case.target.is_some(), "{}", case.id);
        if case.target == Some(Role::Server) && !case.informational {
            let what = |event: &Expected| matches!(event, Expected::Answer(_) | Expected::End | Expected::Rest);
            assert!(is_of(case, what), "{} takes no answer", case.id);
        }
        if case.target == Some(Role::Client) {
            assert!(!is_of(case, |event| matches!(event, Expected::Answer(_))), "{}: clients answer nothing", case.id);
        }
    }
    for case in others {
        assert!(!is_of(case, |event| matches!(event, Expected::Answer(_))), "{} asks nothing", case.id);
    }
}

/// What comes beside a case is for servers, and what is waited for is not long.
#[test]
fn no_case_beyond_autobahns_waits_long() {
    for case in autobahn(false) {
        assert!(case.beside.is_none() || case.target == Some(Role::Server), "{}", case.id);
        assert!(case.patience.time.as_secs() <= 20 || is_bulk(&case), "{}: {:?}", case.id, case.patience.time);
    }
}

#[test]
fn the_rest_stands_last_in_an_alternative() {
    fn checks(events: &[Expected], may_end: bool, id: &Id) {
        for (index, event) in events.iter().enumerate() {
            match event {
                Expected::Rest => assert!(may_end && index + 1 == events.len(), "{id}"),
                Expected::Repeat(_, events) => checks(events, false, id),
                _ => {}
            }
        }
    }
    for case in Corpus::embedded().cases {
        for alternative in &case.expect {
            checks(&alternative.events, true, &case.id);
        }
        // An alternative behind one that takes everything would never be looked at.
        let open = case.expect.iter().position(|alternative| alternative.events == [Expected::Rest]);
        assert!(open.is_none_or(|open| open + 1 == case.expect.len()), "{}", case.id);
    }
}

fn is_bulk(case: &Case) -> bool {
    case.tags.iter().any(|tag| tag == "bulk")
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
        let begins = |first: char| first.is_ascii_uppercase() || first.is_ascii_digit();
        assert!(case.title.starts_with(begins), "{}", case.title);
        // A version that is cut short is quoted as it is.
        let ends = case.title.ends_with('.') && !case.title.ends_with(" HTTP/1.");
        assert!(!ends && !case.title.contains(['{', '}']), "{}", case.title);
        for rule in &case.rules {
            assert!(case.clauses.contains(&rule.clause()), "{} misses the clause of {rule:?}", case.id);
        }
    }
}

#[test]
fn no_two_cases_of_a_target_have_the_same_title() {
    let mut titles: BTreeMap<(String, bool), Id> = BTreeMap::new();
    for case in Corpus::embedded().cases {
        for role in [Role::Client, Role::Server].into_iter().filter(|role| case.target.is_none_or(|own| own == *role)) {
            if let Some(first) = titles.insert((case.title.clone(), role == Role::Client), case.id.clone()) {
                // Autobahn sends these twice, so there is nothing by which to tell them apart.
                let twins = [("6.9.4", "6.11.4"), ("6.22.1", "6.23.6"), ("6.22.2", "6.23.7")];
                assert!(twins.contains(&(first.as_str(), case.id.as_str())), "{first}, {}: {}", case.id, case.title);
            }
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
    for case in autobahn(true).iter().filter(|case| case.id.starts_with("6")) {
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
        autobahn(true).iter().filter(|case| case.informational).map(|case| case.id.to_string()).collect();
    assert_eq!(informational, ["7.1.6", "7.13.1", "7.13.2"]);
}

#[test]
fn section_9_is_bulk_and_wants_back_what_it_sends() {
    for case in &autobahn(true) {
        assert_eq!(is_bulk(case), ["9", "12", "13"].iter().any(|section| case.id.starts_with(section)), "{}", case.id);
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
