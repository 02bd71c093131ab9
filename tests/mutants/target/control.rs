//! Control frames: pings, pongs, closing and failing (RFC 6455, sections 5.5 and 7).

use super::frame::Head;
use super::session::{Role, Session, Then};
use super::utf8::{Utf8, is_utf8};
use crate::fault::{Fault, Switch};

impl Session {
    /// Looks at the head of a control frame.
    pub(super) fn control(&mut self, head: &Head) -> bool {
        if !head.fin {
            let taken = if head.opcode == 8 { Fault::TakesFragmentedClose } else { Fault::TakesFragmentedPing };
            return self.is(taken);
        }
        true
    }

    /// A control frame is whole.
    pub(super) fn controlled(&mut self, head: &Head, payload: &[u8]) -> Then {
        if self.message.is_some() && head.opcode != 8 {
            if self.is(Fault::ControlForgetsFragments)
                && let Some(message) = &mut self.message
            {
                message.data.clear();
            }
            if let Some(deflate) = self.deflate.as_mut().filter(|_| self.fault.is(Fault::PingResetsInflater)) {
                deflate.forget();
            }
        }
        match head.opcode {
            8 => self.closed(payload),
            9 => self.pinged(payload),
            _ if self.is(Fault::RefusesUnaskedPongs) => self.fail(1002),
            _ => {
                if self.is(Fault::AnswersPongs) {
                    self.pong(payload);
                }
                Then::ReadOn
            }
        }
    }

    fn pinged(&mut self, payload: &[u8]) -> Then {
        let first = !std::mem::replace(&mut self.pinged, true);
        let inside = self.message.is_some();
        if self.closed && !self.is(Fault::PongsAfterClose) && !self.is(Fault::GoesOnAfterFailing) {
            return Then::ReadOn;
        }
        if self.is(Fault::PingsHaveToBeUtf8) && !is_utf8(payload, self.fault) {
            return self.fail(1007);
        }
        let silent = self.is(Fault::PingUnanswered)
            || self.is(Fault::EmptyPingUnanswered) && payload.is_empty()
            || self.is(Fault::FirstPingOnly) && !first
            || self.is(Fault::PingBetweenFragmentsLost) && inside
            || self.is(Fault::PingsAfterMessagesOnly) && !self.heard;
        if silent {
            return Then::ReadOn;
        }
        if self.is(Fault::PongsInReverse) || self.is(Fault::PongAfterTheMessage) && inside {
            self.pings.push(payload.to_vec());
            return Then::ReadOn;
        }
        self.pong(payload);
        Then::ReadOn
    }

    /// Sends a pong.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        let text = payload.split(|byte| *byte == 0).next().unwrap_or_default();
        let payload = match () {
            () if self.is(Fault::PongWithoutData) => &[],
            () if self.is(Fault::PongCutAt124) => &payload[..payload.len().min(124)],
            () if self.is(Fault::PongsText) => text,
            () => payload,
        };
        let rsv = if self.is(Fault::PongsWithRsv1) && self.deflate.is_some() { 4 } else { 0 };
        self.send(true, rsv, 10, payload);
    }

    /// A close frame came.
    fn closed(&mut self, body: &[u8]) -> Then {
        if self.is(Fault::CloseIgnored) || self.closed {
            return Then::ReadOn;
        }
        if self.is(Fault::CloseInsideRefused) && self.message.is_some() {
            return self.fail(1002);
        }
        let mut answer = body.to_vec();
        match body {
            [] if self.is(Fault::AnswersClose1005) => answer = 1005_u16.to_be_bytes().to_vec(),
            [] => {}
            [_] if self.is(Fault::TakesCloseOfOneByte) => answer.clear(),
            [_] => return self.fail(1002),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !code_may_come(code, self.fault) {
                    return self.fail(1002);
                }
                let mut utf8 = Utf8::new(Switch(None));
                let good = utf8.take(reason) && utf8.is_whole();
                if !good && !self.is(Fault::ReasonUnchecked) {
                    return self.fail(1007);
                }
                // The reason need not come back, the code does.
                answer.truncate(2);
                if self.is(Fault::CloseCodeSwapped) {
                    answer.swap(0, 1);
                }
                if self.is(Fault::ReasonCutInside) {
                    answer.extend_from_slice(&reason[..reason.len().min(60)]);
                }
                if self.is(Fault::ReasonTooLong) {
                    answer.extend_from_slice(b"closed: ");
                    answer.extend_from_slice(reason);
                }
                if !code_may_be_sent(code) {
                    // What was taken wrongly is not sent wrongly too.
                    answer = 1000_u16.to_be_bytes().to_vec();
                }
            }
        }
        if self.is(Fault::CloseUnanswered) {
            return Then::Drop;
        }
        self.send(true, 0, 8, &answer);
        if self.is(Fault::ClosesTwice) {
            self.send(true, 0, 8, &answer);
        }
        self.closed = true;
        if self.is(Fault::EchoesAfterClose) || self.is(Fault::PongsAfterClose) {
            return Then::ReadOn;
        }
        Then::Finish
    }

    /// Fails the connection (section 7.1.7).
    pub(super) fn fail(&mut self, code: u16) -> Then {
        if self.closed {
            return Then::Finish;
        }
        match () {
            () if self.is(Fault::FailsByDropping) => return Then::Drop,
            () if self.is(Fault::FailsByCrashing) && self.role == Role::Server => return Then::Crash,
            () if self.is(Fault::FailsBySilence) => return Then::Stall,
            () => {}
        }
        let code = match () {
            () if self.is(Fault::FailsWith1006) => 1006,
            () if self.is(Fault::FailsWith1000) => 1000,
            () => code,
        };
        self.send(true, 0, 8, &code.to_be_bytes());
        if self.is(Fault::GoesOnAfterFailing) {
            self.closed = true;
            self.message = None;
            return Then::ReadOn;
        }
        Then::Fail
    }
}

/// Whether a close frame may have the code (section 7.4).
const fn code_may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

fn code_may_come(code: u16, fault: Switch) -> bool {
    match code {
        0..=999 => fault.is(Fault::TakesCodesBelow1000),
        1004 => fault.is(Fault::Takes1004),
        1005 | 1006 => fault.is(Fault::Takes1005),
        1010 => !fault.is(Fault::Refuses1010),
        1012..=1014 => !fault.is(Fault::RefusesRegisteredCodes),
        1015 => fault.is(Fault::Takes1015),
        1016..=2999 => fault.is(Fault::TakesUnassignedCodes),
        3000..=3999 => !fault.is(Fault::Refuses3000),
        4000..=4999 => !fault.is(Fault::Refuses4000),
        // RFC 6455 says nothing about them.
        5000.. => false,
        _ => code_may_be_sent(code),
    }
}
