//! What the selection expressions select.

use wslab::conform::{Corpus, Expression, Selection, Shard};

fn selection(expressions: &[&str]) -> Selection {
    let expressions = expressions.iter().map(|text| text.parse::<Expression>().expect("an expression")).collect();
    Selection { expressions, ..Selection::default() }
}

/// What the expressions select of Autobahn's cases: their number never changes.
fn autobahn(expressions: &[&str]) -> usize {
    let is_number = |id: &&String| id.starts_with(|first: char| first.is_ascii_digit());
    selected(&selection(expressions)).iter().filter(is_number).count()
}

fn all() -> usize {
    Corpus::embedded().cases.len()
}

fn selected(selection: &Selection) -> Vec<String> {
    let corpus = Corpus::embedded();
    selection.of(&corpus.cases).iter().map(|case| case.id.to_string()).collect()
}

fn count(expressions: &[&str]) -> usize {
    selected(&selection(expressions)).len()
}

#[test]
fn nothing_selects_everything() {
    assert_eq!((count(&[]), autobahn(&[])), (all(), 517));
    assert!(all() > 1517);
}

#[test]
fn a_prefix_is_whole_parts() {
    assert_eq!(count(&["1"]), 16);
    assert_eq!(count(&["6.1"]), 3);
    assert_eq!(selected(&selection(&["5.1"])), ["5.1"]);
    assert_eq!(count(&["8"]), 0);
    assert_eq!(count(&["h"]), 0, "half a part is none");
    assert!(count(&["hs.1"]) > 0 && count(&["hs"]) > count(&["hs.1"]));
    assert!(selected(&selection(&["hs"])).iter().all(|id| id.starts_with("hs.")));
}

#[test]
fn a_pattern_fits_whole_ids() {
    assert_eq!(selected(&selection(&["6.4.*"])), ["6.4.1", "6.4.2", "6.4.3", "6.4.4"]);
    assert_eq!(selected(&selection(&["5.1?"])).len(), 10);
    assert_eq!(autobahn(&["*.1.1"]), 8);
    assert_eq!(count(&["h?.*"]), count(&["hs", "hc"]));
    assert_eq!(selected(&selection(&["7.{3,5}.1"])), ["7.3.1", "7.5.1"]);
}

#[test]
fn tags_rules_and_clauses_select() {
    assert_eq!(autobahn(&["tag:bulk"]), 270);
    assert_eq!(autobahn(&["tag:utf8"]), 146);
    assert_eq!(autobahn(&["rule:ReservedBit"]), 7);
    assert_eq!(autobahn(&["rule:InvalidUtf8"]), 75);
    let fragmentation = selected(&selection(&["rfc:6455#5.4"]));
    assert!(fragmentation.contains(&"5.15".to_owned()) && fragmentation.contains(&"10.1.1".to_owned()));
    assert_eq!(autobahn(&["rfc:6455"]), 301);
    assert!(count(&["rfc:6455#5.5"]) > count(&["rfc:6455#5.5.2"]));
    assert_eq!(autobahn(&["rfc:6455#5.5.2"]), 16);
    assert_eq!((autobahn(&["rfc:7692"]), autobahn(&["tag:deflate"]), autobahn(&["rfc:7692#7.1.1"])), (216, 216, 72));
    assert_eq!(count(&["rfc:645"]), 0);
}

#[test]
fn several_expressions_add_up_and_not_takes_away() {
    assert_eq!(autobahn(&["1", "2"]), 27);
    assert_eq!(autobahn(&["1", "1.1"]), 16);
    assert_eq!(autobahn(&["not:9"]), 463);
    assert_eq!(autobahn(&["1", "2", "not:1.1"]), 19);
    assert_eq!(autobahn(&["not:tag:bulk", "not:tag:utf8"]), 101);
    assert_eq!(count(&["9", "not:9"]), 0);
}

#[test]
fn quick_leaves_the_bulk_out() {
    let quick = Selection { quick: true, ..Selection::default() };
    assert_eq!(selected(&quick), selected(&selection(&["not:tag:bulk"])));
    assert_eq!(autobahn(&["not:tag:bulk"]), 247);
    assert!(selected(&quick).len() > 1247);
}

#[test]
fn shards_are_a_partition_in_order() {
    let shard = |text: &str| Selection {
        shard: Some(text.parse().expect("a shard")),
        ..selection(&["1", "2", "3", "4", "5", "6", "7", "10"])
    };
    let shards = ["1/3", "2/3", "3/3"].map(|text| selected(&shard(text)));
    assert_eq!(shards.clone().map(|shard| shard.len()), [83, 82, 82]);
    assert_eq!(shards[1][..2], ["1.1.2", "1.1.5"]);
    let mut all = shards.concat();
    all.sort_by_key(|id| id.parse::<wslab::conform::Id>().expect("an id"));
    assert_eq!(all, selected(&selection(&["1", "2", "3", "4", "5", "6", "7", "10"])));
    assert_eq!(selected(&shard("1/1")).len(), 247);
    assert_eq!(selected(&shard("400/400")).len(), 0);
    for wrong in ["", "1", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong:?}");
    }
}

#[test]
fn an_expression_that_can_select_nothing_says_why() {
    let complaints: Vec<_> = [
        "",
        "5..1",
        "5 1",
        "tag:",
        "rule:",
        "rule:ReservedBits",
        "rule:Xyz",
        "rfc:",
        "rfc:six",
        "rfc:6455#",
        "rfc:6455#5.x",
        "not:",
        "not:not:5",
        "not:rule:Foo",
        "label:utf8",
        "6.[4",
        "6.{4",
    ]
    .iter()
    .map(|text| text.parse::<Expression>().expect_err(text).to_string())
    .collect();
    let said = complaints.join("\n");
    insta::assert_snapshot!(said);
}
