//! `wss://`: who is trusted, and who is not.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wslab::net::tls;
use wslab::net::{Client, ConnectError, ServerConfig, Trust};
use wslab::wire::CloseCode;

use crate::stage::{REQUEST, Served, serve_echo, text, until, within};

/// A folder that is removed with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind it does no harm.
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// A certificate that vouches for itself, and its key.
struct Identity {
    folder: Folder,
    certificate: PathBuf,
    key: PathBuf,
}

impl Identity {
    fn new(name: &str, years: (i32, i32)) -> Self {
        let folder = Folder::new();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let certificate = folder.write("certificate.pem", &certificate.pem());
        let key = folder.write("key.pem", &key.serialize_pem());
        Self { folder, certificate, key }
    }

    fn good() -> Self {
        Self::new("localhost", (2000, 4000))
    }

    fn serve(&self) -> Served {
        let tls = Some(tls::server(&self.certificate, &self.key).unwrap());
        serve_echo(ServerConfig { tls, ..ServerConfig::default() })
    }

    /// A client of `server` that trusts this identity.
    fn client(&self, server: &Served) -> Client {
        Client::new(&named(server)).unwrap().trust(Trust::Roots(self.certificate.clone()))
    }
}

/// The URL by name rather than by address.
fn named(server: &Served) -> String {
    server.url.replace("127.0.0.1", "localhost")
}

/// The error of connecting to a server, without its port.
async fn fails(client: Client) -> String {
    let error = within(client.connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Io { .. }));
    let (before, after) =
        error.to_string().split_once("localhost:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!("{before}localhost{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[tokio::test]
async fn messages_go_both_ways() {
    let identity = Identity::good();
    let server = identity.serve();
    assert!(server.url.starts_with("wss://127.0.0.1:"));
    let mut connection = within(identity.client(&server).connect()).await.unwrap();
    assert!(connection.peer_addr().is_some());
    within(connection.send("hello")).await.unwrap();
    assert_eq!(text(within(connection.next()).await.unwrap()).as_deref(), Some("hello"));
    let large = vec![7; 3 << 20];
    within(connection.send(large.as_slice())).await.unwrap();
    assert!(within(connection.next()).await.unwrap().unwrap().payload == large);
    assert!(within(connection.close(CloseCode::NORMAL, "")).await.unwrap().clean);
    until("it has left", || server.connections.is_empty()).await;
}

#[tokio::test]
async fn who_is_not_vouched_for_is_not_trusted() {
    let (identity, other) = (Identity::good(), Identity::good());
    let server = identity.serve();
    assert_snapshot!(fails(other.client(&server)).await, @"cannot connect to wss://localhost/: invalid peer certificate: BadSignature");
    let anybody = Client::new(&named(&server)).unwrap().trust(Trust::Anybody);
    within(anybody.connect()).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let identity = Identity::new("example.com", (2000, 4000));
    let server = identity.serve();
    assert_snapshot!(fails(identity.client(&server)).await, @r#"cannot connect to wss://localhost/: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("example.com")"#);
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_trusted() {
    let identity = Identity::new("localhost", (2000, 2001));
    let server = identity.serve();
    let words = fails(identity.client(&server)).await;
    // The instant and the age change from run to run.
    assert!(words.starts_with("cannot connect to wss://localhost/: "), "{words}");
    assert!(words.contains("expired"), "{words}");
    within(Client::new(&named(&server)).unwrap().trust(Trust::Anybody).connect()).await.unwrap();
}

#[tokio::test]
async fn a_client_without_tls_is_no_harm() {
    let identity = Identity::good();
    let server = identity.serve();
    let plain = Client::new(&named(&server).replace("wss://", "ws://")).unwrap();
    let error = within(plain.connect()).await.unwrap_err();
    assert_snapshot!(error, @"the opening handshake failed: this is not HTTP, at byte 0");
    within(identity.client(&server).connect()).await.unwrap();
}

#[test]
fn files_that_do_not_serve_are_named() {
    let identity = Identity::good();
    let other = Identity::good();
    let folder = &identity.folder;
    let empty = folder.write("empty.pem", "");
    let nowhere = folder.0.join("nowhere.pem");
    let broken = folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    let errors = [
        tls::client(&Trust::Roots(nowhere.clone())).unwrap_err(),
        tls::client(&Trust::Roots(empty.clone())).unwrap_err(),
        tls::client(&Trust::Roots(broken.clone())).unwrap_err(),
        tls::server(&empty, &identity.key).unwrap_err(),
        tls::server(&identity.certificate, &nowhere).unwrap_err(),
        tls::server(&identity.certificate, &empty).unwrap_err(),
        tls::server(&identity.certificate, &identity.certificate).unwrap_err(),
        tls::server(&identity.certificate, &other.key).unwrap_err(),
    ];
    let folder = folder.0.display().to_string();
    let said: Vec<String> = errors.iter().map(|error| error.to_string().replace(&folder, "DIR")).collect();
    assert_snapshot!(said.join("\n"), @r"
    cannot use DIR/nowhere.pem: I/O error: No such file or directory (os error 2)
    DIR/empty.pem has no certificate in it
    cannot use DIR/broken.pem: base64 decode error: InvalidCharacter(33)
    DIR/empty.pem has no certificate in it
    cannot use DIR/nowhere.pem: I/O error: No such file or directory (os error 2)
    DIR/empty.pem has no private key in it
    DIR/certificate.pem has no private key in it
    the certificate or key cannot be used: keys may not be consistent: KeyMismatch
    ");
}

/// A client of TLS in raw bytes, behind the opening handshake.
async fn raw_open(identity: &Identity, server: &Served) -> TlsStream<TcpStream> {
    let config: Arc<_> = tls::client(&Trust::Roots(identity.certificate.clone())).unwrap();
    let stream = TcpStream::connect(server.url.strip_prefix("wss://").unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream
}

#[tokio::test]
async fn an_end_without_close_notify_is_an_end() {
    let identity = Identity::good();
    let server = identity.serve();
    let stream = within(raw_open(&identity, &server)).await;
    let (mut tcp, _) = stream.into_inner();
    tcp.shutdown().await.unwrap();
    until("it has left", || server.connections.is_empty()).await;
    // The server says good-bye in TLS all the same, and ends.
    let mut rest = Vec::new();
    within(tcp.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_ends_its_direction_still_gets_what_is_queued() {
    const SIZE: usize = 4 << 20;
    let identity = Identity::good();
    let server = identity.serve();
    let stream = within(raw_open(&identity, &server)).await;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let frame = [&hex_literal::hex!("82 ff 0000000000400000 00000000")[..], &vec![7; SIZE]].concat();
    within(async {
        writing.write_all(&frame).await.unwrap();
        writing.shutdown().await.unwrap();
        let mut echo = Vec::new();
        reading.read_to_end(&mut echo).await.unwrap();
        assert_eq!(echo.len(), SIZE + 10);
    })
    .await;
}
