//! `wslab top`: what is watched, and what it says once.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{Ended, Running, run, run_with, wslab};
use crate::serve::on_a_free_port;

fn corpus(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/captures").join(name).display().to_string()
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wslab-top-{}-{name}", std::process::id()))
}

/// What is said once, as JSON.
#[track_caller]
fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

/// A count, which is left out where it is 0.
fn count(counts: &Value, names: &[&str]) -> u64 {
    names.iter().map(|name| counts[name].as_u64().unwrap_or(0)).sum()
}

const FRAMES: &[&str] = &["text", "binary", "continuation", "ping", "pong", "close", "other"];

#[test]
fn once_it_says_of_a_capture_what_analyze_says() {
    for name in ["fragments.pcap.gz", "deflate-takeover.pcap.gz", "violations.pcap.gz", "plain-reordered.pcap.gz"] {
        let capture = corpus(name);
        let totals = json(&run(&["top", &capture, "--once", "--json"]).exits(0))["totals"].take();
        let rows = run(&["analyze", &capture, "--table", "connections", "--format", "jsonl"]).exits(0).stdout;
        let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        let sum = |count: &str| rows.iter().map(|row| row[count].as_u64().unwrap()).sum::<u64>();
        for (word, end) in [("received", "client"), ("sent", "server")] {
            let counts = &totals[word];
            assert_eq!(count(counts, FRAMES), sum(&format!("{end}_frames")), "{name}");
            assert_eq!(count(counts, &["text_messages", "binary_messages"]), sum(&format!("{end}_messages")), "{name}");
            assert_eq!(count(counts, &["heads", "payload"]), sum(&format!("{end}_bytes")), "{name}");
        }
        let violations =
            totals["faults"].as_object().map_or(0, |faults| faults.values().filter_map(Value::as_u64).sum());
        assert_eq!(violations, sum("violations"), "{name}");
    }
}

#[test]
fn once_it_prints_a_screen() {
    let ended = run(&["top", &corpus("violations.pcap.gz"), "--once"]).exits(0);
    assert!(ended.stdout.starts_with("wslab top"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Violations"), "{}", ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 120), "{}", ended.stdout);
}

#[test]
fn without_a_terminal_there_is_no_dashboard() {
    let ended = run(&["top", &corpus("violations.pcap.gz")]).exits(2);
    assert!(ended.stderr.contains("--once prints one screen as text"), "{}", ended.stderr);
    let ended = run(&["serve", "echo", "--top", "--listen", "127.0.0.1:0"]).exits(2);
    assert!(ended.stderr.contains("--top shows a dashboard on a terminal"), "{}", ended.stderr);
}

#[test]
fn a_capture_on_the_standard_input_is_watched_as_it_comes() {
    let capture = fs::read(corpus("fragments-deflate.pcap.gz")).unwrap();
    let piped = json(&run_with(&["top", "-", "--once", "--json"], &capture).exits(0));
    let read = json(&run(&["top", &corpus("fragments-deflate.pcap.gz"), "--once", "--json"]).exits(0));
    assert_eq!(piped["totals"], read["totals"]);
}

#[test]
fn a_server_is_watched_that_wants_to_be() {
    let (_server, url) = on_a_free_port(&["--watch"]);
    let mut client = Running::start(wslab(&["connect", &url, "-q"]));
    client.say(b"hello\n");
    assert_eq!(client.line(), "hello\n");
    for path in ["", "/", "/_wslab"] {
        let snapshot = json(&run(&["top", &format!("{url}{path}"), "--once", "--json"]).exits(0));
        assert_eq!((&snapshot["open"], &snapshot["totals"]["opened"]), (&1.into(), &1.into()), "{snapshot}");
        assert_eq!(count(&snapshot["totals"]["sent"], &["heads", "payload"]), 7, "{snapshot}");
    }
}

#[test]
fn a_server_that_is_not_watched_is_told() {
    let (_server, url) = on_a_free_port(&[]);
    let ended = run(&["top", &url, "--once"]).exits(3);
    assert!(ended.stderr.ends_with("; was it started with --watch?\n"), "{}", ended.stderr);
    let ended = run(&["top", "ws://127.0.0.1:1", "--once"]).exits(3);
    assert!(ended.stderr.contains("cannot connect to ws://127.0.0.1:1"), "{}", ended.stderr);
}

#[test]
fn a_token_is_shown_to_the_server() {
    let secret = scratch("secret");
    fs::write(&secret, "a secret of tests, which is long enough").unwrap();
    let (_server, url) = on_a_free_port(&["--watch", "--auth-secret-file", secret.to_str().unwrap()]);
    let ended = run(&["top", &url, "--once"]).exits(3);
    assert!(ended.stderr.contains("--auth-token-file shows it a token"), "{}", ended.stderr);
    fs::remove_file(&secret).unwrap();
}

#[test]
fn a_recorded_run_is_watched() {
    let folder = scratch("run");
    run(&["conform", "2", "--report", folder.to_str().unwrap(), "-q"]).exits(0);
    let recording = folder.join("run.jsonl");
    let progress = json(&run(&["top", recording.to_str().unwrap(), "--once", "--json"]).exits(0));
    let done = progress["done"].as_array().unwrap();
    assert!(done.len() >= 11 && progress["cases"] == done.len(), "{progress}");
    assert!(progress["in_flight"].as_array().unwrap().is_empty());
    let text = fs::read_to_string(&recording).unwrap();
    fs::write(&recording, &text[..text.len() / 2]).unwrap();
    let ended = run(&["top", recording.to_str().unwrap(), "--once"]).exits(2);
    assert_eq!(ended.stderr, "error: the recording ends in the middle of an event\n");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_no_source_is_told() {
    for (arguments, words) in [
        (&["top", "nothing.pcap", "--once"][..], "nothing.pcap"),
        (&["top", "localhost:9001", "--once"], "a server is written ws://localhost:9001"),
        (&["top", "-", "--speed", "fast"], "or `max`"),
        (&["top", "--once"], "SOURCE"),
        (&["top", &corpus("README.md"), "--once"], "README.md"),
        (&["top", &corpus("plain-null.pcap.gz"), "--once", "--header", "A: b"], "--header is for a server"),
        (&["top", "ws://", "--once"], "ws://"),
    ] {
        let ended = run(arguments).exits(2);
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_damaged_capture_is_shown_up_to_its_damage() {
    let whole = fs::read(corpus("close-by-server.pcap")).unwrap();
    let path = scratch("damaged.pcap");
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let ended = run(&["top", path.to_str().unwrap(), "--once", "--json"]).exits(2);
    fs::remove_file(&path).unwrap();
    assert_eq!(json(&ended)["totals"]["opened"], 1);
    assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
}
