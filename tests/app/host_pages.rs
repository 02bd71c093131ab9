//! What is on the port of the WebSockets beside them, and how large messages are packed.

use serde_json::{Value, json};
use wslab::app::Echo;
use wslab::app::host::Host;
use wslab::net::Inband;
use wslab::proto::Message;

use crate::host_stage::{Served, chat, serve};

async fn get(served: &Served, path: &str) -> (String, String) {
    let answer = served.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn browsers_load_balancers_and_prometheus_get_their_pages() {
    let served = serve(Host::new(Echo).page("<p>hello").metrics());
    let mut guest = served.connect().await;
    guest.says("hello").await;
    guest.hears_message().await;
    let (head, body) = get(&served, "/?token=secret").await;
    assert_eq!(body, "<p>hello");
    insta::assert_snapshot!(head.replace("\r\n", "\n"), @r"
    HTTP/1.1 200 OK
    Connection: close
    Content-Type: text/html; charset=utf-8
    Content-Length: 8
    Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    Referrer-Policy: no-referrer
    Cache-Control: no-store
    X-Content-Type-Options: nosniff
    ");
    assert_eq!(get(&served, "/healthz").await.1, r#"{"status":"ok","connections":1}"#);
    let (head, metrics) = get(&served, "/metrics").await;
    assert!(head.contains("\r\nContent-Type: application/openmetrics-text; "), "{head}");
    for line in ["wslab_connections 1\n", "wslab_messages_total{direction=\"received\",kind=\"text\"} 1\n"] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    assert!(get(&served, "/other").await.0.starts_with("HTTP/1.1 426 "));
}

#[tokio::test]
async fn pages_that_are_not_wanted_are_not_there() {
    let served = serve(Host::new(Echo));
    for path in ["/", "/metrics"] {
        assert!(get(&served, path).await.0.starts_with("HTTP/1.1 426 "), "{path}");
    }
}

const JOIN: &str = r#"{"type":"join","room":"r","username":"ada"}"#;

fn asks_for(algorithms: &[&str]) -> Value {
    json!({ "type": "compression_request", "algorithms": algorithms })
}

fn unpacked(inband: Inband, message: &Message<'_>) -> Value {
    assert!(!message.is_text(), "what is packed is binary");
    serde_json::from_slice(&inband.unpack(&message.payload, 1 << 20).unwrap()).unwrap()
}

#[tokio::test]
async fn large_messages_are_packed_for_clients_that_ask_for_it() {
    for inband in Inband::ALL {
        let served = serve(chat());
        let (mut packing, mut plain) = (served.connect().await, served.connect().await);
        let agreed = json!({ "type": "compression_response", "enabled": true, "algorithm": inband.name() });
        assert_eq!(packing.asks(&asks_for(&["br", inband.name(), "gzip"])).await, agreed);
        packing.says(JOIN).await;
        packing.hears().await;
        plain.says(JOIN.replace("ada", "bob")).await;
        plain.hears().await;
        packing.hears().await;

        let large = "x".repeat(2000);
        let chat = json!({ "type": "chat", "message": large }).to_string();
        for message in [Message::text(chat.clone()), Message::binary(inband.pack(chat.as_bytes()))] {
            packing.says(message).await;
            assert_eq!(unpacked(inband, &packing.hears_message().await)["message"], large.as_str());
            assert_eq!(plain.hears().await["message"], large.as_str());
        }
        packing.says(json!({ "type": "chat", "message": "x".repeat(100) }).to_string()).await;
        assert_eq!(packing.hears().await["message"], "x".repeat(100), "small ones are not packed");
    }
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_malformed_and_harms_nobody() {
    let served = serve(chat().unpacking(10_000));
    let mut guest = served.connect().await;
    let malformed = json!({ "type": "error", "message": "Invalid message format" });
    let packed = Inband::Gzip.pack(JOIN.as_bytes());
    guest.says(Message::binary(packed.clone())).await;
    assert_eq!(guest.hears().await, malformed, "nothing was agreed yet");
    assert_eq!(
        guest.asks(&asks_for(&["br", "zstd"])).await,
        json!({ "type": "compression_response", "enabled": false })
    );
    assert_eq!(guest.asks(&asks_for(&["gzip"])).await["enabled"], true);
    let bomb = Inband::Gzip.pack(&vec![b' '; 10_001]);
    for bad in [&packed[..packed.len() - 1], b"", b"\x1f\x8b", &Inband::Gzip.pack(b"\xff"), &bomb] {
        guest.says(Message::binary(bad)).await;
        assert_eq!(guest.hears().await, malformed);
    }
    guest.says(Message::binary(packed)).await;
    assert_eq!(guest.hears().await["type"], "joined");
}
