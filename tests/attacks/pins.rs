//! Guessing PINs: of one operator, of everybody, by the clock, and with badges scanned by others.

use std::time::{Duration, Instant};

use gatewarden_tests::{BOLT, Caller, Gateway, Settings, epc, until};
use reqwest::Method;
use serde_json::json;

use super::{added, counter, staffed};

const CHECKS: &str = "gatewarden_pin_checks_total";

async fn typed(caller: &Caller, path: &str, badge: &str, pin: &str) -> (u16, String) {
    let answer = caller.post(path, &json!({"badge": badge, "pin": pin})).await;
    (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
}

/// Signs somebody in by a badge scanned at the counter and the PIN on its page.
async fn by_scan(gateway: &Gateway, badge: &str, pin: &str) {
    gateway.hardware.counter_scanner.scan(badge).unwrap();
    until(&format!("{badge} scanned at the counter and its PIN open a session"), || async {
        let path = "/stations/counter-1/session";
        let answer = gateway.anybody().post(path, &json!({"pin": pin})).await;
        answer.is_success().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_one_operators_pin_is_locked_out_and_nobody_else_is() {
    let settings = Settings { lockout: (2, 60_000, 900_000), ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    let (from, checks) = (gateway.journal().0.len(), counter(&people.viewer, CHECKS).await);
    let mut opened = 0;
    let mut locked = 0;
    for guess in 0..40 {
        // The right one is among them, after the lock.
        let pin = if guess == 20 { "8264".to_owned() } else { format!("{}", 3100 + guess * 7) };
        let (status, _) = typed(&gateway.anybody(), "/session", "OP-2001", &pin).await;
        assert!(matches!(status, 201 | 401 | 429), "{status}");
        opened += u32::from(status == 201);
        locked += u32::from(status == 429);
    }
    assert_eq!((opened, locked), (0, 37), "three PINs cost the lock, the rest waits");
    assert_eq!(counter(&people.viewer, CHECKS).await - checks, 3, "only three were looked at");
    let journal = gateway.journal().0;
    let refused = added(&journal, from, "sign-in-refused");
    let first_lock = refused.iter().filter_map(|b| b["locked_ms"].as_u64()).find(|ms| *ms > 0);
    assert_eq!(first_lock, Some(60_000));
    assert!(added(&journal, from, "session-opened").is_empty());
    // Everybody else works on, by scanned and by typed badge.
    by_scan(&gateway, "OP-5001", "5814").await;
    people.sign_in("wang.lead", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pin_sprayed_over_hundreds_of_badges_is_slowed_and_alarmed() {
    let (gateway, people) = staffed(Settings::default()).await;
    // Three hundred badges; the last ones have the PIN that is sprayed.
    let mut all = vec![];
    for n in 0..300 {
        let mut body = json!({"operator": format!("op{n}"), "name": format!("Op {n}"),
            "roles": ["storekeeper"], "badges": [format!("OP-7{n:03}")]});
        if n >= 297 {
            body["pin"] = json!("7410");
        }
        all.push(body);
    }
    gateway.enrolled(&all).await;
    let (from, checks) = (gateway.journal().0.len(), counter(&people.viewer, CHECKS).await);
    let mut answers = std::collections::BTreeMap::new();
    for n in 0..300 {
        let path = if n % 2 == 0 { "/session" } else { "/stations/dock-1/session" };
        let answer = typed(&gateway.anybody(), path, &format!("OP-7{n:03}"), "7410").await;
        *answers.entry(answer).or_insert(0) += 1;
    }
    assert!(!answers.keys().any(|(status, _)| *status == 201), "{answers:?}");
    let looked_at = counter(&people.viewer, CHECKS).await - checks;
    assert!((20..30).contains(&looked_at), "{looked_at} were looked at: {answers:?}");
    let turned_away = answers.get(&(429, "busy".to_owned())).copied().unwrap_or(0);
    assert_eq!(turned_away + looked_at, 300, "{answers:?}");

    let journal = gateway.journal().0;
    let alarms: Vec<_> = added(&journal, from, "denied")
        .into_iter()
        .filter(|body| body["reason"].as_str().is_some_and(|r| r.starts_with("alarm: ")))
        .collect();
    assert!((1..=3).contains(&alarms.len()), "{alarms:?}");
    let reason = alarms[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("alarm: 20 sign-ins failed from 127.0.0.1 "), "{reason}");
    assert_eq!(alarms[0]["by"], json!({"kind": "nobody"}));
    assert!(journal.len() - from < 40, "{} entries for 300 guesses", journal.len() - from);
    assert!(gateway.has_logged("alarm: 20 sign-ins failed"), "the alarm is told in the log");

    // Nobody is locked out: whoever stands at a station with his badge works, and so does the box.
    by_scan(&gateway, "OP-2001", "8264").await;
    gateway.hardware.counter_scanner.scan("OP-2001").unwrap();
    by_scan(&gateway, "OP-7298", "7410").await;
    assert_eq!(typed(&gateway.local(), "/session", "OP-3001", "3691").await.0, 201);
    people.viewer.get("/devices").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_badge_costs_the_work_of_a_wrong_pin() {
    let settings = Settings { lockout: (10, 1000, 2000), ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    let mut times = [vec![], vec![]];
    for n in 0..7 {
        for (kind, badge) in [(0, "OP-2001"), (1, "OP-9999")] {
            let before = counter(&people.viewer, CHECKS).await;
            let since = Instant::now();
            let (status, _) =
                typed(&gateway.anybody(), "/session", badge, &format!("{}", 3105 + n)).await;
            times[kind].push(since.elapsed());
            assert_eq!(status, 401, "{badge}");
            let work = counter(&people.viewer, CHECKS).await - before;
            assert_eq!(work, 1, "{badge}: one run of Argon2id each");
        }
    }
    let [known, unknown] = times.map(|mut list: Vec<Duration>| {
        list.sort_unstable();
        list
    });
    // On a busy machine the clock tells nothing; the work above does.
    let is_steady = |list: &[Duration]| list[5] < list[1] * 2;
    let ratio = known[3].as_secs_f64() / unknown[3].as_secs_f64();
    if is_steady(&known) && is_steady(&unknown) {
        assert!((0.5..2.0).contains(&ratio), "{known:?} against {unknown:?}");
    } else {
        println!("the machine is busy: {known:?} against {unknown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_badge_gives_nothing_to_anybody_else() {
    let (gateway, people) = staffed(Settings::default()).await;
    let from = gateway.journal().0.len();
    let at_dock = "/stations/dock-1/session";
    let pin = |pin: &str| json!({"pin": pin});
    let seen = |count: usize| {
        let gateway = &gateway;
        async move {
            until("the scan is recorded or seen", || async {
                let journal = gateway.journal().0;
                (added(&journal, from, "session-opened").len() <= count).then_some(())
            })
            .await;
        }
    };
    // Alone it opens nothing, however often it is scanned, and what passes is nobody's.
    for _ in 0..3 {
        gateway.hardware.scanner.scan("OP-2001").unwrap();
    }
    seen(0).await;
    gateway.hardware.show(&[epc(BOLT, 1)]);
    until("the pass is quarantined", || async {
        people.viewer.list("/quarantine").await.first().map(|_| ())
    })
    .await;
    gateway.hardware.reader.clear_field();
    let station = people.viewer.get("/stations/dock-1").await;
    assert!(station["session"].is_null(), "{station}");

    // With another person's PIN, and at another station, neither.
    gateway.hardware.scanner.scan("OP-2001").unwrap();
    let answer = gateway.anybody().post(at_dock, &pin("5814")).await;
    assert_eq!(answer.status, 401, "another person's PIN: {}", answer.body);
    let elsewhere = gateway.anybody().post("/stations/counter-1/session", &pin("8264")).await;
    assert!(!elsewhere.is_success(), "the scan counted at another station: {}", elsewhere.body);

    // The next person's scan takes the place of the one before.
    gateway.hardware.scanner.scan("OP-2001").unwrap();
    gateway.hardware.scanner.scan("OP-5001").unwrap();
    until("ma.second's PIN opens it, so her scan is the one that counts", || async {
        let answer = gateway.anybody().post(at_dock, &pin("5814")).await;
        answer.is_success().then_some(())
    })
    .await;
    let answer = gateway.anybody().post(at_dock, &pin("8264")).await;
    assert!(!answer.is_success(), "the scan of the person before still counted: {}", answer.body);

    // After she signed out by badge, her old scan is used up.
    let cookie = people.sign_in("ma.second", Some("dock-1")).await;
    assert_eq!(cookie.delete(at_dock).await.status, 204);
    let answer = gateway.anybody().post(at_dock, &pin("5814")).await;
    assert!(!answer.is_success(), "a used scan opened a session: {}", answer.body);
    let opened: Vec<String> = {
        let journal = gateway.journal().0;
        let opened = added(&journal, from, "session-opened");
        opened.iter().map(|b| b["operator"].as_str().unwrap().to_owned()).collect()
    };
    assert!(opened.iter().all(|operator| operator == "ma.second"), "{opened:?}");
    assert_eq!(people.viewer.ask(Method::GET, "/stations/dock-1", None).await.status, 200);
}
