//! Files with keys.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use proptest::prelude::*;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _,
};
use wslab::app::auth::{KeyError, KeyFault, PublicKey, SecretKey};

/// A file that is removed with the test.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(content: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("key-{}-{number}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        // Left behind it does no harm.
        let _removed = fs::remove_file(&self.0);
    }
}

fn secret(content: impl AsRef<[u8]>) -> Result<SecretKey, KeyFault> {
    SecretKey::read(&KeyFile::new(content).0).map_err(|error| error.fault)
}

fn public(content: impl AsRef<[u8]>) -> Result<PublicKey, KeyFault> {
    PublicKey::read(&KeyFile::new(content).0).map_err(|error| error.fault)
}

/// What is said about a file, without its path.
#[track_caller]
fn said<T: std::fmt::Debug>(read: Result<T, KeyFault>) -> String {
    read.expect_err("no such key").to_string()
}

const WEAK_RSA: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDDqPhIcYeMhsd1/VyVb9xr1ptv
phrchQShjlUVYoJL7uy/ydnt3P6aWzvKFifuiGc/z+uU99YmqHs17JPTdIvBm/xD
Pal1xuSTzFSjTM+OeGxF3oRRbrVtNIBA/wYB53g0ECBHtS8W3xWVAJIMeMTI4juF
y/3NPCqpTIElWCHjpQIDAQAB
-----END PUBLIC KEY-----
";
const ED448: &str = "-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAG95PrBUMS+OBmlz8dIBUbI5HyiiYjLeiZmskVxzuvSjfVqX2
psdWtBCaG+1at05LgkX/cJgGDv2A
-----END PUBLIC KEY-----
";
const X25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAefUaw3REfIrulXiIEoZeTHjAEGe0jKOnQm+wGxWLa1c=
-----END PUBLIC KEY-----
";
const SECP256K1: &str = "-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE5cK2Tr3h3IlnVYYFOdrZJFTzH7WAceZd
Qgz5Gyvr+9nQfFERW6VKiXwHyKpe2EMiSxykUq2LGdLA50yZIJEQqA==
-----END PUBLIC KEY-----
";
const RSA_PSS: &str = "-----BEGIN PUBLIC KEY-----
MIGdMAsGCSqGSIb3DQEBCgOBjQAwgYkCgYEA6rrfAVe1nFsZJF+bS6OHsgXyGxA4
mnHVW8ty0ATZ/FPRf3NmMJdQ5Le1HBZirF8CA7RWL3yA080cAfEAb4xRHtO0d3TO
CWCR5xAR3bs8Z9iNP1dA4KctRGhEK9he8u7aJnLvRTAojJCxlxzA3fnkKNTCIJZU
cjxBcu8QGAhg5JcCAwEAAQ==
-----END PUBLIC KEY-----
";
/// As OpenSSL writes it with `-RSAPublicKey_out`.
const RSA_ALONE: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAz4EwwplyXEqecqDyjQ9YTUCDUxKscorTpCD2c+Fyw34+twB48tSA
M9Dv0pAgmAh85P/QOaaY8VyA4gDglbIXTw2ztdmv8Q8v2mrgREE8KSzW7wF/4MTF
pf97aq59NWIZJFeKo+iXIYI3b1jCFQEX1gaT6jurgS+akPpvtnO9okekjDEKRu3p
UOsrW4UKIx8q+pMv/AwWVxJAza85/IJ5zlYb00Ar5hXkxYwzwHbS0oJvKPkR7NFr
F9/ejKcTxpsgPCqVHg3/sDoRQlfxpJ3W4m+g3rl2lZySTBdL2wJgmTqTkxuZIcIP
Sl7wNeQfFgmcG7I87UPGK2o36NeMOiG4twIDAQAB
-----END RSA PUBLIC KEY-----
";

#[test]
fn a_secret_is_without_the_line_end_behind_it() {
    // 32 bytes are enough, and a line end is none of them.
    for end in ["", "\n", "\r\n"] {
        secret(format!("{}{end}", "s".repeat(32))).unwrap();
        assert!(matches!(secret(format!("{}{end}", "s".repeat(31))), Err(KeyFault::Short(31))));
    }
    // One line end is taken off, not every blank.
    secret(format!("{}\n\n", "s".repeat(31))).unwrap();
    secret([0, 159, 146, 150].repeat(8)).unwrap();
}

#[test]
fn a_secret_that_is_none_is_refused_with_words() {
    assert_snapshot!(said(secret("")), @"it is empty: `openssl rand -base64 48` makes a secret");
    assert_snapshot!(said(secret("\n")), @"it is empty: `openssl rand -base64 48` makes a secret");
    assert_snapshot!(said(secret("hunter2\n")), @"a secret of 7 bytes can be guessed: at least 32 are needed, `openssl rand -base64 48` makes such a one");
    assert_snapshot!(said(secret([b's'; 65 * 1024])), @"it has more than 64 KiB, which no key has");
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert_snapshot!(said(secret(pair.public_key_pem())), @"it is a PEM file and no shared secret: give a public key as public key, and as a secret what only the issuer of the tokens and this server know");
    assert!(matches!(secret(pair.serialize_pem()), Err(KeyFault::PemAsSecret)));
    // Also behind what other programs write before it.
    assert!(matches!(secret(format!("# the key\n{}", pair.public_key_pem())), Err(KeyFault::PemAsSecret)));
    secret([b's'; 64 * 1024]).unwrap();
}

#[test]
fn public_keys_of_three_kinds_are_taken() {
    for kind in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let pem = KeyPair::generate_for(kind).unwrap().public_key_pem();
        public(&pem).unwrap();
        public(pem.replace('\n', "\r\n")).unwrap();
        public(pem.trim_end()).unwrap();
        public(format!("written by a program\n\n{pem}\n\n")).unwrap();
    }
    public(RSA_ALONE).unwrap();
}

#[test]
fn a_public_key_that_is_none_is_refused_with_words() {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert_snapshot!(said(public("")), @"it is no PEM file: a public key begins with -----BEGIN PUBLIC KEY-----");
    assert_snapshot!(said(public("a shared secret, of thirty-two bytes")), @"it is no PEM file: a public key begins with -----BEGIN PUBLIC KEY-----");
    assert!(matches!(public(pair.subject_public_key_info()), Err(KeyFault::NotPem)));
    assert_snapshot!(said(public(pair.serialize_pem())), @"it is a private key, and those are for the issuer of the tokens alone: `openssl pkey -in FILE -pubout` writes the public key that belongs to it");
    let both = format!("{}{}", pair.public_key_pem(), pair.serialize_pem());
    assert!(matches!(public(both), Err(KeyFault::Private)));
    let params = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    assert!(matches!(public(format!("{params}{}", pair.serialize_pem())), Err(KeyFault::Private)));
    for sort in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        let pem = format!("-----BEGIN {sort}-----\nAAAA\n-----END {sort}-----\n");
        assert!(matches!(public(pem), Err(KeyFault::Private)), "{sort}");
    }
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap();
    assert_snapshot!(said(public(certificate.pem())), @"it is a certificate: `openssl x509 -in FILE -noout -pubkey` writes the public key that is in it");
    assert_snapshot!(said(public(params)), @"it is PEM, but no public key, which begins with -----BEGIN PUBLIC KEY-----");
    assert_snapshot!(said(public(pair.public_key_pem().repeat(2))), @"it has more than one key: leave the one that signs the tokens");
    assert_snapshot!(said(public(pair.public_key_pem().repeat(1000))), @"it has more than 64 KiB, which no key has");
}

#[test]
fn a_public_key_of_another_kind_is_refused_by_its_name() {
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().public_key_pem();
    let all = [WEAK_RSA, RSA_PSS, &p384, SECP256K1, ED448, X25519].map(|pem| said(public(pem)));
    assert_snapshot!(all.join("\n"), @r"
    an RSA key of 1024 bits is not taken: it needs 2048 to 8192
    RSA-PSS keys are not taken: RSA, EC P-256 and Ed25519 are
    EC P-384 keys are not taken: RSA, EC P-256 and Ed25519 are
    EC secp256k1 keys are not taken: RSA, EC P-256 and Ed25519 are
    Ed448 keys are not taken: RSA, EC P-256 and Ed25519 are
    X25519 keys are not taken: RSA, EC P-256 and Ed25519 are
    ");
}

#[test]
fn a_damaged_public_key_is_refused() {
    for kind in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let pem = KeyPair::generate_for(kind).unwrap().public_key_pem();
        let lines: Vec<_> = pem.lines().collect();
        let cut = format!("{}\n{}\n{}", lines[0], &lines[1][4..], lines[lines.len() - 1]);
        assert!(matches!(public(cut), Err(KeyFault::Damaged)), "cut at the front");
        assert!(matches!(public(lines[..lines.len() - 1].join("\n")), Err(KeyFault::Damaged)), "no end");
        assert!(matches!(public(pem.replacen('M', "*", 1)), Err(KeyFault::Damaged)), "not base64");
    }
    let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().public_key_pem();
    // The form of the point: 4 is whole (SEC 1, section 2.3.3). Bits of the base64 of it are the last ones of a word.
    let at = pem.find("QgAE").unwrap();
    assert!(matches!(public(format!("{}QgAJ{}", &pem[..at], &pem[at + 4..])), Err(KeyFault::Damaged)), "no point");
    assert_snapshot!(said(public("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----")), @"the key in it is damaged or cut off");
}

#[test]
fn a_file_is_named_by_what_is_said_about_it() {
    let file = KeyFile::new("short");
    let shown = |error: KeyError| error.to_string().replace(&file.0.display().to_string(), "FILE");
    assert_snapshot!(shown(SecretKey::read(&file.0).unwrap_err()), @"cannot use FILE as a key: a secret of 5 bytes can be guessed: at least 32 are needed, `openssl rand -base64 48` makes such a one");
    let missing = KeyError { path: "FILE".into(), ..SecretKey::read(&file.0.join("none")).unwrap_err() };
    assert!(missing.to_string().starts_with("cannot use FILE as a key: "), "{missing}");
    assert!(matches!(
        PublicKey::read(&PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).unwrap_err().fault,
        KeyFault::Unreadable(_)
    ));
}

proptest! {
    #[test]
    fn any_pem_is_read_without_panic(der in prop::collection::vec(any::<u8>(), 0..80), label in "(RSA )?PUBLIC KEY") {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
        prop_assert!(PublicKey::new(&pem).is_err());
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}|-----BEGIN .{0,40}-----END .{0,20}") {
        prop_assert!(PublicKey::new(&text).is_err());
    }
}
