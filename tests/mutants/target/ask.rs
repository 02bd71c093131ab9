//! The opening handshake of the client (RFC 6455, section 4.1).

use super::extension::{self, Agreed};
use super::http::{Heading, Words, accept, key};
use crate::fault::{Fault, Switch};

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The Sec-WebSocket-Extensions header.
    pub(crate) offer: Option<&'static str>,
    /// The Sec-WebSocket-Protocol header.
    pub(crate) protocol: Option<&'static str>,
}

impl Wishes {
    /// As most clients ask.
    pub(crate) const USUAL: Self = Self { offer: Some("permessage-deflate; client_max_window_bits"), protocol: None };

    /// As the fault needs it to be seen.
    pub(crate) fn of(fault: Option<Fault>) -> Self {
        let offer = match fault {
            Some(Fault::TakesExtensionUnasked | Fault::TakesDeflateUnasked) => None,
            Some(Fault::TakesClientWindowUnoffered) => Some("permessage-deflate"),
            Some(Fault::TakesServerWindowLarger | Fault::TakesServerWindowMissing) => {
                Some("permessage-deflate; server_max_window_bits=10; client_max_window_bits")
            }
            Some(Fault::TakesServerTakeoverMissing) => {
                Some("permessage-deflate; server_no_context_takeover; client_max_window_bits")
            }
            _ => Self::USUAL.offer,
        };
        Self { offer, ..Self::USUAL }
    }
}

/// A request, and the key in it.
pub(super) fn request(host: &str, resource: &str, wishes: Wishes, fault: Switch) -> (Vec<u8>, String) {
    let key = match () {
        () if fault.is(Fault::AsksSameKey) => "dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
        () if fault.is(Fault::AsksShortKey) => key(15),
        () => key(16),
    };
    let version = if fault.is(Fault::AsksHttp10) { "HTTP/1.0" } else { "HTTP/1.1" };
    let fragment = if fault.is(Fault::AsksWithFragment) { "#here" } else { "" };
    let mut out = format!("GET {resource}{fragment} {version}\r\n");
    let mut line = |unless: Option<Fault>, name: &str, value: &str| {
        if !unless.is_some_and(|unless| fault.is(unless)) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
    };
    line(Some(Fault::AsksWithoutHost), "Host", host);
    line(Some(Fault::AsksWithoutUpgrade), "Upgrade", "websocket");
    line(None, "Connection", if fault.is(Fault::AsksConnectionClose) { "close" } else { "Upgrade" });
    line(None, "Sec-WebSocket-Key", &key);
    line(None, "Sec-WebSocket-Version", if fault.is(Fault::AsksVersion8) { "8" } else { "13" });
    if let Some(offer) = wishes.offer {
        line(None, "Sec-WebSocket-Extensions", offer);
    }
    if let Some(protocol) = wishes.protocol {
        line(None, "Sec-WebSocket-Protocol", protocol);
    }
    out.push_str("\r\n");
    (out.into_bytes(), key)
}

/// Checks the response, given with its empty line. `Err` if it opens nothing.
pub(super) fn check(bytes: &[u8], key: &str, wishes: Wishes, fault: Switch) -> Result<Option<Agreed>, ()> {
    let heading = Heading::read_with(bytes, true, fault).map_err(|_| ())?;
    let mut words = heading.line.splitn(3, ' ');
    let (version, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let minor = version.strip_prefix("HTTP/1.").filter(|minor| minor.len() == 1);
    let version = match minor {
        Some("0") => fault.is(Fault::TakesAnswerOfHttp10),
        Some(minor) => minor.as_bytes()[0].is_ascii_digit(),
        None => false,
    };
    let upgrade = Words {
        none: fault.is(Fault::TakesAnswerWithoutUpgrade),
        any: fault.is(Fault::TakesAnswerWithoutUpgrade),
        by_case: fault.is(Fault::AnswerUpgradeByItsCase).then_some("websocket"),
        part: fault.is(Fault::AnswerUpgradeAsAPart),
        // The value is the word alone (section 4.1, step 2).
        no_list: !fault.is(Fault::AnswerUpgradeByItsCase),
        ..Words::RIGHT
    };
    let connection = Words {
        none: fault.is(Fault::TakesAnswerWithoutConnection),
        any: fault.is(Fault::TakesAnswerWithoutConnection),
        by_case: fault.is(Fault::AnswerConnectionByItsCase).then_some("Upgrade"),
        no_list: fault.is(Fault::AnswerConnectionIsNoList),
        ..Words::RIGHT
    };
    let upgrade_in_unicode = fault.is(Fault::AnswerUpgradeInUnicode)
        && heading.one("Upgrade").is_some_and(|value| value.to_lowercase() == "websocket");
    let sound = version
        && (status == "101" || status.len() == 3 && fault.is(Fault::TakesAnyStatus))
        && (upgrade.find(&heading, "Upgrade", "websocket") || upgrade_in_unicode)
        && connection.find(&heading, "Connection", "upgrade")
        && accepted(&heading, key, fault)
        && protocol(&heading, wishes, fault);
    if !sound {
        return Err(());
    }
    let lines = heading.all("Sec-WebSocket-Extensions");
    let extensions = match extension::read(&lines.join(",")) {
        Some(extensions) => extensions,
        None if lines.is_empty() || fault.is(Fault::TakesExtensionsOfAnyGrammar) => Vec::new(),
        None => return Err(()),
    };
    extension::check(&extensions, wishes.offer, fault)
}

fn accepted(heading: &Heading, key: &str, fault: Switch) -> bool {
    let wanted = accept(key, Switch(None));
    let values = heading.all("Sec-WebSocket-Accept");
    if fault.is(Fault::TakesTwoAccepts) && values.contains(&wanted) {
        return true;
    }
    let Some(value) = heading.one("Sec-WebSocket-Accept") else {
        return values.is_empty() && fault.is(Fault::TakesNoAccept);
    };
    value == wanted
        || fault.is(Fault::TakesAnyAccept)
        || fault.is(Fault::AcceptInAnyCase) && value.eq_ignore_ascii_case(&wanted)
        || fault.is(Fault::AcceptByItsBeginning) && value.as_bytes().get(..14) == wanted.as_bytes().get(..14)
}

fn protocol(heading: &Heading, wishes: Wishes, fault: Switch) -> bool {
    match heading.all("Sec-WebSocket-Protocol").as_slice() {
        [] => true,
        [one] if wishes.protocol == Some(one) => true,
        _ => fault.is(Fault::TakesProtocolUnasked),
    }
}
