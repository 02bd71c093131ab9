//! The text of a source file, as the paths that it names.

use std::collections::BTreeMap;

/// A path with the line where it stands, written out: `crate::…` for the own crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// A source file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it lies, for people.
    pub(crate) file: String,
    /// The module that it is, `crate::wire::head`.
    pub(crate) module: String,
    pub(crate) mentions: Vec<Mention>,
    /// The modules under it that only tests have.
    pub(crate) only_tests: Vec<String>,
    /// Names that it makes its own by `pub use`, as written out paths; globs without their star.
    pub(crate) exports: BTreeMap<String, String>,
    pub(crate) globs: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Path,
    Mark(char),
}

use Token::{Mark, Path, Word};

impl Source {
    /// Reads the text of a module `crate::a::b` whose child modules have the given names.
    pub(crate) fn read(file: &str, module: &str, text: &str) -> Self {
        let tokens = tokens(&blank(text));
        let (tokens, only_tests) = without_tests(tokens);
        let children = children(&tokens);
        let mut source = Self {
            file: file.to_owned(),
            module: module.to_owned(),
            mentions: Vec::new(),
            only_tests: only_tests.into_iter().map(|name| format!("{module}::{name}")).collect(),
            exports: BTreeMap::new(),
            globs: Vec::new(),
        };
        let (uses, paths) = named(&tokens);
        let mut aliases: BTreeMap<String, String> =
            children.into_iter().map(|name| (name.clone(), format!("{module}::{name}"))).collect();
        for import in &uses {
            let path = source.written_out(&import.path, &aliases);
            if import.alias == "*" {
                if import.public {
                    source.globs.push(path.clone());
                }
            } else {
                if import.public {
                    source.exports.insert(format!("{module}::{}", import.alias), path.clone());
                }
                aliases.insert(import.alias.clone(), path.clone());
            }
            source.mentions.push(Mention { line: import.line, path });
        }
        for (line, path) in paths {
            let path = source.written_out(&path, &aliases);
            source.mentions.push(Mention { line, path });
        }
        source.mentions.sort_by_key(|mention| mention.line);
        source
    }

    fn written_out(&self, path: &[String], aliases: &BTreeMap<String, String>) -> String {
        let mut rest = path;
        let mut start = match path[0].as_str() {
            "crate" | "wslab" => "crate".to_owned(),
            "self" => self.module.clone(),
            "super" => {
                let mut module = self.module.as_str();
                while rest.len() > 1 && rest[1] == "super" {
                    rest = &rest[1..];
                    module = parent(module);
                }
                parent(module).to_owned()
            }
            name => aliases.get(name).cloned().unwrap_or_else(|| name.to_owned()),
        };
        for segment in &rest[1..] {
            start.push_str("::");
            start.push_str(segment);
        }
        start
    }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or(module, |(parent, _)| parent)
}

/// The text without comments, strings and characters; its lines stay.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end > at {
            out.push(' ');
            out.extend(chars[at..end].iter().filter(|c| **c == '\n'));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment, string, character or lifetime that begins at `at` ends; `at` if none does.
fn skipped(chars: &[char], at: usize) -> usize {
    let peek = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    let in_word = at > 0 && is_word(chars[at - 1]);
    match (peek(0), peek(1)) {
        ('/', '/') => (at..chars.len()).find(|&i| chars[i] == '\n').unwrap_or(chars.len()),
        ('/', '*') => {
            let (mut depth, mut i) = (0, at);
            while i < chars.len() {
                match (chars[i], chars.get(i + 1)) {
                    ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
                    ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            i
        }
        ('"', _) => quoted(chars, at + 1, '"'),
        ('b' | 'c', '"') if !in_word => quoted(chars, at + 2, '"'),
        ('b', '\'') if !in_word => quoted(chars, at + 2, '\''),
        ('r', '"' | '#') if !in_word => raw(chars, at, 1),
        ('b' | 'c', 'r') if !in_word => raw(chars, at, 2),
        ('\'', '\\') => quoted(chars, at + 1, '\''),
        ('\'', _) if peek(2) == '\'' => at + 3,
        ('\'', c) if is_word(c) => (at + 1..chars.len()).find(|&i| !is_word(chars[i])).unwrap_or(chars.len()),
        _ => at,
    }
}

fn quoted(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// The end of the raw string whose prefix is `prefix` characters long; `at` if it is no raw string.
fn raw(chars: &[char], at: usize, prefix: usize) -> usize {
    let hashes = chars[at + prefix..].iter().take_while(|c| **c == '#').count();
    let open = at + prefix + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let ends = |i: &usize| chars[*i] == '"' && chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    (open + 1..chars.len()).find(ends).map_or(chars.len(), |i| i + 1 + hashes)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn tokens(text: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let size = if is_word(c) {
                let size = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push((line, Word(rest[..size].to_owned())));
                size
            } else if rest.starts_with("::") {
                tokens.push((line, Path));
                2
            } else {
                if !c.is_whitespace() {
                    tokens.push((line, Mark(c)));
                }
                c.len_utf8()
            };
            rest = &rest[size..];
        }
    }
    tokens
}

/// The tokens without the items under `#[cfg(test)]`, and the names of the modules among these that are files.
fn without_tests(tokens: Vec<(usize, Token)>) -> (Vec<(usize, Token)>, Vec<String>) {
    let attribute: Vec<Token> =
        [Mark('#'), Mark('['), Word("cfg".into()), Mark('('), Word("test".into()), Mark(')'), Mark(']')].into();
    let mut kept = Vec::new();
    let mut files = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let window = tokens[at..].iter().map(|(_, token)| token).take(attribute.len());
        if !window.eq(&attribute) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let start = at + attribute.len();
        let end = end_of_item(&tokens, start);
        if tokens[end - 1].1 == Mark(';') {
            let names = tokens[start..end].windows(2).filter(|pair| pair[0].1 == Word("mod".into()));
            files.extend(names.filter_map(|pair| if let Word(name) = &pair[1].1 { Some(name.clone()) } else { None }));
        }
        at = end;
    }
    (kept, files)
}

/// Behind the `;` or the closing brace of the item that begins at `at`.
fn end_of_item(tokens: &[(usize, Token)], at: usize) -> usize {
    let mut depth = 0;
    for (index, (_, token)) in tokens.iter().enumerate().skip(at) {
        match token {
            Mark('{' | '(' | '[') => depth += 1,
            Mark('}' | ')' | ']') => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(token, Mark('}' | ';')) {
            return index + 1;
        }
    }
    tokens.len()
}

/// The modules that are declared.
fn children(tokens: &[(usize, Token)]) -> Vec<String> {
    let declared = tokens.windows(3).filter_map(|window| match window {
        [(_, Word(word)), (_, Word(name)), (_, Mark(';' | '{'))] if word == "mod" => Some(name.clone()),
        _ => None,
    });
    declared.collect()
}

struct Import {
    line: usize,
    path: Vec<String>,
    alias: String,
    public: bool,
}

type Paths = Vec<(usize, Vec<String>)>;

/// What `use` imports, and the paths that stand anywhere else; a macro's has its `!`.
fn named(tokens: &[(usize, Token)]) -> (Vec<Import>, Paths) {
    let mut uses = Vec::new();
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|before| &tokens[before].1);
        let (line, Word(word)) = &tokens[at] else {
            at += 1;
            continue;
        };
        if word == "use" && tokens.get(at + 1).is_some_and(|(_, next)| *next != Mark('<')) {
            let public = matches!(before, Some(Word(word)) if word == "pub") || before == Some(&Mark(')'));
            at = tree(tokens, at + 1, &[], public, &mut uses);
            continue;
        }
        let mut path = vec![word.clone()];
        at += 1;
        if matches!(before, Some(Word(word)) if word == "mod") {
            continue;
        }
        while let [(_, Path), (_, Word(segment)), ..] = &tokens[at..] {
            path.push(segment.clone());
            at += 2;
        }
        if let [(_, Mark('!')), (_, Mark('(' | '[' | '{')), ..] = &tokens[at..] {
            path.last_mut().expect("it has a first segment").push('!');
        }
        if before == Some(&Mark('.')) {
            // A method or a field.
            path[0].insert(0, '.');
        }
        paths.push((*line, path));
    }
    (uses, paths)
}

/// Reads a use tree from `at`; gives back where it ends.
fn tree(tokens: &[(usize, Token)], mut at: usize, prefix: &[String], public: bool, uses: &mut Vec<Import>) -> usize {
    let mut path = prefix.to_vec();
    let mut alias = None;
    while let Some((line, token)) = tokens.get(at) {
        at += 1;
        match token {
            Word(word) if word == "as" => {
                if let Some((_, Word(name))) = tokens.get(at) {
                    alias = Some(name.clone());
                    at += 1;
                }
            }
            Word(word) if word == "self" && !prefix.is_empty() => {}
            Word(word) => path.push(word.clone()),
            Path => {}
            Mark('{') => {
                loop {
                    at = tree(tokens, at, &path, public, uses);
                    match tokens.get(at - 1) {
                        Some((_, Mark(','))) => {}
                        _ => break,
                    }
                }
                // The group has said it all.
                path.clear();
            }
            Mark('*') => alias = Some("*".to_owned()),
            _ => {
                if path.len() > prefix.len()
                    || alias.is_some()
                    || path.len() == prefix.len() && ends_in_self(tokens, at)
                {
                    let alias = alias.or_else(|| path.last().cloned());
                    uses.extend(alias.map(|alias| Import { line: *line, path, alias, public }));
                }
                return at;
            }
        }
    }
    at
}

/// Whether the branch of a use tree before its delimiter, which is before `at`, is `self`.
fn ends_in_self(tokens: &[(usize, Token)], at: usize) -> bool {
    at >= 2 && tokens[at - 2].1 == Word("self".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::read("src/a/b.rs", "crate::a::b", text);
        source.mentions.into_iter().map(|mention| mention.path).filter(|path| path.contains("::")).collect()
    }

    #[test]
    fn use_trees_are_written_out() {
        assert_eq!(paths("use crate::wire::Head;"), ["crate::wire::Head"]);
        assert_eq!(paths("pub(crate) use self::x::Y as Z;"), ["crate::a::b::x::Y"]);
        assert_eq!(paths("use super::Y;"), ["crate::a::Y"]);
        assert_eq!(paths("use super::super::Y;"), ["crate::Y"]);
        assert_eq!(
            paths("use crate::{proto::{self, Flow, opening::*}, wire as w};"),
            ["crate::proto", "crate::proto::Flow", "crate::proto::opening", "crate::wire"]
        );
    }

    #[test]
    fn paths_are_followed_through_what_was_imported() {
        assert_eq!(paths("use std::time; fn f() { time::Instant::now() }")[1], "std::time::Instant::now");
        assert_eq!(paths("use crate::net as n; fn f(x: n::Client<u8>) {}")[1], "crate::net::Client");
        assert_eq!(paths("mod x; pub use x::Y;"), ["crate::a::b::x::Y"]);
        assert_eq!(paths("fn f() { crate::net::go(); wslab::cli::main() }"), ["crate::net::go", "crate::cli::main"]);
        assert_eq!(paths("#[tokio::main] async fn main() {}"), ["tokio::main"]);
    }

    #[test]
    fn comments_strings_and_tests_are_passed_over() {
        assert_eq!(paths("//! See [`Client`](crate::net::Client).\n/* a::b /* c::d */ e::f */"), [""; 0]);
        assert_eq!(
            paths(r###"const A: &str = "a::b \" c::d"; const B: &str = r#"a::"b"#; const C: u8 = b'"';"###),
            [""; 0]
        );
        assert_eq!(paths("fn f<'a>(x: &'a str) { if c == '\"' || c == '\\'' { g::h() } }"), ["g::h"]);
        assert_eq!(paths("#[cfg(test)] mod tests { use x::y; fn f() { a::b(); } } use c::d;"), ["c::d"]);
        assert_eq!(paths("#[cfg(test)] use x::y; use c::d;"), ["c::d"]);
    }

    #[test]
    fn macros_and_methods_are_told_apart() {
        let source = Source::read("", "crate::a", "fn f() { println!(\"a\"); x.elapsed(); a != (b) }");
        let paths: Vec<_> = source.mentions.iter().map(|mention| mention.path.as_str()).collect();
        assert_eq!(paths, ["fn", "f", "println!", "x", ".elapsed", "a", "b"]);
    }

    #[test]
    fn exports_and_test_files_are_known() {
        let source =
            Source::read("", "crate::a", "mod b;\n#[cfg(test)]\nmod tests;\npub use b::{C, D as E};\npub use b::*;");
        assert_eq!(source.only_tests, ["crate::a::tests"]);
        assert_eq!(source.exports["crate::a::C"], "crate::a::b::C");
        assert_eq!(source.exports["crate::a::E"], "crate::a::b::D");
        assert_eq!(source.globs, ["crate::a::b"]);
        assert_eq!(
            source.mentions.iter().find(|mention| mention.path == "crate::a::b::C").expect("it is there").line,
            4
        );
    }
}
