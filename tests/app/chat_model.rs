//! Whatever members do: who hears what, in which order, is what a model of a few lines says.

use std::collections::{BTreeMap, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wslab::app::chat::ChatConfig;
use wslab::net::ServerConfig;

use crate::chat_stage::{Guest, LEAVE, NOW, Served, came, chat, join, joined, left, said, serve};

const MEMBERS: usize = 5;
const ROOMS: [&str; 3] = ["lobby", "cellar", "attic"];
const NAMES: [&str; 6] = ["ada", "ADA", "bob", "cyd", "dan", "eve"];
const MAX_ROOMS: usize = 2;
const MAX_MEMBERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Deed {
    Join(&'static str, &'static str),
    Chat(u8),
    Leave,
    /// Is lost, and comes again as somebody new.
    Drop,
    Close,
}

fn deed() -> impl Strategy<Value = (usize, Deed)> {
    let deed = prop_oneof![
        5 => (select(&ROOMS[..]), select(&NAMES[..])).prop_map(|(room, name)| Deed::Join(room, name)),
        4 => any::<u8>().prop_map(Deed::Chat),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Close),
    ];
    (0..MEMBERS, deed)
}

/// Who is where, under which name, and what each has still to hear.
#[derive(Default)]
struct Model {
    places: BTreeMap<usize, (&'static str, &'static str)>,
    to_hear: [VecDeque<String>; MEMBERS],
}

impl Model {
    fn tell(&mut self, room: &str, except: usize, words: &str) {
        for (&member, place) in &self.places {
            if place.0 == room && member != except {
                self.to_hear[member].push_back(words.to_owned());
            }
        }
    }

    fn answer(&mut self, who: usize, words: &str) {
        self.to_hear[who].push_back(words.to_owned());
    }

    fn refuse(&mut self, who: usize, words: &str) {
        self.answer(who, &format!(r#"{{"type":"error","message":"{words}"}}"#));
    }

    fn count(&self, room: &str) -> usize {
        self.places.values().filter(|place| place.0 == room).count()
    }

    fn leave(&mut self, who: usize) -> bool {
        let Some((room, name)) = self.places.remove(&who) else { return false };
        self.tell(room, who, &left(name, NOW));
        true
    }

    fn join(&mut self, who: usize, room: &'static str, name: &'static str) {
        let old = self.places.get(&who).copied();
        if old == Some((room, name)) {
            return self.answer(who, &joined(room, name));
        }
        let here = old.is_some_and(|old| old.0 == room);
        let rooms = ROOMS.iter().filter(|room| self.count(room) > 0).count();
        if self.count(room) == 0 && rooms >= MAX_ROOMS {
            return self.refuse(who, "There are too many rooms: join one that exists");
        }
        let is_same = |other: &str| other.eq_ignore_ascii_case(name);
        if self.places.iter().any(|(&other, place)| other != who && place.0 == room && is_same(place.1)) {
            return self.refuse(who, &format!("The name {name} is taken: choose another"));
        }
        if !here && self.count(room) >= MAX_MEMBERS {
            return self.refuse(who, &format!("The room {room} is full"));
        }
        self.leave(who);
        self.tell(room, who, &came(name, NOW));
        self.places.insert(who, (room, name));
        self.answer(who, &joined(room, name));
    }

    fn does(&mut self, who: usize, deed: Deed) {
        match (deed, self.places.get(&who).copied()) {
            (Deed::Join(room, name), _) => self.join(who, room, name),
            (Deed::Chat(number), Some((room, name))) => {
                self.tell(room, usize::MAX, &said(name, &number.to_string(), NOW))
            }
            (Deed::Leave, Some(_)) => assert!(self.leave(who)),
            (Deed::Chat(_) | Deed::Leave, None) => self.refuse(who, "Join a room first"),
            (Deed::Drop | Deed::Close, _) => {
                self.leave(who);
            }
        }
    }

    fn rooms(&self) -> Vec<(&'static str, usize)> {
        let mut rooms: Vec<_> = ROOMS.iter().map(|room| (*room, self.count(room))).collect();
        rooms.retain(|room| room.1 > 0);
        rooms.sort_unstable();
        rooms
    }
}

async fn does(served: &Served, guests: &mut [Guest], who: usize, deed: Deed) {
    match deed {
        Deed::Join(room, name) => guests[who].sends(join(room, name)).await,
        Deed::Chat(number) => guests[who].sends(chat(&number.to_string())).await,
        Deed::Leave => guests[who].sends(LEAVE).await,
        Deed::Drop => guests[who] = served.guest().await,
        Deed::Close => {
            let new = served.guest().await;
            std::mem::replace(&mut guests[who], new).closes().await;
        }
    }
}

async fn plays(deeds: Vec<(usize, Deed)>) {
    let config = ChatConfig { max_rooms: MAX_ROOMS, max_members: MAX_MEMBERS, ..ChatConfig::default() };
    let served = serve(config, ServerConfig::default());
    let mut guests = Vec::new();
    for _ in 0..MEMBERS {
        guests.push(served.guest().await);
    }
    let mut model = Model::default();
    for (who, deed) in deeds {
        does(&served, &mut guests, who, deed).await;
        model.does(who, deed);
        // A deed of another comes after this one.
        served.until_rooms(&model.rooms()).await;
        for (guest, to_hear) in guests.iter_mut().zip(&mut model.to_hear) {
            for words in to_hear.drain(..) {
                assert_eq!(guest.hears().await, words, "{who} {deed:?}");
            }
        }
    }
    for guest in &mut guests {
        guest.hears_nothing().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_time: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_what_the_model_says(deeds in vec(deed(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(plays(deeds));
    }
}
