//! Reading masked frames: head, unmasking, and every check that the library makes of its own accord.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::BytesMut;
use futures_util::{FutureExt as _, StreamExt as _};
use soketto::Parsing;
use soketto::base::{Codec, OpCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocket};
use wslab::proto::{self, Flow, Seen};
use wslab::wire::{Head, Opcode, mask};

use crate::{Arguments, Work, print, race, size_name};

const SIZES: [usize; 4] = [16, 125, 1 << 10, 64 << 10];

/// Bytes of one read.
const READ: usize = 64 << 10;

/// Messages that are read between two looks at the clock amount to so many bytes or more.
const STRETCH: usize = 256 << 10;

/// How a library gets at the messages of a source: the work is to read so many of them, or a few more.
type Reader = fn(Source, u64) -> Work<'static>;

const READERS: &[(&str, Reader)] = &[
    ("wslab Flow", with_flow),
    ("nexus-web", with_nexus),
    ("sockudo-ws", with_sockudo),
    ("soketto (base codec)", with_soketto),
    ("tungstenite", with_tungstenite),
    ("tokio-websockets", with_tokio_websockets),
    ("fastwebsockets", with_fastwebsockets),
];

/// Measures and prints the table.
pub fn measure(arguments: &Arguments, text: bool) -> Result<()> {
    let readers: Vec<_> = READERS.iter().filter(|(name, _)| arguments.wants(name)).collect();
    let mut rows = vec![vec![String::new()]];
    rows.extend(readers.iter().map(|(name, _)| vec![(*name).to_owned()]));
    for size in arguments.sizes(&SIZES) {
        rows[0].push(size_name(size));
        let source = Source::new(size, text);
        let messages = (STRETCH / size).max(4) as u64;
        let mut works: Vec<_> = readers.iter().map(|(_, reader)| reader(source.clone(), messages)).collect();
        let rates = race(arguments, &mut works)?;
        let best = rates.iter().copied().fold(0.0, f64::max);
        for (row, rate) in rows[1..].iter_mut().zip(&rates) {
            let figure = match size {
                ..1024 => format!("{:.1} M/s", rate / 1e6),
                _ => format!("{:.1} GB/s", rate * size as f64 / 1e9),
            };
            row.push(format!("{figure} (×{:.2})", rate / best));
        }
    }
    print(&rows);
    Ok(())
}

/// Frames without end, at most 64 KiB a read. Writing to it does nothing.
#[derive(Clone)]
struct Source {
    bytes: Rc<[u8]>,
    at: usize,
}

impl Source {
    fn new(size: usize, text: bool) -> Self {
        let payload: Vec<u8> =
            if text { (b' '..=b'~').cycle().take(size).collect() } else { (0..=255).cycle().take(size).collect() };
        let opcode = if text { Opcode::TEXT } else { Opcode::BINARY };
        let mut bytes = Vec::new();
        // Odd numbers of messages and reads, so that frames are cut at ever other places.
        for index in 0..((512 << 10) / size).max(8) as u32 + 1 {
            let key = (index + 1).wrapping_mul(0x9e37_79b9).to_ne_bytes();
            bytes.extend_from_slice(&Head { mask: Some(key), ..Head::new(opcode, size as u64) }.encode());
            let at = bytes.len();
            bytes.extend_from_slice(&payload);
            mask(&mut bytes[at..], key);
        }
        Self { bytes: bytes.into(), at: 0 }
    }

    /// The next bytes, at most `most` and at most those of one read.
    fn next(&mut self, most: usize) -> &[u8] {
        if self.at == self.bytes.len() {
            self.at = 0;
        }
        let start = self.at;
        self.at = self.bytes.len().min(start + most.min(READ));
        &self.bytes[start..self.at]
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buffer.len());
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl AsyncRead for Source {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        buffer.put_slice(self.next(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl Write for Source {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Source {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn with_flow(mut source: Source, messages: u64) -> Work<'static> {
    let mut flow = Flow::new(proto::Role::Client);
    let mut buffer = vec![0; READ];
    Box::new(move || {
        let mut read = 0;
        while read < messages {
            let count = source.read(&mut buffer)?;
            for seen in flow.read(&mut buffer[..count]) {
                match seen {
                    Seen::Data(data) => _ = black_box(data),
                    Seen::End => read += 1,
                    Seen::Fault(rule) => bail!("{}", rule.name()),
                    _ => {}
                }
            }
        }
        Ok(read)
    })
}

fn with_nexus(mut source: Source, messages: u64) -> Work<'static> {
    let mut reader = nexus_web::ws::FrameReader::builder().buffer_capacity(2 * READ).build();
    Box::new(move || {
        let mut read = 0;
        while read < messages {
            reader.compact();
            ensure!(reader.read_from(&mut source)? > 0, "no room in the reader");
            while let Some(message) = reader.next()? {
                black_box(message);
                read += 1;
            }
        }
        Ok(read)
    })
}

fn with_sockudo(mut source: Source, messages: u64) -> Work<'static> {
    let mut protocol = sockudo_ws::protocol::Protocol::new(sockudo_ws::Role::Server, 1 << 20, 1 << 20);
    let mut received = BytesMut::with_capacity(2 * READ);
    let mut ready = Vec::new();
    Box::new(move || {
        let mut read = 0;
        while read < messages {
            received.extend_from_slice(source.next(READ));
            protocol.process_into(&mut received, &mut ready)?;
            read += ready.len() as u64;
            for message in ready.drain(..) {
                black_box(message);
            }
        }
        Ok(read)
    })
}

/// The base codec reads heads and masks; the buffer around it, and the check of text, are the caller's.
fn with_soketto(mut source: Source, messages: u64) -> Work<'static> {
    let codec = Codec::new();
    let mut buffer = vec![0; 3 * READ];
    let mut held = 0;
    Box::new(move || {
        let mut read = 0;
        while read < messages {
            let filled = held + source.read(&mut buffer[held..])?;
            let mut at = 0;
            while let Parsing::Done { value: header, offset } = codec.decode_header(&buffer[at..filled])? {
                let (start, end) = (at + offset, at + offset + header.payload_len());
                if end > filled {
                    break;
                }
                let payload = &mut buffer[start..end];
                Codec::apply_mask(&header, payload);
                if header.opcode() == OpCode::Text {
                    std::str::from_utf8(payload)?;
                }
                black_box(payload);
                read += 1;
                at = end;
            }
            buffer.copy_within(at..filled, 0);
            held = filled - at;
        }
        Ok(read)
    })
}

fn with_tungstenite(source: Source, messages: u64) -> Work<'static> {
    let mut socket = WebSocket::from_raw_socket(source, Role::Server, None);
    Box::new(move || {
        for _ in 0..messages {
            black_box(socket.read()?);
        }
        Ok(messages)
    })
}

fn with_tokio_websockets(source: Source, messages: u64) -> Work<'static> {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(source);
    Box::new(move || {
        for _ in 0..messages {
            let message = socket.next().now_or_never().flatten().context("the source is never at its end")?;
            black_box(message?);
        }
        Ok(messages)
    })
}

fn with_fastwebsockets(source: Source, messages: u64) -> Work<'static> {
    let socket = fastwebsockets::WebSocket::after_handshake(source, fastwebsockets::Role::Server);
    let mut socket = fastwebsockets::FragmentCollector::new(socket);
    Box::new(move || {
        for _ in 0..messages {
            let frame = socket.read_frame().now_or_never().context("the source is always ready")?;
            black_box(frame?);
        }
        Ok(messages)
    })
}
