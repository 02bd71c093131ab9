//! Several threads count at the same time, and connections move between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wslab::proto::{Message, Observer};
use wslab::watch::Meter;
use wslab::wire::{Head, Opcode};

use crate::stage::about;

const THREADS: u64 = 4;
const CONNECTIONS: u64 = 8;
const MESSAGES: u64 = 2000;
/// Without it, threads whose test has failed would wait for each other for ever.
const PATIENCE: Duration = Duration::from_secs(60);

fn echo(observer: &mut dyn Observer, size: usize) {
    let payload = vec![0; size];
    let head = Head { mask: Some([1; 4]), ..Head::new(Opcode::BINARY, size as u64) };
    observer.turn(Instant::now());
    observer.whole(&head, &Message::binary(payload));
    observer.sent(&Head::new(Opcode::BINARY, size as u64));
    observer.settled();
}

#[test]
fn nothing_is_lost_and_nothing_counted_twice() {
    let meter = Meter::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let looker = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                let snapshot = meter.snapshot();
                let messages = snapshot.totals.received.messages();
                assert!(messages >= seen, "totals never shrink");
                assert_eq!(snapshot.totals.opened, snapshot.open + snapshot.totals.closed);
                assert_eq!(snapshot.rows.len() as u64, snapshot.open);
                seen = messages;
            }
        });
        // Each thread counts a message for a connection, and hands that on to the next thread; `None` ends it.
        let channels = (0..THREADS).map(|_| mpsc::channel::<Option<(Box<dyn Observer>, u64)>>());
        let (senders, receivers): (Vec<_>, Vec<_>) = channels.unzip();
        let (ended, ends) = mpsc::channel();
        for id in 0..CONNECTIONS {
            senders[(id % THREADS) as usize].send(Some((meter.observe(about(id)), 0))).unwrap();
        }
        for (index, receiver) in receivers.into_iter().enumerate() {
            let next = senders[(index + 1) % THREADS as usize].clone();
            let ended = ended.clone();
            scope.spawn(move || {
                while let Ok(Some((mut observer, count))) = receiver.recv_timeout(PATIENCE) {
                    if count < MESSAGES {
                        echo(observer.as_mut(), (count % 300) as usize);
                        next.send(Some((observer, count + 1))).unwrap();
                    } else {
                        drop(observer);
                        ended.send(()).unwrap();
                    }
                }
            });
        }
        for _ in 0..CONNECTIONS {
            ends.recv().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        looker.join().unwrap();
        let totals = meter.summary();
        let messages = CONNECTIONS * MESSAGES;
        let bytes: u64 = CONNECTIONS * (0..MESSAGES).map(|count| count % 300).sum::<u64>();
        for (counts, spread) in
            [(totals.totals.received, &totals.spreads.received), (totals.totals.sent, &totals.spreads.sent)]
        {
            assert_eq!((counts.messages(), counts.message_bytes), (messages, bytes));
            assert_eq!((spread.count, spread.sum, spread.min), (messages, bytes, 0));
        }
        assert_eq!(totals.spreads.intervals.count, messages - CONNECTIONS);
        assert_eq!((totals.open, totals.totals.closed), (0, CONNECTIONS));
        for sender in &senders {
            sender.send(None).unwrap();
        }
    });
}
