//! Who is blamed for how a connection ends.

use wslab::proto::Role::{self, Client, Server};
use wslab::wire::{Head, Opcode};

use crate::session::{Capture, close, control, frame, request, response, text};

/// The rules that are broken, each with who broke it.
#[track_caller]
fn broken(capture: Capture, expected: &[&str]) {
    let told = capture.told();
    let broken: Vec<&str> =
        told.iter().filter_map(|line| line.strip_prefix("0 ").filter(|it| it.contains("broke"))).collect();
    assert_eq!(broken, expected, "\n{}\n", told.join("\n"));
}

fn open() -> Capture {
    Capture::open(None)
}

fn closed(by: Role) -> Capture {
    open().says(by, close(by, 1000)).says(by.peer(), close(by.peer(), 1000))
}

#[test]
fn nobody_is_blamed_for_a_closing_handshake() {
    for by in [Client, Server] {
        broken(closed(by).ends(Server).ends(Client), &[]);
        broken(closed(by).resets(Server), &[]);
        // The client may close at any time (RFC 6455, section 7.1.1).
        broken(closed(by).ends(Client).ends(Server), &[]);
    }
}

#[test]
fn a_server_that_keeps_the_connection_is_blamed() {
    broken(closed(Client).after(20).ends(Client), &["server broke ServerKeptConnection"]);
    broken(closed(Client).after(20).ends(Server), &[]);
}

#[test]
fn whoever_leaves_without_a_word_is_blamed() {
    broken(open().ends(Client).ends(Server), &["client broke ConnectionLost"]);
    broken(open().resets(Server), &["server broke ConnectionLost"]);
}

#[test]
fn a_close_frame_wants_an_answer() {
    broken(open().says(Client, close(Client, 1000)).ends(Server), &["server broke CloseUnanswered"]);
    // Time to answer was not given.
    broken(open().says(Client, close(Client, 1000)).ends(Client), &[]);
    let late = open().says(Client, close(Client, 1000)).after(30).ends(Client);
    broken(late, &["server broke CloseUnanswered"]);
}

#[test]
fn a_broken_connection_is_failed_with_a_close_frame() {
    let faulty = || open().says(Client, text(Server, "not masked"));
    broken(faulty().says(Server, close(Server, 1002)).ends(Server), &["client broke Unmasked"]);
    broken(faulty().resets(Server), &["client broke Unmasked", "server broke NoCloseFrame"]);
    let goes_on = faulty().says(Server, text(Server, "in flight")).after(30).says(Server, text(Server, "and on"));
    broken(goes_on, &["client broke Unmasked", "server broke NotFailed"]);
}

#[test]
fn what_is_cut_by_the_end_is_blamed_on_its_sender() {
    let half = &text(Client, "Hello")[..8];
    broken(open().says(Client, half).ends(Client), &["client broke ConnectionLost", "client broke TruncatedFrame"]);
    let head = Head { fin: false, ..Head::new(Opcode::TEXT, 0) };
    let unfinished = open().says(Client, frame(Client, head, b"Hel")).says(Server, close(Server, 1001)).ends(Client);
    broken(unfinished, &["client broke CloseUnanswered", "client broke TruncatedMessage"]);
    // The capture ends, not the connection.
    broken(open().says(Client, half), &[]);
}

#[test]
fn pings_have_to_be_answered_if_there_is_time() {
    let asked = || open().says(Server, control(Server, Opcode::PING, b"there?"));
    broken(asked().says(Server, close(Server, 1000)).says(Client, close(Client, 1000)).ends(Server), &[]);
    let close =
        |capture: Capture| capture.says(Server, close(Server, 1000)).says(Client, close(Client, 1000)).ends(Server);
    broken(close(asked().after(60)), &["client broke PingUnanswered"]);
    let other = asked().says(Client, control(Client, Opcode::PONG, b"where?")).after(60);
    broken(close(other), &["client broke PongDiffers"]);
    broken(close(asked().says(Client, control(Client, Opcode::PONG, b"there?")).after(60)), &[]);
}

#[test]
fn a_reset_does_not_hide_what_was_on_its_way() {
    let capture = open().misses(Client, text(Client, "lost")).says(Client, text(Client, "three")).resets(Server);
    let told = capture.told();
    assert!(told.contains(&"0 client says \"three\"".to_owned()), "{told:?}");
    assert!(told.contains(&"10 bytes not captured".to_owned()), "{told:?}");
}

#[test]
fn nobody_is_blamed_where_one_direction_was_captured() {
    let ping = control(Server, Opcode::PING, b"there?");
    let capture = Capture::new().misses(Client, request(None)).says(Server, response(None)).says(Server, ping);
    broken(capture.after(60).says(Server, close(Server, 1000)).after(60).ends(Server), &[]);
}

#[test]
fn nobody_is_blamed_where_bytes_are_missing() {
    // The pong was lost, which shows only behind it.
    let asked = open().says(Server, control(Server, Opcode::PING, b"there?"));
    let lost = asked.misses(Client, control(Client, Opcode::PONG, b"there?")).after(60);
    broken(lost.says(Server, close(Server, 1000)).says(Client, close(Client, 1000)).ends(Server).ends(Client), &[]);

    let capture = open().misses(Server, close(Server, 1000)).says(Server, close(Server, 1000)).ends(Server);
    broken(capture, &[]);
}
