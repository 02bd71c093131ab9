//! HTTP/1.1 heads (RFC 9112, section 2).

use hex_literal::hex;
use proptest::prelude::*;
use wslab::wire::http::{HeadError, HeadFault, Headers, Limits, Request, Response, Version};

use crate::{REQUEST, RESPONSE, request, request_error, response, response_error};

fn written(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("text")
}

mod reading {
    use super::*;

    #[test]
    fn a_request_is_its_method_target_version_and_headers() {
        let request = request("PATCH /a?b=c HTTP/1.0\r\nhOST: x\r\nEmpty:\r\nhost:\t y \t\r\n\r\n");
        assert_eq!(request.method, "PATCH");
        assert_eq!(request.target, "/a?b=c");
        assert_eq!(request.version, Version::HTTP_10);
        let lines: Vec<_> = request.headers.iter().collect();
        assert_eq!(lines, [(&b"hOST"[..], &b"x"[..]), (b"Empty", b""), (b"host", b"y")]);
    }

    #[test]
    fn a_response_is_its_version_status_reason_and_headers() {
        let response = response("HTTP/1.1 007 Who knows?\r\nA: b\r\n\r\n");
        assert_eq!((response.version, response.status), (Version::HTTP_11, 7));
        assert_eq!(response.reason, b"Who knows?");
        assert_eq!(response.headers.get("a"), Some(&b"b"[..]));
    }

    #[test]
    fn what_follows_the_head_is_left() {
        let bytes = [REQUEST.as_bytes(), &hex!("81 85 37fa213d 7f9f4d5158")].concat();
        let (_, size) = Request::parse(&bytes, &Limits::default()).expect("a request").expect("whole");
        assert_eq!(size, REQUEST.len());
    }

    #[test]
    fn empty_lines_before_the_head_are_passed_over() {
        assert_eq!(request(&format!("\r\n{REQUEST}")), request(REQUEST));
        assert_eq!(response(&format!("\r\n\n{RESPONSE}")), response(RESPONSE));
    }

    #[test]
    fn lines_may_end_in_a_line_feed_alone() {
        assert_eq!(request(&REQUEST.replace("\r\n", "\n")), request(REQUEST));
        assert_eq!(response(&RESPONSE.replace("\r\n", "\n")), response(RESPONSE));
    }

    #[test]
    fn any_minor_version_is_taken() {
        for minor in 0..10 {
            let line = |text: &str| text.replace("HTTP/1.1", &format!("HTTP/1.{minor}"));
            assert_eq!(request(&line(REQUEST)).version, Version(minor));
            assert_eq!(response(&line(RESPONSE)).version, Version(minor));
            assert_eq!(written(|out| request(&line(REQUEST)).write(out)), line(REQUEST));
        }
    }

    #[test]
    fn a_reason_keeps_its_raw_bytes_and_may_be_missing() {
        let bytes = b"HTTP/1.1 404 pas trouv\xe9\r\n\r\n";
        let (response, _) = Response::parse(bytes, &Limits::default()).expect("a response").expect("whole");
        assert_eq!(response.reason, b"pas trouv\xe9");
        for text in ["HTTP/1.1 404 \r\n\r\n", "HTTP/1.1 404\r\n\r\n", "\r\nHTTP/1.1 404\n\n"] {
            assert_eq!(crate::response(text).reason, b"");
        }
    }

    #[test]
    fn values_may_have_bytes_beyond_ascii() {
        let bytes = b"GET / HTTP/1.1\r\nX: \xff\xe9\r\n\r\n";
        let (request, _) = Request::parse(bytes, &Limits::default()).expect("a request").expect("whole");
        assert_eq!(request.headers.get("x"), Some(&b"\xff\xe9"[..]));
    }
}

mod refusing {
    use super::*;

    #[test]
    fn the_first_byte_that_no_request_has_is_named() {
        let faults = [
            &b"G(T / HTTP/1.1\r\n"[..],
            b" GET / HTTP/1.1\r\n",
            b"GET  / HTTP/1.1\r\n",
            b"GET /\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\n",
            b"GET / HTTPS/1.1\r\n",
            b"GET / HTTP/2.0\r\n",
            b"GET / HTTP/1.x\r\n",
            b"GET / HTTP/1.1 \r\n",
            b"GET / HTTP/1.1\rHost: x\r\n",
            b"GET / HTTP/1.1\r\n Host: x\r\n",
            b"GET / HTTP/1.1\r\nHost : x\r\n",
            b"GET / HTTP/1.1\r\nHost\r\n",
            b"GET / HTTP/1.1\r\n: x\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n c\r\n",
            b"GET / HTTP/1.1\r\nA: b\0c\r\n",
            b"GET / HTTP/1.1\r\nA: b\rc\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n\rc",
            &hex!("16 0301 0200 01 0001fc 0303"),
        ];
        let said: Vec<_> = faults
            .iter()
            .map(|bytes| format!("{:<40} {}", bytes.escape_ascii().to_string(), request_error(bytes)))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        G(T / HTTP/1.1\r\n                       the method is not a token, at byte 1
         GET / HTTP/1.1\r\n                      the method is not a token, at byte 0
        GET  / HTTP/1.1\r\n                      the target is empty or has a byte that no target has, at byte 4
        GET /\r\n\r\n                            the target is empty or has a byte that no target has, at byte 5
        GET /\xff HTTP/1.1\r\n                   the target is empty or has a byte that no target has, at byte 6
        GET / HTTPS/1.1\r\n                      this is not HTTP, at byte 10
        GET / HTTP/2.0\r\n                       the version is not HTTP/1.1, at byte 11
        GET / HTTP/1.x\r\n                       the version is not HTTP/1.1, at byte 13
        GET / HTTP/1.1 \r\n                      a line does not end where it has to, at byte 14
        GET / HTTP/1.1\rHost: x\r\n              a line does not end where it has to, at byte 15
        GET / HTTP/1.1\r\n Host: x\r\n           a header line does not begin with a name and a colon, at byte 16
        GET / HTTP/1.1\r\nHost : x\r\n           a header line does not begin with a name and a colon, at byte 20
        GET / HTTP/1.1\r\nHost\r\n               a header line does not begin with a name and a colon, at byte 20
        GET / HTTP/1.1\r\n: x\r\n                a header line does not begin with a name and a colon, at byte 16
        GET / HTTP/1.1\r\nA: b\r\n c\r\n         a header line does not begin with a name and a colon, at byte 22
        GET / HTTP/1.1\r\nA: b\x00c\r\n          the value of a header has a control character, at byte 20
        GET / HTTP/1.1\r\nA: b\rc\r\n            the value of a header has a control character, at byte 21
        GET / HTTP/1.1\r\nA: b\r\n\rc            a line does not end where it has to, at byte 23
        \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 the method is not a token, at byte 0
        "#);
    }

    #[test]
    fn the_first_byte_that_no_response_has_is_named() {
        let faults = [
            &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
            b"HTTP/2 200\r\n",
            b"HTTP/1.10 200 OK\r\n",
            b"HTTP/1.1  200 OK\r\n",
            b"HTTP/1.1 20 OK\r\n",
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/1.1 200 O\x01K\r\n",
            b"HTTP/1.1 200 OK\r\nA : b\r\n",
        ];
        let said: Vec<_> = faults
            .iter()
            .map(|bytes| format!("{:<40} {}", bytes.escape_ascii().to_string(), response_error(bytes)))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        SSH-2.0-OpenSSH_9.2p1\r\n                this is not HTTP, at byte 0
        HTTP/2 200\r\n                           the version is not HTTP/1.1, at byte 5
        HTTP/1.10 200 OK\r\n                     the version is not HTTP/1.1, at byte 8
        HTTP/1.1  200 OK\r\n                     the status is not three digits and a reason, at byte 9
        HTTP/1.1 20 OK\r\n                       the status is not three digits and a reason, at byte 11
        HTTP/1.1 2000 OK\r\n                     the status is not three digits and a reason, at byte 12
        HTTP/1.1 200 O\x01K\r\n                  the status is not three digits and a reason, at byte 14
        HTTP/1.1 200 OK\r\nA : b\r\n             a header line does not begin with a name and a colon, at byte 18
        "#);
    }
}

mod limits {
    use super::*;

    const LIMITS: Limits = Limits { max_bytes: 64, max_headers: 2 };

    fn too_large() -> HeadError {
        HeadError { fault: HeadFault::TooLarge(64), at: 64 }
    }

    #[test]
    fn a_head_of_just_the_limit_is_taken() {
        let fitting = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(64 - 27));
        assert_eq!(fitting.len(), 64);
        assert!(matches!(Request::parse(fitting.as_bytes(), &LIMITS), Ok(Some((_, 64)))));
        let longer = fitting.replacen("/a", "/aa", 1);
        assert_eq!(Request::parse(longer.as_bytes(), &LIMITS), Err(too_large()));
    }

    #[test]
    fn an_endless_head_is_refused_once_the_limit_is_reached() {
        let endless = [&b"GET / HTTP/1.1\r\nA: "[..], &[b'a'; 100]].concat();
        assert_eq!(Request::parse(&endless[..63], &LIMITS), Ok(None));
        assert_eq!(Request::parse(&endless[..64], &LIMITS), Err(too_large()));
        assert_eq!(Request::parse(&endless, &LIMITS), Err(too_large()));
    }

    #[test]
    fn endless_empty_lines_are_refused_too() {
        assert_eq!(Response::parse(&b"\r\n".repeat(32), &LIMITS), Err(too_large()));
    }

    #[test]
    fn a_fault_before_the_limit_is_said_and_one_behind_it_is_not() {
        let fault = Request::parse(&[b'('; 100], &LIMITS).expect_err("no request");
        assert_eq!((fault.fault, fault.at), (HeadFault::Method, 0));
        let behind = [&b"GET / HTTP/1.1\r\nA: "[..], &[b'a'; 60], b"\0"].concat();
        assert_eq!(Request::parse(&behind, &LIMITS), Err(too_large()));
    }

    #[test]
    fn a_header_too_many_is_refused_when_it_is_whole() {
        let two = b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n";
        assert_eq!(Request::parse(two, &LIMITS), Ok(None));
        let three = [&two[..], b"C: 3\r\n"].concat();
        let expected = HeadError { fault: HeadFault::TooManyHeaders(2), at: three.len() - 1 };
        assert_eq!(Request::parse(&three, &LIMITS), Err(expected));
    }

    #[test]
    fn limits_are_said_in_words() {
        insta::assert_snapshot!(too_large(), @"the head is longer than 64 bytes");
        insta::assert_snapshot!(HeadFault::TooManyHeaders(2), @"the head has more than 2 headers");
        assert!(too_large().fault.is_limit() && HeadFault::TooManyHeaders(2).is_limit());
        assert!(!HeadFault::Method.is_limit());
    }

    #[test]
    fn limits_may_be_none_at_all() {
        let none = Limits { max_bytes: usize::MAX, max_headers: usize::MAX };
        let many = format!("GET / HTTP/1.1\n{}\n", "a:\n".repeat(10_000));
        let (request, _) = Request::parse(many.as_bytes(), &none).expect("a request").expect("whole");
        assert_eq!(request.headers.len(), 10_000);
    }

    #[test]
    fn limits_of_nothing_let_nothing_through() {
        let nothing = Limits { max_bytes: 0, max_headers: 0 };
        assert_eq!(Request::parse(b"", &nothing).expect_err("nothing fits").fault, HeadFault::TooLarge(0));
        assert_eq!(Request::parse(b"GET", &nothing).expect_err("nothing fits").fault, HeadFault::TooLarge(0));
    }
}

mod headers {
    use super::*;

    fn sample() -> Headers {
        Headers::from_iter([("Accept", "a, b"), ("X", "1"), ("accept", "c"), ("ACCEPT", " ,, d,"), ("Y", "2")])
    }

    fn lines(headers: &Headers) -> String {
        written(|out| headers.write(out))
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(sample().get("aCCept"), Some(&b"a, b"[..]));
        assert_eq!(sample().all("ACCEPT").collect::<Vec<_>>(), [&b"a, b"[..], b"c", b" ,, d,"]);
        assert_eq!(sample().get("Accep"), None);
    }

    #[test]
    fn a_list_goes_over_all_lines_and_leaves_empty_elements_out() {
        assert_eq!(sample().tokens("accept").collect::<Vec<_>>(), [b"a", b"b", b"c", b"d"]);
        assert!(sample().has_token("accept", "D"));
        assert!(!sample().has_token("accept", "a, b"));
        assert!(!sample().has_token("X", ""));
    }

    #[test]
    fn setting_keeps_the_first_place_and_drops_the_rest() {
        let mut headers = sample();
        headers.set("x", "3");
        headers.set("ACCEPT", "e");
        headers.set("Z", "4");
        assert_eq!(lines(&headers), "Accept: e\r\nX: 3\r\nY: 2\r\nZ: 4\r\n");
    }

    #[test]
    fn removing_takes_every_line_of_the_name() {
        let mut headers = sample();
        assert_eq!(headers.remove("accept"), 3);
        assert_eq!(headers.remove("accept"), 0);
        assert_eq!(lines(&headers), "X: 1\r\nY: 2\r\n");
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn the_rest_of_a_set_list_is_the_same_as_before() {
        let mut headers = sample();
        headers.set("Y", "5");
        assert_eq!(headers.len(), 5);
    }
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}"
}

/// Values without blanks around them, which parsing takes off.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let visible = || prop_oneof![0x21..0x7f_u8, 0x80..=0xff_u8];
    let inner = prop::collection::vec(prop_oneof![8 => visible(), 1 => Just(b' '), 1 => Just(b'\t')], 0..20);
    prop_oneof![
        1 => Just(Vec::new()),
        9 => (visible(), inner, visible()).prop_map(|(first, inner, last)| [&[first], &inner[..], &[last]].concat()),
    ]
}

fn any_headers() -> impl Strategy<Value = Headers> {
    prop::collection::vec((token(), value()), 0..8).prop_map(Headers::from_iter)
}

prop_compose! {
    fn any_request()(method in token(), target in "[!-~é€]{1,20}", minor in 0..10_u8, headers in any_headers())
        -> Request {
        Request { method, target, version: Version(minor), headers }
    }
}

prop_compose! {
    fn any_response()(minor in 0..10_u8, status in 0..1000_u16, reason in value(), headers in any_headers())
        -> Response {
        Response { version: Version(minor), status, reason, headers }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_is_written_the_same(request in any_request(), response in any_response()) {
        let mut bytes = Vec::new();
        request.write(&mut bytes);
        let (read, size) = Request::parse(&bytes, &Limits::default())?.expect("whole");
        prop_assert_eq!((&read, size), (&request, bytes.len()));
        let mut again = Vec::new();
        read.write(&mut again);
        prop_assert_eq!(again, bytes);

        let mut bytes = Vec::new();
        response.write(&mut bytes);
        let (read, size) = Response::parse(&bytes, &Limits::default())?.expect("whole");
        prop_assert_eq!((&read, size), (&response, bytes.len()));
        let mut again = Vec::new();
        read.write(&mut again);
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn a_beginning_of_a_good_head_wants_more(request in any_request(), response in any_response()) {
        let mut bytes = Vec::new();
        request.write(&mut bytes);
        for end in 0..bytes.len() {
            prop_assert_eq!(Request::parse(&bytes[..end], &Limits::default()), Ok(None));
        }
        bytes.clear();
        response.write(&mut bytes);
        for end in 0..bytes.len() {
            prop_assert_eq!(Response::parse(&bytes[..end], &Limits::default()), Ok(None));
        }
    }

    /// Read byte by byte, the same is found as at once, and an error at the byte that it names.
    #[test]
    fn chopping_changes_nothing(
        response in any_response(),
        place in any::<prop::sample::Index>(),
        noise in any::<u8>(),
        max_bytes in 0..200_usize,
        max_headers in 0..8_usize,
    ) {
        let limits = Limits { max_bytes, max_headers };
        let mut bytes = Vec::new();
        response.write(&mut bytes);
        let place = place.index(bytes.len());
        bytes[place] = noise;
        let at_once = Response::parse(&bytes, &limits);
        let first = (0..=bytes.len())
            .map(|end| (end, Response::parse(&bytes[..end], &limits)))
            .find(|(_, outcome)| *outcome != Ok(None));
        match (&at_once, first) {
            (Ok(Some((_, size))), Some((end, outcome))) => {
                prop_assert_eq!(end, *size);
                prop_assert_eq!(&outcome, &at_once);
            }
            (Err(error), Some((end, outcome))) => {
                prop_assert_eq!(end, if error.fault == HeadFault::TooLarge(max_bytes) { error.at } else { error.at + 1 });
                prop_assert_eq!(&outcome, &at_once);
            }
            (Ok(None), None) => {}
            (at_once, first) => prop_assert!(false, "{at_once:?} at once, but {first:?} byte by byte"),
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), max_bytes in 0..200_usize) {
        let limits = Limits { max_bytes, max_headers: 3 };
        let _ = Request::parse(&bytes, &limits);
        let _ = Response::parse(&bytes, &limits);
        let lines = [&b"GET / HTTP/1.1\r\n"[..], &bytes].concat();
        if let Ok(Some((_, size))) = Request::parse(&lines, &limits) {
            prop_assert!(size <= max_bytes);
        }
    }
}
