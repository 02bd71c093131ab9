//! Whom a server lets in, and how much it takes of each.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::app::auth::{Auth, AuthConfig, PublicKey, SUBPROTOCOL, SecretKey, Settings};
use crate::app::host::{Application, Host};
use crate::app::limit::{self, DoorLimits, Limits, Rate};
use crate::cli::value;
use crate::proto::opening::{Origins, origin};

/// What a server does unless it is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It takes everything, from any page.
    Open,
    /// It takes what people send, from its own page.
    Social,
}

/// Whom a server lets in, and how much it takes of each.
#[derive(Debug, Args)]
pub(super) struct Guarding {
    /// An origin whose pages may connect, such as https://chat.example, `same` for the server's own pages, or `any`;
    /// repeat it for several. Without it any may connect to an echo, and `same` to the others
    ///
    /// `same` takes a server to be where its address, localhost or an origin that is given says. One that is reached by
    /// another name has to be told it: any name may be made to lead here.
    #[arg(long, env = "WSLAB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = page_origin)]
    origin: Vec<String>,
    /// The most messages of a connection in a time, such as 100/60s, or `none`. Without it an echo has none, the others
    /// 100/60s
    #[arg(long, env = "WSLAB_RATE", value_name = "RATE", value_parser = rate, help_heading = LIMITS)]
    rate: Option<Limit>,
    /// The same for all connections of an address; IPv6 addresses count by their first 64 bits
    #[arg(long, env = "WSLAB_RATE_PER_ADDRESS", value_name = "RATE", value_parser = rate, help_heading = LIMITS)]
    rate_per_address: Option<Limit>,
    /// The same for all connections of a user
    #[arg(long, env = "WSLAB_RATE_PER_USER", value_name = "RATE", value_parser = rate, requires = KEY,
          help_heading = LIMITS)]
    rate_per_user: Option<Limit>,
    /// What happens when more is sent
    #[arg(long, env = "WSLAB_OVER", value_name = "WHAT", default_value = "error", help_heading = LIMITS)]
    over: Over,
    /// The most connections of an address at a time, whatever they ask for: /healthz counts too
    #[arg(long, env = "WSLAB_MAX_PER_ADDRESS", value_name = "N", value_parser = several, help_heading = LIMITS)]
    max_per_address: Option<u32>,
    /// How often an address may connect, such as 10/s, whatever it asks for
    #[arg(long, env = "WSLAB_HANDSHAKES", value_name = "RATE", value_parser = Rate::from_str, help_heading = LIMITS)]
    handshakes: Option<Rate>,
    #[command(flatten)]
    keys: Keys,
    /// Whom a token has to be for: its claim `aud`
    #[arg(long, env = "WSLAB_AUTH_AUDIENCE", value_name = "NAME", requires = KEY, help_heading = AUTH)]
    auth_audience: Option<String>,
    /// Who has to have made a token: its claim `iss`
    #[arg(long, env = "WSLAB_AUTH_ISSUER", value_name = "NAME", requires = KEY, help_heading = AUTH)]
    auth_issuer: Option<String>,
    /// By how much the clock of who makes tokens may differ
    #[arg(long, env = "WSLAB_AUTH_LEEWAY", value_name = "TIME", value_parser = value::time, default_value = "0s",
          requires = KEY, help_heading = AUTH)]
    auth_leeway: Duration,
    /// How long a client may stay without a good token; then it is closed with 1008
    #[arg(long, env = "WSLAB_AUTH_TIMEOUT", value_name = "TIME", value_parser = value::interval,
          default_value = "10s", requires = KEY, help_heading = AUTH)]
    auth_timeout: Duration,
    /// How often in a row a client may send something that is no good token
    #[arg(long, env = "WSLAB_AUTH_TRIES", value_name = "N", value_parser = several, default_value = "3",
          requires = KEY, help_heading = AUTH)]
    auth_tries: u32,
}

/// The keys that tokens are signed with. What is said of tokens without one is a mistake: nobody would be asked for any.
#[derive(Debug, Args)]
#[group(id = KEY, multiple = true)]
struct Keys {
    /// Clients have to have a JSON Web Token signed with the secret in this file (HS256, HS384, HS512)
    #[arg(long, env = "WSLAB_AUTH_SECRET_FILE", value_name = "FILE", help_heading = AUTH)]
    auth_secret_file: Option<PathBuf>,
    /// The same, signed with the private key of this public one in PEM (RSA, P-256 or Ed25519)
    #[arg(long, env = "WSLAB_AUTH_PUBLIC_KEY_FILE", value_name = "FILE", help_heading = AUTH)]
    auth_public_key_file: Option<PathBuf>,
}

const KEY: &str = "key";
const LIMITS: &str = "Limits";
const AUTH: &str = "Authentication";

/// A rate, or that there is none.
type Limit = Option<Rate>;

/// What happens when more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Over {
    /// The client is told until when
    Error,
    /// Nothing more is read until then
    Delay,
    /// It is closed with 1008
    Close,
}

impl From<Over> for limit::Over {
    fn from(over: Over) -> Self {
        match over {
            Over::Error => Self::Error,
            Over::Delay => Self::Delay,
            Over::Close => Self::Close,
        }
    }
}

fn rate(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(None),
        rate => rate.parse().map(Some).map_err(|error: limit::RateError| format!("{error}, or `none`")),
    }
}

/// A word for several origins, or one as browsers send it.
fn page_origin(text: &str) -> Result<String, String> {
    match text.to_ascii_lowercase().as_str() {
        word @ ("same" | "any" | "*") => Ok(word.to_owned()),
        _ => origin(text).map_err(|error| format!("{error}; or write `same` or `any`")),
    }
}

fn several(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "write a whole number from 1 on".to_owned())
}

impl Guarding {
    /// Has `host` guarded like this.
    ///
    /// # Errors
    /// If a key cannot be used.
    pub(super) fn guard<A: Application>(&self, host: Host<A>, manner: Manner) -> anyhow::Result<Host<A>> {
        let mut host = host;
        if let Some(auth) = self.auth()? {
            host = host.guarded(auth, Settings { patience: self.auth_timeout, refusals: self.auth_tries });
        }
        let usual = Limits::default().connection.filter(|_| manner == Manner::Social);
        let limits = Limits {
            connection: self.rate.unwrap_or(usual),
            address: self.rate_per_address.flatten(),
            user: self.rate_per_user.flatten(),
            ..Limits::default()
        };
        if limits.connection.is_some() || limits.address.is_some() || limits.user.is_some() {
            host = host.limited(limits, self.over.into());
        }
        if self.max_per_address.is_some() || self.handshakes.is_some() {
            let doors =
                DoorLimits { connections: self.max_per_address, handshakes: self.handshakes, ..DoorLimits::default() };
            host = host.doors(doors);
        }
        Ok(host)
    }

    fn auth(&self) -> anyhow::Result<Option<Auth>> {
        if !self.has_keys() {
            return Ok(None);
        }
        let config = AuthConfig {
            secret: self.keys.auth_secret_file.as_deref().map(SecretKey::read).transpose()?,
            public_key: self.keys.auth_public_key_file.as_deref().map(PublicKey::read).transpose()?,
            audience: self.auth_audience.clone(),
            issuer: self.auth_issuer.clone(),
            leeway: self.auth_leeway,
        };
        Ok(Some(Auth::new(config)?))
    }

    fn has_keys(&self) -> bool {
        self.keys.auth_secret_file.is_some() || self.keys.auth_public_key_file.is_some()
    }

    /// The subprotocol that carries tokens.
    pub(super) fn subprotocol(&self) -> Option<String> {
        self.has_keys().then(|| SUBPROTOCOL.to_owned())
    }

    /// The origins whose pages may connect.
    pub(super) fn origins(&self, manner: Manner) -> Origins {
        let has = |word: &str| self.origin.iter().any(|origin| origin == word);
        if has("any") || has("*") || (self.origin.is_empty() && manner == Manner::Open) {
            return Origins::Any;
        }
        let named = self.origin.iter().filter(|origin| *origin != "same").cloned().collect();
        Origins::Only { same: self.origin.is_empty() || has("same"), named }
    }
}
