//! What a meter counts is what really went over connections.
//!
//! Real endpoints talk in virtual time; what they are asked to do is counted by the tests themselves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod counting;
#[path = "../endpoint/end.rs"]
#[expect(dead_code, reason = "it is made for the tests of endpoints")]
mod end;
mod feed_remote;
mod feed_serve;
mod follow;
mod gone;
mod metrics;
#[path = "../endpoint/pair.rs"]
#[expect(dead_code, reason = "it is made for the tests of endpoints")]
mod pair;
mod properties;
mod replay;
mod served;
mod snapshot;
mod stage;
mod threads;
mod window;
