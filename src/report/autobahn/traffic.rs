//! What was on the wire, as Autobahn tells it of its cases with compression.

use serde_json::{Value, json};

use crate::watch::{Traffic, Transcript};

/// Both directions, and the opening handshake before.
pub(super) fn stats(transcript: &Transcript) -> Value {
    let (incoming, outgoing) = (&transcript.received, &transcript.sent);
    let opening = transcript.opening.as_ref();
    let (request, response) = opening.map_or((0, 0), |opening| (opening.request.len(), opening.response.len()));
    // The tester asks as a client, and is asked as a server.
    let (came, went) = if transcript.is_of_client() { (request, response) } else { (response, request) };
    json!({
        "incomingCompressionRatio": ratio(incoming),
        "incomingOctetsAppLevel": incoming.content,
        "incomingOctetsWebSocketLevel": incoming.payload,
        "incomingOctetsWireLevel": incoming.bytes,
        "incomingWebSocketFrames": frames(incoming),
        "incomingWebSocketMessages": incoming.messages,
        "incomingWebSocketOverhead": overhead(incoming),
        "outgoingCompressionRatio": ratio(outgoing),
        "outgoingOctetsAppLevel": outgoing.content,
        "outgoingOctetsWebSocketLevel": outgoing.payload,
        "outgoingOctetsWireLevel": outgoing.bytes,
        "outgoingWebSocketFrames": frames(outgoing),
        "outgoingWebSocketMessages": outgoing.messages,
        "outgoingWebSocketOverhead": overhead(outgoing),
        "preopenIncomingOctetsWireLevel": came,
        "preopenOutgoingOctetsWireLevel": went,
    })
}

/// Payload on the wire by the content of the messages.
fn ratio(traffic: &Traffic) -> Option<f64> {
    (traffic.content > 0).then(|| traffic.payload as f64 / traffic.content as f64)
}

/// What is not payload by what is.
fn overhead(traffic: &Traffic) -> Option<f64> {
    let beside = traffic.bytes.saturating_sub(traffic.payload);
    (traffic.payload > 0).then(|| beside as f64 / traffic.payload as f64)
}

fn frames(traffic: &Traffic) -> u64 {
    traffic.frames.values().sum()
}
