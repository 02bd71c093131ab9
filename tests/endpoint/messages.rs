//! Messages come in (sections 5.4, 5.6 and 6.2).

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use hex_literal::hex;
use wslab::proto::{Event, Kind, Role};

use crate::end::{End, binary, frame, ping, pong, text};
use crate::mirrored;

mirrored! {
    fn a_text_message_is_told(end) {
        assert_eq!(end.receives(hex!("81 05 48656c6c6f")), [text("Hello")]);
    }

    fn a_binary_message_is_told(end) {
        assert_eq!(end.receives(hex!("82 03 00ff80")), [binary(hex!("00ff80"))]);
    }

    fn an_empty_message_is_told(end) {
        assert_eq!(end.receives(hex!("81 00  82 00")), [text(""), binary("")]);
    }

    fn several_messages_of_one_read_are_told_in_order(end) {
        assert_eq!(end.receives(hex!("81 01 61  82 01 62  81 01 63")), [text("a"), binary("b"), text("c")]);
        assert!(end.sends().is_empty());
    }

    fn a_message_that_comes_byte_by_byte_is_told_once(end) {
        assert_eq!(end.receives_chopped(hex!("81 05 48656c6c6f  82 01 62")), [text("Hello"), binary("b")]);
        assert_eq!(end.endpoint.gathered(), 0);
    }

    fn a_message_cut_anywhere_is_told_once(end) {
        let frames = end.as_peer_sends(hex!("81 03 616263  01 02 6465  00 00  80 03 66c3bc"));
        for cut in 1..frames.len() {
            let mut end = End::open(end.role());
            let (first, second) = frames.split_at(cut);
            let mut told = end.receives_raw(first);
            told.extend(end.receives_raw(second));
            assert_eq!(told, [text("abc"), text("defü")], "cut at {cut}");
        }
    }

    fn lengths_of_16_and_64_bits_are_read(end) {
        for len in [125, 126, 65535, 65536, 200_000] {
            let payload = vec![b'*'; len];
            assert_eq!(end.receives(frame(Kind::Binary, &payload)), [binary(&payload)]);
        }
    }

    fn fragments_are_joined(end) {
        assert_eq!(end.receives(hex!("01 03 48656c  00 00  80 02 6c6f")), [text("Hello")]);
        assert_eq!(end.receives(hex!("02 00  00 00  80 00")), [binary("")]);
        assert_eq!(end.receives(hex!("02 00  80 01 61")), [binary("a")]);
    }

    fn a_code_point_may_be_cut_by_fragments_and_reads(end) {
        assert_eq!(end.receives(hex!("01 01 c3")), []);
        assert_eq!(end.receives(hex!("80 01 bc")), [text("ü")]);
        assert_eq!(end.receives_chopped(hex!("81 04 f09f9880")), [text("😀")]);
    }

    fn control_frames_may_come_between_fragments(end) {
        let told = end.receives(hex!("01 03 48656c  89 01 70  8a 01 71  00 01 6c  89 00  80 01 6f"));
        assert_eq!(told, [ping("p"), pong("q"), ping(""), text("Hello")]);
        assert_eq!(end.sends(), hex!("8a 01 70  8a 00"));
    }

    fn control_frames_between_fragments_may_be_cut(end) {
        let told = end.receives_chopped(hex!("01 03 48656c  89 02 7071  00 01 6c  8a 02 7273  80 01 6f"));
        assert_eq!(told, [ping("pq"), pong("rs"), text("Hello")]);
    }

    fn a_whole_message_is_lent_and_only_a_cut_one_gathered(end) {
        let lent = Arc::new(Mutex::new(Vec::new()));
        let heard = lent.clone();
        let role = end.role();
        let mut end = end.reacting(move |event, _| {
            if let Event::Message(message) = event {
                let Cow::Borrowed(payload) = message.payload else { panic!("an endpoint lends") };
                heard.lock().unwrap().push(payload.as_ptr() as usize);
            }
        });
        let mut whole = end.as_peer_sends(hex!("81 05 48656c6c6f"));
        let within = whole.as_ptr_range();
        end.turn(wslab::proto::Input::Bytes(&mut whole));
        assert_eq!(end.endpoint.gathered(), 0);
        assert!(within.contains(&(lent.lock().unwrap()[0] as *const u8)), "{role}: lent out of the driver's buffer");

        let mut first = end.as_peer_sends(hex!("01 02 4865"));
        end.turn(wslab::proto::Input::Bytes(&mut first));
        assert_eq!(end.endpoint.gathered(), 2);
        assert_eq!(end.receives(hex!("80 03 6c6c6f")), [text("Hello")]);
        assert_eq!(end.endpoint.gathered(), 0);
    }
}

#[test]
fn the_masks_of_a_client_are_taken_off() {
    let mut server = End::open(Role::Server);
    // The example of section 5.7.
    assert_eq!(server.receives_raw(hex!("81 85 37fa213d 7f9f4d5158")), [text("Hello")]);
}

#[test]
fn what_is_sent_upon_a_message_goes_out_behind_everything_that_came() {
    for role in [Role::Client, Role::Server] {
        let mut end = End::open(role).reacting(|event, out| {
            if let Event::Message(message) = event {
                out.send(message.clone()).unwrap();
            }
        });
        assert_eq!(end.receives(hex!("81 01 61  89 01 70  82 01 62")).len(), 3);
        assert_eq!(end.sends(), hex!("81 01 61  8a 01 70  82 01 62"));
    }
}
