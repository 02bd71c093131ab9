//! What the generator makes.

use bytes::Bytes;
use wslab::conform::fuzz::{Choice, End, Generator, Session, case_of, predict};
use wslab::conform::parse::{Payloads, parse};
use wslab::conform::{Case, Source, Step};
use wslab::proto::Rule;
use wslab::wire::{CloseBody, Opcode};

struct NoFiles;

impl Payloads for NoFiles {
    fn payload(&self, _: &str) -> Result<Bytes, String> {
        Err("is not there".to_owned())
    }
}

fn told(case: &Case) -> String {
    let source = Source { file: "t.toml".into(), line: 1 };
    format!("{:?}", Case { source, ..case.clone() })
}

fn sessions(seed: u64, choice: Choice, count: u64) -> Vec<String> {
    let generator = Generator::new(seed, choice);
    (0..count).map(|number| format!("{:?}", generator.session(number).map(|grown| grown.session()))).collect()
}

#[test]
fn a_seed_gives_the_same_sessions_and_another_seed_others() {
    let all = Choice::default();
    assert_eq!(sessions(7, all, 40), sessions(7, all, 40));
    assert_ne!(sessions(7, all, 40), sessions(8, all, 40));
}

#[test]
fn a_session_hangs_on_its_number_alone() {
    let generator = Generator::new(7, Choice::default());
    let alone = format!("{:?}", generator.session(39).map(|grown| grown.session()));
    assert_eq!(sessions(7, Choice::default(), 40).last(), Some(&alone));
}

#[test]
fn legal_sessions_are_legal_and_illegal_ones_are_not() {
    let legal = Generator::new(1, Choice { illegal: false, ..Choice::default() });
    let illegal = Generator::new(1, Choice { legal: false, ..Choice::default() });
    for number in 0..600 {
        let of = |generator: &Generator| generator.session(number).and_then(|grown| predict(&grown.session()));
        if let Some(prediction) = of(&legal) {
            assert!(!matches!(prediction.end, End::Failed { .. }), "{number}: {prediction:?}");
        }
        if let Some(prediction) = of(&illegal) {
            assert!(matches!(prediction.end, End::Failed { .. }), "{number}: {prediction:?}");
        }
    }
}

#[test]
fn nearly_all_of_them_can_be_foretold() {
    let generator = Generator::new(2, Choice::default());
    let unforetold = (0..1000)
        .filter(|number| generator.session(*number).is_none_or(|grown| case_of(&grown.session(), "f.1").is_none()));
    assert!(unforetold.count() < 30);
}

/// How often sessions of this choice send a close code that was registered after RFC 6455, of which no clause says that a
/// receiver has to know it (section 7.4.2).
fn registered_later(choice: Choice) -> usize {
    let generator = Generator::new(10, choice);
    let steps = (0..2000).filter_map(|number| generator.session(number)).flat_map(|grown| grown.session().steps);
    let is_later = |step: &Step| match step {
        Step::Frame(frame) if frame.opcode == Opcode::CLOSE => {
            matches!(CloseBody::parse(&frame.payload.bytes()), CloseBody::Status(code, _) if (1012..=1014).contains(&code.0))
        }
        _ => false,
    };
    steps.filter(is_later).count()
}

#[test]
fn codes_registered_after_rfc_6455_are_sent_to_the_strict_alone() {
    assert_eq!(registered_later(Choice::default()), 0);
    assert_ne!(registered_later(Choice { strict: true, ..Choice::default() }), 0);
}

/// How often a close frame comes between the fragments of a message.
fn closed_inside(choice: Choice) -> usize {
    let generator = Generator::new(12, choice);
    let sessions = (0..1000).filter_map(|number| generator.session(number)).map(|grown| grown.session());
    let is_inside = |session: &Session| {
        let is_begun = |step: &Step| matches!(step, Step::Frame(frame) if !frame.fin && frame.opcode == Opcode::TEXT);
        let is_close = |step: &Step| matches!(step, Step::Frame(frame) if frame.opcode == Opcode::CLOSE);
        session.steps.windows(2).any(|steps| is_begun(&steps[0]) && is_close(&steps[1]))
    };
    sessions.filter(is_inside).count()
}

#[test]
fn close_frames_come_between_fragments_for_the_strict_alone() {
    let legal = Choice { illegal: false, ..Choice::default() };
    assert_eq!(closed_inside(legal), 0);
    assert_ne!(closed_inside(Choice { strict: true, ..legal }), 0);
}

#[test]
fn sessions_end_in_every_way() {
    let generator = Generator::new(11, Choice { illegal: false, strict: true, ..Choice::default() });
    let ends = (0..1000).filter_map(|number| predict(&generator.session(number)?.session()).map(|told| told.end));
    let ends: Vec<End> = ends.collect();
    for is in [
        |end: &End| matches!(end, End::Open),
        |end: &End| matches!(end, End::Closed { .. }),
        |end: &End| matches!(end, End::Left),
        |end: &End| matches!(end, End::Reset),
    ] {
        assert!(ends.iter().any(is));
    }
}

#[test]
fn every_fault_that_a_frame_can_have_is_made() {
    let generator = Generator::new(3, Choice { legal: false, strict: true, ..Choice::default() });
    let mut missing = vec![
        Rule::ReservedBit,
        Rule::ReservedOpcode,
        Rule::Unmasked,
        Rule::LengthNotMinimal,
        Rule::LengthTopBit,
        Rule::ControlTooLong,
        Rule::ControlFragmented,
        Rule::NothingToContinue,
        Rule::MessageUnfinished,
        Rule::InvalidUtf8,
        Rule::CloseBodyStub,
        Rule::CloseCodeInvalid,
        Rule::CloseCodeReserved,
        Rule::CloseCodeUnassigned,
        Rule::CloseReasonNotUtf8,
        Rule::CompressedDataInvalid,
    ];
    for number in 0..1000 {
        let prediction = generator.session(number).and_then(|grown| predict(&grown.session()));
        if let Some(End::Failed { rules, .. }) = prediction.map(|prediction| prediction.end) {
            missing.retain(|rule| Some(rule) != rules.first());
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_session_is_read_as_the_case_that_it_is_written_as() {
    let generator = Generator::new(4, Choice { strict: true, ..Choice::default() });
    for number in 0..300 {
        let Some(case) = generator.session(number).and_then(|grown| case_of(&grown.session(), "fuzz.4.1")) else {
            continue;
        };
        let text = case.render();
        let read = parse("t.toml", &text, &NoFiles).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        assert_eq!(told(&read.cases[0]), told(&case), "{text}");
    }
}
