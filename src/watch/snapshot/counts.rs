//! What went one way, counted.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Declares a struct of counts that are left out where they are 0.
macro_rules! counts {
    ($(#[$about:meta])* $name:ident { $($(#[$meta:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$meta])* #[serde(skip_serializing_if = "is_zero")] pub $field: u64,)*
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                $(self.$field = self.$field.wrapping_add(other.$field);)*
            }
        }

        impl Add for $name {
            type Output = Self;

            fn add(mut self, other: Self) -> Self {
                self += other;
                self
            }
        }
    };
}

counts! {
    /// What went one way: frames, messages and their bytes, since the beginning.
    Counts {
        /// Text frames: a text message, or its first fragment.
        text,
        /// Binary frames: a binary message, or its first fragment.
        binary,
        /// Continuation frames.
        continuation,
        /// Pings.
        ping,
        /// Pongs.
        pong,
        /// Close frames.
        close,
        /// Frames with a reserved opcode.
        other,
        /// Bytes of the heads of all frames: with `payload` all that went over the wire behind the opening handshake.
        heads,
        /// Payload bytes of all frames, as they went over the wire. A payload counts when its head does.
        payload,
        /// Whole text messages.
        text_messages,
        /// Whole binary messages.
        binary_messages,
        /// Bytes of the whole messages: received ones after inflating, sent ones as they went over the wire.
        message_bytes,
        /// How many of the messages were compressed.
        compressed,
        /// Bytes of the compressed messages on the wire.
        deflated,
        /// Bytes of the compressed messages after inflating, or before they were compressed.
        inflated,
    }
}

impl Counts {
    /// All frames.
    pub const fn frames(&self) -> u64 {
        self.text
            .wrapping_add(self.binary)
            .wrapping_add(self.continuation)
            .wrapping_add(self.ping)
            .wrapping_add(self.pong)
            .wrapping_add(self.close)
            .wrapping_add(self.other)
    }

    /// All whole messages.
    pub const fn messages(&self) -> u64 {
        self.text_messages.wrapping_add(self.binary_messages)
    }

    /// All bytes of frames on the wire.
    pub const fn bytes(&self) -> u64 {
        self.heads.wrapping_add(self.payload)
    }

    /// By how much compressed messages grew when they were inflated, or shrank when compressed: 4.0 is four times. `None` where nothing is known.
    pub fn compression(&self) -> Option<f64> {
        (self.deflated > 0 && self.inflated > 0).then(|| self.inflated as f64 / self.deflated as f64)
    }
}
