//! What a host understands itself, whatever the application.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Caller;
use crate::net::Inband;

/// What clients may ask of any host.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Request {
    /// Who he is, by his token.
    UserInfo,
    /// How many messages he may still send.
    RateLimit,
    /// To have large messages packed from now on.
    #[serde(rename = "compression_request")]
    Compression {
        /// By one of these, the preferred one first.
        algorithms: Vec<String>,
    },
}

/// The answer to [`Request::UserInfo`]. Without authentication nothing is known.
#[derive(Serialize)]
#[serde(tag = "type", rename = "user_info", rename_all = "camelCase")]
pub(super) struct UserInfo<'a> {
    user_id: Option<&'a str>,
    username: Option<&'a str>,
    permissions: &'a [String],
    /// In milliseconds since the epoch.
    expires: Option<u64>,
}

impl<'a> UserInfo<'a> {
    pub(super) fn of(caller: &'a Caller) -> Self {
        let user = caller.user();
        Self {
            user_id: user.map(|user| user.id.as_str()),
            username: user.and_then(|user| user.name.as_deref()),
            permissions: user.map(|user| &*user.permissions).unwrap_or_default(),
            expires: user.and_then(|user| user.expires).map(milliseconds),
        }
    }
}

fn milliseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The answer to [`Request::Compression`].
#[derive(Serialize)]
#[serde(tag = "type", rename = "compression_response")]
pub(super) struct Packing {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
}

impl From<Option<Inband>> for Packing {
    fn from(inband: Option<Inband>) -> Self {
        Self { enabled: inband.is_some(), algorithm: inband.map(Inband::name) }
    }
}
