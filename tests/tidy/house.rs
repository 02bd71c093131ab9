//! Who may depend on whom, and what must not be named where.

use std::path::Path;

use crate::tree::{Tree, files, is_within};

/// A module, what of the crate it may name beside its own, and what of that it may not.
struct Room {
    name: &'static str,
    may: &'static [&'static str],
    never: &'static [&'static str],
}

const fn room(name: &'static str, may: &'static [&'static str], never: &'static [&'static str]) -> Room {
    Room { name, may, never }
}

/// The parts of `conform` and `capture` that do things; their other types are plain results.
const ACTIVE: &[&str] = &[
    "conform::run",
    "conform::peer",
    "conform::script",
    "conform::clients",
    "capture::source",
    "capture::segment",
    "capture::stream",
    "capture::tls",
];

/// The same, and what of the protocol does things.
const BEHIND: &[&str] = &[
    "proto::endpoint",
    "proto::flow",
    "conform::run",
    "conform::peer",
    "conform::script",
    "conform::clients",
    "capture::source",
    "capture::segment",
    "capture::stream",
    "capture::tls",
];

/// `wire ← proto ← {net, capture} ← {conform, app} ← cli ← main`, with `watch` beside `net`.
///
/// The longest name that fits a module counts. Everybody may name what stands in his own room.
const ROOMS: &[Room] = &[
    room("wire", &[], &[]),
    room("proto", &["wire"], &[]),
    room("watch", &["wire", "proto"], &[]),
    room("watch::feed", &["wire", "proto", "net"], &[]),
    // A connection tells an `Observer` of `proto` what it sees, so that there is no circle with `watch`.
    room("net", &["wire", "proto"], &[]),
    room("capture", &["wire", "proto", "watch"], &[]),
    // A tester that shares the reacting code with what it tests would share its bugs.
    room("conform", &["wire", "proto", "net", "capture", "watch"], &["proto::endpoint"]),
    // What foretells how a target has to judge shares no judgement with it.
    room("conform::fuzz::model", &["wire", "proto"], &["proto::endpoint", "proto::flow"]),
    room("app", &["wire", "proto", "net", "capture", "watch"], &[]),
    room("report", &["watch", "conform", "capture"], ACTIVE),
    // News are told in the words of the protocol: roles, rules, opcodes, close codes.
    room("tui", &["wire", "proto", "watch", "conform", "capture"], BEHIND),
    room("cli", &["wire", "proto", "watch", "net", "capture", "conform", "app", "report", "tui"], &[]),
    room("main", &["cli"], &[]),
];

/// Where tokio may be named.
const TOKIO: &[&str] = &[
    "net",
    "watch::feed",
    "conform::run",
    "conform::peer",
    "conform::tap",
    "conform::clients",
    "conform::fuzz::hunt",
    "conform::fuzz::shrink",
    "capture::source",
    "app",
    "tui",
    "cli",
];

/// Where neither a clock, nor chance, nor printing may be named: the same input always gives the same output.
const PURE: &[&str] = &[
    "wire",
    "proto",
    "capture::stream",
    "conform::script",
    "conform::judge",
    "conform::baseline",
    "conform::fuzz::model",
    "conform::fuzz::generate",
    "report",
];

/// A file that is longer is two files.
const MAX_LINES: usize = 500;

fn within_any(module: &str, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| is_within(module, &format!("crate::{room}")))
}

/// What a path reads or writes that is not an argument.
fn impurity(path: &str) -> Option<&'static str> {
    let segments: Vec<_> = path.split("::").collect();
    let ends = |ends: &[&str]| segments.ends_with(ends);
    let clocks: [&[&str]; 7] = [
        &["Instant", "now"],
        &["Timestamp", "now"],
        &["Zoned", "now"],
        &["Utc", "now"],
        &["Local", "now"],
        &[".elapsed"],
        &["UNIX_EPOCH"],
    ];
    if clocks.iter().any(|clock| ends(clock)) || segments.contains(&"SystemTime") {
        return Some("a clock");
    }
    if matches!(segments[0], "getrandom" | "rand" | "fastrand" | "getrandom!") || segments.contains(&"RandomState") {
        return Some("chance");
    }
    let macros = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let streams: [&[&str]; 2] = [&["io", "stdout"], &["io", "stderr"]];
    let prints = segments.last().is_some_and(|last| macros.contains(last)) || segments[0] == "anstream";
    if prints || streams.iter().any(|stream| ends(stream)) {
        return Some("printing");
    }
    if matches!(segments[0], "tracing" | "log") {
        return Some("a log");
    }
    None
}

/// What is not as it should be, one line each.
fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for source in &tree.sources {
        let module = source.module.as_str();
        let mut say = |line: usize, words: String| faults.push(format!("{}:{line}: {words}", source.file));
        let rooms = ROOMS.iter().filter(|room| is_within(module, &format!("crate::{}", room.name)));
        let room = rooms.max_by_key(|room| room.name.len());
        if room.is_none() && module != "crate" {
            say(1, format!("{module} is in no room: give it one in the table of tests/tidy/house.rs"));
        }
        for mention in &source.mentions {
            let path = tree.origin(&mention.path);
            if let (Some(room), Some(inside)) = (room, path.strip_prefix("crate::")) {
                let own = room.name.split("::").next().unwrap_or(room.name);
                let allowed = is_within(inside, own) || room.may.iter().any(|may| is_within(inside, may));
                let denied = room.never.iter().any(|never| is_within(inside, never));
                if !allowed || denied {
                    say(mention.line, format!("{} must not know {path}", room.name));
                }
            }
            let external = path.split("::").next().unwrap_or_default();
            if external.starts_with("tokio") && !within_any(module, TOKIO) {
                say(mention.line, format!("{module} must not know tokio: {path}"));
            }
            if let Some(what) = impurity(&path).filter(|_| within_any(module, PURE)) {
                say(mention.line, format!("{module} must not know {what}: {path}"));
            }
        }
    }
    faults.dedup();
    faults
}

/// The files that are too long, one line each.
fn too_long<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let counted = files.into_iter().map(|(file, text)| (file, text.lines().count()));
    counted
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| {
            format!("{file}: {lines} lines are more than {MAX_LINES}: split it along a word of the domain")
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn everything_is_in_its_room() {
    let faults = faults(&Tree::read(root()));
    assert!(faults.is_empty(), "the house is not tidy:\n{}", faults.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let files = ["src", "tests", "examples"].map(|folder| files(root(), folder)).concat();
    let faults = too_long(files.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    assert!(faults.is_empty(), "the house is not tidy:\n{}", faults.join("\n"));
}

/// What is said of a tree with this one file, and with what others re-export.
fn said_of(file: &str, text: &str) -> Vec<String> {
    faults(&Tree::of([
        ("src/proto/mod.rs", "mod endpoint; mod flow; pub use endpoint::Endpoint; pub use flow::Flow;"),
        ("src/conform/mod.rs", "mod judge; mod run; pub use judge::Verdict; pub use run::Runner;"),
        (file, text),
    ]))
}

#[track_caller]
fn refused(file: &str, text: &str, words: &str) {
    assert_eq!(said_of(file, text), [words], "{file}: {text}");
}

#[track_caller]
fn allowed(file: &str, text: &str) {
    assert_eq!(said_of(file, text), [""; 0], "{file}: {text}");
}

#[test]
fn a_room_knows_the_ones_below_it_alone() {
    refused(
        "src/wire/head.rs",
        "\nuse crate::proto::Flow;",
        "src/wire/head.rs:2: wire must not know crate::proto::flow::Flow",
    );
    refused("src/proto/flow.rs", "use crate::net;", "src/proto/flow.rs:1: proto must not know crate::net");
    refused(
        "src/net/server.rs",
        "use crate::watch::Meter;",
        "src/net/server.rs:1: net must not know crate::watch::Meter",
    );
    refused("src/net/server.rs", "use crate::cli;", "src/net/server.rs:1: net must not know crate::cli");
    refused("src/watch/meter.rs", "use crate::net::X;", "src/watch/meter.rs:1: watch must not know crate::net::X");
    refused("src/capture/tls.rs", "use crate::net::X;", "src/capture/tls.rs:1: capture must not know crate::net::X");
    refused(
        "src/report/html.rs",
        "use crate::proto::Flow;",
        "src/report/html.rs:1: report must not know crate::proto::flow::Flow",
    );
    refused(
        "src/app/chat.rs",
        "use crate::conform::Case;",
        "src/app/chat.rs:1: app must not know crate::conform::Case",
    );
    refused("src/main.rs", "fn main() { wslab::net::go() }", "src/main.rs:1: main must not know crate::net::go");
    for (file, text) in [
        ("src/wire/http/head.rs", "use super::super::Head; use crate::wire::http::Headers;"),
        ("src/proto/rule.rs", "use crate::wire::CloseCode; use super::Flow;"),
        ("src/watch/feed.rs", "use crate::net::Client; use crate::watch::Meter;"),
        ("src/conform/run.rs", "use crate::net::Target; use crate::watch::Event;"),
        ("src/report/html.rs", "use crate::conform::Verdict; use crate::watch::Event;"),
        ("src/cli/serve.rs", "use crate::{app, net::Server, report, tui};"),
        ("src/main.rs", "fn main() { wslab::cli::main() }"),
        ("src/lib.rs", "pub mod wire; pub use wire::Head;"),
    ] {
        allowed(file, text);
    }
}

#[test]
fn a_path_counts_as_much_as_an_import() {
    refused(
        "src/wire/head.rs",
        "fn f() { crate::proto::go() }",
        "src/wire/head.rs:1: wire must not know crate::proto::go",
    );
    refused(
        "src/wire/head.rs",
        "fn f() { super::super::net::go() }",
        "src/wire/head.rs:1: wire must not know crate::net::go",
    );
    allowed("src/wire/head.rs", "/// See [`Flow`](crate::proto::Flow).\nfn f() {}");
    allowed("src/wire/head.rs", "#[cfg(test)] mod tests { use crate::proto::Flow; }");
}

#[test]
fn conform_never_knows_the_endpoint() {
    let words = "src/conform/peer.rs:1: conform must not know crate::proto::endpoint::Endpoint";
    refused("src/conform/peer.rs", "use crate::proto::Endpoint;", words);
    refused("src/conform/peer.rs", "use crate::proto; type E = proto::Endpoint;", words);
    refused("src/conform/peer.rs", "use crate::proto::endpoint::Endpoint as Other;", words);
    allowed("src/conform/peer.rs", "use crate::proto::Flow;");
}

#[test]
fn reports_know_results_and_not_what_makes_them() {
    refused(
        "src/report/html.rs",
        "use crate::conform::Runner;",
        "src/report/html.rs:1: report must not know crate::conform::run::Runner",
    );
    refused(
        "src/tui/model.rs",
        "use crate::capture::stream::Gap;",
        "src/tui/model.rs:1: tui must not know crate::capture::stream::Gap",
    );
    allowed("src/tui/model.rs", "use crate::conform::Verdict;");
}

#[test]
fn a_new_room_needs_a_row() {
    refused(
        "src/utils.rs",
        "",
        "src/utils.rs:1: crate::utils is in no room: give it one in the table of tests/tidy/house.rs",
    );
}

#[test]
fn tokio_stays_where_it_may_be() {
    refused(
        "src/proto/flow.rs",
        "use tokio::time;",
        "src/proto/flow.rs:1: crate::proto::flow must not know tokio: tokio::time",
    );
    refused(
        "src/conform/judge.rs",
        "async fn f() { tokio::spawn(g()); }",
        "src/conform/judge.rs:1: crate::conform::judge must not know tokio: tokio::spawn",
    );
    refused(
        "src/watch/meter.rs",
        "use tokio_rustls as t;",
        "src/watch/meter.rs:1: crate::watch::meter must not know tokio: tokio_rustls",
    );
    refused(
        "src/main.rs",
        "#[tokio::main] async fn main() {}",
        "src/main.rs:1: crate::main must not know tokio: tokio::main",
    );
    for file in ["src/net/a.rs", "src/watch/feed.rs", "src/conform/run.rs", "src/conform/run/peer.rs", "src/tui/mod.rs"]
    {
        allowed(file, "use tokio::net::TcpStream;");
    }
}

#[test]
fn clocks_chance_and_printing_stay_out_of_the_core() {
    for (text, words) in [
        ("use std::time::Instant; fn f() { Instant::now() }", "a clock: std::time::Instant::now"),
        ("fn f() { std::time::Instant::now() }", "a clock: std::time::Instant::now"),
        ("use std::time; fn f() { time::Instant::now() }", "a clock: std::time::Instant::now"),
        ("use std::time::SystemTime;", "a clock: std::time::SystemTime"),
        ("fn f(at: Instant) { at.elapsed() }", "a clock: .elapsed"),
        ("use getrandom::fill;", "chance: getrandom::fill"),
        ("fn f() { rand::random() }", "chance: rand::random"),
        ("fn f() { println!(\"x\") }", "printing: println!"),
        ("fn f() { eprintln!(\"x\") }", "printing: eprintln!"),
        ("fn f() { print!(\"x\") }", "printing: print!"),
        ("fn f() { std::dbg!(x) }", "printing: std::dbg!"),
        ("use std::io; fn f() { io::stdout() }", "printing: std::io::stdout"),
        ("fn f() { tracing::info!(\"x\") }", "a log: tracing::info!"),
    ] {
        for (file, module) in [
            ("src/wire/mask.rs", "wire::mask"),
            ("src/proto/flow.rs", "proto::flow"),
            ("src/capture/stream.rs", "capture::stream"),
            ("src/conform/script.rs", "conform::script"),
            ("src/conform/judge.rs", "conform::judge"),
            ("src/report/csv.rs", "report::csv"),
        ] {
            refused(file, text, &format!("{file}:1: crate::{module} must not know {words}"));
        }
        allowed("src/cli/serve.rs", text);
    }
    allowed("src/proto/timers.rs", "use std::time::{Duration, Instant}; fn f(now: Instant) { now.max(then) }");
    allowed("src/proto/timers.rs", "#[cfg(test)] mod tests { fn f() { println!(\"{:?}\", Instant::now()) } }");
}

#[test]
fn a_file_may_have_500_lines_and_no_more() {
    assert_eq!(too_long([("src/a.rs", "x\n".repeat(500).as_str())]), [""; 0]);
    assert_eq!(
        too_long([("src/a.rs", "x\n".repeat(501).as_str())]),
        ["src/a.rs: 501 lines are more than 500: split it along a word of the domain"]
    );
}
