//! nexus-web's frame reader and writer, which do no I/O, between a read and a write of tokio.

use anyhow::Result;
use nexus_web::ws::{FrameReader, FrameWriter, Message, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub async fn echo(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let mut reader = FrameReader::builder().role(Role::Server).buffer_capacity(64 << 10).build();
    let mut writer = FrameWriter::new(Role::Server);
    let mut echoes = Vec::new();
    loop {
        reader.compact();
        match stream.read(reader.spare()).await? {
            0 => return Ok(()),
            count => reader.filled(count),
        }
        echoes.clear();
        while let Some(message) = reader.next()? {
            let at = echoes.len();
            let size = match message {
                Message::Text(text) => writer.encode_text(text.as_bytes(), room(&mut echoes, text.len())),
                Message::Binary(data) => writer.encode_binary(data, room(&mut echoes, data.len())),
                Message::Close(_) => return Ok(()),
                Message::Ping(_) | Message::Pong(_) => 0,
            };
            echoes.truncate(at + size);
        }
        stream.write_all(&echoes).await?;
    }
}

/// Room at the end of `echoes` for a frame with `size` bytes of payload.
fn room(echoes: &mut Vec<u8>, size: usize) -> &mut [u8] {
    let at = echoes.len();
    echoes.resize(at + size + 14, 0);
    &mut echoes[at..]
}
