//! Lets a fuzzing server that has Autobahn's URLs test wslab's client.
//!
//! ```text
//! cargo run --example autobahn_client -- ws://127.0.0.1:9001 my-agent
//! ```
//!
//! Asks `/getCaseCount`, echoes what comes on `/runCase?case=N&agent=A` for each case, and has `/updateReports?agent=A`
//! write the reports. The exit code is 0 when that is done, 2 if the arguments are wrong, and 3 if the server cannot be
//! reached or does not answer as such a server does. How the client fared stands in the server's reports.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use wslab::app;
use wslab::net::{Client, Connection};
use wslab::proto::{Config, deflate};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, agent] = arguments.as_slice() else {
        eprintln!("usage: autobahn_client URL AGENT, such as ws://127.0.0.1:9001 wslab");
        return ExitCode::from(2);
    };
    match drive(url, agent, |line| eprintln!("{line}")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// Goes through all cases of the server at `url` and tells of each.
pub(crate) async fn drive(url: &str, agent: &str, mut say: impl FnMut(String)) -> Result<()> {
    let url = url.trim_end_matches('/');
    let agent: String = url::form_urlencoded::byte_serialize(agent.as_bytes()).collect();
    let count = count(&format!("{url}/getCaseCount")).await?;
    for case in 1..=count {
        let end = match echo(&format!("{url}/runCase?case={case}&agent={agent}")).await {
            Ok(()) => "closed".to_owned(),
            // The server breaks rules on purpose.
            Err(error) => error.root_cause().to_string(),
        };
        say(format!("case {case} of {count}: {end}"));
    }
    let mut connection = open(&format!("{url}/updateReports?agent={agent}")).await?;
    while connection.next().await.is_ok_and(|message| message.is_some()) {}
    say("the reports are written".to_owned());
    Ok(())
}

fn client(url: &str) -> Result<Client> {
    // Autobahn's largest messages have 16 MiB, all of them in one frame.
    let deflate = Some(deflate::Config { threshold: 0, ..deflate::Config::with_takeover() });
    let config = Config { max_frame: 64 << 20, max_message: 64 << 20, deflate, ..Config::default() };
    Ok(Client::new(url)?.config(config))
}

async fn open(url: &str) -> Result<Connection> {
    client(url)?.connect().await.map_err(|error| anyhow!("{url}: {error}"))
}

async fn count(url: &str) -> Result<u32> {
    let mut connection = open(url).await?;
    let Some(message) = connection.next().await.with_context(|| url.to_owned())? else {
        bail!("{url} does not say how many cases there are");
    };
    let count = message.as_text().and_then(|text| text.trim().parse().ok());
    while connection.next().await.is_ok_and(|message| message.is_some()) {}
    count.with_context(|| format!("{url} does not say how many cases there are, but something else"))
}

/// Plays a case: sends back what comes, until the connection is closed.
async fn echo(url: &str) -> Result<()> {
    let connection = client(url)?.start().await.map_err(|error| anyhow!("{url}: {error}"))?;
    let closed = connection.run(app::echo_back()).await;
    if closed.clean { Ok(()) } else { Err(anyhow!("{}", closed.cause)) }
}
