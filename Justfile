# List what there is to do
default:
    @just --list --unsorted

# Run the tests, or some of them: just test --test wire
test *ARGS:
    cargo test {{ARGS}}

# Find what the linter finds
lint:
    cargo clippy --all-targets --all-features -- -D warnings

# Format the code
fmt:
    cargo fmt

# Build the library's documentation
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features

# Test wslab's own server, or another: just conform ws://127.0.0.1:9001
conform *ARGS:
    cargo run --release -- conform {{ARGS}}

# Hold wslab's own server against its baseline, in which there is nothing
regress:
    cargo run --release -- conform --strict --baseline reports/baselines/wslab.toml

# Compare the verdicts on Node ws and Python websockets with Autobahn's: all, most of an hour, or just interop not:12 not:13
interop *CASES:
    cargo build --release
    WSLAB_INTEROP=require WSLAB_INTEROP_TESTER=target/release/wslab WSLAB_INTEROP_CASES='{{CASES}}' cargo test --test interop

# Give an echo server and client one fault after another, and print which case sees it; of some only: just mutants server::takes
mutants *ARGS:
    WSLAB_MUTANTS_TABLE=1 cargo test --test mutants -- {{ARGS}}

# Talk to the servers with Node ws, Python websockets and Chromium; of some scenarios only: just apps auth
apps *ARGS:
    WSLAB_INTEROP=require cargo test --test apps -- {{ARGS}}

# Test implementations of others, and write reports/scoreboard.md; of some only: just scoreboard ws-server axum-server
scoreboard *NAMES:
    tests/scoreboard/run {{NAMES}}

# Measure CPU time per message beside other libraries; --help tells what else
bench *ARGS:
    cargo run --release --manifest-path tests/bench/Cargo.toml -- {{ARGS}}

# Count instructions per message under valgrind
callgrind *ARGS:
    cargo run --release --manifest-path tests/bench/Cargo.toml -- --callgrind {{ARGS}}

# Try every property on many more inputs than the tests do
fuzz CASES="20000":
    PROPTEST_CASES={{CASES}} cargo test --test wire --test flow --test message --test endpoint --test opening --test engine --test corpus --test deflate --test baseline --test reports --test capture --test app --test watch

# Fuzz what reads captures, each target for so many seconds; needs nightly Rust and cargo-fuzz
fuzz-captures SECONDS="60":
    cargo +nightly fuzz build --fuzz-dir tests/fuzz
    tests/fuzz/target/*/release/seeds corpus/captures tests/fuzz/corpus
    for target in pcap pcapng segments streams tls; do cargo +nightly fuzz run --fuzz-dir tests/fuzz $target -- -max_total_time={{SECONDS}} -max_len=20000 -timeout=25 -rss_limit_mb=512 -malloc_limit_mb=256 || exit 1; done

# Do all that has to hold before a change lands
ci:
    .ci/run
