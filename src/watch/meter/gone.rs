//! What connections leave behind.

use std::collections::VecDeque;

use super::{Meter, count};
use crate::proto::{Cause, Closed};
use crate::watch::{End, Row, Samples, Totals};
use crate::wire::CloseCode;
use crate::wire::http::without_tokens;

/// How a connection went.
#[derive(Clone, Copy)]
pub(super) enum Gone<'a> {
    /// Its end was told.
    Closed(&'a Closed),
    /// Whoever drove it let go of it.
    Dropped,
}

/// All connections that are gone.
pub(super) struct Departed {
    pub(super) totals: Totals,
    pub(super) lifetimes: Samples,
    /// The newest comes first.
    last: VecDeque<Row>,
}

/// How many close codes are told apart: peers choose them, and every one is kept.
const CODES: usize = 64;

impl Departed {
    pub(super) fn new() -> Self {
        Self { totals: Totals::default(), lifetimes: Samples::new(), last: VecDeque::new() }
    }

    /// The last, the newest first.
    pub(super) fn rows(&self) -> Vec<Row> {
        self.last.iter().cloned().collect()
    }

    pub(super) fn add(&mut self, row: Row, age: u64, gone: Gone<'_>) {
        count(&mut self.totals, row.received, row.sent, &row.faults);
        let cause = match gone {
            Gone::Closed(closed) => Some(&closed.cause),
            Gone::Dropped => None,
        };
        match cause {
            // It never was open.
            Some(Cause::Refused(_) | Cause::OpeningInvalid(..)) => self.totals.refused += 1,
            Some(Cause::OpeningUnreadable(_) | Cause::OpeningTimeout) => self.totals.failed += 1,
            _ => {
                self.totals.closed += 1;
                self.lifetimes.record(age);
                let end = end(gone);
                self.close(end.code);
                self.last.truncate(Meter::GONE - 1);
                self.last.push_front(Row { end: Some(end), ..row });
            }
        }
    }

    fn close(&mut self, code: CloseCode) {
        let codes = &mut self.totals.closes;
        if codes.len() < CODES || codes.contains_key(&code) {
            *codes.entry(code).or_default() += 1;
        } else {
            self.totals.other_closes += 1;
        }
    }
}

fn end(gone: Gone<'_>) -> End {
    match gone {
        Gone::Closed(Closed { code, reason, sent, clean, cause }) => End {
            code: *code,
            reason: without_tokens(reason).into_owned(),
            sent: *sent,
            clean: *clean,
            cause: cause.to_string(),
        },
        Gone::Dropped => End {
            code: CloseCode::ABNORMAL,
            reason: String::new(),
            sent: None,
            clean: false,
            cause: "this end let go of the connection".into(),
        },
    }
}
