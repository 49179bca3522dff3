//! Every kind of simulated device, each registered by one file of this folder and one line here.
//!
//! A [`Kind`] tells its options, its actions and the shapes of their arguments; the scenario parser,
//! its player, the control API and `gatewarden-sim list` know no more of a device than that. What
//! reaches a device has been held against these shapes, see [`check()`].
//! Absent: the devices themselves; a kind only wraps a handle of this crate.

mod check;
mod dingtalk;
mod door;
mod erp;
mod impinj_iot;
mod io_module;
mod lights;
mod llrp;
mod printer;
mod proxy;
mod scanner;
mod ssi;
mod uhf;
mod webhook;
mod wecom;
mod zebra_iot;

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use check::{Arguments, Field, Peer, Shape, Verb, Wrong, check, fields};

/// Every kind, in the order in which they are listed.
pub static KINDS: &[&Kind] = &[
    &llrp::KIND,
    &impinj_iot::KIND,
    &zebra_iot::KIND,
    &scanner::KIND,
    &uhf::KIND,
    &ssi::KIND,
    &lights::KIND,
    &io_module::KIND,
    &webhook::KIND,
    &printer::KIND,
    &erp::KIND,
    &dingtalk::KIND,
    &wecom::KIND,
    &proxy::KIND,
    &door::KIND,
];

/// What a started device is told with.
pub type Started<'a> = BoxFuture<'a, io::Result<Arc<dyn Simulated>>>;

/// One kind of device.
#[derive(Debug)]
pub struct Kind {
    /// As a scenario spells it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What may stand beside `name` and `kind` in `[[devices]]`.
    pub options: &'static [Field],
    /// What it can be made to do.
    pub actions: &'static [Verb],
    /// The vendors' devices it can behave like; empty where it has only the standard.
    pub quirks: &'static [&'static str],
    /// Starts one; the options have been checked.
    pub start: for<'a> fn(&'a Arguments, &'a [Actor], Teller) -> Started<'a>,
}

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().copied().find(|kind| kind.name == name)
    }

    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&'static Verb> {
        self.actions.iter().find(|verb| verb.name == name)
    }
}

/// A simulated device as the player and the control API see it.
pub trait Simulated: Send + Sync {
    /// Where it is reached: an address, a URL or a path.
    fn at(&self) -> String;

    /// What decides its chances, where it has any.
    fn seed(&self) -> Option<u64> {
        None
    }

    /// What can be seen of it now, as one JSON object.
    fn observe(&self) -> Value;

    /// Does an action of its kind; the arguments have been checked.
    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>>;

    /// What tells of its changes while it runs.
    fn follow(&self, _tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        Vec::new()
    }
}

/// A device under its name.
#[derive(Clone)]
pub struct Actor {
    /// What steps call it.
    pub name: String,
    /// What it is.
    pub kind: &'static Kind,
    /// The device.
    pub device: Arc<dyn Simulated>,
}

/// Takes events; must not block for long.
pub type Tell = Arc<dyn Fn(Value) + Send + Sync>;

/// Tells the events of one device.
#[derive(Clone)]
pub struct Teller {
    device: String,
    tell: Tell,
}

impl Teller {
    /// For the device of this name.
    #[must_use]
    pub fn new(device: &str, tell: &Tell) -> Self {
        Self { device: device.to_owned(), tell: Arc::clone(tell) }
    }

    /// Tells an event with its value.
    pub fn tell(&self, event: &str, value: &Value) {
        (self.tell)(json!({ "event": event, "device": self.device, "value": value }));
    }

    /// Tells each new value, but not one that looks like the last.
    pub fn each<T: Send + Sync + 'static>(
        self,
        mut values: watch::Receiver<T>,
        event: &'static str,
        seen: fn(&T) -> Value,
    ) -> BoxFuture<'static, ()> {
        let mut last = seen(&values.borrow_and_update());
        Box::pin(async move {
            while values.changed().await.is_ok() {
                let value = seen(&values.borrow_and_update());
                if value != last {
                    self.tell(event, &value);
                    last = value;
                }
            }
        })
    }
}

/// The device another one names.
///
/// # Errors
/// `NotFound` where there is none.
pub fn named(actors: &[Actor], name: &str) -> io::Result<Arc<dyn Simulated>> {
    let found = actors.iter().find(|actor| actor.name == name);
    found.map(|actor| Arc::clone(&actor.device)).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("there is no device {name}"))
    })
}

/// What an action answers where the device has not what it needs.
pub(crate) fn refuse(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.into())
}

/// Where to listen, for every kind with a port.
const BIND: Field = Field::may("bind", Shape::Address, "where it listens; a free port without it");
/// What decides chance.
const SEED: Field = Field::may("seed", Shape::number(0, i64::MAX), "decides all chance");
/// A switch.
const ON: Field = Field::must("on", Shape::Flag, "whether");
/// The network goes.
const GO_AWAY: Verb = Verb::new("go-away", "cuts every connection and closes the port", &[]);
/// The network comes back.
const COME_BACK: Verb = Verb::new("come-back", "opens the same port again", &[]);
