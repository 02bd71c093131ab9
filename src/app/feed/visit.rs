//! One connection of a feed.

use std::collections::HashMap;
use std::sync::Arc;

use super::message::{Listed, MAX_NAMES, Names, Request, unknown};
use super::stream::Stream;
use super::streams::Feed;
use crate::app::host::{Application, Caller, Malformed, Visit, Voice};
use crate::net::Member;
use crate::proto::Message;

/// The most streams that a connection subscribes to.
pub const MAX_SUBSCRIPTIONS: usize = 250;

/// A connection of a [`Feed`], and what it has subscribed to.
#[derive(Debug)]
pub struct Subscriber {
    feed: Feed,
    member: Member,
    subscribed: HashMap<Box<str>, Arc<Stream>>,
}

impl Application for Feed {
    type Visit = Subscriber;

    fn open(&self, caller: &Caller) -> Subscriber {
        Subscriber { feed: self.clone(), member: caller.member.clone(), subscribed: HashMap::new() }
    }
}

impl Visit for Subscriber {
    fn message(&mut self, message: &Message<'_>, voice: &mut Voice<'_>) -> Result<(), Malformed> {
        let Request { kind, streams } = Voice::read(message)?;
        match (&*kind, streams) {
            ("subscribe", Some(names)) => self.subscribe(&names, voice),
            ("unsubscribe", Some(names)) => self.unsubscribe(&names, voice),
            ("streams", None) => self.list(voice),
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn renewed(&mut self, voice: &mut Voice<'_>) {
        if !self.subscribed.is_empty() && !voice.permits("subscribe") {
            self.unsubscribe_all();
        }
    }
}

impl Subscriber {
    fn unsubscribe_all(&mut self) {
        for (_, stream) in self.subscribed.drain() {
            stream.unsubscribe(&self.member);
        }
    }

    fn subscribe(&mut self, names: &Names<'_>, voice: &mut Voice<'_>) {
        if !voice.permits("subscribe") {
            return;
        }
        let Some(names) = &names.0 else { return too_many(voice) };
        let mut strange = Vec::new();
        let mut full = false;
        for name in names {
            let known = self.subscribed.contains_key(&**name);
            let Some(stream) = self.feed.find(name) else {
                strange.push(name.clone());
                continue;
            };
            if !known && self.subscribed.len() >= MAX_SUBSCRIPTIONS {
                // Those that were removed do not count.
                self.subscribed.retain(|_, stream| !stream.is_gone());
            }
            if !known && self.subscribed.len() >= MAX_SUBSCRIPTIONS {
                full = true;
            } else if stream.subscribe(&self.member) {
                self.subscribed.insert((**name).into(), stream);
            } else {
                strange.push(name.clone());
            }
        }
        if !strange.is_empty() {
            voice.error(&unknown(&strange));
        }
        if full {
            voice.error(&format!("Too many subscriptions: at most {MAX_SUBSCRIPTIONS}"));
        }
    }

    fn unsubscribe(&mut self, names: &Names<'_>, voice: &mut Voice<'_>) {
        let Some(names) = &names.0 else { return too_many(voice) };
        let mut strange = Vec::new();
        for name in names {
            match self.subscribed.remove(&**name) {
                Some(stream) => stream.unsubscribe(&self.member),
                // Who has not subscribed to it needs not be told that he has not.
                None if self.feed.find(name).is_some() => {}
                None => strange.push(name.clone()),
            }
        }
        if !strange.is_empty() {
            voice.error(&unknown(&strange));
        }
    }

    fn list(&self, voice: &mut Voice<'_>) {
        if voice.permits("subscribe") {
            let names = self.feed.names();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            voice.send(&Listed::new(&names));
        }
    }
}

fn too_many(voice: &mut Voice<'_>) {
    voice.error(&format!("Too many streams in one message: at most {MAX_NAMES}"));
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.unsubscribe_all();
    }
}
