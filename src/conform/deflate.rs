//! What a case wants of permessage-deflate (RFC 7692), whichever end we are.

use crate::conform::Case;
use crate::proto::Role;
use crate::proto::deflate::{Agreed, ClientWindow, NAME, Offer};
use crate::proto::opening::{Extension, judge_request};
use crate::watch::Opening;
use crate::wire::http::{Limits, Request};

/// The window where none was agreed, in bits (RFC 7692, section 7.1.2).
const LARGEST: u8 = 15;

/// What is asked of the direction in which the target sends. Of our own we say that it can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Whether messages may refer to earlier ones (sections 7.1.1.1 and 7.1.1.2).
    pub takeover: bool,
    /// The window that is asked for, 8 to 15 bits; `None` to ask for none (sections 7.1.2.1 and 7.1.2.2).
    pub window: Option<u8>,
    /// What has to hold of the direction in which we send.
    pub own: Own,
}

/// What has to be agreed of the direction in which we send; a case is unimplemented where it is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Own {
    /// Whether messages may refer to earlier ones; `None` for either.
    pub takeover: Option<bool>,
    /// The window in bits, exactly; 15 where none is agreed.
    pub window: Option<u8>,
}

impl Terms {
    /// What we offer as client.
    pub fn offer(self) -> Offer {
        Offer {
            server_no_context_takeover: !self.takeover,
            client_no_context_takeover: self.own.takeover != Some(true),
            server_max_window_bits: self.window,
            client_max_window_bits: match self.own.window {
                Some(own @ ..LARGEST) => ClientWindow::AtMost(own),
                _ => ClientWindow::Limitable,
            },
        }
    }

    /// What we agree on as server, if the offer can be agreed on: a client's window can only be limited where it offers
    /// that (section 7.1.2.2). What is asked of our own direction we do.
    pub fn accept(self, offer: &Offer) -> Option<Agreed> {
        let client_max_window_bits = match (self.window, offer.client_max_window_bits) {
            (None, _) => None,
            (Some(_), ClientWindow::Fixed) => return None,
            (Some(wanted), ClientWindow::Limitable) => Some(wanted),
            (Some(wanted), ClientWindow::AtMost(offered)) => Some(wanted.min(offered)),
        };
        // Sections 7.1.1.1 and 7.1.2.1: a server may limit itself unasked, or more than was asked.
        let server_no_context_takeover = match self.own.takeover {
            None => offer.server_no_context_takeover,
            Some(true) if offer.server_no_context_takeover => return None,
            Some(takeover) => !takeover,
        };
        let server_max_window_bits = match (self.own.window, offer.server_max_window_bits) {
            (Some(own), Some(offered)) if own > offered => return None,
            (Some(LARGEST), None) => None,
            (own, offered) => own.or(offered),
        };
        Some(Agreed {
            server_no_context_takeover,
            client_no_context_takeover: !self.takeover,
            server_max_window_bits,
            client_max_window_bits,
        })
    }

    /// Whether what was agreed is what has to hold of the direction in which we, `role`, send.
    fn is_met(self, agreed: Agreed, role: Role) -> bool {
        let (resets, window) = match role {
            Role::Client => (agreed.client_no_context_takeover, agreed.client_max_window_bits),
            Role::Server => (agreed.server_no_context_takeover, agreed.server_max_window_bits),
        };
        self.own.takeover.is_none_or(|takeover| takeover != resets)
            && self.own.window.is_none_or(|own| window.unwrap_or(LARGEST) == own)
    }
}

impl Case {
    /// What we offer as client; nothing if the case needs no extension.
    pub fn offers(&self) -> Vec<Extension> {
        self.deflate.iter().map(|terms| terms.offer().into()).collect()
    }

    /// What we agree on as server: by the first of our terms that one of the client's offers allows, the first such
    /// offer. `None` goes on without compression.
    pub fn accept(&self, offered: &[Extension]) -> Option<Agreed> {
        // An offer that cannot be read is to be declined (section 7), and so is every other extension.
        let offers: Vec<Offer> = offered.iter().filter_map(|offer| Offer::read(offer).ok()).collect();
        self.deflate.iter().find_map(|terms| offers.iter().find_map(|offer| terms.accept(offer)))
    }
}

impl Case {
    /// Whether what was agreed is what the case needs, where we are `role`.
    pub(super) fn is_agreed(&self, agreed: Option<Agreed>, role: Role) -> bool {
        let is_met = |agreed| self.deflate.iter().any(|terms| terms.is_met(agreed, role));
        self.deflate.is_empty() || agreed.is_some_and(is_met)
    }
}

/// The extensions that a client asked for in an opening handshake.
pub(super) fn offered(opening: &Opening) -> Vec<Extension> {
    let request = Request::parse(&opening.request, &Limits::default()).ok().flatten();
    request.map(|(request, _)| judge_request(&request).extensions).unwrap_or_default()
}

/// The compression that an opening handshake agreed on.
pub(super) fn agreed(opening: &Opening) -> Option<Agreed> {
    let extensions = Extension::parse_list(opening.extensions.as_bytes()).ok()?;
    let deflate = extensions.iter().find(|extension| extension.name == NAME)?;
    Agreed::parse(deflate).ok()
}
