//! Who a client is.

use std::time::SystemTime;

/// Whom a token speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The claim `sub`, or else `userId`. Never empty.
    pub id: String,
    /// The claim `username`, or else `name`.
    pub name: Option<String>,
    /// The claim `permissions`.
    pub permissions: Vec<String>,
    /// From when on the token is no longer good: its `exp`, and the leeway behind it.
    pub expires: Option<SystemTime>,
}

impl User {
    /// Whether `permissions` has this one, letter by letter.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission)
    }
}
