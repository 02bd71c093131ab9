//! The blocks of a pcapng file, read without the code that writes them.

/// A packet and its comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) nanoseconds: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) comment: Option<String>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
}

/// The options of a block, which end with the one of code 0.
fn options(mut bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut options = Vec::new();
    while !bytes.is_empty() {
        let (code, size) = (u16_at(bytes, 0), u16_at(bytes, 2));
        if code == 0 {
            assert_eq!((size, bytes.len()), (0, 4), "it is the last one");
            return options;
        }
        options.push((code, &bytes[4..4 + size]));
        bytes = &bytes[4 + size.next_multiple_of(4)..];
    }
    assert!(options.is_empty(), "they have an end");
    options
}

/// All packets of a file of one section and one interface.
pub(crate) fn packets(mut file: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut kinds = Vec::new();
    while !file.is_empty() {
        let size = u32_at(file, 4) as usize;
        assert_eq!(size % 4, 0, "blocks are aligned");
        assert_eq!(u32_at(file, size - 4) as usize, size, "both lengths are the same");
        let body = &file[8..size - 4];
        kinds.push(u32_at(file, 0));
        match u32_at(file, 0) {
            0x0a0d_0d0a => {
                assert_eq!(u32_at(body, 0), 0x1a2b_3c4d);
                assert_eq!((u16_at(body, 4), u16_at(body, 6)), (1, 0), "the version");
                assert_eq!(options(&body[16..]), [(4, &b"a program"[..])]);
            }
            1 => {
                assert_eq!((u16_at(body, 0), u32_at(body, 4)), (1, 0), "Ethernet, whole packets");
                assert!(options(&body[8..]).contains(&(9, &[9])), "nanoseconds");
            }
            6 => {
                let (captured, length) = (u32_at(body, 12) as usize, u32_at(body, 16) as usize);
                assert_eq!((u32_at(body, 0), captured), (0, length), "the first interface, whole packets");
                let comment = options(&body[20 + length.next_multiple_of(4)..]);
                packets.push(Packet {
                    nanoseconds: u64::from(u32_at(body, 4)) << 32 | u64::from(u32_at(body, 8)),
                    bytes: body[20..20 + length].to_vec(),
                    comment: comment.first().map(|(_, text)| String::from_utf8(text.to_vec()).unwrap()),
                });
            }
            other => panic!("a block of type {other}"),
        }
        file = &file[size..];
    }
    assert_eq!(kinds[..2], [0x0a0d_0d0a, 1]);
    packets
}
