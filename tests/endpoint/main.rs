//! A conforming end of a connection, clause by clause (RFC 6455, sections 4, 5, 7 and 10).
//!
//! Single ends are given bytes and time and asked what they tell and send; pairs of them talk over a network that
//! chops and delays. Time is virtual. Frames are written without a mask and are masked where a client sends them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod closing;
mod deflate;
mod end;
mod failing;
mod keepalive;
mod limits;
mod messages;
mod observer;
mod opening;
mod pair;
mod ping;
mod properties;
mod sending;
mod timeouts;

/// Tests that hold for either end: `name::client` and `name::server`, each with an open end of its own.
macro_rules! mirrored {
    ($($(#[$meta:meta])* fn $name:ident($end:ident) $body:block)*) => {
        $($(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs what its module does")]
            use super::*;

            fn run(role: wslab::proto::Role) {
                #[allow(unused_mut, reason = "some tests make an end of their own")]
                let mut $end = crate::end::End::open(role);
                $body
            }

            #[test]
            fn client() {
                run(wslab::proto::Role::Client);
            }

            #[test]
            fn server() {
                run(wslab::proto::Role::Server);
            }
        })*
    };
}
pub(crate) use mirrored;
