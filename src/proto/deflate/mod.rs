//! permessage-deflate without I/O (RFC 7692): what is offered and agreed, and messages made smaller and whole again.
//!
//! [`Config`] is what one end wants. A client makes an [`Offer`] of it, a server answers the first offer that it can
//! accept, and what comes of both is [`Agreed`]. The [`Deflater`] and the [`Inflater`] of a direction follow it.
//!
//! Inflating is bounded while it inflates: whatever comes, never more memory is asked for than the limit says.
//! Whatever was broken, nothing here panics. How compressed bytes are cut changes nothing.
//!
//! # Memory
//!
//! What DEFLATE itself works with is lent by the thread, for a call where that is enough, and while a compressed
//! message is cut for as long as that takes. Between two messages a direction keeps only what context takeover wants:
//!
//! | direction | without takeover | with takeover, from its first compressed message on |
//! | --- | --- | --- |
//! | comes in | nothing | what came last, at most a window: 32 KiB with 15 bits, 512 bytes with 9 |
//! | goes out | nothing | about 375 KiB with 15 bits, 250 KiB with 9 |
//!
//! So a server with many idle connections is best set as [`Config::default`] is, without takeover.
//!
//! ```
//! use wslab::proto::Role;
//! use wslab::proto::deflate::{Agreed, Config, Deflater, Inflater};
//!
//! let offers = [Config::with_takeover().offer().into()];
//! let agreed = Config::default().answer(&offers).expect("the first offer");
//! assert_eq!(Agreed::read(&[agreed.into()], &offers), Ok(Some(agreed)));
//!
//! let to_client = agreed.direction(Role::Server);
//! let mut deflater = Deflater::new(6, to_client).expect("a window of 9 bits or more");
//! let mut compressed = Vec::new();
//! deflater.deflate(&[b'*'; 1000], &mut compressed);
//! assert!(compressed.len() < 20);
//!
//! let mut inflater = Inflater::new(to_client);
//! let mut message = Vec::new();
//! inflater.inflate(&compressed, true, &mut message, 1000)?;
//! assert_eq!(message, [b'*'; 1000]);
//! # Ok::<_, wslab::proto::deflate::InflateError>(())
//! ```

mod codes;
mod deflater;
mod inflater;
mod negotiation;
mod params;
mod pool;
mod reach;

pub use deflater::Deflater;
pub use inflater::{InflateError, Inflater};
pub use negotiation::{Config, ResponseFault};
pub use params::{Agreed, ClientWindow, Direction, NAME, Offer, ParamError};
pub use reach::{Reach, Reached};
