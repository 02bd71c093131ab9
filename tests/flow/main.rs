//! `proto::Flow`: one direction, read and judged, clause by clause of RFC 6455, for either sender.

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod control;
mod fragmentation;
mod framing;
mod gaps;
mod properties;
mod text;
