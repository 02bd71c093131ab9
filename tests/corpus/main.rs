//! The corpus that is in the binary, the language it is written in, and what selects from it.

mod captured;
mod compressed;
mod documents;
mod embedded;
mod folder;
mod language;
mod messages;
mod opening;
mod rendering;
mod robustness;
mod selection;
#[path = "../support/mod.rs"]
mod support;

use bytes::Bytes;
use wslab::conform::parse::{CaseFile, ParseErrors, Payloads, parse};

/// Two payload files.
struct Files;

impl Payloads for Files {
    fn payload(&self, name: &str) -> Result<Bytes, String> {
        match name {
            "alphabet" => Ok(Bytes::from_static(b"abcdefghijklmnopqrstuvwxyz")),
            _ => Err("is not there".to_owned()),
        }
    }
}

/// Reads a case file of the name `t.toml`.
fn read(text: &str) -> Result<CaseFile, ParseErrors> {
    parse("t.toml", text, &Files)
}
