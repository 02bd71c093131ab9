//! The keys and the sequence number with which a record opens.

use super::connection::{Tls, To};
use super::handshake::{EarlyData, Version};
use super::keys::Keys;
use super::record::ContentType;
use super::secrets::{Label, Secrets};
use super::side::{Epoch, Reading, Side};
use super::suite::Suite;
use super::trouble::Trouble;
use crate::capture::End;

/// What came of opening a record.
pub(super) enum Opened<'r> {
    /// What is in it, and whether records before it were missed.
    Content { kind: ContentType, content: &'r mut [u8], lost: bool },
    /// It does not open. What it held may be destroyed.
    No,
    /// It has to wait, or this is the trouble.
    Waits(Trouble),
}

impl Tls {
    /// Opens a record with the keys in use, or those that come after them.
    pub(super) fn open<'r>(&mut self, from: End, record: &'r mut [u8], secrets: &Secrets) -> Opened<'r> {
        let side = &mut self.sides[from.index()];
        match &side.reading {
            Reading::Open(Epoch::Master | Epoch::Traffic, keys) if !side.unsure => {
                match keys.open(side.sequence, record) {
                    Some((kind, content)) => {
                        side.sequence += 1;
                        Opened::Content { kind, content, lost: false }
                    }
                    None => Opened::No,
                }
            }
            _ => self.search(from, record, secrets),
        }
    }

    /// Opens a record with whatever keys and sequence number may be right. If none are, it is as it was.
    pub(super) fn search<'r>(&mut self, from: End, record: &'r mut [u8], secrets: &Secrets) -> Opened<'r> {
        let side = &mut self.sides[from.index()];
        let epoch = match &side.reading {
            Reading::Open(epoch, keys) => {
                let (tries, first) = (side.tries(), side.sequence);
                if let Some(sequence) = matching(keys, first, tries, record, &mut side.effort) {
                    let opened = keys.open(sequence, record);
                    let lost = sequence > first && side.sends_data();
                    return side.found(sequence, opened, lost, false);
                }
                Some(*epoch)
            }
            Reading::Sealed(epoch) => Some(*epoch),
            Reading::Clear if self.agreed.version != Some(Version::Tls12) => return Opened::Waits(Trouble::Incomplete),
            Reading::Clear => None,
        };
        let is_open = matches!(side.reading, Reading::Open(..));
        if epoch == Some(Epoch::Early) && !is_open && self.must_wait_for_server(from) {
            return Opened::Waits(Trouble::Incomplete);
        }
        let mut candidates = Vec::new();
        let mut missing = None;
        for next in followers(epoch, is_open) {
            match self.keys(from, *next, secrets) {
                Ok(keys) => candidates.push((*next, keys)),
                Err(trouble) => missing = missing.or(Some(trouble)),
            }
        }
        let side = &mut self.sides[from.index()];
        if let (Some(Epoch::Traffic), Reading::Open(_, keys)) = (epoch, &side.reading) {
            candidates.extend(keys.update().map(|keys| (Epoch::Traffic, keys)));
        }
        if let (false, true, Some(trouble)) = (is_open, candidates.is_empty(), missing) {
            return Opened::Waits(trouble);
        }
        for (next, keys) in candidates {
            let tries = side.tries();
            if let Some(sequence) = matching(&keys, 0, tries, record, &mut side.effort) {
                let sends_data = matches!(next, Epoch::Master | Epoch::Traffic);
                let lost = sends_data && (sequence > 0 || is_open && epoch == Some(Epoch::Traffic));
                let opened = keys.open(sequence, record);
                side.reading = Reading::Open(next, Box::new(keys));
                return side.found(sequence, opened, lost, true);
            }
        }
        Opened::No
    }

    /// A direction waits, unless nothing that it could wait for will come.
    pub(super) fn wait(&mut self, from: End, trouble: Trouble, secrets: &Secrets, to: To<'_>) {
        if secrets.is_complete() && matches!(trouble, Trouble::NoSecrets { .. }) {
            self.give_up(from, trouble, to);
        } else {
            self.sides[from.index()].waiting = Some(trouble);
        }
    }

    /// Whether it is to be seen yet if the server takes early data or passes them over, as this does then.
    fn must_wait_for_server(&self, from: End) -> bool {
        let server = &self.sides[from.other().index()];
        let is_past = server.sends_data() || server.failures > 0 || server.is_ignored();
        self.agreed.early == EarlyData::Offered && !is_past
    }

    /// The first keys of an epoch.
    fn keys(&self, from: End, epoch: Epoch, secrets: &Secrets) -> Result<Keys, Trouble> {
        let agreed = &self.agreed;
        let random = agreed.client_random.as_ref().ok_or(Trouble::NotCaptured)?;
        let is_client = from == self.client;
        let label = match (epoch, is_client) {
            (Epoch::Master, _) => Label::Master,
            (Epoch::Early, _) => Label::ClientEarly,
            (Epoch::Handshake, true) => Label::ClientHandshake,
            (Epoch::Handshake, false) => Label::ServerHandshake,
            (Epoch::Traffic, true) => Label::ClientTraffic,
            (Epoch::Traffic, false) => Label::ServerTraffic,
        };
        let Some(secret) = secrets.find(random, label) else {
            let label = secrets.knows(random).then_some(label);
            return Err(Trouble::NoSecrets { client_random: *random, label });
        };
        let suite = agreed.suite.and_then(Suite::find).ok_or(Trouble::Incomplete)?;
        let keys = match agreed.version {
            Some(Version::Tls12) => {
                let randoms = [random, &agreed.server_random];
                Keys::of_master(&suite, &secret, randoms, is_client, agreed.encrypt_then_mac)
            }
            _ => Keys::of_traffic(&suite, &secret),
        };
        keys.ok_or(Trouble::Damaged)
    }
}

impl Side {
    /// A record opened.
    fn found<'r>(
        &mut self,
        sequence: u64,
        opened: Option<(ContentType, &'r mut [u8])>,
        lost: bool,
        are_new: bool,
    ) -> Opened<'r> {
        let Some((kind, content)) = opened else { return Opened::No };
        if are_new || self.unsure && matches!(self.reading, Reading::Open(Epoch::Traffic, _)) {
            self.messages.restart();
        }
        self.sequence = sequence + 1;
        self.unsure = false;
        self.unread = 0;
        self.failures = 0;
        Opened::Content { kind, content, lost }
    }
}

/// Which keys may be used next, if no record opens with those of an epoch.
const fn followers(epoch: Option<Epoch>, is_open: bool) -> &'static [Epoch] {
    const OF_TLS13: &[Epoch] = &[Epoch::Early, Epoch::Handshake, Epoch::Traffic];
    let all = match epoch {
        None | Some(Epoch::Master) => &[Epoch::Master],
        Some(Epoch::Early) => OF_TLS13,
        Some(Epoch::Handshake) => OF_TLS13.split_at(1).1,
        Some(Epoch::Traffic) => OF_TLS13.split_at(2).1,
    };
    if is_open { all.split_at(1).1 } else { all }
}

/// The sequence number with which a record opens, which stays as it is.
fn matching(keys: &Keys, first: u64, tries: u64, record: &[u8], effort: &mut u64) -> Option<u64> {
    let mut copy = Vec::with_capacity(record.len());
    (first..first.saturating_add(tries)).find(|sequence| {
        copy.clear();
        copy.extend_from_slice(record);
        let opens = keys.open(*sequence, &mut copy).is_some();
        if !opens {
            *effort += record.len() as u64;
        }
        opens
    })
}
