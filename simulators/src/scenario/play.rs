//! Starts a scenario's devices, does its steps in time, looks at what is expected, and tells what
//! happens: one JSON value an event, with `at_ms` since the start and its number `seq`. The last
//! [`LOG_MAX`] events are kept for who comes later.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Expect, Scenario};
use crate::door::lock;
use crate::registry::{Actor, Peer, Tell, Teller};

/// How many events are kept; the oldest go first.
pub const LOG_MAX: usize = 10_000;
/// How often an expectation is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Why a scenario broke off.
#[derive(Debug, Error)]
pub enum PlayError {
    /// A device did not start.
    #[error("failed to start {device}")]
    Start {
        /// Its name.
        device: String,
        /// Why.
        source: io::Error,
    },
    /// A step did not work.
    #[error("step of {device} at {at_ms} ms failed")]
    Step {
        /// The device's name.
        device: String,
        /// When the step was due.
        at_ms: u64,
        /// Why.
        source: io::Error,
    },
    /// It was played to its end, and something was not seen.
    #[error("not as expected\n{}", .0.join("\n"))]
    Expect(Vec<String>),
}

/// The events so far.
#[derive(Debug)]
pub struct Log {
    kept: Mutex<VecDeque<(u64, Value)>>,
    next: watch::Sender<u64>,
}

impl Log {
    /// The kept events from this number on, and the number after them.
    #[must_use]
    pub fn from(&self, seq: u64) -> (Vec<Value>, u64) {
        let kept = lock(&self.kept);
        let events: Vec<Value> =
            kept.iter().filter(|(at, _)| *at >= seq).map(|(_, event)| event.clone()).collect();
        (events, *self.next.borrow())
    }

    /// The number of the next event, to await.
    #[must_use]
    pub fn next(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    fn add(&self, mut event: Value) -> Value {
        let mut kept = lock(&self.kept);
        let seq = *self.next.borrow();
        event["seq"] = json!(seq);
        kept.push_back((seq, event.clone()));
        if kept.len() > LOG_MAX {
            kept.pop_front();
        }
        self.next.send_replace(seq + 1);
        event
    }
}

/// A scenario whose devices are there.
pub struct Stage {
    scenario: Scenario,
    actors: Vec<Actor>,
    log: Arc<Log>,
    tell: Tell,
    stop: CancellationToken,
    start: Instant,
    _watchers: JoinSet<()>,
}

impl Stage {
    /// Starts the devices in their order.
    ///
    /// # Errors
    /// Where one does not start; those before it are gone then.
    pub async fn start(
        scenario: Scenario,
        tell: Tell,
        stop: CancellationToken,
    ) -> Result<Self, PlayError> {
        let start = Instant::now();
        let log = Arc::new(Log { kept: Mutex::default(), next: watch::Sender::new(0) });
        let kept = Arc::clone(&log);
        let tell: Tell = Arc::new(move |mut event: Value| {
            event["at_ms"] = json!(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
            tell(kept.add(event));
        });
        let mut watchers = JoinSet::new();
        let mut actors: Vec<Actor> = Vec::new();
        for device in &scenario.devices {
            let (name, kind) = (device.name.clone(), device.kind);
            let teller = Teller::new(&name, &tell);
            let started = (kind.start)(&device.options, &actors, teller.clone()).await;
            let device =
                started.map_err(|source| PlayError::Start { device: name.clone(), source })?;
            let (at, seed) = (device.at(), device.seed());
            tell(
                json!({ "event": "started", "device": name, "kind": kind.name, "at": at, "seed": seed }),
            );
            for following in device.follow(teller) {
                watchers.spawn(following);
            }
            actors.push(Actor { name, kind, device });
        }
        Ok(Self { scenario, actors, log, tell, stop, start, _watchers: watchers })
    }

    /// The devices.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The device of this name.
    #[must_use]
    pub fn actor(&self, name: &str) -> Option<&Actor> {
        self.actors.iter().find(|actor| actor.name == name)
    }

    /// The events.
    #[must_use]
    pub fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Ends it.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells an event in the scenario's name.
    pub fn tell(&self, event: Value) {
        (self.tell)(event);
    }

    /// Makes a device do something, as a step would.
    ///
    /// # Errors
    /// In words, where it can't or does not work.
    pub async fn act(
        &self,
        name: &str,
        verb: &str,
        given: Map<String, Value>,
    ) -> Result<(), String> {
        let peers: Vec<Peer<'_>> =
            self.actors.iter().map(|actor| Peer { name: &actor.name, kind: actor.kind }).collect();
        let actor = self.actor(name).ok_or_else(|| format!("there is no device {name}"))?;
        let with = actor.kind.with(verb, given, &peers).map_err(|wrong| {
            wrong.into_iter().map(|wrong| wrong.message).collect::<Vec<_>>().join("; ")
        })?;
        actor.device.act(verb, &with).await.map_err(|error| error.to_string())?;
        self.tell(step(name, verb, &with.told()));
        Ok(())
    }

    /// Does the steps until it is over or told to stop.
    ///
    /// # Errors
    /// Where a step does not work, or something expected was not seen.
    pub async fn run(&self) -> Result<(), PlayError> {
        let playing = async {
            let begin = match &self.scenario.ready[..] {
                [] => self.start,
                ready => self.until_ready(ready).await?,
            };
            let (done, failed) = tokio::join!(self.steps(begin), self.expects(begin));
            done?;
            if failed.is_empty() { Ok(()) } else { Err(PlayError::Expect(failed)) }
        };
        let result = self.stop.run_until_cancelled(playing).await.unwrap_or(Ok(()));
        self.tell(json!({ "event": "end" }));
        result
    }

    /// When the clock of steps and expectations begins.
    async fn until_ready(&self, ready: &[Expect]) -> Result<Instant, PlayError> {
        let failed = self.look_at(ready, self.start).await;
        if !failed.is_empty() {
            return Err(PlayError::Expect(failed));
        }
        self.tell(json!({ "event": "ready" }));
        Ok(Instant::now())
    }

    async fn steps(&self, begin: Instant) -> Result<(), PlayError> {
        for step in &self.scenario.steps {
            sleep_until(begin + Duration::from_millis(step.at_ms)).await;
            // The parser has seen to it that there is one.
            let Some(actor) = self.actor(&step.device) else { continue };
            let device = step.device.clone();
            let done = actor.device.act(&step.verb, &step.with).await;
            done.map_err(|source| PlayError::Step { device, at_ms: step.at_ms, source })?;
            self.tell(self::step(&step.device, &step.verb, &step.with.told()));
        }
        match self.scenario.after_ms {
            Some(after_ms) => sleep(Duration::from_millis(after_ms)).await,
            None if self.scenario.expects.is_empty() => std::future::pending().await,
            None => {}
        }
        Ok(())
    }

    /// What was not as expected.
    async fn expects(&self, begin: Instant) -> Vec<String> {
        self.look_at(&self.scenario.expects, begin).await
    }

    async fn look_at(&self, expects: &[Expect], begin: Instant) -> Vec<String> {
        let mut failed = Vec::new();
        for expect in expects {
            let Some(actor) = self.actor(&expect.device) else { continue };
            sleep_until(begin + Duration::from_millis(expect.at_ms)).await;
            let until =
                begin + Duration::from_millis(expect.at_ms.saturating_add(expect.within_ms));
            let (observed, ok) = look(expect, actor, until).await;
            self.tell(expect.told(&observed, ok));
            if !ok {
                failed.push(expect.failed(&observed));
            }
        }
        failed
    }
}

async fn look(expect: &Expect, actor: &Actor, until: Instant) -> (Value, bool) {
    loop {
        let observed = actor.device.observe();
        let ok = expect.seen(&observed).is_some_and(|value| expect.holds.of(&value));
        if ok || Instant::now() >= until {
            return (observed, ok);
        }
        sleep(LOOK).await;
    }
}

fn step(device: &str, verb: &str, with: &Value) -> Value {
    json!({ "event": "step", "device": device, "did": verb, "with": with })
}

/// Plays `scenario` until it is over or `stop` is cancelled.
///
/// # Errors
/// Where a device does not start, a step does not work, or something expected was not seen.
pub async fn play(
    scenario: Scenario,
    tell: Tell,
    stop: CancellationToken,
) -> Result<(), PlayError> {
    Stage::start(scenario, tell, stop).await?.run().await
}
