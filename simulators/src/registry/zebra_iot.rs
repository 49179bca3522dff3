//! `kind = "zebra-iot"`: a Zebra reader with its IoT Connector at a broker, see [`crate::zebra_iot`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, COME_BACK, Field, GO_AWAY, Kind, ON, SEED, Shape, Simulated, Started, Teller,
    Verb, refuse,
};
use crate::zebra_iot::{self, ZebraIotOptions, ZebraIotReader, ZebraStatus};

const COUNT: Field = Field::must("count", Shape::number(1, 1_000_000), "how many");

pub(super) static KIND: Kind = Kind {
    name: "zebra-iot",
    about: "a Zebra reader that speaks MQTT (IoT Connector), at a broker that must run already",
    options: &[
        Field::must("broker", Shape::Address, "the broker"),
        Field::may("base", Shape::Text, "the base of its topics; zebra/reader without it"),
        SEED,
        Field::may(
            "shape",
            Shape::OneOf(zebra_iot::Shape::NAMES),
            "the form of its data; simple without it",
        ),
        Field::may(
            "round_ms",
            Shape::number(1, 60_000),
            "between two rounds that tell its field; 100 without it",
        ),
        Field::may("miss_percent", Shape::number(0, 100), "how many of 100 tags a round misses"),
        Field::may("old", Shape::Flag, "as old firmware: `radioActivitiy`, no serial number"),
    ],
    actions: &[
        Verb::new(
            "field",
            "puts tags before the antennas",
            &[Field::must("tags", Shape::Tags, "all of them; those before are gone")],
        ),
        Verb::new("clear", "takes all tags away", &[]),
        Verb::new(
            "input",
            "sets an input: a beam, a button",
            &[Field::must("port", Shape::number(1, 64), "from 1"), ON],
        ),
        Verb::new("gap", "leaves numbers of tags out: messages that never come", &[COUNT]),
        Verb::new("lose", "drops messages, which its next heartbeat tells", &[COUNT]),
        Verb::new("heartbeat", "tells that it is alive", &[]),
        Verb::new("garbage", "publishes data that is no JSON", &[]),
        Verb::new("truncate", "publishes an event that is cut off", &[]),
        Verb::new("silence", "answers and tells nothing", &[ON]),
        Verb::new("refuse", "refuses every command", &[ON]),
        Verb::new("lazy", "takes a start and does not read", &[ON]),
        Verb::new("stop", "stops reading, as somebody at its web interface does", &[]),
        Verb::new(
            "power-cycle",
            "power off and on: it reads no longer, its numbers begin anew",
            &[],
        ),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, _: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let usual = ZebraIotOptions::default();
        let broker = options.address("broker").map(|at| (at.ip().to_string(), at.port()));
        let shape = options.text("shape").and_then(zebra_iot::Shape::named);
        let reader = zebra_iot::start(ZebraIotOptions {
            broker: broker.unwrap_or(usual.broker),
            base: options.text("base").map_or(usual.base, str::to_owned),
            seed: options.number("seed").unwrap_or(usual.seed),
            shape: shape.unwrap_or_default(),
            round_ms: options.number("round_ms").unwrap_or(100),
            miss_percent: options.number("miss_percent").unwrap_or(usual.miss_percent),
            old: options.flag("old"),
        });
        Ok(Arc::new(reader) as Arc<dyn Simulated>)
    })
}

impl Simulated for ZebraIotReader {
    fn at(&self) -> String {
        let ((host, port), base) = (&self.options().broker, &self.options().base);
        format!("mqtt://{host}:{port}/{base}")
    }

    fn seed(&self) -> Option<u64> {
        Some(self.options().seed)
    }

    fn observe(&self) -> Value {
        let status = self.status().borrow().clone();
        json!({
            "ready": status.ready,
            "reading": status.reading,
            "starts": status.starts,
            "field": self.field(),
            "number": self.number(),
        })
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let (on, count) = (with.flag("on"), with.number("count").unwrap_or(0));
            match verb {
                "field" => self.set_field(with.tags("tags")),
                "clear" => self.set_field(Vec::new()),
                "input" => self.input(with.number("port").unwrap_or(1), on),
                "gap" => self.skip_events(count),
                "lose" => self.lose(count),
                "heartbeat" => self.heartbeat(),
                "garbage" => self.raw("data", "\u{1}no JSON"),
                "truncate" => self.raw("data", r#"{"type":"SIMPLE","data":{"idHex":"30"#),
                "silence" => self.silence(on),
                "refuse" => self.refuse(on),
                "lazy" => self.be_lazy(on),
                "stop" => self.stop_reading(),
                "power-cycle" => self.power_cycle(),
                "go-away" => self.go_away(),
                "come-back" => self.come_back(),
                other => return Err(refuse(format!("a zebra-iot reader can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        let seen = |now: &ZebraStatus| json!({ "ready": now.ready, "reading": now.reading });
        vec![tell.each(self.status(), "reader", seen)]
    }
}
