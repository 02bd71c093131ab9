//! What a case wants of permessage-deflate.

use super::Fault;
use super::reader::{Fields, Reader};
use super::tree::Node;
use crate::conform::Terms;

/// Reads the terms, the preferred ones first.
pub(super) fn terms(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Terms>> {
    if reader.list(node, "`deflate`")?.is_empty() {
        reader.fault(node.span.clone(), Fault::NoTerms);
        return None;
    }
    reader.each(node, "`deflate`", |reader, node| {
        let mut fields = Fields::new("`deflate`", reader.table(node, "an element of `deflate`")?);
        let takeover = fields.take("takeover").map(|node| reader.boolean(node, "`takeover`"));
        let window = fields.take_set("window").map(|node| reader.integer(node, "`window`, in bits,", (8, 15)));
        fields.finish(reader);
        Some(Terms {
            takeover: takeover.unwrap_or(Some(true))?,
            window: window.map_or(Some(None), |window| window.map(Some))?,
        })
    })
}
