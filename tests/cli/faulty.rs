//! Servers that are not as they should be, each a few lines on a thread of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// Serves each connection by `behave`; gives the URL.
pub(crate) fn server(behave: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/path", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let behave = behave.clone();
            // Whatever the tester does to the connection, it is the tester that is watched.
            thread::spawn(move || behave(stream));
        }
    });
    url
}

/// Reads the head of a request; empty if there is none.
pub(crate) fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte)? {
            0 => break,
            _ => head.push(byte[0]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Answers an opening handshake as it should be, with further header lines.
pub(crate) fn answer(stream: &mut TcpStream, request: &str, headers: &str) -> std::io::Result<()> {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let key = key.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let accept = STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n"
    )
}

/// Has the opening handshake as it should be.
pub(crate) fn open(stream: &mut TcpStream) -> std::io::Result<()> {
    let request = request(stream)?;
    answer(stream, &request, "")
}

/// Until the other end has had enough.
pub(crate) fn drain(mut stream: TcpStream) -> std::io::Result<()> {
    std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
}

/// The first byte of a frame of a client, and its unmasked payload of less than 65,536 bytes.
pub(crate) fn frame(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let mut size = u64::from(head[1] & 0x7f);
    if size == 126 {
        let mut long = [0; 2];
        stream.read_exact(&mut long)?;
        size = u16::from_be_bytes(long).into();
    }
    let mut mask = [0; 4];
    stream.read_exact(&mut mask)?;
    let mut payload = vec![0; usize::try_from(size).unwrap()];
    stream.read_exact(&mut payload)?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((head[0], payload))
}

/// Sends a frame of at most 125 bytes.
pub(crate) fn send(stream: &mut TcpStream, first: u8, payload: &[u8]) -> std::io::Result<()> {
    let mut bytes = vec![first, u8::try_from(payload.len()).unwrap()];
    bytes.extend_from_slice(payload);
    stream.write_all(&bytes)
}

/// Echoes, but changes the sixth byte of a text, takes reserved bits for nothing, and closes with 1011 "enough".
pub(crate) fn careless(mut stream: TcpStream) -> std::io::Result<()> {
    open(&mut stream)?;
    carelessly(stream)
}

/// The same on a connection that is open.
pub(crate) fn carelessly(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let (first, mut payload) = frame(&mut stream)?;
        payload.truncate(125);
        match first & 0xf {
            8 => {
                send(&mut stream, 0x88, b"\x03\xf3enough")?;
                return Ok(());
            }
            9 => send(&mut stream, 0x8a, &payload)?,
            opcode => {
                payload.iter_mut().skip(5).take(1).for_each(|byte| *byte ^= 1);
                send(&mut stream, 0x80 | opcode, &payload)?;
            }
        }
    }
}
