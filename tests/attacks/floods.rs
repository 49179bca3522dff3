//! Floods: of denials, which must not fill the disk, and of connections that say nothing or drip.

use std::{
    io::Write as _,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use gatewarden_tests::{Settings, until};
use reqwest::Method;

use super::{added, staffed};

const DENIED: u64 = 20_000;
const AT_ONCE: u64 = 16;

/// Who may sign in does not fill the disk by it: after so many in ten minutes he is told to wait, once in the
/// journal, and how often he tried stands there at the end.
#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out_for_ever_costs_few_entries() {
    const TRIED: u64 = 80;
    let (mut gateway, people) = staffed(Settings::default()).await;
    let from = gateway.journal().0.len();
    let mut refused = 0;
    for _ in 0..TRIED {
        let (answer, keeper) = people.try_sign_in("li.wei", Some("dock-1")).await.unwrap();
        if answer.is_success() {
            assert_eq!(keeper.delete("/session").await.status, 204);
            continue;
        }
        assert_eq!((answer.status, answer.body["code"].as_str()), (429, Some("busy")));
        assert_eq!(answer.body["recorded"].is_u64(), refused == 0, "{}", answer.body);
        refused += 1;
    }
    assert!((1..=TRIED).contains(&refused), "nothing was refused");
    people.sign_in("ma.second", Some("dock-1")).await;
    assert!(gateway.stop().await.success());
    let journal = gateway.journal().0;
    assert!(added(&journal, from, "session-opened").len() <= 31, "too many sessions");
    let denied = added(&journal, from, "denied");
    let busy: Vec<_> = denied.iter().filter(|body| body["by"]["id"] == "li.wei").collect();
    let further: u64 = busy.iter().filter_map(|body| body["further"].as_u64()).sum();
    assert_eq!((busy.len(), further), (2, refused - 1), "{busy:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_denials_cost_few_entries_and_nobody_waits() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    let from = gateway.journal().0.len();
    let bytes = std::fs::metadata(gateway.ledger()).unwrap().len();
    let done = Arc::new(AtomicU64::new(0));
    let recorded = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..AT_ONCE {
        let (erp, done, recorded) = (people.erp.clone(), Arc::clone(&done), Arc::clone(&recorded));
        tasks.push(tokio::spawn(async move {
            for _ in 0..DENIED / AT_ONCE {
                let answer = erp.ask(Method::GET, "/stock", None).await;
                assert_eq!((answer.status, answer.body["code"].as_str()), (403, Some("denied")));
                recorded.fetch_add(u64::from(answer.body["recorded"].is_u64()), Ordering::Relaxed);
                done.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    // Meanwhile everybody else is served, the flooder's own rights included.
    let mut signed_in = 0;
    while done.load(Ordering::Relaxed) < DENIED {
        people.viewer.get("/stock").await;
        // So often in ten minutes nobody signs in too often.
        if signed_in < 20 {
            let keeper = people.sign_in("li.wei", Some("dock-1")).await;
            assert_eq!(keeper.delete("/session").await.status, 204);
            people.open(&gatewarden_tests::receipt("9301", 1)).await;
            signed_in += 1;
        }
        if tasks.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(gateway.stop().await.success());

    let journal = gateway.journal().0;
    let denied = added(&journal, from, "denied");
    let erp: Vec<_> = denied.iter().filter(|body| body["by"]["id"] == "erp").collect();
    assert!(erp.len() < 200, "{} entries for {DENIED} denials", erp.len());
    let further: u64 = erp.iter().filter_map(|body| body["further"].as_u64()).sum();
    let own = erp.iter().filter(|body| body["further"].is_null()).count() as u64;
    assert_eq!(own + further, DENIED, "a denial is in no count");
    assert_eq!(own, recorded.load(Ordering::Relaxed));
    assert!(own >= 60, "{own} have an entry of their own");
    let grown = std::fs::metadata(gateway.ledger()).unwrap().len() - bytes;
    println!("{} entries, {grown} bytes for {DENIED} denials", erp.len());
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_or_half_of_something_keep_nobody_out() {
    let (gateway, people) = staffed(Settings::default()).await;
    // More than there are places for; half of them begin a request and never end it.
    let mut held = Vec::new();
    for n in 0..600 {
        let Ok(mut stream) = TcpStream::connect(gateway.address()) else { break };
        if n % 2 == 0 {
            let _ = stream.write_all(b"POST /session HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
        }
        held.push(stream);
    }
    assert!(held.len() > 300, "only {} connections could be opened", held.len());
    let dripping = tokio::task::spawn_blocking(move || {
        for _ in 0..20 {
            for stream in &mut held {
                let _ = stream.write_all(b"x");
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        held
    });
    until("somebody who came after them is served", || async {
        let fresh = gateway.anybody();
        fresh.try_ask(Method::GET, "/health", None).await.ok().filter(|a| a.status == 200)
    })
    .await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "9401", 1..3).await;
    drop(dripping.await.unwrap());
    people.viewer.get("/stock").await;
}
