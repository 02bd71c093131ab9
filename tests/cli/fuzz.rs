//! `wslab fuzz` on its own server, on a careless one, and on none.

use std::net::TcpStream;

use crate::faulty::{frame, open, send, server};
use crate::folder::Folder;
use crate::process::run;

#[test]
fn the_own_server_fails_no_session() {
    let ended = run(&["fuzz", "--seed", "1", "--sessions", "200"]).exits(0);
    assert!(ended.stdout.starts_with("nothing found in "), "{ended:#?}");
    assert!(ended.stderr.contains(" with sessions of seed 1\n"), "{ended:#?}");
}

#[test]
fn a_seed_is_drawn_and_said() {
    let ended = run(&["fuzz", "--sessions", "1", "--only", "legal", "--no-deflate"]).exits(0);
    let seed = ended.stderr.trim_end().rsplit(' ').next().unwrap();
    assert!(seed.parse::<u64>().is_ok(), "{ended:#?}");
}

/// Echoes all that is whole, and answers pings without their data.
fn forgetful(mut stream: TcpStream) -> std::io::Result<()> {
    open(&mut stream)?;
    loop {
        match frame(&mut stream)? {
            (0x89, _) => send(&mut stream, 0x8a, b"")?,
            (0x88, payload) => return send(&mut stream, 0x88, &payload),
            (0x8a, _) => {}
            (first, payload) => {
                let mut head = vec![first];
                match u16::try_from(payload.len()) {
                    Ok(len @ 126..) => {
                        head.push(126);
                        head.extend_from_slice(&len.to_be_bytes());
                    }
                    _ => head.push(u8::try_from(payload.len()).unwrap_or_default()),
                }
                head.extend_from_slice(&payload);
                std::io::Write::write_all(&mut stream, &head)?;
            }
        }
    }
}

#[test]
fn what_is_found_is_saved_as_a_case_that_fails_again() {
    let (url, folder) = (server(forgetful), Folder::new("found"));
    let corpus = folder.path(".");
    let arguments =
        ["fuzz", &url, "--seed", "1", "--only", "legal", "--no-deflate", "--max-fail", "1", "--save", &corpus];
    let ended = run(&arguments).exits(1);
    assert!(ended.stdout.starts_with("FOUND 1 Legal, "), "{ended:#?}");
    assert!(ended.stdout.contains("\n1 finding in "), "{ended:#?}");
    run(&["cases", "check", &corpus]).exits(0);
    let again = run(&["conform", &url, "--corpus", &corpus]).exits(1);
    assert!(again.stdout.contains("FAILED fuzz.1."), "{again:#?}");
    let command = ended.stdout.lines().find_map(|line| line.strip_prefix("  repeat       wslab ")).unwrap();
    run(&command.split(' ').collect::<Vec<_>>()).exits(1);
}

#[test]
fn findings_are_objects_where_that_is_asked_for() {
    let url = server(forgetful);
    let arguments = ["fuzz", &url, "--seed", "1", "--only", "legal", "--no-deflate", "--max-fail", "1", "--json"];
    let ended = run(&arguments).exits(1);
    let objects: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [finding, summary] = objects.as_slice() else { panic!("{ended:#?}") };
    assert_eq!((&finding["finding"], &finding["breaks"]), (&1.into(), &"Legal".into()));
    assert!(finding["case"].as_str().unwrap().contains("[[case]]"));
    assert_eq!((&summary["summary"]["found"], &summary["summary"]["seed"]), (&1.into(), &1.into()));
}

#[test]
fn mistakes_are_explained() {
    let nobody = run(&["fuzz", "ws://127.0.0.1:1", "--sessions", "1"]).exits(3);
    assert!(nobody.stderr.contains("was never reachable: the connection was refused"), "{nobody:#?}");
    run(&["fuzz", "http:///"]).exits(2);
    run(&["fuzz", "--only", "strange"]).exits(2);
    run(&["fuzz", "--time", "5"]).exits(2);
}
