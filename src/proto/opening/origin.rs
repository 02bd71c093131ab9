//! Which web pages may have their visitors' browsers connect (RFC 6455, section 10.2).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Asked;

/// The origins that may connect.
///
/// A browser connects with whatever a person is known by, such as cookies or an address inside of a network, on behalf
/// of any page that is open in it. The Origin header tells which page that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Any page may.
    #[default]
    Any,
    /// Only these may.
    Only {
        /// Pages of the host and port that the request itself is for, by its Host header. That is believed if it is an
        /// address, `localhost` or a name under that, or the host of one that is named: whoever owns another name may
        /// have it lead here for a moment (DNS rebinding), and his page would be one of this server.
        same: bool,
        /// Pages of these origins, each as [`origin`] gives it.
        named: Vec<String>,
    },
}

impl Origins {
    /// Only pages of the server's own host and port, reached by an address or as `localhost`.
    pub const fn same() -> Self {
        Self::Only { same: true, named: Vec::new() }
    }

    /// Only pages of these origins.
    pub fn named(origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Only { same: false, named: origins.into_iter().map(Into::into).collect() }
    }

    /// Whether a request may be answered by a connection.
    pub fn allow(&self, asked: &Asked) -> bool {
        match (self, &asked.origin) {
            (Self::Any, _) | (_, None) => true,
            (Self::Only { same, named }, Some(origin)) => {
                let is_own = |host: &str| is_of(origin, host) && is_believed(host, named);
                let is_own = *same && asked.host.as_deref().is_some_and(is_own);
                is_own || named.iter().any(|named| named.eq_ignore_ascii_case(origin))
            }
        }
    }
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is none in form.
    #[error("an origin is scheme://host or scheme://host:port, such as https://chat.example")]
    Form,
    /// It has a path, a query or a name of a user.
    #[error("an origin ends with its host and port, such as https://chat.example:8443")]
    Longer,
    /// It is a place of WebSockets, and no page's.
    #[error("the origin is that of the page, which begins with https:// or http://")]
    Scheme,
    /// It has letters that browsers write otherwise.
    #[error("write the host as browsers send it, which is in ASCII (xn--…)")]
    NotAscii,
}

/// The origin that `text` names, as browsers send it (RFC 6454, section 6.2): `scheme://host`, or `scheme://host:port`
/// where the port is not the scheme's own, in small letters; or `null`. One slash behind it does no harm.
///
/// ```
/// use wslab::proto::opening::origin;
///
/// assert_eq!(origin("https://Chat.example:443/").as_deref(), Ok("https://chat.example"));
/// assert!(origin("chat.example").is_err());
/// ```
///
/// # Errors
/// If it is no origin, or none that a browser would send.
pub fn origin(text: &str) -> Result<String, OriginError> {
    if text.eq_ignore_ascii_case("null") {
        return Ok("null".to_owned());
    }
    if !text.is_ascii() {
        return Err(OriginError::NotAscii);
    }
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://").ok_or(OriginError::Form)?;
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(in_scheme) {
        return Err(OriginError::Form);
    }
    if matches!(scheme, "ws" | "wss") {
        return Err(OriginError::Scheme);
    }
    let place = rest.strip_suffix('/').unwrap_or(rest);
    if place.contains(['/', '?', '#', '@']) {
        return Err(OriginError::Longer);
    }
    let (host, port) = split(place);
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let host = match address_v6(host) {
        Some(address) => format!("[{address}]"),
        None if !host.is_empty() && host.bytes().all(in_name) => host.to_owned(),
        None => return Err(OriginError::Form),
    };
    let is_number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let number = |port: &str| port.parse::<u16>().ok().filter(|_| is_number(port)).ok_or(OriginError::Form);
    let port = port.map(number).transpose()?.filter(|&port| usual_port(scheme) != Some(port));
    Ok(match port {
        None => format!("{scheme}://{host}"),
        Some(port) => format!("{scheme}://{host}:{port}"),
    })
}

const fn usual_port(scheme: &str) -> Option<u16> {
    match scheme.as_bytes() {
        b"http" => Some(80),
        b"https" => Some(443),
        _ => None,
    }
}

/// Host and port. A colon inside of brackets belongs to an IPv6 address.
fn split(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    }
}

fn address_v6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Whether pages of `origin` come from the place that a Host header names.
fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, place)) = origin.split_once("://") else { return false };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let whole = |place: &str| place.strip_suffix(port).unwrap_or(place).to_ascii_lowercase();
    !place.is_empty() && whole(place) == whole(host)
}

/// Whether nobody but who runs this server has its visitors' browsers find it under this Host header.
fn is_believed(host: &str, named: &[String]) -> bool {
    let name = split(host).0.to_ascii_lowercase();
    // RFC 6761, section 6.3: names under `localhost` lead nowhere else.
    let is_local = name == "localhost" || name.ends_with(".localhost");
    let is_address = name.parse::<Ipv4Addr>().is_ok() || address_v6(&name).is_some();
    let host_of = |origin: &String| {
        let (_, place) = origin.split_once("://")?;
        Some(split(place).0.to_ascii_lowercase())
    };
    is_local || is_address || named.iter().filter_map(host_of).any(|host| host == name)
}
