//! Any records of both ends and gaps in them, with the secrets before, behind, or in the middle.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wslab::capture::End;
use wslab::capture::tls::{Plain, Secrets, Tls};
use wslab_fuzz::{Act, Acts};

fuzz_target!(|bytes: &[u8]| {
    let mut acts = Acts(bytes);
    let count = acts.short();
    let keylog = acts.piece(count.into());
    let when = acts.byte();
    let (mut secrets, mut tls) = (Secrets::default(), Tls::new(End::First));
    let (mut given, mut told) = (0_u64, 0_u64);
    let mut plain = |plain: Plain<'_>| {
        if let Plain::Bytes(_, bytes) = plain {
            told += bytes.len() as u64;
            bytes.fill(0);
        }
    };
    if when == 0 {
        secrets.add(keylog);
    }
    for (at, act) in acts.enumerate() {
        if at + 1 == usize::from(when) {
            secrets.add(keylog);
        }
        match act {
            Act::Says(from, bytes) => {
                given += bytes.len() as u64;
                tls.bytes(from, &mut bytes.to_vec(), &secrets, &mut plain);
            }
            Act::Loses(from, count) => tls.lost(from, count, &secrets, &mut plain),
            Act::Ends(_) => secrets.complete(),
            Act::Resets(_) | Act::Other(_) => {
                let words = [tls.description(), tls.trouble().map(ToString::to_string)];
                assert!(words.iter().flatten().all(|words| !words.is_empty()));
                let _ = (tls.server_name(), tls.alpn(), tls.client(), Tls::begins(bytes));
            }
        }
    }
    if when == u8::MAX {
        secrets.add(keylog);
    }
    tls.finish(&secrets, &mut plain);
    assert!(told <= given, "nothing is made up");
});
