//! What a file is that is no capture.

use std::fmt;

/// What a file that is no capture looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// Nothing.
    Empty,
    /// A TLS key log in the format of NSS.
    KeyLog,
    /// JSON, or JSON lines.
    Json,
    /// HTML or XML.
    Markup,
    /// Other text.
    Text,
    /// A capture in the format of Solaris.
    Snoop,
    /// A capture of Bluetooth.
    Btsnoop,
    /// A capture of Microsoft Network Monitor.
    NetMon,
    /// A capture in the Extensible Record Format of Endace; it has no magic number, so this is a guess.
    Erf,
    /// Packed by gzip, once more.
    Gzip,
    /// Packed by Zstandard, once more.
    Zstandard,
    /// Packed by xz.
    Xz,
    /// Packed by bzip2.
    Bzip2,
    /// Packed by LZ4.
    Lz4,
    /// A ZIP archive.
    Zip,
    /// A tar archive.
    Tar,
    /// Something else that begins with these bytes; what is missing of them is zero.
    Unknown([u8; 4]),
}

/// What files begin with.
const MAGIC: [(&[u8], Content); 11] = [
    (b"snoop\0\0\0", Content::Snoop),
    (b"btsnoop\0", Content::Btsnoop),
    (b"GMBU", Content::NetMon),
    (b"RTSS", Content::NetMon),
    (b"\x1f\x8b", Content::Gzip),
    (b"\x28\xb5\x2f\xfd", Content::Zstandard),
    (b"\xfd7zXZ\0", Content::Xz),
    (b"BZh", Content::Bzip2),
    (b"\x04\x22\x4d\x18", Content::Lz4),
    (b"PK\x03\x04", Content::Zip),
    (b"PK\x05\x06", Content::Zip),
];

/// What the lines of a key log begin with.
const LABELS: [&str; 8] = [
    "CLIENT_RANDOM ",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
    "CLIENT_TRAFFIC_SECRET_",
    "SERVER_TRAFFIC_SECRET_",
    "CLIENT_EARLY_TRAFFIC_SECRET ",
    "EXPORTER_SECRET ",
    "RSA ",
];

impl Content {
    /// How many bytes are looked at.
    pub(super) const SAMPLE: usize = 512;

    /// What something looks like that begins so.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let sample = &bytes[..bytes.len().min(Self::SAMPLE)];
        if sample.is_empty() {
            return Self::Empty;
        }
        if let Some((_, content)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
            return *content;
        }
        if sample.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        if let Some(text) = text(sample) {
            return Self::of_text(text);
        }
        if is_erf(sample) {
            return Self::Erf;
        }
        let mut begin = [0; 4];
        begin.iter_mut().zip(sample).for_each(|(to, from)| *to = *from);
        Self::Unknown(begin)
    }

    fn of_text(text: &str) -> Self {
        let is_label = |line: &str| LABELS.iter().any(|label| line.starts_with(label));
        if text.lines().any(is_label) {
            return Self::KeyLog;
        }
        match text.trim_start().bytes().next() {
            Some(b'{' | b'[') => Self::Json,
            Some(b'<') => Self::Markup,
            _ => Self::Text,
        }
    }
}

/// The sample as text, if it is some. Its last character may be cut.
fn text(sample: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(sample) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&sample[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{1b}');
    (!text.is_empty() && !text.contains(is_control)).then_some(text)
}

/// Whether it begins with a record of a known type, a length that it can have and a time between 2000 and 2040.
fn is_erf(sample: &[u8]) -> bool {
    let Some(&[_, _, _, _, a, b, c, d, kind, _, high, low, ..]) = sample.first_chunk::<16>() else { return false };
    let (seconds, length) = (u32::from_le_bytes([a, b, c, d]), u16::from_be_bytes([high, low]));
    (0x386d_4380..0x83aa_7e80).contains(&seconds) && matches!(kind & 0x7f, 1..=48) && length >= 16
}

/// What it is and what to do, to go on after "no capture: ".
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Empty => {
                "it is empty, and even a capture of no packets has a header; see whether the capturing program could begin"
            }
            Self::KeyLog => "it is a TLS key log; give it as such, beside the capture",
            Self::Json => "it is JSON; give the capture that it was made of",
            Self::Markup => "it is HTML or XML; if it was downloaded, see what the server says in it",
            Self::Text => "it is text; packets are captured by `tcpdump -w FILE`",
            Self::Snoop => "it is a snoop file; convert it by `editcap FILE NEW.pcapng`",
            Self::Btsnoop => "it is a capture of Bluetooth, which carries no WebSockets that could be read here",
            Self::NetMon => "it is a capture of Network Monitor; convert it by `editcap FILE NEW.pcapng`",
            Self::Erf => "it looks like an ERF file; convert it by `editcap FILE NEW.pcapng`",
            Self::Gzip | Self::Zstandard => "it is packed twice; unpack it once",
            Self::Xz => "it is packed by xz; unpack it by `xz -d`",
            Self::Bzip2 => "it is packed by bzip2; unpack it by `bzip2 -d`",
            Self::Lz4 => "it is packed by LZ4; unpack it by `lz4 -d`",
            Self::Zip => "it is a ZIP archive; unpack it",
            Self::Tar => "it is a tar archive; unpack it",
            Self::Unknown([a, b, c, d]) => {
                return write!(
                    f,
                    "it begins with the bytes {a:02x} {b:02x} {c:02x} {d:02x}, which neither pcap nor pcapng does; see \
                     whether `capinfos FILE` knows it, then convert it by `editcap FILE NEW.pcapng`"
                );
            }
        };
        f.write_str(words)
    }
}
