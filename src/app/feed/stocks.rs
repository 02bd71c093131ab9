//! The stream `stocks`: **a market that is made up.** No symbol is meant to be one that is traded anywhere; prices are a
//! random walk. It is there to have something that moves.
//!
//! The same seed always gives the same prices, and prices are always positive.

use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::stream::Publisher;
use crate::app::clock;

/// How often prices move.
pub const STOCKS_PERIOD: Duration = Duration::from_secs(1);

/// Invented symbols, what a share costs in the beginning, and how much of that it moves in a second.
const LISTED: [(&str, f64, f64); 8] = [
    ("ACRN", 142.50, 0.0011),
    ("BLUM", 38.20, 0.0016),
    ("CASQ", 312.75, 0.0009),
    ("DRFT", 7.85, 0.0030),
    ("EMBR", 88.10, 0.0014),
    ("FJRD", 205.00, 0.0008),
    ("GLNT", 54.40, 0.0020),
    ("HUSQ", 1204.00, 0.0012),
];

/// No price moves by more than this part of itself in a step: so it stays positive.
const MAX_MOVE: f64 = 0.05;

/// By this part of its distance a price is drawn to where it began, so that it neither vanishes nor explodes in a year.
const PULL: f64 = 0.0005;

/// A made-up market.
#[derive(Clone, Debug)]
pub struct Market {
    random: Random,
    stocks: Vec<Stock>,
}

#[derive(Clone, Debug)]
struct Stock {
    symbol: &'static str,
    open: f64,
    restless: f64,
    price: f64,
    volume: u64,
}

/// What one share costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// In no currency, to the hundredth.
    pub price: f64,
    /// Since the market opened, which it did when the feed was started.
    pub change: f64,
    /// The same in percent.
    pub change_percent: f64,
    /// So many shares changed hands since then.
    pub volume: u64,
    /// In ms since the epoch.
    pub timestamp: u64,
}

/// The quotes of all symbols; as JSON an object with a member for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotes(pub Vec<(&'static str, Quote)>);

impl Serialize for Quotes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(symbol, quote)| (symbol, quote)))
    }
}

impl Market {
    /// A market that opens; all chance in it comes from `seed`.
    pub fn new(seed: u64) -> Self {
        let stock = |(symbol, open, restless)| Stock { symbol, open, restless, price: open, volume: 0 };
        Self { random: Random(seed), stocks: LISTED.map(stock).to_vec() }
    }

    /// Lets prices move once.
    pub fn step(&mut self) {
        for stock in &mut self.stocks {
            let pull = PULL * (stock.open - stock.price) / stock.price;
            let moved = stock.restless * self.random.shock() + pull;
            stock.price = (stock.price * (1.0 + moved.clamp(-MAX_MOVE, MAX_MOVE))).max(0.01);
            stock.volume = stock.volume.saturating_add(self.random.next() % 5000);
        }
    }

    /// What shares cost at `timestamp`, in ms since the epoch.
    pub fn quotes(&self, timestamp: u64) -> Quotes {
        let quote = |stock: &Stock| {
            let price = cents(stock.price);
            let change = cents(price - stock.open);
            let change_percent = cents(change / stock.open * 100.0);
            (stock.symbol, Quote { price, change, change_percent, volume: stock.volume, timestamp })
        };
        Quotes(self.stocks.iter().map(quote).collect())
    }
}

fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// `SplitMix64`: nobody has to be unable to guess it.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From -3.5 to 3.5, most often near 0, with a deviation of 1. Without a logarithm, so that it is the same
    /// everywhere.
    fn shock(&mut self) -> f64 {
        let mut sum = -2.0;
        for _ in 0..4 {
            sum += (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum * 3.0_f64.sqrt()
    }
}

/// Publishes quotes while somebody wants them.
pub(super) async fn run(publisher: Publisher, seed: u64) {
    let mut market = Market::new(seed);
    while publisher.wanted().await {
        let next = Instant::now() + STOCKS_PERIOD;
        market.step();
        // Fails only if the stream is gone, which ends the loop.
        let _published = publisher.publish(&market.quotes(clock::now()));
        publisher.rest_until(next).await;
    }
}
