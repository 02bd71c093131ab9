//! What is to be known of a case that was captured.

use super::plan::{Differs, Plan};
use crate::capture::{Connection, Frames, Place};
use crate::proto::Clause;

/// One sentence: what is sent.
pub(super) fn title(connection: &Connection, file: &str) -> String {
    let sent = &connection.from_client;
    let Frames { text, binary, continuation, close, ping, pong, reserved } = sent.frames;
    let kinds = [
        (text, "text"),
        (binary, "binary"),
        (continuation, "continuation"),
        (ping, "ping"),
        (pong, "pong"),
        (close, "close"),
        (reserved, "reserved"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    let frames = match (kinds.split_last(), sent.frames.all()) {
        (None, _) => "no frame".to_owned(),
        (Some((last, [])), 1) => format!("{last} frame"),
        (Some((last, [])), _) => format!("{last} frames"),
        (Some((last, others)), _) => format!("{} and {last} frames", others.join(", ")),
    };
    format!("Connection {} of {}: {frames}", connection.number, line(file))
}

/// The clauses that a case is about which breaks no rule.
pub(super) fn clauses(connection: &Connection) -> Vec<Clause> {
    let (client, server) = (&connection.from_client, &connection.from_server);
    let about = [
        (client.frames.text + client.frames.binary > 0, "6455#6.2"),
        (server.frames.text + server.frames.binary > 0, "6455#6.1"),
        (client.frames.ping > 0, "6455#5.5.2"),
        (client.compressed > 0, "7692#6"),
    ];
    let mut clauses: Vec<Clause> = about.iter().filter(|(is, _)| *is).map(|(_, clause)| Clause(clause)).collect();
    if clauses.is_empty() {
        clauses.push(Clause("6455#7.1.2"));
    }
    clauses
}

/// Where a case comes from and what of it is not as it was captured, as a comment of TOML.
pub(super) fn comment(connection: &Connection, file: &str, plan: &Plan, compresses: bool) -> String {
    let connection = &connection.without_secrets();
    let mut lines = vec![format!("Connection {} of {}.", connection.number, line(file)), String::new()];
    let url = connection.url.as_deref().unwrap_or("/");
    let mut say = |what: &str, text: String| lines.push(format!("{what:<12} {text}"));
    say(
        "Target",
        format!(
            "{}{}",
            line(url),
            connection.host.as_deref().map(|host| format!(" at {}", line(host))).unwrap_or_default()
        ),
    );
    say("Client", connection.client.to_string());
    say("Server", connection.server.to_string());
    say("Packets", format!("{} to {}", connection.first.packet, connection.last.packet));
    if let Some((first, last)) = time(connection.first).zip(time(connection.last)) {
        say("Time", format!("{first} to {last}"));
    }
    if let Some(subprotocol) = &connection.subprotocol {
        say("Subprotocol", line(subprotocol));
    }
    if let Some(tls) = &connection.tls {
        say("Encrypted by", line(tls));
    }
    let scheme = if connection.tls.is_some() { "wss" } else { "ws" };
    let path = if url.starts_with('/') { url } else { "/" };
    let target = quoted(&format!("{scheme}://{}{path}", connection.server));
    let asks = connection.subprotocol.as_deref().map(|name| format!(" --subprotocol {}", quoted(name)));
    lines.extend([
        String::new(),
        "To play it against a server:".to_owned(),
        format!("  wslab conform {target}{} --corpus THIS-FILE", asks.unwrap_or_default()),
        String::new(),
    ]);
    let usual = "Messages and the reason of a close are as they were sent, secrets in them too. Masking keys are new \
                 ones, the client's pauses are left out, pings are answered as they come, and what the server sent before the client went on is awaited.";
    lines.extend(wrapped(usual, "", ""));
    if compresses {
        let terms = "Compression is asked for on the terms that the two ends agreed on for the server.";
        lines.extend(wrapped(terms, "", ""));
    }
    if !plan.differs.is_empty() {
        lines.extend([String::new(), "Otherwise than captured:".to_owned()]);
        lines.extend(plan.differs.iter().flat_map(|differs| wrapped(differs.words(), "* ", "  ")));
    }
    lines.iter().map(|line| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") }).collect()
}

fn time(place: Place) -> Option<String> {
    place.time.map(|time| time.to_string())
}

/// A word for a shell. Whoever was captured must not have a say in what it does.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:[]%=,+@".contains(&byte);
    let word = line(word);
    if !word.is_empty() && word.bytes().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Text on one line, of characters that can be seen.
fn line(text: &str) -> String {
    let seen = |character: char| !character.is_control() && !matches!(character, '\u{2028}' | '\u{2029}');
    let escape =
        |character: char| if seen(character) { character.to_string() } else { character.escape_default().to_string() };
    text.chars().map(escape).collect()
}

/// How many characters a line has at most.
const WIDTH: usize = 100;

/// Words in lines.
fn wrapped(words: &str, first: &str, rest: &str) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    for word in words.split(' ') {
        if let Some(line) = lines.last_mut() {
            let begins = *line == *first;
            if !begins && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(format!("{rest}{word}"));
            } else {
                if !begins {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
    }
    lines
}

impl Differs {
    const fn words(self) -> &'static str {
        match self {
            Self::Opening => {
                "rules of the opening handshake were broken, or the client did not wait for its end; a case begins when a \
                 connection is open"
            }
            Self::Compressed => "compressed messages say the same and have other bytes",
            Self::Fragments => "compressed messages of several frames are cut into frames of the size of their first",
            Self::Between => "control frames that stood between the frames of a compressed message follow it",
            Self::Informational => {
                "the server broke rules for which a connection has to be failed, and what would have been right cannot be \
                 known: what comes is only recorded"
            }
            Self::NonStrict => {
                "the client broke rules for which the server has to fail the connection, and the server went on; doing so \
                 again is non-strict"
            }
            Self::StillOpen => "the capture ends while the connection is open; here it is closed with 1000",
            Self::InFrame => "the capture ends inside a frame of the client, which is left out",
            Self::NoCloseFrame => {
                "the server ended TCP without a close frame; one with a code that fits is allowed too"
            }
        }
    }
}
