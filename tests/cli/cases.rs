//! `wslab cases`: listing, explaining and checking.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wslab::conform::Corpus;

use crate::process::{Ended, run};

fn shown(arguments: &[&str]) -> String {
    run(arguments).exits(0).screen()
}

#[test]
fn a_case_is_explained_byte_by_byte() {
    insta::assert_snapshot!(shown(&["cases", "show", "5.15"]));
}

#[test]
fn a_case_is_explained_as_it_tests_a_client() {
    let shown = shown(&["cases", "show", "--target", "client", "3.2"]);
    assert!(!shown.contains("masking key"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn cases_of_every_shape_are_explained() {
    insta::assert_snapshot!(shown(&["cases", "show", "6.4.3", "7.1.6", "9.3.1", "9.5.1", "9.7.2"]));
}

#[test]
fn every_case_can_be_explained_for_both_ends() {
    for end in ["server", "client"] {
        let shown = run(&["cases", "show", "*", "--target", end]).exits(0).stdout;
        let lines: BTreeSet<_> = shown.lines().collect();
        for case in Corpus::embedded().cases {
            let first = format!("{}  {}", case.id, case.title);
            assert!(lines.contains(first.as_str()), "{first}");
        }
    }
}

#[test]
fn a_selection_is_listed() {
    insta::assert_snapshot!(shown(&["cases", "5", "not:tag:bulk", "not:5.1?"]));
    assert_eq!(run(&["cases", "list", "5"]).exits(0).stdout, run(&["cases", "5"]).exits(0).stdout);
}

#[test]
fn everything_is_listed_as_json() {
    let listed = run(&["cases", "--json"]).exits(0);
    assert_eq!(listed.stderr, "");
    let cases: Vec<Value> = listed.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let ids: BTreeSet<_> = cases.iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, Corpus::embedded().cases.iter().map(|case| case.id.to_string()).collect());
    let keys: Vec<_> = cases[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "title", "level", "clauses", "rules", "tags", "note"]);
    let quick = run(&["cases", "--json", "--quick"]).exits(0).stdout.lines().count();
    assert!(quick < cases.len());
}

#[test]
fn what_selects_nothing_is_said() {
    let all = Corpus::embedded().cases.len().to_string();
    insta::assert_snapshot!(run(&["cases", "show", "51"]).exits(4).screen().replace(&all, "#"), @r"
    --- on stderr, exit code 4
    error: no case is selected
    `51` selects none of the # cases
    ");
    run(&["cases", "tag:none"]).exits(4);
    run(&["cases", "rule:None"]).exits(2);
}

/// A folder that is gone at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, text: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cases-{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.toml"), text).unwrap();
        Self(folder)
    }

    fn check(&self) -> Ended {
        run(&["cases", "check", self.0.to_str().unwrap()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_is_checked() {
    let case = "[[case]]\nid = \"x.1\"\ntitle = \"A text\"\nclauses = [\"6455#5.6\"]\nsend = [{ text = \"a\" }]\n";
    let good = Folder::with("good", &format!("{case}expect = [{{ ok = [{{ text = \"a\" }}] }}]\n"));
    let told = good.check().exits(0);
    assert!(told.stdout.ends_with(": nothing is wrong in 1 case\n"), "{told:?}");
    let bad = Folder::with("bad", &format!("{case}expect = [{{ okay = [] }}]\n"));
    let told = bad.check().exits(2).screen().replace(bad.0.to_str().unwrap(), "DIR");
    insta::assert_snapshot!(told);
    run(&["cases", "check", "/does/not/exist"]).exits(2);
}
