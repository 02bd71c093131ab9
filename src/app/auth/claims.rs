//! What a token says (RFC 7519, section 4).

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Number, Value};

use super::{TokenError, User};

/// The claims that count here. Others are ignored, as section 4 wants.
///
/// Each is any value at first, so that an error can say which claim it was.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: Option<Value>,
    #[serde(rename = "userId")]
    user_id: Option<Value>,
    username: Option<Value>,
    name: Option<Value>,
    permissions: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    aud: Option<Value>,
    iss: Option<Value>,
}

/// What the claims are held against.
pub(super) struct Demands<'a> {
    pub(super) audience: Option<&'a str>,
    pub(super) issuer: Option<&'a str>,
    pub(super) leeway: Duration,
    pub(super) now: SystemTime,
}

impl Claims {
    /// The user that they speak of.
    pub(super) fn check(self, demands: &Demands<'_>) -> Result<User, TokenError> {
        let end = self.exp.ok_or(TokenError::NoExpiry)?;
        let expires = date(&end).and_then(|end| end.checked_add(demands.leeway)).ok_or(TokenError::Claim("exp"))?;
        // Section 4.1.4: on this time or after it, the token must not be accepted.
        if demands.now >= expires {
            return Err(TokenError::Expired);
        }
        if let Some(begin) = self.nbf {
            let begin = date(&begin).ok_or(TokenError::Claim("nbf"))?;
            // Section 4.1.5.
            if demands.now.checked_add(demands.leeway).is_some_and(|latest| latest < begin) {
                return Err(TokenError::NotYetValid);
            }
        }
        let audience = self.aud.map(|aud| texts("aud", aud)).transpose()?.unwrap_or_default();
        match demands.audience {
            // Section 4.1.3: who does not find itself in the audience must reject the token.
            None if !audience.is_empty() => return Err(TokenError::AudienceUnset),
            Some(own) if !audience.iter().any(|other| other == own) => return Err(TokenError::Audience),
            _ => {}
        }
        let issuer = self.iss.map(|iss| text("iss", iss)).transpose()?;
        if demands.issuer.is_some() && issuer.as_deref() != demands.issuer {
            return Err(TokenError::Issuer);
        }
        let id = match (self.sub, self.user_id) {
            (Some(sub), _) => id("sub", sub)?,
            (None, Some(user_id)) => id("userId", user_id)?,
            (None, None) => return Err(TokenError::NoSubject),
        };
        if id.is_empty() {
            return Err(TokenError::NoSubject);
        }
        let name = match (self.username, self.name) {
            (Some(username), _) => Some(text("username", username)?),
            (None, Some(name)) => Some(text("name", name)?),
            (None, None) => None,
        };
        let permissions = match self.permissions {
            // As the claim `scope` of OAuth is written (RFC 8693, section 4.2).
            Some(Value::String(words)) => words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            Some(list) => texts("permissions", list)?,
            None => Vec::new(),
        };
        Ok(User { id, name, permissions, expires: Some(expires) })
    }
}

fn text(claim: &'static str, value: Value) -> Result<String, TokenError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(TokenError::Claim(claim)),
    }
}

/// Who it is: also where the issuer counts his users.
fn id(claim: &'static str, value: Value) -> Result<String, TokenError> {
    match value {
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        other => text(claim, other),
    }
}

/// One text, or a list of them.
fn texts(claim: &'static str, value: Value) -> Result<Vec<String>, TokenError> {
    match value {
        Value::Array(list) => list.into_iter().map(|value| text(claim, value)).collect(),
        one => text(claim, one).map(|text| vec![text]),
    }
}

/// Seconds since the epoch, also with a fraction (section 2, NumericDate). What is before the epoch is the epoch.
fn date(value: &Value) -> Option<SystemTime> {
    let number: &Number = value.as_number()?;
    let since = match (number.as_u64(), number.as_f64()?) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, seconds) if seconds <= 0.0 => Duration::ZERO,
        (None, seconds) => Duration::try_from_secs_f64(seconds).ok()?,
    };
    SystemTime::UNIX_EPOCH.checked_add(since)
}
