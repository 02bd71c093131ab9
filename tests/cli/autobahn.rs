//! `--format autobahn`: the files of the Autobahn testsuite, from a run and from its recording.

use serde_json::Value;

use crate::faulty::{careless, server};
use crate::folder::Folder;
use crate::process::run;

#[test]
fn a_run_is_reported_as_autobahn_does() {
    let folder = Folder::new("autobahn-run");
    let made = folder.path("made");
    let ended = run(&["conform", "1.1", "5", "6.4", "7.1", "--report", &made, "--format", "autobahn"]).exits(0);
    assert_eq!(folder.said(&ended), "reports are in FOLDER/made\n");
    let index: Value = serde_json::from_str(&folder.read("made/index.json")).unwrap();
    let cases = index["UnknownServer"].as_object().unwrap();
    assert_eq!(cases.len(), 8 + 20 + 4 + 6);
    assert_eq!(cases["7.1.6"]["behavior"], "INFORMATIONAL");
    for (id, row) in cases {
        let file = row["reportfile"].as_str().unwrap();
        assert_eq!(file, format!("unknownserver_case_{}.json", id.replace('.', "_")));
        let case: Value = serde_json::from_str(&folder.read(&format!("made/{file}"))).unwrap();
        for key in ["behavior", "behaviorClose", "duration", "remoteCloseCode"] {
            assert_eq!(case[key], row[key], "{file}: {key}");
        }
        assert_eq!(case["id"], id.as_str());
        assert!(case["httpRequest"].as_str().unwrap().starts_with("GET / HTTP/1.1\r\n"));
        assert!(!case["wirelog"].as_array().unwrap().is_empty(), "{file}");
    }
    // The recording gives the same files.
    run(&["report", &made, "-o", &folder.path("again"), "--format", "autobahn"]).exits(0);
    assert_eq!(folder.list("made"), folder.list("again"));
    for name in folder.list("again").iter().filter(|name| name.contains("_case_") || *name == "index.json") {
        assert_eq!(folder.read(&format!("made/{name}")), folder.read(&format!("again/{name}")));
    }
}

#[test]
fn what_has_no_word_there_is_said() {
    let folder = Folder::new("autobahn-words");
    let url = server(careless);
    let arguments = ["conform", &url, "1.1", "--max-fail", "1", "--jobs", "1", "--report", &folder.path("made")];
    let ended = run(&[&arguments[..], &["--format", "autobahn"]].concat()).exits(1);
    insta::assert_snapshot!(folder.said(&ended));
}

#[test]
fn a_format_needs_a_folder_and_is_a_known_one() {
    let mut told = String::new();
    for arguments in [
        &["conform", "1.1.1", "--format", "autobahn"][..],
        &["report", "run.jsonl", "--format", "autobahn"],
        &["conform", "1.1.1", "--format", "xml"],
    ] {
        told.push_str(&run(arguments).exits(2).stderr);
    }
    insta::assert_snapshot!(told);
}
