//! Both ends of a TLS connection without sockets, what they sent, and what a bystander reads of it.

use std::io::{Read, Write};
use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm};
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, KeyLog, RootCertStore, ServerConfig, ServerConnection, SideData,
    SupportedCipherSuite, version,
};
use wslab::capture::End;
use wslab::capture::tls::{Plain, Secrets, Tls};

pub(crate) const CLIENT: End = End::First;
pub(crate) const SERVER: End = End::Second;

/// A certificate and its key.
struct Identity(CertificateDer<'static>, Vec<u8>);

static ECDSA: LazyLock<Identity> = LazyLock::new(|| Identity::new(&PKCS_ECDSA_P256_SHA256));
static RSA: LazyLock<Identity> = LazyLock::new(|| Identity::new(&PKCS_RSA_SHA256));

impl Identity {
    fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(["example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
        Self(certificate.der().clone(), key.serialize_der())
    }
}

/// How a connection is to be.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    log: Arc<Log>,
}

/// A key log.
#[derive(Debug, Default)]
struct Log(Mutex<String>);

impl KeyLog for Log {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        *self.0.lock().unwrap() += &format!("{label} {} {}\n", hex(random), hex(secret));
    }
}

impl Setup {
    /// With one cipher suite.
    pub(crate) fn of(suite: SupportedCipherSuite) -> Self {
        Self::with(suite, &[kx_group::X25519])
    }

    /// The server knows only the last of these key exchange groups; the client offers a share of the first.
    pub(crate) fn with(suite: SupportedCipherSuite, groups: &[&'static dyn SupportedKxGroup]) -> Self {
        let provider = |groups: &[&'static dyn SupportedKxGroup]| {
            Arc::new(CryptoProvider {
                cipher_suites: vec![suite],
                kx_groups: groups.to_vec(),
                ..aws_lc_rs::default_provider()
            })
        };
        let versions = match suite {
            SupportedCipherSuite::Tls12(_) => &[&version::TLS12],
            SupportedCipherSuite::Tls13(_) => &[&version::TLS13],
        };
        let Identity(certificate, key) = if format!("{:?}", suite.suite()).contains("_RSA_") { &*RSA } else { &*ECDSA };
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let log = Arc::new(Log::default());
        let mut client = ClientConfig::builder_with_provider(provider(groups))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.key_log = Arc::clone(&log) as _;
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.clone()));
        let mut server = ServerConfig::builder_with_provider(provider(&groups[groups.len() - 1..]))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { client, server, log }
    }

    pub(crate) fn key_log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }
}

/// Two ends, and what a bystander sees.
pub(crate) struct Pair {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
    tape: Tape,
}

/// What went over the wire, in order, and what was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) wire: Vec<(End, Vec<u8>)>,
    pub(crate) said: [Vec<u8>; 2],
}

impl Pair {
    pub(crate) fn new(setup: &Setup) -> Self {
        let name = "example.com".try_into().unwrap();
        Self {
            client: ClientConnection::new(Arc::new(setup.client.clone()), name).unwrap(),
            server: ServerConnection::new(Arc::new(setup.server.clone())).unwrap(),
            tape: Tape::default(),
        }
    }

    /// A connection whose handshake is over.
    pub(crate) fn open(setup: &Setup) -> Self {
        let mut pair = Self::new(setup);
        pair.settle();
        assert!(!pair.client.is_handshaking() && !pair.server.is_handshaking());
        pair
    }

    /// Both ends send what they have to, until they have nothing.
    pub(crate) fn settle(&mut self) -> &mut Self {
        while self.client.wants_write() || self.server.wants_write() {
            let sent = carry(&mut self.client, &mut self.server);
            self.tape.note(CLIENT, sent);
            let sent = carry(&mut self.server, &mut self.client);
            self.tape.note(SERVER, sent);
        }
        self
    }

    pub(crate) fn say(&mut self, from: End, bytes: &[u8]) -> &mut Self {
        self.tape.said[from.index()].extend_from_slice(bytes);
        match from {
            CLIENT => self.client.writer().write_all(bytes).unwrap(),
            SERVER => self.server.writer().write_all(bytes).unwrap(),
        }
        self.settle()
    }

    /// An end takes other keys (RFC 8446, section 4.6.3), and asks the other to do so too.
    pub(crate) fn update_keys(&mut self, of: End) -> &mut Self {
        match of {
            CLIENT => self.client.refresh_traffic_keys().unwrap(),
            SERVER => self.server.refresh_traffic_keys().unwrap(),
        }
        self.settle()
    }

    pub(crate) fn close(&mut self) -> Tape {
        self.client.send_close_notify();
        self.server.send_close_notify();
        self.settle();
        self.tape.clone()
    }

    /// What an end said is told by hand.
    pub(crate) fn note_said(&mut self, from: End, bytes: &[u8]) {
        self.tape.said[from.index()].extend_from_slice(bytes);
    }
}

/// What one end has to send is sent, and what the other reads of it is thrown away.
fn carry<F, T>(from: &mut ConnectionCommon<F>, to: &mut ConnectionCommon<T>) -> Vec<u8>
where
    F: SideData,
    T: SideData,
{
    let mut sent = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut sent).unwrap();
    }
    let mut rest = &sent[..];
    while !rest.is_empty() {
        assert!(to.read_tls(&mut rest).unwrap() > 0);
        to.process_new_packets().unwrap();
        // It would block when there is no more.
        drop(to.reader().read_to_end(&mut Vec::new()));
    }
    sent
}

impl Tape {
    fn note(&mut self, from: End, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.wire.push((from, bytes));
        }
    }

    /// The same in pieces of so many bytes at most.
    pub(crate) fn chopped(&self, size: usize) -> Self {
        let pieces = |(from, bytes): &(End, Vec<u8>)| {
            let from = *from;
            bytes.chunks(size).map(move |piece| (from, piece.to_vec())).collect::<Vec<_>>()
        };
        Self { wire: self.wire.iter().flat_map(pieces).collect(), said: self.said.clone() }
    }

    /// The same in records, of which one has to come whole in the bytes of one end.
    pub(crate) fn records(&self) -> Self {
        let mut wire = Vec::new();
        for (from, bytes) in &self.wire {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (record, after) = rest.split_at(5 + usize::from(u16::from_be_bytes([rest[3], rest[4]])));
                wire.push((*from, record.to_vec()));
                rest = after;
            }
        }
        Self { wire, said: self.said.clone() }
    }
}

/// What the bystander was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) said: [Vec<u8>; 2],
    /// Where in it something is missing, and how much if that is known.
    pub(crate) lost: [Vec<(usize, Option<u64>)>; 2],
}

impl Told {
    pub(crate) fn take(&mut self, plain: Plain<'_>) {
        match plain {
            Plain::Bytes(from, bytes) => self.said[from.index()].extend_from_slice(bytes),
            Plain::Lost(from, count) => {
                let at = self.said[from.index()].len();
                self.lost[from.index()].push((at, count));
            }
        }
    }

    /// All was read.
    #[track_caller]
    pub(crate) fn is_whole(&self, tape: &Tape) {
        assert_eq!(self.lost, [[], []], "nothing is missing");
        for end in [CLIENT, SERVER] {
            let (told, said) = (&self.said[end.index()], &tape.said[end.index()]);
            assert!(told == said, "{end:?}: {} bytes were told of {}", told.len(), said.len());
        }
    }
}

pub(crate) fn secrets(key_log: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(key_log.as_bytes());
    assert_eq!(secrets.bad_lines(), 0);
    secrets
}

/// What is read with all secrets.
pub(crate) fn read(tape: &Tape, key_log: &str) -> (Told, Tls) {
    read_with(tape, &secrets(key_log))
}

pub(crate) fn read_with(tape: &Tape, secrets: &Secrets) -> (Told, Tls) {
    let (mut told, mut tls) = (Told::default(), Tls::new(CLIENT));
    for (from, bytes) in &tape.wire {
        tls.bytes(*from, &mut bytes.clone(), secrets, &mut |plain| told.take(plain));
    }
    tls.finish(secrets, &mut |plain| told.take(plain));
    (told, tls)
}
