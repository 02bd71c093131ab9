//! `wslab conform --record`: the traffic of a run as a capture file.

use std::path::Path;

use crate::process::run;

#[test]
fn the_traffic_of_a_run_is_kept() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("record.pcapng");
    let name = path.to_str().unwrap();
    run(&["conform", "1.1.2", "5.1", "--record", name]).exits(0);
    let file = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let has = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    assert!(file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    assert!(has(b"case 1.1.2") && has(b"case 5.1") && !has(b"case 1.1.1"));
    assert!(has(b"GET / HTTP/1.1\r\n") && has(b"HTTP/1.1 101 "));
    // The echo of 1.1.2, which is not masked.
    assert!(has(&[&[0x81, 125][..], &[b'*'; 125]].concat()));
}

#[test]
fn the_traffic_of_clients_is_kept() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients.pcapng");
    let name = path.to_str().unwrap();
    let client = format!("{} connect -q --echo {{url}}", env!("CARGO_BIN_EXE_wslab"));
    run(&["conform", "1.1.2", "--run", &client, "--record", name]).exits(0);
    let file = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let has = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"GET /case/1.1.2 HTTP/1.1\r\n") && has(b"HTTP/1.1 101 "));
    assert!(has(&[&[0x81, 125][..], &[b'*'; 125]].concat()), "what the tester sends is not masked");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    let ended = run(&["conform", "1.1.2", "--record", "/does/not/exist/run.pcapng"]).exits(2);
    insta::assert_snapshot!(ended.screen(), @r"
    --- on stderr, exit code 2
    error: failed to create /does/not/exist/run.pcapng: No such file or directory (os error 2)
    ");
}
