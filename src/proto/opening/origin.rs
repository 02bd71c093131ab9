//! Which web pages may have their visitors' browsers connect (RFC 6455, section 10.2).

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
        /// Pages of the host and port that the request itself is for, by its Host header.
        same: bool,
        /// Pages of these origins, each as `scheme://host` or `scheme://host:port`.
        named: Vec<String>,
    },
}

impl Origins {
    /// Only pages of the server's own host and port.
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
                let is_own = *same && asked.host.as_deref().is_some_and(|host| is_of(origin, host));
                is_own || named.iter().any(|named| named.eq_ignore_ascii_case(origin))
            }
        }
    }
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
