//! Whatever a run comes to: nothing is lost, a rewritten baseline holds, and no text makes the parser panic.

use proptest::prelude::*;
use proptest::sample::select;
use wslab::conform::Baseline;
use wslab::watch::{CloseVerdict, Outcome};

use crate::made::{broken, cases, failed, non_strict, not_run, ok};

const IDS: [&str; 8] = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2"];

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let close = select(vec![CloseVerdict::Ok, CloseVerdict::Ok, CloseVerdict::Unclean, CloseVerdict::WrongCode]);
    let one = (0..6_usize, close, 1..3_u32);
    prop::collection::vec(one, IDS.len()).prop_map(|all| {
        let made = IDS.iter().zip(all).map(|(id, (kind, close, attempts))| {
            let make = [ok, ok, failed, non_strict, broken, not_run][kind];
            Outcome { close, attempts, ..make(id) }
        });
        made.collect()
    })
}

fn text() -> impl Strategy<Value = String> {
    let pattern = select(vec!["1", "1.1", "1.2", "1.*", "2.?", "2.3", "3", "3.[12]", "*", "4.1", "hs"]);
    let verdict = select(vec![
        "verdict = \"failed\"",
        "verdict = \"non-strict\"",
        "verdict = \"ok\"\nclose = \"unclean\"",
        "verdict = \"failed\"\nflaky = true",
        "verdict = \"failed\"\nclose = \"wrong-code\" # so",
    ]);
    let lead = select(vec!["", "\n", "# about it\n", "\n# a part\n\n# about it\n"]);
    let entry = (lead, prop::collection::vec(pattern, 1..4), verdict).prop_map(|(lead, cases, verdict)| {
        let cases: Vec<String> = cases.iter().map(|case| format!("\"{case}\"")).collect();
        format!("{lead}[[known]]\ncases = [{}]\n{verdict}\nreason = \"so\"\n", cases.join(", "))
    });
    let head = select(vec!["", "# head\n\n", "# head\ntarget = \"x\"\n"]);
    let end = select(vec!["", "\n", "# end\n"]);
    (head, prop::collection::vec(entry, 0..5), end)
        .prop_map(|(head, entries, end)| format!("{head}{}{end}", entries.concat()))
}

proptest! {
    #[test]
    fn every_case_that_does_not_pass_is_known_or_new(outcomes in outcomes(), text in text(), strict: bool) {
        let findings = Baseline::parse("x", &text).unwrap().compare(&cases(&IDS), &outcomes, strict);
        let mut told: Vec<&str> = findings.known.iter().map(|(case, _)| case.as_str()).collect();
        told.extend(findings.new.iter().map(String::as_str));
        told.sort_unstable();
        let failed: Vec<&str> =
            outcomes.iter().filter(|outcome| !outcome.passes(strict)).map(|outcome| outcome.case.as_str()).collect();
        prop_assert_eq!(told, failed);
    }

    #[test]
    fn a_rewritten_baseline_holds(outcomes in outcomes(), text in text(), strict: bool) {
        let findings = Baseline::parse("x", &text).unwrap().compare(&cases(&IDS), &outcomes, strict);
        let rewritten = findings.applied(&text, &outcomes).unwrap();
        let again = Baseline::parse("x", &rewritten).unwrap().compare(&cases(&IDS), &outcomes, strict);
        prop_assert!(again.stale.is_empty(), "{:?}\n{}", again, rewritten);
        for case in &again.new {
            let outcome = outcomes.iter().find(|outcome| outcome.case == *case).unwrap();
            prop_assert_eq!(outcome.verdict.word(), "broken", "{}\n{}", case, rewritten);
        }
        prop_assert_eq!(again.applied(&rewritten, &outcomes).unwrap(), rewritten.clone());
        for kept in ["# head", "# a part"] {
            prop_assert_eq!(text.matches(kept).count(), rewritten.matches(kept).count(), "{}\n---\n{}", text, rewritten);
        }
        if findings.holds() {
            prop_assert_eq!(rewritten, text);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[\\[\\]a-z0-9\"'= \n#.{}*ä]{0,80}") {
        let _read = Baseline::parse("x", &text);
    }
}
