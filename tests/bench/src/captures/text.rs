//! Text such as applications send: records of JSON, with some words that are not ASCII.

use std::io::Write as _;

use super::dice::Dice;

/// A stock of text out of which messages are cut.
pub struct Stock {
    text: Vec<u8>,
    /// Where records begin that have [`Stock::LONGEST`] bytes from there on.
    begins: Vec<usize>,
}

const SYMBOLS: &[&str] = &["EURUSD", "BTC-EUR", "ACME", "GOLD", "NIFTY50", "DAX"];
const NAMES: &[&str] = &["ada", "grace", "Zoë", "Jürgen", "たなか", "linus", "Łukasz", "margaret"];
const WORDS: &[&str] = &["hello", "ok", "on my way", "naïve idea", "see you at 8", "👍", "deployed", "who is next?"];

impl Stock {
    /// The longest message that can be cut, in bytes.
    pub const LONGEST: usize = 64 << 10;

    /// Far more than a window of DEFLATE, so that messages are not found again in what was sent before.
    const SIZE: usize = 4 << 20;

    /// Writes the stock.
    pub fn new(dice: &mut Dice) -> Self {
        let (mut text, mut begins) = (Vec::with_capacity(Self::SIZE + 1024), Vec::new());
        let mut time = 1_795_333_425_310_u64;
        while text.len() < Self::SIZE {
            begins.push(text.len());
            time += dice.below(900) as u64;
            // Writing to memory does not fail.
            let _ = record(&mut text, time, dice);
        }
        begins.retain(|begin| begin + Self::LONGEST <= text.len());
        Self { text, begins }
    }

    /// Replaces `message` by one of `size` bytes.
    pub fn cut(&self, dice: &mut Dice, size: usize, message: &mut Vec<u8>) {
        let begin = self.begins[dice.below(self.begins.len())];
        message.clear();
        message.extend_from_slice(&self.text[begin..begin + size]);
        // A character that is cut in two at the end makes way for spaces.
        if let Err(error) = std::str::from_utf8(message) {
            message[error.valid_up_to()..].fill(b' ');
        }
    }
}

fn record(text: &mut Vec<u8>, time: u64, dice: &mut Dice) -> std::io::Result<()> {
    let mut pick = |words: &[&'static str]| words[dice.below(words.len())];
    let (symbol, name, word) = (pick(SYMBOLS), pick(NAMES), pick(WORDS));
    let (id, some, more) = (dice.number(), dice.below(1_000_000), dice.below(10_000));
    match dice.below(4) {
        0 => writeln!(
            text,
            r#"{{"type":"trade","symbol":"{symbol}","price":{}.{more:04},"size":{more},"ts":{time}}}"#,
            some % 900
        ),
        1 => writeln!(
            text,
            r#"{{"type":"message","room":{},"from":"{name}","text":"{word}","id":"{id:016x}","ts":{time}}}"#,
            some % 50
        ),
        2 => writeln!(text, r#"{{"type":"ack","id":{some},"ok":true,"ts":{time}}}"#),
        _ => writeln!(
            text,
            r#"{{"type":"position","device":"{id:08x}","lat":{}.{some:06},"lon":{}.{more:06},"speed":{},"ts":{time}}}"#,
            more % 90,
            some % 180,
            more % 130
        ),
    }
}
