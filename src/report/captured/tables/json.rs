//! Rows as JSON objects.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::cells::{Cells, Closing, Row};
use super::clock::Clock;
use crate::capture::Time;

/// Appends a row as one object on one line, without a line feed.
#[inline]
pub(super) fn object(row: &impl Row, clock: &mut Clock, out: &mut Vec<u8>) {
    let mut serializer = serde_json::Serializer::new(out);
    // A vector takes everything, and all keys are strings.
    let Ok(map) = serializer.serialize_map(None) else { return };
    let mut object = Object { map, clock };
    row.cells(&mut object);
    let _infallible = object.map.end();
}

struct Object<'a, M> {
    map: M,
    clock: &'a mut Clock,
}

impl<M: SerializeMap> Object<'_, M> {
    #[inline]
    fn entry(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        let _infallible = self.map.serialize_entry(name, value);
    }
}

impl<M: SerializeMap> Cells for Object<'_, M> {
    #[inline]
    fn number(&mut self, name: &'static str, value: Option<u64>) {
        self.entry(name, &value);
    }

    #[inline]
    fn word(&mut self, name: &'static str, value: Option<&'static str>) {
        self.entry(name, &value);
    }

    #[inline]
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.entry(name, &value);
    }

    #[inline]
    fn truth(&mut self, name: &'static str, value: bool) {
        self.entry(name, &value);
    }

    #[inline]
    fn time(&mut self, name: &'static str, value: Option<Time>) {
        let text = value.map(|time| self.clock.text(time));
        let _infallible = self.map.serialize_entry(name, &text);
    }

    fn seconds(&mut self, name: &'static str, value: Option<Duration>) {
        match value {
            // 1, not 1.0.
            Some(value) if value.subsec_nanos() == 0 => self.entry(name, &value.as_secs()),
            value => self.entry(name, &value.map(|value| value.as_secs_f64())),
        }
    }

    fn close(&mut self, value: Option<&Closing<'_>>) {
        self.entry("close", &value);
    }
}

impl Serialize for Closing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("by", self.by)?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("reason", self.reason)?;
        map.end()
    }
}
