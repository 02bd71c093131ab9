//! All source files together, so that a name is followed to the module that it comes from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::source::Source;

/// The sources of a crate.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
    exports: BTreeMap<String, String>,
    globs: BTreeMap<String, Vec<String>>,
}

impl Tree {
    /// Of `(file, text)`, where the file is given from the root of the crate: `src/wire/mod.rs`.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self::default();
        for (file, text) in files {
            let source = Source::read(file, &module_of(file), text);
            tree.exports.extend(source.exports.clone());
            if !source.globs.is_empty() {
                tree.globs.insert(source.module.clone(), source.globs.clone());
            }
            tree.sources.push(source);
        }
        let only_tests: Vec<_> = tree.sources.iter().flat_map(|source| source.only_tests.clone()).collect();
        tree.sources.retain(|source| !only_tests.iter().any(|module| is_within(&source.module, module)));
        tree
    }

    /// Of the crate that lies at `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let files = files(root, "src");
        assert!(files.len() > 10, "the sources lie in src");
        Self::of(files.iter().map(|(file, text)| (file.as_str(), text.as_str())))
    }

    /// The path with re-exports replaced by what they name.
    pub(crate) fn origin(&self, path: &str) -> String {
        let mut path = path.to_owned();
        // As deep as re-exports of re-exports go, and no circle is followed for ever.
        for _ in 0..8 {
            let Some(next) = self.one_step(&path) else { break };
            path = next;
        }
        path
    }

    fn one_step(&self, path: &str) -> Option<String> {
        let ends = path.match_indices("::").map(|(end, _)| end).chain([path.len()]);
        for end in ends {
            let (name, rest) = path.split_at(end);
            if let Some(target) = self.exports.get(name).filter(|target| *target != name) {
                return Some(format!("{target}{rest}"));
            }
            let (module, last) = name.rsplit_once("::").unwrap_or(("", name));
            let is_module = self.sources.iter().any(|source| source.module == name);
            // With several globs nobody can tell by reading.
            if let Some([glob]) = self.globs.get(module).map(Vec::as_slice)
                && !is_module
            {
                return Some(format!("{glob}::{last}{rest}"));
            }
        }
        None
    }
}

/// Whether `path` is `module` or something in it.
pub(crate) fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// `src/wire/head.rs` is `crate::wire::head`; the two roots are `crate` and `crate::main`.
fn module_of(file: &str) -> String {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { "crate".to_owned() } else { format!("crate::{}", path.replace('/', "::")) }
}

/// Every Rust file under `folder`, by its path from `root`, with its text.
pub(crate) fn files(root: &Path, folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return found };
    for entry in entries {
        let entry = entry.expect("the folder can be read");
        let name = entry.file_name().into_string().expect("names of sources are UTF-8");
        let path = format!("{folder}/{name}");
        if name == "target" {
            continue;
        } else if entry.path().is_dir() {
            found.extend(files(root, &path));
        } else if name.ends_with(".rs") {
            found.push((path, fs::read_to_string(entry.path()).expect("the source can be read")));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_modules() {
        let modules =
            ["src/lib.rs", "src/main.rs", "src/wire/mod.rs", "src/wire/head.rs", "src/a/b/c.rs"].map(module_of);
        assert_eq!(modules, ["crate", "crate::main", "crate::wire", "crate::wire::head", "crate::a::b::c"]);
    }

    #[test]
    fn names_are_followed_through_re_exports() {
        let tree = Tree::of([
            ("src/lib.rs", "pub use proto::Endpoint as End; pub mod proto; pub mod conform;"),
            ("src/proto/mod.rs", "mod endpoint; mod flow; pub use endpoint::Endpoint; pub use flow::Flow;"),
            ("src/proto/endpoint/mod.rs", "mod turn; pub use turn::Turn; pub struct Endpoint;"),
            ("src/conform/mod.rs", "mod case; pub mod run; pub use case::*;"),
            ("src/conform/case.rs", ""),
            ("src/conform/run.rs", ""),
        ]);
        for (path, origin) in [
            ("crate::proto::Endpoint", "crate::proto::endpoint::Endpoint"),
            ("crate::End::new", "crate::proto::endpoint::Endpoint::new"),
            ("crate::proto::endpoint::Turn", "crate::proto::endpoint::turn::Turn"),
            ("crate::proto::Flow::new", "crate::proto::flow::Flow::new"),
            ("crate::conform::Case", "crate::conform::case::Case"),
            ("crate::conform::run::Runner", "crate::conform::run::Runner"),
            ("std::fmt", "std::fmt"),
        ] {
            assert_eq!(tree.origin(path), origin, "{path}");
        }
    }

    #[test]
    fn files_of_tests_are_left_out() {
        let tree = Tree::of([("src/a/mod.rs", "#[cfg(test)] mod tests;"), ("src/a/tests.rs", "use tokio::net;")]);
        assert_eq!(tree.sources.len(), 1);
    }
}
