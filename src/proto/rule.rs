//! The one table of rules.
//!
//! A [`Rule`] is something that RFC 6455 or RFC 7692 forbids or advises against and that one peer can see another do. Servers,
//! captures and conformance runs name a fault with the same rule, and every report, document and verdict is rendered
//! from this table: its clause, its level, the close code that answers it, and its words.

use std::fmt;
use std::str::FromStr;

use crate::wire::CloseCode;

/// How binding a rule is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// MUST and MUST NOT: who breaks it does not conform.
    Must,
    /// SHOULD and SHOULD NOT: there may be reasons, and they should be good.
    Should,
    /// MAY: it is left to everyone. No rule is of this level, but cases are that show what was chosen.
    May,
}

impl Level {
    /// The word of RFC 2119.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A clause of an RFC, written `6455#5.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Clause(pub &'static str);

impl Clause {
    /// The number of the RFC.
    pub fn rfc(self) -> &'static str {
        self.0.split_once('#').map_or(self.0, |(rfc, _)| rfc)
    }

    /// The number of the section.
    pub fn section(self) -> &'static str {
        self.0.split_once('#').map_or("", |(_, section)| section)
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {}, section {}", self.rfc(), self.section())
    }
}

macro_rules! rules {
    (@code none) => { None };
    (@code $code:literal) => { Some(CloseCode($code)) };
    ($($name:ident $clause:literal $level:ident $code:tt $words:literal;)*) => {
        /// A rule that was broken.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Rule {
            $(#[doc = concat!("[RFC ", $clause, "] ", $words, ".")] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the rule, as cases and reports write it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The clause that states the rule.
            pub const fn clause(self) -> Clause {
                match self { $(Self::$name => Clause($clause),)* }
            }

            /// How binding the rule is.
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }

            /// The close code with which an endpoint fails the connection upon it, where the connection is open and
            /// the rule calls for failing it.
            pub const fn close_code(self) -> Option<CloseCode> {
                match self { $(Self::$name => rules!(@code $code),)* }
            }

            /// What happened, in words that complete "the peer broke a rule: ".
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

rules! {
    // Framing: one frame by itself.
    ReservedBit "6455#5.2" Must 1002 "a reserved bit is set that no extension gave a meaning";
    ReservedOpcode "6455#5.2" Must 1002 "the opcode is reserved";
    Unmasked "6455#5.1" Must 1002 "a frame of the client is not masked";
    Masked "6455#5.1" Must 1002 "a frame of the server is masked";
    LengthNotMinimal "6455#5.2" Must 1002 "the length is not written in the shortest form";
    LengthTopBit "6455#5.2" Must 1002 "the most significant bit of a 64-bit length is set";
    ControlTooLong "6455#5.5" Must 1002 "a control frame has a payload of more than 125 bytes";
    ControlFragmented "6455#5.5" Must 1002 "a control frame is fragmented";
    // Framing: one frame after another.
    NothingToContinue "6455#5.4" Must 1002 "a continuation frame comes while no message is open";
    MessageUnfinished "6455#5.4" Must 1002 "a new message begins while another is not finished";
    FrameAfterClose "6455#5.5.1" Must none "a frame follows the close frame of the same sender";
    TruncatedFrame "6455#5.2" Must none "the connection ends inside a frame";
    TruncatedMessage "6455#5.4" Must none "the connection ends inside a fragmented message";
    MaskingKeyRepeated "6455#5.3" Must none "masking keys repeat, or can be foretold otherwise";
    // What the frames say.
    InvalidUtf8 "6455#8.1" Must 1007 "a text message is not UTF-8";
    CloseBodyStub "6455#5.5.1" Must 1002 "the body of a close frame is a single byte";
    CloseCodeInvalid "6455#7.4.2" Must 1002 "the close code is in a range that is not used";
    CloseCodeReserved "6455#7.4.1" Must 1002 "the close code must not be sent on the wire";
    CloseCodeUnassigned "6455#7.4.2" Must 1002 "the close code is reserved and has no meaning yet";
    CloseReasonNotUtf8 "6455#5.5.1" Must 1007 "the reason of a close frame is not UTF-8";
    CompressedDataInvalid "7692#7.2.2" Must 1007 "the data of a compressed message is not DEFLATE";
    CompressedBeyondWindow "7692#7.1.2" Must none "a compressed message refers further back than the window that was agreed";
    // How one end answers the other.
    PingUnanswered "6455#5.5.2" Must none "a ping is not answered by a pong";
    PongDiffers "6455#5.5.3" Must none "a pong does not carry the data of the ping that it answers";
    CloseUnanswered "6455#5.5.1" Must none "a close frame is not answered by a close frame";
    NoCloseFrame "6455#7.1.7" Should none "the connection is failed without a close frame that says why";
    NotFailed "6455#7.1.7" Must none "a connection that has to be failed goes on";
    ConnectionLost "6455#7.1.1" Must none "the connection ends without a closing handshake";
    ServerKeptConnection "6455#7.1.1" Must none "the server does not close the TCP connection after the closing handshake";
    ClientClosedFirst "6455#7.1.1" Should none "the client does not wait for the server to close the TCP connection";
    // The opening handshake of the client.
    RequestMalformed "6455#4.2.1" Must none "the request is not HTTP";
    RequestMethod "6455#4.1" Must none "the method of the request is not GET";
    RequestHttpVersion "6455#4.1" Must none "the request is not of HTTP/1.1 or later";
    RequestTarget "6455#4.1" Must none "the target of the request is neither a path nor an absolute http URI";
    RequestFragment "6455#3" Must none "the target of the request has a fragment";
    RequestHost "6455#4.1" Must none "the request has not exactly one Host header with a host and perhaps a port";
    RequestUpgrade "6455#4.1" Must none "the Upgrade header of the request does not say websocket";
    RequestConnection "6455#4.1" Must none "the Connection header of the request does not say Upgrade";
    RequestKeyMissing "6455#4.1" Must none "the request has no Sec-WebSocket-Key header";
    RequestKeyRepeated "6455#11.3.1" Must none "the request has several Sec-WebSocket-Key headers";
    RequestKeyInvalid "6455#4.1" Must none "the Sec-WebSocket-Key header is not 16 bytes in base64";
    RequestKeyReused "6455#4.1" Must none "the Sec-WebSocket-Key header is that of an earlier connection";
    RequestVersionMissing "6455#4.1" Must none "the request has no Sec-WebSocket-Version header";
    RequestVersionRepeated "6455#11.3.5" Must none "the request has several Sec-WebSocket-Version headers";
    RequestVersionUnknown "6455#4.1" Must none "the version of the request is not 13";
    RequestProtocolInvalid "6455#4.1" Must none "a subprotocol of the request is empty or not a token";
    RequestProtocolRepeated "6455#4.1" Must none "the request names a subprotocol twice";
    RequestExtensionsInvalid "6455#9.1" Must none "the Sec-WebSocket-Extensions header of the request is not as the grammar wants it";
    RequestDeflateInvalid "7692#7" Must none "an offer of permessage-deflate has parameters that are unknown, repeated or of a wrong value";
    RequestBody "6455#4.1" Must none "the request has a body";
    FrameBeforeOpen "6455#4.1" Must none "the client sends frames before the connection is open";
    // The opening handshake of the server.
    ResponseMalformed "6455#4.2.2" Must none "the response is not HTTP";
    ResponseHttpVersion "6455#4.2.2" Must none "the response is not of HTTP/1.1 or later";
    ResponseStatus "6455#4.1" Must none "the status of the response is not 101";
    ResponseUpgrade "6455#4.1" Must none "the Upgrade header of the response does not say websocket";
    ResponseConnection "6455#4.1" Must none "the Connection header of the response does not say Upgrade";
    ResponseAcceptMissing "6455#4.1" Must none "the response has no Sec-WebSocket-Accept header";
    ResponseAcceptRepeated "6455#11.3.3" Must none "the response has several Sec-WebSocket-Accept headers";
    ResponseAcceptWrong "6455#4.1" Must none "the Sec-WebSocket-Accept header does not answer the key of the request";
    ResponseProtocolRepeated "6455#11.3.4" Must none "the response has several Sec-WebSocket-Protocol headers";
    ResponseProtocolUnasked "6455#4.1" Must none "the response names a subprotocol that was not asked for";
    ResponseExtensionsInvalid "6455#9.1" Must none "the Sec-WebSocket-Extensions header of the response is not as the grammar wants it";
    ResponseExtensionsRepeated "6455#11.3.2" Must none "the response has several Sec-WebSocket-Extensions headers";
    ResponseExtensionUnasked "6455#4.1" Must none "the response uses an extension that was not offered";
    ResponseDeflateInvalid "7692#7" Must none "the response agrees on permessage-deflate twice, or with parameters that are unknown, repeated or of a wrong value";
    ResponseDeflateUnoffered "7692#7.1" Must none "the response agrees on permessage-deflate in a way that was not offered";
    ResponseVersionMissing "6455#4.4" Must none "a version is refused without a Sec-WebSocket-Version header that lists the supported ones";
    ResponseNotRefused "6455#4.2.1" Must none "a request that has to be refused is accepted";
    HeaderMalformed "6455#4.1" Must none "a header is not a name, a colon and a value";
}

impl Rule {
    /// The rule that a close frame with this code breaks.
    pub const fn broken_by(code: CloseCode) -> Option<Self> {
        match code {
            code if code.may_be_sent() => None,
            CloseCode(1004..=1006 | 1015) => Some(Self::CloseCodeReserved),
            CloseCode(1016..=2999) => Some(Self::CloseCodeUnassigned),
            _ => Some(Self::CloseCodeInvalid),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No rule has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no rule has this name")]
pub struct UnknownRule;

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name).ok_or(UnknownRule)
    }
}

/// A set of rules, for faults that are found together.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules(u128);

impl Rules {
    /// No rule.
    pub const NONE: Self = Self(0);

    /// Adds a rule.
    #[inline]
    pub fn insert(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }

    /// Whether no rule is in the set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `rule` is in the set.
    pub const fn contains(self, rule: Rule) -> bool {
        self.0 & 1 << rule as u8 != 0
    }

    /// Takes the first rule out, in the order of the table.
    #[inline]
    pub fn pop(&mut self) -> Option<Rule> {
        if self.0 == 0 {
            return None;
        }
        let index = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(Rule::ALL[index as usize])
    }
}

// One bit a rule.
const _: () = assert!(Rule::ALL.len() <= 128);

impl Iterator for Rules {
    type Item = Rule;

    fn next(&mut self) -> Option<Rule> {
        self.pop()
    }
}

impl FromIterator<Rule> for Rules {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let mut set = Self::NONE;
        rules.into_iter().for_each(|rule| set.insert(rule));
        set
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(*self).finish()
    }
}
