//! Captures made of chance, the same for the same seed.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::counts::Counts;
use super::dice::Dice;
use super::line::{Kind, Line};
use super::packet::Writer;
use super::text::Stock;

/// What to generate.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub kind: Kind,
    /// Bytes of the file, about.
    pub size: u64,
    pub connections: usize,
    pub seed: u64,
}

/// A capture file. It is deleted when this is dropped, unless it is to be kept.
pub struct Capture {
    pub path: PathBuf,
    pub counts: Counts,
    keep: bool,
}

impl Recipe {
    /// Generates the capture in `folder`, with its counts beside it, or takes the one that is there.
    pub fn make(&self, folder: &Path, keep: bool) -> Result<Capture> {
        let name = format!("{}-{}MB-{}-{}", self.kind.name(), self.size / 1_000_000, self.connections, self.seed);
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let path = folder.join(&name).with_extension("pcap");
        let beside = folder.join(&name).with_extension("json");
        if let Some(counts) = there(&path, &beside) {
            return Ok(Capture { path, counts, keep });
        }
        eprintln!("making {}", path.display());
        // From here on it is deleted whatever happens.
        let mut capture = Capture { path, counts: Counts::default(), keep: false };
        let failed = || format!("cannot write {}", capture.path.display());
        let file = BufWriter::with_capacity(1 << 20, File::create(&capture.path).with_context(failed)?);
        capture.counts = self.write(file).with_context(failed)?;
        fs::write(&beside, format!("{:#}\n", capture.counts.to_json()))
            .with_context(|| format!("cannot write {}", beside.display()))?;
        capture.keep = keep;
        Ok(capture)
    }

    fn write(&self, file: BufWriter<File>) -> std::io::Result<Counts> {
        let mut dice = Dice::new(self.seed);
        let stock = Stock::new(&mut dice);
        let mut lines: Vec<Line> =
            (0..self.connections).map(|number| Line::new(number, self.kind, number % 5 == 4, &mut dice)).collect();
        let mut counts = Counts::default();
        let mut to = Writer::new(file)?;
        // They begin one after another over the first twentieth.
        let apart = (self.size / 20 / self.connections as u64).max(1);
        while to.bytes < self.size {
            let begun = usize::try_from(1 + to.bytes / apart).map_or(lines.len(), |begun| begun.min(lines.len()));
            // Of two the one that has said less: otherwise those whose messages are compressed would say most.
            let (one, other) = (dice.below(begun), dice.below(begun));
            let behind = if lines[one].messages() <= lines[other].messages() { one } else { other };
            let line = &mut lines[behind];
            for _ in 0..=dice.below(8) {
                line.step(&mut dice, &stock, &mut to, &mut counts)?;
            }
        }
        lines.iter_mut().for_each(Line::close);
        while !lines.is_empty() {
            let index = dice.below(lines.len());
            lines[index].step(&mut dice, &stock, &mut to, &mut counts)?;
            if lines[index].is_over() {
                lines.swap_remove(index);
            }
        }
        to.flush()?;
        Ok(Counts { bytes: to.bytes, packets: to.packets, ..counts })
    }
}

/// What a capture of an earlier run holds, if it is whole.
fn there(path: &Path, beside: &Path) -> Option<Counts> {
    let counts = Counts::from_json(&serde_json::from_slice(&fs::read(beside).ok()?).ok()?)?;
    (fs::metadata(path).ok()?.len() == counts.bytes).then_some(counts)
}

impl Drop for Capture {
    fn drop(&mut self) {
        if !self.keep {
            // Who looks after a file that cannot be deleted?
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(self.path.with_extension("json"));
        }
    }
}
