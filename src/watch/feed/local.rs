//! What a meter of this very process counts.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::teller::{TICK, Teller};
use crate::watch::Meter;
use crate::watch::live::{News, Wish};

/// Tells `news` what `meter` counts, and does what is wished, until nobody listens any more.
pub async fn local(meter: Arc<Meter>, news: mpsc::Sender<News>, mut wishes: mpsc::Receiver<Wish>) {
    let mut teller = Teller::new(meter);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = vec![Teller::first()];
    told.extend(teller.snapshot());
    told.extend(teller.news());
    let mut asked = true;
    loop {
        for news_to_tell in told {
            if news.send(news_to_tell).await.is_err() {
                return;
            }
        }
        told = tokio::select! {
            _ = ticks.tick() => teller.snapshot().into_iter().chain(teller.news()).collect(),
            wish = wishes.recv(), if asked => {
                wish.iter().for_each(|wish| teller.wish(wish));
                asked = wish.is_some();
                Vec::new()
            }
            () = news.closed() => return,
        };
    }
}
