//! What a generated capture holds.

use serde_json::{Value, json};

/// What was generated. All of it has to be found again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes of the file.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Connections, all of which open.
    pub connections: u64,
    /// Frames of any opcode.
    pub frames: u64,
    /// Control frames among them.
    pub control: u64,
    /// Text and binary messages.
    pub messages: u64,
    /// Compressed ones among them.
    pub compressed: u64,
    /// Bytes of messages before compression.
    pub message_bytes: u64,
    /// Bytes of the payload of all frames.
    pub payload_bytes: u64,
}

impl Counts {
    /// As it is kept beside the file.
    pub fn to_json(self) -> Value {
        json!({
            "bytes": self.bytes,
            "packets": self.packets,
            "connections": self.connections,
            "frames": self.frames,
            "control": self.control,
            "messages": self.messages,
            "compressed": self.compressed,
            "message_bytes": self.message_bytes,
            "payload_bytes": self.payload_bytes,
        })
    }

    /// As it was kept; `None` if something is missing.
    pub fn from_json(value: &Value) -> Option<Self> {
        let count = |name: &str| value.get(name)?.as_u64();
        Some(Self {
            bytes: count("bytes")?,
            packets: count("packets")?,
            connections: count("connections")?,
            frames: count("frames")?,
            control: count("control")?,
            messages: count("messages")?,
            compressed: count("compressed")?,
            message_bytes: count("message_bytes")?,
            payload_bytes: count("payload_bytes")?,
        })
    }
}
