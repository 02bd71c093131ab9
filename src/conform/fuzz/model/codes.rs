//! Close codes: which may be sent, and which a failure has.

use crate::proto::Rule;
use crate::wire::CloseCode;

/// The rule that a close frame with this code breaks (sections 7.4.1 and 7.4.2).
pub(super) const fn wrong_code(code: u16) -> Option<Rule> {
    match code {
        0..=999 | 5000.. => Some(Rule::CloseCodeInvalid),
        1004..=1006 | 1015 => Some(Rule::CloseCodeReserved),
        1016..=2999 => Some(Rule::CloseCodeUnassigned),
        _ => None,
    }
}

/// The codes with which a connection may be failed for a rule, the right one first.
pub(super) fn codes_for(rule: Rule) -> Vec<CloseCode> {
    let mut codes: Vec<CloseCode> = rule.close_code().into_iter().collect();
    match rule {
        // Longer than any frame of its kind that is taken, too.
        Rule::LengthTopBit | Rule::ControlTooLong => codes.push(CloseCode::TOO_BIG),
        // Section 7.4.1 names neither for data that cannot be inflated, and both fit.
        Rule::CloseReasonNotUtf8 | Rule::CompressedDataInvalid => codes.push(CloseCode::PROTOCOL_ERROR),
        _ => {}
    }
    codes
}
