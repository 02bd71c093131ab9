//! The client: what it asks, and whether it was agreed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::check::is_host;
use super::{Agreed, Asked, Extension, Extra, VERSION, judge_response, name};
use crate::proto::Rules;
use crate::proto::deflate::{self, Offer, ParamError};
use crate::wire::http::{Request, Response, is_token};

/// What a client asks for (section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The host, with its port unless that is the default one: `example.com`, `[::1]:9001`.
    pub host: String,
    /// The path and query; begins with `/`, and has no fragment.
    pub target: String,
    /// 16 random bytes, new ones for each connection.
    pub key: [u8; 16],
    /// The subprotocols, the preferred one first.
    pub protocols: Vec<String>,
    /// The extensions that are offered, the preferred one first, such as a [`deflate::Config::offer`].
    pub extensions: Vec<Extension>,
    /// The origin of the page, for clients that act for one.
    pub origin: Option<String>,
    /// Further headers, written last.
    pub headers: Extra,
}

impl Ask {
    /// Asks for `target` of `host`, and nothing beside.
    pub fn new(host: impl Into<String>, target: impl Into<String>, key: [u8; 16]) -> Self {
        Self {
            host: host.into(),
            target: target.into(),
            key,
            protocols: Vec::new(),
            extensions: Vec::new(),
            origin: None,
            headers: Extra::new(),
        }
    }

    /// The request. It breaks no rule.
    ///
    /// # Errors
    /// If what is asked cannot be written without breaking one.
    pub fn request(&self) -> Result<Request, AskError> {
        self.check_words()?;
        let mut request = Request::get(self.target.as_str());
        let headers = &mut request.headers;
        headers.push("Host", self.host.as_str());
        headers.push("Upgrade", "websocket");
        headers.push("Connection", "Upgrade");
        headers.push(name::KEY, STANDARD.encode(self.key));
        headers.push(name::VERSION, VERSION);
        if let Some(origin) = &self.origin {
            headers.push("Origin", origin.as_str());
        }
        if !self.protocols.is_empty() {
            headers.push(name::PROTOCOL, self.protocols.join(", "));
        }
        if !self.extensions.is_empty() {
            headers.push(name::EXTENSIONS, Extension::list(&self.extensions));
        }
        for (name, value) in self.headers.headers().iter() {
            headers.push(name, value);
        }
        Ok(request)
    }

    /// Checks the response to [`Ask::request`], and says what was agreed.
    ///
    /// # Errors
    /// The rules that the response breaks: with any of them the client must not go on (section 4.1). A refusal is
    /// among them, as [`Rule::ResponseStatus`](crate::proto::Rule::ResponseStatus).
    pub fn check(&self, response: &Response) -> Result<Agreed, Rules> {
        let asked = Asked {
            key: Some(STANDARD.encode(self.key)),
            protocols: self.protocols.clone(),
            extensions: self.extensions.clone(),
            ..Asked::default()
        };
        let judged = judge_response(&asked, response);
        judged.agreed.filter(|_| judged.faults.is_empty()).ok_or(judged.faults)
    }

    fn check_words(&self) -> Result<(), AskError> {
        if !is_host(&self.host) {
            return Err(AskError::Host(shown(&self.host)));
        }
        if self.target.contains('#') {
            return Err(AskError::Fragment(shown(&self.target)));
        }
        if !self.target.starts_with('/') || !self.target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AskError::Target(shown(&self.target)));
        }
        for (index, protocol) in self.protocols.iter().enumerate() {
            if !is_token(protocol.as_bytes()) {
                return Err(AskError::Protocol(shown(protocol)));
            }
            if self.protocols[..index].contains(protocol) {
                return Err(AskError::ProtocolTwice(protocol.clone()));
            }
        }
        if let Some(extension) = self.extensions.iter().find(|extension| !extension.is_sound()) {
            return Err(AskError::Extension(shown(&extension.to_string())));
        }
        for offer in self.extensions.iter().filter(|extension| extension.name == deflate::NAME) {
            Offer::read(offer)?;
        }
        match &self.origin {
            Some(origin) if origin.is_empty() || !origin.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(AskError::Origin(shown(origin)))
            }
            _ => Ok(()),
        }
    }
}

/// What is asked cannot be written as a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Not a host with or without a port.
    #[error("\"{0}\" is not a host")]
    Host(String),
    /// Not a path of visible ASCII that begins with a slash.
    #[error("\"{0}\" is not a path: it has to begin with / and be percent-encoded")]
    Target(String),
    /// Fragments must not be sent (section 3).
    #[error("\"{0}\" has a fragment: leave out what follows #, or write # as %23")]
    Fragment(String),
    /// A subprotocol that is empty or has separators, blanks or non-ASCII characters.
    #[error("the subprotocol \"{0}\" is not a token")]
    Protocol(String),
    /// Subprotocols have to differ.
    #[error("the subprotocol \"{0}\" is named twice")]
    ProtocolTwice(String),
    /// An origin has no blanks and no characters beyond ASCII.
    #[error("\"{0}\" is not an origin")]
    Origin(String),
    /// A name or a value of the extension is not a token.
    #[error("the extension \"{0}\" is not made of tokens")]
    Extension(String),
    /// An offer of permessage-deflate that a server would have to decline.
    #[error("permessage-deflate cannot be offered like this: {0}")]
    Deflate(#[from] ParamError),
}

fn shown(value: &str) -> String {
    value.escape_debug().to_string()
}
