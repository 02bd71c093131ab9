//! The program as a process: what it was told, what it said, how it ended. None may take longer than a minute.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The exit code is this one, and nothing that was said is for programmers alone.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        for words in ["panicked", "RUST_BACKTRACE", "stack backtrace", "Some(", "Err(", "Os {", "\u{1b}"] {
            let said = self.stdout.contains(words) || self.stderr.contains(words);
            assert!(!said, "{words:?} is for programmers: {self:#?}");
        }
        self
    }

    /// Everything, with what differs from run to run made alike.
    pub(crate) fn screen(&self) -> String {
        alike(&format!("{}--- on stderr, exit code {}\n{}", self.stdout, self.code, self.stderr))
    }
}

/// Ports, times and keys made alike.
pub(crate) fn alike(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let line = after(line, "127.0.0.1:", |digit| digit.is_ascii_digit(), "PORT");
        let line = before(&line, " ms", "#");
        let line = after(&line, " passed in ", |digit| digit.is_ascii_digit() || digit == '.', "#");
        let line = after(&line, "Sec-WebSocket-Key: ", |character| !character.is_whitespace(), "KEY");
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

fn after(line: &str, mark: &str, varies: fn(char) -> bool, instead: &str) -> String {
    let mut parts = line.split(mark);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(mark);
        text.push_str(instead);
        text.push_str(part.trim_start_matches(varies));
    }
    text
}

/// Numbers before `mark` are replaced, with the blanks that align them.
fn before(line: &str, mark: &str, instead: &str) -> String {
    let mut parts: Vec<String> = line.split(mark).map(str::to_owned).collect();
    let last = parts.len() - 1;
    for part in &mut parts[..last] {
        let kept = part.trim_end_matches(|digit: char| digit.is_ascii_digit() || digit == '.').trim_end().len();
        if kept < part.len() {
            // A column keeps its width.
            let width = part.chars().count() - part[..kept].chars().count();
            part.truncate(kept);
            part.push_str(&if width > 4 { format!("{instead:>width$}") } else { format!(" {instead}") });
        }
    }
    parts.join(mark)
}

/// The program, without what the environment would tell it.
pub(crate) fn wslab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wslab"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("WSLAB_")
            || name.starts_with("CLICOLOR")
            || name == "NO_COLOR"
            || name.starts_with("GITHUB_")
        {
            command.env_remove(&*name);
        }
    }
    command.env("COLUMNS", "100").env("RUST_BACKTRACE", "1").args(arguments);
    command
}

/// Runs the program until it ends by itself.
#[track_caller]
pub(crate) fn run(arguments: &[&str]) -> Ended {
    Running::start(wslab(arguments)).ended()
}

/// Runs the program with this input.
#[track_caller]
pub(crate) fn run_with(arguments: &[&str], input: &[u8]) -> Ended {
    let mut running = Running::start(wslab(arguments));
    running.say(input);
    running.ended()
}

/// A program that runs. It is ended when this is dropped.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    read: String,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.split(b'\n').map_while(Result::ok) {
                let _unheard = sender.send(format!("{}\n", String::from_utf8_lossy(&line)));
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut said = Vec::new();
            let _ended = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        Self { stdin: child.stdin.take(), child, lines, read: String::new(), stderr: Some(stderr) }
    }

    /// Writes to its standard input.
    pub(crate) fn say(&mut self, input: &[u8]) {
        // A program that ended has no ears.
        let _heard = self.stdin.as_mut().unwrap().write_all(input);
    }

    /// The next line of its standard output.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("a line");
        self.read.push_str(&line);
        line
    }

    /// The next line of its standard output, if there is one already.
    pub(crate) fn heard(&mut self) -> Option<String> {
        let line = self.lines.try_recv().ok()?;
        self.read.push_str(&line);
        Some(line)
    }

    /// Sends it a signal by its name.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends its input and waits for its end.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        drop(self.stdin.take());
        self.end()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let status = self.wait();
        self.read.extend(self.lines.iter());
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Ended { code: status.code().unwrap_or(-1), stdout: std::mem::take(&mut self.read), stderr }
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None => assert!(Instant::now() < until, "it hangs"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
