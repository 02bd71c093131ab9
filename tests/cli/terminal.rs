//! What a person sees on a terminal of 80 columns.

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::faulty::{careless, drain, server};
use crate::process::alike;

/// A program on a terminal, and the screens that were seen.
struct Seen {
    code: u32,
    /// What is left on the screen at the end.
    last: String,
    /// Every screen that differs from the one before.
    screens: Vec<String>,
}

/// Runs the program on a terminal until it ends; is told of each new screen, and what types the user then.
fn on_a_terminal(arguments: &[&str], mut look: impl FnMut(&str) -> Option<&'static [u8]> + Send + 'static) -> Seen {
    let size = PtySize { rows: 40, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wslab"));
    command.args(arguments);
    command.cwd(std::env::current_dir().unwrap());
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/terminal"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    let seen = Arc::new(Mutex::new((vt100::Parser::new(40, 80, 0), Vec::new())));
    let watching = thread::spawn({
        let seen = seen.clone();
        move || {
            let mut bytes = [0; 4096];
            // Reading fails when the program has ended.
            while let Ok(size @ 1..) = reader.read(&mut bytes) {
                let mut seen = seen.lock().unwrap();
                seen.0.process(&bytes[..size]);
                let screen = seen.0.screen().contents();
                if let Some(keys) = look(&screen) {
                    writer.write_all(keys).unwrap();
                }
                if seen.1.last() != Some(&screen) {
                    seen.1.push(screen);
                }
            }
        }
    });
    let until = Instant::now() + Duration::from_secs(60);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > until => {
                child.kill().unwrap();
                panic!("it hangs: {}", seen.lock().unwrap().0.screen().contents());
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    watching.join().unwrap();
    let seen = seen.lock().unwrap();
    Seen { code: status.exit_code(), last: seen.0.screen().contents(), screens: seen.1.clone() }
}

fn is_bar(line: &str) -> bool {
    line.contains('█') || line.contains('░')
}

#[test]
fn progress_is_one_line_and_leaves_nothing() {
    let seen = on_a_terminal(&["conform", "6.4.1", "6.4.2", "5", "--jobs", "4"], |_| None);
    assert_eq!(seen.code, 0);
    let bars: Vec<&str> = seen.screens.iter().flat_map(|screen| screen.lines().filter(|line| is_bar(line))).collect();
    assert!(bars.iter().all(|bar| bar.contains("/22")), "{bars:#?}");
    // 5.20 and 6.4.1 take a second each, so some are seen to run.
    assert!(bars.iter().any(|bar| bar.contains("/22 running 5.")), "{bars:#?}");
    for screen in &seen.screens {
        assert!(screen.lines().filter(|line| is_bar(line)).count() <= 1, "{screen}");
    }
    insta::assert_snapshot!(alike(&seen.last));
}

#[test]
fn failures_are_whole_while_it_runs() {
    let arguments = ["conform", &server(careless), "1.1.2", "5.3", "5.4", "3.1", "--jobs", "1"];
    let seen = on_a_terminal(&arguments, |_| None);
    assert_eq!(seen.code, 1);
    assert!(!seen.last.lines().any(is_bar), "{}", seen.last);
    let lost = seen.screens.iter().any(|screen| screen.lines().any(|line| is_bar(line) && line.contains("FAILED")));
    assert!(!lost);
    insta::assert_snapshot!(alike(&seen.last));
}

#[test]
fn control_c_ends_a_run() {
    let url = server(drain);
    let mut typed = false;
    let seen = on_a_terminal(&["conform", &url, "1.1.1", "1.1.2"], move |screen| {
        let now = !typed && screen.contains("running 1.1.1");
        typed |= now;
        now.then_some(b"\x03")
    });
    assert_eq!(seen.code, 130);
    assert!(!seen.last.lines().any(is_bar), "{}", seen.last);
    assert!(seen.last.contains("0 of 2 cases passed"), "{}", seen.last);
}

#[test]
fn nothing_moves_when_little_is_wanted() {
    let seen = on_a_terminal(&["conform", "6.4.1", "-q"], |_| None);
    assert_eq!((seen.code, seen.last.as_str()), (0, ""));
}

#[test]
fn lines_are_typed_and_answered() {
    let (_server, url) = crate::serve::on_a_free_port(&[]);
    let mut steps = [("connected to", &b"hello\r"[..]), ("< text hello", b"\x04")].into_iter().peekable();
    let seen = on_a_terminal(&["connect", &url], move |screen| {
        steps.next_if(|(wanted, _)| screen.contains(wanted)).map(|(_, keys)| keys)
    });
    assert_eq!(seen.code, 0, "{}", seen.last);
    assert!(seen.last.trim_end().ends_with("closed with 1000 (normal closure)"), "{}", seen.last);
}
