//! Autobahn's options of connections: what each means here.

use std::time::Duration;

use serde_json::{Map, Value};

use super::SpecFault;
use crate::conform::Timers;

/// What an option is to us.
#[derive(Clone, Copy)]
enum Meaning {
    /// The version of the protocol that a client speaks.
    Version,
    /// The versions that a server speaks.
    Versions,
    /// A time in seconds.
    Timer(fn(&mut Timers) -> &mut Option<Duration>),
    /// It has this value, and can have no other.
    Always(bool),
    /// It is off.
    Off,
    /// It is nothing here, whatever its value.
    Nothing,
}

/// Autobahn's options, and those that came and went with its versions.
const OPTIONS: [(&str, Meaning); 31] = [
    ("version", Meaning::Version),
    ("versions", Meaning::Versions),
    ("openHandshakeTimeout", Meaning::Timer(|timers| &mut timers.opening)),
    ("closeHandshakeTimeout", Meaning::Timer(|timers| &mut timers.closing)),
    ("serverConnectionDropTimeout", Meaning::Timer(|timers| &mut timers.drop)),
    // A fault of the target is answered by a close frame, which shows more than a connection that is gone.
    ("failByDrop", Meaning::Always(false)),
    ("echoCloseCodeReason", Meaning::Always(false)),
    ("utf8validateIncoming", Meaning::Always(true)),
    ("acceptMaskedServerFrames", Meaning::Always(false)),
    ("requireMaskedClientFrames", Meaning::Always(true)),
    ("maskClientFrames", Meaning::Always(true)),
    ("maskServerFrames", Meaning::Always(false)),
    ("applyMask", Meaning::Always(true)),
    ("tcpNoDelay", Meaning::Always(true)),
    ("allowHixie76", Meaning::Always(false)),
    ("maxFramePayloadSize", Meaning::Off),
    ("maxMessagePayloadSize", Meaning::Off),
    ("autoFragmentSize", Meaning::Off),
    ("autoPingInterval", Meaning::Off),
    ("autoPingTimeout", Meaning::Off),
    ("autoPingSize", Meaning::Nothing),
    ("maxConnections", Meaning::Off),
    ("perMessageCompressionOffers", Meaning::Nothing),
    ("perMessageCompressionAccept", Meaning::Nothing),
    ("allowedOrigins", Meaning::Nothing),
    ("allowNullOrigin", Meaning::Nothing),
    ("trustXForwardedFor", Meaning::Nothing),
    ("webStatus", Meaning::Nothing),
    ("serveFlashSocketPolicy", Meaning::Always(false)),
    ("flashSocketPolicy", Meaning::Nothing),
    ("logOctets", Meaning::Nothing),
];

/// Reads options. Names of those that have no effect are added to `ignored`.
///
/// # Errors
/// The name of an option that cannot be as it is, and why.
pub(super) fn read(
    options: &Map<String, Value>,
    timers: &mut Timers,
    ignored: &mut Vec<String>,
) -> Result<(), (String, SpecFault)> {
    for (name, value) in options {
        let wrong = |wanted: &'static str| Err((name.clone(), SpecFault::Option { name: name.clone(), wanted }));
        let Some((_, meaning)) = OPTIONS.iter().find(|(option, _)| option == name) else {
            ignored.push(format!("{name} (which is unknown)"));
            continue;
        };
        let has_effect = match meaning {
            // 13 to 17 are drafts that differ from the RFC, 18, in nothing that is on the wire.
            Meaning::Version if value.as_u64().is_some_and(|version| (13..=18).contains(&version)) => true,
            Meaning::Version => return wrong("18, which is RFC 6455: wslab speaks no draft"),
            Meaning::Versions => match value.as_array().map(Vec::as_slice) {
                Some([only]) if *only == 13 => true,
                Some(versions) if versions.iter().any(|version| *version == 13) => {
                    ignored.push("versions other than 13".to_owned());
                    true
                }
                _ => return wrong("a list with 13 in it, which is RFC 6455: wslab speaks no draft"),
            },
            Meaning::Timer(timer) => match value.as_f64().map(Duration::try_from_secs_f64) {
                // Without a limit nothing would end a case.
                Some(Ok(Duration::ZERO)) => false,
                Some(Ok(time)) if time <= LONGEST => {
                    *timer(timers) = Some(time);
                    true
                }
                _ => return wrong("a time in seconds, an hour at most"),
            },
            Meaning::Always(wanted) => value.as_bool() == Some(*wanted),
            Meaning::Off => value.as_f64() == Some(0.0),
            Meaning::Nothing => false,
        };
        if !has_effect {
            ignored.push(name.clone());
        }
    }
    Ok(())
}

/// The longest time of a timer.
const LONGEST: Duration = Duration::from_secs(60 * 60);
