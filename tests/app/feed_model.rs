//! Whatever is subscribed, unsubscribed and published in whatever order: each hears what a simple model says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use wslab::app::feed::Feed;

use crate::feed_stage::{Guest, Stage, stage};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize, Vec<usize>),
    Unsubscribe(usize, Vec<usize>),
    Publish(usize),
    Remove(usize),
    /// Somebody leaves, and somebody else comes in his place.
    Leave(usize),
}

const GUESTS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let names = || prop::collection::vec(0..NAMES.len(), 0..4);
    prop_oneof![
        4 => (0..GUESTS, names()).prop_map(|(guest, names)| Step::Subscribe(guest, names)),
        2 => (0..GUESTS, names()).prop_map(|(guest, names)| Step::Unsubscribe(guest, names)),
        6 => (0..NAMES.len()).prop_map(Step::Publish),
        1 => (0..NAMES.len()).prop_map(Step::Remove),
        1 => (0..GUESTS).prop_map(Step::Leave),
    ]
}

/// What a feed is, without connections.
#[derive(Default)]
struct Model {
    values: BTreeMap<&'static str, usize>,
    subscribed: [BTreeSet<&'static str>; GUESTS],
    /// The same, and what was removed since: to unsubscribe from that is no mistake.
    held: [BTreeSet<&'static str>; GUESTS],
}

fn data(name: &str, value: usize) -> Value {
    json!({ "type": "data", "stream": name, "data": value })
}

impl Model {
    /// What each guest hears.
    fn step(&mut self, step: &Step, count: usize) -> [Vec<Value>; GUESTS] {
        let mut heard = <[Vec<Value>; GUESTS]>::default();
        let mut strange = Vec::new();
        match step {
            Step::Subscribe(guest, names) | Step::Unsubscribe(guest, names) => {
                let mut seen = BTreeSet::new();
                for name in names.iter().map(|&at| NAMES[at]).filter(|name| seen.insert(*name)) {
                    match (step, self.values.get(name)) {
                        (Step::Subscribe(..), Some(value)) => {
                            self.subscribed[*guest].insert(name);
                            self.held[*guest].insert(name);
                            heard[*guest].push(data(name, *value));
                        }
                        (Step::Subscribe(..), None) => strange.push(name),
                        (_, value) => {
                            self.subscribed[*guest].remove(name);
                            if !self.held[*guest].remove(name) && value.is_none() {
                                strange.push(name);
                            }
                        }
                    }
                }
                if !strange.is_empty() {
                    let words = format!("Unknown streams: {}", strange.join(", "));
                    heard[*guest].insert(0, json!({ "type": "error", "message": words }));
                }
            }
            Step::Publish(at) => {
                self.values.insert(NAMES[*at], count);
                for (guest, subscribed) in self.subscribed.iter().enumerate() {
                    if subscribed.contains(NAMES[*at]) {
                        heard[guest].push(data(NAMES[*at], count));
                    }
                }
            }
            Step::Remove(at) => {
                self.values.remove(NAMES[*at]);
                self.subscribed.iter_mut().for_each(|subscribed| subscribed.retain(|name| *name != NAMES[*at]));
            }
            Step::Leave(guest) => {
                self.subscribed[*guest].clear();
                self.held[*guest].clear();
            }
        }
        heard
    }
}

async fn play(feed: &Feed, stage: &Stage, guests: &mut [Guest], step: &Step, count: usize) {
    let named = |names: &[usize]| names.iter().map(|&at| NAMES[at]).collect::<Vec<_>>();
    match step {
        Step::Subscribe(guest, names) => guests[*guest].subscribe(&named(names)).await,
        Step::Unsubscribe(guest, names) => guests[*guest].unsubscribe(&named(names)).await,
        Step::Publish(at) => {
            feed.publish(NAMES[*at], &count).expect("published");
        }
        Step::Remove(at) => {
            feed.remove(NAMES[*at]);
        }
        Step::Leave(guest) => guests[*guest] = stage.join().await,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_hears_what_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let feed = Feed::new();
            let stage = stage(&feed);
            let mut guests = Vec::new();
            for _ in 0..GUESTS {
                guests.push(stage.join().await);
            }
            let mut model = Model::default();
            for (count, step) in steps.iter().enumerate() {
                play(&feed, &stage, &mut guests, step, count).await;
                for (guest, expected) in guests.iter_mut().zip(model.step(step, count)) {
                    assert_eq!(guest.hear_all().await, expected, "after step {count} of {steps:?}");
                }
            }
        });
    }
}
