//! `wslab connect --json`: messages that are JSON, laid out.

use crate::process::{alike, run_with};
use crate::serve::on_a_free_port;

const LINES: &str = "{\"b\":1.10,\"a\":[1,{}],\"big\":123456789012345678901234567890}\nno JSON\n\"a\"\n{\"broken\":\n";

#[test]
fn objects_are_laid_out_and_others_are_as_they_came() {
    let (_server, url) = on_a_free_port(&[]);
    let ended = run_with(&["connect", &url, "--json"], LINES.as_bytes()).exits(0);
    let shown = ended.stdout.lines().map(|line| line.split_once("Z ").map_or(line, |(_, rest)| rest));
    insta::assert_snapshot!(alike(&shown.collect::<Vec<_>>().join("\n")));
}

#[test]
fn quietly_it_is_only_laid_out_where_that_is_asked_for() {
    let (_server, url) = on_a_free_port(&[]);
    let ended = run_with(&["connect", &url, "-q", "--json"], b"{\"a\":1}\n[]\nx\n").exits(0);
    assert_eq!(ended.stdout, "{\n  \"a\": 1\n}\n[]\nx\n");
    let ended = run_with(&["connect", &url, "-q"], LINES.as_bytes()).exits(0);
    assert_eq!(ended.stdout, LINES);
}

#[test]
fn it_has_colours_where_they_are_wanted() {
    let (_server, url) = on_a_free_port(&[]);
    let ended = run_with(&["connect", &url, "-q", "--json", "--color", "always"], b"{\"a\":1}\n");
    assert!(ended.stdout.contains("\u{1b}[34m\"a\"\u{1b}[0m: \u{1b}[33m1\u{1b}[0m"), "{ended:?}");
}
