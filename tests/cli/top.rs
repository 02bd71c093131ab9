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

/// The line that begins with this word.
#[track_caller]
fn line<'a>(ended: &'a Ended, word: &str) -> &'a str {
    let line = ended.stdout.lines().find(|line| line.split_whitespace().next() == Some(word));
    line.unwrap_or_else(|| panic!("no {word} in {ended:#?}"))
}

#[test]
fn once_it_says_of_a_capture_what_analyze_says() {
    for name in ["fragments.pcap.gz", "deflate-takeover.pcap.gz", "violations.pcap.gz", "plain-reordered.pcap.gz"] {
        let capture = corpus(name);
        let ended = run(&["top", &capture, "--once"]).exits(0);
        let rows = run(&["analyze", &capture, "--table", "connections", "--format", "jsonl"]).exits(0).stdout;
        let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        let sum = |count: &str| rows.iter().map(|row| row[count].as_u64().unwrap()).sum::<u64>();
        for (word, end) in [("received", "client"), ("sent", "server")] {
            let [messages, content, frames, bytes] =
                ["messages", "content", "frames", "bytes"].map(|count| sum(&format!("{end}_{count}")));
            let wanted = format!("{messages} messages of {content} B, {frames} frames of {bytes} B");
            assert!(line(&ended, word).ends_with(&wanted), "{name}: {wanted}: {}", ended.stdout);
        }
    }
}

#[test]
fn a_capture_on_the_standard_input_is_watched_as_it_comes() {
    let capture = fs::read(corpus("fragments-deflate.pcap.gz")).unwrap();
    let piped = run_with(&["top", "-", "--once"], &capture).exits(0);
    let read = run(&["top", &corpus("fragments-deflate.pcap.gz"), "--once"]).exits(0);
    assert_eq!(line(&piped, "sent"), line(&read, "sent"));
    assert!(piped.stdout.starts_with("standard input\n"), "{}", piped.stdout);
}

#[test]
fn a_server_is_watched_that_wants_to_be() {
    let (_server, url) = on_a_free_port(&["--watch"]);
    let mut client = Running::start(wslab(&["connect", &url, "-q"]));
    client.say(b"hello\n");
    assert_eq!(client.line(), "hello\n");
    for path in ["", "/", "/_wslab"] {
        let ended = run(&["top", &format!("{url}{path}"), "--once"]).exits(0);
        assert!(line(&ended, "connections").contains("1 open, 1 opened"), "{}", ended.stdout);
        assert!(line(&ended, "sent").ends_with("1 messages of 5 B, 1 frames of 7 B"), "{}", ended.stdout);
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
    let ended = run(&["top", recording.to_str().unwrap(), "--once"]).exits(0);
    let cases = line(&ended, "cases").split_whitespace().nth(1).unwrap().parse::<u32>().unwrap();
    assert!(cases >= 11, "{}", ended.stdout);
    assert!(line(&ended, "cases").ends_with(&format!("{cases} of {cases} done")), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("{cases} ok")), "{}", ended.stdout);
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
    let ended = run(&["top", path.to_str().unwrap(), "--once"]).exits(2);
    fs::remove_file(&path).unwrap();
    assert!(line(&ended, "connections").contains("1 opened"), "{}", ended.stdout);
    assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
}
