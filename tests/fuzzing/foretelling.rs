//! The model against sessions that are written by hand, clause by clause.

use hex_literal::hex;
use wslab::conform::fuzz::Session;
use wslab::conform::{Frame, Mask, Payload, Step};
use wslab::wire::{Form, Opcode};

use crate::stage::{AWAITS_ECHO, AWAITS_PONG, begins, deflated, ends, foretold, frame, ping, sends, session, text};

#[track_caller]
fn foretells(session: &Session, words: &str) {
    assert_eq!(foretold(session), words, "{:#?}", session.steps);
}

/// 5.6: data frames; what an echo server does with messages.
#[test]
fn messages_come_back_in_their_order() {
    foretells(&session([]), " -> open");
    foretells(&session([text("a"), text("b")]), "text a, text b -> open");
    foretells(&session([sends(frame(Opcode::BINARY, &[0xff])), AWAITS_ECHO]), r"binary \xff -> open");
}

/// 5.4: fragments are joined, and control frames may stand between them.
#[test]
fn fragments_are_one_message() {
    foretells(&session([begins(b"a"), ends(b"b")]), "text ab -> open");
    foretells(&session([begins(b""), ends(b"")]), "text  -> open");
    foretells(&session([begins(b"a"), ping("x"), AWAITS_PONG, ends(b"b")]), "pong x, text ab -> open");
    foretells(&session([begins(b"a"), ping("x"), ends(b"b")]), "pong x, text ab | text ab, pong x -> open");
    foretells(&session([begins(b"a")]), " -> open");
}

/// 5.4: what cannot be joined.
#[test]
fn a_continuation_continues_and_a_message_is_finished() {
    foretells(&session([ends(b"a")]), " -> failed [NothingToContinue] [1002]");
    foretells(&session([begins(b"a"), text("b"), ends(b"c")]), " -> failed [MessageUnfinished] [1002]");
    foretells(&session([text("a"), ends(b"b")]), "text a | () -> failed [NothingToContinue] [1002]");
    foretells(&session([text("a"), AWAITS_ECHO, ends(b"b"), text("c")]), "text a -> failed [NothingToContinue] [1002]");
}

/// 5.2: bits, opcodes and lengths of a head.
#[test]
fn a_head_has_to_be_right() {
    let hello = || frame(Opcode::TEXT, b"Hello");
    foretells(&session([sends(Frame { rsv: 4, ..hello() })]), " -> failed [ReservedBit] [1002]");
    foretells(&deflated([sends(Frame { rsv: 2, ..hello() })]), " -> failed [ReservedBit] [1002]");
    foretells(&deflated([sends(Frame { rsv: 4, ..frame(Opcode::PING, b"") })]), " -> failed [ReservedBit] [1002]");
    foretells(&session([sends(frame(Opcode(3), b""))]), " -> failed [ReservedOpcode] [1002]");
    foretells(&session([sends(frame(Opcode(15), b"x"))]), " -> failed [ReservedOpcode] [1002]");
    let long = Frame { form: Some(Form::Bits16), ..hello() };
    foretells(&session([sends(long)]), " -> failed [LengthNotMinimal] [1002]");
    let top = Frame { len: Some(1 << 63), form: Some(Form::Bits64), ..hello() };
    foretells(&session([sends(top), ping("never read")]), " -> failed [LengthTopBit] [1002, 1009]");
}

/// 5.1: frames of a client are masked.
#[test]
fn a_client_masks() {
    let naked = Frame { mask: Mask::Off, ..frame(Opcode::TEXT, b"Hello") };
    foretells(&session([sends(naked)]), " -> failed [Unmasked] [1002]");
    let zero = Frame { mask: Mask::Key([0; 4]), ..frame(Opcode::TEXT, b"Hello") };
    foretells(&session([sends(zero)]), "text Hello -> open");
}

/// 5.5: control frames are short and whole.
#[test]
fn control_frames_are_short_and_whole() {
    foretells(&session([sends(frame(Opcode::PING, &[b'x'; 126]))]), " -> failed [ControlTooLong] [1002, 1009]");
    let cut = Frame { fin: false, ..frame(Opcode::PONG, b"") };
    foretells(&session([sends(cut), ends(b"")]), " -> failed [ControlFragmented] [1002]");
}

/// 5.5.2 and 5.5.3: every ping is answered, or of several that were not yet the last.
#[test]
fn pings_are_answered() {
    foretells(&session([ping("a"), AWAITS_PONG]), "pong a -> open");
    foretells(&session([ping("a"), ping("b")]), "pong a, pong b | pong b -> open");
    foretells(&session([ping("a"), AWAITS_PONG, ping("b")]), "pong a, pong b -> open");
    foretells(&session([sends(frame(Opcode::PONG, b"unasked"))]), " -> open");
    // Who leaves one pong out keeps us waiting for two.
    foretells(&session([ping("a"), ping("b"), AWAITS_PONG, AWAITS_PONG]), "unforetold");
}

/// 5.5.1 and 7.4: close frames, and what is behind them.
#[test]
fn a_close_frame_is_answered_and_ends_everything() {
    let close = |body: &[u8]| sends(frame(Opcode::CLOSE, body));
    foretells(&session([close(b"")]), " -> closed [1000]");
    foretells(&session([close(&hex!("0bb8")), text("late")]), " -> closed [3000, 1000]");
    foretells(&session([text("a"), AWAITS_ECHO, ping("b"), close(b"")]), "text a, pong b | (text a) -> closed [1000]");
    foretells(&session([close(b"x")]), " -> failed [CloseBodyStub] [1002]");
    foretells(&session([close(&hex!("03ed"))]), " -> failed [CloseCodeReserved] [1002]");
    foretells(&session([close(&hex!("03e7"))]), " -> failed [CloseCodeInvalid] [1002]");
    foretells(&session([close(&hex!("07d0"))]), " -> failed [CloseCodeUnassigned] [1002]");
    foretells(&session([close(&hex!("03e8 ff"))]), " -> failed [CloseReasonNotUtf8] [1007, 1002]");
}

/// 7.1.1: who ends TCP has nothing more to say, and what is unfinished never was a message.
#[test]
fn what_we_leave_unfinished_does_not_come_back() {
    foretells(&session([begins(b"a"), Step::HalfClose]), " -> left");
    foretells(&session([text("a"), AWAITS_ECHO, Step::HalfClose, text("b")]), "text a -> left");
    let promised = Frame { len: Some(5), ..frame(Opcode::TEXT, b"He") };
    foretells(&session([text("a"), sends(promised), Step::HalfClose]), "text a | () -> left");
}

/// 7.2.1: a connection that is lost by a reset is no fault of the target's, which may have stopped anywhere.
#[test]
fn what_we_reset_need_not_be_answered() {
    foretells(&session([begins(b"a"), Step::Reset]), " -> reset");
    foretells(&session([text("a"), AWAITS_ECHO, ping("x"), Step::Reset]), "text a, pong x | (text a) -> reset");
    let promised = Frame { len: Some(5), ..frame(Opcode::TEXT, b"He") };
    foretells(&session([sends(promised), Step::Reset, text("never sent")]), " -> reset");
}

/// 8.1: text is UTF-8, and a target may look at it when it is all there.
#[test]
fn text_is_utf_8() {
    let bad = || sends(frame(Opcode::TEXT, b"a\xff"));
    foretells(&session([bad(), text("b")]), " -> failed [InvalidUtf8] [1007]");
    // Who looks late reads on meanwhile.
    foretells(&session([bad(), ping("x")]), " | pong x -> failed [InvalidUtf8] [1007]");
    foretells(&session([bad(), ends(b"")]), " -> failed [InvalidUtf8] [1007]");
    // Cut inside a code point it is well, and so it is if another fragment makes it whole.
    foretells(&session([begins(&hex!("c3")), ends(&hex!("a9"))]), r"text \xc3\xa9 -> open");
    foretells(&session([begins(&hex!("c3")), ends(b"a")]), " -> failed [InvalidUtf8] [1007]");
    foretells(&session([begins(b"\xff")]), "unforetold");
    let between = session([begins(b"\xff"), ping("x"), ends(b"")]);
    foretells(&between, " | pong x -> failed [InvalidUtf8] [1007]");
    foretells(
        &session([begins(b"\xff"), sends(frame(Opcode(3), b""))]),
        " -> failed [InvalidUtf8, ReservedOpcode] [1007, 1002]",
    );
}

/// RFC 7692, sections 6 and 7.2: compressed messages.
#[test]
fn compressed_messages_are_inflated() {
    let hello = |rsv| sends(Frame { rsv, ..frame(Opcode::TEXT, &hex!("f2 48 cd c9 c9 07 00")) });
    foretells(&deflated([hello(4)]), "text Hello -> open");
    let taken_over = sends(Frame { rsv: 4, ..frame(Opcode::TEXT, &hex!("f2 00 11 00 00")) });
    // It refers to the message before, which a target without context takeover has forgotten.
    foretells(&deflated([hello(4), taken_over]), "unforetold");
    let reserved = sends(Frame { rsv: 4, ..frame(Opcode::TEXT, &hex!("06 00 00 00 00 00")) });
    foretells(&deflated([reserved]), " -> failed [CompressedDataInvalid] [1007, 1002]");
    let not_text = sends(Frame { rsv: 4, ..frame(Opcode::TEXT, &hex!("00 0100 feff ff 00")) });
    foretells(&deflated([not_text]), " -> failed [InvalidUtf8] [1007, 1002]");
    let ours = sends(Frame { compressed: true, ..frame(Opcode::BINARY, b"ab") });
    foretells(&deflated([ours]), "binary ab -> open");
}

/// How a frame gets there changes nothing.
#[test]
fn frames_may_come_in_pieces() {
    let promised = || sends(Frame { len: Some(5), ..frame(Opcode::TEXT, b"He") });
    let rest = Step::More(Payload::from("llo"));
    foretells(&session([promised(), rest]), "text Hello -> open");
    foretells(&session([promised()]), "unforetold");
    let raw = |bytes: &[u8]| Step::Raw { bytes: Payload::Bytes(bytes.to_vec().into()), chop: None };
    foretells(&session([raw(&hex!("81 85 37fa213d 7f9f")), raw(&hex!("4d5158"))]), "text Hello -> open");
    foretells(&session([raw(&hex!("81"))]), "unforetold");
}
