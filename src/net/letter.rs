//! A message to several connections, encoded as few times as what they agreed on allows.

use bytes::Bytes;

use super::inband::Inband;
use super::mailbox::Mail;
use crate::proto::deflate::{Config, Deflater, Direction};
use crate::proto::{Kind, Message};
use crate::wire::Head;

/// The forms in which one message was encoded so far for the connections of one server. Who sends it to more of them
/// later keeps them.
#[derive(Debug, Default)]
pub(crate) struct Encodings {
    plain: Option<Bytes>,
    /// For who compresses it himself.
    payload: Option<Bytes>,
    /// By the bits of the window; nothing where it does not become smaller.
    compressed: Vec<(u8, Option<Bytes>)>,
    /// By how it is packed.
    packed: Vec<(Inband, Bytes)>,
}

/// A message, and the forms in which it was encoded so far.
pub(super) struct Letter<'m> {
    message: &'m Message<'m>,
    config: Option<Config>,
    known: &'m mut Encodings,
}

impl<'m> Letter<'m> {
    /// `known` is of the same message, and of the same `config`.
    pub(super) const fn new(message: &'m Message<'m>, config: Option<Config>, known: &'m mut Encodings) -> Self {
        Self { message, config, known }
    }

    /// Whether anybody gets it compressed.
    pub(super) fn is_worth_compressing(&self) -> bool {
        self.config.is_some_and(|config| self.message.payload.len() >= config.threshold)
    }

    /// Compresses it for those who agreed on this, if they do not have to do so themselves.
    pub(super) fn compress(&mut self, direction: Option<Direction>) {
        let (Some(direction), Some(config), true) = (direction, self.config, self.is_worth_compressing()) else {
            return;
        };
        if direction.context_takeover || self.known.compressed.iter().any(|(bits, _)| *bits == direction.window_bits) {
            return;
        }
        let Some(mut deflater) = Deflater::new(config.level, direction) else { return };
        let mut packed = Vec::new();
        deflater.deflate(&self.message.payload, &mut packed);
        let is_smaller = packed.len() < self.message.payload.len();
        let frame = is_smaller.then(|| encode(self.message.kind, Head::RSV1, &packed));
        self.known.compressed.push((direction.window_bits, frame));
    }

    /// As it goes to somebody who takes large text packed, or on whose connection this was agreed.
    pub(super) fn packed_to(&mut self, inband: Option<Inband>, direction: Option<Direction>) -> Mail {
        let is_text = self.message.kind == Kind::Text;
        let Some(inband) = inband.filter(|_| is_text && self.message.payload.len() > Inband::THRESHOLD) else {
            return self.to(direction);
        };
        if let Some((_, frame)) = self.known.packed.iter().find(|(by, _)| *by == inband) {
            return Mail::Frames(frame.clone());
        }
        let frame = encode(Kind::Binary, 0, &inband.pack(&self.message.payload));
        self.known.packed.push((inband, frame.clone()));
        Mail::Frames(frame)
    }

    /// As it goes to somebody who agreed on this.
    fn to(&mut self, direction: Option<Direction>) -> Mail {
        let Message { kind, payload } = self.message;
        match direction.filter(|_| self.is_worth_compressing()) {
            Some(Direction { context_takeover: true, .. }) => {
                let payload = self.known.payload.get_or_insert_with(|| Bytes::copy_from_slice(payload));
                return Mail::Message(*kind, payload.clone());
            }
            Some(Direction { window_bits, .. }) => {
                let known = self.known.compressed.iter().find(|(bits, _)| *bits == window_bits);
                if let Some((_, Some(frame))) = known {
                    return Mail::Compressed(frame.clone(), payload.len() as u64);
                }
            }
            None => {}
        }
        Mail::Frames(self.known.plain.get_or_insert_with(|| encode(*kind, 0, payload)).clone())
    }
}

/// A frame as a server sends it.
fn encode(kind: Kind, rsv: u8, payload: &[u8]) -> Bytes {
    let head = Head { rsv, ..Head::new(kind.opcode(), payload.len() as u64) }.encode();
    let mut frame = Vec::with_capacity(head.len() + payload.len());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: Option<Direction> = Some(Direction { context_takeover: false, window_bits: 15 });

    fn frames(
        message: &Message<'_>,
        inband: Option<Inband>,
        direction: Option<Direction>,
        known: &mut Encodings,
    ) -> Bytes {
        let mut letter = Letter::new(message, Some(Config::default()), known);
        letter.compress(direction);
        match letter.packed_to(inband, direction) {
            Mail::Frames(frames) | Mail::Compressed(frames, _) => frames,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_is_sent_the_same_later_gets_what_is_known_already() {
        let message = Message::text("hello ".repeat(1000));
        let mut known = Encodings::default();
        for (inband, direction) in [(None, None), (None, TO), (Some(Inband::Gzip), None), (Some(Inband::Gzip), TO)] {
            let mut get = || frames(&message, inband, direction, &mut known);
            assert_eq!(get().as_ptr(), get().as_ptr(), "{inband:?}, {direction:?}");
        }
        assert_eq!((known.compressed.len(), known.packed.len()), (1, 1));
    }

    #[test]
    fn what_does_not_become_smaller_is_compressed_once_to_see_it() {
        // Too disordered for anybody.
        let mut noise = 1_u64;
        let noise = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 56) as u8
        });
        let message = Message::binary(noise.take(4096).collect::<Vec<_>>());
        let mut known = Encodings::default();
        for _ in 0..2 {
            let frames = frames(&message, None, TO, &mut known);
            assert!(frames.len() > message.payload.len(), "as it is");
            assert_eq!(known.compressed, [(15, None)]);
        }
    }
}
