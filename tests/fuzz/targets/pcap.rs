//! Any bytes as a file, as they are and packed.

#![no_main]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use wslab_fuzz::read;

fuzz_target!(|file: &[u8]| {
    read(file);
    if file.len() % 2 == 1 {
        let mut packed = GzEncoder::new(Vec::new(), Compression::none());
        packed.write_all(file).expect("memory can be written to");
        read(&packed.finish().expect("memory can be written to"));
    }
});
