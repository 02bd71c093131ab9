//! How much one may: messages per connection, per address and per user, connections per address, openings per address.
//!
//! * Of a [`Rate`] of 100 in 60 s, never more than 100 are let through in the 60 s from the first one on, and who used
//!   them up waits until those 60 s are over. The generic cell rate algorithm, which crates such as governor have, lets
//!   100 through at once and another one every 600 ms, which makes 200 in the first minute.
//! * Memory is bounded: a [`Limiter`] has no more windows than it was made for, and forgets those that are over as it
//!   goes on. When all of them are in use, whoever comes new shares one window with all others who come new.
//! * Nothing here has a clock: every call is handed the time.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use wslab::app::limit::Limiter;
//!
//! let limiter = Limiter::new("2/60s".parse()?, 1000);
//! let now = Instant::now();
//! assert_eq!(limiter.take(&"me", now).unwrap().remaining, 1);
//! assert_eq!(limiter.take(&"me", now).unwrap().remaining, 0);
//! assert_eq!(limiter.take(&"me", now).unwrap_err().until, now + Duration::from_secs(60));
//! assert!(limiter.take(&"you", now).is_ok());
//! # Ok::<_, wslab::app::limit::RateError>(())
//! ```

mod address;
mod doors;
mod layers;
mod limiter;
mod rate;
mod reply;
mod window;

pub use address::AddressKey;
pub use doors::{DoorLimits, Doors, Permit, Refused};
pub use layers::{Allotment, Layers, Limits, Over};
pub use limiter::Limiter;
pub use rate::{Rate, RateError};
pub use reply::{Exceeded, Remaining};
pub use window::{Allowance, Blocked};
