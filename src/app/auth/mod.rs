//! Who a client is: JSON Web Tokens (RFC 7519), where a request has them, and the gate that a connection stands at until
//! its client is known.
//!
//! * The algorithms that count follow from the keys that were given, never from the token: a public key is never taken
//!   for a shared secret, and a token without a signature is never good.
//! * The signature is checked before anything in the claims is looked at.
//! * No error and no `Debug` has a token or a key in it.
//! * A token without an end (`exp`) is refused, and so is one without a subject.
//! * Nobody stays at a [`Gate`] longer than its [`Settings::patience`], and nobody tries more often than
//!   [`Settings::refusals`].
//!
//! ```
//! use wslab::app::auth::{Auth, AuthConfig, SecretKey, TokenError};
//!
//! let secret = SecretKey::new(b"the secret of this example, which is no secret")?;
//! let auth = Auth::new(AuthConfig { secret: Some(secret), ..AuthConfig::default() })?;
//! assert_eq!(auth.verify("no token at all").unwrap_err(), TokenError::Malformed);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod claims;
mod gate;
mod key;
mod pem;
mod reply;
mod request;
mod token;
mod user;

pub use gate::{Gate, Passage, Settings};
pub use key::{KeyError, KeyFault, PublicKey, SecretKey};
pub use reply::{Ending, Reply};
pub use request::{SUBPROTOCOL, token_of};
pub use token::{Auth, AuthConfig, MAX_TOKEN, NoKey, TokenError};
pub use user::User;
