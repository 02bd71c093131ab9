//! What the tests of several parts share.

#![allow(dead_code, reason = "each part uses its own share")]

pub(crate) mod direction;
pub(crate) mod frame;
