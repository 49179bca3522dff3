//! `kind = "impinj-iot"`: an Impinj reader with its IoT device interface, see [`crate::impinj_iot`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, SEED, Shape, Simulated, Started,
    Teller, Verb, refuse,
};
use crate::impinj_iot::{self, ImpinjIotOptions, ImpinjIotReader, ImpinjStatus};

const PORT: Field = Field::must("port", Shape::number(1, 64), "from 1");

pub(super) static KIND: Kind = Kind {
    name: "impinj-iot",
    about: "an Impinj reader that speaks REST and a stream of JSON lines (IoT device interface)",
    options: &[
        BIND,
        SEED,
        Field::may("username", Shape::Text, "who may log in; root without it"),
        Field::may("password", Shape::Text, "with which password; impinj without it"),
        Field::may("preset", Shape::Text, "the preset that it knows; default without it"),
        Field::may(
            "round_ms",
            Shape::number(1, 60_000),
            "between two rounds that tell its field; 100 without it",
        ),
        Field::may("miss_percent", Shape::number(0, 100), "how many of 100 tags a round misses"),
        Field::may(
            "keep_alive_ms",
            Shape::number(1, 600_000),
            "between two empty lines; 30000 without it",
        ),
    ],
    actions: &[
        Verb::new(
            "field",
            "puts tags before the antennas",
            &[Field::must("tags", Shape::Tags, "all of them; those before are gone")],
        ),
        Verb::new("clear", "takes all tags away", &[]),
        Verb::new("input", "sets an input: a beam, a button", &[PORT, ON]),
        Verb::new("antenna", "plugs an antenna in or out", &[PORT, ON]),
        Verb::new(
            "gap",
            "tells that events were lost (overflowEvent)",
            &[Field::must("count", Shape::number(1, 1_000_000), "how many")],
        ),
        Verb::new("garbage", "tells a line that is no JSON", &[]),
        Verb::new("truncate", "ends every stream in the middle of a line", &[]),
        Verb::new("drop", "ends every stream", &[]),
        Verb::new("silence", "tells nothing, not even that it is alive", &[ON]),
        Verb::new("stop", "ends its inventory, as somebody at its web interface does", &[]),
        Verb::new("power-cycle", "power off and on: it reads no longer, what it kept is lost", &[]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let usual = ImpinjIotOptions::default();
        let text = |key: &str, usual: String| options.text(key).map_or(usual, str::to_owned);
        let (user, password) = usual.login;
        let reader = impinj_iot::start(ImpinjIotOptions {
            bind: options.bind(),
            login: (text("username", user), text("password", password)),
            seed: options.number("seed").unwrap_or(usual.seed),
            tag_ms: 0,
            round_ms: options.number("round_ms").unwrap_or(100),
            miss_percent: options.number("miss_percent").unwrap_or(usual.miss_percent),
            keep_alive_ms: options.number("keep_alive_ms").unwrap_or(usual.keep_alive_ms),
            preset: text("preset", usual.preset),
        })
        .await?;
        Ok(Arc::new(reader) as Arc<dyn Simulated>)
    })
}

impl Simulated for ImpinjIotReader {
    fn at(&self) -> String {
        self.url()
    }

    fn seed(&self) -> Option<u64> {
        Some(self.options().seed)
    }

    fn observe(&self) -> Value {
        let status = self.status().borrow().clone();
        json!({
            "running": status.running,
            "starts": status.starts,
            "streams": status.streams,
            "field": self.field(),
            "told": status.told,
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let (on, port) = (with.flag("on"), with.number("port").unwrap_or(1));
            match verb {
                "field" => self.set_field(with.tags("tags")),
                "clear" => self.set_field(Vec::new()),
                "input" => self.input(port, on),
                "antenna" => self.antenna(port, on),
                "gap" => self.overflow(with.number("count").unwrap_or(1)),
                "garbage" => self.raw(b"\x01no JSON\r\n"),
                "truncate" => self.drop_in_a_line(),
                "drop" => self.drop_streams(),
                "silence" => self.silence(on),
                "stop" => self.stop_reading(),
                "power-cycle" => self.power_cycle().await?,
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("an impinj-iot reader can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        let seen = |now: &ImpinjStatus| json!({ "running": now.running, "streams": now.streams });
        vec![tell.each(self.status(), "reader", seen)]
    }
}
