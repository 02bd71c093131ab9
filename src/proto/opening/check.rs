//! Which rules a request and a response break.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

use super::{Extension, VERSION, name};
use crate::proto::deflate::ResponseFault::{Invalid, Twice, Unoffered};
use crate::proto::deflate::{self, Offer};
use crate::proto::{Role, Rule, Rules};
use crate::wire::http::{HeadError, HeadFault, Headers, Request, Response, Version, is_token};

/// The value of `Sec-WebSocket-Accept` that answers `key` (section 4.2.2, item 5.4).
pub fn accept_key(key: &str) -> String {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// The rule that bytes break which do not parse as the head that `sender` owes; `None` if only a limit was hit.
pub const fn rule_of(error: &HeadError, sender: Role) -> Option<Rule> {
    Some(match (error.fault, sender) {
        (HeadFault::TooLarge(_) | HeadFault::TooManyHeaders(_), _) => return None,
        (HeadFault::HeaderName | HeadFault::HeaderValue, _) => Rule::HeaderMalformed,
        (HeadFault::Version, Role::Client) => Rule::RequestHttpVersion,
        (HeadFault::Version, Role::Server) => Rule::ResponseHttpVersion,
        (_, Role::Client) => Rule::RequestMalformed,
        (_, Role::Server) => Rule::ResponseMalformed,
    })
}

/// What a request asks for, and which rules it breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Every rule that the request breaks.
    pub faults: Rules,
    /// The method, such as `GET`.
    pub method: String,
    /// The path and query: the target, or its part behind the authority (section 3).
    pub resource: String,
    /// The Host header, if there is exactly one.
    pub host: Option<String>,
    /// The Origin header; several are joined by a comma, which no single origin has.
    pub origin: Option<String>,
    /// The key, if there is exactly one, valid or not.
    pub key: Option<String>,
    /// The versions that were named; a good request has one.
    pub versions: Vec<String>,
    /// The subprotocols, in the client's order of preference.
    pub protocols: Vec<String>,
    /// The extensions that are offered, in order; none if the header breaks the grammar.
    pub extensions: Vec<Extension>,
}

impl Asked {
    /// Whether something else than a WebSocket is asked for: a page, as browsers do.
    pub fn is_for_a_page(&self) -> bool {
        self.faults.contains(Rule::RequestUpgrade) && matches!(self.method.as_str(), "GET" | "HEAD")
    }

    /// Whether a server has to refuse the request: it is not as section 4.2.1 describes it.
    ///
    /// That section says nothing of bodies and of subprotocols that are named twice, and an offer of compression that
    /// is not valid is only declined (RFC 7692, section 7). It allows 13 alone, but a server
    /// may know an older version too (section 4.4).
    pub fn has_to_be_refused(&self) -> bool {
        let older = |version: &String| version.parse().is_ok_and(|number: u8| number < 13);
        self.faults.into_iter().any(|rule| match rule {
            Rule::RequestBody | Rule::RequestProtocolRepeated | Rule::RequestDeflateInvalid | Rule::FrameBeforeOpen => {
                false
            }
            Rule::RequestVersionUnknown => !self.versions.iter().all(older),
            _ => true,
        })
    }
}

/// What the two ends use once the connection is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The subprotocol.
    pub protocol: Option<String>,
    /// The extensions, in the order in which they are applied.
    pub extensions: Vec<Extension>,
}

impl Agreed {
    /// How messages are compressed, if that is among the extensions.
    pub fn deflate(&self) -> Option<deflate::Agreed> {
        let extension = self.extensions.iter().find(|extension| extension.name == deflate::NAME)?;
        deflate::Agreed::parse(extension).ok()
    }
}

/// What a response says, and which rules it breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Every rule that the response breaks.
    pub faults: Rules,
    /// What is used from here on, if the status is 101; also where it is faulty.
    pub agreed: Option<Agreed>,
}

/// Says what `request` asks for and every rule that it breaks (sections 4.1, 4.2.1, 9.1 and 11.3; RFC 7692, section 7).
pub fn judge_request(request: &Request) -> Asked {
    let headers = &request.headers;
    let extensions = Extension::read(headers);
    let resource = resource(&request.target);
    let asked = Asked {
        faults: Rules::NONE,
        method: request.method.clone(),
        resource: resource.clone().unwrap_or_else(|| request.target.clone()),
        host: only(headers, "Host"),
        origin: joined(headers, "Origin"),
        key: only(headers, name::KEY),
        versions: list(headers, name::VERSION),
        protocols: list(headers, name::PROTOCOL),
        extensions: extensions.as_deref().unwrap_or_default().to_vec(),
    };
    let protocols = &asked.protocols;
    let checks = [
        (request.method != "GET", Rule::RequestMethod),
        (request.version < Version::HTTP_11, Rule::RequestHttpVersion),
        (resource.is_none(), Rule::RequestTarget),
        (request.target.contains('#'), Rule::RequestFragment),
        (!asked.host.as_deref().is_some_and(is_host), Rule::RequestHost),
        (!headers.has_token("Upgrade", "websocket"), Rule::RequestUpgrade),
        (!headers.has_token("Connection", "Upgrade"), Rule::RequestConnection),
        (count(headers, name::KEY) == 0, Rule::RequestKeyMissing),
        (count(headers, name::KEY) > 1, Rule::RequestKeyRepeated),
        (headers.all(name::KEY).any(|key| !is_key(key)), Rule::RequestKeyInvalid),
        (count(headers, name::VERSION) == 0, Rule::RequestVersionMissing),
        (count(headers, name::VERSION) > 1, Rule::RequestVersionRepeated),
        (headers.all(name::VERSION).any(|version| version != VERSION.as_bytes()), Rule::RequestVersionUnknown),
        (
            count(headers, name::PROTOCOL) > 0 && protocols.is_empty() || !headers.tokens(name::PROTOCOL).all(is_token),
            Rule::RequestProtocolInvalid,
        ),
        (
            protocols.iter().enumerate().any(|(index, protocol)| protocols[..index].contains(protocol)),
            Rule::RequestProtocolRepeated,
        ),
        (extensions.is_err(), Rule::RequestExtensionsInvalid),
        (asked.extensions.iter().any(is_invalid_offer), Rule::RequestDeflateInvalid),
        (has_body(headers), Rule::RequestBody),
    ];
    Asked { faults: broken(&checks), ..asked }
}

/// Says what `response` agrees to and every rule that it breaks as an answer to what was `asked` (sections 4.1, 4.2.2,
/// 4.4, 9.1 and 11.3; RFC 7692, section 7).
///
/// A refusal breaks [`Rule::ResponseStatus`], since the client must not go on; the server may have had every reason.
/// An answer to a request that was not seen is judged against [`Asked::default`], with faults that then say nothing.
pub fn judge_response(asked: &Asked, response: &Response) -> Judged {
    let headers = &response.headers;
    if response.status != 101 {
        return Judged { faults: judge_refusal(asked, response), agreed: None };
    }
    let extensions = Extension::read(headers);
    let protocol = headers.get(name::PROTOCOL).map(text);
    let agreed = Agreed { protocol, extensions: extensions.as_deref().unwrap_or_default().to_vec() };
    let accept = asked.key.as_deref().map(accept_key);
    let wrong = |value: &[u8]| accept.as_ref().is_some_and(|accept| value != accept.as_bytes());
    let unasked = |value: &[u8]| !asked.protocols.iter().any(|protocol| value == protocol.as_bytes());
    let unoffered = |used: &Extension| !asked.extensions.iter().any(|offer| offer.name == used.name);
    let offered = asked.extensions.iter().any(|offer| offer.name == deflate::NAME);
    let deflate = deflate::Agreed::read(&agreed.extensions, &asked.extensions);
    let mut upgrades = headers.tokens("Upgrade").peekable();
    let checks = [
        (response.version < Version::HTTP_11, Rule::ResponseHttpVersion),
        (
            // Unlike a request's, the header may name nothing else.
            upgrades.peek().is_none() || !upgrades.all(|token| token.eq_ignore_ascii_case(b"websocket")),
            Rule::ResponseUpgrade,
        ),
        (!headers.has_token("Connection", "Upgrade"), Rule::ResponseConnection),
        (count(headers, name::ACCEPT) == 0, Rule::ResponseAcceptMissing),
        (count(headers, name::ACCEPT) > 1, Rule::ResponseAcceptRepeated),
        (headers.all(name::ACCEPT).any(wrong), Rule::ResponseAcceptWrong),
        (count(headers, name::PROTOCOL) > 1, Rule::ResponseProtocolRepeated),
        (headers.all(name::PROTOCOL).any(unasked), Rule::ResponseProtocolUnasked),
        (extensions.is_err(), Rule::ResponseExtensionsInvalid),
        (count(headers, name::EXTENSIONS) > 1, Rule::ResponseExtensionsRepeated),
        (agreed.extensions.iter().any(unoffered), Rule::ResponseExtensionUnasked),
        (matches!(deflate, Err(Invalid(_) | Twice)), Rule::ResponseDeflateInvalid),
        (offered && matches!(deflate, Err(Unoffered(_))), Rule::ResponseDeflateUnoffered),
        (asked.has_to_be_refused(), Rule::ResponseNotRefused),
    ];
    Judged { faults: broken(&checks), agreed: Some(agreed) }
}

fn is_invalid_offer(extension: &Extension) -> bool {
    extension.name == deflate::NAME && Offer::read(extension).is_err()
}

/// A refusal is plain HTTP; only that of a version has a duty of its own (section 4.4).
fn judge_refusal(asked: &Asked, response: &Response) -> Rules {
    // What is no version at all (section 4.3) is a request like any other that is not as it should be.
    let version =
        asked.faults.contains(Rule::RequestVersionUnknown) && matches!(&asked.versions[..], [one] if is_version(one));
    let version_alone = version && asked.faults.into_iter().count() == 1;
    // 426 speaks of the version; 400 speaks of it if nothing else is wrong.
    let about_version = response.status == 426 && version || response.status == 400 && version_alone;
    let unlisted = response.headers.tokens(name::VERSION).next().is_none();
    broken(&[(true, Rule::ResponseStatus), (about_version && unlisted, Rule::ResponseVersionMissing)])
}

/// Whether `value` is a number from 0 to 255 without needless zeros (section 4.3).
fn is_version(value: &str) -> bool {
    value.parse::<u8>().is_ok_and(|number| number.to_string() == value)
}

fn broken(checks: &[(bool, Rule)]) -> Rules {
    checks.iter().filter_map(|&(broken, rule)| broken.then_some(rule)).collect()
}

/// The path and query of a target: a path, or an absolute http URI (section 4.1, item 3 of the request).
fn resource(target: &str) -> Option<String> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    if target.starts_with('/') {
        return Some(target.to_owned());
    }
    let (scheme, rest) = target.split_once("://")?;
    let (authority, resource) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) || !is_host(authority) {
        return None;
    }
    // Section 3: an empty path is sent as "/".
    let slash = if resource.starts_with('/') { "" } else { "/" };
    Some(format!("{slash}{resource}"))
}

/// Whether `value` is a host and perhaps a port (RFC 9110, section 7.2; RFC 3986, section 3.2), and not empty.
pub(super) fn is_host(value: &str) -> bool {
    let (host, port) = match value.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (value, ""),
    };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.replace(':', ""),
        None => host.to_owned(),
    };
    let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte);
    !host.is_empty() && host.bytes().all(in_host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `value` is 16 bytes in base64. The bits behind the last byte are not looked at: they decode to nothing.
fn is_key(value: &[u8]) -> bool {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    BASE64.decode(value).is_ok_and(|key| key.len() == 16)
}

/// RFC 9112, section 6: a length or a transfer coding announces a body.
fn has_body(headers: &Headers) -> bool {
    let is_other_than_zero = |length: &[u8]| length.is_empty() || length.iter().any(|&digit| digit != b'0');
    let lengths = headers.all("Content-Length").any(is_other_than_zero);
    lengths || headers.get("Transfer-Encoding").is_some()
}

fn count(headers: &Headers, name: &str) -> usize {
    headers.all(name).count()
}

/// The value of a header that comes once and is UTF-8.
fn only(headers: &Headers, name: &str) -> Option<String> {
    let mut values = headers.all(name);
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    std::str::from_utf8(value).ok().map(str::to_owned)
}

fn joined(headers: &Headers, name: &str) -> Option<String> {
    let values: Vec<String> = headers.all(name).map(text).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn list(headers: &Headers, name: &str) -> Vec<String> {
    headers.tokens(name).map(text).collect()
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
