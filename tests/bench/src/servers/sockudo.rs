//! sockudo-ws's raw codec between a read and a write of tokio.

use anyhow::Result;
use bytes::BytesMut;
use sockudo_ws::frame::encode_frame_header;
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{OpCode, RawMessage, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LIMIT: usize = 1 << 20;

pub async fn echo(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let mut protocol = Protocol::new(Role::Server, LIMIT, LIMIT);
    let mut received = BytesMut::with_capacity(sockudo_ws::RECV_BUFFER_SIZE);
    let mut echoes = BytesMut::new();
    let mut messages = Vec::new();
    while stream.read_buf(&mut received).await? > 0 {
        protocol.process_raw_into(&mut received, &mut messages)?;
        echoes.clear();
        for message in messages.drain(..) {
            let (opcode, data) = match message {
                RawMessage::Text(data) => (OpCode::Text, data),
                RawMessage::Binary(data) => (OpCode::Binary, data),
                RawMessage::Close(_) => return Ok(()),
                _ => continue,
            };
            encode_frame_header(&mut echoes, opcode, data.len(), true, None);
            echoes.extend_from_slice(&data);
        }
        stream.write_all(&echoes).await?;
    }
    Ok(())
}
