//! Cases and transcripts, made by hand.

use std::sync::LazyLock;
use std::time::Duration;

use wslab::conform::Corpus;
use wslab::proto::Role;
use wslab::watch::{
    Brief, CloseVerdict, Content, Entry, Happening, Heard, Item, Opening, Outcome, Side, Transcript, Verdict,
};
use wslab::wire::{Form, Head, Opcode};

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::embedded);

pub(crate) fn case(id: &str) -> Brief {
    CORPUS.case(id).expect(id).brief()
}

pub(crate) fn outcome(case: &str, verdict: Verdict, transcript: Option<Transcript>) -> Outcome {
    Outcome {
        case: case.to_owned(),
        verdict,
        close: CloseVerdict::Ok,
        close_why: None,
        known: None,
        attempts: 1,
        duration: Duration::from_micros(1500),
        cpu: Duration::from_micros(300),
        stderr: String::new(),
        short: Vec::new(),
        transcript,
    }
}

/// A connection that was opened, and on which nothing has happened.
pub(crate) fn open() -> Transcript {
    let opening = Opening { done: true, status: Some(101), ..Opening::default() };
    Transcript { opening: Some(opening), ..Transcript::new(Role::Client) }
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn text(content: &[u8]) -> Happening {
    Happening::Text(Content::of(content))
}

pub(crate) fn heard(at: u64, what: Happening) -> Heard {
    Heard { at: ms(at), what }
}

pub(crate) fn head(fin: bool, rsv: u8, opcode: u8, len: u64) -> Head {
    Head { fin, rsv, opcode: Opcode(opcode), mask: Some([1, 2, 3, 4]), len, form: Form::minimal(len) }
}

/// A frame that we sent.
pub(crate) fn sent(at: u64, head: Head, start: &[u8]) -> Entry {
    Entry { at: ms(at), side: Side::Us, item: Item::Frame { head, start: start.to_vec(), len: head.len } }
}
