//! Lines that were typed before, in a file of the user's own. No line that seems to hold a secret is kept.

use std::borrow::Cow;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

use crate::wire::http::{is_secret, without_secrets, words_without_secrets};

/// Where lines are kept.
pub(super) struct History {
    /// Nowhere, if the user has no place for it.
    file: Option<PathBuf>,
    token: Option<String>,
}

impl History {
    /// So many lines are kept.
    pub(super) const LINES: usize = 1000;

    /// The history of this user: `wslab/history` among the state of programs, as XDG has it.
    pub(super) fn of_user(token: Option<String>) -> Self {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        Self { file: state.map(|state| state.join("wslab/history")), token }
    }

    /// One that is forgotten in the end.
    pub(super) fn of_session(token: Option<String>) -> Self {
        Self { file: None, token }
    }

    pub(super) fn load(&self, editor: &mut Editor<impl Helper, FileHistory>) -> Result<(), String> {
        let Some(file) = self.file.as_ref().filter(|file| file.exists()) else { return Ok(()) };
        editor.load_history(file).map_err(|error| format!("cannot read the history in {}: {error}", file.display()))
    }

    /// Keeps a line, unless it seems to hold a secret.
    pub(super) fn add(&self, editor: &mut Editor<impl Helper, FileHistory>, line: &str) -> Result<(), String> {
        let is_shown = self.token.as_ref().is_some_and(|token| line.contains(token));
        if is_shown || line.trim().is_empty() || seems_secret(line) {
            return Ok(());
        }
        let is_new = editor.add_history_entry(line).unwrap_or(false);
        let Some(file) = self.file.as_ref().filter(|_| is_new) else { return Ok(()) };
        let folder = file.parent().map(|folder| DirBuilder::new().recursive(true).mode(0o700).create(folder));
        let kept = folder.unwrap_or(Ok(())).map_err(Into::into).and_then(|()| editor.append_history(file));
        kept.map_err(|error| format!("cannot keep the history in {}: {error}", file.display()))
    }
}

/// Whether a line seems to hold a secret: a JSON Web Token, a password in a URL, a value that is named `token`.
fn seems_secret(line: &str) -> bool {
    let masked = words_without_secrets(line.split(' ')).join(" ") != line;
    masked || matches!(without_secrets(line), Cow::Owned(_)) || names(line).any(is_secret)
}

/// What stands before a colon or an equals sign: in JSON, in headers, in queries.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices([':', '=']).map(|(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let begin = before.rfind(|character: char| !character.is_alphanumeric() && !['-', '_'].contains(&character));
        // What is found there may be of several bytes.
        let begin = begin.map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        &before[begin..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_secrets_are_known() {
        for line in [
            r#"{"token":"abc"}"#,
            r#"{"type":"auth", "accessToken" : "abc"}"#,
            "{'password': 'x'}",
            "{“password”: 1, \"password\":2}",
            "Authorization: Bearer x",
            "/text token=abc",
            "connect wss://user:pass@host/",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
            "login --token abc",
        ] {
            assert!(seems_secret(line), "{line}");
        }
        for line in ["hello", r#"{"type":"join","room":"a"}"#, "/close 1000 bye", "a token of love", "x=1", ":", "ü:=é"]
        {
            assert!(!seems_secret(line), "{line}");
        }
    }
}
