//! What is shown of a conformance run: progress while it goes on, failures as they come, the table at the end.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anstyle::{Reset, Style};
use indicatif::{MultiProgress, ProgressBar};

use super::conform::Conform;
use super::print::{self, Count, GOOD, Harmless, WEAK, WRONG};
use super::{Everywhere, progress};
use crate::conform::{Conclusion, Corpus, Outcome, Reason, Trouble, Verdict, Why};
use crate::proto::Role;
use crate::report;
use crate::watch::{Brief, Event, Kind, Plan, Sink, Summary};

/// How often the progress is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(200);

pub(super) struct Screen<'a> {
    conform: &'a Conform,
    everywhere: &'a Everywhere,
    briefs: HashMap<String, Brief>,
    bar: ProgressBar,
    failed: u64,
    shown: u64,
    /// How many failures there were for each reason of which one example is enough.
    alike: BTreeMap<String, u64>,
    running: Vec<String>,
    unreachable: Option<Trouble>,
    /// Who is tested, where it is one of several.
    agent: Option<String>,
    /// What is to be printed at the end, while somebody else has the terminal.
    held: Option<RefCell<Vec<Held>>>,
}

/// What is printed later: so much text, and no more of what it is about.
enum Held {
    Result(String),
    Told(String),
}

impl<'a> Screen<'a> {
    pub(super) fn new(conform: &'a Conform, everywhere: &'a Everywhere, cases: usize) -> Self {
        let hidden = everywhere.quiet || !io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { progress::bar(cases as u64) };
        Self {
            conform,
            everywhere,
            briefs: HashMap::new(),
            bar,
            failed: 0,
            shown: 0,
            alike: BTreeMap::new(),
            running: Vec::new(),
            unreachable: None,
            agent: None,
            held: None,
        }
    }

    /// A screen that shows everything only when it is finished, because a dashboard has the terminal until then.
    pub(super) fn held(conform: &'a Conform, everywhere: &'a Everywhere) -> Self {
        let bar = ProgressBar::hidden();
        Self { bar, held: Some(RefCell::default()), ..Self::new(conform, everywhere, 0) }
    }

    /// The screen of one agent of several, whose bars are drawn together.
    pub(super) fn of_agent(
        conform: &'a Conform,
        everywhere: &'a Everywhere,
        cases: usize,
        agent: &str,
        bars: &MultiProgress,
    ) -> Self {
        let mut screen = Self::new(conform, everywhere, cases);
        if !screen.bar.is_hidden() {
            screen.bar = progress::bar_among(bars, cases as u64, Harmless(agent).to_string());
        }
        screen.agent = Some(agent.to_owned());
        screen
    }

    /// A case is run once more: what it came to before does not count.
    pub(super) fn forget(&mut self, outcome: &Outcome) {
        if !matches!(outcome.verdict, Verdict::NotRun(_)) {
            self.bar.set_position(self.bar.position().saturating_sub(1));
            self.failed = self.failed.saturating_sub(u64::from(outcome.fails(self.conform.strict)));
        }
    }

    fn started(&mut self, plan: &Plan) {
        self.briefs = plan.cases.iter().map(|brief| (brief.id.clone(), brief.clone())).collect();
        if !self.everywhere.quiet && !self.conform.json {
            let own = match plan.role {
                Role::Server if self.conform.target.is_none() => "wslab's own echo server at ",
                Role::Server => "",
                Role::Client => "the client ",
            };
            let cases = Count(plan.cases.len(), "case");
            self.tell(format_args!("testing {own}{} with {cases}", Harmless(&plan.target)));
        }
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    fn progress(&self) {
        let failed = if self.failed > 0 { format!("{} failed, ", self.failed) } else { String::new() };
        let running = match self.running.as_slice() {
            [] => String::new(),
            [case] => format!("running {case}"),
            [oldest, others @ ..] => format!("running {oldest} and {} more", others.len()),
        };
        self.bar.set_message(format!("{failed}{running}"));
    }

    fn finished(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.running.retain(|id| *id != outcome.case);
        if !matches!(outcome.verdict, Verdict::NotRun(_)) {
            self.bar.inc(1);
            self.failed += u64::from(outcome.fails(self.conform.strict));
        }
        self.progress();
        if self.conform.json {
            return match self.briefs.get(&outcome.case) {
                Some(brief) => self.json(report::json_outcome(brief, outcome)),
                None => Ok(()),
            };
        }
        if matches!(outcome.verdict, Verdict::NotRun(_)) {
            return Ok(());
        }
        if outcome.fails(self.conform.strict) {
            if let Some(reason) = never_judged(outcome) {
                let times = self.alike.entry(reason).or_default();
                *times += 1;
                if *times > 1 {
                    return Ok(());
                }
            }
            if self.shown < report::FAILURES as u64 {
                self.shown += 1;
                self.show(WRONG, &report::failed_word(outcome), outcome)?;
            }
        } else if self.everywhere.verbose && !outcome.passes(true) {
            self.show(WEAK, &report::weak_word(outcome), outcome)?;
        }
        Ok(())
    }

    fn show(&self, style: Style, word: &str, outcome: &Outcome) -> io::Result<()> {
        let Some(case) = self.briefs.get(&outcome.case) else { return Ok(()) };
        let text = report::failure(case, outcome, &self.conform.repeat(&outcome.case));
        let of = self.agent.as_ref().map(|agent| format!("{}: ", Harmless(agent))).unwrap_or_default();
        self.result(format_args!("{style}{word}{Reset} {of}{text}"))
    }

    fn result(&self, line: fmt::Arguments<'_>) -> io::Result<()> {
        if let Some(held) = &self.held {
            held.borrow_mut().push(Held::Result(line.to_string()));
            return Ok(());
        }
        // The bar must not be drawn into the text.
        self.bar.suspend(|| print::result(line))
    }

    fn tell(&self, line: fmt::Arguments<'_>) {
        match &self.held {
            Some(held) => held.borrow_mut().push(Held::Told(line.to_string())),
            None => self.bar.suspend(|| print::tell(line)),
        }
    }

    /// Prints an object, with the agent that it is about where there are several.
    fn json(&self, mut object: serde_json::Value) -> io::Result<()> {
        if let (Some(agent), Some(fields)) = (&self.agent, object.as_object_mut()) {
            fields.insert("agent".to_owned(), agent.as_str().into());
        }
        self.result(format_args!("{object}"))
    }

    /// Shows what it came to.
    pub(super) fn finish(&self, corpus: &Corpus, conclusion: &Conclusion) -> io::Result<()> {
        self.bar.finish_and_clear();
        for held in self.held.iter().flat_map(RefCell::take) {
            match held {
                Held::Result(line) => print::result(format_args!("{line}"))?,
                Held::Told(line) => print::tell(format_args!("{line}")),
            }
        }
        if let Some(trouble) = &self.unreachable {
            let name = self.conform.target.as_deref().unwrap_or("wslab's own server");
            print::error(format_args!("{name} was never reachable: {trouble}"));
            if matches!(trouble, Trouble::Refused | Trouble::NotFound(_)) && self.conform.wait.is_zero() {
                print::tell(format_args!("Is the server running there? --wait 30s waits until it is."));
            }
        }
        if self.conform.json || self.everywhere.quiet || !conclusion.reached {
            return Ok(());
        }
        self.bar.suspend(|| self.print_end(corpus, conclusion))
    }

    fn print_end(&self, corpus: &Corpus, conclusion: &Conclusion) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        let mut told = self.shown;
        for (reason, times) in self.alike.iter().filter(|(_, times)| **times > 1) {
            let more = times - 1;
            told += more;
            writeln!(out, "… and {more} more failed because {reason}\n")?;
        }
        if let more @ 1.. = self.failed.saturating_sub(told) {
            writeln!(out, "{}\n", report::more_failed(more as usize))?;
        }
        if let Some(agent) = &self.agent {
            writeln!(out, "{}:\n", Harmless(agent))?;
        }
        write!(out, "{}", report::sections(&corpus.sections, &conclusion.outcomes))?;
        let strict = self.conform.strict;
        let is_weak = |outcome: &Outcome| {
            let passes = outcome.passes(strict) && !matches!(outcome.verdict, Verdict::NotRun(_));
            !passes && outcome.known.is_none()
        };
        let style = match () {
            () if self.failed > 0 => WRONG,
            () if conclusion.outcomes.iter().any(is_weak) => WEAK,
            () => GOOD,
        };
        let came_to = report::came_to(&conclusion.outcomes, strict, conclusion.summary.duration);
        writeln!(out, "\n{style}{came_to}{Reset}")?;
        if self.everywhere.verbose {
            writeln!(out, "{}", counts(&conclusion.summary))?;
        }
        Ok(())
    }
}

/// Why a case could not be judged: what is said once, and then only counted.
fn never_judged(outcome: &Outcome) -> Option<String> {
    match &outcome.verdict {
        Verdict::Broken(trouble) => Some(trouble.to_string()),
        Verdict::Failed(whys) => whys.iter().find(|why| matches!(why, Why::Handshake { .. })).map(ToString::to_string),
        _ => None,
    }
}

fn counts(summary: &Summary) -> String {
    let words: Vec<String> = summary.verdicts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    words.join(", ")
}

impl Sink for Screen<'_> {
    fn take(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            Kind::RunStarted(plan) => self.started(plan),
            Kind::CaseStarted { case, .. } => {
                if !self.running.contains(case) {
                    self.running.push(case.clone());
                }
                self.progress();
            }
            Kind::CaseRetried(_) => {}
            Kind::Unreachable(trouble) => self.unreachable = Some(trouble.clone()),
            Kind::CaseFinished(outcome) => return self.finished(outcome),
            Kind::RunFinished(summary) if self.conform.json => {
                return self.json(report::json_summary(summary));
            }
            Kind::RunFinished(Summary { stopped: Some(Reason::Cancelled), .. }) => {
                self.tell(format_args!("interrupted"));
            }
            Kind::RunFinished(_) => {}
        }
        Ok(())
    }
}
