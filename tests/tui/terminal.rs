//! The dashboard on a real terminal, and the terminal after it.
//!
//! It runs in a process of its own, which is this one started again for its one ignored test.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;
use vt100::{MouseProtocolMode, Parser};
use wslab::tui::{Options, run};
use wslab::watch::live::{News, State, Wish};

use crate::stage::snapshot;

#[test]
#[ignore = "the other tests start it, on a terminal"]
fn stand_in() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ended = runtime.expect("it can be built").block_on(async {
        let (news, told) = mpsc::channel(16);
        let (wishes, mut asked) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Some(wish) = asked.recv().await {
                assert!(!matches!(wish, Wish::Hold { .. }) || std::env::var_os("WSLAB_FAIL").is_none(), "it failed");
            }
        });
        for tell in [News::State(State::Live), News::Snapshot(Box::new(snapshot(30, 1)))] {
            news.send(tell).await.expect("somebody hears it");
        }
        let ended = run(told, wishes, Options::new("a stand-in")).await;
        drop(news);
        ended
    });
    println!("ended: {ended:?}");
}

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn std::io::Write + Send>,
    screen: Arc<Mutex<Parser>>,
    before: String,
}

impl Terminal {
    fn start(fails: bool) -> Self {
        let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("there is a terminal");
        let mut command = CommandBuilder::new(std::env::current_exe().expect("it has a name"));
        command.args(["--ignored", "--exact", "terminal::stand_in", "--nocapture"]);
        if fails {
            command.env("WSLAB_FAIL", "1");
        }
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("it can be read");
        let writer = pair.master.take_writer().expect("it can be written");
        let screen = Arc::new(Mutex::new(Parser::new(24, 80, 0)));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                shown.lock().expect("nobody panics with it").process(&bytes[..count]);
            }
        });
        Self { master: pair.master, child, writer, screen, before }
    }

    fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("it takes keys");
    }

    fn until(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let begun = Instant::now();
        loop {
            let screen = self.screen.lock().expect("nobody panics with it").screen().clone();
            if is_so(&screen) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}:\n{}", screen.contents());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// The terminal is as it was before.
    fn is_given_back(&self) {
        self.until("it is given back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == MouseProtocolMode::None
        });
        let begun = Instant::now();
        while format!("{:?}", self.master.get_termios()) != self.before {
            assert!(begun.elapsed() < Duration::from_secs(30), "the terminal is still raw");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn it_is_used_and_given_back() {
    let mut terminal = Terminal::start(false);
    terminal.shows("30 open");
    assert!(terminal.screen.lock().expect("nobody panics with it").screen().alternate_screen());
    terminal.keys("?");
    terminal.shows("show these keys");
    terminal.keys("?/connection < 3\r");
    terminal.shows("3 shown · 30 open");
    terminal.keys("S ");
    terminal.shows("FROZEN");
    terminal.keys("\r");
    terminal.shows("Connection ");
    // A click on the title of a column.
    terminal.keys("\x1b");
    terminal.shows("PEER");
    terminal.keys("\x1b[<0;3;4M");
    terminal.shows("PEER▲");
    terminal.master.resize(PtySize { rows: 40, cols: 120, ..PtySize::default() }).expect("it can be resized");
    terminal.screen.lock().expect("nobody panics with it").screen_mut().set_size(40, 120);
    terminal.shows("Spread");
    terminal.keys("q");
    terminal.is_given_back();
    terminal.shows("ended: Ok(Quit)");
}

#[test]
fn a_signal_gives_it_back() {
    let terminal = Terminal::start(false);
    terminal.shows("30 open");
    let id = terminal.child.process_id().expect("it runs");
    let id = rustix::process::Pid::from_raw(i32::try_from(id).expect("it is small")).expect("it is not 0");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    terminal.is_given_back();
    terminal.shows("ended: Ok(Interrupted)");
}

#[test]
fn a_panic_gives_it_back_and_can_be_read() {
    let mut terminal = Terminal::start(true);
    terminal.shows("30 open");
    terminal.keys(" ");
    terminal.is_given_back();
    terminal.shows("it failed");
    terminal.shows("a part of the program has failed");
}
