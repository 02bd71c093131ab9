//! What people and programs read of a capture, rendered from what was found in it.

mod figures;
mod follow;
mod look;
mod page;
mod summary;
mod tables;
mod text;
mod words;

pub use follow::{Follow, Following};
pub use look::Look;
pub use page::html;
pub use summary::{Bin, Bucket, Kinds, Noted, Rates, Refused, Spot, Spread, Summary, Violated};
pub use tables::{CapturedTable, Format, Payload, Style};
pub use text::text;
