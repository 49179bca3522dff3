//! A seeded campaign of kills: receipts pass at the dock, discrepancies are decided on, the ERP goes
//! away, hangs and comes back, and all the while the daemon is killed with SIGKILL, also while it
//! catches up. What must hold at the end is counted by `oracle`.
//!
//! `GATEWARDEN_CRASH_SEED` replays a campaign's choices (the moments depend on the machine).
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod books;
mod kills;
mod oracle;
mod play;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gatewarden_simulators::Seed;
use gatewarden_tests::{Gateway, Hardware, People, Settings, until};
use tokio::sync::watch;

use play::{Shared, decide, watch_green, work};

/// How often the daemon is killed.
const KILLS: u32 = 12;
/// How long the campaign may go on killing.
const CAMPAIGN: Duration = Duration::from_secs(60);

fn seed() -> u64 {
    let given = std::env::var("GATEWARDEN_CRASH_SEED").ok().map(|text| text.parse().unwrap());
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() ^ u64::from(now.subsec_nanos())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_is_posted_twice() {
    let seed = seed();
    println!("GATEWARDEN_CRASH_SEED={seed}");
    let settings = Settings { seed, quiet_ms: 400, ..Settings::default() };
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    let (over, ended) = watch::channel(false);
    let shared = Arc::new(Shared::new(gateway, people));

    let green = tokio::spawn(watch_green(Arc::clone(&shared), ended.clone()));
    let decider = tokio::spawn(decide(Arc::clone(&shared), seed ^ 1, ended.clone()));
    let worker = tokio::spawn(work(Arc::clone(&shared), seed ^ 2, ended));
    let kills = Box::pin(torment(&shared, seed ^ 3)).await;
    over.send_replace(true);
    for part in [green, decider, worker] {
        part.await.unwrap();
    }

    let shared = Arc::into_inner(shared).expect("every part has ended");
    settle(&shared).await;
    println!("{kills} kills, seed {seed}");
    oracle::check(shared).await;
}

/// Kills the daemon again and again, sometimes while it starts, and the ERP between.
async fn torment(shared: &Shared, seed: u64) -> u32 {
    let mut seed = Seed::new(seed);
    let until = tokio::time::Instant::now() + CAMPAIGN;
    let mut kills = 0;
    while kills < KILLS && tokio::time::Instant::now() < until {
        disturb_erp(&shared.hardware, &mut seed).await;
        // A random moment is what this is about.
        tokio::time::sleep(Duration::from_millis(200 + seed.below(2800))).await;
        let mut gateway = shared.gateway.lock().await;
        gateway.kill();
        kills += 1;
        gateway.spawn();
        if seed.chance(40) {
            tokio::time::sleep(Duration::from_millis(seed.below(250))).await;
            gateway.kill();
            kills += 1;
            gateway.spawn();
        }
        gateway.ready().await;
    }
    kills
}

async fn disturb_erp(hardware: &Hardware, seed: &mut Seed) {
    let erp = &hardware.erp;
    match seed.below(5) {
        0 => erp.go_away().await,
        1 => erp.hang_after_commit(true),
        _ => {
            erp.hang_after_commit(false);
            erp.come_back().await.unwrap();
        }
    }
}

/// The ERP is well again, and everything that waits arrives.
async fn settle(shared: &Shared) {
    let gateway = shared.gateway.lock().await;
    gateway.hardware.reader.clear_field();
    let erp = &gateway.hardware.erp;
    erp.hang_after_commit(false);
    // Whoever hangs would hang until the adapter's time-out.
    erp.go_away().await;
    erp.come_back().await.unwrap();
    shared.people.until_delivered(&gateway).await;
    let viewer = &shared.people.viewer;
    until("no pass waits in the spool", || async {
        let metrics = viewer.get("/metrics").await;
        let text = metrics.as_str().unwrap_or_default();
        text.contains("gatewarden_spool_passes 0\n").then_some(())
    })
    .await;
}
