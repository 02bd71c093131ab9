//! The stream `system`: how busy this machine is.

use std::time::Duration;

use serde::Serialize;
use sysinfo::{MINIMUM_CPU_UPDATE_INTERVAL, System};
use tokio::time::Instant;

use super::stream::Publisher;
use crate::app::clock;

/// How often the machine is looked at.
pub const SYSTEM_PERIOD: Duration = Duration::from_secs(2);

/// What is known of this machine between two looks at it.
#[derive(Debug)]
pub struct Machine {
    system: System,
}

/// How busy this machine is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// How busy its processors were since the look before, in percent of all of them.
    pub cpu: f64,
    /// How many processors it has.
    pub cpus: usize,
    /// Its memory.
    pub memory: Usage,
    /// The file system of `/`; `None` where the system has none.
    pub disk: Option<Usage>,
    /// How many tasks were running or waiting to, in the mean over the last 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// In ms since the epoch.
    pub timestamp: u64,
}

/// How much of something is used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// In bytes.
    pub used: u64,
    /// In bytes.
    pub total: u64,
    /// How much is used of what can be.
    pub percent: f64,
}

impl Usage {
    fn new(used: u64, total: u64) -> Self {
        let used = used.min(total);
        Self { used, total, percent: share(used, total) }
    }
}

/// In percent.
fn share(part: u64, whole: u64) -> f64 {
    percent(part as f64 / whole.max(1) as f64 * 100.0)
}

/// As `df` counts: what only the superuser may use is not used, and cannot be either.
#[cfg(unix)]
fn disk() -> Option<Usage> {
    let about = rustix::fs::statvfs("/").ok()?;
    let used = about.f_blocks.saturating_sub(about.f_bfree);
    let percent = share(used, used.saturating_add(about.f_bavail));
    let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
    Some(Usage { used: bytes(used), total: bytes(about.f_blocks), percent })
}

#[cfg(not(unix))]
fn disk() -> Option<Usage> {
    None
}

/// From 0 to 100, to the tenth.
fn percent(value: f64) -> f64 {
    // What is no number is nothing.
    if value.is_nan() { 0.0 } else { (value.clamp(0.0, 100.0) * 10.0).round() / 10.0 }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// Looks for the first time. Blocks for some milliseconds.
    pub fn new() -> Self {
        let mut system = System::new();
        system.refresh_cpu_usage();
        Self { system }
    }

    /// Looks at it. Processors are counted since the look before, which should be 200 ms ago or more. Blocks for some
    /// milliseconds.
    pub fn read(&mut self) -> Reading {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let load = System::load_average();
        Reading {
            cpu: percent(f64::from(self.system.global_cpu_usage())),
            cpus: self.system.cpus().len(),
            memory: Usage::new(self.system.used_memory(), self.system.total_memory()),
            disk: disk(),
            load: [load.one, load.five, load.fifteen],
            timestamp: clock::now(),
        }
    }
}

/// Publishes readings while somebody wants them.
pub(super) async fn run(publisher: Publisher) {
    let mut machine = None;
    // When the machine was looked at, if that makes a next look worth anything.
    let mut looked: Option<Instant> = None;
    while publisher.wanted().await {
        if looked.is_none_or(|looked| looked.elapsed() >= SYSTEM_PERIOD * 2) {
            // What the processors did while nobody asked is not what they do now.
            let _old = look(&mut machine, Machine::read).await;
            looked = None;
        }
        let last = *looked.get_or_insert_with(Instant::now);
        publisher.rest_until(last + MINIMUM_CPU_UPDATE_INTERVAL).await;
        let next = Instant::now() + SYSTEM_PERIOD;
        let reading = look(&mut machine, Machine::read).await;
        looked = reading.is_some().then(Instant::now);
        if let Some(reading) = reading {
            // Fails only if the stream is gone, which ends the loop.
            let _published = publisher.publish(&reading);
        }
        publisher.rest_until(next).await;
    }
}

/// Looks at the machine where blocking harms nobody. If that panics there is nothing to be said, and no machine any more:
/// the next look makes another.
async fn look<T: Send + 'static>(
    machine: &mut Option<Machine>,
    with: impl FnOnce(&mut Machine) -> T + Send + 'static,
) -> Option<T> {
    let known = machine.take();
    let looking = tokio::task::spawn_blocking(move || {
        let mut machine = known.unwrap_or_default();
        let seen = with(&mut machine);
        (machine, seen)
    });
    let (known, seen) = looking.await.ok()?;
    *machine = Some(known);
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_that_panics_is_not_the_last() {
        let mut machine = None;
        assert!(look(&mut machine, Machine::read).await.is_some());
        assert!(machine.is_some(), "it is kept from look to look");
        let panicking = |machine: &mut Machine| -> Reading { panic!("{} processors", machine.read().cpus) };
        assert_eq!(look(&mut machine, panicking).await, None);
        assert!(machine.is_none());
        let reading = look(&mut machine, Machine::read).await.expect("a reading");
        assert!(reading.cpus > 0 && machine.is_some());
    }
}
