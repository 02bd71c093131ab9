//! One connection of a server, as a task: its driver, its session and its mailbox.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::OwnedSemaphorePermit;

use super::driver::{Driver, Session, Stop};
use super::mailbox::Mail;
use super::members::Registration;
use super::stream::Stream;
use crate::proto::Message;

/// Serves one connection.
pub(super) struct Serving<S> {
    driver: Driver<Stream>,
    session: S,
    registration: Registration,
    /// Whether the mailbox knows whom to wake.
    registered: bool,
    /// Whether the mailbox counts bytes that were not sent when it was told last.
    owing: bool,
    _place: OwnedSemaphorePermit,
}

impl<S: Session + Unpin> Future for Serving<S> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let serving = self.get_mut();
        loop {
            let mut left = false;
            if !serving.registered || serving.registration.mailbox.is_waiting() {
                serving.registered = true;
                if serving.read_mail(cx) {
                    return Poll::Ready(());
                }
                left = serving.registration.mailbox.is_waiting();
            }
            let progress = serving.driver.poll(cx, &mut serving.session);
            if serving.owing {
                serving.settle();
            }
            match progress {
                Poll::Ready(Stop::Over) => return Poll::Ready(()),
                Poll::Ready(Stop::Asked) => {}
                // What was left while other things were sent can go now.
                Poll::Pending if left && serving.driver.endpoint.outgoing().is_empty() => {}
                Poll::Pending => {
                    if left {
                        serving.tell_waiting();
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<S: Session> Serving<S> {
    /// Opens the connection, which was answered, so that what is in the mailbox already can be sent.
    pub(super) fn new(
        mut driver: Driver<Stream>,
        mut session: S,
        registration: Registration,
        place: OwnedSemaphorePermit,
    ) -> Self {
        driver.tick(&mut session);
        Self { driver, session, registration, registered: false, owing: false, _place: place }
    }

    /// Tells the mailbox how much of what it gave is not yet sent.
    #[cold]
    fn settle(&mut self) {
        let unsent = self.driver.endpoint.outgoing().len();
        self.registration.mailbox.settle(unsent);
        self.owing = unsent > 0;
    }

    /// What waits in the mailbox, because the peer is slow, waits to be sent as well.
    #[cold]
    fn tell_waiting(&mut self) {
        let Self { driver, registration, .. } = self;
        driver.endpoint.waits(driver.endpoint.outgoing().len() + registration.mailbox.len());
    }

    /// Does what the mail says; whether the connection is to be dropped.
    #[cold]
    fn read_mail(&mut self, cx: &Context<'_>) -> bool {
        let busy = !self.driver.endpoint.outgoing().is_empty();
        let (woken, mails) = self.registration.mailbox.collect(cx.waker(), busy);
        let out = self.driver.endpoint.outbound();
        if woken {
            self.driver.stirred = true;
            self.session.woken(out);
        }
        for mail in mails {
            self.owing = true;
            self.driver.stirred = true;
            // While the connection is closing nobody waits for messages any more.
            let _sent = match mail {
                Mail::Frames(frames) => out.send_encoded(&frames),
                Mail::Compressed(frames, size) => out.send_compressed(&frames, size),
                Mail::Message(kind, payload) => out.send(Message { kind, payload: (&*payload).into() }),
                Mail::Close(code, reason) => out.close(code, &reason),
                Mail::Abort => return true,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::net::mailbox::Mailbox;
    use crate::net::{Connections, Slow};
    use crate::proto::opening::{Agreed, Ask, Policy, answer};
    use crate::proto::{Endpoint, Event, Outbound};
    use crate::wire::CloseCode;

    /// What an idle connection takes: its task, its mailbox, what was agreed, its place among the members. The parts
    /// that tokio and the system add are measured by the benchmark.
    #[test]
    fn an_idle_connection_takes_little_memory() {
        type Echo = fn(Event<'_>, &mut Outbound);
        let task = size_of::<Serving<Echo>>();
        let beside = size_of::<Mailbox>() + size_of::<Agreed>() + 2 * size_of::<usize>() * 3;
        println!("task {task}, beside it {beside}");
        // tokio adds 96 bytes, and tasks take memory in steps of 128.
        assert!(task <= 544, "{task} bytes");
        assert!(beside <= 256, "{beside} bytes");
    }

    /// Between being a member and its first turn a connection may be told things by other threads.
    #[tokio::test]
    async fn mail_that_came_before_the_first_turn_is_not_lost() {
        let (near, mut far) = UnixStream::pair().expect("sockets");
        let now = tokio::time::Instant::now().into_std();
        let mut driver = Driver::new(Stream::Unix(near), Endpoint::server(Arc::default(), now));
        let request = Ask::new("localhost", "/", [7; 16]).request().expect("a request");
        let mut bytes = Vec::new();
        request.write(&mut bytes);
        far.write_all(&bytes).await.expect("there is room");
        let asked = poll_fn(|cx| driver.poll(cx, &mut |_: Event<'_>, _: &mut Outbound| {})).await;
        assert_eq!(asked, Stop::Asked);
        driver.answer(answer(&request, &Policy::default()));

        let connections = Connections::new(100, Slow::Skip, None);
        let id = connections.next_member(None).id;
        let registration = connections.register(id, None, false);
        assert_eq!(connections.broadcast(&"welcome".into(), None).reached, 1);
        assert_eq!(connections.close(id, CloseCode::GOING_AWAY, ""), Ok(()));
        let places = Arc::new(Semaphore::new(1));
        let place = places.try_acquire_owned().expect("there is one");
        let serving = Serving::new(driver, |_: Event<'_>, _: &mut Outbound| {}, registration, place);
        let serving = tokio::spawn(serving);
        far.write_all(b"\x88\x82\0\0\0\0\x03\xe9").await.expect("there is room");
        let mut bytes = Vec::new();
        far.read_to_end(&mut bytes).await.expect("no error");
        assert!(bytes.starts_with(b"HTTP/1.1 101 "));
        assert!(bytes.ends_with(b"\r\n\r\n\x81\x07welcome\x88\x02\x03\xe9"), "{}", bytes.escape_ascii());
        drop(far);
        serving.await.expect("no panic");
        assert!(connections.is_empty());
    }
}
