//! Standard input, on which a capture may come while it is being made.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::buffer::NotYet;

/// After how long without a byte it is said that there is none: less than a second.
const IDLE: Duration = Duration::from_millis(100);

/// Standard input. Once it is told to be restless it says [`NotYet`] where nothing comes for a while.
pub(super) struct Stdin {
    /// Not [`io::Stdin`], whose own buffer may have bytes while the system has none.
    from: File,
    restless: Arc<AtomicBool>,
}

impl Stdin {
    /// Standard input, and by what it is made restless.
    pub(super) fn open() -> io::Result<(Self, Arc<AtomicBool>)> {
        let restless = Arc::new(AtomicBool::new(false));
        let from = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok((Self { from, restless: Arc::clone(&restless) }, restless))
    }

    /// Whether something is there, if only its end; waits for it, but not for long.
    fn is_ready(&self) -> bool {
        let mut handles = [PollFd::new(&self.from, PollFlags::IN)];
        let most = Timespec { tv_sec: 0, tv_nsec: IDLE.subsec_nanos().into() };
        // What is wrong shows when it is read.
        !matches!(poll(&mut handles, Some(&most)), Ok(0))
    }
}

impl Read for Stdin {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.restless.load(Ordering::Relaxed) && !self.is_ready() {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, NotYet));
        }
        self.from.read(bytes)
    }
}
