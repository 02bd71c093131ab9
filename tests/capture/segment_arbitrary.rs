//! Whatever the bytes are, a dissector goes on.

use proptest::prelude::*;
use wslab::capture::segment::{Dissected, Dissector};
use wslab::capture::{LinkType, Packet, Place};

use crate::segment::{Shape, shapes};

/// Dissects, and looks whether what comes out is possible.
fn dissect(dissector: &mut Dissector, link: LinkType, length: u32, data: &mut [u8]) {
    let captured = data.len();
    if let Dissected::Segment(segment) = dissector.dissect(Packet { place: Place::default(), link, length, data }) {
        let (there, cut) = (segment.payload.len(), segment.cut as usize);
        // A datagram out of fragments may be longer than the packet that completes it.
        assert!(there <= captured.max(0xffff));
        assert!(there + cut <= (length as usize).max(captured).max(0xffff));
    }
}

fn link() -> impl Strategy<Value = u32> {
    prop_oneof![prop::sample::select(shapes().iter().map(|shape| shape.link.0).collect::<Vec<_>>()), any::<u32>()]
}

/// A packet of some shape, some bytes of which are changed, and which ends somewhere.
fn spoilt() -> impl Strategy<Value = (u32, Vec<u8>)> {
    let shapes: Vec<(u32, Vec<u8>)> = shapes().into_iter().map(|Shape { link, packet, .. }| (link.0, packet)).collect();
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(shapes), changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |((link, mut packet), changes, end, cut)| {
            for (at, byte) in changes {
                *at.get_mut(&mut packet) = byte;
            }
            if cut {
                packet.truncate(end.index(packet.len() + 1));
            }
            (link, packet)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn arbitrary_bytes_are_survived(
        packets in proptest::collection::vec(
            (link(), proptest::collection::vec(any::<u8>(), 0..200), any::<u32>()),
            1..8,
        ),
    ) {
        let mut dissector = Dissector::new();
        for (link, mut data, length) in packets {
            dissect(&mut dissector, LinkType(link), length, &mut data);
        }
    }

    #[test]
    fn spoilt_packets_are_survived(packets in proptest::collection::vec((spoilt(), any::<u16>()), 1..20)) {
        let mut dissector = Dissector::new();
        for ((link, mut data), length) in packets {
            dissect(&mut dissector, LinkType(link), u32::from(length), &mut data);
        }
    }
}
