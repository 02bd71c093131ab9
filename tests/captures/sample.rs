//! The captures of the corpus.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::expected::Expected;

/// What a capture can be called.
const ENDINGS: [&str; 6] = [".pcap", ".pcap.gz", ".pcap.zst", ".pcapng", ".pcapng.gz", ".pcapng.zst"];

/// A capture and what must be read out of it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) expected: Expected,
    /// The path of a key log, and its text.
    pub(crate) keylog: Option<(PathBuf, Vec<u8>)>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/captures")
}

fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("the corpus has captures");
    entries.map(|entry| entry.expect("they can be listed").file_name().to_string_lossy().into_owned()).collect()
}

impl Sample {
    /// All of them, by name.
    pub(crate) fn all() -> Vec<Self> {
        names().iter().filter_map(|file| Some(Self::read(file.strip_suffix(".toml")?))).collect()
    }

    fn read(name: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("{name}.toml"))).expect("a description can be read");
        let expected: Expected = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}.toml: {error}"));
        let paths = ENDINGS.map(|ending| folder().join(format!("{name}{ending}")));
        let path = paths.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{name} has no capture"));
        let keylog = expected.keylog.as_ref().map(|file| {
            let path = folder().join(file);
            let text = fs::read(&path).expect("a key log can be read");
            (path, text)
        });
        Self { name: name.to_owned(), path, expected, keylog }
    }

    /// The capture as it is, packed or not.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("a capture can be read")
    }

    /// Nothing lies about that is not read.
    pub(crate) fn are_complete() -> Result<(), String> {
        let mut left = names();
        left.remove("README.md");
        for sample in Self::all() {
            let keylog = sample.keylog.iter().map(|(path, _)| path.clone());
            let description = folder().join(format!("{}.toml", sample.name));
            for path in keylog.chain([sample.path, description]) {
                left.remove(&*path.file_name().unwrap_or_default().to_string_lossy());
            }
        }
        if left.is_empty() { Ok(()) } else { Err(format!("no test reads {left:?}")) }
    }
}
