//! A message to several connections, encoded as few times as what they agreed on allows.

use bytes::Bytes;

use super::inband::Inband;
use super::mailbox::Mail;
use crate::proto::deflate::{Config, Deflater, Direction};
use crate::proto::{Kind, Message};
use crate::wire::Head;

/// A message, and the forms in which it was encoded so far.
pub(super) struct Letter<'m> {
    message: &'m Message<'m>,
    config: Option<Config>,
    plain: Option<Bytes>,
    /// For who compresses it himself.
    payload: Option<Bytes>,
    /// By the bits of the window.
    compressed: Vec<(u8, Bytes)>,
    /// By how it is packed.
    packed: Vec<(Inband, Bytes)>,
}

impl<'m> Letter<'m> {
    pub(super) const fn new(message: &'m Message<'m>, config: Option<Config>) -> Self {
        Self { message, config, plain: None, payload: None, compressed: Vec::new(), packed: Vec::new() }
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
        if direction.context_takeover || self.compressed.iter().any(|(bits, _)| *bits == direction.window_bits) {
            return;
        }
        let Some(mut deflater) = Deflater::new(config.level, direction) else { return };
        let mut packed = Vec::new();
        deflater.deflate(&self.message.payload, &mut packed);
        if packed.len() < self.message.payload.len() {
            self.compressed.push((direction.window_bits, encode(self.message.kind, Head::RSV1, &packed)));
        }
    }

    /// As it goes to somebody who takes large text packed, or on whose connection this was agreed.
    pub(super) fn packed_to(&mut self, inband: Option<Inband>, direction: Option<Direction>) -> Mail {
        let is_text = self.message.kind == Kind::Text;
        let Some(inband) = inband.filter(|_| is_text && self.message.payload.len() > Inband::THRESHOLD) else {
            return self.to(direction);
        };
        if let Some((_, frame)) = self.packed.iter().find(|(by, _)| *by == inband) {
            return Mail::Frames(frame.clone());
        }
        let frame = encode(Kind::Binary, 0, &inband.pack(&self.message.payload));
        self.packed.push((inband, frame.clone()));
        Mail::Frames(frame)
    }

    /// As it goes to somebody who agreed on this.
    fn to(&mut self, direction: Option<Direction>) -> Mail {
        let Message { kind, payload } = self.message;
        match direction.filter(|_| self.is_worth_compressing()) {
            Some(Direction { context_takeover: true, .. }) => {
                let payload = self.payload.get_or_insert_with(|| Bytes::copy_from_slice(payload));
                return Mail::Message(*kind, payload.clone());
            }
            Some(Direction { window_bits, .. }) => {
                if let Some((_, frame)) = self.compressed.iter().find(|(bits, _)| *bits == window_bits) {
                    return Mail::Frames(frame.clone());
                }
            }
            None => {}
        }
        Mail::Frames(self.plain.get_or_insert_with(|| encode(*kind, 0, payload)).clone())
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
