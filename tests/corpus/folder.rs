//! A corpus that is read from a folder or a file.

use std::path::{Path, PathBuf};

use wslab::conform::{Corpus, CorpusError, Step};

/// A folder that is gone at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("corpus-{name}"));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).expect("a folder");
        for (file, bytes) in files {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        Self(root)
    }

    /// What reading it says is wrong, without the path of this machine.
    fn complaint(&self) -> String {
        let error = Corpus::read(&self.0).expect_err("it is wrong").to_string();
        error.replace(&*self.0.display().to_string(), "DIR")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn case(id: &str, text: &str) -> Vec<u8> {
    let text = format!(
        "[[case]]\nid = \"{id}\"\ntitle = \"A text\"\nclauses = [\"6455#5.6\"]\nsend = [{{ text = {text} }}]\n\
         expect = [{{ ok = [] }}]\n"
    );
    text.into_bytes()
}

#[test]
fn case_files_may_lie_in_the_folder_itself_or_in_its_folder_cases() {
    let (one, two) = (case("10", "\"\""), case("9", "\"\""));
    for names in [["a.toml", "b.toml"], ["cases/a.toml", "cases/b.toml"]] {
        let folder = Folder::new("places", &[(names[0], &one), (names[1], &two), ("README.md", b"# no case")]);
        let corpus = Corpus::read(&folder.0).expect("a corpus");
        assert_eq!(corpus.cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["9", "10"]);
        let corpus = Corpus::read(&folder.0.join(names[0])).expect("a corpus of one file");
        assert_eq!(corpus.cases.len(), 1);
    }
}

#[test]
fn payload_files_lie_in_the_folder_or_beside_it() {
    let quoting = case("1", "{ file = \"sub/x.bin\", at = 1, len = 2 }");
    let folder = Folder::new("payloads", &[("cases/a.toml", &quoting), ("payloads/sub/x.bin", b"abcd")]);
    for path in [folder.0.clone(), folder.0.join("cases")] {
        let corpus = Corpus::read(&path).expect("a corpus");
        let [Step::Frame(frame)] = &corpus.cases[0].send[..] else { panic!("one frame") };
        assert_eq!(frame.payload.bytes(), "bc");
    }
}

#[test]
fn a_corpus_cannot_quote_files_from_outside_its_payloads() {
    for name in ["../a.toml", "/etc/hostname", "sub/../../a.toml", "."] {
        let folder = Folder::new("outside", &[("a.toml", &case("1", &format!("{{ file = \"{name}\" }}")))]);
        let complaint = folder.complaint();
        assert!(complaint.contains("has to be inside DIR/payloads"), "{name}: {complaint}");
    }
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let empty = Folder::new("empty", &[]);
    insta::assert_snapshot!(empty.complaint(), @"there are no cases in DIR: case files end in .toml, in the folder itself or in its folder `cases`");
    let bytes = Folder::new("bytes", &[("a.toml", b"\xff")]);
    insta::assert_snapshot!(bytes.complaint(), @"cannot read DIR/a.toml: the file is not UTF-8");
    let twice = Folder::new("twice", &[("a.toml", &case("1", "\"\"")), ("b.toml", &case("1", "\"\""))]);
    insta::assert_snapshot!(twice.complaint(), @"DIR/b.toml:1:1: the id 1 is already that of the case at DIR/a.toml:1");
    let wrong = Folder::new("wrong", &[("a.toml", &case("1", "5")), ("b.toml", b"a = ")]);
    insta::assert_snapshot!(wrong.complaint(), @r"
    DIR/a.toml:5:18: `text` has to be a payload: a string, { hex }, { fill, len }, { seed, len }, { file, at, len } or { document, at, len }, not an integer
    DIR/b.toml:1:5: this is not TOML: string values must be quoted, expected literal string
    ");
    assert!(matches!(Corpus::read(Path::new("no/such/folder")), Err(CorpusError::Read { .. })));
}
