//! Live interfaces are captured on, where that is permitted.

use std::net::UdpSocket;

use wslab::capture::source::{Item, Live, LiveError, Source, SourceError};

/// Where datagrams of this machine go to itself.
const LOOPBACK: &str = "lo";

#[test]
fn an_interface_that_is_not_there_is_told_with_those_that_are() {
    let known = Live::interfaces();
    match Live::open("wslab-none", None) {
        Err(SourceError::Live(LiveError::NoInterface { interface, known: told })) => {
            assert_eq!(&*interface, "wslab-none");
            assert_eq!(*told, known.join(", "));
        }
        Err(error) => assert!(known.is_empty(), "{error}"),
        Ok(_) => panic!("there is no such interface"),
    }
}

#[test]
fn messages_say_what_to_do() {
    let said = [
        LiveError::NoInterface { interface: "eth7".into(), known: "lo, eth0".into() }.to_string(),
        LiveError::NotPermitted { interface: "eth0".into() }.to_string(),
        LiveError::Filter { filter: "port eighty".into(), error: "syntax error".into() }.to_string(),
        LiveError::Failed { interface: "eth0".into(), packets: 7, error: "The interface disappeared".into() }
            .to_string(),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    there is no interface eth7; there are lo, eth0
    capturing on eth0 is not permitted: run as root, or give the program the right by `setcap cap_net_raw+ep PROGRAM`, or pipe `tcpdump -U -w -` into it
    the capture filter "port eighty" cannot be used: syntax error
    capturing on eth0 failed after 7 packets: The interface disappeared
    "#);
}

/// `None` where it is not permitted.
fn on_loopback(filter: &str) -> Option<Result<Live, SourceError>> {
    match Live::open(LOOPBACK, Some(filter)) {
        Err(SourceError::Live(LiveError::NotPermitted { .. } | LiveError::NoInterface { .. })) => None,
        other => Some(other),
    }
}

#[test]
fn packets_come_that_the_filter_lets_through_and_nothing_makes_it_hang() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let Some(live) = on_loopback(&format!("udp dst port {port}")) else { return };
    let mut live = live.unwrap();
    assert!(matches!(live.next(), Ok(Some(Item::Idle))));
    other.send_to(b"not for it", other.local_addr().unwrap()).unwrap();
    other.send_to(b"hello, capture", socket.local_addr().unwrap()).unwrap();
    loop {
        match live.next().unwrap().unwrap() {
            Item::Packet(packet) => {
                assert_eq!((packet.place.packet, packet.link.0), (1, 1));
                assert!(packet.place.time.is_some_and(|time| time.0 > 0));
                assert_eq!(packet.length as usize, packet.data.len());
                assert!(packet.data.ends_with(b"hello, capture"));
                break;
            }
            Item::Idle => {}
            Item::Secrets(_) => panic!("an interface has no secrets"),
        }
    }
    assert!(live.dropped().is_some());
}

#[test]
fn a_wrong_filter_is_told() {
    let Some(live) = on_loopback("port eighty of") else { return };
    assert!(matches!(live, Err(SourceError::Live(LiveError::Filter { .. }))));
}
