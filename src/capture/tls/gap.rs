//! Bytes that are missing, and where records begin again behind them.

use std::mem;

use super::connection::{Plain, Tls, To};
use super::record::{ContentType, Front, HEAD};
use super::search::Opened;
use super::secrets::Secrets;
use super::side::{Epoch, Framing, Reading, Side};
use super::trouble::Trouble;
use crate::capture::End;

/// After so many bytes without a record that opens, nobody looks for one any more.
const MAX_SOUGHT: usize = 4 << 20;

impl Tls {
    /// Bytes of an end are missing.
    pub(super) fn gap(&mut self, from: End, count: u64, to: To<'_>) {
        let is_client = from == self.client;
        let side = &mut self.sides[from.index()];
        if side.is_ignored() {
            return;
        }
        if side.waiting.is_some() {
            return self.hold_gap(from, count, to);
        }
        if if is_client { self.agreed.client_random.is_none() } else { !self.agreed.is_settled() } {
            let trouble = if side.greeted { Trouble::Incomplete } else { Trouble::NotCaptured };
            return self.give_up_both(&trouble, to);
        }
        let gathered = mem::take(&mut side.gathered);
        let left = match (side.framing, Front::of(&gathered)) {
            (Framing::Damaged(left), _) => left,
            (Framing::Records, Front::Record(length)) => {
                if let Some(lost) = side.damage(&gathered) {
                    to(Plain::Lost(from, lost));
                }
                (length - gathered.len()) as u64
            }
            _ => {
                side.unread += gathered.len() as u64;
                0
            }
        };
        side.framing = match left.checked_sub(count) {
            Some(0) => Framing::Records,
            Some(left) => Framing::Damaged(left),
            None => {
                side.unread += count - left;
                side.unsure = true;
                side.messages.lost();
                Framing::Seeking
            }
        };
    }

    /// Looks for a record that opens in what is gathered. What is behind it is given back; it is processed itself.
    pub(super) fn seek(&mut self, from: End, secrets: &Secrets, to: To<'_>) -> Option<Vec<u8>> {
        let mut bytes = mem::take(&mut self.sides[from.index()].gathered);
        let mut at = 0;
        let found = loop {
            let side = &mut self.sides[from.index()];
            let before = at;
            at += bytes[at..].iter().enumerate().take_while(|(i, _)| !self.agreed.may_begin(&bytes[at + i..])).count();
            side.unread += (at - before) as u64;
            side.sought += at - before;
            if side.sought > MAX_SOUGHT || side.is_exhausted() {
                self.give_up(from, Trouble::Lost, to);
                return None;
            }
            let Front::Record(length) = Front::of(&bytes[at..]) else { break None };
            let Some(record) = bytes.get_mut(at..at + length) else { break None };
            match self.reopen(from, record, secrets, to) {
                Some(true) => break Some(at + length),
                Some(false) => {
                    let side = &mut self.sides[from.index()];
                    at += 1;
                    side.unread += 1;
                    side.sought += 1;
                }
                None => break None,
            }
            if self.sides[from.index()].is_ignored() {
                return None;
            }
        };
        let side = &mut self.sides[from.index()];
        if side.is_ignored() {
            return None;
        }
        if found.is_some() {
            side.framing = Framing::Records;
            side.sought = 0;
        }
        let rest = bytes.split_off(found.unwrap_or(at));
        if found.is_some() {
            return Some(rest);
        }
        side.gathered = rest;
        None
    }

    /// Whether this is a record, if that can be told yet; if so it is processed.
    fn reopen(&mut self, from: End, record: &mut [u8], secrets: &Secrets, to: To<'_>) -> Option<bool> {
        let kind = ContentType(record[0]);
        let is_clear = matches!(self.sides[from.index()].reading, Reading::Clear);
        match self.search(from, record, secrets) {
            Opened::Content { kind, content, lost } => {
                if lost {
                    to(Plain::Lost(from, None));
                }
                self.content(from, kind, content, to);
                Some(true)
            }
            // Of TLS 1.2 there may be some of the handshake left that is not encrypted; what is in it does not matter.
            Opened::No | Opened::Waits(_) if is_clear && kind != ContentType::DATA => {
                self.clear(from, kind, &record[HEAD..], to);
                Some(true)
            }
            Opened::No => Some(false),
            Opened::Waits(trouble) => {
                self.wait(from, trouble, secrets, to);
                None
            }
        }
    }
}

impl Side {
    /// There is a hole in a record, of which this is the beginning. `Some` if application data are lost: how many bytes,
    /// if that is known.
    fn damage(&mut self, record: &[u8]) -> Option<Option<u64>> {
        let kind = ContentType(record[0]);
        let body = u64::from(u16::from_be_bytes([record[3], record[4]]));
        match &self.reading {
            Reading::Clear if kind == ContentType::CHANGE_CIPHER_SPEC => self.seal(Epoch::Master),
            Reading::Clear => self.messages.lost(),
            Reading::Open(Epoch::Master, keys) => {
                self.sequence += 1;
                if kind == ContentType::DATA {
                    return Some(keys.overhead().and_then(|overhead| body.checked_sub(overhead)));
                }
                self.messages.lost();
            }
            Reading::Open(Epoch::Traffic, _) => {
                self.sequence += 1;
                // It may have been a KeyUpdate.
                self.unsure = true;
                self.messages.restart();
                return Some(None);
            }
            Reading::Sealed(_) | Reading::Open(..) => {
                self.unsure = true;
                self.unread += body + HEAD as u64;
                self.messages.lost();
            }
        }
        None
    }
}
