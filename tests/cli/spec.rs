//! `wslab conform --spec`: Autobahn's configuration files, from end to end.

use serde_json::{Value, json};

use crate::faulty::{careless, server};
use crate::folder::Folder;
use crate::process::{Running, run, wslab};
use crate::serve::on_a_free_port;

/// A file that tests servers.
fn servers(servers: &Value, more: &Value) -> String {
    let mut spec = json!({ "servers": servers, "cases": ["1.1.*", "5.1"], "options": {"failByDrop": false} });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec.to_string()
}

/// The index that was written.
fn index(folder: &Folder) -> Value {
    serde_json::from_str(&folder.read("out/index.json")).unwrap()
}

#[test]
fn servers_are_tested_one_after_another() {
    let (_server, good) = on_a_free_port(&[]);
    let folder = Folder::new("spec-servers");
    let two = json!([{"agent": "Good/1", "url": good}, {"agent": "Careless", "url": server(careless)}]);
    let more = json!({"outdir": folder.path("out"), "exclude-agent-cases": {"Careless": ["1.1.*"]}});
    let spec = folder.write("fuzzingclient.json", &servers(&two, &more));
    let ended = run(&["conform", "--spec", &spec, "--format", "autobahn"]).exits(1);
    insta::assert_snapshot!(ended.screen().replace(&folder.path(""), "FOLDER/"));
    let index = index(&folder);
    let keys = |agent: &str| index[agent].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys("Good/1").len(), 9);
    assert_eq!(keys("Careless"), ["5.1"]);
    assert_eq!(index["Careless"]["5.1"]["reportfile"], "careless_case_5_1.json");
    // Autobahn's files alone, for no other report was asked for.
    assert_eq!(folder.list("out").len(), 1 + 9 + 1);
}

#[test]
fn one_server_is_tested_as_if_it_stood_on_the_command_line() {
    let (_server, url) = on_a_free_port(&["--subprotocol", "chat", "--origin", "http://a"]);
    let folder = Folder::new("spec-one");
    let one = json!([{"agent": "One", "url": url, "origin": "http://a", "protocols": ["mail", "chat"]}]);
    let spec = folder.write("fuzzingclient.json", &servers(&one, &json!({"outdir": folder.path("out")})));
    let report = folder.path("made");
    let ended = run(&["conform", "--spec", &spec, "5", "--report", &report, "--format", "autobahn"]).exits(0);
    assert!(ended.stdout.contains("1 of 1 cases passed"), "{}", ended.stdout);
    assert!(folder.read("made/one_case_5_1.json").contains("Sec-WebSocket-Protocol: mail, chat"));
    assert!(!folder.0.join("out").exists(), "the reports have a folder of their own");
    // Without a format nothing is written.
    run(&["conform", "--spec", &spec, "5"]).exits(0);
    assert!(!folder.0.join("out").exists());
    // Each line of --json says who it is about only where there are several.
    let ended = run(&["conform", "--spec", &spec, "5", "--json"]).exits(0);
    assert!(!ended.stdout.contains("agent"), "{}", ended.stdout);
}

#[test]
fn the_target_may_stand_on_the_command_line() {
    let (_server, url) = on_a_free_port(&[]);
    let folder = Folder::new("spec-target");
    let spec = folder.write("fuzzingclient.json", &servers(&json!([]), &json!({"outdir": folder.path("out")})));
    run(&["conform", &url, "--spec", &spec, "--agent", "Mine", "--format", "autobahn", "-q"]).exits(0);
    assert_eq!(index(&folder)["Mine"].as_object().unwrap().len(), 9);
}

#[test]
fn what_is_not_done_is_said() {
    let (_server, url) = on_a_free_port(&[]);
    let folder = Folder::new("spec-said");
    let mut told = String::new();
    for (server, more) in [
        (json!([{"url": url, "options": {"version": 18, "failByDrop": true}}]), json!({"webport": 1})),
        (json!([{"url": url}]), json!({"cases": ["1.1.1", "5.99", "77.*"]})),
        (json!([{"url": url}]), json!({"cases": ["77.*"]})),
        (json!([{"url": url}, {"url": url}]), json!({"exclude-cases": ["*"]})),
        (json!([]), json!({})),
        (json!([{"url": "http://a"}]), json!({})),
        (json!([{"url": url, "options": {"version": 9}}]), json!({})),
    ] {
        let spec = folder.write("fuzzingclient.json", &servers(&server, &more));
        let ended = run(&["conform", "--spec", &spec]);
        told.push_str(&format!("{more}\n{}\nexit code {}\n\n", folder.said(&ended).trim_end(), ended.code));
    }
    let spec = folder.write("fuzzingclient.json", &servers(&json!([{"url": url}]), &json!({})));
    for arguments in [&["ws://127.0.0.1:1"][..], &["--listen", "127.0.0.1:0"], &["--format", "xml"]] {
        let ended = run(&[&["conform", "--spec", &spec], arguments].concat()).exits(2);
        told.push_str(&format!("{}\n{}\n", arguments.join(" "), folder.said(&ended)));
    }
    let ended = run(&["conform", "--spec", &folder.path("none.json")]).exits(2);
    told.push_str(&folder.said(&ended));
    insta::assert_snapshot!(told);
}

#[test]
fn a_baseline_is_updated_by_one_server_only() {
    let (_server, url) = on_a_free_port(&[]);
    let folder = Folder::new("spec-baseline");
    let spec = folder.write("spec.json", &servers(&json!([{"url": url}, {"url": url}]), &json!({})));
    let known = folder.path("known.toml");
    let made = folder.path("made");
    let update = ["--baseline", &known, "--baseline-update", "--report", &made];
    let ended = run(&[&["conform", "--spec", &spec, "-q"], &update[..]].concat()).exits(2);
    assert!(!folder.0.join("made").exists(), "it is said before anything is run");
    assert_eq!(
        folder.said(&ended),
        "error: a baseline cannot be updated by 2 agents at once: it lists the deviations of one\n"
    );
    assert!(!folder.0.join("known.toml").exists());
}

#[test]
fn clients_are_tested_where_the_file_says() {
    let folder = Folder::new("spec-clients");
    let spec = json!({"url": "ws://127.0.0.1:0", "outdir": folder.path("out"), "cases": ["1.1.*", "2.1"],
                      "exclude-cases": ["1.1.8"], "exclude-agent-cases": {"Qui*": ["1.1.*"], "quiet": ["*"]}});
    let spec = folder.write("fuzzingserver.json", &spec.to_string());
    let mut running = Running::start(wslab(&["conform", "--spec", &spec, "--format", "autobahn"]));
    let line = running.line();
    let url = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
    let ask = |resource: &str| run(&["connect", &format!("{url}/{resource}"), "-q"]).stdout;
    assert_eq!(ask("getCaseCount").trim(), "8");
    // It answers pings by itself.
    ask("runCase?case=8&agent=Quiet");
    // This one is not played with it: the connection ends at once, and there is no result.
    ask("runCase?case=1&agent=Quiet");
    ask("updateReports?agent=Quiet");
    ask("stopServer");
    running.end().exits(0);
    let index = index(&folder);
    assert_eq!(index["Quiet"].as_object().unwrap().keys().collect::<Vec<_>>(), ["2.1"]);
    let case: Value = serde_json::from_str(&folder.read("out/quiet_case_2_1.json")).unwrap();
    assert_eq!((case["isServer"].as_bool(), case["case"].as_u64()), (Some(true), Some(8)));
}

#[test]
fn a_file_for_clients_may_be_wrong() {
    let folder = Folder::new("spec-wrong");
    let mut told = String::new();
    for spec in [
        json!({"url": "9001", "cases": ["*"]}),
        json!({"url": "ws://example.org:9001", "cases": ["*"]}),
        json!({"url": "wss://127.0.0.1:0", "cases": ["*"]}),
        json!({"url": "wss://127.0.0.1:0", "cert": "none.pem", "key": "none.pem", "cases": ["*"]}),
    ] {
        let spec = folder.write("fuzzingserver.json", &spec.to_string());
        told.push_str(&folder.said(&run(&["conform", "--spec", &spec]).exits(2)));
    }
    insta::assert_snapshot!(told);
}
