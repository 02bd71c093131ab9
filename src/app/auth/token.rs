//! Whether a token is good (RFC 7515, section 5.2; RFC 7519, section 7.2; RFC 8725).

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::claims::{Claims, Demands};
use super::{PublicKey, SecretKey, User};

/// The longest token that is looked at, in bytes: as much as the head of a request may have.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Which tokens are good.
#[derive(Clone, Debug, Default)]
pub struct AuthConfig {
    /// What the issuer and this server share: for HS256, HS384 and HS512.
    pub secret: Option<SecretKey>,
    /// The key of the issuer: for RS256, RS384 and RS512, for ES256, or for EdDSA, whichever it is.
    pub public_key: Option<PublicKey>,
    /// Who this server is, in the words of the issuer. A token has to name it in its claim `aud`. Without one, tokens
    /// that are for a certain audience are refused, as RFC 7519 wants in section 4.1.3.
    pub audience: Option<String>,
    /// Who the issuer is: what the claim `iss` of a token has to be. Without one it may be anything.
    pub issuer: Option<String>,
    /// By how much the clock of the issuer may be ahead of the clock here, or behind it. 0 by default, so that a
    /// connection ends when its token says so; a few seconds are good where tokens that were just made are refused as
    /// not yet valid.
    pub leeway: Duration,
}

/// There is neither a secret nor a public key to check tokens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key to check tokens with: give a shared secret, a public key, or both")]
pub struct NoKey;

/// Checks tokens. Lend it to all connections in an `Arc`.
#[derive(Clone, Debug)]
pub struct Auth {
    config: AuthConfig,
}

impl Auth {
    /// Checks tokens against this.
    ///
    /// # Errors
    /// If there is no key.
    pub fn new(config: AuthConfig) -> Result<Self, NoKey> {
        if config.secret.is_none() && config.public_key.is_none() {
            return Err(NoKey);
        }
        Ok(Self { config })
    }

    /// The user of a token that is good now, by the clock of the system.
    ///
    /// # Errors
    /// If it is not good.
    pub fn verify(&self, token: &str) -> Result<User, TokenError> {
        self.verify_at(token, SystemTime::now())
    }

    /// The user of a token that is good at this time.
    ///
    /// # Errors
    /// If it is not good.
    pub fn verify_at(&self, token: &str, now: SystemTime) -> Result<User, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = decode(header)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let (algorithm, key) = self.key_for(&header.alg).ok_or(TokenError::Algorithm)?;
        match jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm) {
            Ok(true) => {}
            // The other error is a signature that is not even base64.
            Ok(false) | Err(_) => return Err(TokenError::Signature),
        }
        let AuthConfig { audience, issuer, leeway, .. } = &self.config;
        decode::<Claims>(claims)?.check(&Demands {
            audience: audience.as_deref(),
            issuer: issuer.as_deref(),
            leeway: *leeway,
            now,
        })
    }

    /// The key that is for an algorithm of this name. What a key is for depends on the key alone (RFC 8725, section
    /// 3.1).
    fn key_for(&self, name: &str) -> Option<(Algorithm, &DecodingKey)> {
        let algorithm: Algorithm = name.parse().ok()?;
        let AuthConfig { secret, public_key, .. } = &self.config;
        let key = secret.as_ref().and_then(|secret| secret.key_for(algorithm));
        let key = key.or_else(|| public_key.as_ref().and_then(|public_key| public_key.key_for(algorithm)));
        key.map(|key| (algorithm, key))
    }
}

/// The header of a token (RFC 7515, section 4.1). A key that a token brings along is never looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Section 4.1.11: what has to be understood; nothing is.
    crit: Option<IgnoredAny>,
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// Why a token is not good, for the one who runs the server. A client is told no more than that it is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// It has more than [`MAX_TOKEN`] bytes.
    #[error("the token is longer than 16 KiB")]
    TooLong,
    /// It is not a signed token of three parts in base64, the first two of which are JSON.
    #[error("this is no JSON Web Token")]
    Malformed,
    /// No key here is for its algorithm, or it is not signed at all.
    #[error("the token is signed by an algorithm that no key here is for, or not at all")]
    Algorithm,
    /// It asks for extensions to be understood.
    #[error("the token asks for an extension to be understood (crit) that is not known here")]
    Critical,
    /// Its signature is not from the issuer.
    #[error("the signature of the token is wrong: it was changed, or signed with another key")]
    Signature,
    /// It says nowhere when it ends.
    #[error("the token has no end: it needs the claim exp")]
    NoExpiry,
    /// Its end is reached.
    #[error("the token has expired")]
    Expired,
    /// Its beginning is not reached.
    #[error("the token is not yet valid: either it is for later, or a clock is wrong")]
    NotYetValid,
    /// It is not for this server.
    #[error("the token is for another audience")]
    Audience,
    /// It is for somebody, and nobody has said who this server is.
    #[error("the token is for a certain audience (claim aud), and none is set here")]
    AudienceUnset,
    /// It is from somebody else.
    #[error("the token is from another issuer")]
    Issuer,
    /// It says not whom it is about.
    #[error("the token says not who the user is: it needs the claim sub or userId")]
    NoSubject,
    /// A claim is not of its type.
    #[error("the claim {0} of the token is not of its type")]
    Claim(&'static str),
}
