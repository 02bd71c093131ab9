//! A conversation, followed.

use proptest::prelude::*;
use wslab::capture::{Ending, NoteKind, Opaque, Sink};
use wslab::proto::{Kind, Role, Rule, Rules};
use wslab::report::captured::{Follow, Following, Look};
use wslab::wire::Opcode;

use super::made::{Talk, four_hundred, one, three};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2VzYW1l";

fn followed(tell: impl Fn(&mut dyn Sink), following: Following, look: Look) -> String {
    let mut follow = Follow::new(Vec::new(), look, following);
    tell(&mut follow);
    assert!(follow.is_found());
    String::from_utf8(follow.into_inner()).unwrap()
}

fn of(connection: u64) -> Following {
    Following { connection, ..Following::default() }
}

/// Everything that can be said, once.
fn everything(sink: &mut dyn Sink) {
    let mut talk = Talk::new(0, sink);
    talk.connection.url = Some("/feed?token=sesame&room=7".to_owned());
    talk.open();
    talk.text(Role::Client, "hello\nκόσμε").message(Role::Server, Kind::Text, b"{\"id\":1,\"of\":[1.0,{}]}", Some(14));
    talk.wait(1500).message(Role::Server, Kind::Binary, &(0..=255).cycle().take(300).collect::<Vec<u8>>(), None);
    talk.text(Role::Client, &format!("{{\"token\":\"{TOKEN}\"}}")).text(Role::Client, "");
    talk.text(Role::Server, "act\u{1b}[2J\r\u{202e} and deceive");
    talk.message(Role::Server, Kind::Text, &[b'*'; 5000], Some(20));
    talk.text(Role::Server, &"line\n".repeat(60));
    talk.ping(Role::Client, 1234);
    talk.frame(Role::Client, Opcode(0x3), b"x\0", Rules::from_iter([Rule::ReservedOpcode]));
    talk.lost(1460).opaque(Role::Client, Opaque::Incomplete).opaque(Role::Server, Opaque::Context);
    talk.note(NoteKind::Differs { offset: 7, count: 3 });
    talk.close(Role::Server, 4001, "bye");
}

#[test]
fn everything_that_can_be_said() {
    insta::assert_snapshot!(followed(everything, of(0), Look::default()));
}

#[test]
fn in_colours() {
    let text = followed(three, of(0), Look { color: true, ..Look::default() });
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), followed(three, of(0), Look::default()));
}

#[test]
fn refused_and_guessed_connections() {
    insta::assert_snapshot!(followed(three, of(1), Look::default()) + &followed(three, of(2), Look::default()));
}

#[test]
fn only_the_wanted_connection_is_told() {
    let text = followed(four_hundred, of(17), Look::default());
    assert!(text.starts_with("connection 17 ") && !text.contains("connection 18"), "{text}");
    let mut follow = Follow::new(Vec::new(), Look::default(), of(400));
    four_hundred(&mut follow);
    assert!(!follow.is_found() && follow.into_inner().is_empty());
}

#[test]
fn long_messages_are_cut_unless_they_are_wanted_whole() {
    let cut = followed(everything, of(0), Look::default());
    let whole = followed(everything, Following { whole: true, ..of(0) }, Look::default());
    assert!(!cut.contains(&"*".repeat(4001)) && whole.contains(&"*".repeat(5000)));
    assert_eq!((cut.matches("    line\n").count(), whole.matches("    line\n").count()), (40, 60));
    assert_eq!((cut.matches("--whole").count(), whole.matches("--whole").count()), (3, 0));
    assert!(!cut.contains("00000100  ") && whole.contains("00000120  "));
}

#[test]
fn tokens_are_masked_unless_secrets_are_shown() {
    let hidden = followed(everything, of(0), Look::default());
    let shown = followed(everything, Following { show_secrets: true, ..of(0) }, Look::default());
    assert!(!hidden.contains(TOKEN) && !hidden.contains("sesame") && hidden.contains("\"token\": \"…\""), "{hidden}");
    assert!(shown.contains(TOKEN) && shown.contains("token=sesame"));
}

#[test]
fn tokens_in_binary_messages_are_masked_unless_secrets_are_shown() {
    let bytes = [b"\x00\x01to ", TOKEN.as_bytes(), b"\xff"].concat();
    let tell = |sink: &mut dyn Sink| {
        Talk::new(0, sink).open().message(Role::Client, Kind::Binary, &bytes, None);
    };
    let rows = |following| {
        let text = followed(tell, following, Look::default());
        let rows = text.lines().filter(|line| line.ends_with('|')).map(str::trim_start);
        rows.map(|row| format!("{row}\n")).collect::<String>()
    };
    insta::assert_snapshot!(rows(of(0)), @r"
    00000000  00 01 74 6f 20 .. .. ..  .. .. .. .. .. .. .. ..  |..to ……………………………|
    00000010  .. .. .. .. .. .. .. ..  .. .. .. .. .. .. .. ..  |…………………………………………|
    00000020  .. .. .. .. .. .. .. ..  .. .. .. .. .. .. .. ..  |…………………………………………|
    00000030  .. .. ff                                          |…….|
    ");
    assert!(rows(Following { show_secrets: true, ..of(0) }).contains("00 01 74 6f 20 65 79 4a"));
}

#[test]
fn a_message_that_never_ends_is_said() {
    let text = followed(
        |sink| {
            let mut talk = Talk::new(0, sink);
            talk.open().part(Role::Client, b"begun").end(Ending::Reset(Role::Client));
        },
        of(0),
        Look::default(),
    );
    assert!(text.contains("a message of the client never ended: 1 frame of it"), "{text}");
    assert!(!followed(one, of(0), Look::default()).contains("never ended"));
}

proptest! {
    #[test]
    fn nothing_that_is_said_acts_on_a_terminal(
        text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200), binary in any::<bool>(),
        unicode in any::<bool>(), whole in any::<bool>(),
    ) {
        let tell = |sink: &mut dyn Sink| {
            let mut talk = Talk::new(0, sink);
            talk.connection.url = Some(text.clone());
            let kind = if binary { Kind::Binary } else { Kind::Text };
            talk.open().text(Role::Client, &text).message(Role::Server, kind, &bytes, None);
            talk.frame(Role::Client, Opcode::PING, &bytes, Rules::NONE).note(NoteKind::Encrypted { why: &text });
            talk.close(Role::Client, 1000, &text);
        };
        let told = followed(tell, Following { whole, ..of(0) }, Look { unicode, ..Look::default() });
        let deceives = |character: char| matches!(character, '\u{202e}' | '\u{2028}' | '\u{200e}');
        let acts = |character: char| {
            character.is_control() && character != '\n' && character != '\t' || deceives(character)
        };
        prop_assert!(!told.contains(acts), "{:?}", told);
    }
}
