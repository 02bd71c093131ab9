//! `wslab conform --report` and `wslab report`: what they write, and what they say.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::faulty::{answer, careless, request, server};
use crate::process::{Running, run, wslab};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wslab-report-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

const FILES: [&str; 6] = ["run.jsonl", "report.json", "junit.xml", "index.html", "cases.csv", "summary.md"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

#[test]
fn a_run_writes_every_report_and_its_recording_renders_the_same() {
    let folder = Folder::new("every");
    let ended = run(&["conform", "1", "5.1", "--report", &folder.join("a")]).exits(0);
    assert!(ended.stderr.contains("reports are in "), "{}", ended.stderr);
    assert_eq!(names(&folder.0.join("a")), sorted(FILES.to_vec()));
    let report: Value = serde_json::from_str(&folder.read("a/report.json")).unwrap();
    assert_eq!(report["runs"][0]["passed"], 17);
    assert_eq!(report["runs"][0]["complete"], true);
    assert_eq!(report["runs"][0]["sections"][0]["title"], "Framing");
    let cpu: f64 =
        report["runs"][0]["cases"].as_array().unwrap().iter().map(|case| case["cpu_ms"].as_f64().unwrap()).sum();
    assert!(cpu > 0.0, "the tester's own CPU time is told");
    assert!(report["runs"][0]["sent"]["bytes"].as_u64().unwrap() > 0);

    run(&["report", &folder.join("a"), "-o", &folder.join("b")]).exits(0);
    for name in &FILES[1..] {
        assert_eq!(folder.read(&format!("a/{name}")), folder.read(&format!("b/{name}")), "{name}");
    }
    let page = run(&["report", &folder.join("a/run.jsonl"), "--html", "-", "-q"]).exits(0).stdout;
    assert_eq!(page, folder.read("a/index.html"));
    let outputs = ["html", "junit", "json", "csv", "markdown"];
    let files: Vec<String> = outputs.iter().map(|kind| folder.join(&format!("of.{kind}"))).collect();
    let options: Vec<String> = outputs.iter().map(|kind| format!("--{kind}")).collect();
    let recording = folder.join("a/run.jsonl");
    let mut arguments = vec!["report", &recording];
    arguments.extend(options.iter().zip(&files).flat_map(|(option, file)| [option.as_str(), file]));
    assert_eq!(run(&arguments).exits(0).stdout, "");
    assert_eq!(folder.read("of.junit"), folder.read("a/junit.xml"));
    assert_eq!(folder.read("of.json"), folder.read("a/report.json"));
}

#[test]
fn secrets_are_in_no_report() {
    let folder = Folder::new("secrets");
    let url = server(|mut stream| {
        let request = request(&mut stream)?;
        answer(&mut stream, &request, "Set-Cookie: id=sesame\r\n")
    });
    let url = format!("{url}?token=sesame");
    let header = "Authorization: Bearer sesame";
    run(&["conform", &url, "1.1.2", "2.2", "-H", header, "-H", "Cookie: id=sesame", "--report", &folder.join("a")])
        .exits(1);
    let hex: String = b"sesame".iter().map(|byte| format!("{byte:02x}")).collect();
    for name in FILES {
        let text = folder.read(&format!("a/{name}"));
        assert!(!text.contains("sesame") && !text.contains(&hex), "{name}");
    }
    assert!(folder.read("a/index.html").contains("Authorization: …"), "what is left out is said");
}

#[test]
fn tokens_are_in_no_report_wherever_they_stand() {
    let folder = Folder::new("tokens");
    let url = server(careless);
    let token = "eyJhbGci.eyJzdWIi.sesame";
    let header = format!("X-Access: {token}");
    let target = format!("{url}/{token}?access={token}");
    let ended = run(&["conform", &target, "2.2", "3.1", "-H", &header, "--report", &folder.join("a")]).exits(1);
    let client = format!("sh -c 'echo {token} >&2; exit 3' --token sesame {token} {{url}}");
    let started = run(&["conform", "--run", &client, "1.1.1", "--report", &folder.join("b")]);
    assert!(!ended.screen().contains("sesame") && !started.screen().contains("sesame"), "{started:#?}");
    for name in FILES {
        for run in ["a", "b"] {
            assert!(!folder.read(&format!("{run}/{name}")).contains("sesame"), "{run}/{name}");
        }
    }
}

#[test]
fn a_recording_is_printed_as_the_run_was() {
    let folder = Folder::new("printed");
    let url = server(careless);
    let options = ["1.1.2", "3.1", "2.2", "--jobs", "1", "--report", &folder.join("a")];
    run(&[&["conform", &url][..], &options].concat()).exits(1);
    let ended = run(&["report", &folder.join("a")]).exits(1);
    insta::assert_snapshot!(ended.screen());
}

#[test]
fn a_run_that_is_killed_leaves_what_it_knew() {
    let folder = Folder::new("killed");
    // It answers nothing, so the run waits.
    let url = server(crate::faulty::drain);
    let mut running =
        Running::start(wslab(&["conform", &url, "1.1", "--jobs", "1", "--json", "--report", &folder.join("a")]));
    running.line();
    running.signal("KILL");
    running.end();
    assert_eq!(names(&folder.0.join("a")), ["run.jsonl"]);
    let ended = run(&["report", &folder.join("a"), "--json", "-"]).exits(1);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let verdicts = report["runs"][0]["cases"].as_array().unwrap().iter().map(|case| case["verdict"].as_str().unwrap());
    let verdicts: Vec<&str> = verdicts.collect();
    assert_eq!(verdicts.len(), 8);
    assert_eq!((verdicts[0], verdicts[7]), ("failed", "not-run"));
    assert_eq!(report["runs"][0]["complete"], false);
    assert_eq!(report["runs"][0]["cases"][7]["not_run"], "the recording ends before it");
}

#[test]
fn an_interrupted_run_and_one_without_a_target_are_reported() {
    let folder = Folder::new("interrupted");
    let url = server(crate::faulty::drain);
    let mut running =
        Running::start(wslab(&["conform", &url, "1.1", "--jobs", "1", "--json", "--report", &folder.join("a")]));
    running.line();
    running.signal("INT");
    running.end().exits(130);
    assert_eq!(names(&folder.0.join("a")), sorted(FILES.to_vec()));
    assert!(folder.read("a/summary.md").contains("not run, because the run was cancelled"));

    run(&["conform", "ws://127.0.0.1:1/", "1.1", "--report", &folder.join("b")]).exits(3);
    assert_eq!(names(&folder.0.join("b")), sorted(FILES.to_vec()));
    assert!(folder.read("b/index.html").contains("was never reachable"));
    run(&["report", &folder.join("b")]).exits(3);
}

#[test]
fn shares_are_merged_and_a_cut_one_is_seen() {
    let folder = Folder::new("shares");
    for share in ["1", "2"] {
        run(&["conform", "5", "--shard", &format!("{share}/2"), "--report", &folder.join(share)]).exits(0);
    }
    let ended = run(&["report", &folder.join("1"), &folder.join("2")]).exits(0);
    assert!(ended.stdout.contains("20 of 20 cases passed"), "{}", ended.stdout);
    run(&["report", &folder.join("1"), &folder.join("2"), "-o", &folder.join("all")]).exits(0);
    assert_eq!(names(&folder.0.join("all")), sorted(FILES.to_vec()));
    let ended = run(&["report", &folder.join("all"), "--compare", &folder.join("all")]).exits(0);
    assert!(ended.stdout.contains("no difference in 20 cases"), "{}", ended.stdout);
    let merged = folder.read("all/run.jsonl");
    run(&["report", &folder.join("all"), "-o", &folder.join("all")]).exits(0);
    assert_eq!(folder.read("all/run.jsonl"), merged, "what is read is not overwritten");
    let whole = folder.read("2/run.jsonl");
    let cut: String = whole.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(folder.0.join("cut.jsonl"), cut + "{\"at\":").unwrap();
    let ended =
        run(&["report", &folder.join("1"), &folder.join("cut.jsonl"), "--junit", &folder.join("junit.xml")]).exits(1);
    assert!(ended.stderr.contains("ends in the middle of an event"), "{}", ended.stderr);
    assert!(folder.read("junit.xml").contains("the recording ends"));
    let other = run(&["conform", "5.1", "--time-factor", "0.9", "--report", &folder.join("3")]);
    assert_eq!(other.code, 0);
    let ended = run(&["report", &folder.join("1"), &folder.join("3")]).exits(0);
    assert!(ended.stderr.contains("2 different runs"), "{}", ended.stderr);
}

/// The line of a recording's beginning that names the command, and the command.
fn command(recording: &str) -> &str {
    let from = recording.split_once("\"command\":\"").unwrap().1;
    from.split_once('"').unwrap().0
}

#[test]
fn a_share_that_is_lost_fails_the_whole() {
    let folder = Folder::new("lost");
    run(&["conform", "5", "--shard", "1/2", "--report", &folder.join("1")]).exits(0);
    run(&["conform", "ws://127.0.0.1:1/", "5", "--shard", "2/2", "--report", &folder.join("2")]).exits(3);
    run(&["report", &folder.join("2")]).exits(3);
    let (whole, lost) = (folder.read("1/run.jsonl"), folder.read("2/run.jsonl"));
    fs::write(folder.0.join("2/run.jsonl"), lost.replace(command(&lost), command(&whole))).unwrap();
    let ended = run(&["report", &folder.join("1"), &folder.join("2")]).exits(1);
    assert!(ended.stdout.contains("10 of 20 cases passed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("was not always reachable"), "{}", ended.stdout);
}

#[test]
fn a_run_that_was_interrupted_is_no_success() {
    let folder = Folder::new("cancelled");
    run(&["conform", "5.1", "--report", &folder.join("a")]).exits(0);
    let whole = folder.read("a/run.jsonl");
    let cancelled = whole.replace("\"stopped\":null", "\"stopped\":\"cancelled\"");
    assert_ne!(cancelled, whole);
    fs::write(folder.0.join("a/run.jsonl"), cancelled).unwrap();
    let ended = run(&["report", &folder.join("a"), "--markdown", "-"]).exits(1);
    assert!(ended.stdout.starts_with("# ❌"), "{}", ended.stdout);
}

#[test]
fn runs_are_compared() {
    let folder = Folder::new("compared");
    run(&["conform", "1.1.2", "3.1", "5.1", "--report", &folder.join("a")]).exits(0);
    let url = server(careless);
    let options =
        ["1.1.2", "3.1", "1.1.3", "--jobs", "1", "--compare", &folder.join("a"), "--report", &folder.join("a")];
    let ended = run(&[&["conform", &url][..], &options].concat()).exits(1);
    let told = ended.stdout.split("compared with").nth(1).unwrap();
    assert!(told.contains("newly failing: 2") && told.contains("run only now: 1 (1.1.3)"), "{told}");
    assert!(told.contains("run only before: 1 (5.1)"), "{told}");
    assert!(folder.read("a/index.html").contains("before: ok"));
    let ended = run(&["report", &folder.join("a"), "--compare", &folder.join("a")]).exits(1);
    assert!(ended.stdout.contains("no difference in 3 cases"), "{}", ended.stdout);
}

#[test]
fn github_is_told_where_it_looks() {
    let folder = Folder::new("github");
    let mut command = wslab(&["conform", &server(careless), "3.1", "--json"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", folder.join("summary.md"));
    fs::write(folder.0.join("summary.md"), "before\n").unwrap();
    let ended = Running::start(command).ended().exits(1);
    let annotations: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(annotations.len(), 1, "{}", ended.stderr);
    assert!(annotations[0].starts_with("::error title=FAILED 3.1 "), "{}", annotations[0]);
    assert!(folder.read("summary.md").starts_with("before\n# ❌ WebSocket conformance of ws://"));
    assert_eq!(ended.stdout.lines().count(), 2, "standard output is JSON alone");
}

#[test]
fn a_recording_that_cannot_be_written_is_told_and_the_run_goes_on() {
    let folder = Folder::new("full");
    fs::create_dir_all(folder.0.join("a")).unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.0.join("a/run.jsonl")).unwrap();
    let ended = run(&["conform", "1.1", "--report", &folder.join("a")]).exits(2);
    assert!(ended.stdout.contains("8 of 8 cases passed"), "{}", ended.stdout);
    assert!(ended.stderr.contains("run.jsonl: No space left on device"), "{}", ended.stderr);
    assert!(folder.read("a/cases.csv").lines().count() == 9);
}

#[test]
fn a_target_writes_no_workflow_commands() {
    let url = server(|mut stream| {
        request(&mut stream)?;
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 x\r\n::error title=x::made up\r\n\r\n")
    });
    let ended = run(&["conform", &url, "1.1.2"]).exits(1);
    assert!(ended.stdout.contains("::error title=x::made up"), "{ended:#?}");
    assert!(!ended.stdout.lines().any(|line| line.trim_start().starts_with("::")), "{ended:#?}");
}
