//! The server: it agrees, or refuses in the right way.

use super::{Agreed, Asked, Extension, Extra, Origins, VERSION, accept_key, judge_request, name, rule_of};
use crate::proto::{Role, Rule, Rules, deflate};
use crate::wire::http::{HeadError, HeadFault, Request, Response};

/// What a server accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The subprotocols, the preferred one first. Without one in common the connection has none.
    pub protocols: Vec<String>,
    /// The origins that may connect. Requests without an Origin header come from no browser (section 4.2.1, item 7)
    /// and are not held to it.
    pub origins: Origins,
    /// How messages may be compressed (RFC 7692); `None` to agree to none of it.
    pub deflate: Option<deflate::Config>,
    /// Further headers of every response.
    pub headers: Extra,
}

impl Policy {
    /// Answers a request that was judged: agrees if it breaks no rule and this policy allows it.
    pub fn answer(&self, asked: &Asked) -> Answer {
        // RFC 7692, section 7: an offer that is not valid is declined, not the connection.
        // RFC 9110, section 9.3.2: what is no WebSocket is asked for by HEAD as by GET.
        let is_held_to = |rule: &Rule| match rule {
            Rule::RequestDeflateInvalid => false,
            Rule::RequestMethod => !asked.is_for_a_page(),
            _ => true,
        };
        let faults = asked.faults.into_iter().filter(is_held_to);
        let mut answer = match (&asked.key, faults.min_by_key(|&rule| urgency(rule))) {
            (Some(key), None) if self.origins.allow(asked) => self.agree(asked, key),
            (_, None) => Answer::refusal(403, "the origin of the request may not connect here"),
            (_, Some(fault)) => refuse(fault, &asked.method),
        };
        answer.faults = asked.faults;
        for (name, value) in self.headers.headers().iter() {
            answer.response.headers.push(name, value);
        }
        answer.to_method(&asked.method)
    }

    fn agree(&self, asked: &Asked, key: &str) -> Answer {
        let agreed = Agreed {
            protocol: self.protocols.iter().find(|protocol| asked.protocols.contains(protocol)).cloned(),
            extensions: self.negotiate(&asked.extensions),
        };
        let mut response = Response::new(101);
        response.headers.push("Upgrade", "websocket");
        response.headers.push("Connection", "Upgrade");
        response.headers.push(name::ACCEPT, accept_key(key));
        if let Some(protocol) = &agreed.protocol {
            response.headers.push(name::PROTOCOL, protocol.as_str());
        }
        if !agreed.extensions.is_empty() {
            response.headers.push(name::EXTENSIONS, Extension::list(&agreed.extensions));
        }
        Answer { response, body: String::new(), agreed: Some(agreed), faults: Rules::NONE }
    }

    /// What is agreed of the offers.
    fn negotiate(&self, offers: &[Extension]) -> Vec<Extension> {
        let agreed = self.deflate.and_then(|deflate| deflate.answer(offers));
        agreed.map(Extension::from).into_iter().collect()
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The head of the response.
    pub response: Response,
    /// The body of a refusal, which is one line of text, or of a page.
    pub body: String,
    /// What was agreed; `None` for a refusal.
    pub agreed: Option<Agreed>,
    /// The rules that the request breaks.
    pub faults: Rules,
}

impl Answer {
    /// A refusal with a body of one line, after which the connection ends.
    pub fn refusal(status: u16, words: &str) -> Self {
        Self::page(status, "text/plain; charset=utf-8", format!("{words}\n"))
    }

    /// A page, after which the connection ends.
    pub fn page(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let body = body.into();
        let mut response = Response::new(status);
        response.headers.push("Connection", "close");
        response.headers.push("Content-Type", content_type);
        response.headers.push("Content-Length", body.len().to_string());
        Self { response, body, agreed: None, faults: Rules::NONE }
    }

    /// The same for who asked by this method: RFC 9110, section 9.3.2: HEAD gets the length of the body without the
    /// body.
    #[must_use]
    pub fn to_method(mut self, method: &str) -> Self {
        if method == "HEAD" {
            self.body.clear();
        }
        self
    }

    /// The refusal of bytes that are not the head of a request.
    pub fn malformed(error: &HeadError) -> Self {
        let status = match error.fault {
            HeadFault::TooLarge(_) | HeadFault::TooManyHeaders(_) => 431,
            HeadFault::Version => 505,
            _ => 400,
        };
        let mut answer = Self::refusal(status, &error.to_string());
        answer.faults = rule_of(error, Role::Client).into_iter().collect();
        answer
    }

    /// Appends the response: its head, and its body.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.response.write(out);
        out.extend_from_slice(self.body.as_bytes());
    }
}

/// Answers `request` (section 4.2.2).
///
/// A request that breaks no rule gets 101, or 403 if its origin is not allowed. Every other is refused: 405 if it is
/// no GET, 426 if it does not ask for an upgrade to WebSocket or asks for another version, 400 otherwise.
pub fn answer(request: &Request, policy: &Policy) -> Answer {
    policy.answer(&judge_request(request))
}

/// Which of several faults a refusal speaks of: the lowest. Whoever asks for no WebSocket at all is told so, and the
/// faults that a version would explain are not held against it.
const fn urgency(rule: Rule) -> u8 {
    match rule {
        Rule::RequestMethod => 0,
        Rule::RequestHttpVersion => 1,
        Rule::RequestUpgrade => 2,
        Rule::RequestVersionUnknown | Rule::RequestVersionMissing => 3,
        _ => 4,
    }
}

fn refuse(fault: Rule, method: &str) -> Answer {
    let words = format!("{} ({})", fault.words(), fault.clause());
    match fault {
        Rule::RequestMethod => {
            // RFC 9110, section 15.5.6: 405 lists what is allowed. HEAD is, but not for a WebSocket.
            let mut answer = Answer::refusal(405, &words);
            answer.response.headers.push("Allow", if method == "HEAD" { "GET" } else { "GET, HEAD" });
            answer
        }
        Rule::RequestUpgrade | Rule::RequestVersionUnknown | Rule::RequestVersionMissing => {
            let mut answer = Answer::refusal(426, &words);
            let headers = &mut answer.response.headers;
            // RFC 9110, section 15.5.22: 426 names the protocol; section 7.8: so the connection names Upgrade.
            headers.set("Connection", "close, Upgrade");
            headers.push("Upgrade", "websocket");
            // Section 4.4: the versions that are understood.
            headers.push(name::VERSION, VERSION);
            answer
        }
        _ => Answer::refusal(400, &words),
    }
}
