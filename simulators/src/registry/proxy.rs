//! `kind = "proxy"`: a wire that fails before any device with a TCP port, see [`crate::proxy`].

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Actor, Arguments, BIND, COME_BACK, Field, GO_AWAY, Kind, ON, SEED, Shape, Simulated, Started,
    Teller, Verb, named, refuse,
};
use crate::proxy::{Conditions, GARBAGE_BYTES_MAX, SimProxy, Way};

const WAYS: &[&str] = &["to-client", "to-device"];
const WAY: Field = Field::may("way", Shape::OneOf(WAYS), "which way; to-client without it");

pub(super) static KIND: Kind = Kind {
    name: "proxy",
    about: "a wire that fails, before a simulated or a real device",
    options: &[
        BIND,
        SEED,
        Field::may("device", Shape::Device(&["go-away"]), "the device behind it"),
        Field::may("to", Shape::Address, "or the address of a real one"),
    ],
    actions: &[
        Verb::new("drop", "ends every connection", &[]),
        Verb::new("half", "passes a part of the next bytes and ends the connection", &[WAY]),
        Verb::new(
            "garbage",
            "puts noise between the bytes",
            &[
                WAY,
                Field::may("bytes", Shape::number(1, GARBAGE_BYTES_MAX as i64), "64 without it"),
            ],
        ),
        Verb::new(
            "delay",
            "bytes come late",
            &[Field::must("ms", Shape::number(0, 600_000), "how late")],
        ),
        Verb::new(
            "drip",
            "bytes come one by one",
            &[Field::must("bytes_per_s", Shape::number(0, 1_000_000), "how many; 0 ends it")],
        ),
        Verb::new(
            "split",
            "cuts segments into small ones",
            &[Field::must("bytes", Shape::number(0, 65_535), "the most of one; 0 ends it")],
        ),
        Verb::new(
            "merge",
            "gathers segments",
            &[Field::must("ms", Shape::number(0, 600_000), "how long; 0 ends it")],
        ),
        Verb::new("stall", "passes nothing on, one way", &[WAY, ON]),
        Verb::new("refuse", "closes connections as soon as they are there", &[ON]),
        Verb::new("heal", "a good wire again", &[]),
        GO_AWAY,
        COME_BACK,
    ],
    quirks: &[],
    start,
};

fn start<'a>(options: &'a Arguments, actors: &'a [Actor], _: Teller) -> Started<'a> {
    Box::pin(async move {
        let to = match (options.text("device"), options.address("to")) {
            (Some(name), None) => {
                let at = named(actors, name)?.at();
                let host = at.strip_prefix("http://").and_then(|rest| rest.split('/').next());
                host.unwrap_or(&at)
                    .parse()
                    .map_err(|_| refuse(format!("{name} has no TCP port")))?
            }
            (None, Some(to)) => to,
            _ => return Err(refuse("a proxy needs either device = \"…\" or to = \"IP:PORT\"")),
        };
        let seed = options.number("seed").unwrap_or(1);
        let proxy = SimProxy::start(options.bind(), to, seed).await?;
        Ok(Arc::new(proxy) as Arc<dyn Simulated>)
    })
}

impl Simulated for SimProxy {
    fn at(&self) -> String {
        self.address().to_string()
    }

    fn seed(&self) -> Option<u64> {
        Some(Self::seed(self))
    }

    fn observe(&self) -> Value {
        self.shown()
    }

    fn act<'a>(&'a self, verb: &'a str, with: &'a Arguments) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let to_device = with.text("way") == Some("to-device");
            let way = if to_device { Way::ToDevice } else { Way::ToClient };
            let (on, ms) = (with.flag("on"), with.number("ms").unwrap_or(0));
            match verb {
                "drop" => self.drop_connections(),
                "half" => self.half(way),
                "garbage" => SimProxy::garbage(self, way, with.number("bytes").unwrap_or(64)),
                "delay" => self.change(|now| now.delay_ms = ms),
                "drip" => self.change(|now| now.drip = with.number("bytes_per_s").unwrap_or(0)),
                "split" => self.change(|now| now.split = with.number("bytes").unwrap_or(0)),
                "merge" => self.change(|now| now.merge_ms = ms),
                "stall" if to_device => self.change(|now| now.stall_device = on),
                "stall" => self.change(|now| now.stall_client = on),
                "refuse" => self.change(|now| now.refuse = on),
                "heal" => self.change(|now| *now = Conditions::default()),
                "go-away" => self.go_away().await,
                "come-back" => self.come_back().await?,
                other => return Err(refuse(format!("a proxy can't {other}"))),
            }
            Ok(())
        })
    }

    fn follow(&self, tell: Teller) -> Vec<BoxFuture<'static, ()>> {
        vec![tell.each(self.clients(), "clients", |count: &usize| json!(count))]
    }
}
