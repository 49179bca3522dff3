//! `kind = "lights"`: a Modbus TCP module with a light stack and inputs, see [`crate::modbus`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::modbus::{LightsOptions, SimLights};

/// How many of the last changes of coils are shown.
const SHOWN_MAX: usize = 100;

pub(super) static KIND: Kind = Kind {
    name: "lights",
    about: "a Modbus TCP module: lights on coils, beams and buttons on inputs",
    options: &[
        BIND,
        Field::may("unit", Shape::number(0, 255), "the unit it answers to; all without it"),
    ],
    actions: &[
        Verb::new(
            "input",
            "sets an input: a beam, a button",
            &[Field::must("port", Shape::number(0, u16::MAX as i64), "from 0"), ON],
        ),
        Verb::new("mute", "takes requests and answers none", &[ON]),
        Verb::new("cut", "cuts every connection", &[]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let (bind, unit) = (options.bind(), options.number("unit"));
        let lights = SimLights::start(LightsOptions { bind, unit, ..Default::default() }).await?;
        Ok(Arc::new(lights) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimLights {
    fn at(&self) -> String {
        self.address().to_string()
    }

    /// `coils` now; `shown`, every coil that was ever on; `history`, the last changes.
    fn observe(&self) -> Value {
        let history = self.history();
        let mut shown: Vec<u16> =
            history.iter().filter(|change| change.on).map(|change| change.coil).collect();
        shown.sort_unstable();
        shown.dedup();
        let from = history.len().saturating_sub(SHOWN_MAX);
        let last: Vec<Value> = history[from..]
            .iter()
            .map(|change| json!({ "coil": change.coil, "on": change.on }))
            .collect();
        json!({ "coils": self.coils(), "shown": shown, "history": last })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let port = with.number("port").unwrap_or(0);
            match verb {
                "mute" => self.mute(with.flag("on")),
                "input" if self.set_input(port, with.flag("on")) => {}
                "input" => return Err(refuse(format!("no input {port}"))),
                "cut" => self.cut().await?,
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("lights can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.changes(), "coils", |coils: &Vec<bool>| json!(coils))]
    }
}
