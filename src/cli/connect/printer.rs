//! Printing above the line that is being edited.
//!
//! Lines appear whole and in order, and never within what is typed: they wait while no line is being edited.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustyline::ExternalPrinter;

/// Where the editor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between two lines: it comes back by itself.
    Away,
    /// At a line, with a prompt on the terminal.
    Editing,
    /// At a line still, but the terminal is wanted back.
    Leaving,
    /// It does not come back.
    Gone,
}

/// Where the editor is, for those who wait for it.
#[derive(Debug)]
pub(super) struct Desk {
    place: Mutex<Place>,
    moved: Condvar,
}

impl Desk {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { place: Mutex::new(Place::Away), moved: Condvar::new() })
    }

    pub(super) fn turn(&self, place: Place) {
        // Nobody panics while holding it.
        let mut is = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        // Who left does not come back.
        if *is != Place::Gone {
            *is = place;
        }
        self.moved.notify_all();
    }

    /// Waits until it is no longer there; says where it is then.
    fn wait_while(&self, there: Place) -> Place {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        *self.moved.wait_while(place, |place| *place == there).unwrap_or_else(PoisonError::into_inner)
    }

    /// The editor is at a line, and prepared the terminal for it.
    pub(super) fn sit_down(&self) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if *place == Place::Away {
            *place = Place::Editing;
            self.moved.notify_all();
        }
    }

    /// The editor is about to draw its line. When it is to leave it does not, and never touches the terminal again.
    pub(super) fn draw(&self) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if *place == Place::Leaving {
            *place = Place::Gone;
            self.moved.notify_all();
            drop(place);
            loop {
                thread::park();
            }
        }
    }
}

enum Order {
    Print(String),
    Finish(SyncSender<()>),
}

/// Prints above the line that is being edited.
pub(super) struct Printer(SyncSender<Order>);

/// So many lines may wait to be printed.
const WAITING: usize = 1024;
/// Lines that wait are printed together, up to so many bytes of them.
const TOGETHER: usize = 64 << 10;
/// Moves the cursor up and down again. The editor takes one text after another: when it has taken a second one of
/// these, what came before is on the terminal.
const NOTHING: &str = "\x1b[A\n";

impl Printer {
    pub(super) fn start(desk: Arc<Desk>, terminal: impl ExternalPrinter + Send + 'static) -> Self {
        let (sender, orders) = mpsc::sync_channel(WAITING);
        thread::spawn(move || work(&orders, &desk, terminal));
        Self(sender)
    }

    /// Prints a line, as soon as a line is being edited.
    pub(super) fn print(&self, mut line: String) {
        line.push('\n');
        // The other end stays as long as this one.
        let _printed = self.0.send(Order::Print(line));
    }

    /// Waits until everything is on the terminal, and the line that was edited is not; not for ever, should that be
    /// stuck.
    pub(super) fn finish(&self) {
        let (done, finished) = mpsc::sync_channel(1);
        if self.0.send(Order::Finish(done)).is_ok() {
            let _in_time = finished.recv_timeout(Duration::from_millis(300));
        }
    }
}

fn work(orders: &Receiver<Order>, desk: &Desk, mut terminal: impl ExternalPrinter) {
    let mut next = orders.recv().ok();
    while let Some(order) = next.take() {
        match order {
            Order::Print(mut text) => {
                while text.len() < TOGETHER {
                    match orders.try_recv() {
                        Ok(Order::Print(more)) => text.push_str(&more),
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                desk.wait_while(Place::Away);
                // A terminal that is gone shows nothing to anybody.
                let _shown = terminal.print(text);
            }
            Order::Finish(done) => {
                if desk.wait_while(Place::Away) == Place::Editing {
                    let _shown = terminal.print(NOTHING.to_owned());
                    let _shown = terminal.print(NOTHING.to_owned());
                    // Now everything is on the terminal; the next thing to be drawn is not.
                    desk.turn(Place::Leaving);
                    let _shown = terminal.print(NOTHING.to_owned());
                    desk.wait_while(Place::Leaving);
                }
                let _heard = done.send(());
            }
        }
        next = next.or_else(|| orders.recv().ok());
    }
}
