//! Streams that are read from lines of JSON.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use wslab::app::feed::{Feed, Lines, MAX_LINE, Source, follow};

use crate::feed_stage::until;

/// What is told of the text, and what the feed holds then.
fn read(text: &[u8], chops: &[usize]) -> (Vec<String>, Vec<String>) {
    let feed = Feed::new();
    let mut lines = Lines::new("data.jsonl");
    let mut told = Vec::new();
    let mut rest = text;
    for chop in chops {
        let (piece, later) = rest.split_at((*chop).min(rest.len()));
        lines.read(piece, &feed, &mut |error| told.push(error.to_string()));
        rest = later;
    }
    lines.read(rest, &feed, &mut |error| told.push(error.to_string()));
    lines.end(&feed, &mut |error| told.push(error.to_string()));
    (told, feed.names().iter().filter_map(|name| feed.latest(name)).collect())
}

#[test]
fn lines_are_published_and_others_told_of_and_passed_over() {
    let text = br#"{"stream":"a","data":1}
{"data":{"x":[1.5,"y",null]},"stream":"b","note":"passed over"}

nonsense
{"stream":"a"}
{"stream":"a","data":2} {"stream":"a","data":3}
{"stream":7,"data":1}
[1]
{"stream":"","data":1}
{"stream":"a","data":1e999}
{"stream":"a","data":"#;
    let mut text = text.to_vec();
    text.extend_from_slice(b"\"\xff\"}\n{\"stream\":\"a\",\"data\":null}\r\n   \n{\"stream\":\"c\",\"data\":4}");
    let (told, held) = read(&text, &[]);
    insta::assert_snapshot!(told.join("\n"), @r#"
    data.jsonl:4: not {"stream":"name","data":…}: expected ident, in column 2
    data.jsonl:5: not {"stream":"name","data":…}: missing field `data`, in column 14
    data.jsonl:6: not {"stream":"name","data":…}: trailing characters, in column 25
    data.jsonl:7: not {"stream":"name","data":…}: invalid type: integer `7`, expected a string, in column 11
    data.jsonl:8: not {"stream":"name","data":…}: invalid type: array, expected an object
    data.jsonl:9: the name of a stream has 1 to 64 bytes and no control characters
    data.jsonl:10: not {"stream":"name","data":…}: number out of range, in column 26
    data.jsonl:11: not {"stream":"name","data":…}: invalid unicode code point, in column 23
    "#);
    let said = |stream: &str, data: &str| format!(r#"{{"type":"data","stream":"{stream}","data":{data}}}"#);
    assert_eq!(held, [said("a", "null"), said("b", r#"{"x":[1.5,"y",null]}"#), said("c", "4")]);
}

#[test]
fn a_line_is_bounded() {
    let fitting = |len: usize| format!("{{\"stream\":\"a\",\"data\":\"{}\"}}", "x".repeat(len - 24));
    let exact = "1".to_owned() + &" ".repeat(MAX_LINE - 1);
    let (told, _) = read(format!("{exact}\n{exact} \n{}\n", fitting(1000)).as_bytes(), &[]);
    insta::assert_snapshot!(told.join("\n"), @r#"
    data.jsonl:1: not {"stream":"name","data":…}: invalid type: integer `1`, expected an object, in column 1
    data.jsonl:2: the line is longer than 1048576 bytes
    "#);
    let deep = ["{\"stream\":\"a\",\"data\":", &"[".repeat(10_000), &"]".repeat(10_000), "}"].concat();
    let (told, held) = read(deep.as_bytes(), &[]);
    assert_eq!(told, [r#"data.jsonl:1: not {"stream":"name","data":…}: recursion limit exceeded, in column 148"#]);
    assert!(held.is_empty());
    let large = format!("{{\"stream\":\"a\",\"data\":\"{}\"}}", "x".repeat(MAX_LINE - 24));
    let (told, _) = read(large.as_bytes(), &[]);
    assert_eq!(told, ["data.jsonl:1: the value takes 1048590 bytes, more than 1048576"]);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        ("[a-c]", 0..9_i32).prop_map(|(name, value)| format!(r#"{{"stream":"{name}","data":{value}}}"#).into_bytes()),
        prop::collection::vec(any::<u8>(), 0..20),
        Just(Vec::new()),
    ]
}

proptest! {
    #[test]
    fn how_it_comes_in_pieces_changes_nothing(
        text in prop::collection::vec(line(), 0..10).prop_map(|lines| lines.join(&b'\n')),
        chops in prop::collection::vec(0..30_usize, 0..20),
    ) {
        prop_assert_eq!(read(&text, &chops), read(&text, &[]));
    }
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wslab-feed-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("values.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn holds(feed: &Feed, stream: &str, data: &str) -> bool {
    feed.latest(stream).is_some_and(|message| message.ends_with(&format!("\"data\":{data}}}")))
}

type Told = Arc<Mutex<Vec<String>>>;

fn following(feed: &Feed, path: PathBuf) -> Told {
    let told = Told::default();
    let telling = told.clone();
    let tell = move |error: wslab::app::feed::LineError| {
        telling.lock().expect("nobody panicked").push(error.to_string());
    };
    follow(feed, Source::File(path), tell).expect("there is such a file");
    told
}

#[tokio::test]
async fn a_file_is_read_and_then_followed() {
    let folder = Folder::new("followed");
    let path = folder.file();
    fs::write(&path, "{\"stream\":\"a\",\"data\":1}\n{\"stream\":\"b\",\"data\":2}").expect("written");
    let feed = Feed::new();
    let told = following(&feed, path.clone());
    until("a last line without line feed is read", || holds(&feed, "a", "1") && holds(&feed, "b", "2")).await;

    let mut file = OpenOptions::new().append(true).open(&path).expect("it is there");
    file.write_all(b"\n{\"stream\":\"a\",").expect("written");
    file.write_all(b"\"data\":3}\nnonsense\n").expect("written");
    until("what is appended is read", || holds(&feed, "a", "3")).await;
    until("what is no line is told of", || !told.lock().expect("nobody panicked").is_empty()).await;

    fs::write(&path, "{\"stream\":\"a\",\"data\":4}\n").expect("written");
    until("one that was cut short is read from its start", || holds(&feed, "a", "4")).await;

    let other = folder.0.join("other");
    fs::write(&other, "{\"stream\":\"a\",\"data\":5}\n".repeat(100) + "nothing").expect("written");
    fs::rename(&other, &path).expect("replaced");
    until("one that was replaced is read from its start", || holds(&feed, "a", "5")).await;
    let told = told.lock().expect("nobody panicked").clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].ends_with("values.jsonl:4: not {\"stream\":\"name\",\"data\":…}: expected ident, in column 2"),
        "{told:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_named_pipe_is_opened_again() {
    let folder = Folder::new("pipe");
    let path = folder.file();
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let feed = Feed::new();
    let _told = following(&feed, path.clone());
    for value in 1..4 {
        let writing = path.clone();
        // Opening waits for the reader.
        let writer = std::thread::spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(writing).expect("it is there");
            write!(pipe, "{{\"stream\":\"a\",\"data\":{value}}}").expect("written");
        });
        until("the writer's line is read", || holds(&feed, "a", &value.to_string())).await;
        writer.join().expect("no panic");
    }
    drop(feed);
    // Whoever waits for a writer sees that the feed is gone; one that also reads waits for nobody.
    drop(OpenOptions::new().read(true).write(true).open(&path));
}

#[test]
fn what_cannot_be_read_is_said_at_once() {
    let feed = Feed::new();
    let folder = Folder::new("unreadable");
    let error = |path: PathBuf| follow(&feed, Source::File(path), |_| {}).expect_err("it is none").kind();
    assert_eq!(error(folder.file()), std::io::ErrorKind::NotFound);
    assert_eq!(error(folder.0.clone()), std::io::ErrorKind::IsADirectory);
    assert_eq!((Source::from("-"), Source::from("a")), (Source::Stdin, Source::File("a".into())));
    drop(File::create(folder.file()));
}
