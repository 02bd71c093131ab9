//! `wslab conform --baseline`: known deviations pass, new ones and stale entries fail.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::faulty::{answer, careless, carelessly, drain, frame, open, request, send, server};
use crate::folder::Folder;
use crate::process::{Ended, Running, run, wslab};

/// A baseline in a folder of its own.
struct Listed {
    folder: Folder,
}

impl Listed {
    fn new(name: &str, text: &str) -> Self {
        let listed = Self::none(name);
        listed.folder.write("known.toml", text);
        listed
    }

    fn none(name: &str) -> Self {
        Self { folder: Folder::new(&format!("baseline-{name}")) }
    }

    fn path(&self) -> String {
        self.folder.path("known.toml")
    }

    fn text(&self) -> String {
        self.folder.read("known.toml")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(&[&["conform", "--jobs", "1", "--baseline", &self.path()], arguments].concat())
    }

    /// What is said after the table of sections.
    fn end(&self, ended: &Ended) -> String {
        let end = ended.stdout.rsplit_once("\n\n").map_or("", |(_, end)| end);
        let end = crate::process::alike(&end.replace(&self.folder.path(""), "FOLDER/"));
        format!("{end}--- on stderr, exit code {}\n{}", ended.code, self.folder.said(ended))
    }
}

const KNOWN: &str = r#"
[[known]]
cases = ["1.1.2", "3.1"]
verdict = "failed"
reason = "it changes the sixth byte"
issue = "https://example.org/6"

[[known]]
cases = "2.2"
verdict = "ok"
close = "wrong-code"
reason = "it closes with 1011"
"#;

#[test]
fn what_is_known_passes() {
    let listed = Listed::new("known", KNOWN);
    let url = server(careless);
    let ended = listed.run(&[&url, "1.1.2", "2.2", "3.1"]).exits(0);
    assert!(!ended.stdout.contains("FAILED"), "{}", ended.stdout);
    insta::assert_snapshot!(listed.end(&ended));
    let quiet = listed.run(&[&url, "1.1.2", "2.2", "-q"]).exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let loud = listed.run(&[&url, "1.1.2", "-v"]).exits(0);
    assert!(loud.stdout.starts_with("known, failed 1.1.2  "), "{}", loud.stdout);
}

#[test]
fn what_is_new_fails() {
    let listed = Listed::new("new", KNOWN);
    let ended = listed.run(&[&server(careless), "1.1.2", "1.1.3", "3"]).exits(1);
    assert_eq!(ended.stdout.matches("requirement").count(), 7, "the known ones are not told: {}", ended.stdout);
    insta::assert_snapshot!(listed.end(&ended));
}

#[test]
fn what_is_stale_fails() {
    let more = "\n[[known]]\ncases = \"1.1.[3-5]\"\nverdict = \"non-strict\"\nreason = \"x\"\n[[known]]\ncases = \"99\"\nverdict = \"failed\"\nreason = \"x\"\n";
    let listed = Listed::new("stale", &format!("{KNOWN}{more}"));
    let ended = listed.run(&["1.1.2", "2.2", "1.1.3", "1.1.4", "1.1.5"]).exits(1);
    insta::assert_snapshot!(listed.end(&ended));
    for option in ["-q", "--json"] {
        let ended = listed.run(&["1.1.2", "2.2", option]).exits(1);
        assert!(!ended.stdout.contains("stale"), "{}", ended.stdout);
        insta::assert_snapshot!("stale_without_a_screen", listed.folder.said(&ended));
    }
}

#[test]
fn shards_and_selections_hold_nothing_against_what_they_leave_out() {
    let listed = Listed::new("shards", KNOWN);
    let url = server(careless);
    for shard in ["1/3", "2/3", "3/3"] {
        let ended = listed.run(&[&url, "1.1.2", "2.2", "3.1", "--shard", shard]).exits(0);
        assert!(ended.stdout.contains("the baseline holds; not all that it lists was tried"), "{}", ended.stdout);
    }
}

#[test]
fn known_failures_are_neither_repeated_nor_counted() {
    let listed = Listed::new("count", KNOWN);
    let ended =
        listed.run(&[&server(careless), "1.1.2", "3.1", "--retries", "3", "--max-fail", "1", "--json"]).exits(0);
    assert_eq!(ended.stdout.matches("\"verdict\":\"failed\"").count(), 2, "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("not-run").count(), 1, "in the summary: {}", ended.stdout);
}

#[test]
fn a_flaky_pass_is_not_stale() {
    // The first connection that is opened is ended at once, which is not what is known.
    let count = Arc::new(AtomicU32::new(0));
    let url = server(move |mut stream| {
        open(&mut stream)?;
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Ok(());
        }
        let (first, payload) = frame(&mut stream)?;
        send(&mut stream, first, &payload)?;
        let (_, payload) = frame(&mut stream)?;
        send(&mut stream, 0x88, &payload)
    });
    let entry = "[[known]]\ncases = \"1.1.2\"\nverdict = \"failed\"\ncode = 1009\nreason = \"x\"\n";
    let listed = Listed::new("flaky", entry);
    let ended = listed.run(&[&url, "1.1.2", "--retries", "1"]).exits(0);
    insta::assert_snapshot!(listed.end(&ended));
}

#[test]
fn a_baseline_is_made_and_kept_up_to_date() {
    let listed = Listed::none("made");
    let url = format!("{}?token=sesame", server(careless));
    let ended = listed.run(&[&url, "1.1.1", "1.1.2", "2.2", "3", "--baseline-update"]).exits(0);
    insta::assert_snapshot!("made_screen", listed.end(&ended));
    let made = crate::process::alike(&listed.text());
    insta::assert_snapshot!("made", made);
    // What nobody has explained holds, and is said again.
    let ended = listed.run(&[&url, "1.1.2", "3.1", "-q"]).exits(0);
    assert!(ended.stderr.contains("warning: "), "{}", ended.stderr);
    // The own server does better.
    let explained = listed.text().replacen("not yet explained", "bytes", 1).replacen("not yet explained", "codes", 1);
    fs::write(listed.path(), explained).unwrap();
    let ended = listed.run(&["1.1.2", "3.1", "--baseline-update"]).exits(0);
    insta::assert_snapshot!("kept_screen", listed.end(&ended));
    insta::assert_snapshot!("kept", crate::process::alike(&listed.text()));
    let before = listed.text();
    let ended = listed.run(&["1.1.2", "3.1", "--baseline-update"]).exits(0);
    assert_eq!(listed.text(), before);
    assert!(!ended.stderr.contains("rewrote"), "{}", ended.stderr);
}

#[test]
fn a_target_that_went_away_is_no_deviation() {
    // It listens for so many connections only.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for _ in 0..2 {
            let (stream, _) = listener.accept()?;
            let _answered = careless(stream);
        }
        Ok::<_, std::io::Error>(())
    });
    let listed = Listed::new("away", "");
    let ended = listed.run(&[&url, "1.1.2", "1.1.3", "--baseline-update"]).exits(1);
    insta::assert_snapshot!(listed.end(&ended));
    assert!(!listed.text().contains("1.1.3"), "{}", listed.text());
    // Nobody listens at all.
    let before = listed.text();
    listed.run(&[&url, "1.1.2", "1.1.3", "--baseline-update"]).exits(3);
    assert_eq!(listed.text(), before);
}

#[test]
fn an_interrupted_run_rewrites_nothing() {
    let listed = Listed::new("interrupted", KNOWN);
    let count = Arc::new(AtomicU32::new(0));
    let url = server(move |mut stream| {
        let request = request(&mut stream)?;
        if request.is_empty() || count.fetch_add(1, Ordering::SeqCst) > 0 {
            return drain(stream);
        }
        answer(&mut stream, &request, "")?;
        carelessly(stream)
    });
    let arguments = ["conform", &url, "1.1.3", "1.1.4", "--jobs", "1", "--baseline", &listed.path()];
    let mut running = Running::start(wslab(&[&arguments[..], &["--baseline-update", "--json"]].concat()));
    running.line();
    running.signal("INT");
    running.end().exits(130);
    assert_eq!(listed.text(), KNOWN);
}

#[test]
fn mistakes_are_explained() {
    let listed = Listed::new("mistakes", "[[known]]\ncases = \"1.1.1\"\nverdict = \"failed\"\nreason = \"\"\n");
    let mut told = String::new();
    let none = format!("{}.none", listed.path());
    for arguments in [
        &["--baseline", &listed.path()][..],
        &["--baseline", &none],
        &["--baseline", &listed.folder.path("")],
        &["--baseline-update"],
    ] {
        let ended = run(&[&["conform", "1.1.1"], arguments].concat()).exits(2);
        told.push_str(&listed.folder.said(&ended));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_published_baseline_of_the_own_server_is_empty() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/baselines/wslab.toml");
    let text = fs::read_to_string(path).unwrap();
    let baseline = wslab::conform::Baseline::parse("wslab.toml", &text).unwrap();
    assert!(baseline.entries.is_empty());
    // Its comment explains the format by an entry that is one.
    let example: String =
        text.lines().filter_map(|line| line.strip_prefix("#   ")).map(|line| format!("{line}\n")).collect();
    let baseline = wslab::conform::Baseline::parse("example", &example).unwrap();
    assert_eq!(baseline.entries.len(), 1);
}
