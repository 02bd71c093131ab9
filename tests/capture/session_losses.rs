//! What is told where bytes are missing.

use wslab::proto::Role::{Client, Server};

use crate::session::{Capture, close, request, response, text};

#[test]
fn a_loss_inside_a_payload_makes_its_message_opaque_and_no_other() {
    let long = text(Server, &"x".repeat(3000));
    let capture = Capture::open(None).says(Server, &long[..1000]).misses(Server, &long[1000..2000]);
    capture.says(Server, &long[2000..]).says(Server, text(Server, "Hi")).tells(&[
        "0 opened /chat 101",
        "1000 bytes not captured",
        "0 server text 3000 of which 2000",
        "0 server says opaque: bytes of it were not captured",
        "0 server text 2",
        "0 server says \"Hi\"",
        "0 closed Open",
    ]);
}

#[test]
fn after_a_loss_the_next_frame_is_found_and_nobody_is_accused() {
    let long = text(Server, &"x".repeat(3000));
    let capture = Capture::open(None).says(Server, text(Server, "one")).misses(Server, &long[..500]);
    let capture = capture.says(Server, &long[500..1500]).says(Server, &long[1500..]);
    capture.says(Server, text(Server, "two")).says(Server, close(Server, 1000)).ends(Server).tells(&[
        "0 opened /chat 101",
        "0 server text 3",
        "0 server says \"one\"",
        "500 bytes not captured",
        "0 server text 3",
        "0 server says \"two\"",
        "0 server close 2",
        "0 closed Finished(Server) 1000",
    ]);
}

#[test]
fn a_response_whose_request_is_lost_opens_all_the_same() {
    let whole = request(None);
    let capture = Capture::new().misses(Client, &whole[..60]).says(Client, &whole[60..]).says(Server, response(None));
    capture.says(Server, text(Server, "Hi")).tells(&[
        "0 opened ? 101",
        "0 server text 2",
        "0 server says \"Hi\"",
        "60 bytes not captured",
        "0 closed Open",
    ]);
}

#[test]
fn a_response_to_an_unseen_head_request_has_no_body() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    let capture = Capture::new().misses(Client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").says(Server, head);
    let capture = capture.misses(Client, request(None)).says(Server, response(None));
    let told = capture.says(Server, text(Server, "Hi")).told();
    assert!(told.contains(&"0 server says \"Hi\"".to_owned()), "{told:?}");
}

#[test]
fn many_frames_may_come_before_the_response() {
    let early = (0..100).fold(Capture::new().says(Client, request(None)), |capture, index| {
        capture.says(Client, text(Client, &format!("{index:->1000}")))
    });
    let told = early.after(1).says(Server, response(None)).told();
    assert_eq!(told[..2], ["0 opened /chat 101", "0 client broke FrameBeforeOpen"]);
    assert_eq!(told.len(), 2 + 200 + 1);
}
