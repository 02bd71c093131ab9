//! Where a request for an opening handshake has a token.

use url::form_urlencoded;

use crate::proto::opening::name;
use crate::wire::http::Request;

/// The subprotocol behind whose name browsers, which can set no other header, send a token. A server that takes tokens
/// from there has to agree to this name, since a browser gives up on a connection for which nothing is agreed that it
/// asked for.
pub const SUBPROTOCOL: &str = "bearer";

/// The token of a request: of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1), or else of the query parameter
/// `token`, or else of `Sec-WebSocket-Protocol: bearer, TOKEN`.
///
/// It is not looked at any further, and may be of any length that the head has.
pub fn token_of(request: &Request) -> Option<String> {
    authorization(request).or_else(|| query(request)).or_else(|| subprotocol(request))
}

fn authorization(request: &Request) -> Option<String> {
    request.headers.all("Authorization").find_map(|value| {
        let (scheme, token) = str::from_utf8(value).ok()?.trim().split_once(' ')?;
        // RFC 9110, section 11.1: schemes have no case.
        some(token).filter(|_| scheme.eq_ignore_ascii_case("Bearer"))
    })
}

fn query(request: &Request) -> Option<String> {
    let target = request.target.split('#').next()?;
    let (_, query) = target.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "token").and_then(|(_, token)| some(&token))
}

fn subprotocol(request: &Request) -> Option<String> {
    let mut names = request.headers.tokens(name::PROTOCOL);
    names.find(|name| name.eq_ignore_ascii_case(SUBPROTOCOL.as_bytes()))?;
    some(str::from_utf8(names.next()?).ok()?)
}

fn some(token: &str) -> Option<String> {
    Some(token.trim()).filter(|token| !token.is_empty()).map(str::to_owned)
}
