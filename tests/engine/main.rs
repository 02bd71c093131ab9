//! The conformance engine: the script in virtual time, the judge on transcripts made by hand, the peer and the runner
//! against targets that are good, bad and hostile.

#![expect(unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod asking;
mod clients;
mod compressing;
mod judging;
mod peering;
mod running;
mod scripting;
mod stage;
mod street;
mod visiting;
