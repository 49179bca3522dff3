//! Hundreds of kills at random moments under a light load: boxes are received one after the other,
//! postings are reserved and posted, tasks come and go, all as fast as the daemon answers. After
//! every kill the dead daemon's file is read from outside and compared with what was acknowledged
//! (`books`).
//!
//! `GATEWARDEN_CRASH_SEED` replays a campaign's choices (the moments depend on the machine);
//! `GATEWARDEN_CRASH_KILLS` asks for another number of kills.

use std::{
    sync::{
        Arc, Mutex as StdMutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gatewarden_simulators::Seed;
use gatewarden_tests::{
    BOLT, Caller, Gateway, Hardware, Order, People, Settings, key, receipt, until,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

use crate::{
    books::{Books, Notes},
    seed,
};

/// How often the daemon is killed under load, not counting kills while it starts.
const KILLS: u32 = 300;
/// The whole journal is verified every so many kills.
const VERIFY_EVERY: u32 = 50;
/// A daemon lives until fewer than so many more movements were acknowledged, and then for up to so
/// many milliseconds: a fast machine and a busy one kill in the midst of the same work.
const LIFE: (u64, u64) = (6, 100);
/// It lives no longer than this.
const LIFE_TIME: Duration = Duration::from_secs(10);
/// Callers that open and withdraw tasks.
const OPENERS: u64 = 2;
/// Pause before a daemon that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(5);
/// A box that led to nothing for so long was scanned before the scanner was up.
const BOX_TIME: Duration = Duration::from_millis(1500);

/// What everybody shares.
struct Yard {
    hardware: Arc<Hardware>,
    people: People,
    notes: StdMutex<Notes>,
    next: AtomicU64,
    over: watch::Receiver<bool>,
}

impl Yard {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    fn told(&self, kind: &'static str, id: &Value) {
        let id = id.as_str().unwrap_or_else(|| panic!("{kind} without an id")).to_owned();
        self.notes().told.push((kind, id));
    }

    fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// A new order of one box at the counter.
    fn order(&self) -> (Order, u64) {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let number = (4_600_000 + serial).to_string();
        let order = Order { station: "counter-1", ..receipt(&number, 1) };
        self.notes().asked.extend([number, key(BOLT, serial)]);
        (order, serial)
    }

    /// Opens a task; false where nobody answered.
    async fn open(&self, order: &Order) -> bool {
        let asked = self.people.erp.try_ask(Method::POST, "/tasks", Some(&order.task())).await;
        let Ok(answer) = asked else { return false };
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.told("task-opened", &answer.body["task"]);
        true
    }

    /// Receives boxes until the daemon is gone.
    async fn receive(&self) -> Option<()> {
        let (answer, _) = self.people.try_sign_in("li.wei", Some("counter-1")).await.ok()?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.told("session-opened", &answer.body["id"]);
        while !self.is_over() {
            let (order, serial) = self.order();
            self.open(&order).await.then_some(())?;
            // Where the line is gone nothing is scanned, and nothing comes of it.
            let _ = self.hardware.counter_scanner.scan(&format!("]d201{BOLT}21{serial}"));
            let patience = Instant::now() + BOX_TIME;
            while Instant::now() < patience && !self.has_moved(serial).await? {
                sleep(PAUSE).await;
            }
        }
        Some(())
    }

    /// Whether the API shows the movement of a box; none where nobody answers.
    async fn has_moved(&self, serial: u64) -> Option<bool> {
        let path = format!("/trace/tag/{}", key(BOLT, serial));
        let answer = self.people.viewer.try_ask(Method::GET, &path, None).await.ok()?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let lines = answer.body.as_array()?;
        let moved: Vec<&Value> = lines.iter().map(|line| &line["movement"]).collect();
        let moved: Vec<&&Value> = moved.iter().filter(|id| !id.is_null()).collect();
        moved.iter().for_each(|id| self.told("moved", id));
        Some(!lines.is_empty())
    }
}

async fn receiver(yard: Arc<Yard>) {
    while !yard.is_over() {
        let _ = yard.receive().await;
        sleep(PAUSE).await;
    }
}

/// A posting at the dock, and what it is asked with.
#[derive(Clone)]
struct Posting {
    id: Uuid,
    body: Value,
}

impl Yard {
    fn posting(&self, kind: &str, from: &str, to: &str, quantity: u64) -> Posting {
        let id = Uuid::new_v4();
        let number = format!("P-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let body = json!({"id": id, "kind": kind,
            "document": {"kind": "work-order", "number": number},
            "lines": [{"line": 10, "item": "GLOVE-L", "quantity": quantity.to_string(),
                "from": from, "to": to}]});
        self.notes().asked.insert(number);
        Posting { id, body }
    }

    /// Reserves and posts; none where that was not heard of to the end.
    async fn post(&self, supervisor: &Caller, posting: &Posting) -> Option<()> {
        let (erp, id) = (&self.people.erp, Value::String(posting.id.to_string()));
        let asked = erp.try_ask(Method::POST, "/api/v1/postings", Some(&posting.body)).await;
        let answer = asked.ok()?;
        assert!([200, 201].contains(&answer.status), "{} {}", answer.status, answer.body);
        self.told("reserved", &id);
        let path = format!("/api/v1/postings/{}/post", posting.id);
        let answer = supervisor.try_ask(Method::POST, &path, None).await.ok()?;
        // A daemon that was killed meanwhile knows the session no more.
        (answer.status != 401).then_some(())?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.told("moved", &id);
        Some(())
    }
}

/// Receives gloves and issues them, two postings at a time. What was not heard of to the end is asked
/// again with the same id.
async fn poster(yard: Arc<Yard>) {
    let receipt = || yard.posting("receipt", "@supplier/ACME", "wh1/dock", 10);
    let issue = || yard.posting("issue", "wh1/dock", "@production/L1", 10);
    let (mut next, mut taken) = (receipt(), None);
    while !yard.is_over() {
        let Ok((answer, supervisor)) = yard.people.try_sign_in("wang.lead", None).await else {
            sleep(PAUSE).await;
            continue;
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        while !yard.is_over() {
            let take = async {
                match &taken {
                    Some(posting) => yard.post(&supervisor, posting).await,
                    None => Some(()),
                }
            };
            let (received, issued) = tokio::join!(yard.post(&supervisor, &next), take);
            if issued.is_some() {
                taken = None;
            }
            // As much is issued as was received before, so it never falls short.
            if received.is_some() && taken.is_none() {
                (next, taken) = (receipt(), Some(issue()));
            }
            if received.and(issued).is_none() {
                break;
            }
        }
    }
}

/// Opens a task and withdraws it. Whoever heard nothing asks again, with the same id.
async fn opener(yard: Arc<Yard>) {
    while !yard.is_over() {
        let (order, _) = yard.order();
        // Nobody works at the dock, so nothing of it ever moves.
        let order = Order { station: "dock-1", ..order };
        while !yard.is_over() && !yard.open(&order).await {
            sleep(PAUSE).await;
        }
        let path = format!("/tasks/{}", order.id);
        if let Ok(answer) = yard.people.erp.try_ask(Method::DELETE, &path, None).await {
            assert_eq!(answer.status, 204, "{}", answer.body);
            yard.told("task-closed", &Value::String(order.id.to_string()));
        }
    }
}

fn verify(gateway: &Gateway) {
    println!("{}", gateway.cli_ok(&["ledger", "verify"], "").trim());
}

fn kills() -> u32 {
    std::env::var("GATEWARDEN_CRASH_KILLS").map_or(KILLS, |n| n.parse().unwrap())
}

/// Waits until so many more movements were acknowledged.
async fn live(yard: &Yard, movements: u64) {
    let moved = || yard.notes().told.iter().filter(|(kind, _)| *kind == "moved").count() as u64;
    let (enough, patience) = (moved() + movements, Instant::now() + LIFE_TIME);
    while moved() < enough && Instant::now() < patience {
        sleep(PAUSE).await;
    }
}

/// Kills the daemon at random moments, also while it starts, and reads what the dead one left.
async fn torment(yard: &Yard, gateway: &mut Gateway, seed: u64) -> Books {
    let kills = kills();
    let (mut seed, mut books, mut at_start) = (Seed::new(seed), Books::default(), 0);
    for kill in 1..=kills {
        live(yard, seed.below(LIFE.0)).await;
        // Random moments are what this is about.
        sleep(Duration::from_millis(seed.below(LIFE.1))).await;
        gateway.kill();
        books.read_on(&gateway.ledger(), &yard.notes());
        if seed.chance(20) {
            gateway.spawn();
            sleep(Duration::from_millis(seed.below(150))).await;
            gateway.kill();
            at_start += 1;
            books.read_on(&gateway.ledger(), &yard.notes());
        }
        gateway.spawn();
        gateway.ready().await;
        if kill % VERIFY_EVERY == 0 {
            verify(gateway);
        }
    }
    println!("{kills} kills under load, {at_start} more at the start");
    books
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_kills_lose_nothing_acknowledged_and_record_nothing_twice() {
    let seed = seed();
    println!("GATEWARDEN_CRASH_SEED={seed}");
    let mut gateway = Gateway::start(Settings { seed, quiet_ms: 50, ..Settings::default() }).await;
    let (ended, over) = watch::channel(false);
    let yard = Arc::new(Yard {
        hardware: Arc::clone(&gateway.hardware),
        people: People::enrol(&gateway).await,
        notes: StdMutex::default(),
        next: AtomicU64::new(1),
        over,
    });
    let mut load =
        vec![tokio::spawn(receiver(Arc::clone(&yard))), tokio::spawn(poster(Arc::clone(&yard)))];
    load.extend((0..OPENERS).map(|_| tokio::spawn(opener(Arc::clone(&yard)))));
    let books = torment(&yard, &mut gateway, seed).await;
    ended.send_replace(true);
    for part in load {
        part.await.unwrap();
    }
    let before = books.movements();
    assert!(before as u64 >= u64::from(kills()), "{before} movements are no load");

    finish(&yard, &mut gateway).await;
    let books = Books::close(&gateway.ledger(), &yard.notes(), &gateway.hardware.erp);
    println!("{} movements, {} acknowledgements", books.movements(), yard.notes().told.len());
    assert!(books.movements() > before, "a fresh movement posts");
}

/// A fresh movement posts, the ERP gets what it has not got, and the whole verifies.
async fn finish(yard: &Yard, gateway: &mut Gateway) {
    let (_, caller) = yard.people.try_sign_in("li.wei", Some("counter-1")).await.unwrap();
    assert!(caller.try_ask(Method::GET, "/stations", None).await.is_ok());
    let (order, serial) = yard.order();
    assert!(yard.open(&order).await);
    until("a fresh box is received", || async {
        gateway.hardware.counter_scanner.scan(&format!("]d201{BOLT}21{serial}")).ok()?;
        sleep(BOX_TIME / 3).await;
        yard.has_moved(serial).await.filter(|moved| *moved)
    })
    .await;
    until("the ERP has every movement, and the ledger knows", || async {
        let journal = gateway.journal();
        (journal.movements().count() == journal.of_kind("delivered").count()).then_some(())
    })
    .await;
    let stopped = gateway.stop().await;
    assert!(stopped.success(), "{stopped:?}");
    verify(gateway);
}
