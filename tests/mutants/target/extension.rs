//! The Sec-WebSocket-Extensions header (RFC 6455, section 9.1), and the parameters of permessage-deflate (RFC 7692,
//! section 7.1).

use super::http::is_token;
use crate::fault::{Fault, Switch};

/// The name of the one extension that is known here.
pub(super) const DEFLATE: &str = "permessage-deflate";

/// An extension with its parameters, in an offer or a response.
#[derive(Clone, Debug)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) parameters: Vec<(String, Option<String>)>,
}

/// What was agreed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agreed {
    pub(super) server_no_takeover: bool,
    pub(super) client_no_takeover: bool,
    pub(super) server_bits: Option<u8>,
    pub(super) client_bits: Option<u8>,
}

/// What an offer says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offer {
    pub(super) agreed: Agreed,
    /// There is `client_max_window_bits`, with or without a value.
    pub(super) client_window: bool,
}

/// Reads a list of extensions. `None` if it is not as the grammar wants it.
pub(super) fn read(text: &str) -> Option<Vec<Extension>> {
    let mut extensions = Vec::new();
    for element in split(text, ',')? {
        // The list rule of HTTP lets elements be empty.
        if element.trim().is_empty() {
            continue;
        }
        let mut parts = split(element, ';')?.into_iter().map(str::trim);
        let name = parts.next().filter(|name| is_token(name))?.to_owned();
        let mut parameters = Vec::new();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(unquoted(value.trim())?)),
                None => (part, None),
            };
            if !is_token(name) {
                return None;
            }
            parameters.push((name.to_owned(), value));
        }
        extensions.push(Extension { name, parameters });
    }
    (!extensions.is_empty()).then_some(extensions)
}

/// Cuts at `mark` outside of quotes. `None` if a quote has no end.
fn split(text: &str, mark: char) -> Option<Vec<&str>> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            letter if letter == mark && !quoted => {
                parts.push(&text[from..index]);
                from = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    (!quoted).then_some(parts)
}

/// A token, or what is in the quotes, which has to be a token too.
fn unquoted(value: &str) -> Option<String> {
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?.replace('\\', ""),
        None => value.to_owned(),
    };
    is_token(&value).then_some(value)
}

/// Reads a window: 8 to 15, without leading zeros.
fn window(value: Option<&str>, fault: Switch) -> Option<u8> {
    let mut value = value?;
    let sixteen = value.strip_prefix("0x").and_then(|digits| u8::from_str_radix(digits, 16).ok());
    if let Some(bits) = sixteen.filter(|_| fault.is(Fault::TakesWindowInHex)) {
        return (8..=15).contains(&bits).then_some(bits);
    }
    if fault.is(Fault::TakesWindowWithSign) {
        value = value.trim_start_matches('+');
    }
    if fault.is(Fault::TakesWindowToItsDigits) {
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        value = &value[..digits];
    }
    let zeros = value.len() > 1 && value.starts_with('0') && !fault.is(Fault::TakesWindow08);
    if zeros || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bits: u8 = value.parse().ok()?;
    if fault.is(Fault::TakesWindow7) {
        return Some(bits.clamp(8, 15));
    }
    (8..=15).contains(&bits).then_some(bits)
}

/// Reads the parameters of an offer, or those of a response. `None` if they are not allowed.
pub(super) fn parameters(extension: &Extension, is_offer: bool, fault: Switch) -> Option<Offer> {
    let mut offer = Offer::default();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in &extension.parameters {
        if seen.contains(&name.as_str()) && !fault.is(Fault::TakesParameterTwice) {
            return None;
        }
        seen.push(name);
        let agreed = &mut offer.agreed;
        let flag = value.is_none() || fault.is(Fault::TakesFlagWithValue);
        match name.as_str() {
            "server_no_context_takeover" if flag => agreed.server_no_takeover = true,
            "client_no_context_takeover" if flag => agreed.client_no_takeover = true,
            "server_max_window_bits" if value.is_none() && fault.is(Fault::TakesServerWindowBare) => {}
            "server_max_window_bits" => agreed.server_bits = Some(window(value.as_deref(), fault)?),
            "client_max_window_bits" => {
                offer.client_window = true;
                if value.is_some() || !is_offer {
                    agreed.client_bits = Some(window(value.as_deref(), fault)?);
                }
            }
            _ if fault.is(Fault::TakesUnknownParameter) => {}
            _ => return None,
        }
    }
    Some(offer)
}

/// Answers the offers of a client: what was agreed, and the header that says so.
pub(super) fn answer(offers: &[Extension], fault: Switch) -> Option<(Agreed, String)> {
    let mut answers = Vec::new();
    let mut first = None;
    for (index, offer) in offers.iter().enumerate() {
        let is_known = offer.name.eq_ignore_ascii_case(DEFLATE)
            || fault.is(Fault::AgreesForAnother) && offer.name == "x-webkit-deflate-frame";
        if fault.is(Fault::ExtensionsAll) && !is_known {
            answers.push(offer.name.clone());
            continue;
        }
        let read = if fault.is(Fault::SecondOfferUnread) && index > 0 {
            offers.first().and_then(|offer| parameters(offer, true, fault)).or(Some(Offer::default()))
        } else {
            parameters(offer, true, fault)
        };
        let Some(read) = read.filter(|_| is_known) else { continue };
        // What zlib cannot do is declined.
        if read.agreed.server_bits == Some(8) {
            continue;
        }
        if first.is_none() || fault.is(Fault::AgreesTwice) {
            answers.push(response(read, fault));
        }
        first.get_or_insert(read.agreed);
    }
    if answers.is_empty() {
        return None;
    }
    Some((first.unwrap_or_default(), answers.join(", ")))
}

/// The response to an offer: all that it asks for.
fn response(offer: Offer, fault: Switch) -> String {
    let mut words = DEFLATE.to_owned();
    if offer.agreed.server_no_takeover && !fault.is(Fault::LeavesOutServerTakeover) {
        words.push_str("; server_no_context_takeover");
    }
    if offer.agreed.client_no_takeover {
        words.push_str("; client_no_context_takeover");
    }
    if let Some(bits) = offer.agreed.server_bits.filter(|_| !fault.is(Fault::LeavesOutServerWindow)) {
        words.push_str(&format!("; server_max_window_bits={bits}"));
    }
    match offer.agreed.client_bits {
        _ if fault.is(Fault::ClientWindowBare) && offer.client_window => words.push_str("; client_max_window_bits"),
        Some(bits) => words.push_str(&format!("; client_max_window_bits={bits}")),
        None if fault.is(Fault::ClientWindowUnoffered) && !offer.client_window => {
            words.push_str("; client_max_window_bits=15");
        }
        None => {}
    }
    words
}

/// Checks the response to `offered`: `Err` if the connection has to be failed.
pub(super) fn check(response: &[Extension], offered: Option<&str>, fault: Switch) -> Result<Option<Agreed>, ()> {
    let mut agreed = None;
    let offered = offered.and_then(read).unwrap_or_default();
    for extension in response {
        if extension.name != DEFLATE || offered.is_empty() {
            if fault.is(Fault::TakesExtensionUnasked)
                || fault.is(Fault::TakesOldDeflate) && extension.name == "x-webkit-deflate-frame"
                || fault.is(Fault::TakesDeflateUnasked) && extension.name == DEFLATE
            {
                continue;
            }
            return Err(());
        }
        if agreed.is_some() && !fault.is(Fault::TakesDeflateTwice) {
            return Err(());
        }
        let answer = parameters(extension, false, fault).ok_or(())?;
        let fits = offered.iter().filter_map(|offer| parameters(offer, true, Switch(None))).any(|offer| {
            let larger = match (offer.agreed.server_bits, answer.agreed.server_bits) {
                (Some(offered), Some(got)) => got > offered && !fault.is(Fault::TakesServerWindowLarger),
                (Some(_), None) => !fault.is(Fault::TakesServerWindowMissing),
                (None, Some(_)) => fault.is(Fault::RefusesServerWindow),
                (None, None) => false,
            };
            let takeover = offer.agreed.server_no_takeover && !answer.agreed.server_no_takeover;
            let unasked = answer.agreed.server_no_takeover && !offer.agreed.server_no_takeover;
            let client = answer.client_window && !offer.client_window && !fault.is(Fault::TakesClientWindowUnoffered);
            // A hint of the client's own bounds what a server may set (section 7.1.2.2).
            let hint = match (offer.agreed.client_bits, answer.agreed.client_bits) {
                (Some(offered), Some(got)) => got > offered,
                _ => false,
            };
            !(larger
                || takeover && !fault.is(Fault::TakesServerTakeoverMissing)
                || unasked && fault.is(Fault::RefusesServerTakeover)
                || client
                || hint)
        });
        if !fits {
            return Err(());
        }
        agreed.get_or_insert(answer.agreed);
    }
    Ok(agreed)
}
