//! What a host understands itself, whatever the application.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Caller, Malformed, Voice};
use crate::app::clock;
use crate::net::Inband;
use crate::proto::Message;

/// What clients may ask of any host.
#[derive(Debug)]
pub(super) enum Request {
    /// Who he is, by his token.
    UserInfo,
    /// How many messages he may still send.
    RateLimit,
    /// To have large messages packed from now on, by this.
    Compression(Option<Inband>),
}

/// The members of all requests. Others are passed over, whatever they are, without being kept.
#[derive(Deserialize)]
struct Members<'m> {
    #[serde(borrow)]
    r#type: Cow<'m, str>,
    #[serde(borrow, default)]
    algorithms: Option<Vec<Cow<'m, str>>>,
}

impl Request {
    /// No request is longer, in bytes.
    const LONGEST: usize = 4096;

    /// Reads a request.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn read(message: &Message<'_>) -> Result<Self, Malformed> {
        if message.payload.len() > Self::LONGEST {
            return Err(Malformed);
        }
        let Members { r#type, algorithms } = Voice::read(message)?;
        match (&*r#type, algorithms) {
            ("user_info", _) => Ok(Self::UserInfo),
            ("rate_limit", _) => Ok(Self::RateLimit),
            ("compression_request", Some(names)) => {
                Ok(Self::Compression(names.iter().find_map(|name| name.parse().ok())))
            }
            _ => Err(Malformed),
        }
    }

    /// Whether a message asks how many messages may still be sent.
    pub(super) fn is_for_the_rate(message: &Message<'_>) -> bool {
        const NAME: &[u8] = b"\"rate_limit\"";
        let payload = &*message.payload;
        let may_be = payload.len() <= Self::LONGEST && payload.windows(NAME.len()).any(|window| window == NAME);
        may_be && matches!(Self::read(message), Ok(Self::RateLimit))
    }
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
            expires: user.and_then(|user| user.expires).map(clock::milliseconds),
        }
    }
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
