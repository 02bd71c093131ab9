//! The lines of key logs that a few connections need.

use std::collections::HashSet;

use crate::capture::digits::unhex;

/// The client random of a TLS connection (RFC 8446, section 4.1.2).
pub(super) type Random = [u8; 32];

/// The client random of a segment that begins with a ClientHello. Whoever sends one begins a segment with it, and it is
/// among the first 43 bytes.
pub(super) fn hello(payload: &[u8]) -> Option<Random> {
    /// A record of the handshake.
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    let (record, rest) = payload.split_first_chunk::<5>()?;
    let (message, rest) = rest.split_first_chunk::<4>()?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let is_hello = record[..2] == [HANDSHAKE, 3] && message[0] == CLIENT_HELLO && version[0] == 3;
    rest.first_chunk().copied().filter(|_| is_hello)
}

/// Which lines are needed.
#[derive(Debug)]
pub(super) enum Needed {
    /// Those of these connections.
    Of(HashSet<Random>),
    /// Nobody knows: the hello of a connection was not found. These are those of the others.
    All(HashSet<Random>),
}

impl Needed {
    /// Those of connections of which it is known that they are needed.
    pub(super) fn of_connections(self) -> Self {
        match self {
            Self::Of(randoms) | Self::All(randoms) => Self::Of(randoms),
        }
    }

    /// Adds the lines of a key log that are needed and that `to` does not have.
    pub(super) fn copy(&self, keylog: &[u8], to: &mut KeyLog) {
        let lines = keylog.split(|byte| matches!(byte, b'\n' | b'\r'));
        for line in lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
            let needed = match self {
                Self::All(_) => true,
                Self::Of(randoms) => random(line).is_some_and(|random| randoms.contains(&random)),
            };
            if needed && to.known.insert(line.to_vec()) {
                to.text.extend_from_slice(line);
                to.text.push(b'\n');
            }
        }
    }
}

/// Lines of key logs, none of them twice.
#[derive(Debug, Default)]
pub(super) struct KeyLog {
    known: HashSet<Vec<u8>>,
    pub(super) text: Vec<u8>,
}

impl KeyLog {
    /// How many lines there are.
    pub(super) fn lines(&self) -> u64 {
        self.known.len() as u64
    }
}

/// The second word of a line.
fn random(line: &[u8]) -> Option<Random> {
    let digits = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1)?;
    let mut random = [0; 32];
    (unhex(digits, &mut random)? == random.len()).then_some(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(label: &str, byte: u8) -> String {
        format!("{label} {} 00ff\n", format!("{byte:02X}").repeat(32))
    }

    fn copied(needed: &Needed, keylog: &str) -> String {
        let mut to = KeyLog::default();
        needed.copy(keylog.as_bytes(), &mut to);
        needed.copy(keylog.as_bytes(), &mut to);
        assert_eq!(to.lines() as usize, String::from_utf8_lossy(&to.text).lines().count());
        String::from_utf8_lossy(&to.text).into_owned()
    }

    #[test]
    fn only_the_lines_of_the_connections_are_copied_and_once() {
        let (own, other) = (line("CLIENT_RANDOM", 0xab), line("CLIENT_TRAFFIC_SECRET_0", 0xcd));
        let log = format!("# secret\r\n{own}{other}CLIENT_RANDOM abab\n\nnothing\n{own}");
        assert_eq!(copied(&Needed::Of(HashSet::from([[0xab; 32]])), &log), own);
        assert_eq!(copied(&Needed::Of(HashSet::new()), &log), "");
        assert_eq!(copied(&Needed::All(HashSet::new()), &log), format!("{own}{other}CLIENT_RANDOM abab\nnothing\n"));
    }

    #[test]
    fn the_random_of_a_hello_is_found() {
        let mut payload = vec![22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
        payload.extend([7; 32]);
        assert_eq!(hello(&payload), Some([7; 32]));
        assert_eq!(hello(&payload[..42]), None);
        for (at, byte) in [(0, 23), (1, 2), (5, 2), (9, 2)] {
            let mut other = payload.clone();
            other[at] = byte;
            assert_eq!(hello(&other), None, "byte {at}");
        }
    }
}
