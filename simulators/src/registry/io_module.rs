//! `kind = "io-module"`: a Modbus module with its maker's habits, over TCP or on a pseudo-terminal, see
//! [`crate::modbus`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::modbus::{CoilChange, Fault, Identity, ModuleOptions, ModuleProfile, Place, SimModule};

/// How many of the last changes of outputs are shown.
const SHOWN_MAX: usize = 100;
const MAKERS: &[&str] = &["generic", "moxa-e1200", "adam-6050", "wago-750"];
const FAULTS: &[&str] =
    &["mute", "drop", "garbage", "half", "drip", "wrong-unit", "wrong-transaction"];
const INPUT: Field = Field::must("port", Shape::number(0, u16::MAX as i64), "from 0");

pub(super) static KIND: Kind = Kind {
    name: "io-module",
    about: "a Modbus module with its maker's habits: inputs, counters, outputs, a watchdog",
    options: &[
        BIND,
        Field::may("rtu", Shape::Flag, "on a pseudo-terminal instead of TCP"),
        Field::may("unit", Shape::number(0, 255), "the unit it answers to; 1 without it"),
        Field::may("profile", Shape::OneOf(MAKERS), "whose it is; generic without it"),
        Field::may(
            "watchdog_ms",
            Shape::number(0, 3_600_000),
            "after so long without a request the safe state comes; 0 or nothing: never",
        ),
        Field::may("safe", Shape::number(0, 15), "the one output that is on in the safe state"),
        Field::may("product", Shape::Text, "what it says that it is (function 43)"),
    ],
    actions: &[
        Verb::new("input", "sets an input: a beam, a button", &[INPUT, ON]),
        Verb::new(
            "pulse",
            "pulses of an input, shorter than any read sees",
            &[INPUT, Field::may("times", Shape::number(1, 1_000_000), "how many; 1 without it")],
        ),
        Verb::new(
            "counter",
            "sets what an input's counter counted",
            &[INPUT, Field::must("value", Shape::number(0, u32::MAX as i64), "what it shows")],
        ),
        Verb::new(
            "fault",
            "answers wrongly",
            &[
                Field::must("mode", Shape::OneOf(FAULTS), "how"),
                Field::may(
                    "times",
                    Shape::number(1, 1_000_000),
                    "how often; until heal without it",
                ),
                Field::may("pause_ms", Shape::number(0, 10_000), "between two bytes of a drip"),
            ],
        ),
        Verb::new("mute", "takes requests and answers none", &[ON]),
        Verb::new("heal", "answers as it should again", &[]),
        Verb::new("cut", "cuts every connection", &[]),
        Verb::new("restart", "power off and on: counters at 0, outputs in the safe state", &[]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: MAKERS,
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let default = ModuleOptions::default();
        let place = if options.flag("rtu") { Place::Rtu } else { Place::Tcp(options.bind()) };
        let identity = options.text("product").map(|product| Identity {
            vendor: "gatewarden-sim".to_owned(),
            product: product.to_owned(),
            firmware: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let module = SimModule::start(ModuleOptions {
            profile: options.text("profile").and_then(ModuleProfile::named).unwrap_or_default(),
            place,
            unit: options.number("unit").or(default.unit),
            identity,
            watchdog_ms: options.number("watchdog_ms").unwrap_or(0),
            safe: options.number("safe").into_iter().collect(),
        });
        Ok(Arc::new(module.await?) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimModule {
    fn at(&self) -> String {
        match (self.address(), self.path()) {
            (Some(address), _) => address.to_string(),
            (None, path) => path.map(|path| path.display().to_string()).unwrap_or_default(),
        }
    }

    /// `coils` now; `shown`, every output that was ever on; `history`, the last changes; `tripped`,
    /// whether the watchdog has; `answered`, how many requests came.
    fn observe(&self) -> Value {
        let history = self.history();
        let mut shown: Vec<u16> =
            history.iter().filter(|change| change.on).map(|change| change.coil).collect();
        shown.sort_unstable();
        shown.dedup();
        let change = |change: &CoilChange| json!({ "coil": change.coil, "on": change.on });
        let from = history.len().saturating_sub(SHOWN_MAX);
        let last: Vec<Value> = history.iter().skip(from).map(change).collect();
        json!({
            "coils": self.coils(), "shown": shown, "history": last, "tripped": self.tripped(),
            "answered": self.answered(),
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let port = with.number("port").unwrap_or(0);
            let times = with.number("times");
            let there = match verb {
                "input" => self.set_input(port, with.flag("on")),
                "pulse" => self.pulse(port, times.unwrap_or(1)),
                "counter" => self.set_counter(port, with.number("value").unwrap_or(0)),
                "fault" => {
                    self.fail(fault(with)?, times);
                    true
                }
                "mute" if with.flag("on") => {
                    self.fail(Fault::Mute, None);
                    true
                }
                "mute" | "heal" => {
                    self.heal();
                    true
                }
                "cut" => self.cut().await.map(|()| true)?,
                "restart" => self.restart().await.map(|()| true)?,
                "go-away" => {
                    self.go_away().await;
                    true
                }
                "come-back" => self.come_back().await.map(|()| true)?,
                other => return Err(refuse(format!("a module can't {other}"))),
            };
            if there { Ok(()) } else { Err(refuse(format!("no input {port}"))) }
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.changes(), "coils", |coils: &Vec<bool>| json!(coils))]
    }
}

fn fault(with: &Arguments) -> io::Result<Fault> {
    Ok(match with.text("mode").unwrap_or_default() {
        "mute" => Fault::Mute,
        "drop" => Fault::Drop,
        "garbage" => Fault::Garbage,
        "half" => Fault::Half,
        "drip" => Fault::Drip(with.number("pause_ms").unwrap_or(5)),
        "wrong-unit" => Fault::WrongUnit,
        "wrong-transaction" => Fault::WrongTransaction,
        other => return Err(refuse(format!("no fault {other}"))),
    })
}
