//! wslab's [`Flow`] in a bare loop: every rule judged, nothing kept, one write a read.
//!
//! This is no server: frames go back as they come, a fault or a close ends the connection. It shows what reading and
//! judging cost, and so what a server on top of it can reach.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;

use ::wslab::proto::{Flow, Role, Seen};
use ::wslab::wire::{Head, Opcode};
use anyhow::{Result, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// What connections share: nobody holds it while they wait.
struct Buffers {
    read: Vec<u8>,
    echoes: Vec<u8>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers { read: vec![0; 256 << 10], echoes: Vec::new() });
}

pub async fn echo(mut stream: TcpStream) -> Result<()> {
    super::upgrade(&mut stream).await?;
    let mut flow = Flow::new(Role::Client);
    loop {
        // Cheaper than `readable`, which joins a list of waiters.
        poll_fn(|context| stream.poll_read_ready(context)).await?;
        match BUFFERS.with_borrow_mut(|buffers| pass(&stream, &mut flow, buffers)) {
            Ok(unsent) if unsent.is_empty() => {}
            Ok(unsent) => stream.write_all(&unsent).await?,
            Err(Stop::Blocked) => {}
            Err(Stop::Left) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

enum Stop {
    Blocked,
    Left,
    Failed(anyhow::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::WouldBlock { Self::Blocked } else { Self::Failed(error.into()) }
    }
}

/// One read and one write; gives what the socket did not take.
fn pass(stream: &TcpStream, flow: &mut Flow, buffers: &mut Buffers) -> Result<Vec<u8>, Stop> {
    let Buffers { read, echoes } = buffers;
    let count = stream.try_read(read)?;
    if count == 0 {
        return Err(Stop::Left);
    }
    echoes.clear();
    collect(flow, &mut read[..count], echoes).map_err(Stop::Failed)?;
    let sent = match stream.try_write(echoes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        result => result?,
    };
    Ok(echoes[sent..].to_vec())
}

fn collect(flow: &mut Flow, bytes: &mut [u8], echoes: &mut Vec<u8>) -> Result<()> {
    for seen in flow.read(bytes) {
        match seen {
            Seen::Head(head) if head.opcode == Opcode::CLOSE => bail!("the client closed"),
            Seen::Head(head) => {
                echoes.extend_from_slice(&Head { fin: head.fin, ..Head::new(head.opcode, head.len) }.encode())
            }
            Seen::Data(data) => echoes.extend_from_slice(data),
            Seen::Fault(rule) => bail!("{}", rule.name()),
            _ => {}
        }
    }
    Ok(())
}
