//! Who may watch a host.

use std::net::{Ipv4Addr, Ipv6Addr};

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

/// Whether a Host header names the machine that it comes from: `localhost`, 127.0.0.0/8 or `[::1]`, with a port or not.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        // What is between brackets is no port.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match address {
        Some(address) => address.parse().is_ok_and(|address: Ipv6Addr| address.to_canonical().is_loopback()),
        None => name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()),
    }
}

/// Lets `member` watch, if he may: where the host knows its clients that takes a good token with the permission `watch`,
/// elsewhere he has to be on the same machine, and no page of a browser. Whoever may open a Unix socket is on the same
/// machine.
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
        // A page of elsewhere whose name was made to lead to this machine calls it by that name.
        if member.peer.is_some() && !asked.host.as_deref().is_some_and(is_this_machine) {
            return refuse(403, "who watches has to ask for it at localhost, or at an address of it");
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

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn names_of_this_machine_are_its_loopback_addresses() {
        for host in ["localhost", "LocalHost:9001", "127.0.0.1", "127.8.8.8:80", "[::1]", "[::1]:9001"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["example.com", "localhost.example.com:80", "128.0.0.1", "127.0.0.1.nip.io", "[::2]", "::1", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
