//! What a case wants of permessage-deflate.

use super::Fault;
use super::reader::{Fields, Reader};
use super::tree::Node;
use crate::conform::Terms;

/// Reads the terms, the preferred ones first.
pub(super) fn terms(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Terms>> {
    if reader.list(node, "`deflate`")?.is_empty() {
        let what = "what is asked of the target; `{}` if nothing is";
        reader.fault(node.span.clone(), Fault::MissingKey { key: "{}", place: "`deflate`", what });
        return None;
    }
    reader.each(node, "`deflate`", |reader, node| {
        let mut fields = Fields::new("terms of `deflate`", reader.table(node, "terms of `deflate`")?);
        let takeover = fields.take("takeover").map(|node| reader.boolean(node, "`takeover`"));
        let window = fields.take_set("window").map(|node| reader.integer(node, "`window`, in bits,", (8, 15)));
        fields.finish(reader);
        Some(Terms {
            takeover: takeover.unwrap_or(Some(true))?,
            window: window.map_or(Some(None), |window| window.map(Some))?,
        })
    })
}
