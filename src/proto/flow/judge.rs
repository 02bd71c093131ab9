//! What a frame breaks: its head, its payload, and its place among the others.

use super::{CloseScan, Flow, Judge, Open, Step};
use crate::proto::{Role, Rule, Rules};
use crate::wire::{self, CloseCode, Head, Opcode, Utf8};

impl Flow {
    /// The faults of a head, and what they mean for the message that is open.
    #[inline]
    pub(super) fn judge_head(&mut self, head: &Head) -> Rules {
        let fragment = head.opcode == Opcode::CONTINUATION;
        let control = head.opcode.is_control();
        let allowed = if fragment || control { 0 } else { self.reserved };
        let masked = head.mask.is_some();
        let clean = head.rsv & !allowed == 0
            && masked == (self.sender == Role::Client)
            && (!masked || head.mask != self.key)
            && !self.closed
            && match head.form {
                wire::Form::Bits7 => true,
                wire::Form::Bits16 => head.len > 125 && !control,
                wire::Form::Bits64 => head.len > 0xffff && head.len >> 63 == 0 && !control,
            }
            && match head.opcode {
                Opcode::TEXT | Opcode::BINARY => matches!(self.open, Open::None | Open::Unknown),
                Opcode::CONTINUATION => self.open != Open::None,
                Opcode::CLOSE | Opcode::PING | Opcode::PONG => head.fin,
                _ => false,
            };
        if clean { Rules::NONE } else { self.faults_of(head, allowed) }
    }

    #[cold]
    fn faults_of(&self, head: &Head, allowed: u8) -> Rules {
        let control = head.opcode.is_control();
        let data = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        let checks = [
            (head.rsv & !allowed != 0, Rule::ReservedBit),
            (head.opcode.is_reserved(), Rule::ReservedOpcode),
            (head.mask.is_none() && self.sender == Role::Client, Rule::Unmasked),
            (head.mask.is_some() && self.sender == Role::Server, Rule::Masked),
            (head.form != wire::Form::minimal(head.len), Rule::LengthNotMinimal),
            (head.len >> 63 != 0, Rule::LengthTopBit),
            (control && head.len > 125, Rule::ControlTooLong),
            (control && !head.fin, Rule::ControlFragmented),
            (head.opcode == Opcode::CONTINUATION && self.open == Open::None, Rule::NothingToContinue),
            (data && matches!(self.open, Open::Text | Open::Opaque), Rule::MessageUnfinished),
            (self.closed, Rule::FrameAfterClose),
            (head.mask.is_some() && head.mask == self.key, Rule::MaskingKeyRepeated),
        ];
        checks.into_iter().filter_map(|(broken, rule)| broken.then_some(rule)).collect()
    }

    /// Enters the frame of `head`.
    #[inline]
    pub(super) fn begin(&mut self, head: Head) {
        self.faults = self.judge_head(&head);
        self.fin = head.fin;
        self.opcode = head.opcode;
        self.key = head.mask;
        self.len = head.len;
        self.remaining = head.len;
        self.torn = false;
        self.judge = match head.opcode {
            Opcode::TEXT | Opcode::BINARY => {
                // A compressed message is text only once it is inflated.
                let text = head.opcode == Opcode::TEXT && head.rsv & self.reserved == 0;
                self.utf8 = Utf8::new();
                self.open = if text { Open::Text } else { Open::Opaque };
                if text { Judge::Text } else { Judge::Nothing }
            }
            Opcode::CONTINUATION if self.open == Open::Text => Judge::Text,
            Opcode::CLOSE => {
                self.close = CloseScan::default();
                Judge::Close
            }
            _ => Judge::Nothing,
        };
        if head.len == 0 {
            self.finish_frame();
        } else {
            self.step = Step::Payload;
        }
    }

    /// Leaves the frame: what its payload as a whole breaks, and what comes after it.
    #[inline]
    pub(super) fn finish_frame(&mut self) {
        self.step = Step::End;
        if !self.opcode.is_control() {
            if self.fin && !self.opcode.is_reserved() {
                if self.judge == Judge::Text && self.utf8.finish().is_err() {
                    self.faults.insert(Rule::InvalidUtf8);
                }
                self.open = Open::None;
            }
        } else if self.opcode == Opcode::CLOSE {
            if !self.torn {
                self.judge_close();
            }
            self.closed = true;
        }
    }

    #[cold]
    fn judge_close(&mut self) {
        let scan = &mut self.close;
        if scan.seen == 1 {
            self.faults.insert(Rule::CloseBodyStub);
        }
        if self.judge == Judge::Close && scan.reason.finish().is_err() {
            self.faults.insert(Rule::CloseReasonNotUtf8);
        }
    }

    #[inline]
    pub(super) fn judge_payload(&mut self, data: &[u8]) {
        match self.judge {
            Judge::Nothing => {}
            Judge::Text => {
                if self.utf8.feed(data).is_err() {
                    self.faults.insert(Rule::InvalidUtf8);
                    // Said once a message.
                    self.judge = Judge::Nothing;
                    self.open = Open::Opaque;
                }
            }
            Judge::Close => self.scan_close(data),
        }
    }

    #[cold]
    fn scan_close(&mut self, data: &[u8]) {
        let scan = &mut self.close;
        let missing = usize::from(2 - scan.seen).min(data.len());
        let (code, reason) = data.split_at(missing);
        for &byte in code {
            scan.code[usize::from(scan.seen)] = byte;
            scan.seen += 1;
        }
        if scan.seen == 2
            && missing > 0
            && let Some(rule) = Rule::broken_by(CloseCode(u16::from_be_bytes(scan.code)))
        {
            self.faults.insert(rule);
        }
        if scan.reason.feed(reason).is_err() {
            self.faults.insert(Rule::CloseReasonNotUtf8);
            self.judge = Judge::Nothing;
        }
    }
}
