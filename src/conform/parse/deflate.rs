//! What a case wants of permessage-deflate.

use super::Fault;
use super::reader::{Fields, Reader};
use super::tree::Node;
use crate::conform::{Own, Terms};

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
        let own = fields.take_set("own").map(|node| own(reader, node));
        fields.finish(reader);
        Some(Terms {
            own: own.unwrap_or(Some(Own::default()))?,
            takeover: takeover.unwrap_or(Some(true))?,
            window: window.map_or(Some(None), |window| window.map(Some))?,
        })
    })
}

/// What has to be agreed of our own direction.
fn own(reader: &mut Reader<'_>, node: &Node) -> Option<Own> {
    let mut fields = Fields::new("`own`", reader.table(node, "`own`")?);
    let takeover = fields.take("takeover").map(|node| reader.boolean(node, "`takeover`"));
    let window = fields.take_set("window").map(|node| reader.integer(node, "`window`, in bits,", (8, 15)));
    fields.finish(reader);
    Some(Own {
        takeover: takeover.map_or(Some(None), |takeover| takeover.map(Some))?,
        window: window.map_or(Some(None), |window| window.map(Some))?,
    })
}
