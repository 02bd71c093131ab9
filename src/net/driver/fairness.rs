//! Nobody is served so long that others wait.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::proto::opening::{Ask, Policy, answer};

/// A peer that has always more to say: its request first, then text frames without end.
struct Endless {
    request: Vec<u8>,
    given: Arc<AtomicUsize>,
}

/// `{}`, masked with zeros.
const FRAME: [u8; 8] = [0x81, 0x82, 0, 0, 0, 0, b'{', b'}'];

impl AsyncRead for Endless {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, space: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let operation = std::task::ready!(coop::poll_proceed(cx));
        operation.made_progress();
        let request = std::mem::take(&mut self.request);
        if request.is_empty() {
            while space.remaining() >= FRAME.len() {
                space.put_slice(&FRAME);
            }
            let given = self.given.fetch_add(space.filled().len(), Ordering::SeqCst);
            assert!(given < 64 << 20, "nobody else gets a turn");
        }
        space.put_slice(&request);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
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

#[tokio::test]
async fn whoever_sends_without_end_gives_others_their_turn() {
    let request = Ask::new("localhost", "/", [7; 16]).request().expect("a request");
    let mut bytes = Vec::new();
    request.write(&mut bytes);
    let given = Arc::new(AtomicUsize::new(0));
    let stream = Endless { request: bytes, given: given.clone() };
    let mut driver = Driver::new(stream, Endpoint::server(Arc::default(), Instant::now()));
    let mut session = |_: Event<'_>, _: &mut Outbound| {};
    assert_eq!(poll_fn(|cx| driver.poll(cx, &mut session)).await, Stop::Asked);
    driver.answer(answer(&request, &Policy::default()));
    let flooded = tokio::spawn(async move {
        poll_fn(|cx| driver.poll(cx, &mut session)).await;
    });
    for turn in 1..=10 {
        tokio::task::yield_now().await;
        assert!(given.load(Ordering::SeqCst) <= turn * 2 * READ, "{given:?} bytes in {turn} turns");
    }
    assert!(given.load(Ordering::SeqCst) > READ, "and it goes on by itself");
    flooded.abort();
}
