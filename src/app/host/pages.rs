//! What a browser, a load balancer or Prometheus gets on the port of the WebSockets.

use serde::Serialize;

use crate::net::Connections;
use crate::proto::opening::Answer;
use crate::watch::feed::{CONTENT_TYPE, Metrics};

/// The pages of a host.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// At `/`.
    pub(super) front: Option<&'static str>,
    /// At `/metrics`.
    pub(super) metrics: Option<Metrics>,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    connections: usize,
}

impl Pages {
    /// The page at this place, if there is one.
    pub(super) fn at(&self, resource: &str, connections: &Connections) -> Option<Answer> {
        let path = resource.split_once('?').map_or(resource, |(path, _)| path);
        let mut page = match path {
            "/" => front(self.front?),
            "/healthz" => {
                let health = Health { status: "ok", connections: connections.len() };
                Answer::page(200, "application/json", serde_json::to_string(&health).ok()?)
            }
            "/metrics" => Answer::page(200, CONTENT_TYPE, self.metrics.as_ref()?.scrape()),
            _ => return None,
        };
        page.response.headers.push("Cache-Control", "no-store");
        page.response.headers.push("X-Content-Type-Options", "nosniff");
        Some(page)
    }
}

/// A page that needs nothing but itself and this server, and gets nothing else.
fn front(html: &str) -> Answer {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                          connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                          frame-ancestors 'none'";
    let mut page = Answer::page(200, "text/html; charset=utf-8", html);
    page.response.headers.push("Content-Security-Policy", POLICY);
    // The query of the page may have a token in it.
    page.response.headers.push("Referrer-Policy", "no-referrer");
    page
}
