//! The line that a person edits on a terminal, with what makes that easy: history, completion, hints.
//!
//! The terminal is given back as it was found, however it ends.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::thread;

use anstream::AutoStream;
use anstyle::Style;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::config::{BellStyle, CompletionType};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Config, Context, Helper};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::command::{Command, FORMS};
use super::history::History;
use super::printer::{Desk, Place, Printer};
use super::screen::{CONTROL, OUTBOUND};

const PROMPT: &str = "> ";

/// What a person did.
#[derive(Debug)]
pub(super) enum Typed {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the terminal is gone.
    End,
    /// What is not as it should be, but is no reason to end.
    Trouble(String),
}

/// Lines that a person edits.
pub(super) struct Editor {
    // As many as a person types.
    typed: UnboundedReceiver<Typed>,
    _terminal: AsFound,
}

impl Editor {
    /// From now on lines are edited; everything else has to be printed by the printer, if there is one: some terminals
    /// cannot be printed on above a line.
    pub(super) fn start(history: History) -> anyhow::Result<(Self, Option<Printer>)> {
        let found = AsFound::new()?;
        let colours = AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let config = Config::builder()
            .max_history_size(History::LINES)?
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .bell_style(BellStyle::None)
            // That the line is drawn has to be known; without colours it is drawn plain.
            .color_mode(ColorMode::Enabled)
            .build();
        let mut editor = rustyline::Editor::<Hand, FileHistory>::with_config(config)?;
        let desk = Desk::new();
        editor.set_helper(Some(Hand { desk: desk.clone(), colours }));
        let printer = editor.create_external_printer().ok().map(|terminal| Printer::start(desk.clone(), terminal));
        let (sender, typed) = unbounded_channel();
        thread::spawn(move || edit(editor, history, &Leaving(desk), &sender));
        Ok((Self { typed, _terminal: found }, printer))
    }

    /// What is done next.
    pub(super) async fn next(&mut self) -> Typed {
        self.typed.recv().await.unwrap_or(Typed::End)
    }

    /// Waits until Ctrl-C is pressed.
    pub(super) async fn interrupt(&mut self) {
        while let Some(typed) = self.typed.recv().await {
            if matches!(typed, Typed::Interrupt) {
                return;
            }
        }
        std::future::pending().await
    }
}

/// Has lines edited until nobody wants them any more. That a line is being edited is what prints, too; so this goes on,
/// without a prompt, when somebody wanted to end.
fn edit(
    mut editor: rustyline::Editor<Hand, FileHistory>,
    history: History,
    desk: &Leaving,
    typed: &UnboundedSender<Typed>,
) {
    let tell = |what: Typed| typed.send(what).is_ok();
    let mut history = Some(history);
    if let Some(Err(trouble)) = history.as_ref().map(|history| history.load(&mut editor)) {
        let _told = tell(Typed::Trouble(trouble));
    }
    let mut prompt = PROMPT;
    let mut interrupted = false;
    loop {
        let read = editor.readline(prompt);
        desk.0.turn(Place::Away);
        let was_interrupted = std::mem::replace(&mut interrupted, false);
        let wanted = match read {
            Ok(line) => {
                if let Some(Err(trouble)) = history.as_mut().map(|history| history.add(&mut editor, &line)) {
                    // It is said once.
                    history = None;
                    let _told = tell(Typed::Trouble(trouble));
                }
                if line.strip_prefix('/').is_some_and(|line| Command::parse(line) == Ok(Command::Quit)) {
                    prompt = "";
                }
                tell(Typed::Line(line))
            }
            Err(ReadlineError::Interrupted) => {
                interrupted = true;
                if was_interrupted {
                    prompt = "";
                }
                tell(Typed::Interrupt)
            }
            Err(ReadlineError::Eof) => {
                prompt = "";
                tell(Typed::End)
            }
            // The window changed its size between two lines.
            Err(ReadlineError::Signal(_)) => true,
            Err(_) => {
                let _told = tell(Typed::End);
                return;
            }
        };
        if !wanted {
            return;
        }
    }
}

/// Nobody waits for an editor that is gone.
struct Leaving(Arc<Desk>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.turn(Place::Gone);
    }
}

/// The modes of the terminal, which are restored.
struct AsFound(Termios);

impl AsFound {
    fn new() -> io::Result<Self> {
        Ok(Self(tcgetattr(io::stdin())?))
    }
}

impl Drop for AsFound {
    fn drop(&mut self) {
        let is_as_found = tcgetattr(io::stdin()).is_ok_and(|now| now.local_modes == self.0.local_modes);
        if is_as_found {
            return;
        }
        // A line was being edited: what is left of it goes, and pasting and drawing are as they were. A terminal that
        // is gone needs nothing.
        let _restored = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
        let mut out = io::stdout().lock();
        let _cleared = out.write_all(b"\r\x1b[J\x1b[?2004l\x1b[?2026l").and_then(|()| out.flush());
    }
}

/// What helps with a line.
struct Hand {
    desk: Arc<Desk>,
    colours: bool,
}

impl Hand {
    fn styled<'t>(&self, style: Style, text: &'t str) -> Cow<'t, str> {
        if self.colours { Cow::Owned(format!("{style}{text}{style:#}")) } else { Cow::Borrowed(text) }
    }
}

/// What could stand behind the cursor.
struct Behind {
    shown: String,
    /// What of it the right arrow takes over, in bytes.
    taken: usize,
}

impl Hint for Behind {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        Some(&self.shown[..self.taken]).filter(|taken| !taken.is_empty())
    }
}

impl Hinter for Hand {
    type Hint = Behind;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Behind> {
        // The terminal is prepared before the first hint is asked for.
        self.desk.sit_down();
        let name = line.strip_prefix('/').filter(|name| pos == line.len() && !name.is_empty())?;
        let (name, is_whole) = name.strip_suffix(' ').map_or((name, false), |name| (name, true));
        let form = FORMS.iter().find(|form| if is_whole { form.name == name } else { form.name.starts_with(name) })?;
        let rest = &form.name[name.len()..];
        let blank = if is_whole || form.takes.is_empty() { "" } else { " " };
        Some(Behind { shown: format!("{rest}{blank}{}", form.takes), taken: rest.len() })
    }
}

impl Completer for Hand {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let Some(name) = line[..pos].strip_prefix('/') else { return Ok((0, Vec::new())) };
        let forms = FORMS.iter().filter(|form| form.name.starts_with(name));
        let blank = |takes: &str| if takes.is_empty() { "" } else { " " };
        Ok((0, forms.map(|form| format!("/{}{}", form.name, blank(form.takes))).collect()))
    }
}

impl Highlighter for Hand {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.desk.draw();
        self.styled(OUTBOUND, prompt)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.styled(CONTROL, hint)
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        false
    }
}

impl Validator for Hand {}
impl Helper for Hand {}
