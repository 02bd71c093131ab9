//! The stream `system`: how busy this machine is.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sysinfo::{Disk, Disks, MINIMUM_CPU_UPDATE_INTERVAL, System};
use tokio::time::Instant;

use super::message::now;
use super::stream::Publisher;

/// How often the machine is looked at.
pub const SYSTEM_PERIOD: Duration = Duration::from_secs(2);

/// What is known of this machine between two looks at it.
#[derive(Debug)]
pub struct Machine {
    system: System,
    disks: Disks,
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
    /// The file system of `/`, or else the largest; `None` where none is known.
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
    /// How much of the total is used.
    pub percent: f64,
}

impl Usage {
    fn new(used: u64, total: u64) -> Self {
        let used = used.min(total);
        Self { used, total, percent: percent(used as f64 / total.max(1) as f64 * 100.0) }
    }
}

/// From 0 to 100, to the tenth.
fn percent(value: f64) -> f64 {
    // What is no number is nothing.
    (value.max(0.0).min(100.0) * 10.0).round() / 10.0
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// Looks for the first time. Blocks for some milliseconds, and longer where a file system does not answer.
    pub fn new() -> Self {
        let mut machine = Self { system: System::new(), disks: Disks::new_with_refreshed_list() };
        let root = |disk: &&Disk| disk.mount_point() == Path::new("/");
        let largest = || machine.disks.list().iter().max_by_key(|disk| disk.total_space());
        let chosen = machine.disks.list().iter().find(root).or_else(largest);
        if let Some(chosen) = chosen.map(|disk| disk.mount_point().to_owned()) {
            // The others are never looked at again: one of them might be on another machine, and not answer.
            let mut disks: Vec<Disk> = Vec::from(std::mem::take(&mut machine.disks));
            disks.retain(|disk| disk.mount_point() == chosen);
            machine.disks = disks.into();
        }
        machine.system.refresh_cpu_usage();
        machine
    }

    /// Looks at it. Processors are counted since the look before, which should be 200 ms ago or more. Blocks for some
    /// milliseconds.
    pub fn read(&mut self) -> Reading {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let load = System::load_average();
        let disk = self.disks.list_mut().first_mut().map(|disk| {
            disk.refresh();
            let total = disk.total_space();
            Usage::new(total.saturating_sub(disk.available_space()), total)
        });
        Reading {
            cpu: percent(f64::from(self.system.global_cpu_usage())),
            cpus: self.system.cpus().len(),
            memory: Usage::new(self.system.used_memory(), self.system.total_memory()),
            disk,
            load: [load.one, load.five, load.fifteen],
            timestamp: now(),
        }
    }
}

/// Publishes readings while somebody wants them.
pub(super) async fn run(publisher: Publisher) {
    let Ok(mut machine) = tokio::task::spawn_blocking(Machine::new).await else { return };
    let mut looked = Instant::now();
    while publisher.wanted().await {
        if looked.elapsed() >= SYSTEM_PERIOD * 2 {
            // What the processors did while nobody asked is not what they do now.
            let look = tokio::task::spawn_blocking(move || {
                machine.read();
                machine
            });
            let Ok(looking) = look.await else { return };
            machine = looking;
            looked = Instant::now();
        }
        publisher.rest_until(looked + MINIMUM_CPU_UPDATE_INTERVAL).await;
        let next = Instant::now() + SYSTEM_PERIOD;
        let look = tokio::task::spawn_blocking(move || {
            let reading = machine.read();
            (machine, reading)
        });
        let Ok((looking, reading)) = look.await else { return };
        machine = looking;
        looked = Instant::now();
        // Fails only if the stream is gone, which ends the loop.
        let _published = publisher.publish(&reading);
        publisher.rest_until(next).await;
    }
}
