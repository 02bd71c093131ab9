//! The opening handshake of the server (RFC 6455, section 4.2).

use super::extension::{self, Agreed};
use super::http::{Heading, Malformed, Words, accept, is_token, key_size};
use crate::fault::{Fault, Switch};

/// What is done with a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// The connection is open when this is sent.
    Open(Vec<u8>, Option<Agreed>),
    /// It is refused with this.
    Refuse(Vec<u8>),
    /// TCP is ended without an answer.
    Drop,
}

/// A refusal.
pub(super) fn refusal(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: 0\r\n\r\n").into_bytes()
}

/// Answers a request, given with its empty line.
pub(super) fn answer(bytes: &[u8], fault: Switch) -> Answer {
    let bad = || Answer::Refuse(refusal("400 Bad Request", ""));
    let heading = match Heading::read(bytes, fault) {
        Ok(heading) => heading,
        Err(Malformed::Unbearable) => return Answer::Drop,
        Err(Malformed::Bad) => return bad(),
    };
    match request_line(&heading.line, fault) {
        Ok(()) => {}
        Err(status) if status.starts_with("405") => return Answer::Refuse(refusal(status, "Allow: GET\r\n")),
        Err(status) => return Answer::Refuse(refusal(status, "")),
    }
    let body = match heading.all("Content-Length").first() {
        Some(length) => length != "0" && !fault.is(Fault::BodyAsFrames),
        None => false,
    };
    let chunked = !heading.all("Transfer-Encoding").is_empty() && !fault.is(Fault::ChunksAsFrames);
    if !host(&heading, fault) || body || chunked {
        return bad();
    }
    let upgrade = Words {
        none: fault.is(Fault::TakesNoUpgrade),
        any: fault.is(Fault::TakesAnyUpgrade),
        by_case: fault.is(Fault::UpgradeByItsCase).then_some("websocket"),
        no_list: fault.is(Fault::UpgradeIsNoList),
        part: fault.is(Fault::UpgradeAsAPart),
        ..Words::RIGHT
    };
    let connection = Words {
        none: fault.is(Fault::TakesNoConnection),
        by_case: fault.is(Fault::ConnectionByItsCase).then_some("Upgrade"),
        no_list: fault.is(Fault::ConnectionIsNoList),
        first_line: fault.is(Fault::ConnectionOfTheFirstLine),
        part: fault.is(Fault::ConnectionAsAPart),
        ..Words::RIGHT
    };
    if !upgrade.find(&heading, "Upgrade", "websocket") || !connection.find(&heading, "Connection", "upgrade") {
        return bad();
    }
    if !version(&heading, fault) {
        let list = if fault.is(Fault::RefusesWithoutVersions) { "" } else { "Sec-WebSocket-Version: 13\r\n" };
        return Answer::Refuse(refusal("426 Upgrade Required", &format!("Upgrade: websocket\r\n{list}")));
    }
    let Some(key) = key(&heading, fault) else { return bad() };
    let protocols = heading.all("Sec-WebSocket-Protocol");
    let asked = heading.list("Sec-WebSocket-Protocol");
    if !protocols.is_empty() && (asked.is_empty() || !asked.iter().all(|one| is_token(one))) {
        return bad();
    }
    let extensions = heading.all("Sec-WebSocket-Extensions").join(",");
    let offers = match extension::read(&extensions) {
        Some(offers) => offers,
        None if heading.all("Sec-WebSocket-Extensions").is_empty() => Vec::new(),
        None if extensions.matches('"').count() % 2 == 1 && fault.is(Fault::DropsOnOpenQuote) => return Answer::Drop,
        None if fault.is(Fault::ExtensionsOfAnyGrammar) => Vec::new(),
        None => return bad(),
    };
    let declined = |offer: &extension::Extension| {
        offer.name == extension::DEFLATE && extension::parameters(offer, true, fault).is_none()
    };
    if fault.is(Fault::BadOfferRefusesAll) && offers.iter().any(declined) {
        return bad();
    }
    let agreed = extension::answer(&offers, fault);
    let mut out = String::new();
    out.push_str(match () {
        () if fault.is(Fault::AnswersStatus200) => "HTTP/1.1 200 OK\r\n",
        () if fault.is(Fault::AnswersHttp10) => "HTTP/1.0 101 Switching Protocols\r\n",
        () => "HTTP/1.1 101 Switching Protocols\r\n",
    });
    let mut line = |unless: Fault, name: &str, value: &str| {
        if !fault.is(unless) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
    };
    line(Fault::AnswersWithoutUpgrade, "Upgrade", "websocket");
    line(Fault::AnswersWithoutConnection, "Connection", "Upgrade");
    line(Fault::AcceptMissing, "Sec-WebSocket-Accept", &accept(&key, fault));
    if fault.is(Fault::AcceptTwice) {
        out.push_str(&format!("Sec-WebSocket-Accept: {}\r\n", accept(&key, fault)));
    }
    if fault.is(Fault::AnswersWithLength) {
        out.push_str("Content-Length: 0\r\n");
    }
    out.push_str(&protocol(&heading, fault));
    let mut terms = None;
    if let Some((agreed, words)) = agreed {
        out.push_str(&format!("Sec-WebSocket-Extensions: {words}\r\n"));
        terms = words.contains(extension::DEFLATE).then_some(agreed);
    } else if fault.is(Fault::ExtensionUnasked) {
        out.push_str("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    }
    out.push_str("\r\n");
    if fault.is(Fault::AnswersWithBody) {
        out.push_str("Switching Protocols");
    }
    Answer::Open(out.into_bytes(), terms)
}

/// The status to refuse the request line with.
fn request_line(line: &str, fault: Switch) -> Result<(), &'static str> {
    let words: Vec<&str> = line.split(' ').collect();
    let (method, target, version) = match words.as_slice() {
        [method, target, version] => (*method, *target, *version),
        [method, target, ..] if fault.is(Fault::TakesGarbledRequestLine) => (*method, *target, "HTTP/1.1"),
        _ => return Err("400 Bad Request"),
    };
    let get = method == "GET" || fault.is(Fault::TakesLowerCaseGet) && method.eq_ignore_ascii_case("GET");
    if !get && !fault.is(Fault::TakesPost) {
        return Err("405 Method Not Allowed");
    }
    let authority = target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).map(|_| &target[7..]);
    let absolute = authority.is_some_and(|authority| !authority.is_empty() && !authority.starts_with('/'));
    let written = target.bytes().all(|byte| byte.is_ascii_graphic());
    let absolute = absolute && !fault.is(Fault::RefusesAbsoluteForm);
    if target.contains('#') || !written || !(target.starts_with('/') || absolute) {
        return Err("400 Bad Request");
    }
    let old = version == "HTTP/1.0" && fault.is(Fault::TakesHttp10);
    let garbled = fault.is(Fault::TakesGarbledRequestLine) && version != "HTTP/1.0";
    // A minor version that is not known is taken for the highest that is (RFC 9110, section 2.5).
    let known = version.strip_prefix("HTTP/1.").is_some_and(|minor| minor.len() == 1 && ("1"..="9").contains(&minor));
    if known || old || garbled { Ok(()) } else { Err("400 Bad Request") }
}

fn host(heading: &Heading, fault: Switch) -> bool {
    match heading.all("Host").as_slice() {
        [] => fault.is(Fault::TakesNoHost),
        [host] => is_host(host),
        _ => fault.is(Fault::TakesTwoHosts),
    }
}

/// Whether this is a host, perhaps with a port.
fn is_host(value: &str) -> bool {
    let (host, port) = match value.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (value, ""),
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(&byte))
        }
    };
    name && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn version(heading: &Heading, fault: Switch) -> bool {
    let versions = heading.all("Sec-WebSocket-Version");
    let Some(version) = versions.first() else { return fault.is(Fault::TakesNoVersion) };
    if fault.is(Fault::TakesAnyVersion) {
        return true;
    }
    if fault.is(Fault::TakesVersionInAList) && heading.list("Sec-WebSocket-Version").iter().any(|one| one == "13") {
        return true;
    }
    let number = fault.is(Fault::VersionAsANumber) && version.parse() == Ok(13_u32);
    versions.len() == 1 && (version == "13" || number)
}

fn key(heading: &Heading, fault: Switch) -> Option<String> {
    let keys = heading.all("Sec-WebSocket-Key");
    let Some(key) = keys.first() else {
        return fault.is(Fault::TakesNoKey).then(String::new);
    };
    if keys.len() > 1 && !fault.is(Fault::TakesTwoKeys) {
        return None;
    }
    let good = match key_size(key.trim()) {
        Some(16) => true,
        Some(_) => fault.is(Fault::TakesKeysOfAnyLength),
        None => false,
    };
    (good || fault.is(Fault::TakesAnyKey)).then(|| key.clone())
}

/// The header that says which subprotocol was chosen: the first that was asked for.
fn protocol(heading: &Heading, fault: Switch) -> String {
    let asked = heading.list("Sec-WebSocket-Protocol");
    let line = |value: &str| format!("Sec-WebSocket-Protocol: {value}\r\n");
    let Some(first) = asked.first() else {
        return if fault.is(Fault::ProtocolUnasked) { line("chat") } else { String::new() };
    };
    let lines = heading.all("Sec-WebSocket-Protocol");
    if fault.is(Fault::ProtocolsInTwoLines) && lines.len() > 1 {
        return lines.iter().filter_map(|asked| asked.split(',').next()).map(|one| line(one.trim())).collect();
    }
    match () {
        () if fault.is(Fault::ProtocolsAll) => line(&asked.join(", ")),
        () if fault.is(Fault::ProtocolInLowerCase) => line(&first.to_ascii_lowercase()),
        () => line(first),
    }
}
