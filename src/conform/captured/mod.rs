//! Captured connections as cases.
//!
//! What the client of a connection sent becomes the steps of a case, and what the server sent what is expected, so that
//! a conversation that was captured once can be played against any server. A case is made only if it can be true to
//! what was captured: of a connection of which the beginning or bytes are missing none is. Where the language of cases
//! has other words the case file says what differs. Memory and file are bounded.
//!
//! **The file holds messages as they were sent**, secrets that they carry among them. What the opening handshake
//! carried is not in it, but for the target, without its secrets.

mod about;
mod ending;
mod plan;
mod said;
mod trouble;

use std::io;

pub use self::trouble::NoCase;

use self::plan::Plan;
use self::said::{Said, Sent, What};
use super::parse::MAX_FILE;
use super::{Case, Id, Patience, Source, Terms, Then};
use crate::capture::{Connection, Event, Frame, Message, Opaque, Sink, Wants};
use crate::proto::deflate::{Agreed, NAME};
use crate::proto::opening::Extension;
use crate::proto::{Clause, Kind, Level, Role, Rule};
use crate::wire::Opcode;

/// The most frames of a connection that becomes a case.
const FRAMES: u64 = 10_000;

/// The most payload bytes of both ends, as sent and inflated.
const BYTES: u64 = 16 << 20;

/// So many rules that were broken are told apart.
const RULES: usize = 64;

/// Notes what is said on a connection, and makes a case file of it.
///
/// ```no_run
/// use wslab::capture::source::{self, Item};
/// use wslab::capture::{Analyzer, Options};
/// use wslab::conform::Captured;
///
/// let mut analyzer = Analyzer::new(Options::default(), Captured::new(3));
/// let mut source = source::open(&["traffic.pcapng".into()])?;
/// while let Some(item) = source.next()? {
///     match item {
///         Item::Packet(packet) => analyzer.packet(packet)?,
///         Item::Secrets(secrets) => analyzer.secrets(secrets),
///         Item::Idle => {}
///     }
/// }
/// let (captured, _) = analyzer.finish()?;
/// std::fs::write("captured.toml", captured.case_file("traffic.pcapng")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Captured {
    number: u64,
    /// How many connections there were.
    connections: u64,
    connection: Option<Connection>,
    said: Vec<Said>,
    /// Where in it the client's message is that is not finished: its frames.
    unfinished: Vec<usize>,
    frames: u64,
    bytes: u64,
    broken: Vec<(Role, Rule)>,
    /// Control frames stood between those of a compressed message.
    between: bool,
    trouble: Option<NoCase>,
}

impl Captured {
    /// For the connection of this number, as [`Connection::number`] counts.
    pub const fn new(number: u64) -> Self {
        Self {
            number,
            connections: 0,
            connection: None,
            said: Vec::new(),
            unfinished: Vec::new(),
            frames: 0,
            bytes: 0,
            broken: Vec::new(),
            between: false,
            trouble: None,
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.bytes += frame.captured;
        let Some(payload) = frame.payload else {
            return self.refuse(NoCase::FrameTooBig { number: self.number, frame: frame.number });
        };
        let opcode = frame.head.opcode;
        let what = if frame.from == Role::Client {
            let index = self.said.len();
            match opcode {
                Opcode::TEXT | Opcode::BINARY => self.unfinished = vec![index],
                Opcode::CONTINUATION => self.unfinished.push(index),
                _ => {}
            }
            What::Frame(Sent {
                head: frame.head,
                payload: payload.to_vec().into(),
                faults: frame.faults,
                content: None,
                fragment: false,
            })
        } else {
            match opcode {
                Opcode::PING => What::Ping(payload.to_vec().into()),
                Opcode::PONG => What::Pong(payload.to_vec().into()),
                Opcode::CLOSE => What::Close(frame.code),
                _ => return,
            }
        };
        self.said.push(Said { at: frame.place.time, what });
    }

    fn message(&mut self, message: &Message<'_>) {
        let frames = match message.from {
            Role::Client => std::mem::take(&mut self.unfinished),
            Role::Server => Vec::new(),
        };
        if message.from == Role::Client && !message.compressed {
            return;
        }
        let Some(payload) = message.payload else {
            if let Some(why @ (Opaque::Incomplete | Opaque::Context | Opaque::TooBig)) = message.opaque {
                let (number, from) = (self.number, message.from);
                self.refuse(NoCase::Opaque { number, from, message: message.number, why });
            }
            // What breaks a rule is no message to expect, and is sent as it was.
            return;
        };
        self.bytes += payload.len() as u64;
        let content = payload.to_vec().into();
        match message.from {
            Role::Server => {
                let text = message.kind == Kind::Text;
                self.said.push(Said { at: message.place.time, what: What::Message { text, content } });
            }
            Role::Client => self.compressed(&frames, content),
        }
    }

    /// The client's message in these frames is compressed, and has this content.
    fn compressed(&mut self, frames: &[usize], content: bytes::Bytes) {
        let Some(((first, rest), last)) = frames.split_first().zip(frames.last()) else { return };
        for index in *first..=*last {
            if let What::Frame(sent) = &mut self.said[index].what {
                self.between |= !frames.contains(&index);
                sent.fragment = rest.contains(&index);
            }
        }
        if let What::Frame(sent) = &mut self.said[*first].what {
            sent.content = Some((content, frames.len()));
        }
    }

    fn refuse(&mut self, why: NoCase) {
        self.trouble.get_or_insert(why);
        self.said = Vec::new();
        self.unfinished = Vec::new();
    }

    /// The case, and the rest of a file around it. `file` is the name of the capture, for people to know it by.
    ///
    /// # Errors
    /// If there is no connection of the number, or no case can be true to it.
    pub fn case_file(self, file: &str) -> Result<String, NoCase> {
        let number = self.number;
        let (case, about) = self.case(file)?;
        let section = "[section]\nid = \"capture\"\ntitle = \"Captured connections\"\n";
        let text = format!("{about}\n{section}\n{}", case.render());
        if text.len() > MAX_FILE {
            return Err(NoCase::FileTooLarge { number, bytes: text.len() });
        }
        Ok(text)
    }

    /// The case, and what is to be known of it.
    fn case(self, file: &str) -> Result<(Case, String), NoCase> {
        let number = self.number;
        let Some(connection) = self.connection else {
            return Err(NoCase::NoSuchConnection { number, connections: self.connections });
        };
        trouble::check(&connection)?;
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        let agreed = agreed(&connection)?;
        let plan = Plan::of(&connection, self.said, &self.broken, self.between);
        let about = about::comment(&connection, file, &plan, agreed.is_some());
        let rules = rules(&self.broken);
        let mut clauses: Vec<Clause> = rules.iter().map(|rule| rule.clause()).collect();
        if clauses.is_empty() {
            clauses.extend(about::clauses(&connection));
        }
        let terms = |agreed: Agreed| Terms {
            takeover: !agreed.server_no_context_takeover,
            window: agreed.server_max_window_bits,
            own: crate::conform::Own::default(),
        };
        let case = Case {
            id: Id(format!("capture.{number}").into()),
            title: about::title(&connection, file),
            note: None,
            level: rules.iter().map(|rule| rule.level()).min().unwrap_or(Level::Must),
            rules,
            clauses,
            tags: vec!["captured".to_owned()],
            target: Some(Role::Server),
            deflate: agreed.map(terms).into_iter().collect(),
            opening: None,
            manners: crate::conform::Manners::default(),
            beside: None,
            send: plan.steps,
            expect: vec![plan.expected],
            close: plan.close,
            patience: Patience { time: plan.patience, then: Then::Fail },
            hears_messages: true,
            informational: plan.informational,
            source: Source { file: file.into(), line: 1 },
        };
        Ok((case, about))
    }
}

/// The rules that were broken behind the opening handshake, each once.
fn rules(broken: &[(Role, Rule)]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = broken.iter().map(|(_, rule)| *rule).filter(|rule| !is_of_opening(*rule)).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Whether a rule is about the opening handshake, which a case does not replay.
fn is_of_opening(rule: Rule) -> bool {
    rule >= Rule::RequestMalformed
}

/// The compression that was agreed on, if nothing else was.
fn agreed(connection: &Connection) -> Result<Option<Agreed>, NoCase> {
    let Some(text) = connection.extensions.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let other = || NoCase::Extensions { number: connection.number, extensions: text.escape_default().to_string() };
    let extensions = Extension::parse_list(text.as_bytes()).map_err(|_| other())?;
    match &extensions[..] {
        [deflate] if deflate.name == NAME => Agreed::parse(deflate).map(Some).map_err(|_| other()),
        _ => Err(other()),
    }
}

impl Sink for Captured {
    fn wants(&self) -> Wants {
        Wants { frame_payloads: true, messages: true }
    }

    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        let own = |connection: &Connection| connection.number == self.number;
        match event {
            Event::Opened(connection) | Event::Closed(connection) => {
                self.connections = self.connections.max(connection.number + 1);
                if matches!(event, Event::Closed(_)) && own(connection) {
                    self.connection = Some((*connection).clone());
                }
            }
            Event::Frame(frame) if own(frame.connection) && self.trouble.is_none() => self.frame(frame),
            Event::Message(message) if own(message.connection) && self.trouble.is_none() => self.message(message),
            Event::Violation(violation) if own(violation.connection) => {
                let broken = (violation.by, violation.rule);
                if self.broken.len() < RULES && !self.broken.contains(&broken) {
                    self.broken.push(broken);
                }
            }
            _ => return Ok(()),
        }
        if self.trouble.is_none() && (self.frames > FRAMES || self.bytes > BYTES) {
            self.refuse(NoCase::TooLong { number: self.number, frames: FRAMES, bytes: BYTES });
        }
        Ok(())
    }
}
