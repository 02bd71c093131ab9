//! A dashboard without a terminal, and sources that tell what a test wants.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;
use wslab::proto::{ConnectionId, Role, Rule};
use wslab::tui::{Effect, Input, Model, Options, Theme, once};
use wslab::watch::live::{News, Passed, Progress, State, Tail, Violation};
use wslab::watch::{
    Bar, CloseVerdict, Counts, End, Outcome, Row, Snapshot, Spread, Spreads, Timestamp, Totals, Verdict, Why,
};
use wslab::wire::{CloseCode, Opcode};

pub(crate) const SMALL: Size = Size { width: 60, height: 15 };
pub(crate) const USUAL: Size = Size { width: 80, height: 24 };
pub(crate) const LARGE: Size = Size { width: 120, height: 40 };

/// The time at which every source begins, and so many milliseconds later.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_334_400_000 + millis).expect("it is a time")
}

/// A dashboard, and what it has asked for so far.
pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) effects: Vec<Effect>,
    pub(crate) size: Size,
}

impl Stage {
    pub(crate) fn new(size: Size) -> Self {
        Self::themed(size, Theme::Dark)
    }

    pub(crate) fn themed(size: Size, theme: Theme) -> Self {
        let options = Options { theme, ..Options::new("ws://127.0.0.1:9001/_wslab") };
        Self { model: Model::new(options, size), effects: Vec::new(), size }
    }

    /// With so many connections that have been seen for four seconds.
    pub(crate) fn with(size: Size, many: u64) -> Self {
        let mut stage = Self::new(size);
        stage.watch(many);
        stage
    }

    pub(crate) fn watch(&mut self, many: u64) {
        self.tell(News::State(State::Live));
        for second in 0..5 {
            self.tell(News::Snapshot(Box::new(snapshot(many, second))));
        }
    }

    pub(crate) fn input(&mut self, input: Input) -> bool {
        if let Input::Size(size) = input {
            self.size = size;
        }
        let (effects, is_changed) = self.model.update(input);
        self.effects.extend(effects);
        is_changed
    }

    pub(crate) fn tell(&mut self, news: News) {
        self.input(Input::News(news));
    }

    pub(crate) fn press(&mut self, code: KeyCode) -> bool {
        self.input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// Presses a key for each character.
    pub(crate) fn write(&mut self, text: &str) {
        for character in text.chars() {
            self.press(KeyCode::Char(character));
        }
    }

    pub(crate) fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> bool {
        self.input(Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> bool {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row)
    }

    pub(crate) fn screen(&self) -> String {
        once(&self.model, self.size)
    }

    /// Where on the screen a text begins.
    pub(crate) fn find(&self, text: &str) -> (u16, u16) {
        let screen = self.screen();
        let found = screen.lines().enumerate().find_map(|(y, line)| {
            let column = line.find(text)?;
            Some((line[..column].chars().count() as u16, y as u16))
        });
        found.unwrap_or_else(|| panic!("{text} is not on the screen:\n{screen}"))
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} is on the screen:\n{screen}");
    }
}

fn counts(messages: u64, size: u64) -> Counts {
    Counts {
        text: messages,
        heads: messages * 6,
        payload: messages * size,
        text_messages: messages,
        message_bytes: messages * size,
        ping: messages / 10,
        ..Counts::default()
    }
}

/// The connection of this number after so many seconds.
pub(crate) fn row(id: u64, second: u64) -> Row {
    let urls = ["/chat?room=1", "/feed/stocks", "/echo", "/a/rather/long/path/that/does/not/fit/everywhere"];
    let faulty = id % 50 == 7;
    let host = Ipv4Addr::from(0x0a00_0000 + id as u32);
    let compressed = id.is_multiple_of(3);
    let deflate = |mut counts: Counts| {
        if compressed {
            (counts.compressed, counts.deflated, counts.inflated) =
                (counts.text_messages, counts.payload, counts.payload * 4);
        }
        counts
    };
    Row {
        id: ConnectionId(id),
        peer: Some(SocketAddr::new(IpAddr::V4(host), 40_000 + (id % 20_000) as u16)),
        resource: urls[(id % 4) as usize].to_owned(),
        subprotocol: id.is_multiple_of(2).then(|| "chat.v1".to_owned()),
        compressed,
        opened: at(-(id as i64) * 1000),
        age: Duration::from_secs(id + second),
        idle: Duration::from_secs(if id % 5 == 4 { 90 } else { id % 3 }),
        received: deflate(counts((id % 17 + 1) * (second + 1), 40 + id % 100)),
        sent: counts((id % 11) * (second + 1), 120),
        queued: if id % 40 == 5 { id * 1000 } else { 0 },
        round_trip: (id % 4 != 3).then(|| Duration::from_micros(300 + id * 10)),
        faults: if faulty { BTreeMap::from([(Rule::ALL[3], id / 50 + 1)]) } else { BTreeMap::new() },
        last_fault: faulty.then_some(Rule::ALL[3]),
        end: None,
    }
}

pub(crate) fn spread(bounds: &[u64], from: usize, scale: u64) -> Spread {
    let counts = [1_u64, 4, 12, 30, 22, 9, 3];
    let bar = |(at, &to): (usize, &u64)| {
        let count = at.checked_sub(from).and_then(|at| counts.get(at)).copied().unwrap_or_default() * scale;
        Bar { to, count }
    };
    let bars: Vec<_> = bounds.iter().enumerate().map(bar).collect();
    let count = bars.iter().map(|bar| bar.count).sum();
    Spread {
        count,
        sum: count * 100,
        min: bounds[from],
        p50: bounds[from + 3],
        p90: bounds[from + 4],
        p99: bounds[from + 5],
        p999: bounds[from + 6],
        max: bounds[from + 6],
        mean: 100.0,
        bars,
    }
}

/// So many connections after so many seconds.
pub(crate) fn snapshot(many: u64, second: u64) -> Snapshot {
    let rows: Vec<_> = (0..many).map(|id| row(id, second)).collect();
    let mut totals = Totals { opened: many + 12, closed: 12, refused: 3, ..Totals::default() };
    for row in &rows {
        totals.received += row.received;
        totals.sent += row.sent;
        for (rule, count) in &row.faults {
            *totals.faults.entry(*rule).or_default() += count;
        }
    }
    let mut gone = Vec::new();
    if many > 1 {
        let ended = |id: u64, code: CloseCode, clean: bool, cause: &str| Row {
            end: Some(End { code, reason: "bye".to_owned(), sent: Some(code), clean, cause: cause.to_owned() }),
            ..row(id, 0)
        };
        gone.push(ended(many + 1, CloseCode(1000), true, "closed"));
        gone.push(ended(many, CloseCode(1006), false, "reset by the peer"));
    }
    let spreads = if many == 0 {
        Spreads::default()
    } else {
        Spreads {
            received: spread(Spread::SIZES, 4, many),
            sent: spread(Spread::SIZES, 3, many),
            intervals: spread(Spread::INTERVALS, 8, many),
            round_trips: spread(Spread::TIMES, 6, many),
            echoes: spread(Spread::ECHOES, 5, many),
            ..Spreads::default()
        }
    };
    Snapshot {
        at: at(second as i64 * 1000),
        began: at(-3_720_000),
        uptime: Duration::from_secs(3720 + second),
        open: many,
        queued: 0,
        totals,
        spreads,
        rows,
        gone,
    }
}

pub(crate) fn violation(number: u64) -> Violation {
    Violation {
        at: at(number as i64 * 1000),
        connection: (number % 4 != 3).then_some(ConnectionId(number)),
        by: (number % 3 != 2).then_some(if number.is_multiple_of(2) { Role::Client } else { Role::Server }),
        rule: Rule::ALL[number as usize % Rule::ALL.len()],
    }
}

pub(crate) fn frame(opcode: Opcode, payload: &[u8]) -> Passed {
    Passed {
        at: at(123),
        by: Role::Client,
        opcode,
        fin: true,
        rsv: 0,
        len: payload.len() as u64,
        payload: payload[..payload.len().min(Passed::KEPT)].to_vec(),
        inflated: None,
    }
}

pub(crate) fn frames(id: u64, frames: Vec<Passed>) -> News {
    News::Frames(Tail { connection: ConnectionId(id), missed: 0, frames })
}

pub(crate) fn progress() -> Progress {
    let outcome = |case: &str, verdict: Verdict, close: CloseVerdict| Outcome {
        close,
        duration: Duration::from_millis(12),
        ..Outcome::without_connection(case.to_owned(), verdict)
    };
    let limit = Why::PolicyLimit { code: CloseCode(1009), reason: "too big".to_owned() };
    let mut done: Vec<_> = (1..40).map(|at| outcome(&format!("1.1.{at}"), Verdict::Ok, CloseVerdict::Ok)).collect();
    done.push(outcome("6.4.1", Verdict::NonStrict, CloseVerdict::Ok));
    done.push(outcome("9.1.1", Verdict::Failed(vec![limit]), CloseVerdict::WrongCode));
    done.push(outcome("12.1.1", Verdict::Unimplemented, CloseVerdict::Ok));
    Progress {
        target: "ws://127.0.0.1:9001/".to_owned(),
        cases: 120,
        in_flight: vec!["2.1".to_owned(), "2.2".to_owned()],
        done: done.into_iter().map(Arc::new).collect(),
        elapsed: Duration::from_secs(73),
    }
}
