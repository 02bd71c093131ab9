//! What holds of all connections together.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wslab::proto::{Config, Role};
use wslab::watch::{Counts, Meter, Snapshot};

use crate::end::Told;
use crate::pair::{Act, Network, Pair};
use crate::stage::{meter, watch};

/// What becomes of connections.
#[derive(Clone, Debug)]
enum Step {
    Open,
    Act(usize, Role, Act),
    Close(usize, Role),
    Drop(usize),
    Pass(Duration),
}

fn step() -> impl Strategy<Value = Step> {
    let role = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let act = prop_oneof![
        4 => ".{0,40}".prop_map(Act::Text),
        4 => vec(any::<u8>(), 0..700).prop_map(Act::Binary),
        1 => vec(any::<u8>(), 5..=125).prop_map(Act::Ping),
        1 => vec(any::<u8>(), 5..=125).prop_map(Act::Pong),
    ];
    prop_oneof![
        3 => Just(Step::Open),
        12 => (0..8_usize, role.clone(), act).prop_map(|(which, role, act)| Step::Act(which, role, act)),
        1 => (0..8_usize, role).prop_map(|(which, role)| Step::Close(which, role)),
        1 => (0..8_usize).prop_map(Step::Drop),
        2 => (0..2000_u64).prop_map(|millis| Step::Pass(Duration::from_millis(millis))),
    ]
}

fn network() -> impl Strategy<Value = Network> {
    (vec(1..50_usize, 0..4), vec((0..50_u64).prop_map(Duration::from_millis), 0..3))
        .prop_map(|(chops, delays)| Network { chops, delays, dead: false })
}

/// The sum of all rows, of the living and the gone.
fn rows(snapshot: &Snapshot) -> [Counts; 2] {
    let all = || snapshot.rows.iter().chain(&snapshot.gone);
    [
        all().fold(Counts::default(), |sum, row| sum + row.received),
        all().fold(Counts::default(), |sum, row| sum + row.sent),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Clients have one meter and servers another. In whatever order connections come and go: the totals are the sum
    /// of the rows; what arrives is what was sent; and that is what the application did.
    #[test]
    fn the_totals_are_what_was_sent(
        network in network(),
        fragment in prop::option::of(1..100_usize),
        steps in vec(step(), 0..60),
    ) {
        let (clients, began) = meter();
        let (servers, _) = meter();
        let mut pairs: BTreeMap<usize, Pair> = BTreeMap::new();
        let mut opened = 0;
        let mut done: [(u64, u64); 2] = Default::default();
        let mut dropped = false;
        for step in steps {
            match step {
                Step::Open if pairs.len() < 8 => {
                    let config = Config { fragment, ..Config::default() };
                    let mut pair = Pair::new(config.clone(), config, network.clone());
                    watch(&clients, pair.end(Role::Client), opened);
                    watch(&servers, pair.end(Role::Server), opened);
                    pair.run();
                    let place = (0..8).find(|place| !pairs.contains_key(place)).unwrap();
                    pairs.insert(place, pair);
                    opened += 1;
                }
                Step::Open => {}
                Step::Act(which, role, act) => {
                    if let Some(pair) = pairs.get_mut(&which)
                        && let Ok(Told::Message(message)) = pair.act(role, &act)
                    {
                        done[role as usize].0 += 1;
                        done[role as usize].1 += message.payload.len() as u64;
                    }
                }
                Step::Close(which, role) => {
                    if let Some(pair) = pairs.get_mut(&which)
                        && pair.act(role, &Act::Close(1000, String::new())).is_ok()
                    {
                        pair.finish();
                        pairs.remove(&which);
                    }
                }
                // What is on its way is lost then, so that not all that is sent arrives.
                Step::Drop(which) => dropped |= pairs.remove(&which).is_some(),
                Step::Pass(time) => pairs.values_mut().for_each(|pair| pair.run_for(time)),
            }
            for meter in [&clients, &servers] {
                let snapshot = meter.snapshot_at(began);
                prop_assert_eq!(rows(&snapshot), [snapshot.totals.received, snapshot.totals.sent]);
                prop_assert_eq!((snapshot.totals.opened, snapshot.open), (opened, pairs.len() as u64));
                let spreads = &snapshot.spreads;
                prop_assert_eq!(spreads.received.count, snapshot.totals.received.messages());
                prop_assert_eq!(spreads.sent.count, snapshot.totals.sent.messages());
            }
        }
        pairs.values_mut().for_each(Pair::run);
        let count = |meter: &Meter| meter.summary_at(began).totals;
        let (client, server) = (count(&clients), count(&servers));
        for (role, totals) in [(Role::Client, &client), (Role::Server, &server)] {
            prop_assert_eq!((totals.sent.messages(), totals.sent.message_bytes), done[role as usize]);
            prop_assert!(totals.faults.is_empty() || dropped);
        }
        if !dropped {
            prop_assert_eq!(client.sent, server.received);
            prop_assert_eq!(server.sent, client.received);
        }
    }
}
