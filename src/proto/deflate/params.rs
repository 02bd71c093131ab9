//! The parameters of an offer and of a response (RFC 7692, section 7.1).

use std::ops::RangeInclusive;

use crate::proto::Role;
use crate::proto::opening::Extension;

/// The name under which the extension is negotiated.
pub const NAME: &str = "permessage-deflate";

/// The windows that can be agreed, as the base-2 logarithm of their size in bytes (section 7.1.2).
pub(super) const WINDOWS: RangeInclusive<u8> = 8..=15;

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// What is wrong with the parameters of an offer or a response: it has to be declined, or fails the connection
/// (section 7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// It is another extension.
    #[error("\"{0}\" is not {NAME}")]
    Extension(String),
    /// No such parameter is defined.
    #[error("the parameter \"{0}\" is not defined")]
    Unknown(String),
    /// A parameter comes twice.
    #[error("the parameter {0} comes twice")]
    Repeated(&'static str),
    /// The parameter must not have a value.
    #[error("the parameter {0} takes no value")]
    ValueUnwanted(&'static str),
    /// The parameter must have a value.
    #[error("the parameter {0} has no value")]
    ValueMissing(&'static str),
    /// The value is not a number from 8 to 15 without leading zeros.
    #[error("the value \"{1}\" of the parameter {0} is not a number from 8 to 15")]
    ValueInvalid(&'static str, String),
}

/// What an offer says of the window with which the client compresses (section 7.1.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientWindow {
    /// Nothing: the server must not limit it.
    #[default]
    Fixed,
    /// The server may limit it.
    Limitable,
    /// It has no more than this many bits anyway, and the server may limit it further.
    AtMost(u8),
}

/// One offer of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The server is not to take contexts over (section 7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client will not take contexts over (section 7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The largest window with which the server may compress, 8 to 15 bits (section 7.1.2.1).
    pub server_max_window_bits: Option<u8>,
    /// The window with which the client compresses.
    pub client_max_window_bits: ClientWindow,
}

impl Offer {
    /// Reads an offer.
    ///
    /// # Errors
    /// If a server has to decline it (section 7): its parameters are unknown, repeated, or of a wrong value.
    pub fn read(extension: &Extension) -> Result<Self, ParamError> {
        let params = Params::read(extension)?;
        Ok(Self {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            server_max_window_bits: params.server_max_window_bits.map(required(SERVER_MAX_WINDOW_BITS)).transpose()?,
            client_max_window_bits: match params.client_max_window_bits {
                None => ClientWindow::Fixed,
                Some(None) => ClientWindow::Limitable,
                Some(Some(bits)) => ClientWindow::AtMost(bits),
            },
        })
    }

    /// Whether a response that agrees on this can answer the offer (sections 7.1.1 and 7.1.2).
    ///
    /// A server may go without contexts and with a small window unasked, and has to where it was asked. It may limit
    /// the client's window only where that is offered.
    pub fn allows(&self, agreed: &Agreed) -> bool {
        let server_window = match (self.server_max_window_bits, agreed.server_max_window_bits) {
            (None, _) => true,
            // Without a limit the window is that of 15 bits, and nothing tells the two apart.
            (Some(offered), agreed) => agreed.unwrap_or(*WINDOWS.end()) <= offered,
        };
        let client_window = match (self.client_max_window_bits, agreed.client_max_window_bits) {
            (ClientWindow::Fixed, Some(_)) => false,
            // Section 7.1.2.2: the value of an offer is a hint, which a server may ignore.
            (_, None) | (ClientWindow::Limitable | ClientWindow::AtMost(_), _) => true,
        };
        (agreed.server_no_context_takeover || !self.server_no_context_takeover) && server_window && client_window
    }
}

impl From<Offer> for Extension {
    fn from(offer: Offer) -> Self {
        Params {
            server_no_context_takeover: offer.server_no_context_takeover,
            client_no_context_takeover: offer.client_no_context_takeover,
            server_max_window_bits: offer.server_max_window_bits.map(Some),
            client_max_window_bits: match offer.client_max_window_bits {
                ClientWindow::Fixed => None,
                ClientWindow::Limitable => Some(None),
                ClientWindow::AtMost(bits) => Some(Some(bits)),
            },
        }
        .write()
    }
}

/// What a response agrees on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Agreed {
    /// The server does not take contexts over.
    pub server_no_context_takeover: bool,
    /// The client must not take contexts over.
    pub client_no_context_takeover: bool,
    /// The largest window with which the server compresses, 8 to 15 bits; 15 where nothing is said.
    pub server_max_window_bits: Option<u8>,
    /// The largest window with which the client may compress, 8 to 15 bits; 15 where nothing is said.
    pub client_max_window_bits: Option<u8>,
}

impl Agreed {
    /// Reads the parameters of a response. Whether they answer an offer is for [`Offer::allows`] to say.
    ///
    /// # Errors
    /// If the client has to fail the connection whatever it offered (section 7).
    pub fn parse(extension: &Extension) -> Result<Self, ParamError> {
        let params = Params::read(extension)?;
        Ok(Self {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            server_max_window_bits: params.server_max_window_bits.map(required(SERVER_MAX_WINDOW_BITS)).transpose()?,
            client_max_window_bits: params.client_max_window_bits.map(required(CLIENT_MAX_WINDOW_BITS)).transpose()?,
        })
    }

    /// What holds for the messages of `sender`.
    pub fn direction(&self, sender: Role) -> Direction {
        let (no_takeover, bits) = match sender {
            Role::Client => (self.client_no_context_takeover, self.client_max_window_bits),
            Role::Server => (self.server_no_context_takeover, self.server_max_window_bits),
        };
        Direction { context_takeover: !no_takeover, window_bits: bits.unwrap_or(*WINDOWS.end()) }
    }
}

impl From<Agreed> for Extension {
    fn from(agreed: Agreed) -> Self {
        Params {
            server_no_context_takeover: agreed.server_no_context_takeover,
            client_no_context_takeover: agreed.client_no_context_takeover,
            server_max_window_bits: agreed.server_max_window_bits.map(Some),
            client_max_window_bits: agreed.client_max_window_bits.map(Some),
        }
        .write()
    }
}

/// How the messages of one direction are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Direction {
    /// Whether a message may refer to what earlier ones said.
    pub context_takeover: bool,
    /// How far back it may refer: the base-2 logarithm of the bytes, 8 to 15.
    pub window_bits: u8,
}

/// The parameters of an offer and of a response alike, each as it stands there.
#[derive(Debug, Default)]
struct Params {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Option<u8>>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Params {
    fn read(extension: &Extension) -> Result<Self, ParamError> {
        if extension.name != NAME {
            return Err(ParamError::Extension(extension.name.clone()));
        }
        let mut params = Self::default();
        for (name, value) in &extension.params {
            let value = value.as_deref();
            match name.as_str() {
                SERVER_NO_CONTEXT_TAKEOVER => {
                    set(&mut params.server_no_context_takeover, SERVER_NO_CONTEXT_TAKEOVER, value)?;
                }
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    set(&mut params.client_no_context_takeover, CLIENT_NO_CONTEXT_TAKEOVER, value)?;
                }
                SERVER_MAX_WINDOW_BITS => {
                    limit(&mut params.server_max_window_bits, SERVER_MAX_WINDOW_BITS, value)?;
                }
                CLIENT_MAX_WINDOW_BITS => {
                    limit(&mut params.client_max_window_bits, CLIENT_MAX_WINDOW_BITS, value)?;
                }
                _ => return Err(ParamError::Unknown(name.clone())),
            }
        }
        Ok(params)
    }

    fn write(&self) -> Extension {
        let mut extension = Extension::new(NAME);
        for (name, said) in [
            (SERVER_NO_CONTEXT_TAKEOVER, self.server_no_context_takeover),
            (CLIENT_NO_CONTEXT_TAKEOVER, self.client_no_context_takeover),
        ] {
            if said {
                extension = extension.with(name);
            }
        }
        for (name, limit) in [
            (SERVER_MAX_WINDOW_BITS, self.server_max_window_bits),
            (CLIENT_MAX_WINDOW_BITS, self.client_max_window_bits),
        ] {
            extension = match limit {
                None => extension,
                Some(None) => extension.with(name),
                Some(Some(bits)) => extension.with_value(name, bits.to_string()),
            };
        }
        extension
    }
}

fn set(said: &mut bool, name: &'static str, value: Option<&str>) -> Result<(), ParamError> {
    if std::mem::replace(said, true) {
        return Err(ParamError::Repeated(name));
    }
    value.map_or(Ok(()), |_| Err(ParamError::ValueUnwanted(name)))
}

fn limit(said: &mut Option<Option<u8>>, name: &'static str, value: Option<&str>) -> Result<(), ParamError> {
    let bits = match value {
        None => None,
        // Section 7.1.2.1: a decimal integer without leading zeros.
        Some(value) => match value.parse() {
            Ok(bits) if WINDOWS.contains(&bits) && bits.to_string() == value => Some(bits),
            _ => return Err(ParamError::ValueInvalid(name, value.to_owned())),
        },
    };
    match said.replace(bits) {
        None => Ok(()),
        Some(_) => Err(ParamError::Repeated(name)),
    }
}

fn required(name: &'static str) -> impl Fn(Option<u8>) -> Result<u8, ParamError> {
    move |bits| bits.ok_or(ParamError::ValueMissing(name))
}
