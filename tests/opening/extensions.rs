//! Section 9.1: the grammar of extension lists.

use proptest::prelude::*;
use wslab::proto::opening::Extension;
use wslab::wire::http::Headers;

fn list(value: &str) -> Vec<Extension> {
    Extension::parse_list(value.as_bytes()).expect(value)
}

mod reading {
    use super::*;

    #[test]
    fn the_examples_of_the_clause_are_read() {
        let deflate = || Extension::new("deflate-stream");
        assert_eq!(list("deflate-stream"), [deflate()]);
        let mux = Extension::new("mux").with_value("max-channels", "4").with("flow-control");
        assert_eq!(list("mux; max-channels=4; flow-control, deflate-stream"), [mux, deflate()]);
        assert_eq!(list("private-extension"), [Extension::new("private-extension")]);
    }

    #[test]
    fn one_extension_may_be_offered_several_times_in_order() {
        let wide = Extension::new("permessage-deflate").with_value("server_max_window_bits", "10");
        let plain = Extension::new("permessage-deflate");
        assert_eq!(list("permessage-deflate; server_max_window_bits=10, permessage-deflate"), [wide, plain]);
    }

    #[test]
    fn a_quoted_value_is_the_same_as_a_bare_one() {
        let expected = [Extension::new("a").with_value("b", "10")];
        for value in ["a;b=10", "a; b=\"10\"", r#"a; b="1\0""#, "a ;\tb = \"10\""] {
            assert_eq!(list(value), expected, "{value}");
        }
    }

    #[test]
    fn blanks_and_empty_elements_say_nothing() {
        let expected = [Extension::new("a").with("b"), Extension::new("c")];
        for value in ["a;b,c", " a ; b , c ", ",a;b,,c,", "\t,\ta\t;\tb\t,\tc\t,\t"] {
            assert_eq!(list(value), expected, "{value:?}");
        }
    }

    #[test]
    fn lines_are_one_list() {
        let headers = Headers::from_iter([
            ("Sec-WebSocket-Extensions", "a; b"),
            ("Host", "x"),
            ("SEC-WEBSOCKET-EXTENSIONS", ""),
            ("sec-websocket-extensions", "c, d"),
        ]);
        assert_eq!(Extension::read(&headers), Ok(list("a; b, c, d")));
        assert_eq!(Extension::read(&Headers::new()), Ok(Vec::new()));
    }

    #[test]
    fn a_list_is_written_as_the_clause_writes_it() {
        assert_eq!(Extension::list(&list("a ;b=\"1\";c ,d")), "a; b=1; c, d");
    }
}

#[test]
fn what_breaks_the_grammar_is_named() {
    let faults = [
        "",
        " , ,",
        ";",
        "a;",
        "a;;b",
        "a; =1",
        "a=1",
        "a; b=",
        "a; b=,",
        "a; b=\"\"",
        "a; b=\"1 2\"",
        "a; b=\"1",
        "a; b=\"1\\",
        "a; b=\"1\"2",
        "a b",
        "a; b c",
        "\"a\"",
        "a; b=\"é\"",
        "a/b",
        "a; b=c=d",
        "a, b; c=@",
    ];
    let said: Vec<_> = faults
        .iter()
        .map(|value| {
            let error = Extension::parse_list(value.as_bytes()).expect_err(value);
            format!("{value:<12} {error}")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
                 no extension is named, at byte 0 of the value
     , ,         no extension is named, at byte 0 of the value
    ;            a name is missing, at byte 0 of the value
    a;           a name is missing, at byte 2 of the value
    a;;b         a name is missing, at byte 2 of the value
    a; =1        a name is missing, at byte 3 of the value
    a=1          a comma or a semicolon is missing, at byte 1 of the value
    a; b=        a value is missing, at byte 5 of the value
    a; b=,       a value is missing, at byte 5 of the value
    a; b=""      a quoted value is not a token, at byte 5 of the value
    a; b="1 2"   a quoted value is not a token, at byte 5 of the value
    a; b="1      a quoted value does not end, at byte 5 of the value
    a; b="1\     a quoted value does not end, at byte 5 of the value
    a; b="1"2    a comma or a semicolon is missing, at byte 8 of the value
    a b          a comma or a semicolon is missing, at byte 2 of the value
    a; b c       a comma or a semicolon is missing, at byte 5 of the value
    "a"          a name is missing, at byte 0 of the value
    a; b="é"     a quoted value is not a token, at byte 5 of the value
    a/b          a comma or a semicolon is missing, at byte 1 of the value
    a; b=c=d     a comma or a semicolon is missing, at byte 6 of the value
    a, b; c=@    a value is missing, at byte 8 of the value
    "#);
}

#[test]
fn an_empty_header_names_nothing() {
    let headers = Headers::from_iter([("Sec-WebSocket-Extensions", "")]);
    let error = Extension::read(&headers).expect_err("an empty list");
    insta::assert_snapshot!(error, @"no extension is named, at byte 0 of the value");
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}"
}

prop_compose! {
    fn any_extension()(
        name in token(),
        params in prop::collection::vec((token(), prop::option::of(token())), 0..4),
    ) -> Extension {
        Extension { name, params }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(extensions in prop::collection::vec(any_extension(), 1..5)) {
        prop_assert_eq!(Extension::parse_list(Extension::list(&extensions).as_bytes()), Ok(extensions.clone()));
        let quoted = |extension: &Extension| {
            let params = extension.params.iter().map(|(name, value)| match value {
                Some(value) => format!(";{name}=\"{}\"", value.replace('+', "\\+")),
                None => format!(" ; {name}"),
            });
            format!("{}{}", extension.name, params.collect::<String>())
        };
        let line = extensions.iter().map(quoted).collect::<Vec<_>>().join(",");
        prop_assert_eq!(Extension::parse_list(line.as_bytes()), Ok(extensions.clone()));
        let lines = extensions.iter().map(|extension| ("sec-websocket-extensions", extension.to_string()));
        prop_assert_eq!(Extension::read(&Headers::from_iter(lines)), Ok(extensions));
    }

    #[test]
    fn any_bytes_are_read_without_panic(noise in any::<Vec<u8>>(), near in "[ab=;, \"\\\\\t]{0,20}") {
        for bytes in [&noise[..], near.as_bytes()] {
            match Extension::parse_list(bytes) {
                Ok(extensions) => {
                    prop_assert_eq!(Extension::parse_list(Extension::list(&extensions).as_bytes()), Ok(extensions));
                }
                Err(error) => prop_assert!(error.at <= bytes.len()),
            }
        }
    }
}
