//! Reading all packets, until they end, are damaged, or nobody wants more.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::told::Told;
use super::{Analyze, print};
use crate::capture::Analyzer;
#[cfg(feature = "live")]
use crate::capture::source::Live;
use crate::capture::source::{self, Item, Source};
use crate::cli::Exit;
use crate::cli::signal::Interrupts;

/// Where packets come from.
pub(super) struct Reading {
    source: Box<dyn Source>,
    stop: Arc<AtomicBool>,
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything was read.
    Whole,
    /// There is more that cannot be read.
    Damaged,
    /// The user wants no more.
    Interrupted,
}

impl Reading {
    /// Opens what the arguments name. From now on an interrupt ends reading, and another one the program.
    pub(super) fn open(arguments: &Analyze) -> anyhow::Result<Self> {
        let source = open(arguments)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut interrupts = Interrupts::new()?;
        tokio::spawn(async move {
            interrupts.next().await;
            stopped.store(true, Ordering::Relaxed);
            interrupts.next().await;
            // Whoever reads may wait for a packet that never comes.
            process::exit(Exit::Interrupted as i32);
        });
        Ok(Self { source, stop })
    }

    /// Reads everything. Damage is said; what comes before it counts.
    pub(super) fn all(&mut self, analyzer: &mut Analyzer<Told>) -> anyhow::Result<Ended> {
        let mut ended = Ended::Whole;
        while !self.stop.load(Ordering::Relaxed) {
            match self.source.next() {
                Ok(Some(Item::Packet(packet))) => analyzer.packet(packet)?,
                Ok(Some(Item::Secrets(secrets))) => analyzer.secrets(secrets),
                Ok(Some(Item::Idle)) => analyzer.sink_mut().flush()?,
                Ok(None) => return Ok(ended),
                // What could be read of it, or of other files, is told all the same.
                Err(error) if error.is_damage() || analyzer.totals().packets > 0 => {
                    print::error(error);
                    ended = Ended::Damaged;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ended::Interrupted)
    }
}

fn open(arguments: &Analyze) -> anyhow::Result<Box<dyn Source>> {
    match &arguments.interface {
        Some(interface) => live(interface, arguments.bpf.as_deref()),
        None => Ok(source::open(&arguments.captures)?),
    }
}

#[cfg(feature = "live")]
fn live(interface: &str, filter: Option<&str>) -> anyhow::Result<Box<dyn Source>> {
    Ok(Box::new(Live::open(interface, filter)?))
}

#[cfg(not(feature = "live"))]
fn live(interface: &str, _: Option<&str>) -> anyhow::Result<Box<dyn Source>> {
    anyhow::bail!(
        "interfaces are read only if wslab was built with `--features live`; without it: \
         tcpdump -i {interface} -U -w - | wslab analyze -"
    )
}
