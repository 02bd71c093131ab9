//! What a case asks of the two ends: those that move much data would fail the patience of the others.

use crate::conform::{Alternative, Case, Expected, Payload, Step};

/// Bytes from which on a case counts as one that moves much data.
const BULK: u64 = 512 * 1024;

/// Whether much is sent or, where it inflates, comes back.
pub(super) fn moves_much(case: &Case) -> bool {
    weight(&case.send) >= BULK || case.expect.iter().any(|course: &Alternative| returns(&course.events) >= BULK)
}

/// Bytes of these events.
fn returns(events: &[Expected]) -> u64 {
    let one = |event: &Expected| match event {
        Expected::Text(payload) | Expected::Binary(payload) | Expected::Pong(payload) => payload.len() as u64,
        Expected::Repeat(times, events) => u64::from(*times).saturating_mul(returns(events)),
        Expected::Wait(_) | Expected::Answer(_) | Expected::End | Expected::Rest => 0,
    };
    events.iter().map(one).fold(0, u64::saturating_add)
}

/// Bytes that the steps send, and more for each write of a chopped frame and for compressing.
fn weight(steps: &[Step]) -> u64 {
    let one = |step: &Step| match step {
        Step::Frame(frame) => {
            let len = frame.payload.len() as u64;
            let len = frame.chop.map_or(len, |chop| len.max(len / chop.max(1) as u64 * 256));
            if frame.compressed { len.saturating_add(1024) } else { len }
        }
        Step::More(payload) | Step::Raw { bytes: payload, .. } => payload.len() as u64,
        Step::Repeat { times, steps } => u64::from(*times).saturating_mul(weight(steps).saturating_add(256)),
        Step::Wait { .. } | Step::Await(_) | Step::Unread(_) | Step::HalfClose | Step::Reset => 0,
    };
    steps.iter().map(one).fold(0, u64::saturating_add)
}

/// The number of the payload that the steps compress first, in the order in which such were seen.
pub(super) fn walks_like<'c>(walks: &mut Vec<Option<&'c Payload>>, steps: &'c [Step]) -> usize {
    let payload = compressed(steps);
    walks.iter().position(|known| *known == payload).unwrap_or_else(|| {
        walks.push(payload);
        walks.len() - 1
    })
}

fn compressed(steps: &[Step]) -> Option<&Payload> {
    steps.iter().find_map(|step| match step {
        Step::Frame(frame) => Some(&frame.payload).filter(|_| frame.compressed),
        Step::Repeat { steps, .. } => compressed(steps),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::Corpus;

    #[test]
    fn what_inflates_to_much_moves_much_however_short_it_is() {
        let cases = Corpus::embedded().cases;
        let moves = |id: &str| cases.iter().find(|case| case.id.as_str() == id).map(moves_much);
        // Echoes of a message, of 16 MiB, and of 16 MiB that were compressed to some kilobytes.
        assert_eq!([moves("1.1.2"), moves("9.1.6"), moves("df.10.3")], [Some(false), Some(true), Some(true)]);
    }
}
