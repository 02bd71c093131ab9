//! Pools over streams that live in memory, in virtual time.

mod warm;
mod world;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use self::world::{Mood, World, client, secs};
use super::*;
use crate::proto::opening::Extra;
use crate::proto::{Config, SendError};

fn of(maximum: usize) -> PoolConfig {
    PoolConfig { maximum, ..PoolConfig::default() }
}

/// Lets everybody come to rest, in next to no time.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

async fn ask(connection: &mut Pooled, words: &str) -> String {
    let answer = connection.request(words).await.expect("an answer");
    answer.as_text().expect("text").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    for round in 1..=5 {
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        assert_eq!(ask(&mut connection, "hello").await, "hello");
        let info = connection.info().expect("it is held");
        assert_eq!((info.id, info.standing, info.sent, info.received), (0, Standing::InUse, round, round));
    }
    assert_eq!(world.opened(), 1);
    assert_eq!(pool.connections()[0].standing, Standing::Idle);
    assert_eq!(pool.stats(), PoolStats { total: 1, maximum: 100 });
}

#[tokio::test(start_paused = true)]
async fn one_more_than_the_maximum_is_an_error() {
    let world = World::new();
    let pool = world.pool(of(2));
    let one = pool.get(&client("a")).await.expect("a connection");
    let _other = pool.get(&client("b")).await.expect("a connection");
    let began = Instant::now();
    let error = pool.get(&client("a")).await.expect_err("it is full");
    insta::assert_snapshot!(error, @"pool is full: 2 connections are in use or kept warm, and there may be no more");
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody is waited for");
    drop(one);
    pool.get(&client("a")).await.expect("the one that was given back");
    assert_eq!(world.opened(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_nothing_is_full() {
    let pool = World::new().pool(of(0));
    assert!(matches!(pool.get(&client("a")).await, Err(PoolError::Full { maximum: 0 })));
}

mod idle {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_is_idle_for_too_long_is_closed() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        sleep(secs(299)).await;
        assert_eq!(pool.stats().total, 1);
        let info = &pool.connections()[0];
        assert_eq!((info.age.as_secs(), info.inactive.as_secs()), (299, 299));
        assert!(world.told().iter().all(|words| words != "gone"));
        sleep(secs(2)).await;
        assert!(world.told().ends_with(&["close 1000 Inactive connection".to_owned(), "gone".to_owned()]));
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn using_it_counts() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        for _ in 0..5 {
            let mut connection = pool.get(&client("a")).await.expect("a connection");
            ask(&mut connection, "hello").await;
            // It is held for longer than it may be idle.
            sleep(secs(400)).await;
            drop(connection);
            sleep(secs(200)).await;
        }
        assert_eq!(world.opened(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn its_peer_is_asked_for_life() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        sleep(secs(100)).await;
        assert_eq!(world.told(), ["open", "ping", "ping", "ping"]);
        assert_eq!(pool.connections()[0].round_trip, Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_dropped() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        world.turn(Mood::Frozen);
        sleep(secs(34)).await;
        assert_eq!(pool.stats().total, 1);
        sleep(secs(2)).await;
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_by_itself_is_let_alone() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let config = Config { ping_interval: Some(secs(90)), ..Config::default() };
        drop(pool.get(&client("a").config(config)).await.expect("a connection"));
        sleep(secs(100)).await;
        assert_eq!(world.told(), ["open", "ping"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_closed_by_the_peer_is_gone() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        settle().await;
        world.turn(Mood::Closing);
        settle().await;
        assert_eq!(pool.stats().total, 0);
        assert_eq!(world.told(), ["open", "close 1001 ", "gone"], "the close frame is answered");
        drop(pool.get(&client("a")).await.expect("another connection"));
        assert_eq!(world.opened(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_for_nobody_is_dropped_and_counted() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        settle().await;
        world.turn(Mood::Pushing(3));
        settle().await;
        assert_eq!(pool.connections()[0].dropped, 3);
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        assert_eq!(ask(&mut connection, "hello").await, "hello");
        assert_eq!(world.opened(), 1);
    }
}

mod giving_back {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_unread_is_left_to_nobody() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        connection.send("a").await.expect("it is open");
        settle().await;
        drop(connection);
        let mut next = pool.get(&client("a")).await.expect("another connection");
        assert_eq!((ask(&mut next, "b").await.as_str(), world.opened()), ("b", 2));
        settle().await;
        assert_eq!(world.told(), ["open", "open", "close 1000 ", "gone"]);
    }

    #[tokio::test(start_paused = true)]
    async fn unread_messages_are_found_while_it_rests_too() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        connection.send("a").await.expect("it is open");
        settle().await;
        drop(connection);
        settle().await;
        assert_eq!((pool.stats().total, world.told().last().map(String::as_str)), (0, Some("gone")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_cancelled_spends_the_connection() {
        let world = World::new();
        let pool = world.pool(of(1));
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        world.turn(Mood::Frozen);
        assert!(timeout(secs(1), connection.request("a")).await.is_err());
        world.turn(Mood::Well);
        drop(connection);
        // The only place is waited for.
        let mut next = pool.get(&client("a")).await.expect("another connection");
        assert_eq!((ask(&mut next, "b").await.as_str(), world.opened()), ("b", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_discarded_is_closed() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        pool.get(&client("a")).await.expect("a connection").discard();
        settle().await;
        assert_eq!(world.told(), ["open", "close 1000 ", "gone"]);
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_broke_is_not_given_out_again() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        world.turn(Mood::Gone);
        assert!(connection.next().await.is_err());
        assert_eq!(connection.request("a").await, Err(RequestError::Send(SendError::NotOpen)));
        drop(connection);
        world.turn(Mood::Well);
        let mut next = pool.get(&client("a")).await.expect("another connection");
        assert_eq!(ask(&mut next, "b").await, "b");
        assert_eq!(pool.stats().total, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_gives_the_place_free() {
        let world = World::new();
        let pool = world.pool(of(1));
        let holder = pool.clone();
        let task = tokio::spawn(async move {
            let _connection = holder.get(&client("a")).await.expect("a connection");
            panic!("as you wish");
        });
        assert!(task.await.expect_err("it panicked").is_panic());
        drop(pool.get(&client("a")).await.expect("another connection"));
        assert_eq!(world.opened(), 2, "nobody gets what was held in a panic");
    }
}

mod several_urls {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_was_idle_longest_gives_way() {
        let world = World::new();
        let pool = world.pool(of(2));
        drop(pool.get(&client("a")).await.expect("a connection"));
        sleep(secs(1)).await;
        drop(pool.get(&client("b")).await.expect("a connection"));
        sleep(secs(1)).await;
        let _c = pool.get(&client("c")).await.expect("room");
        assert_eq!(world.told(), ["open", "open", "close 1000 Inactive connection", "gone", "open"]);
        let urls: Vec<_> = pool.connections().into_iter().map(|connection| connection.url).collect();
        assert_eq!(urls, ["ws://b/", "ws://c/"]);
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_who_waits_for_room_has_somebody_go() {
        let world = World::new();
        let pool = world.pool(of(3));
        let held = [pool.get(&client("a")).await, pool.get(&client("a")).await, pool.get(&client("a")).await];
        drop(held);
        let (b, c) = (client("b"), client("c"));
        let (one, other, third, fourth) = tokio::join!(pool.get(&b), pool.get(&c), pool.get(&c), pool.get(&c));
        assert!(one.is_ok() && other.is_ok() && third.is_ok());
        assert!(matches!(fourth, Err(PoolError::Full { maximum: 3 })));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_go_is_not_waited_for_without_end() {
        let world = World::new();
        let pool = world.pool(PoolConfig { closing_timeout: secs(30), ..of(1) });
        drop(pool.get(&client("a")).await.expect("a connection"));
        world.turn(Mood::Frozen);
        let began = Instant::now();
        let config = Config { opening_timeout: secs(3), ..Config::default() };
        assert!(matches!(pool.get(&client("b").config(config)).await, Err(PoolError::Full { .. })));
        assert_eq!(began.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_ask_in_other_words_do_not_share() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let mut headers = Extra::new();
        headers.push("Authorization", "Basic YTpi").expect("a header");
        drop(pool.get(&client("a")).await.expect("a connection"));
        drop(pool.get(&client("a").headers(headers.clone())).await.expect("a connection"));
        drop(pool.get(&client("a").headers(headers)).await.expect("a connection"));
        assert_eq!(world.opened(), 2);
    }
}

mod opening {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_get_that_is_cancelled_leaves_its_place() {
        let world = World::new();
        let pool = world.pool(of(1));
        world.turn(Mood::Frozen);
        assert!(timeout(secs(1), pool.get(&client("a"))).await.is_err());
        assert_eq!(pool.stats().total, 0);
        world.turn(Mood::Well);
        drop(pool.get(&client("a")).await.expect("a connection"));
        // And so does one that waits for room.
        world.turn(Mood::Frozen);
        assert!(timeout(secs(1), pool.get(&client("b"))).await.is_err());
        sleep(secs(10)).await;
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_tried_again_until_there_is_somebody() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        world.turn(Mood::Down);
        let later = world.clone();
        tokio::spawn(async move {
            sleep(secs(4)).await;
            later.turn(Mood::Well);
        });
        let began = Instant::now();
        pool.get(&client("a")).await.expect("a connection");
        assert!((4..10).contains(&began.elapsed().as_secs()));
        assert!(world.dials().len() > 3, "{:?}", world.dials());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_not_tried_for_longer_than_opening_may_take() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        world.turn(Mood::Down);
        let began = Instant::now();
        let error = pool.get(&client("a")).await.expect_err("nobody listens");
        assert!(began.elapsed() <= secs(10));
        insta::assert_snapshot!(error, @"cannot connect to ws://a/: connection refused");
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_given_up_in_time() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        world.turn(Mood::Frozen);
        let began = Instant::now();
        assert!(matches!(pool.get(&client("a")).await, Err(PoolError::Connect(_))));
        assert_eq!(began.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_given_back_meanwhile_will_do() {
        let world = World::new();
        let pool = world.pool(PoolConfig { backoff: Backoff { first: secs(8), cap: secs(8) }, ..of(2) });
        let held = pool.get(&client("a")).await.expect("a connection");
        world.turn(Mood::Refusing);
        tokio::spawn(async move {
            settle().await;
            drop(held);
        });
        let connection = pool.get(&client("a")).await.expect("a connection");
        assert_eq!(connection.info().map(|info| info.id), Some(0));
        assert_eq!(pool.stats().total, 1, "the place of the attempt is free");
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_are_never_too_many() {
        let world = World::new();
        let pool = world.pool(of(7));
        let tasks: Vec<_> = (0..60_u64)
            .map(|number| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let client = client(["a", "b", "c"][number as usize % 3]);
                    let mut done = 0;
                    for round in 0..40 {
                        sleep(Duration::from_millis(number * 7 % 13)).await;
                        // Some do not wait for what they asked for.
                        let patience = Duration::from_millis(if round % 5 == 0 { 0 } else { 5000 });
                        match timeout(patience, pool.get(&client)).await {
                            Ok(Ok(mut connection)) => {
                                assert_eq!(ask(&mut connection, "hello").await, "hello");
                                done += 1;
                                if (number + round) % 11 == 0 {
                                    connection.discard();
                                }
                            }
                            Ok(Err(PoolError::Full { .. })) | Err(_) => {}
                            Ok(Err(error)) => panic!("{error}"),
                        }
                        assert!(pool.stats().total <= 7, "{}", pool.stats());
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.expect("no panic");
        }
        assert!(done > 200, "{done} requests were answered");
        settle().await;
        assert!(pool.connections().iter().all(|connection| connection.standing == Standing::Idle));
        assert_eq!(pool.close().await, 0);
        assert_eq!(pool.stats().total, 0);
    }
}

mod closing {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pool_that_is_closed_closes_its_connections() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        pool.keep_warm(&client("b"), 1);
        drop(pool.get(&client("a")).await.expect("a connection"));
        settle().await;
        assert_eq!(pool.close().await, 0);
        assert_eq!(pool.stats().total, 0);
        let told = world.told();
        assert_eq!(told.iter().filter(|words| *words == "close 1001 ").count(), 2, "{told:?}");
        assert!(matches!(pool.get(&client("a")).await, Err(PoolError::Closed)));
        sleep(secs(100)).await;
        assert_eq!(world.opened(), 2, "nothing is kept warm any more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_about_to_get_one_gets_none() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        world.turn(Mood::Frozen);
        let (getter, closer) = (pool.clone(), pool.clone());
        let getting = tokio::spawn(async move { getter.get(&client("a")).await });
        settle().await;
        let closing = tokio::spawn(async move { closer.close().await });
        settle().await;
        world.turn(Mood::Well);
        assert!(matches!(getting.await.expect("no panic"), Err(PoolError::Closed)));
        assert_eq!(closing.await.expect("no panic"), 0);
        assert_eq!((pool.stats().total, world.told()[1].as_str()), (0, "close 1001 "));
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_one_is_waited_for_a_while() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let mut connection = pool.get(&client("a")).await.expect("a connection");
        let began = Instant::now();
        assert_eq!((pool.close().await, began.elapsed().as_secs()), (1, 10));
        assert_eq!(ask(&mut connection, "hello").await, "hello");
        drop(connection);
        assert_eq!(pool.close().await, 0);
        assert_eq!(world.told(), ["open", "close 1001 ", "gone"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_dropped() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        drop(pool.get(&client("a")).await.expect("a connection"));
        world.turn(Mood::Frozen);
        assert_eq!(pool.close().await, 0);
        settle().await;
        assert_eq!(pool.stats().total, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pool_that_is_dropped_closes_what_is_idle() {
        let world = World::new();
        let pool = world.pool(PoolConfig::default());
        let clone = pool.clone();
        drop(pool.get(&client("a")).await.expect("a connection"));
        drop(pool);
        settle().await;
        assert_eq!(world.told(), ["open"]);
        drop(clone);
        settle().await;
        assert_eq!(world.told(), ["open", "close 1001 ", "gone"]);
    }
}
