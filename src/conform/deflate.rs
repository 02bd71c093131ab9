//! What a case wants of permessage-deflate (RFC 7692), whichever end we are.

use crate::conform::Case;
use crate::proto::deflate::{Agreed, ClientWindow, NAME, Offer};
use crate::proto::opening::{Extension, judge_request};
use crate::watch::Opening;
use crate::wire::http::{Limits, Request};

/// What is asked of the direction in which the target sends. Of our own we say that it can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Whether messages may refer to earlier ones (sections 7.1.1.1 and 7.1.1.2).
    pub takeover: bool,
    /// The window that is asked for, 8 to 15 bits; `None` to ask for none (sections 7.1.2.1 and 7.1.2.2).
    pub window: Option<u8>,
}

impl Terms {
    /// What we offer as client.
    pub const fn offer(self) -> Offer {
        Offer {
            server_no_context_takeover: !self.takeover,
            client_no_context_takeover: true,
            server_max_window_bits: self.window,
            client_max_window_bits: ClientWindow::Limitable,
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
        Some(Agreed {
            server_no_context_takeover: offer.server_no_context_takeover,
            client_no_context_takeover: !self.takeover,
            server_max_window_bits: offer.server_max_window_bits,
            client_max_window_bits,
        })
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
