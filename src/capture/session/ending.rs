//! How a connection ends, and who broke what by it.

use std::time::Duration;

use super::open::{Open, index};
use super::told::Told;
use crate::capture::{Ending, Event, Place};
use crate::proto::{Role, Rule};

/// What has to be answered, closed or failed has so much time in the capture before anybody is blamed: what the other
/// end had sent before it knew is no fault.
const GRACE: Duration = Duration::from_secs(10);

/// Whether so much time passed that something is missing, not merely late.
fn is_overdue(since: Place, now: Place) -> bool {
    now.since(since).is_some_and(|time| time >= GRACE)
}

impl Open {
    /// A direction of the TCP connection has ended: by a FIN, or by a RST that ends the other one too.
    pub(super) fn ended(&mut self, from: Role, reset: bool, place: Place) {
        self.connection.last = place;
        if self.ways.iter().all(|way| way.ended.is_none()) {
            self.connection.ending = if reset { Ending::Reset(from) } else { Ending::Finished(from) };
            self.connection.closed = Some(place);
        }
        self.way(from).ended.get_or_insert((place, reset));
    }

    /// Whether both directions were captured: of one alone nobody knows what was answered.
    fn is_seen(&self) -> bool {
        let opened = self.connection.url.is_some() && self.connection.status.is_some();
        opened || self.ways.iter().all(|way| way.last != Place::default())
    }

    /// Whoever ends the TCP connection first is judged by what came before.
    fn judge_ending(&mut self, told: &mut Told<'_>) {
        let (from, place) = match (self.connection.ending, self.connection.closed) {
            (Ending::Finished(from) | Ending::Reset(from), Some(place)) => (from, place),
            _ => return,
        };
        if !self.is_seen() || self.ways.iter().any(|way| way.torn || way.seeker.is_some()) {
            return;
        }
        let peer = from.peer();
        let closed = |role: Role| self.ways[index(role)].closed;
        let failed = self.ways[index(peer)].broken.is_some();
        let rule = match (closed(from), closed(peer)) {
            (Some(one), Some(other)) => {
                let both = if one.packet > other.packet { one } else { other };
                let kept = from == Role::Client && is_overdue(both, place);
                kept.then_some((Role::Server, Rule::ServerKeptConnection))
            }
            // Whoever fails a connection does not have to wait for an answer.
            (Some(_), None) if failed => None,
            (Some(since), None) => is_overdue(since, place).then_some((peer, Rule::CloseUnanswered)),
            (None, Some(_)) => Some((from, Rule::CloseUnanswered)),
            (None, None) if failed => Some((from, Rule::NoCloseFrame)),
            (None, None) => Some((from, Rule::ConnectionLost)),
        };
        if let Some((by, rule)) = rule {
            let offset = self.way(by).base.wrapping_add(self.way(by).flow.position());
            self.tell_faults(by, [rule].into_iter().collect(), None, offset, place, told);
        }
        self.judge_pings(place, told);
    }

    /// Pings that had time enough to be answered.
    fn judge_pings(&mut self, place: Place, told: &mut Told<'_>) {
        for asker in [Role::Client, Role::Server] {
            let by = asker.peer();
            let end = self.way(asker).closed.or(self.way(by).closed).unwrap_or(place);
            let Some(ping) = self.way(asker).pings.unanswered() else { continue };
            if !is_overdue(ping, end) {
                continue;
            }
            let differed = self.way(asker).pings.differed.is_some_and(|pong| pong.packet > ping.packet);
            let rule = if differed { Rule::PongDiffers } else { Rule::PingUnanswered };
            let offset = self.way(by).base.wrapping_add(self.way(by).flow.position());
            self.tell_faults(by, [rule].into_iter().collect(), None, offset, place, told);
        }
    }

    /// An end sends data although the other has broken a rule upon which it has to fail the connection.
    #[cold]
    pub(super) fn goes_on(&mut self, from: Role, place: Place, told: &mut Told<'_>) {
        let Some(broken) = self.way(from.peer()).broken else { return };
        if !self.went_on && self.way(from).closed.is_none() && is_overdue(broken, place) {
            self.went_on = true;
            let offset = self.way(from).base.wrapping_add(self.way(from).flow.position());
            self.tell_faults(from, [Rule::NotFailed].into_iter().collect(), None, offset, place, told);
        }
    }

    /// What is not finished in a direction, and whether its end is to blame for that.
    fn judge_cut(&mut self, from: Role, told: &mut Told<'_>) {
        let way = self.way(from);
        let finished = way.ended.filter(|(_, reset)| !reset && !way.torn);
        if let Some((place, _)) = finished {
            let faults = way.flow.finish();
            let offset = way.base.wrapping_add(way.start);
            match &mut way.frame {
                Some(frame) => faults.for_each(|rule| frame.faults.insert(rule)),
                None => self.tell_faults(from, faults, None, offset, place, told),
            }
        }
        self.cut(from, told);
    }

    /// Nothing more comes in this direction: what still was looked for is not found.
    fn settle(&mut self, from: Role) {
        let way = self.way(from);
        if let Some(seeker) = &mut way.seeker {
            let dropped = seeker.clear();
            way.flow.skip(dropped).for_each(drop);
        }
    }

    /// Nothing more will be seen of the connection.
    pub(super) fn finish(mut self, told: &mut Told<'_>) {
        self.judge_ending(told);
        for role in [Role::Client, Role::Server] {
            self.settle(role);
            self.judge_cut(role, told);
        }
        told.tell(&Event::Closed(&self.connection));
    }
}
