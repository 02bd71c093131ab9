//! Rooms: who moves, who is apart, who is slow, and all at the same time.

use std::time::Duration;

use hex_literal::hex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wslab::app::chat::ChatConfig;
use wslab::net::{ServerConfig, Slow};
use wslab::proto::Config;

use crate::chat_stage::{Guest, LEAVE, NOW, came, chat, frame, join, joined, left, said, serve, serve_default, within};

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let [mut cyd, mut dan] = served.party("Lobby", ["ada", "bob"]).await;
    ada.sends(chat("here")).await;
    cyd.sends(chat("there")).await;
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hears().await, said("ada", "here", NOW));
    }
    for guest in [&mut cyd, &mut dan] {
        assert_eq!(guest.hears().await, said("ada", "there", NOW));
    }
    drop(bob);
    assert_eq!(ada.hears().await, left("bob", NOW));
    for guest in [&mut ada, &mut cyd, &mut dan] {
        guest.hears_nothing().await;
    }
}

#[tokio::test]
async fn whoever_joins_again_moves() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let mut cyd = served.first("cellar", "cyd").await;
    bob.joins("cellar", "bobby").await;
    assert_eq!(ada.hears().await, left("bob", NOW));
    assert_eq!(cyd.hears().await, came("bobby", NOW));
    bob.sends(chat("dark here")).await;
    for guest in [&mut bob, &mut cyd] {
        assert_eq!(guest.hears().await, said("bobby", "dark here", NOW));
    }
    ada.hears_nothing().await;
    assert_eq!(served.chat.rooms(), [("cellar".to_owned(), 2), ("lobby".to_owned(), 1)]);
}

#[tokio::test]
async fn whoever_joins_his_own_room_again_tells_nobody() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    bob.joins("lobby", "bob").await;
    ada.hears_nothing().await;
    bob.hears_nothing().await;
    assert_eq!(served.chat.rooms(), [("lobby".to_owned(), 2)]);
}

#[tokio::test]
async fn another_name_in_the_same_room_is_another_person() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    for (old, new) in [("bob", "rob"), ("rob", "Rob")] {
        bob.joins("lobby", new).await;
        assert_eq!(ada.hears().await, left(old, NOW));
        assert_eq!(ada.hears().await, came(new, NOW));
        bob.hears_nothing().await;
    }
    assert_eq!(bob.is_refused(join("lobby", "ADA")).await, "The name ADA is taken: choose another");
    bob.sends(chat("still here")).await;
    assert_eq!(ada.hears().await, said("Rob", "still here", NOW));
    // The name that was given up is free.
    let mut cyd = served.first("lobby", "bob").await;
    assert_eq!(ada.hears().await, came("bob", NOW));
    drop(bob);
    assert_eq!(cyd.hears().await, left("Rob", NOW));
}

#[tokio::test]
async fn whoever_cannot_move_stays() {
    let served = serve(ChatConfig { max_rooms: 2, max_members: 2, ..ChatConfig::default() }, ServerConfig::default());
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let mut cyd = served.first("cellar", "bob").await;
    assert_eq!(bob.is_refused(join("cellar", "BOB")).await, "The name BOB is taken: choose another");
    assert_eq!(cyd.is_refused(join("lobby", "cyd")).await, "The room lobby is full");
    assert_eq!(cyd.is_refused(join("attic", "cyd")).await, "There are too many rooms: join one that exists");
    assert_eq!(cyd.is_refused(join("attic", "")).await, "A name has 1 to 32 characters");
    for guest in [&mut ada, &mut bob, &mut cyd] {
        guest.hears_nothing().await;
    }
    bob.sends(chat("stayed")).await;
    assert_eq!(ada.hears().await, said("bob", "stayed", NOW));
    assert_eq!(served.chat.rooms(), [("cellar".to_owned(), 1), ("lobby".to_owned(), 2)]);
    // Where one leaves there is a place.
    ada.sends(LEAVE).await;
    cyd.joins("lobby", "cyd").await;
    served.until_rooms(&[("lobby", 2)]).await;
    ada.joins("attic", "ada").await;
}

/// What waits from the old room is heard before the welcome to the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_moves_hears_the_rooms_one_after_the_other() {
    let served = serve_default();
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let talking = tokio::spawn(async move {
        for at in 0..500 {
            ada.sends(chat(&at.to_string())).await;
            ada.hears().await;
        }
    });
    let mut room = "lobby";
    for at in 0..200 {
        let next = if at % 2 == 0 { "cellar" } else { "lobby" };
        bob.sends(join(next, "bob")).await;
        loop {
            let heard = bob.hears().await;
            if heard == joined(next, "bob") {
                break;
            }
            assert_eq!(room, "lobby", "{heard}");
        }
        room = next;
    }
    within(talking).await.expect("no panic");
}

/// The same, where all of it comes in one read, so that the answers wait at the same time.
#[tokio::test]
async fn what_was_said_before_the_move_is_heard_before_the_welcome() {
    let served = serve_default();
    let mut bob = served.silent("lobby", "bob").await;
    served.until_rooms(&[("lobby", 1)]).await;
    let messages = [chat("bye"), join("cellar", "bob"), chat("hello")];
    let frames = messages.map(|message| frame(&message)).concat();
    bob.write_all(&frames).await.expect("it is open");
    let expected =
        [joined("lobby", "bob"), said("bob", "bye", NOW), joined("cellar", "bob"), said("bob", "hello", NOW)];
    let length: usize = expected.iter().map(|words| words.len() + 2).sum();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(within(bob.read_u8()).await.expect("it is open"));
    }
    let mut heard = vec![0; length];
    within(bob.read_exact(&mut heard)).await.expect("it is open");
    let expected = expected.map(|words| [&[0x81, u8::try_from(words.len()).expect("few")], words.as_bytes()].concat());
    assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected.concat()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_hear_the_same_in_the_same_order() {
    const EACH: usize = 60;
    let served = serve_default();
    let names = ["ada", "bob", "cyd", "dan", "eve", "fay"];
    let party = served.party("lobby", names).await;
    let talking: Vec<_> = party
        .into_iter()
        .map(|mut guest| {
            tokio::spawn(async move {
                for at in 0..EACH {
                    guest.sends(chat(&at.to_string())).await;
                }
                let mut heard = Vec::new();
                while heard.len() < EACH * 6 {
                    heard.push(guest.hears().await);
                }
                // Nobody goes while others still listen.
                (heard, guest)
            })
        })
        .collect();
    let mut all = Vec::new();
    for guest in talking {
        all.push(within(guest).await.expect("no panic"));
    }
    for (heard, _) in &all {
        assert_eq!(*heard, all[0].0);
    }
    for name in names {
        let of = |message: &&String| message.contains(&format!(r#""username":"{name}""#));
        let own: Vec<_> = all[0].0.iter().filter(of).cloned().collect();
        let expected: Vec<_> = (0..EACH).map(|at| said(name, &at.to_string(), NOW)).collect();
        assert_eq!(own, expected);
    }
}

#[tokio::test]
async fn one_who_does_not_read_is_closed_and_delays_nobody() {
    const LENGTH: usize = 100_000;
    let limit = Duration::from_millis(300);
    let endpoint = Config { send_timeout: limit, closing_timeout: limit, ..Config::default() };
    let server = ServerConfig { endpoint, max_queue: 3 * LENGTH, slow: Slow::Close, ..ServerConfig::default() };
    let served = serve(ChatConfig { max_message: LENGTH, ..ChatConfig::default() }, server);
    let [mut ada, mut bob] = served.party("lobby", ["ada", "bob"]).await;
    let silent = served.silent("lobby", "silent").await;
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hears().await, came("silent", NOW));
    }
    let words = "x".repeat(LENGTH);
    let (message, heard, gone) = (chat(&words), said("ada", &words, NOW), left("silent", NOW));
    // Those who read hear everything, while more than the system keeps is said to the one who does not.
    let mut told = [false; 2];
    for count in 0.. {
        assert!(count < 1000, "the silent one stays");
        ada.sends(message.as_str()).await;
        for (guest, told) in [&mut ada, &mut bob].into_iter().zip(&mut told) {
            let mut words = guest.hears().await;
            if words == gone && !*told {
                *told = true;
                words = guest.hears().await;
            }
            assert!(words == heard, "{} bytes that were not said", words.len());
        }
        if told[0] {
            break;
        }
    }
    if !told[1] {
        assert_eq!(bob.hears().await, gone);
    }
    served.until_rooms(&[("lobby", 2)]).await;
    ada.hears_nothing().await;
    bob.hears_nothing().await;
    assert_eq!(served.connections.len(), 2);
    drop(silent);
}

#[tokio::test]
async fn one_who_reads_late_learns_why_it_is_closed() {
    let server = ServerConfig { max_queue: 256 << 10, slow: Slow::Close, ..ServerConfig::default() };
    let served = serve(ChatConfig::default(), server);
    let mut ada = served.first("lobby", "ada").await;
    let mut silent = served.silent("lobby", "silent").await;
    assert_eq!(ada.hears().await, came("silent", NOW));
    let words = "x".repeat(64 << 10);
    let heard = said("server", &words, NOW);
    // Whoever speaks into the room is told that somebody in it is slow.
    while served.chat.say("lobby", None, &words).expect("there is a room").slow == 0 {
        assert!(ada.hears().await == heard);
    }
    let mut late = Vec::new();
    let reason = b"the client reads too slowly";
    let close = [&hex!("88 1d 03f5"), &reason[..]].concat();
    let mut chunk = vec![0; 1 << 16];
    while !late.ends_with(&close) {
        let count = within(silent.read(&mut chunk)).await.expect("no error");
        assert!(count > 0, "it was not closed with 1013");
        late.extend_from_slice(&chunk[..count]);
    }
    drop(silent);
    assert!(ada.hears().await == heard);
    assert_eq!(ada.hears().await, left("silent", NOW));
}

#[tokio::test]
async fn two_hundred_hear_one() {
    const COUNT: usize = 200;
    let served = serve_default();
    let mut guests: Vec<Guest> = Vec::new();
    for at in 0..COUNT {
        guests.push(served.first("hall", &format!("guest {at}")).await);
    }
    assert_eq!(served.chat.rooms(), [("hall".to_owned(), COUNT)]);
    guests[7].sends(chat("all of you")).await;
    let expected = said("guest 7", "all of you", NOW);
    for (at, guest) in guests.iter_mut().enumerate() {
        for later in at + 1..COUNT {
            assert_eq!(guest.hears().await, came(&format!("guest {later}"), NOW));
        }
        assert_eq!(guest.hears().await, expected);
    }
    let mut last = guests.swap_remove(100);
    drop(guests);
    served.until_rooms(&[("hall", 1)]).await;
    let mut gone = Vec::new();
    for _ in 1..COUNT {
        gone.push(last.hears().await);
    }
    let mut expected: Vec<_> = (0..COUNT).filter(|at| *at != 100).map(|at| left(&format!("guest {at}"), NOW)).collect();
    gone.sort_unstable();
    expected.sort_unstable();
    assert_eq!(gone, expected);
    last.hears_nothing().await;
}

/// Rooms that come and go while everybody moves: nobody is lost between them, and none is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_come_and_go_without_end() {
    let served = serve(ChatConfig { max_rooms: 3, ..ChatConfig::default() }, ServerConfig::default());
    let moving: Vec<_> = (0..8)
        .map(|who: usize| {
            let url = served.url.clone();
            tokio::spawn(async move {
                let client = wslab::net::Client::new(&url).expect("a URL");
                let mut guest = Guest(client.connect().await.expect("it is open"));
                let name = format!("guest {who}");
                for step in 0..100_usize {
                    let room = format!("room {}", (step * 7 + who * 3 + step / 5) % 3);
                    guest.sends(join(&room, &name)).await;
                    while guest.hears().await != joined(&room, &name) {}
                    if step % 4 == who % 4 {
                        guest.sends(LEAVE).await;
                    }
                }
                guest
            })
        })
        .collect();
    let mut guests = Vec::new();
    for guest in moving {
        guests.push(within(guest).await.expect("no panic"));
    }
    drop(guests);
    served.until_rooms(&[]).await;
}
