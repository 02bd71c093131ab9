//! Nothing that a file holds makes the parser panic or hang.

use proptest::prelude::*;

use crate::read;

const FILES: [&str; 6] = [
    include_str!("../../corpus/cases/02-pings-and-pongs.toml"),
    include_str!("../../corpus/cases/04-opcodes.toml"),
    include_str!("../../corpus/cases/05-fragmentation.toml"),
    include_str!("../../corpus/cases/07-close.toml"),
    include_str!("../../corpus/cases/09-limits.toml"),
    include_str!("../../corpus/cases/13-deflate-parameters.toml"),
];

/// Words of the language and of TOML, so that what is put together is often nearly right.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "[[case]]",
        "[defaults]",
        "[section]",
        "\n",
        "=",
        "{",
        "}",
        "[",
        "]",
        ",",
        "id",
        "title",
        "send",
        "expect",
        "close",
        "each",
        "rows",
        "start",
        "text",
        "more",
        "repeat",
        "steps",
        "document",
        "compressed",
        "deflate",
        "{}",
        "len",
        "fill",
        "hex",
        "seed",
        "file",
        "fin",
        "fragments",
        "ok",
        "wait",
        "\"{n}\"",
        "\"{a}\"",
        "\"1s\"",
        "\"1.{n}\"",
        "\"6455#5.2\"",
        "clauses",
        "-1",
        "1000",
        "99999999999999999999999999",
        "1.5",
        "true",
        "1979-05-27",
        "'",
        "\"\"\"",
        "#",
        "\u{0}",
        "ä",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// The border between two characters at `at` or before it.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(words in proptest::collection::vec(word(), 0..60)) {
        let _ = read(&words.join(" "));
    }

    #[test]
    fn a_damaged_corpus_is_read_or_refused_at_a_place_in_it(
        file in 0..FILES.len(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), 0..12usize, word()), 1..6),
    ) {
        let mut text = FILES[file].to_owned();
        for (at, cut, word) in damage {
            let at = boundary(&text, at.index(text.len() + 1));
            let end = boundary(&text, (at + cut).min(text.len()));
            text.replace_range(at..end, &word);
        }
        if let Err(errors) = read(&text) {
            prop_assert!(!errors.0.is_empty());
            for error in errors.0 {
                let lines: Vec<_> = text.split('\n').collect();
                prop_assert!(error.line >= 1 && error.line <= lines.len(), "{error}");
                prop_assert!(error.column <= lines[error.line - 1].chars().count() + 1, "{error}");
                prop_assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{ a = ", " }"), ("{ repeat = 1, steps = [", "] }")] {
        let text = format!("case = {}1{}", open.repeat(20_000), close.repeat(20_000));
        assert!(read(&text).is_err(), "{open}");
    }
    let text = format!("[{}]\n", vec!["a"; 20_000].join("."));
    assert!(read(&text).is_err());
}

/// Files as large as they may be whose loops multiply, at every place where work could grow with their product.
#[test]
fn a_hostile_file_ends_soon() {
    let many = "0,".repeat(10_000);
    let long = "x".repeat(1 << 20);
    let case = "id = \"1.{n}\"\ntitle = \"A\"\nclauses = [\"6455#5.2\"]\nsend = []\nexpect = [{ ok = [] }]\n";
    for text in [
        format!("[[case]]\n{case}each = {{ a = [{many}], b = [\"{long}\"] }}\nnote = \"{{b}}\""),
        format!("[[case]]\n{case}each = {{ a = [{many}] }}\nnote = \"{long}\""),
        format!("[[case]]\n{case}each = {{ a = [\"{long}\"] }}\ntags = [{}]", "\"{a}\",".repeat(100_000)),
        format!("[[case]]\n{case}each = {{ a = [{many}] }}\nnote = \"{long}\", rsv = 9"),
        format!("[[case]]\n{case}each = {{ a = [{many}] }}\nnote = \"ä\"\ntarget = \"{long}\""),
        format!("[defaults]\nnote = \"{long}\"\n{}", "[[case]]\n".repeat(300_000)),
        "[[case]]\n".repeat(400_000),
        format!("case = [{}]", "{},".repeat(1_000_000)),
    ] {
        assert!(read(&text).is_err(), "{}", &text[..200]);
    }
}
