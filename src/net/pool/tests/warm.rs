//! Connections that are kept warm.

use super::*;

fn idle(pool: &Pool) -> usize {
    pool.connections().iter().filter(|connection| connection.standing == Standing::Idle).count()
}

#[tokio::test(start_paused = true)]
async fn so_many_are_idle_as_are_wanted() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    pool.keep_warm(&client("a"), 3);
    settle().await;
    assert_eq!(idle(&pool), 3);
    let _held = pool.get(&client("a")).await.expect("a connection");
    settle().await;
    assert_eq!((idle(&pool), world.opened()), (3, 4), "the one that was taken is replaced");
    pool.keep_warm(&client("a"), 1);
    sleep(secs(601)).await;
    assert_eq!(idle(&pool), 1, "the others were idle for too long");
    pool.keep_warm(&client("a"), 0);
    sleep(secs(601)).await;
    assert_eq!((idle(&pool), world.opened()), (0, 4));
    pool.keep_warm(&client("a"), 2);
    settle().await;
    assert_eq!(idle(&pool), 2, "it can be wanted again");
}

#[tokio::test(start_paused = true)]
async fn they_stay_however_long_they_are_idle() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    pool.keep_warm(&client("a"), 2);
    sleep(secs(5000)).await;
    assert_eq!((idle(&pool), world.opened()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn they_do_not_give_way() {
    let world = World::new();
    let pool = world.pool(of(2));
    pool.keep_warm(&client("a"), 2);
    settle().await;
    assert!(matches!(pool.get(&client("b")).await, Err(PoolError::Full { maximum: 2 })));
    let held = pool.get(&client("a")).await.expect("a connection");
    settle().await;
    assert_eq!(idle(&pool), 1, "there is no room for another");
    drop(held);
    assert_eq!((idle(&pool), world.opened()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_replaced() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    pool.keep_warm(&client("a"), 1);
    settle().await;
    world.turn(Mood::Frozen);
    sleep(secs(36)).await;
    world.turn(Mood::Well);
    sleep(secs(31)).await;
    let ids: Vec<_> = pool.connections().iter().map(|connection| connection.id).collect();
    assert_eq!(idle(&pool), 1);
    assert!(ids[0] > 0, "{ids:?}");
}

#[tokio::test(start_paused = true)]
async fn attempts_become_rare_and_never_end() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    pool.keep_warm(&client("a"), 3);
    settle().await;
    world.turn(Mood::Down);
    let down = Instant::now();
    sleep(secs(3600)).await;
    assert_eq!(pool.stats().total, 0);
    let dials: Vec<_> = world.dials().into_iter().filter(|at| *at >= down).collect();
    // 9 bounds below the cap and about 15 s on average then.
    assert!((100..500).contains(&dials.len()), "{} attempts", dials.len());
    assert!(dials[0] - down <= Duration::from_millis(102), "all three were lost together, and once");
    assert!(dials.windows(2).all(|two| two[1] - two[0] <= secs(30) + Duration::from_millis(2)));
    world.turn(Mood::Well);
    sleep(secs(31)).await;
    assert_eq!(idle(&pool), 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_everybody_is_not_run_down() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    world.turn(Mood::Flapping);
    pool.keep_warm(&client("a"), 1);
    sleep(secs(600)).await;
    let dials = world.dials().len();
    assert!((10..150).contains(&dials), "{dials} attempts");
}

#[tokio::test(start_paused = true)]
async fn somebody_who_gets_through_ends_the_wait() {
    let world = World::new();
    let pool = world.pool(PoolConfig { backoff: Backoff { first: secs(5000), cap: secs(5000) }, ..of(5) });
    world.turn(Mood::Down);
    pool.keep_warm(&client("a"), 1);
    settle().await;
    world.turn(Mood::Well);
    let _held = pool.get(&client("a")).await.expect("a connection");
    settle().await;
    assert_eq!(idle(&pool), 1);
}

#[tokio::test(start_paused = true)]
async fn they_end_with_the_pool() {
    let world = World::new();
    let pool = world.pool(PoolConfig::default());
    pool.keep_warm(&client("a"), 2);
    settle().await;
    drop(pool);
    sleep(secs(100)).await;
    assert_eq!((world.opened(), world.told().iter().filter(|words| *words == "gone").count()), (2, 2));
}
