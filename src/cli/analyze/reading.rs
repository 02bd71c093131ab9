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
                Err(error) if error.is_damage() => {
                    print::error(error);
                    ended = Ended::Damaged;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ended::Interrupted)
    }
}

#[cfg(feature = "live")]
fn open(arguments: &Analyze) -> anyhow::Result<Box<dyn Source>> {
    Ok(match &arguments.interface {
        Some(interface) => Box::new(Live::open(interface, arguments.bpf.as_deref())?),
        None => source::open(&arguments.captures)?,
    })
}

#[cfg(not(feature = "live"))]
fn open(arguments: &Analyze) -> anyhow::Result<Box<dyn Source>> {
    Ok(source::open(&arguments.captures)?)
}
