//! Why an opening handshake failed, in words.

use std::fmt;

use crate::proto::{Cause, Rule};

/// The words for a cause that ended a connection before it was open.
pub(super) struct OpeningFailure<'a>(pub(super) &'a Cause);

impl fmt::Display for OpeningFailure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the opening handshake failed: ")?;
        match self.0 {
            // Everything else that is wrong with such a response only follows from it.
            Cause::OpeningInvalid(rules, Some(response)) if rules.contains(Rule::ResponseStatus) => {
                let reason = String::from_utf8_lossy(&response.reason);
                write!(f, "the server answered {} {}", response.status, reason.escape_debug())
            }
            Cause::OpeningInvalid(rules, _) => {
                for (index, rule) in rules.into_iter().enumerate() {
                    write!(f, "{}{rule}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Cause::OpeningUnreadable(error) => write!(f, "{error}"),
            Cause::Refused(status) => write!(f, "it was refused with status {status}"),
            Cause::OpeningTimeout => f.write_str("it was not completed in time"),
            Cause::Lost => f.write_str("the peer ended the connection before it was complete"),
            cause => write!(f, "{cause}"),
        }
    }
}
