//! Where a server listens, as users write it.

use std::io;
use std::net::SocketAddr;

use crate::net::Listen;

/// Reads where to listen.
pub(in crate::cli) fn listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err("write unix:/path/of/socket".to_owned())
        } else {
            Ok(Listen::Unix(path.into()))
        };
    }
    let address = text.strip_prefix("ws://").or(text.strip_prefix("wss://")).unwrap_or(text);
    let address = address.strip_suffix('/').unwrap_or(address);
    let address = address.replace("localhost", "127.0.0.1");
    let address: SocketAddr =
        address.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:9001 or [::1]:0".to_owned())?;
    Ok(Listen::Tcp(address))
}

/// Why nobody can listen there, and what to do.
pub(in crate::cli) fn cannot_listen(listen: &Listen, error: &io::Error) -> anyhow::Error {
    let advice = match (listen, error.kind()) {
        (Listen::Tcp(_), io::ErrorKind::AddrInUse) => "; --listen 127.0.0.1:0 takes a free port",
        (Listen::Unix(_), io::ErrorKind::AddrInUse) => "; remove the file if no server listens on it any more",
        (Listen::Tcp(_), io::ErrorKind::AddrNotAvailable) => "; this machine does not have the address",
        _ => "",
    };
    anyhow::anyhow!("failed to listen on {}: {error}{advice}", Shown(listen))
}

/// Where a server was to listen, as users write it.
pub(in crate::cli) struct Shown<'a>(pub(in crate::cli) &'a Listen);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
