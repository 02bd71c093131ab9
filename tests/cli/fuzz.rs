//! `wslab fuzz` on its own server, on a careless one, and on none.

use std::net::TcpStream;
use std::process::Command;

use crate::faulty::{careless, frame, open, send, server};
use crate::folder::Folder;
use crate::process::{Ended, Running, run};

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

/// Plays sessions against a forgetful server, and keeps what it finds.
fn saving(url: &str, corpus: &str, more: &[&str]) -> Ended {
    let arguments = [
        "fuzz",
        url,
        "--seed",
        "1",
        "--only",
        "legal",
        "--no-deflate",
        "--max-fail",
        "1",
        "--save",
        corpus,
        "--jobs",
        "1",
    ];
    run(&[&arguments, more].concat()).exits(1)
}

/// What a folder holds.
fn contents(folder: &Folder) -> Vec<(String, String)> {
    folder.list(".").into_iter().map(|name| (name.clone(), folder.read(&name))).collect()
}

#[test]
fn what_is_kept_already_is_left_as_it_is() {
    let (url, folder) = (server(forgetful), Folder::new("kept"));
    let corpus = folder.path(".");
    saving(&url, &corpus, &[]);
    let first = contents(&folder);
    let [(name, text)] = first.as_slice() else { panic!("{first:?}") };
    for _ in 0..2 {
        let ended = saving(&url, &corpus, &[]);
        assert!(ended.stdout.contains(&format!("{name}\n")), "{ended:#?}");
        assert_eq!(contents(&folder), first);
    }
    // Somebody gave it a better name, and a reason: it is the same session all the same.
    let theirs = text.replace("id = \"fuzz.1.", "id = \"mine.").replace("# Found by", "# It was found by");
    assert_ne!(&theirs, text);
    folder.write(name, &theirs);
    let ended = saving(&url, &corpus, &[]);
    assert_eq!(contents(&folder), [(name.clone(), theirs)]);
    let command = ended.stdout.lines().find(|line| line.starts_with("  repeat  ")).unwrap();
    assert!(command.contains(" mine."), "{command}");
}

#[test]
fn a_session_that_differs_is_kept_beside_the_other() {
    let (url, folder) = (server(forgetful), Folder::new("beside"));
    let corpus = folder.path(".");
    saving(&url, &corpus, &[]);
    let name = folder.list(".").remove(0);
    // The same id, and another session.
    let theirs = folder.read(&name).replace("send = [\n", "send = [\n  { text = \"mine\" },\n");
    folder.write(&name, &theirs);
    for _ in 0..2 {
        let ended = saving(&url, &corpus, &[]);
        assert_eq!((folder.list(".").len(), folder.read(&name)), (2, theirs.clone()));
        run(&["cases", "check", &corpus]).exits(0);
        let command = ended.stdout.lines().find_map(|line| line.strip_prefix("  repeat       wslab ")).unwrap();
        run(&command.split(' ').collect::<Vec<_>>()).exits(1);
    }
}

/// Nobody can write there, whoever he is.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_saved_is_shown() {
    let url = server(forgetful);
    let arguments =
        ["fuzz", &url, "--seed", "1", "--only", "legal", "--no-deflate", "--max-fail", "1", "--save", "/proc"];
    let ended = run(&arguments).exits(2);
    assert!(ended.stdout.starts_with("FOUND 1 Legal, "), "{ended:#?}");
    assert!(ended.stdout.contains("\n[[case]]\n") && ended.stdout.contains("\n1 finding in "), "{ended:#?}");
    assert!(ended.stdout.contains("repeat       wslab fuzz "), "{ended:#?}");
    assert!(ended.stderr.contains("error: failed to write /proc/"), "{ended:#?}");
}

/// Two minutes are more than a test has.
#[test]
fn it_ends_when_nobody_reads_what_it_finds() {
    let program =
        format!("{} fuzz {} --seed 1 --time 2m --max-fail 1000000", env!("CARGO_BIN_EXE_wslab"), server(careless));
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -o pipefail; {program} | true")]);
    let ended = Running::start(command).ended().exits(0);
    assert!(!ended.stderr.contains("error"), "{ended:#?}");
}

#[test]
fn a_finding_is_shown_with_all_that_finds_it_again() {
    let url = server(forgetful);
    let repeats = |more: &[&str]| {
        let arguments = ["fuzz", &url, "--seed", "1", "--only", "legal", "--no-deflate", "--sessions", "40"];
        let ended = run(&[&arguments, more].concat()).exits(1);
        ended.stdout.lines().find(|line| line.starts_with("  repeat  ")).unwrap().to_owned()
    };
    assert!(repeats(&["--max-fail", "12"]).ends_with(" --only legal --no-deflate --max-fail 12"));
    // What stopped it earlier might do so again, and before.
    assert!(repeats(&["--max-fail", "1"]).ends_with(" --only legal --no-deflate"));
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
