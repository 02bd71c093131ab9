//! What a conforming target may do, from what is sent to it: RFC 6455 and RFC 7692 read once more, as plainly as can be.
//!
//! It is the same for the same session, and claims nothing that is not certain: where a target has more choices than can
//! be written down, or where what comes hangs on what is not known, there is no prediction.
//!
//! It judges by itself. Of what wslab's own endpoints go by it uses how bytes are read, no more: heads and bodies of close
//! frames ([`wire`](crate::wire)), masking, and DEFLATE ([`Inflater`](crate::proto::deflate::Inflater)). An error in those
//! it has too, and does not find in wslab's own server.

mod choices;
mod codes;
mod prediction;
mod reading;
mod target;

pub(super) use self::prediction::asked;
pub use self::prediction::{Course, End, Prediction, predict};
