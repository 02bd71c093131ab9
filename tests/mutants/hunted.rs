//! Generated sessions against a mutant: whether they find its fault by themselves.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use tokio::task::JoinSet;
use wslab::conform::Remote;
use wslab::conform::fuzz::{Choice, News, Options, hunt};
use wslab::net::tls::Trust;

use crate::fault::{End, Fault, Switch};
use crate::target::server;

/// Sessions at the same time, as with the cases.
const JOBS: usize = 8;

/// Whether a fault is one of servers, and of frames and messages: openings are not generated.
pub(crate) fn concerns(fault: Fault) -> bool {
    let parts = ["6455#5", "6455#7", "6455#8", "6455#10.4", "7692#6", "7692#7.2"];
    let played = parts.iter().any(|part| fault.clause().starts_with(part)) || fault == Fault::KeepsOwnContext;
    let request = matches!(fault, Fault::HeadWithoutEnd | Fault::RequestForEver | Fault::RequestsOneByOne);
    fault.end() != End::Client && !request && played
}

/// Plays strict sessions for so long, or until one fails each time that it is played.
pub(crate) fn until_found(fault: Fault, time: Duration) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        let address = server::start(Switch(Some(fault)), &mut tasks).await?;
        let remote = Remote::new(format!("ws://{address}/").parse()?, &Trust::Anybody)?;
        let choice = Choice { strict: true, ..Choice::default() };
        let options = Options { seed: 1, choice, sessions: None, time: Some(time), jobs: JOBS, ..Options::default() };
        let mut found = false;
        let mut told = |news: News<'_>| match news {
            News::Shrinking(_) | News::Found(_) => {
                found = true;
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        hunt(Arc::new(remote), options, &mut told, std::future::pending()).await;
        Ok::<_, Failed>(found)
    });
    runtime.shutdown_background();
    if found? { Ok(()) } else { Err(format!("no session finds that the target {}", fault.words()).into()) }
}
