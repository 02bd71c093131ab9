//! The dashboard of a source, or one look at it.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::terminal;
use ratatui::layout::Size;
use tokio::time::{Instant, timeout_at};

use super::Watched;
use crate::capture::FieldFilter;
use crate::cli::print::Harmless;
use crate::cli::{Color, Everywhere, Exit, print, value};
use crate::tui::{self, Input, Model, Options, Theme};
use crate::watch::Snapshot;
use crate::watch::live::{News, Progress, State};

/// How a dashboard looks.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Looks {
    /// How it looks: dark, light, plain (without colours) or ascii
    #[arg(long, env = "WSLAB_THEME", value_name = "THEME", value_parser = theme)]
    theme: Option<Theme>,
    /// Show only connections that this expression wants, such as 'faults > 0'
    #[arg(long, env = "WSLAB_FILTER", value_name = "EXPRESSION", value_parser = filter)]
    filter: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, env = "WSLAB_NO_MOUSE", value_parser = value::flag)]
    no_mouse: bool,
}

fn filter(text: &str) -> Result<String, String> {
    FieldFilter::parse(text, &tui::FIELDS).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn theme(name: &str) -> Result<Theme, String> {
    Theme::named(name).ok_or_else(|| {
        let known: Vec<_> = Theme::ALL.iter().map(|theme| theme.name()).collect();
        format!("write one of {}", known.join(", "))
    })
}

impl Looks {
    fn options(&self, name: String, everywhere: &Everywhere) -> Options {
        let usual = Options::new(name);
        let is_plain =
            everywhere.color == Color::Never || std::env::var_os("NO_COLOR").is_some_and(|no| !no.is_empty());
        let theme = self.theme.unwrap_or(if is_plain { Theme::Plain } else { usual.theme });
        Options { theme, filter: self.filter.clone(), mouse: !self.no_mouse, ..usual }
    }

    /// Shows a dashboard until its user leaves it.
    pub(in crate::cli) async fn show(&self, watched: Watched, everywhere: &Everywhere) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            io::stdout().is_terminal(),
            "a dashboard is shown on a terminal, and the output is none: --once prints one screen as text"
        );
        let options = self.options(watched.name, everywhere);
        match tui::run(watched.news, watched.wishes, options).await? {
            tui::Ended::Quit => Ok(Exit::Ok),
            tui::Ended::Interrupted => Ok(Exit::Interrupted),
        }
    }
}

/// One look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Once {
    /// As the dashboard shows it.
    Screen,
    /// Everything, as JSON.
    Json,
}

/// Of what goes on this much is waited for.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a source that goes on may take to tell the first thing.
const FIRST: Duration = Duration::from_secs(10);
/// A screen that is printed where no terminal says how large it is.
const SIZE: Size = Size { width: 120, height: 40 };

/// What a source has told last.
#[derive(Debug, Default)]
struct Told {
    snapshots: u32,
    snapshot: Option<Box<Snapshot>>,
    run: Option<Box<Progress>>,
    state: Option<State>,
}

impl Told {
    fn hear(&mut self, news: News) {
        match news {
            News::State(state) => self.state = Some(state),
            News::Snapshot(snapshot) => {
                self.snapshots += 1;
                self.snapshot = Some(snapshot);
            }
            News::Run(progress) => self.run = Some(progress),
            News::Violations(_) | News::Frames(_) | News::Playing(_) => {}
        }
    }

    /// Whether there is nothing more to wait for. Two snapshots have rates.
    fn is_enough(&self, is_going_on: bool) -> bool {
        matches!(self.state, Some(State::Over { .. } | State::Lost { .. })) || (is_going_on && self.snapshots > 1)
    }
}

impl Once {
    /// Looks at a source, and says what there is to see: of what has an end, at its end.
    pub(super) async fn look(
        self,
        looks: &Looks,
        mut watched: Watched,
        everywhere: &Everywhere,
    ) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            looks.filter.is_none() || matches!(self, Self::Screen),
            "--filter is for the screen, and --json prints everything"
        );
        let size = terminal::size().ok().filter(|_| io::stdout().is_terminal());
        let size = size.map_or(SIZE, |(width, height)| Size { width, height });
        let mut model = Model::new(looks.options(watched.name.clone(), everywhere), size);
        let mut told = Told::default();
        // Of what goes on without an end, some time has to do, even if nothing comes.
        let mut until = watched.is_going_on.then(|| Instant::now() + FIRST);
        let mut begun = false;
        while !told.is_enough(watched.is_going_on) {
            let next = match until {
                Some(until) => timeout_at(until, watched.news.recv()).await.ok().flatten(),
                None => watched.news.recv().await,
            };
            let Some(news) = next else { break };
            model.update(Input::News(news.clone()));
            told.hear(news);
            if watched.is_going_on && told.snapshots > 0 && !std::mem::replace(&mut begun, true) {
                until = Some(Instant::now() + PATIENCE);
            }
        }
        match self {
            Self::Screen => print::result(format_args!("{}", tui::once(&model, size).trim_end()))?,
            Self::Json => {
                if let Some(snapshot) = &told.snapshot {
                    print::result(format_args!("{}", serde_json::to_string(snapshot)?))?;
                }
                if let Some(run) = &told.run {
                    print::result(format_args!("{}", serde_json::to_string(run)?))?;
                }
            }
        }
        Ok(match told.state {
            Some(State::Over { words: Some(words) }) => {
                print::error(Harmless(&words));
                Exit::Usage
            }
            Some(State::Lost { why, .. }) => {
                print::error(Harmless(&why));
                Exit::Unreachable
            }
            _ => Exit::Ok,
        })
    }
}
