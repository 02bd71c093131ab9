//! A person at a terminal of 80 columns and 24 rows: what is typed, and what is seen then.

use std::io::{Read as _, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::MouseProtocolMode;

const PATIENCE: Duration = Duration::from_secs(60);

/// What is on a terminal, and what was ever written to it.
struct Glass {
    parser: vt100::Parser,
    written: Vec<u8>,
}

/// A program on a terminal.
pub(crate) struct Typing {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    glass: Arc<(Mutex<Glass>, Condvar)>,
    reading: Option<JoinHandle<()>>,
    terminal: Box<dyn MasterPty + Send>,
    /// Without it the terminal would be gone with the program.
    slave: Option<Box<dyn SlavePty + Send>>,
    modes: String,
    /// Where the program keeps what it keeps.
    pub(crate) state: PathBuf,
}

impl Typing {
    /// Runs the program on a terminal; `name` is that of the test.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let state = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("typed-{name}"));
        // There is none the first time.
        let _removed = std::fs::remove_dir_all(&state);
        Self::with_state(state, arguments)
    }

    /// Runs the program with what another run kept.
    pub(crate) fn with_state(state: PathBuf, arguments: &[&str]) -> Self {
        Self::on("xterm-256color", state, arguments)
    }

    /// Runs the program on a terminal of this kind.
    pub(crate) fn on(kind: &str, state: PathBuf, arguments: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wslab"));
        command.args(arguments);
        command.cwd(std::env::current_dir().unwrap());
        command.env("TERM", kind);
        command.env("XDG_STATE_HOME", &state);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WSLAB_") {
                command.env_remove(name);
            }
        }
        command.env_remove("NO_COLOR");
        let modes = modes(&*pty.master);
        let child = pty.slave.spawn_command(command).unwrap();
        let glass = Arc::new((
            Mutex::new(Glass { parser: vt100::Parser::new(24, 80, 0), written: Vec::new() }),
            Condvar::new(),
        ));
        let mut output = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let reading = thread::spawn({
            let glass = glass.clone();
            move || {
                let mut bytes = [0; 4096];
                // Reading fails when the terminal is gone.
                while let Ok(size @ 1..) = output.read(&mut bytes) {
                    let mut seen = glass.0.lock().unwrap();
                    seen.parser.process(&bytes[..size]);
                    seen.written.extend_from_slice(&bytes[..size]);
                    glass.1.notify_all();
                }
            }
        });
        let (terminal, slave) = (pty.master, Some(pty.slave));
        Self { child, keys, glass, reading: Some(reading), terminal, slave, modes, state }
    }

    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// What is on the terminal, with times and ports made alike and without empty lines at the end.
    pub(crate) fn screen(&self) -> String {
        let seen = self.glass.0.lock().unwrap();
        alike(&seen.parser.screen().contents())
    }

    /// Waits until the screen is as it is wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        let (glass, changed) = &*self.glass;
        let mut seen = glass.lock().unwrap();
        loop {
            let screen = alike(&seen.parser.screen().contents());
            if wanted(&screen) {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "this is not what was wanted:\n{screen}");
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
        drop(seen);
        self
    }

    /// Waits until this is on the terminal.
    #[track_caller]
    pub(crate) fn sees(&mut self, words: &str) -> &mut Self {
        self.until(|screen| screen.contains(words))
    }

    /// Waits until this is no longer on the terminal.
    #[track_caller]
    pub(crate) fn hides(&mut self, words: &str) -> &mut Self {
        self.until(|screen| !screen.contains(words))
    }

    /// Does something again and again until the screen is as it is wanted.
    #[track_caller]
    pub(crate) fn until_it(&mut self, wanted: impl Fn(&str) -> bool, mut again: impl FnMut()) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        while !wanted(&self.screen()) {
            assert!(Instant::now() < until, "this is not what was wanted:\n{}", self.screen());
            again();
            thread::sleep(Duration::from_millis(100));
        }
        self
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until this is the last line, the one that is edited.
    #[track_caller]
    pub(crate) fn edits(&mut self, line: &str) -> &mut Self {
        self.until(|screen| screen.lines().last().is_some_and(|last| last.trim_end() == line.trim_end()))
    }

    /// Everything that was ever written to the terminal.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.glass.0.lock().unwrap().written).into_owned()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end: it has this exit code, and the terminal is as it was. Gives what is left on it.
    #[track_caller]
    pub(crate) fn ends(self, code: u32) -> String {
        self.leaves(code).0
    }

    /// Waits for the end of a program that had the whole screen: it has this exit code, and nothing of it is left. Gives
    /// what was ever written.
    #[track_caller]
    pub(crate) fn gives_back(self, code: u32) -> String {
        let (screen, written) = self.leaves(code);
        assert!(written.contains("\u{1b}[?1049h"), "it had the screen");
        assert_eq!(screen, "");
        written
    }

    #[track_caller]
    fn leaves(mut self, code: u32) -> (String, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < until, "it hangs:\n{}", self.screen()),
            }
            thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(modes(&*self.terminal), self.modes, "the terminal is not as it was");
        drop(self.slave.take());
        self.reading.take().unwrap().join().unwrap();
        let screen = self.screen();
        assert_eq!(status.exit_code(), code, "{screen}");
        let written = self.written();
        assert!(written.rfind("\u{1b}[?2004l") >= written.rfind("\u{1b}[?2004h"), "pasting is not as it was");
        let seen = self.glass.0.lock().unwrap();
        let left = seen.parser.screen();
        assert!(!left.alternate_screen(), "the screen is not as it was");
        assert!(!left.hide_cursor(), "the cursor is hidden");
        assert_eq!(left.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is not as it was");
        drop(seen);
        (screen, written)
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
    }
}

fn modes(terminal: &dyn MasterPty) -> String {
    let modes = terminal.get_termios().unwrap();
    format!("{:?} {:?} {:?}", modes.input_flags, modes.output_flags, modes.local_flags)
}

/// Times and ports made alike.
fn alike(screen: &str) -> String {
    let lines = screen.trim_end().lines().map(|line| match line.split_once("Z ") {
        Some((time, rest)) if time.len() == 12 && time.ends_with(|last: char| last.is_ascii_digit()) => {
            format!("TIME {rest}")
        }
        _ => line.to_owned(),
    });
    let lines =
        lines.map(|line| match ["pong after ", "round trip ", "open for "].iter().find(|mark| line.contains(**mark)) {
            Some(mark) => after(&line, mark),
            None => line,
        });
    crate::process::alike(&lines.collect::<Vec<_>>().join("\n")).trim_end().to_owned()
}

/// A line with the number behind these words made alike.
fn after(line: &str, mark: &str) -> String {
    let (before, number) = line.split_once(mark).unwrap_or((line, ""));
    let number = number.trim_start();
    let unit = number.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
    let shown = if unit.len() < number.len() { "#" } else { "" };
    format!("{before}{mark}{shown}{unit}")
}
