//! Folders for a test, removed when it is over.

use std::fs;
use std::path::PathBuf;

use crate::process::Ended;

/// A folder of its own.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wslab-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The names of all files of a folder in it, sorted.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(name)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// What was said on stderr, without where the folder is and what is tested.
    pub(crate) fn said(&self, ended: &Ended) -> String {
        let said: Vec<&str> = ended.stderr.lines().filter(|line| !line.starts_with("testing")).collect();
        crate::process::alike(&said.join("\n").replace(self.0.to_str().unwrap(), "FOLDER"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The folder is one of temporary things.
        let _removed = fs::remove_dir_all(&self.0);
    }
}
