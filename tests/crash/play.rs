//! Those who work on while the daemon dies under their hands: a storekeeper with pallets, a
//! supervisor who decides, and somebody who watches the light.

use std::{
    sync::{Arc, Mutex as StdMutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gatewarden_simulators::Seed;
use gatewarden_tests::{BOLT, Caller, Gateway, Hardware, Order, People, epc, key, receipt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

/// A pallet that led to nothing for so long is taken away again.
const PALLET_TIME: Duration = Duration::from_secs(8);
/// Pause before a daemon that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(30);

/// One pallet in the door.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) keys: Vec<String>,
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
}

/// What everybody shares, and what they saw.
pub(crate) struct Shared {
    pub(crate) gateway: Mutex<Gateway>,
    pub(crate) hardware: Arc<Hardware>,
    pub(crate) people: People,
    pub(crate) shown: StdMutex<Vec<Shown>>,
    pub(crate) orders: StdMutex<Vec<Order>>,
    /// What the API has acknowledged: the kind of entry, and the id in it.
    pub(crate) told: StdMutex<Vec<(&'static str, String)>>,
    /// When the light turned green.
    pub(crate) greens: StdMutex<Vec<i64>>,
}

impl Shared {
    pub(crate) fn new(gateway: Gateway, people: People) -> Self {
        Self {
            hardware: Arc::clone(&gateway.hardware),
            gateway: Mutex::new(gateway),
            people,
            shown: StdMutex::default(),
            orders: StdMutex::default(),
            told: StdMutex::default(),
            greens: StdMutex::default(),
        }
    }
}

impl Shared {
    fn was_told(&self, kind: &'static str, id: &Value) {
        let id = id.as_str().unwrap_or_else(|| panic!("{kind} without an id")).to_owned();
        self.told.lock().unwrap().push((kind, id));
    }
}

pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Notes each time the light turns green.
pub(crate) async fn watch_green(shared: Arc<Shared>, mut over: watch::Receiver<bool>) {
    let mut changes = shared.hardware.lights.changes();
    let mut was = false;
    loop {
        tokio::select! {
            changed = changes.changed() => changed.unwrap(),
            _ = over.changed() => return,
        }
        let green = changes.borrow_and_update()[0];
        if green && !was {
            shared.greens.lock().unwrap().push(now_us());
        }
        was = green;
    }
}

/// Tries until it is done or the campaign is over.
async fn insist<F: Future<Output = bool>>(
    over: &watch::Receiver<bool>,
    mut attempt: impl FnMut() -> F,
) {
    while !*over.borrow() && !attempt().await {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Receives pallet after pallet, whatever happens to the daemon.
pub(crate) async fn work(shared: Arc<Shared>, seed: u64, over: watch::Receiver<bool>) {
    let mut seed = Seed::new(seed);
    let mut serial = 1;
    for number in 4_500_001.. {
        if *over.borrow() {
            return;
        }
        let quantity = 1 + seed.below(6);
        let order = receipt(&number.to_string(), quantity);
        shared.orders.lock().unwrap().push(order.clone());
        let task = order.task();
        insist(&over, || open(&shared, &task)).await;
        insist(&over, || sign_in(&shared)).await;
        // Now and then one is missing, or there is one too many.
        let seen = match seed.below(6) {
            0 => quantity.saturating_sub(1).max(1),
            1 => quantity + 1,
            _ => quantity,
        };
        pallet(&shared, serial..serial + seen).await;
        serial += seen;
    }
}

/// A refusal would be a bug: the same content under the same id is always welcome.
async fn open(shared: &Shared, task: &Value) -> bool {
    match shared.people.erp.try_ask(Method::POST, "/tasks", Some(task)).await {
        Ok(answer) => {
            assert_eq!(answer.status, 201, "{}", answer.body);
            shared.was_told("task-opened", &answer.body["task"]);
            true
        }
        Err(_) => false,
    }
}

async fn sign_in(shared: &Shared) -> bool {
    match shared.people.try_sign_in("li.wei", Some("dock-1")).await {
        Ok((answer, _)) => {
            assert_eq!(answer.status, 201, "{}", answer.body);
            shared.was_told("session-opened", &answer.body["id"]);
            true
        }
        Err(_) => false,
    }
}

/// Puts a pallet into the door until something is known of its first box. The last one of a campaign
/// stays as long as any other.
async fn pallet(shared: &Shared, serials: std::ops::Range<u64>) {
    let tags: Vec<_> = serials.clone().map(|serial| epc(BOLT, serial)).collect();
    let keys: Vec<_> = serials.map(|serial| key(BOLT, serial)).collect();
    let trace = format!("/trace/tag/{}", keys[0]);
    let from_us = now_us();
    shared.hardware.show(&tags);
    let patience = Instant::now() + PALLET_TIME;
    loop {
        let known = shared.people.viewer.try_ask(Method::GET, &trace, None).await;
        let known = known.is_ok_and(|a| a.body.as_array().is_some_and(|lines| !lines.is_empty()));
        if known || Instant::now() > patience {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    shared.hardware.reader.clear_field();
    shared.shown.lock().unwrap().push(Shown { keys, from_us, to_us: now_us() });
    if let Ok(answer) = shared.people.viewer.try_ask(Method::GET, "/movements", None).await
        && let Some(list) = answer.body.as_array()
    {
        list.iter().for_each(|e| shared.was_told("moved", &e["body"]["movement"]["id"]));
    }
}

/// Decides on whatever is held, one way or the other.
pub(crate) async fn decide(shared: Arc<Shared>, seed: u64, over: watch::Receiver<bool>) {
    let mut seed = Seed::new(seed);
    let mut supervisor: Option<Caller> = None;
    while !*over.borrow() {
        tokio::time::sleep(PAUSE * 10).await;
        let Some(caller) = supervisor.take() else {
            if let Ok((answer, caller)) = shared.people.try_sign_in("wang.lead", None).await {
                assert_eq!(answer.status, 201, "{}", answer.body);
                supervisor = Some(caller);
            }
            continue;
        };
        let verdict = if seed.chance(70) { "accept" } else { "reject" };
        // Whoever is told 401 signs in again: the daemon has been killed meanwhile.
        if decide_one(&shared, &caller, verdict).await.is_ok_and(|status| status != 401) {
            supervisor = Some(caller);
        }
    }
}

async fn decide_one(
    shared: &Shared,
    supervisor: &Caller,
    verdict: &str,
) -> Result<u16, reqwest::Error> {
    let holds = supervisor.try_ask(Method::GET, "/holds", None).await?;
    let Some(pass) = holds.body[0]["pass"]["id"].as_str() else { return Ok(holds.status) };
    let decision = json!({"verdict": verdict, "reason": "counted by hand"});
    let path = format!("/holds/{pass}/decision");
    let mut answer = supervisor.try_ask(Method::POST, &path, Some(&decision)).await?;
    if answer.status == 422 {
        // Nothing of it can be posted any more.
        let decision = json!({"verdict": "reject", "reason": "nothing of it fits"});
        answer = supervisor.try_ask(Method::POST, &path, Some(&decision)).await?;
    }
    if answer.is_success() {
        shared.was_told("hold-decided", &holds.body[0]["pass"]["id"]);
        let movement = &answer.body["movement"];
        if !movement.is_null() {
            shared.was_told("moved", movement);
        }
    }
    Ok(answer.status)
}
