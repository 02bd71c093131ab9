//! What the head of a frame may say: mask, length, reserved bits, and the opcodes of data (RFC 6455, sections 5.1 to 5.4).

use super::frame::Head;
use super::session::{Message, Role, Session};
use crate::fault::Fault;

impl Session {
    pub(super) fn masked(&self, head: &Head) -> bool {
        if self.role == Role::Client {
            let control = head.is_control() && self.is(Fault::TakesMaskedControl);
            return head.key.is_none() || self.is(Fault::TakesMasked) || control;
        }
        match head.key {
            Some([0, 0, 0, 0]) => !self.is(Fault::ZeroKeyIsNoMask),
            Some(_) => true,
            None => {
                self.is(Fault::TakesUnmasked)
                    || head.is_control() && self.is(Fault::TakesUnmaskedControl)
                    || head.opcode == 0 && self.is(Fault::TakesUnmaskedContinuation)
                    || !head.fin && self.is(Fault::TakesUnmaskedUnfinished)
            }
        }
    }

    pub(super) fn length(&self, head: &Head) -> bool {
        if head.is_control() && (head.form > 7 || head.len > 125) {
            return head.len <= 125 && self.is(Fault::TakesControlLengthIn16) && head.form == 16
                || head.len > 125 && self.is(Fault::TakesLongControl);
        }
        if self.is(Fault::LengthWithSign) && head.form == 16 && head.len > 32767 {
            return false;
        }
        match head.form {
            16 => head.len > 125 || self.is(Fault::TakesShortLengthIn16) || self.is(Fault::LengthInOneRead),
            64 => {
                let short = self.is(Fault::TakesShortLengthIn64)
                    || self.is(Fault::TakesTopBit)
                    || self.is(Fault::LengthIn32Bits)
                    || self.is(Fault::LengthInOneRead);
                head.len >> 63 == 0 && (head.len > 65535 || short)
            }
            _ => true,
        }
    }

    pub(super) fn reserved(&self, head: &Head) -> bool {
        let mut allowed = 0;
        if self.deflate.is_some() {
            if matches!(head.opcode, 1 | 2) {
                allowed |= 4;
            }
            if self.is(Fault::TakesRsvWithExtension) {
                allowed |= 3;
            }
            let control = head.is_control() && self.is(Fault::TakesRsv1OfControl);
            if control || head.opcode == 0 && self.is(Fault::TakesRsv1OfContinuations) {
                allowed |= 4;
            }
        } else {
            if self.is(Fault::TakesRsv2) {
                allowed |= 2;
            }
            if self.is(Fault::TakesRsv3) {
                allowed |= 1;
            }
            if self.is(Fault::TakesRsv1WithoutExtension) {
                allowed |= 4;
            }
            if head.is_control() && self.is(Fault::TakesRsvOfControl) {
                allowed |= 7;
            }
        }
        head.rsv & !allowed == 0
    }

    /// Looks at the head of a data frame.
    pub(super) fn data(&mut self, head: &Head) -> bool {
        if head.opcode == 0 {
            if self.message.is_none() {
                if self.is(Fault::LastContinuationIgnored) && head.fin {
                    return true;
                }
                if !self.is(Fault::TakesContinuationFirst) {
                    return false;
                }
                self.message = Some(Message::new(1, false, self.fault));
            }
        } else {
            if let Some(message) = &self.message {
                if self.is(Fault::OtherMessageInside) && message.opcode != head.opcode {
                    return true;
                }
                if !self.is(Fault::TakesMessageInside) {
                    return false;
                }
            }
            let compressed = head.rsv & 4 != 0 && self.deflate.is_some();
            if self.is(Fault::PlainRefused) && self.deflate.is_some() && !compressed {
                return false;
            }
            self.message = Some(Message::new(head.opcode, compressed, self.fault));
            if let Some(deflate) = self.deflate.as_mut().filter(|_| !compressed)
                && self.fault.is(Fault::PlainForgetsContext)
            {
                deflate.forget();
            }
        }
        if let Some(message) = &mut self.message {
            message.frames += 1;
        }
        true
    }
}
