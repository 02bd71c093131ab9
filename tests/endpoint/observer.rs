//! Whoever watches is told everything, once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hex_literal::hex;
use wslab::proto::{Alike, Cause, Closed, Config, Message, Observer, Rule, Seen};
use wslab::wire::{CloseCode, Head};

use crate::end::{End, secs};
use crate::mirrored;

/// Writes down what it is told, a line each.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    /// Has `end` watched.
    fn of(end: &mut End) -> Self {
        let diary = Self::default();
        end.endpoint.set_observer(Box::new(diary.clone()));
        diary
    }

    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn read(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join("\n")
    }
}

fn shown(head: &Head) -> String {
    format!("{} of {}{}", head.opcode, head.len, if head.fin { "" } else { ", more follows" })
}

impl Observer for Diary {
    fn received(&mut self, seen: &Seen<'_>) {
        self.write(match seen {
            Seen::Head(head) => format!("received {}", shown(head)),
            Seen::Data(data) => format!("received \"{}\"", data.escape_ascii()),
            seen => format!("received {seen:?}"),
        });
    }

    fn message(&mut self, message: &Message<'_>) {
        self.write(format!("message \"{}\"", message.payload.escape_ascii()));
    }

    fn sent(&mut self, head: &Head) {
        self.write(format!("sent {}", shown(head)));
    }

    fn failed(&mut self, cause: &Cause) {
        self.write(format!("failed: {cause}"));
    }

    fn round_trip(&mut self, time: Duration) {
        self.write(format!("round trip of {time:?}"));
    }

    fn closed(&mut self, closed: &Closed) {
        self.write(format!("closed with {}: {}", closed.code.0, closed.cause));
    }
}

mirrored! {
    fn frames_messages_and_the_end_are_observed(end) {
        let diary = Diary::of(&mut end);
        end.receives(hex!("01 03 48656c  89 01 70  80 02 6c6f"));
        end.receives(hex!("88 02 03e8  81 01 61"));
        end.receives_eof();
        end.receives_eof();
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r#"
            received text of 3, more follows
            received "Hel"
            received End
            received ping of 1
            received "p"
            received End
            sent pong of 1
            received continuation of 2
            received "lo"
            received End
            message "Hello"
            received close of 2
            received "\x03\xe8"
            received End
            sent close of 2
            closed with 1000: closed by the closing handshake
            "#);
        }
    }

    fn what_is_sent_is_observed_frame_by_frame(end) {
        let mut end = End::open_with(end.role(), Config { fragment: Some(3), ..Config::default() });
        let diary = Diary::of(&mut end);
        end.out().send("Hello").unwrap();
        end.out().ping(b"").unwrap();
        end.out().pong(b"abc").unwrap();
        end.out().close(CloseCode::NORMAL, "bye").unwrap();
        assert!(end.out().send("too late").is_err());
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r"
            sent text of 3, more follows
            sent continuation of 2
            sent ping of 0
            sent pong of 3
            sent close of 5
            ");
        }
    }

    fn a_failure_is_observed(end) {
        let diary = Diary::of(&mut end);
        end.receives(hex!("81 05 61ff"));
        end.receives(hex!("89 00"));
        end.receives_eof();
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r#"
            received text of 5
            received "a\xff"
            received Fault(InvalidUtf8)
            sent close of 29
            failed: the peer broke a rule: a text message is not UTF-8 (RFC 6455, section 8.1)
            closed with 1006: the peer broke a rule: a text message is not UTF-8 (RFC 6455, section 8.1)
            "#);
        }
    }

    fn every_kind_of_failure_is_observed(end) {
        let small = Config { max_message: 1, ping_interval: Some(secs(5)), ..Config::default() };
        let mut end = End::open_with(end.role(), small);
        let diary = Diary::of(&mut end);
        end.receives(hex!("81 02"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r"
            received text of 2
            sent close of 24
            failed: the peer sent a message larger than 1 bytes
            ");
        }
    }

    fn all_faults_of_a_frame_that_is_too_big_are_observed(end) {
        let mut end = End::open_with(end.role(), Config { max_frame: 1, ..Config::default() });
        let diary = Diary::of(&mut end);
        end.receives(hex!("c1 02 6162"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r"
            received text of 2
            received Fault(ReservedBit)
            sent close of 56
            failed: the peer broke a rule: a reserved bit is set that no extension gave a meaning (RFC 6455, section 5.2)
            ");
        }
    }

    fn a_loss_is_observed_with_the_rules_that_it_breaks(end) {
        let diary = Diary::of(&mut end);
        end.receives(hex!("81 02 61"));
        end.receives_eof();
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r#"
            received text of 2
            received "a"
            received Fault(TruncatedFrame)
            failed: the peer ended the connection without a closing handshake
            closed with 1006: the peer ended the connection without a closing handshake
            "#);
        }
    }

    fn a_round_trip_is_observed(end) {
        let mut end = End::open_with(end.role(), Config { ping_interval: Some(secs(5)), ..Config::default() });
        let diary = Diary::of(&mut end);
        end.waits(secs(5));
        end.now += secs(1);
        end.receives(hex!("8a 04 00000001  8a 04 00000001"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r#"
            sent ping of 4
            received pong of 4
            received "\x00\x00\x00\x01"
            received End
            round trip of 1s
            received pong of 4
            received "\x00\x00\x00\x01"
            received End
            "#);
        }
    }

    fn silence_is_observed(end) {
        let mut end = End::open_with(end.role(), Config { ping_interval: Some(secs(5)), ..Config::default() });
        let diary = Diary::of(&mut end);
        end.waits(secs(5));
        end.waits(secs(20));
        end.waits(secs(10));
        insta::allow_duplicates! {
            insta::assert_snapshot!(diary.read(), @r"
            sent ping of 4
            sent close of 14
            failed: the peer did not answer a ping in time
            closed with 1006: the peer did not answer a ping in time
            ");
        }
    }

    fn an_opening_handshake_that_fails_is_observed(end) {
        let mut end = End::connecting(end.role(), Config::default());
        let diary = Diary::of(&mut end);
        end.receives_raw("HTTP/1.1\r\n");
        end.receives_eof();
        let diary = diary.read();
        let [failed, closed] = diary.lines().collect::<Vec<_>>()[..] else { panic!("{diary}") };
        assert!(failed.starts_with("failed: the opening handshake cannot be read: "), "{failed}");
        assert!(closed.starts_with("closed with 1006: the opening handshake cannot be read: "), "{closed}");
    }
}

#[test]
fn faults_that_do_not_fail_the_connection_are_observed() {
    let mut server = End::open(wslab::proto::Role::Server);
    let diary = Diary::of(&mut server);
    server.receives_raw(hex!("8a 80 01020304  8a 80 01020304"));
    assert!(diary.read().contains(Rule::MaskingKeyRepeated.name()));
}

/// Writes down when turns begin and end, and what is told as a whole.
#[derive(Clone, Default)]
struct Turns(Arc<Mutex<Vec<String>>>);

impl Observer for Turns {
    fn turn(&mut self, _now: std::time::Instant) {
        self.0.lock().unwrap().push("turn".into());
    }

    fn whole(&mut self, head: &Head, message: &Message<'_>) -> Alike {
        let whole = format!("whole {} \"{}\"", shown(head), message.payload.escape_ascii());
        self.0.lock().unwrap().push(whole);
        Alike::Each
    }

    fn message(&mut self, _message: &Message<'_>) {
        self.0.lock().unwrap().push("message".into());
    }

    fn sent(&mut self, head: &Head) {
        self.0.lock().unwrap().push(format!("sent {}", shown(head)));
    }

    fn settled(&mut self) {
        self.0.lock().unwrap().push("settled".into());
    }
}

mirrored! {
    fn turns_are_observed_and_messages_in_one_piece_are_told_as_a_whole(end) {
        let turns = Turns::default();
        end.endpoint.set_observer(Box::new(turns.clone()));
        end.receives(hex!("81 01 61  89 00  01 01 62"));
        end.receives(hex!("80 00"));
        end.out().send("c").unwrap();
        end.ticks();
        insta::allow_duplicates! {
            insta::assert_snapshot!(turns.0.lock().unwrap().join("\n"), @r#"
            turn
            whole text of 1 "a"
            sent pong of 0
            settled
            turn
            message
            settled
            sent text of 1
            turn
            settled
            "#);
        }
    }

    fn the_time_of_a_turn_is_what_its_driver_says(end) {
        struct Time(Arc<Mutex<Option<std::time::Instant>>>);
        impl Observer for Time {
            fn turn(&mut self, now: std::time::Instant) {
                *self.0.lock().unwrap() = Some(now);
            }
        }
        let time = Arc::default();
        end.endpoint.set_observer(Box::new(Time(Arc::clone(&time))));
        end.waits(secs(7));
        assert_eq!(*time.lock().unwrap(), Some(end.now));
    }
}

/// Writes down the first of messages that are alike, and how many more there were.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<Vec<String>>>);

impl Numbers {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Observer for Numbers {
    fn settled(&mut self) {
        self.write("settled".into());
    }

    fn whole(&mut self, head: &Head, _message: &Message<'_>) -> Alike {
        self.write(format!("whole {}", shown(head)));
        Alike::Number
    }

    fn more_whole(&mut self, count: u64) {
        self.write(format!("{count} more"));
    }

    fn received(&mut self, seen: &Seen<'_>) {
        if let Seen::Head(head) = seen {
            self.write(format!("received {}", shown(head)));
        }
    }

    fn sent_frame(&mut self, head: &Head, _payload: &[u8]) -> Alike {
        self.write(format!("sent {}", shown(head)));
        Alike::Number
    }

    fn more_sent(&mut self, count: u64) {
        self.write(format!("{count} more sent"));
    }
}

mirrored! {
    fn who_wants_no_more_than_the_number_of_messages_that_are_alike_is_told_that(end) {
        let numbers = Numbers::default();
        end.endpoint.set_observer(Box::new(numbers.clone()));
        end.receives(hex!("81 01 61  81 01 62  81 01 63  82 01 00  82 01 00  89 00"));
        for text in ["a", "b", "cc"] {
            end.out().send(text).unwrap();
        }
        end.out().send("dd").unwrap();
        end.ticks();
        end.out().send("e").unwrap();
        end.out().send("f").unwrap();
        drop(end);
        insta::allow_duplicates! {
            insta::assert_snapshot!(numbers.0.lock().unwrap().join("\n"), @"
            whole text of 1
            2 more
            whole binary of 1
            1 more
            received ping of 0
            sent pong of 0
            settled
            sent text of 1
            1 more sent
            sent text of 2
            1 more sent
            settled
            sent text of 1
            1 more sent
            ");
        }
    }
}
