//! The grammar of extension lists (RFC 6455, section 9.1).

use std::fmt;

use super::name;
use crate::wire::http::{Headers, is_token};

/// An extension, as offered or as agreed: its name and its parameters in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extension {
    /// The name: a token.
    pub name: String,
    /// The parameters: tokens, each with a value or without. Quoted values are kept without their quotes.
    pub params: Vec<(String, Option<String>)>,
}

impl Extension {
    /// An extension without parameters.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), params: Vec::new() }
    }

    /// Adds a parameter without a value.
    pub fn with(mut self, param: impl Into<String>) -> Self {
        self.params.push((param.into(), None));
        self
    }

    /// Adds a parameter with a value.
    pub fn with_value(mut self, param: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((param.into(), Some(value.into())));
        self
    }

    /// Reads the list that all `Sec-WebSocket-Extensions` headers make together; empty if there are none.
    ///
    /// # Errors
    /// If a line breaks the grammar, or all lines together name no extension.
    pub fn read(headers: &Headers) -> Result<Vec<Self>, ExtensionError> {
        let mut list = Vec::new();
        let mut lines = headers.all(name::EXTENSIONS).peekable();
        let absent = lines.peek().is_none();
        for line in lines {
            parse_elements(line, &mut list)?;
        }
        if list.is_empty() && !absent {
            return Err(ExtensionError { fault: ExtensionFault::Empty, at: 0 });
        }
        Ok(list)
    }

    /// Reads a list. Blanks between its parts and empty elements are allowed (RFC 2616, section 2.1).
    ///
    /// # Errors
    /// If it breaks the grammar or names no extension.
    pub fn parse_list(list: &[u8]) -> Result<Vec<Self>, ExtensionError> {
        let mut elements = Vec::new();
        parse_elements(list, &mut elements)?;
        if elements.is_empty() {
            return Err(ExtensionError { fault: ExtensionFault::Empty, at: 0 });
        }
        Ok(elements)
    }

    /// The list as the value of one header.
    pub fn list(extensions: &[Self]) -> String {
        extensions.iter().map(Self::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Whether names and values are tokens, so that what is displayed reads back as this.
    pub(super) fn is_sound(&self) -> bool {
        let params = self.params.iter().all(|(name, value)| {
            is_token(name.as_bytes()) && value.as_ref().is_none_or(|value| is_token(value.as_bytes()))
        });
        is_token(self.name.as_bytes()) && params
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.params {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// A list that breaks the grammar of section 9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at byte {at} of the value")]
pub struct ExtensionError {
    /// What is wrong.
    pub fault: ExtensionFault,
    /// Where: the offset in the value of the header, counted from 0.
    pub at: usize,
}

/// What is wrong with a list of extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionFault {
    /// There is no extension in it.
    #[error("no extension is named")]
    Empty,
    /// Something else stands where a name has to be.
    #[error("a name is missing")]
    Name,
    /// Something else stands where a value has to be, or it is empty.
    #[error("a value is missing")]
    Value,
    /// What stands in the quotes is empty or not a token.
    #[error("a quoted value is not a token")]
    QuotedValue,
    /// The closing quote is missing.
    #[error("a quoted value does not end")]
    OpenQuote,
    /// Something else stands where a comma, a semicolon or the end has to be.
    #[error("a comma or a semicolon is missing")]
    Separator,
}

/// A place in a list.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte` with the blanks before and behind it, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.skip_blanks();
        }
        found
    }

    fn token(&mut self) -> Option<&'a str> {
        let rest = &self.bytes[self.at..];
        let size = rest.iter().position(|&byte| !is_token(&[byte])).unwrap_or(rest.len());
        self.at += size;
        // Tokens are ASCII.
        std::str::from_utf8(&rest[..size]).ok().filter(|token| !token.is_empty())
    }

    fn value(&mut self) -> Result<String, ExtensionError> {
        if self.peek() != Some(b'"') {
            return self.token().map(str::to_owned).ok_or(self.error(ExtensionFault::Value));
        }
        let opened = self.at;
        let mut content = Vec::new();
        loop {
            self.at += 1;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    content.extend(self.peek());
                }
                Some(byte) => content.push(byte),
                None => return Err(ExtensionError { fault: ExtensionFault::OpenQuote, at: opened }),
            }
        }
        self.at += 1;
        String::from_utf8(content)
            .ok()
            .filter(|content| is_token(content.as_bytes()))
            .ok_or(ExtensionError { fault: ExtensionFault::QuotedValue, at: opened })
    }

    const fn error(&self, fault: ExtensionFault) -> ExtensionError {
        ExtensionError { fault, at: self.at }
    }
}

fn parse_elements(line: &[u8], list: &mut Vec<Extension>) -> Result<(), ExtensionError> {
    let mut cursor = Cursor { bytes: line, at: 0 };
    loop {
        while cursor.take(b',') {}
        if cursor.peek().is_none() {
            return Ok(());
        }
        list.push(parse_one(&mut cursor)?);
        if cursor.peek().is_some() && !cursor.take(b',') {
            return Err(cursor.error(ExtensionFault::Separator));
        }
    }
}

fn parse_one(cursor: &mut Cursor<'_>) -> Result<Extension, ExtensionError> {
    let mut extension = Extension::new(cursor.token().ok_or(cursor.error(ExtensionFault::Name))?);
    while cursor.take(b';') {
        let name = cursor.token().ok_or(cursor.error(ExtensionFault::Name))?;
        let value = if cursor.take(b'=') { Some(cursor.value()?) } else { None };
        extension.params.push((name.to_owned(), value));
    }
    Ok(extension)
}
