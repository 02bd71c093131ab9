//! How verdicts look: a colour, a sign and always a word.

use std::borrow::Cow;

use super::super::plain::plain;
use super::super::run::Case;
use crate::watch::Verdict;

/// Text for a page; `maud` takes care of what HTML would act on.
pub(in crate::report) fn safe(text: &str) -> Cow<'_, str> {
    plain(text)
}

/// How a case looks.
pub(super) struct Look {
    /// The class that colours it.
    pub(super) class: &'static str,
    /// A sign for those who do not see colours.
    pub(super) sign: &'static str,
    /// The word.
    pub(super) word: &'static str,
    /// By which words it can be filtered.
    pub(super) words: Vec<&'static str>,
}

impl Look {
    /// What can be filtered by, with the words for it.
    pub(super) const FILTERS: [(&'static str, &'static str); 12] = [
        ("fails", "counts as failed"),
        ("known", "known deviation"),
        ("changed", "changed since the earlier run"),
        ("flaky", "flaky"),
        ("bad-close", "bad close"),
        ("ok", "ok"),
        ("non-strict", "non-strict"),
        ("informational", "informational"),
        ("unimplemented", "unimplemented"),
        ("failed", "failed"),
        ("broken", "broken"),
        ("not-run", "not run"),
    ];

    pub(super) fn of(case: &Case<'_>) -> Self {
        let outcome = case.outcome();
        let (class, sign, word) = match outcome.verdict {
            Verdict::Ok => ("ok", "✓", "ok"),
            Verdict::NonStrict => ("non-strict", "≈", "non-strict"),
            Verdict::Informational => ("informational", "i", "informational"),
            Verdict::Unimplemented => ("unimplemented", "–", "unimplemented"),
            Verdict::Failed(_) => ("failed", "✗", "failed"),
            Verdict::Broken(_) => ("failed", "⚡", "broken"),
            Verdict::NotRun(_) => ("not-run", "○", "not run"),
        };
        let mut words = vec![outcome.verdict.word()];
        words.extend(case.failed().then_some("fails"));
        words.extend(case.known().is_some().then_some("known"));
        words.extend(case.is_flaky().then_some("flaky"));
        words.extend((case.was_run() && !outcome.close.is_good()).then_some("bad-close"));
        Self { class, sign, word, words }
    }
}
