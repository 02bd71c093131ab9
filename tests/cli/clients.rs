//! Clients that are tested: the own one, harnesses of Autobahn's, and commands that are no clients.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::process::{Ended, Running, alike, run, wslab};

const WSLAB: &str = env!("CARGO_BIN_EXE_wslab");

/// The screen, whatever the path of the program.
fn screen(ended: &Ended) -> String {
    ended.screen().replace(WSLAB, "wslab")
}

/// Tests the command as a client.
#[track_caller]
fn started(command: &str, arguments: &[&str]) -> Ended {
    run(&[&["conform", "--run", command], arguments].concat())
}

/// A run that waits for clients.
struct Listening {
    running: Running,
    url: String,
}

impl Listening {
    #[track_caller]
    fn start(arguments: &[&str]) -> Self {
        let mut running = Running::start(wslab(&[&["conform", "--listen", "127.0.0.1:0"], arguments].concat()));
        let line = running.line();
        let url = line.trim().strip_prefix("listening on ").expect("where").to_owned();
        Self { running, url }
    }

    /// The own client asks for this path and sends back what comes.
    #[track_caller]
    fn echo(&self, path: &str) -> Ended {
        run(&["connect", "-q", "--echo", &format!("{}{path}", self.url)])
    }

    /// The own client asks for this path and prints what comes.
    #[track_caller]
    fn ask(&self, path: &str) -> String {
        let asked = run(&["connect", "-q", "--linger", "10s", &format!("{}{path}", self.url)]).exits(0);
        asked.stdout.trim().to_owned()
    }
}

#[test]
fn the_own_client_passes_everything_of_autobahn_strictly() {
    // Of the compressed messages the small ones: without optimisation the others take minutes.
    let cases = ["--strict", "not:[a-z]*", "not:1[23].*.[3-9]", "not:1[23].*.1?"];
    let ended = started(&format!("{WSLAB} connect -q --echo {{url}}"), &cases).exits(0);
    insta::assert_snapshot!(screen(&ended));
}

/// All but what a client may refuse strictly: informational responses before the last, and folded headers.
#[test]
fn the_own_client_passes_what_autobahn_has_not() {
    let cases = ["--quick", "not:[0-9]*"];
    let ended = started(&format!("{WSLAB} connect -q --echo {{url}}"), &cases).exits(0);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn a_harness_of_autobahn_works_unchanged() {
    let listening = Listening::start(&["1.1.[12]", "3.1"]);
    assert_eq!(listening.ask("/getCaseCount"), "3");
    assert!(listening.ask("/getCaseInfo?case=3").starts_with(r#"{"id":"3.1","description":"#));
    for case in 1..=3 {
        listening.echo(&format!("/runCase?case={case}&agent=own"));
    }
    assert_eq!(listening.ask("/getCaseStatus?case=3&agent=own"), r#"{"behavior":"OK"}"#);
    listening.ask("/updateReports?agent=own");
    // Another one takes two cases, one of them badly.
    listening.echo("/runCase?case=1&agent=another");
    run(&["connect", "-q", "--linger", "0s", &format!("{}/runCase?case=2&agent=another", listening.url)]);
    listening.ask("/updateReports?agent=another&shutdownOnComplete=true");
    insta::assert_snapshot!(screen(&listening.running.end().exits(1)));
}

#[test]
fn each_line_of_json_names_the_agent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = Running::start(wslab(&["conform", "--listen", &free.to_string(), "--json", "-q", "1.1.1"]));
    let url = format!("ws://{free}");
    while run(&["connect", "-q", "--echo", &format!("{url}/case/1.1.1?agent=own")]).code == 3 {}
    run(&["connect", "-q", "--echo", &format!("{url}/updateReports?agent=own&shutdownOnComplete=true")]);
    let ended = running.end().exits(0);
    let lines: Vec<serde_json::Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{ended:#?}");
    assert!(lines.iter().all(|line| line["agent"] == "own"));
    assert_eq!((&lines[0]["id"], &lines[1]["summary"]["ok"]), (&"1.1.1".into(), &1.into()));
}

#[test]
fn a_baseline_knows_the_close_code_of_a_client() {
    let entry = "[[known]]\ncases = \"1.1.2\"\nverdict = \"failed\"\ncode = CODE\nreason = \"x\"\n";
    for (code, exit) in [("1000", 0), ("1002", 1)] {
        let folder = Folder::new(&format!("client-{code}"));
        let baseline = folder.write("known.toml", &entry.replace("CODE", code));
        let listening = Listening::start(&["1.1.2", "--baseline", &baseline]);
        run(&["connect", "-q", "--linger", "0s", &format!("{}/runCase?case=1&agent=own", listening.url)]);
        listening.ask("/updateReports?agent=own&shutdownOnComplete=true");
        listening.running.end().exits(exit);
    }
}

#[test]
fn where_it_listens_is_said_also_if_quiet() {
    let listening = Listening::start(&["-q", "1.1.1"]);
    listening.ask("/stopServer");
    let ended = listening.running.end().exits(3);
    assert!(!ended.stderr.contains("getCaseCount"), "{ended:#?}");
}

#[test]
fn an_interrupt_counts_unless_there_is_a_result() {
    let listening = Listening::start(&["1.1.[12]"]);
    listening.running.signal("INT");
    listening.running.end().exits(130);

    let listening = Listening::start(&["1.1.[12]"]);
    listening.echo("/runCase?case=1&agent=own");
    listening.running.signal("INT");
    insta::assert_snapshot!(screen(&listening.running.end().exits(130)));

    // All cases were run, or the agent has said that it is done.
    for end in ["/runCase?case=2&agent=own", "/updateReports?agent=own"] {
        let listening = Listening::start(&["1.1.[12]"]);
        listening.echo("/runCase?case=1&agent=own");
        listening.echo(end);
        listening.running.signal("TERM");
        listening.running.end().exits(0);
    }
}

#[test]
fn nobody_comes() {
    let ended = run(&["conform", "--listen", "127.0.0.1:0", "--wait", "100ms"]).exits(3);
    insta::assert_snapshot!(screen(&ended));
    let listening = Listening::start(&[]);
    listening.ask("/stopServer");
    listening.running.end().exits(3);
}

#[test]
fn commands_that_are_no_clients() {
    let mut screens = String::new();
    for (command, code) in [
        ("cat", 2),
        ("", 2),
        ("cat '{url}", 2),
        ("no-such-program {url}", 3),
        ("false {url}", 3),
        ("sh -c 'echo one; echo two >&2; exit 3' {url}", 3),
    ] {
        let ended = started(command, &["1.1", "--jobs", "1"]).exits(code);
        screens.push_str(&format!("$ wslab conform 1.1 --jobs 1 --run \"{command}\"\n{}\n", screen(&ended)));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn what_a_failing_client_says_is_shown() {
    let command =
        format!("sh -c 'echo first >&2; echo; echo \"\u{7}last\" >&2; {WSLAB} connect -q {{url}} </dev/null'");
    let ended = started(&command, &["1.1.2"]).exits(1);
    insta::assert_snapshot!(screen(&ended));
}

#[test]
fn a_client_that_says_something_else_than_a_request_fails_its_case() {
    let command = r#"bash -c 'u=${0#ws://}; p=${u%%/*}; exec 3<>/dev/tcp/${p%%:*}/${p##*:}
        printf "GET /%s HTTP/1.1\r\nHost : x\r\n\r\n" "${u#*/}" >&3; cat <&3 >/dev/null' {url}"#;
    let ended = started(command, &["1.1.2", "7.1.1"]).exits(1);
    assert_eq!(ended.stdout.matches("the opening handshake failed: ").count(), 2, "{ended:#?}");
    assert!(!ended.stdout.contains("never connected"), "{ended:#?}");
}

#[test]
fn clients_that_do_not_end_are_ended() {
    let begun = Instant::now();
    let ended = started("sleep 1000 {url}", &["1.1.2", "--time-factor", "0.02"]).exits(3);
    assert!(ended.stdout.contains("the client never connected"), "{ended:#?}");
    let command = format!("sh -c '{WSLAB} connect -q --echo {{url}}; sleep 1000'");
    let ended = started(&command, &["1.1.2", "--time-factor", "0.2"]).exits(0);
    assert!(ended.stdout.contains("1 of 1 cases passed"), "{ended:#?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
}

#[test]
fn a_client_that_connects_twice_is_played_once() {
    let command = format!("sh -c '{WSLAB} connect -q --echo {{url}}; {WSLAB} connect --echo {{url}}'");
    let ended = started(&command, &["1.1.2"]).exits(0);
    assert!(ended.stdout.contains("1 of 1 cases passed"), "{ended:#?}");
}

#[test]
fn an_interrupt_ends_what_was_started() {
    let folder = Folder::new("interrupted");
    let command = format!("sh -c 'echo > {}; sleep 1000; true' {{url}}", folder.path("started"));
    let running = Running::start(wslab(&["conform", "--run", &command, "1.1.2"]));
    // Before it is started, there is nothing to be ended.
    let begun = Instant::now();
    while !std::path::Path::new(&folder.path("started")).exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is started");
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal("INT");
    running.end().exits(130);
}

#[test]
fn what_does_not_go_together_is_said() {
    let mut screens = String::new();
    for arguments in [
        &["conform", "ws://127.0.0.1:1", "--listen", "127.0.0.1:0"][..],
        &["conform", "--listen", "127.0.0.1:0", "--header", "A: b"],
        &["conform", "--run", "cat {url}", "--insecure"],
        &["conform", "--listen", "nowhere"],
        &["conform", "--run", "cat {url}", "--listen", "unix:/tmp/wslab-no-such-folder/x"],
        &["conform", "--listen", "127.0.0.1:0", "--tls-cert", "x.pem"],
        &["connect", "--echo", "--binary", "ws://127.0.0.1:1"],
    ] {
        let ended = run(arguments).exits(2);
        screens.push_str(&format!("$ wslab {}\n{}\n", arguments.join(" "), alike(&ended.stderr)));
    }
    insta::assert_snapshot!(screens);
}
