//! What one end wants, and what both agree on (RFC 7692, sections 5 and 7).

use super::params::{Agreed, ClientWindow, NAME, Offer, ParamError, WINDOWS};
use crate::proto::opening::Extension;

/// What one end wants of compression: a client offers it, a server accepts offers within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How much time is taken to make messages small: from 0, not at all, over 1, little, to 9.
    pub level: u8,
    /// Messages of fewer bytes are sent as they are.
    pub threshold: usize,
    /// Whether the server may take contexts over from one message to the next. Who sends may always do without.
    pub server_takeover: bool,
    /// Whether the client may.
    pub client_takeover: bool,
    /// The largest window of the server's messages, 8 to 15 bits. With 8 they are sent as they are.
    pub server_window_bits: u8,
    /// The largest window of the client's messages, 8 to 15 bits. With 8 they are sent as they are. A server can only
    /// ask for it if the client offers to be limited.
    pub client_window_bits: u8,
}

impl Default for Config {
    /// Without takeover, so that a connection that is idle keeps nothing.
    fn default() -> Self {
        Self {
            level: 6,
            threshold: 128,
            server_takeover: false,
            client_takeover: false,
            server_window_bits: *WINDOWS.end(),
            client_window_bits: *WINDOWS.end(),
        }
    }
}

impl Config {
    /// The default with takeover in both directions: small messages that resemble each other become much smaller, and
    /// each connection keeps the memory that the [module](super) states.
    pub fn with_takeover() -> Self {
        Self { server_takeover: true, client_takeover: true, ..Self::default() }
    }

    /// What a client offers that wants this.
    pub fn offer(&self) -> Offer {
        let largest = *WINDOWS.end();
        let server_window = bits(self.server_window_bits);
        let client_window = bits(self.client_window_bits);
        Offer {
            server_no_context_takeover: !self.server_takeover,
            client_no_context_takeover: !self.client_takeover,
            server_max_window_bits: (server_window < largest).then_some(server_window),
            client_max_window_bits: if client_window < largest {
                ClientWindow::AtMost(client_window)
            } else {
                ClientWindow::Limitable
            },
        }
    }

    /// What a server agrees on that wants this: its answer to the first offer among `offers` that is valid (section
    /// 5.2), `None` if there is none. Other extensions are passed over.
    pub fn answer(&self, offers: &[Extension]) -> Option<Agreed> {
        offers.iter().find_map(|offer| Offer::read(offer).ok()).map(|offer| self.accept(&offer))
    }

    /// The answer to an offer.
    pub fn accept(&self, offer: &Offer) -> Agreed {
        let largest = *WINDOWS.end();
        let server_window = bits(self.server_window_bits).min(offer.server_max_window_bits.unwrap_or(largest));
        let own_limit = bits(self.client_window_bits);
        let client_window = match offer.client_max_window_bits {
            ClientWindow::Fixed => None,
            ClientWindow::Limitable => (own_limit < largest).then_some(own_limit),
            ClientWindow::AtMost(offered) => Some(offered.min(own_limit)),
        };
        Agreed {
            server_no_context_takeover: offer.server_no_context_takeover || !self.server_takeover,
            client_no_context_takeover: offer.client_no_context_takeover || !self.client_takeover,
            // Section 7.1.2.1: an offered limit is accepted by saying it.
            server_max_window_bits: (offer.server_max_window_bits.is_some() || server_window < largest)
                .then_some(server_window),
            client_max_window_bits: client_window,
        }
    }
}

fn bits(wanted: u8) -> u8 {
    wanted.clamp(*WINDOWS.start(), *WINDOWS.end())
}

/// Why a client cannot go on with a response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseFault {
    /// The parameters are invalid whatever was offered.
    #[error(transparent)]
    Invalid(#[from] ParamError),
    /// The extension is agreed on twice: both would use the same bit (section 6).
    #[error("{NAME} is agreed on twice")]
    Twice,
    /// No valid offer allows what is agreed on.
    #[error("\"{0}\" is no answer to what was offered")]
    Unoffered(Extension),
}

impl Agreed {
    /// Reads what a response agrees on, where `offered` was offered; `None` if it does without compression.
    ///
    /// # Errors
    /// If the client has to fail the connection (section 7).
    pub fn read(response: &[Extension], offered: &[Extension]) -> Result<Option<Self>, ResponseFault> {
        let mut answers = response.iter().filter(|extension| extension.name == NAME);
        let Some(answer) = answers.next() else { return Ok(None) };
        let agreed = Self::parse(answer)?;
        if answers.next().is_some() {
            return Err(ResponseFault::Twice);
        }
        let mut offers = offered.iter().filter_map(|offer| Offer::read(offer).ok());
        if !offers.any(|offer| offer.allows(&agreed)) {
            return Err(ResponseFault::Unoffered(answer.clone()));
        }
        Ok(Some(agreed))
    }
}
