//! A TLS connection.

use std::collections::VecDeque;
use std::{fmt, mem};

use super::handshake::Agreed;
use super::held::Held;
use super::record::{Front, HEAD};
use super::secrets::Secrets;
use super::side::{Framing, Reading, Side};
use super::suite;
use super::trouble::Trouble;
use crate::capture::End;

/// What was encrypted.
#[derive(Debug, PartialEq, Eq)]
pub enum Plain<'a> {
    /// Application data of an end: what a record of it holds.
    Bytes(End, &'a mut [u8]),
    /// Application data of an end are missing here: how many bytes, if that is known. Maybe none.
    Lost(End, Option<u64>),
}

/// One TLS connection.
pub struct Tls {
    pub(super) client: End,
    pub(super) agreed: Agreed,
    pub(super) sides: [Side; 2],
    /// What came while its direction was waiting, in the order in which it came.
    pub(super) held: VecDeque<Held>,
}

/// Who is told.
pub(super) type To<'t> = &'t mut dyn FnMut(Plain<'_>);

impl Tls {
    /// Whether a direction that begins so is TLS: at most five bytes are needed. `None` if it wants more.
    pub fn begins(bytes: &[u8]) -> Option<bool> {
        match Front::of(bytes) {
            Front::Record(HEAD) | Front::Other => Some(false),
            Front::Record(_) => Some(true),
            Front::Short => None,
        }
    }

    /// A connection of which this end is the client; its hello corrects that.
    pub fn new(client: End) -> Self {
        Self { client, agreed: Agreed::default(), sides: <[Side; 2]>::default(), held: VecDeque::new() }
    }

    /// The next bytes that an end sent; they are overwritten. What can be decrypted is told, that of the other end too
    /// if it had to wait.
    pub fn bytes(&mut self, from: End, bytes: &mut [u8], secrets: &Secrets, to: &mut impl FnMut(Plain<'_>)) {
        self.retry(secrets, to);
        self.feed(from, bytes, secrets, to);
        self.retry(secrets, to);
    }

    /// So many bytes of an end are missing; the next that come are those behind them.
    pub fn lost(&mut self, from: End, count: u64, secrets: &Secrets, to: &mut impl FnMut(Plain<'_>)) {
        self.retry(secrets, to);
        if count > 0 {
            self.gap(from, count, to);
        }
        self.retry(secrets, to);
    }

    /// Nothing more will come, of the connection or of secrets: what is held is decrypted, or is what [`Tls::trouble`]
    /// is about.
    pub fn finish(&mut self, secrets: &Secrets, to: &mut impl FnMut(Plain<'_>)) {
        self.retry(secrets, to);
        for end in [self.client, self.client.other()] {
            let side = &mut self.sides[end.index()];
            let trouble = if let Some(waiting) = side.waiting.take() {
                waiting
            } else if side.framing == Framing::Seeking {
                if side.sought == 0 && side.gathered.is_empty() {
                    // Nothing came behind the gap.
                    if side.sends_data() {
                        to(Plain::Lost(end, None));
                    }
                    continue;
                }
                Trouble::Lost
            } else if side.failures > 0 && !side.sends_data() {
                Trouble::Damaged
            } else {
                continue;
            };
            self.give_up(end, trouble, to);
        }
    }

    /// The client, as far as is known.
    pub const fn client(&self) -> End {
        self.client
    }

    /// Version and cipher suite, such as `TLS 1.3, TLS_AES_128_GCM_SHA256`, once the server has chosen.
    pub fn description(&self) -> Option<String> {
        let version = self.agreed.version?;
        Some(format!("{version}, {}", suite::name(self.agreed.suite?)))
    }

    /// The host that the client asked for (RFC 6066, section 3); what is not printable ASCII is escaped.
    pub fn server_name(&self) -> Option<&str> {
        self.agreed.server_name.as_deref()
    }

    /// The protocol that the server chose (RFC 7301), such as `http/1.1`, if it could be read; escaped likewise.
    pub fn alpn(&self) -> Option<&str> {
        self.agreed.alpn.as_deref()
    }

    /// Whether an end said that it sends nothing more (close_notify).
    pub const fn is_closed(&self, by: End) -> bool {
        self.sides[by.index()].closed
    }

    /// Why the connection cannot be read, or one direction of it, or not any further: the client's first. What is kept
    /// until secrets come is no trouble yet.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble_of(self.client).or_else(|| self.trouble_of(self.client.other()))
    }

    /// Why what an end sent cannot be read, or not any further. Nothing more is told of it.
    pub const fn trouble_of(&self, end: End) -> Option<&Trouble> {
        self.sides[end.index()].trouble.as_ref()
    }

    /// How many bytes are kept of what the two ends sent: of a record or a handshake message that is not whole yet, and
    /// what is held until secrets come. It grows by no more than what [`Tls::bytes`] is handed, and a record.
    pub fn kept(&self) -> usize {
        self.sides.iter().map(Side::kept).sum()
    }

    /// Takes bytes apart into records.
    pub(super) fn feed(&mut self, from: End, bytes: &mut [u8], secrets: &Secrets, to: To<'_>) {
        let mut found;
        let mut rest = bytes;
        while !rest.is_empty() {
            let side = &mut self.sides[from.index()];
            if side.waiting.is_some() {
                return self.hold(from, rest, to);
            }
            match side.framing {
                Framing::Ignored => return,
                Framing::Damaged(left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    side.fed += take as u64;
                    let left = left - take as u64;
                    side.framing = if left == 0 { Framing::Records } else { Framing::Damaged(left) };
                    rest = &mut mem::take(&mut rest)[take..];
                }
                Framing::Seeking => {
                    side.fed += rest.len() as u64;
                    side.gathered.extend_from_slice(rest);
                    let Some(after) = self.seek(from, secrets, to) else { return };
                    found = after;
                    rest = &mut found;
                }
                Framing::Records if side.gathered.is_empty() => match Front::of(rest) {
                    Front::Record(length) if length <= rest.len() => {
                        side.fed += length as u64;
                        let (record, after) = mem::take(&mut rest).split_at_mut(length);
                        rest = after;
                        if !self.record(from, record, secrets, to) {
                            self.sides[from.index()].gathered = record.to_vec();
                        }
                    }
                    Front::Record(_) | Front::Short => rest = self.gather(from, rest, secrets, to),
                    Front::Other => self.go_astray(from, to),
                },
                Framing::Records => rest = self.gather(from, rest, secrets, to),
            }
        }
    }

    /// Adds to a record that came in parts, and gives back what is behind it.
    fn gather<'b>(&mut self, from: End, bytes: &'b mut [u8], secrets: &Secrets, to: To<'_>) -> &'b mut [u8] {
        let side = &mut self.sides[from.index()];
        let wanted = match Front::of(&side.gathered) {
            Front::Record(length) => length,
            Front::Short | Front::Other => HEAD,
        };
        let missing = wanted.saturating_sub(side.gathered.len());
        let (taken, rest) = bytes.split_at_mut(bytes.len().min(missing));
        side.fed += taken.len() as u64;
        side.gathered.reserve_exact(missing);
        side.gathered.extend_from_slice(taken);
        match Front::of(&side.gathered) {
            Front::Record(length) if length == side.gathered.len() => {
                let mut record = mem::take(&mut side.gathered);
                if !self.record(from, &mut record, secrets, to) {
                    self.sides[from.index()].gathered = record;
                }
            }
            Front::Other => self.go_astray(from, to),
            Front::Record(_) | Front::Short => {}
        }
        rest
    }

    /// Where a record should begin, none does.
    fn go_astray(&mut self, from: End, to: To<'_>) {
        let side = &mut self.sides[from.index()];
        if side.closed {
            side.ignore();
        } else if !side.greeted {
            self.give_up_both(&Trouble::NotCaptured, to);
        } else if matches!(side.reading, Reading::Clear) {
            self.give_up(from, Trouble::NotTls, to);
        } else {
            side.framing = Framing::Seeking;
            side.unsure = true;
        }
    }

    /// From now on nothing of an end is read.
    pub(super) fn give_up(&mut self, from: End, trouble: Trouble, to: To<'_>) {
        let side = &mut self.sides[from.index()];
        let sent_data = side.sends_data();
        side.trouble.get_or_insert(trouble);
        side.ignore();
        self.held.retain(|held| held.from != from);
        if sent_data {
            to(Plain::Lost(from, None));
        }
    }

    pub(super) fn give_up_both(&mut self, trouble: &Trouble, to: To<'_>) {
        self.give_up(self.client, trouble.clone(), to);
        self.give_up(self.client.other(), trouble.clone(), to);
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("client", &self.client)
            .field("description", &self.description())
            .field("trouble", &self.trouble())
            .finish_non_exhaustive()
    }
}
