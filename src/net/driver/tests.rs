//! Drivers over streams that live in memory, in virtual time.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hex_literal::hex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::proto::opening::Policy;
use crate::proto::{Cause, Config};
use crate::wire::Head;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A binary frame of a client, under a mask that changes nothing.
fn frame(payload: &[u8]) -> Vec<u8> {
    let head = Head { mask: Some([0; 4]), ..Head::new(crate::wire::Opcode::BINARY, payload.len() as u64) };
    [&head.encode()[..], payload].concat()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a session was told, in words.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics").clone()
    }
}

/// Echoes messages, and notes everything.
struct Echo(Told);

impl Session for Echo {
    fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
        let words = match event {
            Event::Message(message) => {
                let words = format!("message of {}", message.payload.len());
                out.send(message).expect("the connection is open");
                words
            }
            Event::Closed(closed) => format!("closed: {}", closed.cause),
            Event::Failed(cause) => format!("failed: {cause}"),
            Event::Asked(..) => "asked".to_owned(),
            Event::Open(_) => "open".to_owned(),
            Event::Close(code, _) => format!("close {:?}", code.map(|code| code.0)),
            Event::Ping(_) => "ping".to_owned(),
            Event::Pong(..) => "pong".to_owned(),
        };
        self.0.0.lock().expect("nobody panics").push(words);
    }
}

/// Drives a server's end over `stream` in a task of its own; gives back what was told, and when it is over.
fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    config: Config,
) -> (Told, JoinHandle<Driver<S>>) {
    let told = Told::default();
    let mut session = Echo(told.clone());
    let mut driver = Driver::new(stream, Endpoint::server(Arc::new(config), Instant::now().into_std()));
    let task = tokio::spawn(async move {
        while poll_fn(|cx| driver.poll(cx, &mut session)).await == Stop::Asked {
            let (_, asked) = driver.endpoint.asked().expect("a request");
            driver.answer(Policy::default().answer(asked));
        }
        driver
    });
    (told, task)
}

/// The client's end of a served connection that is open.
async fn open(buffer: usize, config: Config) -> (DuplexStream, Told, JoinHandle<Driver<DuplexStream>>) {
    let (mut near, far) = duplex(buffer);
    let (told, task) = serve(far, config);
    enter(&mut near).await;
    (near, told, task)
}

/// Goes through the opening handshake.
async fn enter(near: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    near.write_all(REQUEST).await.expect("the server reads");
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        response.push(near.read_u8().await.expect("the server answers"));
    }
    assert!(response.starts_with(b"HTTP/1.1 101 "));
}

/// A stream whose calls are counted and can be made to fail.
struct Wrapped {
    inner: DuplexStream,
    writes: Arc<AtomicUsize>,
    ills: Ills,
}

#[derive(Clone, Copy, Default)]
struct Ills {
    /// Flushing never ends, as it is with TLS and a peer that does not read.
    never_flushes: bool,
    /// Nothing can be written.
    deaf: bool,
    /// A read brings 1 KiB at most.
    small_reads: bool,
}

impl Wrapped {
    fn new(inner: DuplexStream, ills: Ills) -> (Self, Arc<AtomicUsize>) {
        let writes = Arc::<AtomicUsize>::default();
        (Self { inner, writes: writes.clone(), ills }, writes)
    }
}

impl AsyncRead for Wrapped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ills.small_reads {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let mut small = [0; 1024];
        let mut space = ReadBuf::new(&mut small);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut space))?;
        buf.put_slice(space.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wrapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if self.ills.deaf && bytes.starts_with(&[0x82]) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ills.never_flushes { Poll::Pending } else { Pin::new(&mut self.inner).poll_flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

mod writing {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_answers_to_a_burst_go_out_with_one_write() {
        let (mut near, far) = duplex(1 << 20);
        let (far, writes) = Wrapped::new(far, Ills::default());
        let (_, _task) = serve(far, Config::default());
        enter(&mut near).await;
        let before = writes.load(Ordering::Relaxed);
        let burst: Vec<u8> = (0..1000).flat_map(|_| frame(b"hello")).collect();
        near.write_all(&burst).await.expect("there is room");
        let mut echo = vec![0; 1000 * 7];
        near.read_exact(&mut echo).await.expect("the echo");
        assert_eq!(writes.load(Ordering::Relaxed) - before, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_written_does_not_keep_from_reading() {
        let (mut near, far) = duplex(1 << 20);
        let (far, _) = Wrapped::new(far, Ills { deaf: true, ..Ills::default() });
        let (told, task) = serve(far, Config::default());
        enter(&mut near).await;
        near.write_all(&frame(b"hello")).await.expect("there is room");
        sleep(secs(1)).await;
        near.write_all(&hex!("88 82 00000000 03e9")).await.expect("there is room");
        drop(near);
        task.await.expect("no panic");
        assert_eq!(
            told.all(),
            ["asked", "open", "message of 5", "close Some(1001)", "closed: closed by the closing handshake"]
        );
    }
}

mod the_end_of_the_peers_direction {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_queued_still_goes_to_a_peer_that_reads_on() {
        let (mut near, _, task) = open(1000, Config::default()).await;
        for _ in 0..20 {
            near.write_all(&frame(&[7; 900])).await.expect("the server reads");
        }
        near.shutdown().await.expect("it is open");
        let mut all = Vec::new();
        let mut buffer = [0; 100];
        loop {
            // Slowly, and longer than nothing at all may happen for.
            sleep(Duration::from_millis(30)).await;
            match near.read(&mut buffer).await.expect("no error") {
                0 => break,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(all.len(), 20 * 904);
        task.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up_after_the_closing_timeout() {
        let config = Config { closing_timeout: secs(7), ..Config::default() };
        let (mut near, told, task) = open(1000, config).await;
        near.write_all(&frame(&[7; 3000])).await.expect("the server reads");
        near.shutdown().await.expect("it is open");
        let began = Instant::now();
        task.await.expect("no panic");
        assert_eq!(began.elapsed().as_secs(), 7);
        assert_eq!(
            told.all().last().map(String::as_str),
            Some("closed: the peer ended the connection without a closing handshake")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_before_it_is_answered() {
        let (mut near, far) = duplex(1 << 20);
        let (_, task) = serve(far, Config::default());
        near.write_all(REQUEST).await.expect("there is room");
        near.shutdown().await.expect("it is open");
        let mut answer = String::new();
        near.read_to_string(&mut answer).await.expect("the answer");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        task.await.expect("no panic");
    }
}

mod time {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_nothing_is_given_up() {
        let (near, far) = duplex(1 << 20);
        let (told, task) = serve(far, Config { opening_timeout: secs(3), ..Config::default() });
        let began = Instant::now();
        task.await.expect("no panic");
        assert_eq!(began.elapsed().as_secs(), 3);
        let cause = Cause::OpeningTimeout;
        assert_eq!(told.all(), [format!("failed: {cause}"), format!("closed: {cause}")]);
        drop(near);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pong_that_nobody_had_time_to_read_counts() {
        let config = Config { ping_interval: Some(secs(30)), pong_timeout: secs(5), ..Config::default() };
        let (mut near, far) = duplex(1 << 16);
        let told = Told::default();
        let mut session = Echo(told.clone());
        let mut driver = Driver::new(far, Endpoint::server(Arc::new(config), Instant::now().into_std()));
        near.write_all(REQUEST).await.expect("there is room");
        assert_eq!(poll_fn(|cx| driver.poll(cx, &mut session)).await, Stop::Asked);
        let answer = driver.endpoint.asked().map(|(_, asked)| Policy::default().answer(asked));
        driver.answer(answer.expect("a request"));
        // The application looks after the connection only now and then.
        let mut look = async |after: u64| {
            sleep(secs(after)).await;
            driver.queued();
            poll_fn(|cx| Poll::Ready(driver.poll(cx, &mut session).is_ready())).await
        };
        assert!(!look(0).await);
        assert!(!look(30).await);
        near.write_all(&hex!("8a 84 00000000 00000001")).await.expect("there is room");
        assert!(!look(20).await);
        assert_eq!(told.all().last().map(String::as_str), Some("pong"));
    }

    /// Echoes, and wants nothing to be read at times.
    struct Busy(Echo, Arc<AtomicBool>);

    impl Session for Busy {
        fn event(&mut self, event: Event<'_>, out: &mut Outbound) {
            self.0.event(event, out);
        }

        fn is_ready(&self) -> bool {
            !self.1.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_held_for_dead_while_nothing_is_read() {
        let config = Config { ping_interval: Some(secs(30)), pong_timeout: secs(5), ..Config::default() };
        let (mut near, far) = duplex(1 << 16);
        let (told, busy) = (Told::default(), Arc::new(AtomicBool::new(false)));
        let mut session = Busy(Echo(told.clone()), busy.clone());
        let mut driver = Driver::new(far, Endpoint::server(Arc::new(config), Instant::now().into_std()));
        near.write_all(REQUEST).await.expect("there is room");
        assert_eq!(poll_fn(|cx| driver.poll(cx, &mut session)).await, Stop::Asked);
        let answer = driver.endpoint.asked().map(|(_, asked)| Policy::default().answer(asked));
        driver.answer(answer.expect("a request"));
        for (after, busies) in [(0, false), (1, true), (30, true), (20, true)] {
            sleep(secs(after)).await;
            busy.store(busies, Ordering::Relaxed);
            assert!(!poll_fn(|cx| Poll::Ready(driver.poll(cx, &mut session).is_ready())).await);
        }
        near.write_all(&hex!("8a 84 00000000 00000001")).await.expect("there is room");
        busy.store(false, Ordering::Relaxed);
        assert!(!poll_fn(|cx| Poll::Ready(driver.poll(cx, &mut session).is_ready())).await);
        assert_eq!(told.all(), ["asked", "open", "pong"]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_answer_a_ping_is_failed() {
        let config = Config {
            ping_interval: Some(secs(30)),
            pong_timeout: secs(5),
            closing_timeout: secs(10),
            ..Config::default()
        };
        let (mut near, told, task) = open(1 << 20, config).await;
        let began = Instant::now();
        let mut ping = [0; 6];
        near.read_exact(&mut ping).await.expect("a ping");
        assert_eq!((ping, began.elapsed().as_secs()), (hex!("89 04 00000001"), 30));
        near.write_all(&hex!("8a 84 00000000 00000001")).await.expect("the server reads");
        near.read_exact(&mut ping).await.expect("a ping");
        assert_eq!((ping, began.elapsed().as_secs()), (hex!("89 04 00000002"), 60));
        let mut close = [0; 4];
        near.read_exact(&mut close).await.expect("a close frame");
        assert_eq!((&close[2..], began.elapsed().as_secs()), (&hex!("03ea")[..], 65));
        task.await.expect("no panic");
        assert_eq!(began.elapsed().as_secs(), 75, "the peer may answer the close frame");
        let cause = Cause::PongTimeout;
        assert_eq!(
            told.all(),
            [
                "asked".to_owned(),
                "open".to_owned(),
                "pong".to_owned(),
                format!("failed: {cause}"),
                format!("closed: {cause}")
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_end_the_closing_handshake_is_given_up() {
        let (near, far) = duplex(1 << 20);
        let (told, task) = serve(far, Config { closing_timeout: secs(4), ..Config::default() });
        let mut near = near;
        enter(&mut near).await;
        near.write_all(&hex!("88 82 00000000 03e8")).await.expect("the server reads");
        let began = Instant::now();
        // The answer comes, and the server ends its direction; we keep ours open.
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.expect("the answer");
        assert_eq!(rest, hex!("88 02 03e8"));
        task.await.expect("no panic");
        assert_eq!(began.elapsed().as_secs(), 4);
        assert_eq!(told.all().last().map(String::as_str), Some("closed: closed by the closing handshake"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_never_flushes_is_given_up_in_time() {
        for request in [REQUEST, b"no HTTP at all\r\n\r\n"] {
            let (mut near, far) = duplex(1 << 20);
            let (far, _) = Wrapped::new(far, Ills { never_flushes: true, ..Ills::default() });
            let config = Config { opening_timeout: secs(3), closing_timeout: secs(3), ..Config::default() };
            let (_, task) = serve(far, config);
            near.write_all(request).await.expect("there is room");
            near.write_all(&hex!("88 82 00000000 03e8")).await.expect("there is room");
            timeout(secs(30), task).await.expect("it ends by itself").expect("no panic");
        }
    }
}

mod back_pressure {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_cannot_make_us_remember_much() {
        const SIZE: usize = 10_000;
        let (mut near, _, task) = open(64 << 10, Config::default()).await;
        let message = frame(&[7; SIZE]);
        let mut written = 0;
        while timeout(secs(10), near.write_all(&message)).await.is_ok() {
            written += message.len();
            assert!(written < 8 * HIGH_WATER, "the server reads on");
        }
        assert!(written > HIGH_WATER);
        // The pipes hold 64 KiB each way, and one turn may go over the mark.
        assert!(written <= HIGH_WATER + READ + 3 * (64 << 10), "{written} bytes were taken");

        // It goes on as soon as the peer reads. The write that was cut off is lost to us, so only the echo counts.
        let whole = written / message.len();
        let mut echo = vec![0; whole * (SIZE + 4)];
        near.read_exact(&mut echo).await.expect("every message that was taken comes back");
        assert!(echo.chunks(SIZE + 4).all(|frame| frame.starts_with(&hex!("82 7e 2710")) && frame[4..] == [7; SIZE]));
        drop(near);
        task.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_is_given_up() {
        let config = Config { send_timeout: secs(30), ..Config::default() };
        let (mut near, told, task) = open(64 << 10, config).await;
        let message = frame(&[7; 10_000]);
        while timeout(secs(1), near.write_all(&message)).await.is_ok() {}
        let stuck = Instant::now();
        // It took something a second ago, and has 30 s from then.
        timeout(secs(40), task).await.expect("the driver gives up").expect("no panic");
        assert_eq!(stuck.elapsed().as_secs(), 29);
        let cause = Cause::SendTimeout;
        let end = [format!("failed: {cause}"), format!("closed: {cause}")];
        assert!(told.all().ends_with(&end), "{:?}", told.all().last());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_that_takes_something_now_and_then_is_kept() {
        let config = Config { send_timeout: secs(30), ..Config::default() };
        let (mut near, told, task) = open(64 << 10, config).await;
        let message = frame(&[7; 10_000]);
        while timeout(secs(1), near.write_all(&message)).await.is_ok() {}
        let mut some = [0; 10_004];
        for _ in 0..10 {
            sleep(secs(20)).await;
            near.read_exact(&mut some).await.expect("an echo");
        }
        assert!(!told.all().iter().any(|words| words.starts_with("failed")), "{:?}", told.all());
        drop(near);
        task.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_message_passes_a_narrow_pipe_both_ways() {
        let (mut near, _, task) = open(64 << 10, Config::default()).await;
        let payload: Vec<u8> = (0..16_u32 << 20).map(|index| (index >> 12) as u8).collect();
        near.write_all(&frame(&payload)).await.expect("the server reads");
        let mut echo = vec![0; payload.len() + 10];
        near.read_exact(&mut echo).await.expect("the echo");
        assert!(echo[..10] == hex!("82 7f 0000000001000000") && echo[10..] == payload);
        drop(near);
        task.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_floods_leaves_others_their_turn() {
        let (mut near, far) = duplex(4 << 20);
        let (far, _) = Wrapped::new(far, Ills { small_reads: true, ..Ills::default() });
        let (_, task) = serve(far, Config::default());
        enter(&mut near).await;
        // Pongs that nobody asked for.
        let pong = [&hex!("8a fd 00000000")[..], &[7; 125]].concat();
        let pongs = pong.repeat((2 << 20) / pong.len());
        let turns = Arc::<AtomicUsize>::default();
        let counter = turns.clone();
        near.write_all(&pongs).await.expect("there is room");
        let others = tokio::spawn(async move {
            loop {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        drop(near);
        task.await.expect("no panic");
        assert!(turns.load(Ordering::Relaxed) > 5, "2,000 reads are more than one poll of a task may do");
        others.abort();
    }
}
