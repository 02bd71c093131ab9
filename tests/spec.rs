//! Autobahn's configuration files: what is read, what is ignored and told, what is refused and where.

use std::time::Duration;

use wslab::conform::{Corpus, MAX_SPEC, Spec, SpecCases, Tested, Timers};

fn spec(text: &str) -> Spec {
    Spec::parse("spec.json", text).unwrap_or_else(|error| panic!("{error}"))
}

/// The ids of the corpus that are selected.
fn selected(cases: &SpecCases) -> Vec<String> {
    let corpus = Corpus::embedded();
    corpus.cases.iter().filter(|case| cases.select(case)).map(|case| case.id.to_string()).collect()
}

#[test]
fn a_file_that_tests_servers() {
    let read = spec(
        r#"{
            "outdir": "./out",
            "options": {"failByDrop": false, "openHandshakeTimeout": 2},
            "servers": [
                {"agent": "One", "url": "ws://127.0.0.1:9001", "options": {"version": 18, "closeHandshakeTimeout": 0.5}},
                {"url": "ws://127.0.0.1:9002",
                 "origin": "http://a", "protocols": ["chat", "mail"], "options": {"openHandshakeTimeout": 3}}
            ],
            "cases": ["*"],
            "exclude-cases": ["9.*", "12.*"],
            "exclude-agent-cases": {"On*": ["6.*"]}
        }"#,
    );
    assert_eq!(read.outdir, "./out");
    assert_eq!(read.ignored, [""; 0]);
    let Tested::Servers(servers) = &read.tested else { panic!("{read:?}") };
    let [one, two] = servers.as_slice() else { panic!("{servers:?}") };
    assert_eq!((one.agent.as_deref(), one.url.as_str(), one.place), (Some("One"), "ws://127.0.0.1:9001", (5, 34)));
    let timers =
        Timers { opening: Some(Duration::from_secs(2)), closing: Some(Duration::from_millis(500)), drop: None };
    assert_eq!(one.timers, timers);
    assert_eq!((two.agent.as_deref(), two.origin.as_deref(), two.place), (None, Some("http://a"), (6, 18)));
    assert_eq!(two.protocols, ["chat", "mail"]);
    assert_eq!(two.timers.opening, Some(Duration::from_secs(3)), "a server's options come after those of all");
    let case = |id: &str| Corpus::embedded().case(id).cloned().expect(id);
    assert!(read.cases.excludes("One", &case("6.4.1")) && !read.cases.excludes("Two", &case("6.4.1")));
    assert!(!read.cases.excludes("One", &case("5.1")));
    let ids = selected(&read.cases);
    assert!(ids.contains(&"6.4.1".to_owned()) && !ids.iter().any(|id| id.starts_with("9.") || id.starts_with("12.")));
}

#[test]
fn a_file_that_tests_clients() {
    let read = spec(
        r#"{"url": "wss://127.0.0.1:9001", "key": "k.pem", "cert": "c.pem", "protocols": [],
            "options": {"versions": [13]}, "cases": ["1.1.1"]}"#,
    );
    assert_eq!(read.outdir, "./reports/clients");
    assert_eq!(read.ignored, [""; 0]);
    let Tested::Clients(clients) = &read.tested else { panic!("{read:?}") };
    assert_eq!(clients.url, "wss://127.0.0.1:9001");
    assert_eq!((clients.key.as_deref(), clients.cert.as_deref()), (Some("k.pem"), Some("c.pem")));
    assert_eq!(selected(&read.cases), ["1.1.1"]);
}

#[test]
fn what_has_no_effect_is_told_once() {
    let read = spec(
        r#"{"servers": [{"url": "ws://a", "hostname": "b", "options": {"failByDrop": true, "version": 13}},
                        {"url": "ws://c", "options": {"failByDrop": true, "applyMask": false, "autoFragmentSize": 5,
                         "autoPingInterval": 0, "closeHandshakeTimeout": 0, "surprise": 1}}],
            "webport": 8080, "protocols": ["x"], "cases": ["*"], "options": {"tcpNoDelay": false, "webStatus": true}}"#,
    );
    assert_eq!(
        read.ignored,
        [
            "webport",
            "protocols",
            "hostname",
            "tcpNoDelay",
            "webStatus",
            "failByDrop",
            "applyMask",
            "autoFragmentSize",
            "closeHandshakeTimeout",
            "surprise (which is unknown)"
        ]
    );
    let read = spec(r#"{"url": "ws://a", "cases": [], "options": {"versions": [8, 13]}, "protocols": ["x"]}"#);
    assert_eq!(read.ignored, ["versions other than 13", "protocols"]);
}

#[test]
fn ids_that_there_are_none_of_are_named() {
    let read = spec(
        r#"{"url": "ws://a", "cases": ["1.*", "5.99", "88.*"], "exclude-cases": ["hello"],
            "exclude-agent-cases": {"*": ["1.1.*", "5.9?", "88.*"]}}"#,
    );
    assert_eq!(read.cases.strangers(&Corpus::embedded().cases), ["5.99", "5.9?", "88.*", "hello"]);
    assert_eq!(selected(&read.cases).len(), 16);
}

#[test]
fn a_star_is_every_case_of_autobahn_and_no_other() {
    let read = spec(r#"{"url": "ws://a", "cases": ["*"]}"#);
    let corpus = Corpus::embedded();
    let numeric = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let all: Vec<String> = corpus.cases.iter().map(|case| case.id.to_string()).filter(|id| numeric(id)).collect();
    assert_eq!(selected(&read.cases), all);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let mistakes = [
        "",
        "[]",
        "{\"servers\": [],\n // no comment\n \"cases\": []}",
        "{\"servers\": [], \"cases\": [\"*\"],}",
        "{\"servers\": []}",
        "{\"cases\": [\"*\"]}",
        "{\"servers\": [],\n  \"url\": \"ws://a\", \"cases\": []}",
        "{\"servers\": [{}], \"cases\": []}",
        "{\"servers\": {},\n \"cases\": []}",
        "{\"url\": 1,\n \"cases\": []}",
        "{\"url\": \"ws://a\",\n \"cases\": \"*\"}",
        "{\"url\": \"ws://a\",\n \"cases\": [1]}",
        "{\"url\": \"ws://a\", \"cases\": [],\n \"exclude-agent-cases\": [\"*\"]}",
        "{\"url\": \"ws://a\", \"cases\": [],\n \"options\": {\"versions\": [8]}}",
        "{\"servers\": [{\"url\": \"ws://a\",\n  \"options\": {\"version\": 10}}], \"cases\": []}",
        "{\"servers\": [], \"cases\": [],\n \"options\": {\"openHandshakeTimeout\": \"5\"}}",
        "{\"servers\": [], \"cases\": [],\n \"options\": {\"closeHandshakeTimeout\": -1}}",
        "{\"servers\": [], \"cases\": [],\n \"options\": {\"serverConnectionDropTimeout\": 1e300}}",
        &" ".repeat(MAX_SPEC + 1),
    ];
    let mut told = String::new();
    for text in mistakes {
        let error = Spec::parse("spec.json", text).expect_err(text);
        let shown = if text.len() < 200 { text.replace('\n', "⏎") } else { "…".to_owned() };
        told.push_str(&format!("{shown}\n    {error}\n"));
    }
    insta::assert_snapshot!(told);
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[{}\\[\\]\":,a-z0-9 \n*.äö]{0,100}") {
        let _read = Spec::parse("x", &text);
        let _read = Spec::parse("x", &format!("{{\"servers\": [], \"cases\": [{text}]}}"));
        let _read = Spec::parse("x", &format!("{{\"url\": \"\", \"cases\": [], \"options\": {{{text}}}}}"));
    }
}
