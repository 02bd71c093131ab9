//! Live interfaces, by libpcap.

use std::fmt;
use std::time::Duration;

use pcap::{Active, Capture, Device, Error};
#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::field::link;
use super::{Item, Source, SourceError};
use crate::capture::{LinkType, Packet, Place, Time};

/// The most bytes of a packet that are kept: more than the largest that offloading makes.
const SNAP: i32 = 262_144;

/// What the kernel keeps until it is read, in bytes.
const BUFFER: i32 = 16 * 1024 * 1024;

/// After how long without a packet [`Item::Idle`] is said: less than a second.
const IDLE: Duration = Duration::from_millis(100);

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const NANOSECONDS_PER_MICROSECOND: i64 = 1000;

/// Captures on an interface. It never ends by itself; packets come as soon as they are seen.
pub struct Live {
    interface: Box<str>,
    capture: Capture<Active>,
    link: LinkType,
    packets: u64,
    /// The packet that is lent: libpcap's own memory is not to be written to.
    data: Vec<u8>,
    over: bool,
}

/// Why an interface cannot be captured on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// It does not exist.
    #[error("there is no interface {interface}; there are {known}")]
    NoInterface {
        /// Its name.
        interface: Box<str>,
        /// The names of those that exist.
        known: Box<str>,
    },
    /// It takes more rights.
    #[error(
        "capturing on {interface} is not permitted: run as root, or give the program the right by `setcap \
         cap_net_raw+ep PROGRAM`, or pipe `tcpdump -U -w -` into it"
    )]
    NotPermitted {
        /// Its name.
        interface: Box<str>,
    },
    /// The filter is wrong.
    #[error("the capture filter {filter:?} cannot be used: {error}")]
    Filter {
        /// The filter.
        filter: Box<str>,
        /// What libpcap says of it.
        error: Box<str>,
    },
    /// Something else.
    #[error("capturing on {interface} failed after {packets} packets: {error}")]
    Failed {
        /// Its name.
        interface: Box<str>,
        /// How many packets came.
        packets: u64,
        /// What libpcap says.
        error: Box<str>,
    },
}

impl Live {
    /// Captures on the interface of this name what the filter lets through, in the language of pcap-filter(7), or
    /// everything. The interface is not made promiscuous.
    ///
    /// # Errors
    /// If there is no such interface, if it takes more rights, or if the filter is wrong.
    pub fn open(interface: &str, filter: Option<&str>) -> Result<Self, SourceError> {
        let failed = |error: Error| LiveError::of(interface, 0, &error);
        let mut capture = Capture::from_device(interface)
            .map_err(failed)?
            .immediate_mode(true)
            .snaplen(SNAP)
            .buffer_size(BUFFER)
            .open()
            .and_then(Capture::setnonblock)
            .map_err(failed)?;
        if let Some(filter) = filter {
            capture
                .filter(filter, true)
                .map_err(|error| LiveError::Filter { filter: filter.into(), error: said(&error).into() })?;
        }
        let link = link(capture.get_datalink().0.cast_unsigned());
        Ok(Self { interface: interface.into(), capture, link, packets: 0, data: Vec::new(), over: false })
    }

    /// The names of the interfaces that can be captured on.
    pub fn interfaces() -> Vec<String> {
        Device::list().map_or_else(|_| Vec::new(), |list| list.into_iter().map(|device| device.name).collect())
    }

    /// How many packets were lost because they were not read in time, if it is known.
    pub fn dropped(&mut self) -> Option<u64> {
        let counts = self.capture.stats().ok()?;
        Some(u64::from(counts.dropped) + u64::from(counts.if_dropped))
    }

    /// Copies the next packet if there is one; its time and length.
    fn copy(&mut self) -> Result<Option<(Option<Time>, u32)>, Error> {
        match self.capture.next_packet() {
            Ok(packet) => {
                self.data.clear();
                self.data.extend_from_slice(packet.data);
                let at = packet.header.ts;
                Ok(Some((time(at.tv_sec, at.tv_usec), packet.header.len.max(packet.header.caplen))))
            }
            Err(Error::TimeoutExpired) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for a packet, but not for long. libpcap's own time limit begins with the first packet on some systems.
    #[cfg(unix)]
    fn wait(&self) {
        let mut handles = [PollFd::new(&self.capture, PollFlags::IN)];
        let most = Timespec { tv_sec: 0, tv_nsec: IDLE.subsec_nanos().into() };
        // What is wrong shows when the next packet is asked for.
        let _ = poll(&mut handles, Some(&most));
    }

    #[cfg(not(unix))]
    fn wait(&self) {
        std::thread::sleep(IDLE);
    }
}

impl Source for Live {
    fn next(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        if self.over {
            return Ok(None);
        }
        let mut found = self.copy();
        if let Ok(None) = found {
            self.wait();
            found = self.copy();
        }
        match found {
            Ok(Some((time, length))) => {
                self.packets += 1;
                let place = Place { packet: self.packets, time };
                Ok(Some(Item::Packet(Packet { place, link: self.link, length, data: &mut self.data })))
            }
            Ok(None) => Ok(Some(Item::Idle)),
            Err(Error::NoMorePackets) => {
                self.over = true;
                Ok(None)
            }
            Err(error) => {
                self.over = true;
                Err(LiveError::of(&self.interface, self.packets, &error).into())
            }
        }
    }
}

impl LiveError {
    fn of(interface: &str, packets: u64, error: &Error) -> Self {
        let words = said(error);
        let known = Live::interfaces();
        // Without the right to capture, libpcap does not say whether there is such an interface; the list does.
        if packets == 0 && !known.is_empty() && !known.iter().any(|name| name == interface) {
            return Self::NoInterface { interface: interface.into(), known: known.join(", ").into() };
        }
        let lower = words.to_lowercase();
        if lower.contains("permission") || lower.contains("not permitted") {
            return Self::NotPermitted { interface: interface.into() };
        }
        Self::Failed { interface: interface.into(), packets, error: words.into() }
    }
}

/// A time in seconds and microseconds, whose widths depend on the system.
fn time(seconds: impl Into<i64>, microseconds: impl Into<i64>) -> Option<Time> {
    let seconds = seconds.into().checked_mul(NANOSECONDS_PER_SECOND)?;
    let part = microseconds.into().checked_mul(NANOSECONDS_PER_MICROSECOND)?;
    seconds.checked_add(part).map(Time)
}

/// What libpcap says, without who says it.
fn said(error: &Error) -> String {
    match error {
        Error::PcapError(words) => words.clone(),
        other => other.to_string(),
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("interface", &self.interface)
            .field("packets", &self.packets)
            .finish_non_exhaustive()
    }
}
