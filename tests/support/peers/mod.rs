//! Implementations of others that ours is tested with. They come from their registries, at pinned versions.

#![allow(dead_code, reason = "each part uses its own share")]

pub(crate) mod demand;
pub(crate) mod installation;
pub(crate) mod process;
