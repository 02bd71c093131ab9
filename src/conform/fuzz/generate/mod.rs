//! Sessions from seeds.
//!
//! What a session is hangs on the seed, its number and the choice alone. Legal ones use all that the RFCs allow within
//! modest sizes; illegal ones have one fault, with legal traffic before and behind it.

mod content;
mod deflate;
mod fault;
mod message;

use std::fmt;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::session::Session;
use crate::conform::{Own, Step, Terms};

type Steps = Vec<Step>;

/// Which sessions are generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Sessions that a target has to take.
    pub legal: bool,
    /// Sessions that it has to fail.
    pub illegal: bool,
    /// Sessions with permessage-deflate.
    pub deflate: bool,
    /// Faults that RFC 6455 forbids who sends, without saying that who receives has to mind: lengths that are not in the
    /// shortest form (section 5.2), close codes beyond all ranges (section 7.4.2), and compressed messages that end
    /// inside a block (RFC 7692, section 7.2.2). What is legal and yet not taken by everybody: the close codes 1012 to
    /// 1014, which IANA registered later, close frames between fragments, and compressed messages that go on behind a
    /// final block (RFC 7692, section 7.2.1), since zlib ends there. And TCP that we end without a close frame, upon which the other end should end it
    /// too (section 7.1.1).
    pub strict: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self { legal: true, illegal: true, deflate: true, strict: false }
    }
}

/// How messages of a session are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    /// Not at all, and nothing is agreed.
    None,
    /// By our compressor, with the context that was agreed.
    Ours,
    /// By hand, each for itself; with blocks behind a final one if `finals` is set.
    Written { finals: bool },
}

/// Generates sessions.
pub struct Generator {
    seed: u64,
    /// Strategies, of which the number of a session says which is its own.
    kinds: Vec<BoxedStrategy<Session>>,
}

/// A session that can be made simpler step by step.
pub struct Grown(Box<dyn ValueTree<Value = Session>>);

impl Generator {
    /// Sessions of this choice, the same for the same seed.
    pub fn new(seed: u64, choice: Choice) -> Self {
        let mut kinds = Vec::new();
        let compressions: &[Compression] = if choice.deflate {
            &[Compression::None, Compression::Written { finals: choice.strict }, Compression::None, Compression::Ours]
        } else {
            &[Compression::None]
        };
        for compression in compressions {
            if choice.legal || !choice.illegal {
                kinds.push(legal(*compression, choice.strict));
            }
            if choice.illegal {
                kinds.push(illegal(*compression, choice.strict));
            }
        }
        Self { seed, kinds }
    }

    /// The session of this number.
    pub fn session(&self, number: u64) -> Option<Grown> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let kind = usize::try_from(number % self.kinds.len() as u64).ok()?;
        let tree = self.kinds.get(kind)?.new_tree(&mut runner).ok()?;
        Some(Grown(Box::new(tree)))
    }
}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Grown {
    /// The session as it is now.
    pub fn session(&self) -> Session {
        self.0.current()
    }

    /// Makes it simpler. Gives whether that could be.
    pub fn simplify(&mut self) -> bool {
        self.0.simplify()
    }

    /// Takes the last simplification back in part. Gives whether that could be.
    pub fn complicate(&mut self) -> bool {
        self.0.complicate()
    }
}

impl fmt::Debug for Grown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Grown").field(&self.session()).finish()
    }
}

/// On which terms compression is agreed: with the target's own way limited or not.
fn terms(compression: Compression) -> BoxedStrategy<Vec<Terms>> {
    if compression == Compression::None {
        return Just(Vec::new()).boxed();
    }
    let plain = Terms { takeover: true, window: None, own: Own::default() };
    let window = select(vec![None, None, Some(15), Some(12), Some(9)]);
    (any::<bool>(), window)
        .prop_map(move |(without, window)| {
            let wanted = Terms { takeover: !without, window, own: Own::default() };
            // A server that does not limit its window has to decline what asks for it (RFC 7692, section 7.1.2.1).
            if wanted == plain { vec![plain] } else { vec![wanted, plain] }
        })
        .boxed()
}

fn legal(compression: Compression, strict: bool) -> BoxedStrategy<Session> {
    let pieces = vec(message::piece(compression), 0..7);
    let close = message::close(strict);
    let end = if strict {
        prop_oneof![10 => close, 2 => message::leave(), 1 => message::reset()].boxed()
    } else {
        prop_oneof![12 => close, 1 => message::reset()].boxed()
    };
    (pieces, weighted(0.35, end), terms(compression))
        .prop_map(|(pieces, close, deflate)| {
            let steps = pieces.into_iter().flatten().chain(close.into_iter().flatten()).collect();
            Session { deflate, steps }
        })
        .boxed()
}

fn illegal(compression: Compression, strict: bool) -> BoxedStrategy<Session> {
    let before = vec(message::piece(compression), 0..3);
    let behind = vec(message::piece(compression), 0..3);
    (fault::fault(compression, strict), before, behind, terms(compression))
        .prop_map(|(fault, before, behind, deflate)| {
            let steps = before.into_iter().flatten().chain(fault).chain(behind.into_iter().flatten()).collect();
            Session { deflate, steps }
        })
        .boxed()
}
