//! Starting a client for every case, so that one which knows nothing of cases can be tested.
//!
//! The client is a command that connects to the URL it is given, sends every message back until the connection is
//! closed, and ends. One that does not end is ended, with all that it started.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::door::{Caller, Keys, knock};
use super::listen::Accept;
use super::resource::{CASE, path_of};
use super::visit::play;
use crate::conform::expect::Wanted;
use crate::conform::run::{Opponent, judged, run_against};
use crate::conform::{Case, Conclusion, Options, Pace, Tap, Transcript, Transport};
use crate::proto::{Role, Rule};
use crate::watch::{Opening, Outcome, Sink, Trouble, Verdict};
use crate::wire::http::words_without_secrets;

/// How long a client may take to connect, at the pace of one.
const CONNECT: Duration = Duration::from_secs(20);

/// How long a client may take to end after its case, at the pace of one.
const GRACE: Duration = Duration::from_secs(2);

/// How long the pipe of a client that has ended may stay open: what it started may hold it.
const PIPE: Duration = Duration::from_millis(200);

/// What is kept of what a client writes to its standard error, in bytes from its end.
const TAIL: usize = 4096;

/// The most connections at a time; more have to wait.
const VISITS: usize = 256;

/// A command that starts a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    program: String,
    arguments: Vec<String>,
}

/// Words that are no command for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLaunch {
    /// There is no program.
    #[error("there is no command")]
    Empty,
    /// Nothing says where the URL goes.
    #[error("{{url}} is missing in the command: write it where the client takes the URL to connect to")]
    NoUrl,
}

impl Launch {
    /// What stands for the URL in the words of a command.
    pub const URL: &str = "{url}";

    /// A program and its arguments.
    ///
    /// # Errors
    /// If there is no program, or no word has [`Launch::URL`] in it.
    pub fn new(words: impl IntoIterator<Item = String>) -> Result<Self, InvalidLaunch> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(InvalidLaunch::Empty)?;
        let arguments: Vec<String> = words.collect();
        if !arguments.iter().any(|word| word.contains(Self::URL)) {
            return Err(InvalidLaunch::NoUrl);
        }
        Ok(Self { program, arguments })
    }

    fn command(&self, url: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments.iter().map(|word| word.replace(Self::URL, url)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own, so that what a shell started ends with the shell.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

/// Starts `launch` for each of `cases`, and tests what connects. `url` is where `door` is found; `options` are those of
/// any run, with the target being a client. By default there are twice as many clients at a time as there are cores.
pub async fn launch<A: Accept>(
    door: A,
    url: &str,
    launch: Launch,
    cases: &[Arc<Case>],
    options: Options,
    sink: &mut dyn Sink,
    cancel: impl Future<Output = ()>,
) -> Conclusion {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options { jobs: Some(options.jobs.unwrap_or(cores * 2)), ..options };
    let expected = Arc::new(Expected::default());
    let mut hall = JoinSet::new();
    let port = port_of(url);
    hall.spawn(admit(door, Arc::clone(&expected), port, options.pace, options.tap.clone()));
    let starter = Starter { launch, url: url.trim_end_matches('/').to_owned(), expected };
    let mut conclusion = run_against(Arc::new(starter), cases, options, sink, cancel).await;
    let connected = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Broken(_) | Verdict::NotRun(_));
    conclusion.reached = conclusion.outcomes.iter().any(connected);
    conclusion
}

/// The clients that are awaited, by the path that they were given.
#[derive(Default)]
struct Expected(Mutex<HashMap<String, oneshot::Sender<Visitor>>>);

/// A client that has asked, on whatever connection, or what it said that is no request.
type Visitor = Result<Caller<Box<dyn Transport>>, Box<Opening>>;

impl Expected {
    fn expect(&self, path: String) -> oneshot::Receiver<Visitor> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path, sender);
        receiver
    }

    /// Whoever was given the path that stands in what is no request.
    fn named_in(&self, opening: &Opening) -> Option<oneshot::Sender<Visitor>> {
        let said = String::from_utf8_lossy(&opening.request);
        let mut expected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = said.split(|letter: char| letter.is_whitespace() || letter.is_control()).find_map(|word| {
            let at = word.find(CASE)?;
            expected.contains_key(&word[at..]).then(|| word[at..].to_owned())
        })?;
        expected.remove(&path)
    }

    fn take(&self, path: &str) -> Option<oneshot::Sender<Visitor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(path)
    }
}

/// Lets clients in, and hands each to who awaits it.
///
/// All of them were given the same `port`, if it has to be in their Host header.
async fn admit<A: Accept>(door: A, expected: Arc<Expected>, port: Option<String>, pace: Pace, tap: Option<Tap>) {
    let keys = Arc::new(Keys::default());
    let places = Arc::new(Semaphore::new(VISITS));
    let mut visits = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        // Without a door nobody connects, which is what will be said of every client.
        let Ok(coming) = door.accept().await else { return };
        let (expected, tap, keys, port) = (Arc::clone(&expected), tap.clone(), Arc::clone(&keys), port.clone());
        while visits.try_join_next().is_some() {}
        visits.spawn(async move {
            let Ok(Ok(stream)) = timeout(pace.scale(CONNECT), coming).await else { return };
            let stream: Box<dyn Transport> = match tap {
                Some(tap) => Box::new(tap.on(stream, Role::Server, "client")),
                None => Box::new(stream),
            };
            match knock(stream, pace).await {
                Ok(caller) => introduce(caller, &expected, &keys, port.as_deref()).await,
                Err(Some(opening)) => {
                    if let Some(waiting) = expected.named_in(&opening) {
                        drop(waiting.send(Err(opening)));
                    }
                }
                Err(None) => {}
            }
            drop(place);
        });
    }
}

/// Hands a client to who awaits it, and takes note of what is wrong with its request beyond that alone.
async fn introduce(mut caller: Caller<Box<dyn Transport>>, expected: &Expected, keys: &Keys, port: Option<&str>) {
    keys.see(&mut caller);
    // Section 4.1, item 4 of the request: the host goes with its port unless that is the default one.
    let is_in = |host: &String| port.is_none_or(|port| host.ends_with(port));
    if !caller.asked.host.as_ref().is_some_and(is_in) {
        caller.breaks(Rule::RequestHost);
    }
    match expected.take(caller.asked.resource.trim_start_matches('/')) {
        // Whoever has given up drops it.
        Some(waiting) => drop(waiting.send(Ok(caller))),
        None => caller.refuse(404, "no client is awaited at this path, or it came before").await,
    }
}

/// The port of a URL as it ends the Host header of those who go there, `:9001`; `None` if it is the default one.
fn port_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.port().map(|port| format!(":{port}"))
}

struct Starter {
    launch: Launch,
    url: String,
    expected: Arc<Expected>,
}

impl Opponent for Starter {
    fn name(&self) -> String {
        let words = std::iter::once(&self.launch.program).chain(&self.launch.arguments);
        words_without_secrets(words.map(String::as_str)).join(" ")
    }

    /// That the command can be started its first start shows.
    async fn reach(&self) -> Result<(), Trouble> {
        Ok(())
    }

    async fn attempt(&self, case: Arc<Case>, pace: Pace) -> Outcome {
        let path = path_of(&case);
        let arrival = self.expected.expect(path.clone());
        let started = Client::start(&self.launch, &format!("{}/{path}", self.url));
        let mut client = match started {
            Ok(client) => client,
            Err(error) => {
                let trouble = Trouble::NotStarted(format!("{}: {error}", self.launch.program));
                return Outcome::without_connection(case.id.to_string(), Verdict::Broken(trouble));
            }
        };
        let outcome = match client.connects(arrival, pace).await {
            Ok(Err(opening)) => {
                let transcript = Transcript { opening: Some(*opening), ..Transcript::new(Role::Server) };
                judged(&case, &Wanted::of(&case), transcript)
            }
            Ok(Ok(caller)) => {
                let (outcome, parting) = play(caller, case, pace, &[]).await;
                parting.leave().await;
                outcome
            }
            Err(words) => {
                let verdict = Verdict::Broken(Trouble::NeverConnected(words));
                Outcome::without_connection(case.id.to_string(), verdict)
            }
        };
        self.expected.take(&path);
        let stderr = client.end(pace.scale(GRACE)).await;
        Outcome { stderr, ..outcome }
    }
}

/// A client that was started. It is ended when this is dropped.
struct Client {
    child: Child,
    stderr: Tail,
}

impl Client {
    fn start(launch: &Launch, url: &str) -> io::Result<Self> {
        let mut child = launch.command(url).spawn()?;
        let stderr = Tail::of(child.stderr.take());
        Ok(Self { child, stderr })
    }

    /// Waits until it connects. Gives the words for why it does not.
    async fn connects(&mut self, mut arrival: oneshot::Receiver<Visitor>, pace: Pace) -> Result<Visitor, String> {
        let limit = pace.scale(CONNECT);
        tokio::select! {
            biased;
            Ok(caller) = &mut arrival => Ok(caller),
            status = self.child.wait() => {
                // What it asked before it ended may still be read.
                if let Ok(Ok(caller)) = timeout(PIPE, arrival).await {
                    return Ok(caller);
                }
                Err(status.map_or_else(|error| error.to_string(), ended))
            }
            () = sleep(limit) => Err(format!("it had {} for it", humantime::format_duration(limit))),
        }
    }

    /// Waits for its end, but not for long. Gives the end of what it wrote to its standard error.
    async fn end(mut self, grace: Duration) -> String {
        if timeout(grace, self.child.wait()).await.is_err() {
            self.kill();
            // It cannot refuse.
            let _ = self.child.wait().await;
        }
        self.stderr.read().await
    }

    /// Ends it, and what it started.
    fn kill(&mut self) {
        // Only as long as it was not waited for its number is surely its own.
        #[cfg(unix)]
        let group = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        #[cfg(unix)]
        if let Some(group) = group {
            // It may have ended since.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.child.start_kill();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "it ended without an error".to_owned(),
        Some(code) => format!("it ended with exit code {code}"),
        None => format!("it ended: {status}"),
    }
}

/// The end of what a client writes, read while it writes.
struct Tail {
    kept: Arc<Mutex<VecDeque<u8>>>,
    reading: JoinSet<()>,
}

impl Tail {
    fn of(pipe: Option<ChildStderr>) -> Self {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let mut reading = JoinSet::new();
        if let Some(mut pipe) = pipe {
            let kept = Arc::clone(&kept);
            reading.spawn(async move {
                let mut buffer = vec![0; TAIL];
                while let Ok(size @ 1..) = pipe.read(&mut buffer).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend(&buffer[..size]);
                    let more = kept.len().saturating_sub(TAIL);
                    kept.drain(..more);
                }
            });
        }
        Self { kept, reading }
    }

    /// What there is once the pipe has ended, which is not waited for long.
    async fn read(&mut self) -> String {
        let _ = timeout(PIPE, self.reading.join_next()).await;
        let kept: Vec<u8> = self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let lines = String::from_utf8_lossy(&kept);
        words_without_secrets(lines.trim().split('\n')).join("\n")
    }
}
