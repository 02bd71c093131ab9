//! stub
use crate::capture::End;
/// s
#[derive(Debug, Default)]
pub struct Secrets;
impl Secrets { /// a
 pub fn add(&mut self, _: &[u8]) {} }
/// t
#[derive(Debug)]
pub struct Tls;
/// t
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Trouble;
impl Tls {
 /// b
 pub fn begins(bytes: &[u8]) -> Option<bool> { let f = bytes.first()?; Some((0x14..=0x17).contains(f)) }
 /// b
 pub fn new(_: End) -> Self { Self }
 /// b
 pub fn bytes(&mut self, _: End, _: &[u8], _: &Secrets, _: &mut impl FnMut(End, &mut [u8])) {}
 /// b
 pub fn lost(&mut self, _: End, _: u64) {}
 /// b
 pub fn description(&self) -> Option<String> { None }
 /// b
 pub fn trouble(&self) -> Option<&Trouble> { Some(&Trouble) }
}
