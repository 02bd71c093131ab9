//! What the parser says of files that are wrong: every fault at its place, with what to do.

use crate::read;

/// A right case, for files that are wrong elsewhere. The lines are added to it; they replace those of the same key.
fn case(lines: &str) -> String {
    let key = |line: &str| line.split(" = ").next().map(str::to_owned);
    let own: Vec<_> = lines.lines().map(key).collect();
    let right = ["id = \"1\"", "title = \"A case\"", "clauses = [\"6455#5.2\"]", "send = []", "expect = [{ ok = [] }]"];
    let kept: Vec<_> = right.into_iter().filter(|line| !own.contains(&key(line))).collect();
    format!("[[case]]\n{}\n{lines}\n", kept.join("\n"))
}

/// The complaints about each of these files, under what the file is wrong about.
fn complaints(files: &[(&str, String)]) -> String {
    let mut all = String::new();
    for (about, file) in files {
        let errors = read(file).expect_err(about);
        all += &format!("{about}:\n{errors}\n\n");
    }
    all
}

fn about<'a>(cases: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    cases.iter().map(|(about, lines)| (*about, case(lines))).collect()
}

#[test]
fn files() {
    let said = complaints(&[
        ("not TOML", "[[case]]\nid = \"1\ntitle = 1 2\n".to_owned()),
        ("a key twice", "[[case]]\nid = \"1\"\nid = \"2\"\n".to_owned()),
        ("unknown tables", "[sections]\nid = \"1\"\n[[cases]]\n".to_owned()),
        ("a section without its keys", "[section]\nname = \"x\"\nparts = { \"1..2\" = \"a\" }\n".to_owned()),
        ("cases that are no list", "[case]\nid = \"1\"\n".to_owned()),
        ("an id among the defaults", "[defaults]\nid = \"1\"\n".to_owned()),
        ("an id twice", case("") + &case("") + &case("id = \"2\"")),
        ("too large", " ".repeat(5 << 20)),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn cases() {
    let said = complaints(&about(&[
        ("an unknown key", "titel = \"x\""),
        ("a wrong id", "id = \"1.*\""),
        ("wrong types", "title = 5\ntags = \"a\"\ninformational = \"yes\"\nnote = 1.5"),
        ("an unknown rule", "rules = [\"ReservedBits\", \"Xyz\"]"),
        ("wrong clauses", "clauses = [\"5.4\", \"6455#5.9\", \"6455#\", \"rfc6455#5.4\"]"),
        ("no clause", "clauses = []"),
        ("unknown words", "level = \"can\"\ntarget = \"peer\"\nthen = \"drop\""),
        ("wrong terms", "deflate = [{ takeover = 1, window = 16 }, { bits = 9 }, 5]"),
        ("no terms", "deflate = []"),
        ("a wrong duration", "patience = \"soon\""),
        ("a long duration", "patience = \"3days\""),
    ])) + &complaints(&[("nothing but a case", "[[case]]\n".to_owned())]);
    insta::assert_snapshot!(said);
}

#[test]
fn steps() {
    let said = complaints(&about(&[
        ("an unknown step", "send = [\n  { text = \"a\" },\n  { txt = \"b\", fin = false },\n]"),
        ("no verb", "send = [{}, { fin = false }]"),
        ("two verbs", "send = [{ text = \"a\", ping = \"b\" }]"),
        ("a modifier of another verb", "send = [{ wait = \"1s\", chop = 2 }, { text = \"\", tag = \"A\" }]"),
        ("an unknown modifier", "send = [{ text = \"a\", final = true }]"),
        (
            "numbers out of range",
            "send = [{ text = \"a\", rsv = 8 }, { frame = 16 }, { close = 65536 }, { ping = \"\", chop = 0 }]",
        ),
        ("a wrong form", "send = [{ text = \"a\", form = 8 }]"),
        ("a wrong key", "send = [{ text = \"a\", mask = \"3d\" }, { text = \"a\", mask = 5 }]"),
        ("a length for fragments", "send = [{ text = \"a\", len = 2, fragments = 1 }]"),
        ("compressed without terms", "send = [{ text = \"a\", compressed = true }]"),
        ("a length for what is compressed", "deflate = [{}]\nsend = [{ text = \"a\", compressed = true, len = 9 }]"),
        (
            "compressed and large",
            "deflate = [{}]\nsend = [{ text = { fill = \"*\", len = 99999999 }, compressed = true }]",
        ),
        ("a compressed ping", "deflate = [{}]\nsend = [{ ping = \"a\", compressed = true }]"),
        ("wrong fragments", "send = [{ text = \"a\", fragments = { empty-last = 1 } }]"),
        ("more than there is room for", "send = [{ more = \"a\" }, { text = \"a\", len = 2 }, { more = \"bc\" }]"),
        ("an await of nothing", "send = [{ await = \"close\" }]"),
        ("a wrong repetition", "send = [{ repeat = 0 }, { repeat = 2, steps = [{ txt = 1 }] }]"),
        ("a reason without a code", "send = [{ close = { reason = \"x\" } }]"),
        ("a half-close that is none", "send = [{ half-close = false }]"),
    ]));
    insta::assert_snapshot!(said);
}

#[test]
fn payloads() {
    let said = complaints(&about(&[
        ("a number", "send = [{ text = 5 }]"),
        ("wrong digits", "send = [{ text = { hex = \"4g\" } }, { text = { hex = \"123\" } }]"),
        ("no kind", "send = [{ text = {} }, { text = { length = 5 } }]"),
        ("no length", "send = [{ text = { fill = \"*\" } }, { text = { seed = 1 } }]"),
        ("nothing to fill with", "send = [{ text = { fill = \"\", len = 5 } }]"),
        ("filled with what is made", "send = [{ text = { fill = { seed = 1, len = 2 }, len = 5 } }]"),
        ("too long", "send = [{ text = { fill = \"*\", len = 2000000000 } }]"),
        ("a file that is not there", "send = [{ text = { file = \"numbers\" } }]"),
        ("an unknown document", "send = [{ text = { document = \"jsn\", len = 5 } }]"),
        ("a document without a length", "send = [{ text = { document = \"json\" } }]"),
        ("more than a document has", "send = [{ binary = { document = \"bitmap\", at = 5, len = 263223 } }]"),
        ("the characters of a bitmap", "send = [{ text = { document = \"bitmap\", len = 5, text = true } }]"),
        ("a file that is too short", "send = [{ text = { file = \"alphabet\", at = 20, len = 7 } }]"),
    ]));
    insta::assert_snapshot!(said);
}

#[test]
fn expectations() {
    let said = complaints(&about(&[
        ("none", "expect = []"),
        ("no alternative", "expect = [{}]"),
        ("an unknown verdict", "expect = [{ okay = [] }]"),
        ("two in one", "expect = [{ ok = [], non-strict = [] }]"),
        ("an unknown event", "expect = [{ ok = [{ ping = \"\" }] }]"),
        ("two events in one", "expect = [{ ok = [{ text = \"\", pong = \"\" }] }]"),
        ("a wait that nothing waits", "expect = [{ ok = [{ wait = \"A\" }] }]"),
        ("another wait", "send = [{ wait = \"1s\", tag = \"B\" }]\nexpect = [{ ok = [{ wait = \"A\" }] }]"),
        ("an unknown end", "close = { by = \"server\" }"),
        ("no code", "close = { by = \"target\" }"),
        ("wrong keys", "close = { code = 70000, wrong-end = \"no\", codes = [1] }"),
    ]));
    insta::assert_snapshot!(said);
}

#[test]
fn handshakes() {
    let to = |keys: &str| case(&format!("target = \"server\"\nopening = {{ {keys} }}"));
    let said = complaints(&[
        ("no target", case("opening = {}")),
        ("what is no table", case("target = \"client\"\nopening = true")),
        ("an unknown key", to("header = \"a\"")),
        (
            "wrong types",
            to("line = 5, set = { Host = 5 }, drop = \"Host\", add = [5], unfinished = 1, offer = [], pause = 5"),
        ),
        (
            "wrong values",
            to("chop = 0, pause = \"soon\", raw = { fill = \"\", len = 5 }, behind = { file = \"numbers\" }"),
        ),
        ("raw and a first line", to("raw = \"GET\", line = \"GET\"")),
        ("raw and headers", to("raw = \"GET\", set = { Host = \"a\" }")),
        ("raw and fewer headers", to("drop = [\"Host\"], raw = \"GET\"")),
        ("raw and more lines", to("raw = \"GET\", add = [\"a: b\"]")),
        ("an offer of something else", to("offer = { with = [5], within = [\"a\"] }")),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn what_goes_beside() {
    let said = complaints(&about(&[
        ("unknown manners", "manners = { pongs = false }"),
        ("manners that are no table", "manners = false"),
        ("a manner that is no yes or no", "manners = { close = \"us\" }"),
        ("no connections", "beside = {}"),
        ("too many connections", "beside = { open = 1001 }"),
        ("none of them", "beside = { asking = 0 }"),
        ("connections of two kinds", "beside = { open = 1, asking = 1 }"),
        ("an unknown kind", "beside = { closed = 5 }"),
        ("an unread that is no time", "send = [{ unread = true }, { unread = \"1s\", chop = 1 }]"),
        ("terms for our own direction", "deflate = [{ own = { takeover = 1, window = 7, bits = 9 } }, { own = 15 }]"),
        ("true terms", "deflate = true"),
    ]));
    insta::assert_snapshot!(said);
}

#[test]
fn answers() {
    let said = complaints(&about(&[
        ("an unknown class", "expect = [{ ok = [{ answer = \"6xx\" }] }]"),
        ("a status that is none", "expect = [{ ok = [{ answer = 99 }, { answer = [101, 600] }] }]"),
        ("headers of no answer", "expect = [{ ok = [{ text = \"a\", headers = {} }] }]"),
        ("wrong headers", "expect = [{ ok = [{ answer = 101, headers = { Upgrade = true, Connection = 5 } }] }]"),
        ("an interim answer", "expect = [{ ok = [{ answer = 100 }] }]"),
        ("a header that is not kept", "expect = [{ ok = [{ answer = 401, headers = { WWW-Authenticat = false } }] }]"),
        ("an end that is no yes", "expect = [{ ok = [{ end = 1 }] }]"),
        ("the rest before something", "expect = [{ ok = [\"*\", { text = \"a\" }] }]"),
        ("the rest in a repetition", "expect = [{ ok = [{ repeat = 2, events = [{ text = \"a\" }, \"**\"] }] }]"),
        ("something else than the rest", "expect = [{ ok = \"all\" }]"),
        ("a bare word", "close = { by = \"target\", code = 1002, bare = \"fine\" }"),
    ]));
    insta::assert_snapshot!(said);
}

#[test]
fn loops() {
    let looped = |lines: &str| case(&format!("id = \"1.{{n}}\"\n{lines}"));
    let said = complaints(&[
        (
            "a value that does not fit, in one turn of many",
            looped(
                "each = { kind = [\"a\", \"b\"], size = [0, 125, \"many\"] }\nsend = [\n  { text = { fill = \"*\", len = \"{size}\" } },\n]",
            ),
        ),
        ("a fault in every turn is said once", looped("each = { size = [1, 2, 3] }\nsend = [{ txt = \"{size}\" }]")),
        ("a name without a value", looped("each = { size = [1] }\ntitle = \"{sise} bytes\"")),
        ("a table inside a text", looped("each = { size = [{ hex = \"00\" }] }\ntitle = \"{size} bytes\"")),
        ("an id without a name", case("each = { size = [1, 2] }")),
        ("loops over nothing", looped("each = { size = [] }")),
        ("rows without a header", looped("rows = [[\"size\"]]")),
        ("rows of other lengths", looped("rows = [[\"a\", \"b\"], [1, 2], [1], [1, 2, 3]]")),
        ("a name that cannot be one", looped("each = { Size = [1] }")),
        ("a name twice", looped("each = { a = [1] }\nrows = [[\"a\"], [1]]")),
        ("the name of the number", looped("each = { n = [1] }")),
        ("a start of nothing", case("start = 5")),
        ("too many cases", looped(&format!("each = {{ a = [{0}], b = [{0}], c = [{0}] }}", "0,".repeat(100)))),
        (
            "too much text",
            looped(&format!("each = {{ a = [\"{}\"] }}\nnote = \"{}\"", "x".repeat(100_000), "{a}".repeat(1000))),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn the_column_is_counted_in_characters() {
    let errors = read(&case("note = \"ä\"\nsend = [{ text = \"äöü\", rsv = 9 }]")).expect_err("rsv").to_string();
    insta::assert_snapshot!(errors, @"t.toml:7:31: `rsv` has to be 0 to 7, not 9");
}

#[test]
fn a_hundred_errors_are_enough() {
    let steps = "{ txt = 1 },\n".repeat(300);
    let errors = read(&case(&format!("send = [{steps}]"))).expect_err("errors").0;
    assert_eq!(errors.len(), 100);
    let last = errors.iter().map(ToString::to_string).find(|error| error.contains("list")).unwrap_or_default();
    insta::assert_snapshot!(last, @"t.toml:105:3: the list of errors is too large: at most 100; mend these first");
}
