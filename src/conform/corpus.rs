//! All cases: those embedded in the binary, or those of a folder.
//!
//! A corpus is sorted by id, and no id is in it twice.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use super::parse::{self, CaseFile, Fault, MAX_FILE, ParseError, ParseErrors, Payloads, Section};
use super::{Case, Id};

/// The largest payload file, in bytes.
const MAX_PAYLOAD: usize = 64 << 20;

macro_rules! embedded {
    ($read:ident: $($path:literal)*) => {
        &[$(($path, $read!(concat!("../../", $path)))),*]
    };
}

/// Every case file. A test compares the list with the folder.
const CASES: &[(&str, &str)] = embedded! { include_str:
    "corpus/cases/01-framing.toml"
    "corpus/cases/02-pings-and-pongs.toml"
    "corpus/cases/03-reserved-bits.toml"
    "corpus/cases/04-opcodes.toml"
    "corpus/cases/05-fragmentation.toml"
    "corpus/cases/06-utf8.toml"
    "corpus/cases/07-close.toml"
    "corpus/cases/09-limits.toml"
    "corpus/cases/10-sender-fragmentation.toml"
    "corpus/cases/12-deflate.toml"
    "corpus/cases/13-deflate-parameters.toml"
    "corpus/cases/20-opening-of-servers.toml"
    "corpus/cases/21-opening-of-clients.toml"
    "corpus/cases/22-masking.toml"
    "corpus/cases/23-lengths.toml"
    "corpus/cases/24-reserved-bits.toml"
    "corpus/cases/25-fragmentation.toml"
    "corpus/cases/26-utf8.toml"
    "corpus/cases/27-closing.toml"
    "corpus/cases/28-pings-and-pongs.toml"
    "corpus/cases/29-negotiation.toml"
    "corpus/cases/30-compressed-data.toml"
    "corpus/cases/31-limits.toml"
    "corpus/cases/32-clients.toml"
    "corpus/cases/33-continuation-bytes.toml"
};

/// Every payload file that cases quote. A test compares the list with the folder.
const PAYLOADS: &[(&str, &[u8])] = embedded! { include_bytes:
    "corpus/payloads/bad-byte.bin"
    "corpus/payloads/character-of-2.txt"
    "corpus/payloads/character-of-3.txt"
    "corpus/payloads/character-of-4.txt"
    "corpus/payloads/code-points.txt"
    "corpus/payloads/frames-masked.bin"
    "corpus/payloads/frames-unmasked.bin"
    "corpus/payloads/head-masked.bin"
    "corpus/payloads/head-unmasked.bin"
    "corpus/payloads/unfinished-character.bin"
};

/// All cases that can be selected from.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// The cases, sorted by id.
    pub cases: Vec<Case>,
    /// The titles of sections and their parts, sorted by id.
    pub sections: Vec<Section>,
}

/// A corpus cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// Some of its files are wrong.
    #[error(transparent)]
    Parse(#[from] ParseErrors),
    /// Something cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A folder without case files.
    #[error("there are no cases in {}: case files end in .toml, in the folder itself or in its folder `cases`", .0.display())]
    Empty(PathBuf),
}

impl Corpus {
    /// The corpus in the binary.
    pub fn embedded() -> Self {
        // The files are part of the program, and its tests parse them.
        Self::of(CASES.iter().map(|(name, text)| (*name, *text)), &Embedded).expect("the embedded corpus is right")
    }

    /// The corpus in a folder, or in a single file. Case files are the `*.toml` of its folder `cases`, or of the folder
    /// itself if it has none; payload files are those of `payloads` in the folder or beside it.
    ///
    /// # Errors
    /// If something cannot be read, is wrong, or if there is no case file.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let files = case_files(path).map_err(|error| CorpusError::Read { path: path.to_owned(), error })?;
        if files.is_empty() {
            return Err(CorpusError::Empty(path.to_owned()));
        }
        let mut texts = Vec::with_capacity(files.len());
        for file in files {
            // One byte more than a case file may have, so that the parser can say that it is too large.
            let text = bounded(&file, MAX_FILE + 1).and_then(|text| {
                String::from_utf8(text).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))
            });
            match text {
                Ok(text) => texts.push((file.display().to_string(), text)),
                Err(error) => return Err(CorpusError::Read { path: file, error }),
            }
        }
        let texts = texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Ok(Self::of(texts, &Folder::beside(path))?)
    }

    /// The titles of its sections and their parts, by their ids, as a plan tells them.
    pub fn titles(&self) -> BTreeMap<String, String> {
        self.sections.iter().map(|section| (section.id.to_string(), section.title.clone())).collect()
    }

    /// The corpus of these files, each with its name.
    ///
    /// # Errors
    /// All that is wrong in any of them, ids that are used twice among it.
    pub fn of<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        payloads: &dyn Payloads,
    ) -> Result<Self, ParseErrors> {
        let mut corpus = Self::default();
        let mut errors = Vec::new();
        for (name, text) in files {
            match parse::parse(name, text, payloads) {
                Ok(CaseFile { cases, sections }) => {
                    corpus.cases.extend(cases);
                    corpus.sections.extend(sections);
                }
                Err(ParseErrors(more)) => errors.extend(more),
            }
        }
        errors.extend(duplicates(&corpus.cases));
        if !errors.is_empty() {
            return Err(ParseErrors(errors));
        }
        corpus.cases.sort_by(|a, b| a.id.cmp(&b.id));
        // Files of one section may all name it; the first counts.
        corpus.sections.sort_by(|a, b| a.id.cmp(&b.id));
        corpus.sections.dedup_by(|later, first| later.id == first.id);
        Ok(corpus)
    }

    /// The case of an id.
    pub fn case(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.id.as_str() == id)
    }

    /// The sections that a case belongs to, the outermost first: "9 Limits", then "9.3 …".
    pub fn sections_of<'a>(&'a self, id: &'a Id) -> impl Iterator<Item = &'a Section> {
        self.sections.iter().filter(|section| id.starts_with(section.id.as_str()))
    }
}

/// An error for every case whose id another has before it, in the order of the files.
fn duplicates(cases: &[Case]) -> impl Iterator<Item = ParseError> {
    let mut first: HashMap<&Id, &Case> = HashMap::new();
    cases.iter().filter_map(move |case| {
        let earlier = *first.entry(&case.id).or_insert(case);
        let is_first = std::ptr::eq(earlier, case);
        (!is_first).then(|| ParseError {
            file: case.source.file.clone(),
            line: case.source.line,
            column: 1,
            fault: Fault::DuplicateId {
                id: case.id.to_string(),
                first: format!("{}:{}", earlier.source.file, earlier.source.line),
                hint: "",
            },
            values: Vec::new(),
        })
    })
}

fn case_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let cases = path.join("cases");
    let folder = if cases.is_dir() { &cases } else { path };
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The first `most` bytes of a file.
fn bounded(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The payload files in the binary.
struct Embedded;

impl Payloads for Embedded {
    fn payload(&self, name: &str) -> Result<Bytes, String> {
        let path = format!("corpus/payloads/{name}");
        let file = PAYLOADS.iter().find(|(known, _)| *known == path);
        file.map(|(_, bytes)| Bytes::from_static(bytes)).ok_or_else(|| "is not in corpus/payloads".to_owned())
    }
}

/// The payload files of a folder.
struct Folder(PathBuf);

impl Folder {
    fn beside(path: &Path) -> Self {
        let inside = path.join("payloads");
        let beside = path.parent().map(|parent| parent.join("payloads")).filter(|beside| beside.is_dir());
        Self(if inside.is_dir() { inside } else { beside.unwrap_or(inside) })
    }
}

impl Payloads for Folder {
    fn payload(&self, name: &str) -> Result<Bytes, String> {
        // A corpus from elsewhere must not send any file of this machine to a target.
        if !Path::new(name).components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(format!("has to be inside {}", self.0.display()));
        }
        let path = self.0.join(name);
        let bytes = bounded(&path, MAX_PAYLOAD + 1)
            .map_err(|error| format!("cannot be read from {}: {error}", self.0.display()))?;
        if bytes.len() > MAX_PAYLOAD {
            return Err(format!("is larger than {} MiB", MAX_PAYLOAD >> 20));
        }
        Ok(bytes.into())
    }
}
