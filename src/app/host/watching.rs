//! Who may watch a host.

use crate::app::auth::{Auth, token_of};
use crate::net::Member;
use crate::proto::opening::{Answer, Asked};
use crate::watch::feed::{SUBPROTOCOL, Watch, Watcher};
use crate::wire::http::Request;

/// The permission that somebody who watches has to have, where clients have permissions.
const PERMISSION: &str = "watch";

/// What proxies say of those who come through them. They are not where the proxy is.
const FORWARDED: [&str; 8] = [
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
];

/// Lets `member` watch, if he may: where the host knows its clients that takes a good token with the permission `watch`,
/// elsewhere he has to be on the same machine, and no page of a browser.
pub(super) fn admit(
    watch: &Watch,
    auth: Option<&Auth>,
    request: &Request,
    asked: &Asked,
    member: Member,
) -> Result<Watcher, Box<Answer>> {
    let refuse = |status, words: &str| Err(Box::new(Answer::refusal(status, words)));
    let mut until = None;
    if let Some(auth) = auth {
        let Some(Ok(user)) = token_of(request).map(|token| auth.verify(&token)) else {
            let mut refusal = Answer::refusal(401, "who watches has to have a good token");
            // RFC 6750, section 3.
            refusal.response.headers.push("WWW-Authenticate", "Bearer");
            return Err(Box::new(refusal));
        };
        if !user.may(PERMISSION) {
            return refuse(403, "the token does not have the permission `watch`");
        }
        until = user.expires;
    } else {
        let is_elsewhere = member.peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        if is_elsewhere || FORWARDED.iter().any(|name| request.headers.get(name).is_some()) {
            return refuse(403, "only from the same machine one may watch");
        }
        if asked.origin.is_some() {
            return refuse(403, "pages of browsers may not watch");
        }
    }
    if !asked.protocols.iter().any(|protocol| protocol == SUBPROTOCOL) {
        return refuse(400, "who watches has to ask for the subprotocol wslab.snapshot.v1");
    }
    match watch.watcher(member, until) {
        Some(watcher) => Ok(watcher),
        None => refuse(503, "too many watch already"),
    }
}
