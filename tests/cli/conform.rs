//! `wslab conform` on its own server, on a careless one, and with every option.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, thread};

use crate::faulty::{answer, careless, carelessly, drain, frame, open, request, send, server};
use crate::process::{Running, alike, run, wslab};

/// How many cases ran, by the last line.
#[track_caller]
fn passed(arguments: &[&str]) -> String {
    let ended = run(&[&["conform"], arguments].concat()).exits(0);
    let last = ended.stdout.lines().last().unwrap_or_default().to_owned();
    last.split(" passed").next().unwrap_or_default().to_owned()
}

#[test]
fn a_usage_error_leaves_an_earlier_recording_alone() {
    let folder = crate::folder::Folder::new("kept");
    let (reports, captured) = (folder.path("."), folder.path("run.pcapng"));
    for arguments in [
        &["ws://127.0.0.1:1", "-H", "Bad Name: x"][..],
        &["wss://127.0.0.1:1", "--cacert", "no-such-file.pem"],
        &["--run", "cat"],
        &["--run", "cat {url}", "--listen", "unix:/tmp/wslab-no-such-folder/x"],
        &["--listen", "unix:/tmp/wslab-no-such-folder/x"],
    ] {
        folder.write("run.jsonl", "earlier");
        folder.write("run.pcapng", "earlier");
        let kept = ["1.1.1", "--report", &reports, "--record", &captured];
        run(&[&["conform"], arguments, &kept[..]].concat()).exits(2);
        assert_eq!((folder.read("run.jsonl"), folder.read("run.pcapng")), ("earlier".into(), "earlier".into()));
    }
}

#[test]
fn the_own_server_passes_everything_of_autobahn_strictly() {
    // Of the compressed messages the small ones: without optimisation the others take minutes.
    let ended = run(&["conform", "--strict", "not:[a-z]*", "not:1[23].*.[3-9]", "not:1[23].*.1?"]).exits(0);
    insta::assert_snapshot!(ended.screen());
}

#[test]
fn the_own_server_passes_what_autobahn_has_not_strictly() {
    // Without optimisation, and with other tests beside it, a closing handshake may take its time.
    let ended = run(&["conform", "--strict", "--quick", "--time-factor", "2", "not:[0-9]*"]).exits(0);
    insta::assert_snapshot!(ended.screen());
}

#[test]
fn cases_are_selected_by_words() {
    assert_eq!(passed(&["5"]), "20 of 20 cases");
    assert_eq!(passed(&["5.1", "5.2"]), "2 of 2 cases");
    assert_eq!(passed(&["3.[12]"]), "2 of 2 cases");
    assert_eq!(passed(&["rule:ReservedBit", "not:[a-z]*", "--quick"]), "7 of 7 cases");
    assert_eq!(passed(&["2", "not:2.1"]), "10 of 10 cases");
    assert_eq!(passed(&["6.2.*", "not:6.2.4"]), "3 of 3 cases");
    assert_eq!(passed(&["7.1.*", "not:tag:bulk", "--quick"]), "6 of 6 cases");
    assert_eq!(passed(&["rfc:6455#5.5.2", "not:[a-z]*"]), "16 of 16 cases");
}

#[test]
fn what_needs_an_echo_is_not_run_without_one() {
    let ended = run(&["conform", "--no-echo", "2", "3", "4.1", "--strict"]).exits(0);
    insta::assert_snapshot!(ended.screen());
}

#[test]
fn shards_share_the_cases() {
    assert_eq!(passed(&["5", "--shard", "1/3"]), "7 of 7 cases");
    assert_eq!(passed(&["5", "--shard", "2/3"]), "7 of 7 cases");
    assert_eq!(passed(&["5", "--shard", "3/3"]), "6 of 6 cases");
}

#[test]
fn options_do_not_change_what_passes() {
    assert_eq!(passed(&["2", "--jobs", "1"]), "11 of 11 cases");
    assert_eq!(passed(&["2", "--jobs", "1000"]), "11 of 11 cases");
    assert_eq!(passed(&["2", "--retries", "3", "--max-fail", "1", "--wait", "1s"]), "11 of 11 cases");
    assert_eq!(
        passed(&["2", "--time-factor", "0.5", "--subprotocol", "chat", "--origin", "http://a"]),
        "11 of 11 cases"
    );
}

#[test]
fn what_selects_nothing_is_said() {
    let mut screens = String::new();
    for (words, code) in [
        (&["99"][..], 4),
        (&["localhost"], 4),
        (&["tag:utf-8"], 4),
        (&["rule:NotFailed"], 4),
        (&["rfc:8441"], 4),
        (&["1", "not:1"], 4),
        (&["9", "--quick"], 4),
        (&["1.1.1", "--shard", "2/2"], 4),
        (&["1.1.1", "99"], 0),
        (&["1.1.1", "not:99"], 0),
    ] {
        let ended = run(&[&["conform"], words].concat()).exits(code);
        let warnings = ended.stderr.lines().filter(|line| !line.starts_with("testing")).collect::<Vec<_>>().join("\n");
        screens.push_str(&format!("$ wslab conform {}\n{warnings}\n\n", words.join(" ")));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn quietly_only_failures_are_shown() {
    let ended = run(&["conform", "5", "-q"]).exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    let ended = run(&["conform", &server(careless), "1.1.2", "3.1", "2.2", "-q", "--jobs", "1"]).exits(1);
    assert_eq!(ended.stdout.matches("requirement").count(), 3, "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn failures_tell_everything() {
    let url = server(careless);
    let ended = run(&["conform", &url, "1.1.2", "2.2", "3.1", "6.4.1", "--jobs", "1", "--strict"]).exits(1);
    insta::assert_snapshot!(ended.screen());
}

#[test]
fn the_command_that_repeats_repeats_everything_but_secrets() {
    let url = format!("{}?a=1&b='2'", server(careless));
    let arguments = ["conform", &url, "3.1", "--header", "Authorization: Bearer sesame", "-H", "X-Plain: a b"];
    let more = ["--time-factor", "0.5", "--subprotocol", "chat", "--origin", "http://a", "--insecure", "-q"];
    let ended = run(&[&arguments[..], &more].concat()).exits(1);
    let repeat =
        ended.stdout.lines().find_map(|line| line.trim().strip_prefix("repeat")).unwrap_or_default().to_owned();
    insta::assert_snapshot!(alike(&repeat));
}

#[test]
fn what_passes_when_repeated_is_flaky() {
    // The first connection that is opened is ended at once.
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
    let ended = run(&["conform", &url, "1.1.2", "--retries", "1"]).exits(0);
    let last = ended.stdout.lines().last().unwrap_or_default();
    assert_eq!(alike(last), "1 of 1 cases passed in # s, 1 of them only when repeated\n");
}

#[test]
fn enough_failures_are_enough() {
    let ended = run(&["conform", &server(careless), "1.1", "--max-fail", "2", "--jobs", "1"]).exits(1);
    let last = ended.stdout.lines().last().unwrap_or_default();
    insta::assert_snapshot!(alike(last));
}

#[test]
fn a_broken_corpus_is_told_by_file_line_and_column() {
    let folder = std::env::temp_dir().join(format!("wslab-cli-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("broken.toml"), "[[case]]\nid = \"1.1\"\ntitle = \"x\"\nsend = [{ txt = \"a\" }]\n").unwrap();
    let ended = run(&["conform", "--corpus", folder.to_str().unwrap()]).exits(2);
    let shown = ended.stderr.replace(folder.to_str().unwrap(), "FOLDER");
    fs::remove_file(folder.join("broken.toml")).unwrap();
    let empty = run(&["conform", "--corpus", folder.to_str().unwrap()]).exits(2);
    let shown = format!("{shown}{}", empty.stderr.replace(folder.to_str().unwrap(), "FOLDER"));
    fs::remove_dir(&folder).unwrap();
    insta::assert_snapshot!(shown);
}

#[test]
fn an_interrupted_run_tells_what_is_known() {
    for signal in ["INT", "TERM"] {
        // It answers one case and then no more.
        let count = Arc::new(AtomicU32::new(0));
        let url = server(move |mut stream| {
            let request = request(&mut stream)?;
            if request.is_empty() || count.fetch_add(1, Ordering::SeqCst) > 0 {
                return drain(stream);
            }
            answer(&mut stream, &request, "")?;
            carelessly(stream)
        });
        let mut running = Running::start(wslab(&["conform", &url, "1.1.2", "5.1", "5.2", "--jobs", "1"]));
        // The failure of the first case.
        while !running.line().contains("repeat") {}
        running.signal(signal);
        let ended = running.end().exits(130);
        let table: Vec<&str> = ended.stdout.lines().skip_while(|line| !line.contains("cases")).collect();
        let end = format!("{}\n--- on stderr\n{}", table.join("\n"), ended.stderr);
        insta::assert_snapshot!("interrupted", alike(&end));
    }
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    for arguments in [&["conform", "2", "--json"][..], &["conform", "2"], &["--help"]] {
        let mut child = wslab(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "{output:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = wslab(&["conform", "1.1.1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("No space left on device") && !said.contains("panicked"), "{said}");
}

#[test]
fn runs_beside_each_other_do_not_meet() {
    let runs: Vec<_> = (0..3).map(|_| thread::spawn(|| passed(&["2"]))).collect();
    for run in runs {
        assert_eq!(run.join().unwrap(), "11 of 11 cases");
    }
}
