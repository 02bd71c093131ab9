//! `wslab analyze`: tables of a capture, and what becomes of captures that are none.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use wslab::capture::{Conversation, Writer};
use wslab::proto::Role;

use crate::process::{Ended, Running, run, run_with, wslab};

const REQUEST: &[u8] = b"GET /chat?room=1&token=sesame HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A connection on which these frames are sent, a millisecond after another.
fn capture(frames: &[(Role, &[u8])]) -> Vec<u8> {
    exchanged(&[&[(Role::Client, REQUEST), (Role::Server, RESPONSE)], frames].concat())
}

/// A connection on which no WebSocket is.
fn plain() -> Vec<u8> {
    exchanged(&[
        (Role::Client, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        (Role::Server, b"HTTP/1.1 204 No Content\r\n\r\n"),
    ])
}

/// A TCP connection on which this is sent.
fn exchanged(sent: &[(Role, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, "test").unwrap();
    let mut time = Duration::from_secs(1_795_330_800);
    let mut next = || {
        time += Duration::from_millis(1);
        time
    };
    let (client, server) = ("10.0.0.1:50312".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
    let mut conversation = Conversation::open(client, server, next(), "test", &mut writer).unwrap();
    for (from, bytes) in sent {
        conversation.data(*from, bytes, next(), &mut writer).unwrap();
    }
    conversation.end(Role::Server, next(), &mut writer).unwrap();
    conversation.end(Role::Client, next(), &mut writer).unwrap();
    writer.flush().unwrap();
    drop(writer);
    file
}

/// A conversation in which all is as it should be.
fn good() -> Vec<u8> {
    capture(&[
        (Role::Client, b"\x81\x85\x01\x02\x03\x04Igohn"),
        (Role::Server, b"\x81\x05Hello"),
        (Role::Client, b"\x88\x82\x05\x06\x07\x08\x06\xee"),
        (Role::Server, b"\x88\x02\x03\xe8"),
    ])
}

/// The server sends text that is none.
fn bad() -> Vec<u8> {
    capture(&[
        (Role::Server, b"\x81\x02\xff\xfe"),
        (Role::Client, b"\x88\x82\x05\x06\x07\x08\x06\xee"),
        (Role::Server, b"\x88\x02\x03\xe8"),
    ])
}

#[track_caller]
fn analyzed(capture: &[u8], arguments: &[&str]) -> Ended {
    run_with(&[&["analyze", "-"], arguments].concat(), capture)
}

#[test]
fn a_capture_becomes_tables() {
    let mut screens = String::new();
    for arguments in [
        &["--table", "frames"][..],
        &["--table", "frames", "--format", "csv", "--payload", "text"],
        &["--table", "messages", "--format", "jsonl", "--payload", "hex"],
        &["--table", "connections", "--format", "json"],
        &["--table", "rates", "--interval", "1s"],
        &["--table", "frames", "--format", "csv", "--filter", "opcode == close && direction == server"],
        &["--table", "connections", "--format", "csv", "--show-secrets"],
    ] {
        let screen = analyzed(&good(), arguments).exits(0).screen();
        screens.push_str(&format!("$ wslab analyze - {}\n{screen}\n", arguments.join(" ")));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn a_capture_becomes_a_summary() {
    let screens =
        [good(), bad(), good()[..0x100].to_vec()].map(|capture| run_with(&["analyze", "-"], &capture).screen());
    insta::assert_snapshot!(screens.join("\n----\n"));
    let ended = analyzed(&bad(), &["--format", "json"]).exits(0);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["connections"], 1, "{summary}");
    let none = analyzed(&bad(), &["--connection", "7"]).exits(4);
    assert!(none.stdout.contains("no WebSocket connection"), "{}", none.stdout);
}

#[test]
fn a_file_that_is_none_does_not_hide_the_others() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (whole, empty) = (folder.join("beside.pcapng"), folder.join("empty.pcapng"));
    fs::write(&whole, good()).unwrap();
    fs::write(&empty, "").unwrap();
    let files = ["analyze", empty.to_str().unwrap(), whole.to_str().unwrap(), "--table", "frames", "--format", "csv"];
    let ended = run(&files).exits(2);
    assert_eq!(ended.stdout.lines().count(), 5);
    assert!(ended.stderr.contains("empty.pcapng"), "{}", ended.stderr);
    fs::remove_file(&whole).unwrap();
    fs::remove_file(&empty).unwrap();
}

#[test]
fn a_conversation_can_be_followed() {
    insta::assert_snapshot!(analyzed(&bad(), &["--follow", "0"]).exits(0).screen());
    let ended = analyzed(&bad(), &["--follow", "3"]).exits(4);
    assert!(ended.stderr.contains("there is no connection 3: the only one is 0"), "{}", ended.stderr);
}

#[test]
fn a_page_is_written_beside_what_is_printed() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("analyzed");
    let ended = analyzed(&good(), &["--report", folder.to_str().unwrap(), "--table", "frames", "--format", "csv"]);
    assert_eq!(ended.exits(0).stdout.lines().count(), 5);
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("/chat?room=1") && !page.contains("sesame"), "secrets are masked");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn packets_of_a_connection_can_be_kept() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (whole, kept) = (folder.join("whole.pcapng"), folder.join("kept.pcapng"));
    fs::write(&whole, good()).unwrap();
    let table = ["--table", "frames", "--format", "csv"];
    let frames = |path: &PathBuf| run(&[&["analyze", path.to_str().unwrap()], &table[..]].concat()).exits(0).stdout;
    let write = |code, more: &[&str]| {
        let arguments = ["analyze", whole.to_str().unwrap(), "--write", kept.to_str().unwrap()];
        run(&[&arguments[..], more].concat()).exits(code)
    };
    let ended = write(0, &["--connection", "0"]);
    assert!(ended.stderr.ends_with("kept.pcapng: 13 packets of 1 connection\n"), "{}", ended.stderr);
    assert_eq!(frames(&kept), frames(&whole));
    assert!(write(4, &["--filter", "url == '/elsewhere'"]).stderr.contains("no connection was selected"));
    let same = run(&["analyze", whole.to_str().unwrap(), "--write", whole.to_str().unwrap()]).exits(2);
    assert!(same.stderr.contains("is the capture that is read"), "{}", same.stderr);
    assert!(analyzed(&good(), &["--write", kept.to_str().unwrap()]).exits(2).stderr.contains("cannot be read again"));
    fs::remove_file(&whole).unwrap();
    fs::remove_file(&kept).unwrap();
}

#[test]
fn a_conversation_becomes_a_case_that_can_be_played_again() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conversation.toml");
    let file = path.to_str().unwrap();
    analyzed(&good(), &["--to-case", "0", "-o", file]).exits(0);
    run(&["conform", "--corpus", file, "--strict", "-q"]).exits(0);
    fs::remove_file(&path).unwrap();
    assert!(analyzed(&good(), &["--to-case", "1"]).exits(4).stderr.contains("connection 1"));
}

#[test]
fn what_is_read_is_never_written_over() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("spared");
    fs::create_dir_all(&folder).unwrap();
    let (read, keys) = (folder.join("index.html"), folder.join("keys.log"));
    let (read, keys) = (read.to_str().unwrap(), keys.to_str().unwrap());
    fs::write(read, good()).unwrap();
    fs::write(keys, "# no keys\n").unwrap();
    let folder = folder.to_str().unwrap();
    let roundabout = format!("{folder}/../spared/index.html");
    for (arguments, words) in [
        (&["-o", read][..], "--output would write over"),
        (&["-o", &roundabout], "--output would write over"),
        (&["--report", folder], "--report would write over"),
        (&["--keylog", keys, "-o", keys], "--output would write over"),
        (&["--keylog", keys, "--write", keys], "--write would write over"),
        (&["-o", "no-such-file", "--write", "no-such-file"], "--output and --write would both write no-such-file"),
        (&["--write", "-"], "--write takes a file"),
    ] {
        let ended = run(&[&["analyze", read], arguments].concat()).exits(2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert!(fs::read(read).unwrap() == good() && fs::read(keys).unwrap() == b"# no keys\n", "all is as it was");
    assert!(!PathBuf::from("no-such-file").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_read_is_told_while_more_is_awaited() {
    let whole = good();
    // The first message ends in the middle of the capture, and the cut is within a packet.
    let half = whole.windows(5).position(|bytes| bytes == b"Hello").unwrap() + 3;
    for (arguments, begin) in [(&["--table", "messages", "--format", "csv"][..], "0,client,"), (&["--follow", "0"], "")]
    {
        let mut running = Running::start(wslab(&[&["analyze", "-"], arguments].concat()));
        running.say(&whole[..half]);
        let told = std::iter::repeat_with(|| running.line()).take(50);
        let wanted = |line: &String| if begin.is_empty() { line.contains("Hello") } else { line.starts_with(begin) };
        assert!(told.into_iter().any(|line| wanted(&line)), "{arguments:?}");
        running.say(&whole[half..]);
        running.ended().exits(0);
    }
}

#[cfg(not(feature = "live"))]
#[test]
fn interfaces_are_read_only_by_who_was_built_for_it() {
    let ended = run(&["analyze", "--interface", "lo"]).exits(2);
    assert!(ended.stderr.contains("--features live"), "{}", ended.stderr);
}

#[test]
fn only_what_is_looked_at_is_checked() {
    analyzed(&bad(), &["--check"]).exits(1);
    analyzed(&bad(), &["--check", "--connection", "0"]).exits(1);
    analyzed(&bad(), &["--check", "--filter", "server == 10.0.0.2"]).exits(1);
    analyzed(&bad(), &["--check", "--connection", "1"]).exits(4);
    analyzed(&bad(), &["--check", "--filter", "url == '/elsewhere'"]).exits(4);
    analyzed(&bad(), &["--check", "--table", "violations", "--filter", "rule == Masked"]).exits(0);
}

#[test]
fn nothing_selected_is_told_from_nothing_there() {
    for arguments in [&[][..], &["--check"], &["--table", "frames"], &["--table", "rates", "--check"]] {
        let ended = analyzed(&good(), &[&["--connection", "99"], arguments].concat()).exits(4);
        assert!(ended.stderr.contains("there is no connection 99: the only one is 0"), "{}", ended.stderr);
    }
    let none = analyzed(&plain(), &["--connection", "0"]).exits(4);
    assert!(none.stderr.contains("no WebSocket is in the capture"), "{}", none.stderr);
    let table = ["--table", "messages", "--filter", "length > 5"];
    let ended = analyzed(&good(), &table).exits(4);
    assert!(ended.stderr.contains("the filter lets none of the messages through"), "{}", ended.stderr);
    analyzed(&plain(), &table).exits(0);
    analyzed(&good(), &["--table", "messages", "--filter", "length == 5"]).exits(0);
}

#[test]
fn what_a_connection_ends_with_is_asked_for_where_it_is_known() {
    for arguments in [&[][..], &["--format", "json"], &["--table", "connections", "--check"]] {
        let ended = analyzed(&good(), &[&["--filter", "tls || violations > 0"], arguments].concat()).exits(2);
        let wanted = "`violations` is known only when the connection is over: use it with --table connections";
        assert!(ended.stderr.contains(wanted), "{}", ended.stderr);
        assert!(ended.stderr.contains("\n         ^^^^^^^^^^\n"), "{}", ended.stderr);
    }
    let table = ["--table", "connections", "--format", "csv", "--filter"];
    for filter in ["close_code == 1000", "ended_by == server && !refusal", "client_text == 1"] {
        let ended = analyzed(&good(), &[&table[..], &[filter]].concat()).exits(0);
        assert_eq!(ended.stdout.lines().count(), 2, "{filter}: {}", ended.stdout);
    }
}

#[test]
fn what_cannot_be_printed_keeps_nothing_from_being_written() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unprinted");
    fs::create_dir_all(&folder).unwrap();
    let (read, kept) = (folder.join("read.pcapng"), folder.join("kept.pcapng"));
    let refused = exchanged(&[(Role::Client, REQUEST), (Role::Server, b"HTTP/1.1 403 Forbidden\r\n\r\n")]);
    for (view, capture, code) in
        [(["--follow", "3"], plain(), 4), (["--to-case", "3"], plain(), 4), (["--to-case", "0"], refused, 2)]
    {
        fs::write(&read, capture).unwrap();
        let mut command = wslab(&["analyze", "--report"]);
        command.arg(&folder).arg(&read).arg("--write").arg(&kept).args(view);
        Running::start(command).ended().exits(code);
        fs::remove_file(folder.join("index.html")).unwrap();
        fs::remove_file(&kept).unwrap();
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_violation_counts_if_it_is_checked() {
    let table = ["--table", "violations", "--format", "csv"];
    assert!(analyzed(&bad(), &table).exits(0).stdout.contains("InvalidUtf8"));
    let ended = analyzed(&bad(), &[&table[..], &["--check"]].concat()).exits(1);
    assert!(ended.stderr.contains("1 violation"), "{}", ended.stderr);
    analyzed(&good(), &[&table[..], &["--check"]].concat()).exits(0);
    assert!(analyzed(&bad(), &["--check", "--table", "frames"]).exits(1).stdout.contains("text"));
}

#[test]
fn what_comes_before_damage_is_told() {
    let whole = good();
    let ended = analyzed(&whole[..whole.len() - 5], &["--table", "frames", "--format", "csv"]).exits(2);
    assert_eq!(ended.stdout.lines().count(), 5, "{}", ended.stdout);
    assert!(ended.stderr.contains("damaged at byte"), "{}", ended.stderr);
}

#[test]
fn a_capture_without_a_websocket_is_said_to_have_none() {
    let ended = analyzed(&plain(), &["--table", "frames", "--format", "csv"]).exits(0);
    assert_eq!(ended.stdout.lines().count(), 1, "only the names of the columns: {}", ended.stdout);
    assert!(ended.stderr.contains("there is no WebSocket in the capture"), "{}", ended.stderr);
}

#[test]
fn a_table_can_be_written_to_a_file() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("frames.csv");
    let ended = analyzed(&good(), &["--table", "frames", "--format", "csv", "-o", path.to_str().unwrap()]).exits(0);
    assert_eq!(ended.stdout, "");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_reader_who_has_read_enough_is_no_error() {
    let many: Vec<(Role, &[u8])> = vec![(Role::Server, b"\x89\x00"); 20_000];
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("many.pcapng");
    fs::write(&path, capture(&many)).unwrap();
    let program = format!("{} analyze {} --table frames --format csv", env!("CARGO_BIN_EXE_wslab"), path.display());
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -o pipefail; {program} | head -n 1")]);
    let ended = Running::start(command).ended().exits(0);
    assert!(ended.stdout.starts_with("connection,") && ended.stderr.is_empty(), "{ended:?}");
    fs::remove_file(&path).unwrap();
}

#[test]
fn the_environment_sets_what_is_asked_for() {
    let mut command = wslab(&["analyze", "-"]);
    command.env("WSLAB_TABLE", "frames").env("WSLAB_ANALYZE_FORMAT", "csv").env("WSLAB_FILTER", "opcode == close");
    let mut running = Running::start(command);
    running.say(&good());
    assert_eq!(running.ended().exits(0).stdout.lines().count(), 3);
}

#[test]
fn mistakes_are_explained() {
    let mistakes: &[&[&str]] = &[
        &[],
        &["no/such/file.pcap"],
        &["Cargo.toml"],
        &["-", "--table", "frame"],
        &["-", "--format", "csv"],
        &["-", "--payload", "hex"],
        &["-", "--table", "frames", "--follow", "3"],
        &["-", "--table", "frames", "--to-case", "3"],
        &["-", "--follow", "1", "--connection", "2"],
        &["-", "--table", "frames", "--interval", "1s"],
        &["-", "--table", "rates", "--interval", "0s"],
        &["-", "--table", "rates", "--interval", "1"],
        &["-", "--table", "rates", "--payload", "hex"],
        &["-", "--table", "frames", "--filter", "opcode == text && length > \"text\""],
        &["-", "--table", "frames", "--filter", "lenght > 5"],
        &["-", "--filter", "fin"],
        &["-", "--table", "frames", "--max-message", "0"],
        &["-", "--table", "frames", "--connection", "-1"],
        &["-", "--table", "frames", "--keylog", "no/such/keys"],
    ];
    let mut screens = String::new();
    for mistake in mistakes {
        let arguments = [&["analyze"], *mistake].concat();
        screens.push_str(&format!("$ wslab {}\n{}\n", arguments.join(" "), run(&arguments).exits(2).stderr));
    }
    insta::assert_snapshot!(screens);
}
