//! The codec alone, in memory: reading masked frames, and masking.
//!
//! The libraries take turns; the best round of each counts, since whatever else the machine does only ever adds time.
//! Figures of different runs are not to be compared, ratios within one run are.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;

mod masking;
mod reading;

/// Measure reading masked frames out of memory, and masking, side by side
#[derive(Debug, Parser)]
struct Arguments {
    /// How often each library is measured at each size; the best round counts
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,

    /// How long a round takes at least, in milliseconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    milliseconds: u64,

    /// Only the libraries whose name has one of these words in it, with commas between
    #[arg(long, value_name = "WORD,…", value_delimiter = ',')]
    only: Vec<String>,

    /// The sizes of the payload in bytes, up to 65536, with commas between
    #[arg(long, value_name = "BYTES,…", value_delimiter = ',', value_parser = size)]
    size: Vec<usize>,
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (1..=65_536).contains(&size) => Ok(size),
        _ => Err("1 to 65536 bytes are possible".to_owned()),
    }
}

impl Arguments {
    fn sizes(&self, default: &[usize]) -> Vec<usize> {
        if self.size.is_empty() { default.to_vec() } else { self.size.clone() }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }
}

/// What is measured: each call does some work and says how many units it was.
type Work<'a> = Box<dyn FnMut() -> Result<u64> + 'a>;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    for text in [false, true] {
        let kind = if text { "text (ASCII)" } else { "binary" };
        println!("Reading masked {kind} frames out of reads of 64 KiB; in brackets the ratio to the best.");
        reading::measure(&arguments, text)?;
        println!();
    }
    println!("Masking in place; in brackets the ratio to memcpy.");
    masking::measure(&arguments)
}

/// Units per second of each work in its best round. The works take turns.
fn race(arguments: &Arguments, works: &mut [Work<'_>]) -> Result<Vec<f64>> {
    let least = Duration::from_millis(arguments.milliseconds);
    let mut best = vec![0.0; works.len()];
    for _ in 0..arguments.rounds {
        for (work, best) in works.iter_mut().zip(&mut best) {
            let (start, mut units) = (Instant::now(), 0);
            while start.elapsed() < least {
                units += work()?;
            }
            *best = f64::max(*best, units as f64 / start.elapsed().as_secs_f64());
        }
    }
    Ok(best)
}

/// A size in bytes, as people write it.
fn size_name(size: usize) -> String {
    if size < 1024 || !size.is_multiple_of(1024) { format!("{size} B") } else { format!("{} KiB", size / 1024) }
}

/// Prints a table whose first row has the titles.
fn print(rows: &[Vec<String>]) {
    for row in rows {
        let cells: String = row[1..].iter().map(|cell| format!("{cell:>20}")).collect();
        println!("{:22}{cells}", row[0]);
    }
}
