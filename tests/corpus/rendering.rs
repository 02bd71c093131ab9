//! A case that is written is read as the same case.

use wslab::conform::{Case, Corpus, Source};

use crate::read;

fn told(case: &Case) -> String {
    let source = Source { file: "t.toml".into(), line: 1 };
    format!("{:?}", Case { source, ..case.clone() })
}

#[test]
fn every_case_of_the_corpus_is_read_as_it_is_written() {
    let corpus = Corpus::embedded();
    for case in &corpus.cases {
        let text = case.render();
        let read = read(&text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        assert_eq!(told(&read.cases[0]), told(case), "{text}");
    }
}

#[test]
fn every_word_of_the_language_is_written() {
    let text = r#"[[case]]
id = "x.1"
title = "A \"title\" \\ with \U0000202E marks"
note = "two\nlines"
rules = ["ReservedBit"]
clauses = ["6455#5.4"]
level = "should"
tags = ["a", "b"]
target = "client"
deflate = [{ takeover = false, window = 9 }, {}]
send = [
  { text = "Köln\U00000000", fin = false, rsv = 7, mask = "37fa213d", form = 64, compressed = true, fragments = 7, chop = 1, pause = "2s" },
  { binary = { hex = "00ff" }, mask = true, len = 18446744073709551615 },
  { more = "abc" },
  { cont = { hex = "ff" }, mask = false, fragments = { size = 1, empty-last = true } },
  { ping = { fill = "ab", len = 7 } },
  { pong = { fill = { hex = "00" }, len = 7 } },
  { close = {} },
  { close = 1000 },
  { close = { code = 1000, reason = "bye" } },
  { close = { code = 1000, reason = { hex = "ff" } } },
  { frame = 8, payload = "x" },
  { frame = 11 },
  { raw = { hex = "8100" }, chop = 1 },
  { raw = "" },
  { wait = "1s 500ms", tag = "t" },
  { await = "message" },
  { repeat = 3, steps = [{ await = "pong" }] },
  { repeat = 3, steps = [
    { text = { seed = 7, len = 3 } },
    { text = { seed = 7, len = 3, text = true } },
    { text = { document = "prose", at = 3, len = 4, text = true } },
  ] },
  { half-close = true },
  { reset = true },
]
expect = [
  { ok = [
    { text = "a" },
    { binary = { hex = "00" } },
    { pong = "" },
    { wait = "t" },
    { repeat = 2, events = [
      { text = "b" },
    ] },
  ] },
  { non-strict = [] },
  { informational = [] },
]
close = { by = "target", code = [1002, 1007], clean = true, wrong-end = "fails", wrong-code = "fails" }
patience = "2s"
then = "close"
informational = true
"#;
    let case = &read(text).unwrap_or_else(|errors| panic!("{errors}")).cases[0];
    assert_eq!(case.render(), text);
}

#[test]
fn every_word_of_an_opening_handshake_is_written() {
    let text = r#"[[case]]
id = "x.1"
title = "A request"
clauses = ["6455#4.1"]
level = "may"
target = "server"
deflate = [{ takeover = false, own = { takeover = true, window = 12 } }, { own = { takeover = false } }]
opening = { line = "GET <path> HTTP/1.1\\", set = { "Host" = "<host>", "X \"Y\"" = ["a", "b"] }, drop = ["Upgrade"], add = ["a: b", " c"], behind = { hex = "78" }, chop = 1, pause = "5ms", unfinished = true }
manners = { pong = false, close = false, end = false, stop = false }
beside = { asking = 3 }
send = [
  { unread = "2s" },
]
expect = [
  { ok = [
    { answer = [400, "4xx", "5xx"], headers = { "Upgrade" = "websocket", "Allow" = false } },
    { end = true },
    "*",
  ] },
  { non-strict = "*" },
]
close = { by = "either", code = [1000, 1009], bare = "ok" }
"#;
    let case = &read(text).unwrap_or_else(|errors| panic!("{errors}")).cases[0];
    assert_eq!(case.render(), text);
}

#[test]
fn what_is_raw_of_an_opening_handshake_is_written() {
    for opening in [
        "{ raw = { hex = \"1603\" } }",
        "{ raw = \"GET / HTTP/1.1\\r\\n\", behind = { seed = 1, len = 9 } }",
        "{}",
        "{ offer = {} }",
        "{ offer = { with = [\"a\"], without = [\"b\"] } }",
    ] {
        let text = format!(
            "[[case]]\nid = \"x.1\"\ntitle = \"A\"\nclauses = [\"6455#4.1\"]\ntarget = \"server\"\nopening = {opening}\n\
             beside = {{ open = 3 }}\nsend = []\nexpect = [{{ ok = [{{ answer = 101 }}] }}]\n"
        );
        let case = &read(&text).unwrap_or_else(|errors| panic!("{errors}")).cases[0];
        let again = &read(&case.render()).unwrap_or_else(|errors| panic!("{errors}\n{}", case.render())).cases[0];
        assert_eq!(told(again), told(case), "{opening}");
    }
}
